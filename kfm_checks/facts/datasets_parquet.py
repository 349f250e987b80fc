"""Coordinates of a GeoParquet file (GeoParquet 1.0 and 1.1: WKB, EWKB and native points), by pyarrow if installed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kfm_checks.facts.datasets_cells import Point
from kfm_checks.facts.datasets_places import Shape, Unreadable

_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_MOST = 20_000_000


def read_geoparquet(content: bytes) -> Iterator[Shape]:
    """One shape a row. Raises Unreadable, also where pyarrow is not installed."""
    try:
        import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]
        import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise Unreadable("reading GeoParquet needs pyarrow (pip install 'kfm-checks[data]')") from None
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError):
        raise Unreadable("it is no Parquet file") from None
    columns = _geometries(table.schema.metadata or {})
    names = [name for name in table.column_names if name not in columns]
    for index, row in enumerate(table.to_pylist()):
        properties = {name: row[name] for name in names}
        points: list[Point] = []
        tall = False
        for name in columns:
            found, height = _points(row.get(name))
            points += found
            tall = tall or height
        yield Shape(f"row {index}", tuple(points), properties, tall)


def _geometries(metadata: Mapping[bytes, bytes]) -> list[str]:
    try:
        geo = msgspec.json.decode(metadata.get(b"geo", b""))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Unreadable("it is a Parquet file without GeoParquet's metadata") from None
    columns = geo.get("columns") if isinstance(geo, dict) else None
    if not isinstance(columns, dict):
        raise Unreadable("its GeoParquet metadata names no column")
    for column in columns.values():
        # An absent one is CRS84, null is one that nobody knows (GeoParquet 1.1).
        if isinstance(column, dict) and "crs" in column and not _is_wgs84(column["crs"]):
            raise Unreadable("it declares a coordinate reference system other than WGS 84")
    return sorted(columns)


def _is_wgs84(crs: Any) -> bool:
    id = crs.get("id") if isinstance(crs, dict) else None
    return isinstance(id, dict) and str(id.get("code")) in ("CRS84", "4326", "CRS84h", "4979")


def _points(value: Any) -> tuple[list[Point], bool]:
    if isinstance(value, bytes):
        try:
            return _wkb(value)
        except struct.error:
            raise Unreadable("a geometry in it is no well-known binary") from None
    if isinstance(value, dict) and isinstance(value.get("x"), float) and isinstance(value.get("y"), float):
        return [(value["x"], value["y"])], bool(value.get("z"))
    if isinstance(value, list):
        parts = [_points(part) for part in value]
        return [point for part, _ in parts for point in part], any(tall for _, tall in parts)
    return [], False


def _wkb(data: bytes) -> tuple[list[Point], bool]:
    """The points of well-known binary, ISO's and PostGIS' flavour; and whether a height is given."""
    points: list[Point] = []
    tall = False
    at, waiting = 0, 1
    while waiting:
        waiting -= 1
        order = "<" if data[at : at + 1] == b"\x01" else ">"
        (code,) = struct.unpack_from(order + "I", data, at + 1)
        at += 9 if code & _SRID else 5
        flags, kind = code & (_Z | _M), code & 0x0FFFFFFF
        has_z, has_m = bool(flags & _Z) or kind // 1000 in (1, 3), bool(flags & _M) or kind // 1000 in (2, 3)
        kind, size = kind % 1000, 2 + has_z + has_m
        if kind > 3:
            (parts,) = struct.unpack_from(order + "I", data, at)
            at, waiting = at + 4, waiting + min(parts, _MOST)
            continue
        at, found = _rings(data, at, order, kind, size)
        tall = tall or (has_z and any(p[2] for p in found))
        points += [(p[0], p[1]) for p in found if p[0] == p[0]]
    return points, tall


def _rings(data: bytes, at: int, order: str, kind: int, size: int) -> tuple[int, list[tuple[float, ...]]]:
    rings = 1
    if kind == 3:
        (rings,) = struct.unpack_from(order + "I", data, at)
        at += 4
    found: list[tuple[float, ...]] = []
    for _ in range(rings):
        number = 1
        if kind != 1:
            (number,) = struct.unpack_from(order + "I", data, at)
            at += 4
        for _ in range(number):
            found.append(struct.unpack_from(f"{order}{size}d", data, at))
            at += 8 * size
    return at, found
