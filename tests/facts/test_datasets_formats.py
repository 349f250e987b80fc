"""Places in GeoTIFF and GeoParquet, byte by byte: made here with their own writers, and broken."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets_parquet import read_geoparquet
from kfm_checks.facts.datasets_places import Unreadable, read_places
from kfm_checks.facts.datasets_tiff import read_geotiff
from kfm_checks.facts.tree import Tree

# -- GeoTIFF ---------------------------------------------------------------------------------------------------------

GEO = (1, 1, 0, 2, 1024, 0, 1, 2, 1025, 0, 1, 1)
TAGS: dict[int, tuple[str, tuple[Any, ...]]] = {
    256: ("H", (40,)), 257: ("I", (20,)), 270: ("A", (1,)), 33550: ("d", (0.5, 0.25, 0.0)),
    33922: ("d", (0.0, 0.0, 0.0, -100.0, 40.0, 0.0)), 34735: ("H", GEO),
}  # fmt: skip
KINDS = {"B": 1, "A": 2, "H": 3, "I": 4, "d": 12, "Q": 16}


def tiff(order: str = "<", *, big: bool = False, **changed: Any) -> bytes:
    """A GeoTIFF of 40 by 20 pixels, with other tags where they are given as ``t256=…``; None leaves one out."""
    tags = {**TAGS, **{int(name[1:]): value for name, value in changed.items()}}
    tags = {tag: value for tag, value in tags.items() if value is not None}
    wide, entry, inline = ("Q", "HHQ", 8) if big else ("I", "HHI", 4)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HHQ", 8, 0, 16) if big else struct.pack(order + "I", 8)
    table = struct.pack(order + ("Q" if big else "H"), len(tags))
    after = len(head) + len(table) + len(tags) * (20 if big else 12) + len(struct.pack(wide, 0))
    more = b""
    for tag in sorted(tags):
        letter, values = tags[tag]
        data = struct.pack(f"{order}{len(values)}{'B' if letter == 'A' else letter}", *values)
        table += struct.pack(order + entry, tag, KINDS[letter], len(values))
        if len(data) > inline:
            table += struct.pack(order + wide, after + len(more))
            more += data
        else:
            table += data.ljust(inline, b"\0")
    return head + table + struct.pack(order + wide, 0) + more


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_extent_of_a_raster(order: str, big: bool) -> None:
    """In both orders of bytes, as TIFF and as BigTIFF; a tie point within, and pixels that are points."""
    assert read_geotiff(tiff(order, big=big)) == (-100.0, 35.0, -80.0, 40.0, (0.5, 0.25))
    within = ("d", (2.0, 4.0, 0.0, -100.0, 40.0, 0.0))
    assert read_geotiff(tiff(order, big=big, t33922=within)) == (-101.0, 36.0, -81.0, 41.0, (0.5, 0.25))
    points = ("H", (*GEO[:-1], 2))
    assert read_geotiff(tiff(order, big=big, t34735=points)) == (-100.25, 35.125, -80.25, 40.125, (0.5, 0.25))
    assert read_geotiff(tiff(order, big=big, t257=("B", (20,)))) == (-100.0, 35.0, -80.0, 40.0, (0.5, 0.25))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no TIFF"), (b"PK", "no TIFF"), (b"II", "pixel scale"), (b"II*\0\xff\xff\xff\xff", "pixel scale"), (tiff()[:60], "pixel scale"),
        *((tiff(**{f"t{tag}": None}), "pixel scale") for tag in (256, 257, 33550, 33922, 34735)),
        (tiff(t34735=("H", (*GEO[:7], 1, *GEO[8:]))), "projected"), (tiff(t34735=("H", GEO[:4])), "projected"),
        (tiff(t33922=("d", (0.0, 0.0))), "pixel scale"), (tiff(t256=("A", (1,))), "pixel scale"),
    ],
)  # fmt: skip
def test_what_is_no_raster_in_degrees(content: bytes, why: str) -> None:
    """One reason, whatever is missing, cut off or in metres."""
    with pytest.raises(Unreadable, match=why):
        read_geotiff(content)


# -- GeoParquet ------------------------------------------------------------------------------------------------------


def parquet(rows: list[dict[str, Any]], geo: Any) -> bytes:
    """A Parquet file with these rows and metadata."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(rows)
    raw = geo if isinstance(geo, bytes) else json.dumps(geo).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({b"geo": raw} if geo is not None else {}), sink)
    return bytes(sink.getvalue())


def wkb(code: int, *numbers: float, order: str = "<", counts: tuple[int, ...] = (), srid: bool = False) -> bytes:
    """Well-known binary: its code, counts, and coordinates."""
    head = (b"\x01" if order == "<" else b"\0") + struct.pack(order + "I", code)
    head += struct.pack(order + "I", 4326) if srid else b""
    return head + struct.pack(f"{order}{len(counts)}I", *counts) + struct.pack(f"{order}{len(numbers)}d", *numbers)


Z, M, SRID = 0x80000000, 0x40000000, 0x20000000
COLUMNS = {"columns": {"geometry": {"encoding": "WKB"}}}


@pytest.mark.parametrize(
    ("value", "points", "tall"),
    [
        (wkb(1, 1, 2), [(1, 2)], False), (wkb(1, 1, 2, order=">"), [(1, 2)], False), (wkb(1 | SRID, 1, 2, srid=True), [(1, 2)], False),
        (wkb(1001, 1, 2, 3), [(1, 2)], True), (wkb(1 | Z, 1, 2, 3), [(1, 2)], True), (wkb(1001, 1, 2, 0), [(1, 2)], False),
        (wkb(2001, 1, 2, 3), [(1, 2)], False), (wkb(1 | M, 1, 2, 3), [(1, 2)], False), (wkb(3001, 1, 2, 3, 4), [(1, 2)], True),
        (wkb(1 | Z | M | SRID, 1, 2, 3, 4, srid=True), [(1, 2)], True), (wkb(2, 1, 2, 3, 4, counts=(2,)), [(1, 2), (3, 4)], False),
        (wkb(3, counts=(2, 1)) + struct.pack("<2d", 1, 2) + struct.pack("<I2d", 1, 3, 4), [(1, 2), (3, 4)], False),
        (wkb(4, counts=(2,)) + wkb(1, 1, 2) + wkb(1, 3, 4), [(1, 2), (3, 4)], False),
        (wkb(7, counts=(2,)) + wkb(2, 1, 2, 3, 4, counts=(2,)) + wkb(1001, 5, 6, 7), [(1, 2), (3, 4), (5, 6)], True),
        (wkb(7, counts=(1,)) + wkb(4, counts=(1,)) + wkb(1, 1, 2), [(1, 2)], False),
        (wkb(2002, 1, 2, 9, 3, 4, 9, counts=(2,)), [(1, 2), (3, 4)], False), (wkb(2 | M, 1, 2, 9, 3, 4, 9, counts=(2,)), [(1, 2), (3, 4)], False),
        (wkb(3002, 1, 2, 0, 9, 3, 4, 0, 9, counts=(2,)), [(1, 2), (3, 4)], False), (wkb(1002, 1, 2, 0, 3, 4, 5, counts=(2,)), [(1, 2), (3, 4)], True),
        (wkb(1, float("nan"), float("nan")), [], False), (None, [], False),
    ],
)  # fmt: skip
def test_well_known_binary(value: bytes | None, points: list[Any], tall: bool) -> None:
    """ISO's and PostGIS' flavours, nested ones among them; an empty point is none."""
    found = list(
        read_geoparquet(parquet([{"geometry": value, "name": "a"}, {"geometry": wkb(1, 8, 9), "name": "b"}], COLUMNS))
    )
    assert [(one.where, list(one.points), one.has_height, dict(one.properties)) for one in found] == [
        ("row 0", points, tall, {"name": "a"}), ("row 1", [(8, 9)], False, {"name": "b"})
    ]  # fmt: skip


def test_native_points_and_several_columns() -> None:
    """Structures of x and y, lists of them, and two columns of geometries."""
    rows = [{"a": {"x": 1.0, "y": 2.0, "z": 3.0}, "b": [{"x": 3.0, "y": 4.0}, {"x": 5.0, "y": 6.0}], "n": 1}]
    [one] = read_geoparquet(parquet(rows, {"columns": {"b": {"encoding": "linestring"}, "a": {"encoding": "point"}}}))
    assert (list(one.points), one.has_height, dict(one.properties)) == ([(1, 2), (3, 4), (5, 6)], True, {"n": 1})
    [flat] = read_geoparquet(parquet([{"a": {"x": 1.0, "y": 2.0, "z": 0.0}}], {"columns": {"a": {}}}))
    assert not flat.has_height
    [none] = read_geoparquet(parquet([{"a": {"x": 1.0}}], {"columns": {"a": {}}}))
    assert list(none.points) == []


CRS = {"id": {"authority": "OGC", "code": "CRS84"}}


@pytest.mark.parametrize(
    ("geo", "why"),
    [
        ({"columns": {"geometry": {"crs": CRS}}}, ""), ({"columns": {"geometry": {"crs": {"id": {"code": 4326}}}}}, ""),
        ({"columns": {"geometry": {"crs": {"id": {"code": "CRS84h"}}}}}, ""), ({"columns": {"geometry": {"crs": {"id": {"code": 4979}}}}}, ""),
        ({"columns": {"geometry": {"crs": {"id": {"code": 26914}}}}}, "WGS 84"), ({"columns": {"geometry": {"crs": {}}}}, "WGS 84"),
        # An absent system is CRS84; null is one that nobody knows.
        ({"columns": {"geometry": {}}}, ""), ({"columns": {"geometry": {"crs": None}}}, "WGS 84"), ({"columns": {"geometry": {"crs": "x"}}}, "WGS 84"),
        (None, "without GeoParquet's metadata"), (b"\xff", "without GeoParquet's metadata"), (b"[" * 100_000, "without GeoParquet's metadata"),
        ([], "names no column"), ({"columns": []}, "names no column"),
    ],
)  # fmt: skip
def test_what_is_known_of_the_coordinates(geo: Any, why: str) -> None:
    """In degrees by what the file says; what says nothing else is read."""
    content = parquet([{"geometry": wkb(1, 1, 2)}], geo)
    if not why:
        assert len(list(read_geoparquet(content))) == 1
        return
    with pytest.raises(Unreadable, match=why):
        list(read_geoparquet(content))


@pytest.mark.parametrize(
    "value", [b"\x01", wkb(1, 1), wkb(3, counts=(4_000_000_000,)), wkb(7, counts=(4_000_000_000,)), b""]
)
def test_a_geometry_that_is_cut_off(value: bytes) -> None:
    """Nobody knows the rest."""
    with pytest.raises(Unreadable, match="no well-known binary"):
        list(read_geoparquet(parquet([{"geometry": value}], COLUMNS)))
    with pytest.raises(Unreadable, match="no Parquet file"):
        list(read_geoparquet(value))


def test_a_file_of_either_format_is_known_by_its_name(tmp_path: Path) -> None:
    """Or by its media type; under another name and none it is not read."""
    made = {"tif": tiff(), "parquet": parquet([{"geometry": wkb(1, 1, 2)}], COLUMNS)}
    for kind, names, media in (
        ("tif", ("x.tif", "x.tiff", "X.TIF"), ("image/tiff", "image/vnd.stac.geotiff")),
        (
            "parquet",
            ("x.parquet", "x.geoparquet"),
            ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet"),
        ),
    ):
        for name, said in (*((name, "") for name in names), *(("x", one) for one in media), ("x", "")):
            (tmp_path / name).write_bytes(made[kind])
            file = Tree(tmp_path, tmp_path).get(name)
            assert file is not None
            places = read_places(file, said)
            assert bool(list(places.points)) is ((name, said) != ("x", ""))
            assert [shape.is_box for shape in places.shapes] in ([], [kind == "tif"])
