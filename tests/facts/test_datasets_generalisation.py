"""Places as they are measured and held against what is declared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import located
from kfm_checks.facts.datasets_cells import Spot, coarseness, corners, decimals, declared_grid, geohash, grid
from kfm_checks.facts.datasets_generalisation import Measured, generalisation, has_limit, measure, measures
from kfm_checks.facts.datasets_places import Places, Shape
from kfm_checks.facts.tree import Tree

CELLS = geohash(5)


def cell(x: float = 0.5, y: float = 0.5, column: int = 1800, row: int = 2900) -> tuple[float, float]:
    """A place within a cell of a geohash of five; the centre, or ``0``, ``0`` for its south-west corner."""
    return -180 + (column + x) * CELLS.width, -90 + (row + y) * CELLS.height


def shape(*points: tuple[float, float], where: str = "features/0", **properties: Any) -> Shape:
    """One feature."""
    return Shape(where, points, properties)


def dataset(**declared: Any) -> Dataset:
    """A sensitive dataset with this generalisation."""
    return Dataset(
        {"id": "a", "sensitivity": "sensitive-location", "generalisation": declared}, "data/manifest.yaml", ()
    )


GEOHASH: dict[str, Any] = {"method": "geohash", "length": 5}


def faults(declared: dict[str, Any], *shapes: Shape, pixel: Any = None, record: Places | None = None) -> list[str]:
    """Where a fault is, and its first words."""
    found = measure(dataset(**declared), "x", Places(shapes, pixel), record or Places())
    return [f"{fault.where}: {fault.what}" for fault in found.faults]


# -- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "width", "height"),
    [
        ({"method": "geohash", "length": 1}, 45.0, 45.0), ({"method": "geohash", "length": 2}, 11.25, 5.625),
        ({"method": "geohash", "length": 12}, 360 / 2**30, 180 / 2**30), ({"method": "geohash", "length": 13}, 0, 0),
        ({"method": "geohash", "length": 0}, 0, 0), ({"method": "grid", "degrees": 0.5}, 0.5, 0.5),
        ({"method": "grid", "degrees": 180}, 180, 180), ({"method": "grid", "degrees": 181}, 0, 0),
        ({"method": "grid", "degrees": 0}, 0, 0), ({"method": "grid", "degrees": True}, 0, 0), ({"method": "grid", "length": 5}, 0, 0),
        ({"method": "bbox", "degrees": 1}, 0, 0), ({"method": "area", "length": 5}, 0, 0),
    ],
)  # fmt: skip
def test_what_is_declared_has_cells_of_that_size(declared: dict[str, Any], width: float, height: float) -> None:
    """Longitude takes the first of five bits a character (Niemeyer)."""
    found = declared_grid(declared)
    assert (found is not None) is bool(width)
    assert found is None or (found.width, found.height) == (width, height)


def test_spots_and_lines() -> None:
    """A centre, its four corners, and one coordinate alone on a line or in the middle."""
    cells = grid(0.5)
    assert cells.spot((10.25, 20.75)) == Spot("centre", 20, 41)
    assert corners(Spot("centre", 20, 41)) == (
        Spot("corner", 20, 41), Spot("corner", 20, 42), Spot("corner", 21, 41), Spot("corner", 21, 42)
    )  # fmt: skip
    assert cells.spot((10.5, 21.0)) == Spot("corner", 21, 42)
    assert cells.spot((10.25, 21.0)) is None
    assert [cells.on_line(x, longitude=True) for x in (10.5, 10.25, 10.4, 10.375)] == [True, True, False, False]
    wide = geohash(2)
    assert wide.on_line(11.25, longitude=True)
    assert wide.on_line(5.625, longitude=False)
    assert not wide.on_line(2.8125, longitude=True)
    assert wide.on_line(2.8125, longitude=False)


@pytest.mark.parametrize(
    ("value", "count"), [(1.0, 0), (1.5, 1), (-97.125, 3), (100.0, 0), (1e-07, 0), (12.30, 1), (1e22, 0)]
)
def test_how_many_decimals_are_written(value: float, count: int) -> None:
    """As they would be read: no trailing zeros."""
    assert decimals(value) == count


def test_how_coarse_a_place_is() -> None:
    """The shortest geohash whose centre or corner it is; what lies on no cell of eight is exact."""
    assert coarseness((0.0, 0.0)) == 1
    assert coarseness((-180 + 22.5, -90 + 22.5)) == 1
    assert coarseness(cell()) == 5
    fine = geohash(8)
    assert coarseness((-180 + 1000001.5 * fine.width, -90 + 600001.5 * fine.height)) == 8
    assert coarseness((-97.123456, 39.654321)) == 9


# -- what is declared ------------------------------------------------------------------------------------------------

EXACT = (-97.12345, 39.54321)
OTHER = "tells a finer place"


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([shape(cell())], []), ([shape(cell(0, 0)), shape(cell(1, 1, 7))], []), ([shape(cell(), EXACT)], ["neither centre nor corner"]),
        ([shape(EXACT)], ["neither centre nor corner"]), ([Shape("f", (cell(),), {}, has_height=True)], ["a height is told"]),
        ([Shape("bbox", (EXACT,), {}, is_box=True)], ["neither centre nor corner"]),
        ([shape(cell(), longitude=EXACT[0])], [OTHER]), ([shape(cell(), find_lat="39.54321")], [OTHER]),
        ([shape(cell(), longitude=cell()[0])], []), ([shape(cell(), lat=cell()[1])], []), ([shape(cell(), longitude="west")], []),
        ([shape(cell(), plain_x=EXACT[0])], []), ([shape(cell(), Lon_="-97.12345")], [OTHER]),
        ([shape(cell(), UTM_zone="14S")], ["another notation"]), ([shape(cell(), h3_index="8a2a1072b59ffff")], ["another notation"]),
        ([shape(cell(), mgrs="")], []), ([shape(cell(), mgrs=None)], []), ([shape(cell(), what3words="a.b.c")], ["another notation"]),
        ([shape(cell(), Geohash="9yt5e2")], ["a longer geohash"]), ([shape(cell(), geohash="9yt5e")], []),
        ([shape(cell(), geohash=5)], []), ([shape(cell(), wkt="POINT(-97.12345 39.54321)")], [OTHER]),
        ([shape(cell(), location=f"POINT({cell()[0]} {cell()[1]})")], []), ([shape(cell(), location="Fort Riley")], []),
        ([shape(cell(), name="POINT(-97.12345 39.54321)")], []),
        ([shape(cell(), the_geom="POINT(-97.12345 39.54321)")], [OTHER]),
        # Two features that differ within one cell; a box is no feature, and a polygon has its own corners.
        ([shape(cell()), shape(cell(1, 0), where="features/1")], ["differ within one cell"]),
        ([shape(cell()), shape(cell(0, 0, 1801), where="features/1")], ["differ within one cell"]),
        ([shape(cell()), shape(cell(2, 0), where="features/1")], []), ([shape(cell(), cell(0, 0))], []),
        ([shape(cell()), Shape("bbox", (cell(1, 0),), {}, is_box=True)], []),
        ([Shape("bbox", (cell(),), {}, is_box=True), shape(cell()), shape(cell(1, 0), where="features/1")], ["differ within one cell"]),
    ],
)  # fmt: skip
def test_places_are_those_of_cells(shapes: list[Shape], words: list[str]) -> None:
    """Coordinates, heights and properties: none may tell more than the cell."""
    found = faults(GEOHASH, *shapes)
    assert len(found) == len(words)
    assert all(word in one for word, one in zip(words, found, strict=True))


def test_a_text_with_the_exact_place_is_told_whatever_it_is_called() -> None:
    """A location, too, where it is one."""
    for name in ("location", "Location", "geometry", "coordinates", "wkt_geom", "footprint_wkt"):
        assert len(faults(GEOHASH, Shape("f", (cell(),), {name: "POINT(-97.12345 39.54321)"}))) == 1


def test_a_grid_says_nothing_of_geohashes() -> None:
    """A property with one is no longer than declared where none was."""
    assert faults({"method": "grid", "degrees": 0.5}, shape((10.0, 20.0), geohash="9yt5e2xyz")) == []


@pytest.mark.parametrize(
    ("width", "height", "told"), [(1.0, 1.0, False), (0.99, 1.0, True), (1.0, 0.99, True), (0.9995, 1.0, False)]
)
def test_pixels_are_no_finer_than_cells(width: float, height: float, told: bool) -> None:
    """A raster has its cell; its extent need not be on the lines."""
    pixel = (CELLS.width * width, CELLS.height * height)
    found = faults(GEOHASH, Shape("extent", (EXACT, cell()), {}, is_box=True), pixel=pixel)
    assert [one.partition(":")[0] for one in found] == (["pixel"] if told else [])


def test_the_record_of_a_dataset_tells_no_more() -> None:
    """Readers see its STAC record first."""
    assert faults(GEOHASH, shape(cell()), record=Places((shape(cell()),))) == []
    [one] = faults(GEOHASH, shape(cell()), record=Places((shape(EXACT, where="geometry"),)))
    assert one.startswith("geometry: a coordinate of the STAC record's geometry is neither")


BOX = ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([shape(*BOX)], []), ([shape(*BOX[:2])], ["no bounding box"]), ([shape(*BOX, (1.5, 1.0))], ["no bounding box"]),
        ([shape(*BOX, (1.0, 1.5))], ["no bounding box"]), ([shape((1.0, 1.0))], ["no bounding box"]),
        ([shape(*((x / 3, y) for x, y in BOX))], ["is smaller"]), ([shape(*((x, y / 3) for x, y in BOX))], ["is smaller"]),
        ([shape(*BOX, longitude=1.5)], [OTHER]), ([shape(name="a")], []),
        ([Shape("bbox", BOX[:1], {}, is_box=True), shape(where="f"), shape((1.0, 1.0))], ["no bounding box"]),
    ],
)  # fmt: skip
def test_bounding_boxes_have_their_size(shapes: list[Shape], words: list[str]) -> None:
    """Each feature is its own box, no side shorter than declared; properties tell no place."""
    found = faults({"method": "bbox", "degrees": 0.5}, *shapes)
    assert len(found) == len(words)
    assert all(word in one for word, one in zip(words, found, strict=True))


def test_areas_have_no_coordinates() -> None:
    """Only the name of one."""
    assert faults({"method": "area", "area": "county"}, shape(county="Riley")) == []
    assert len(faults({"method": "area", "area": "county"}, shape(cell()), shape(lat=39.5))) == 2
    assert faults({"method": "other"}, shape(EXACT)) == []


def test_at_most_twenty_faults_are_written_out() -> None:
    """Of a file in which every place is exact."""
    assert len(faults(GEOHASH, *(shape(EXACT, where=str(n)) for n in range(30)))) == 20


# -- what is measured ------------------------------------------------------------------------------------------------


def test_the_measure_of_a_dataset() -> None:
    """How many places, how coarse, how long, and how far they reach."""
    found = measure(
        dataset(**GEOHASH),
        "x",
        Places((shape(EXACT, cell()), shape(cell()), Shape("b", (), {}, is_box=True))),
        Places(),
    )
    assert (found.points, found.features, found.coarsest, found.finest) == (2, 2, 5, 9)
    assert found.extent == (
        min(EXACT[0], cell()[0]), min(EXACT[1], cell()[1]), max(EXACT[0], cell()[0]), max(EXACT[1], cell()[1])
    )  # fmt: skip
    assert found.summary.startswith("2 coordinates, geohash 5 to exact, ")
    none = measure(dataset(), "x", Places((shape(a=1),)), Places())
    assert (none.summary, none.extent, none.coarsest) == ("1 records, no coordinates", None, 0)
    unread = measure(dataset(), "x", Places(why="no JSON"), Places())
    assert (unread.why, unread.points, unread.features, unread.coarsest, unread.finest, unread.decimals) == (
        "no JSON",
        0,
        0,
        0,
        0,
        0,
    )
    assert (
        Measured(dataset(), "x", points=1, coarsest=8, finest=8, decimals=3).summary
        == "1 coordinates, geohash 8, 3 decimals"
    )


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        ({"sensitivity": "sensitive-location"}, True), ({"sensitivity": "restricted"}, False),
        ({"sensitivity": "public", "generalisation": GEOHASH}, True), ({"generalisation": "x"}, False),
    ],
)  # fmt: skip
def test_what_has_to_be_generalised(raw: dict[str, Any], limit: bool) -> None:
    """By its class, or because it says that it is."""
    assert has_limit(Dataset(raw, "", ())) is limit


def test_each_dataset_is_measured_once_where_its_bytes_are(tmp_path: Path) -> None:
    """Its first bytes that are here; those elsewhere are told, whatever comes first; a record is read beside it."""
    (tmp_path / "data/stac").mkdir(parents=True)
    point = {"type": "Point", "coordinates": list(cell())}
    (tmp_path / "data/a.geojson").write_text(json.dumps(point))
    (tmp_path / "data/stac/a.json").write_text(
        json.dumps({"type": "Feature", "geometry": {**point, "coordinates": EXACT}})
    )
    raw = {"sensitivity": "sensitive-location", "generalisation": GEOHASH, "stac": "./stac/a.json"}
    sets = (
        Dataset({**raw, "id": "a", "uris": ["https://example.org/a", "a.geojson"]}, "", ()),
        Dataset({**raw, "id": "b", "uris": ["a.geojson", "https://example.org/a"], "stac": ""}, "", ()),
        Dataset({"id": "c", "uris": ["https://example.org/c"]}, "", ()), Dataset({**raw, "id": "d", "uris": ["gone.csv"]}, "", ()),
    )  # fmt: skip
    tree = Tree(tmp_path, tmp_path)
    where = located(tree, sets)
    assert [(one.dataset.id, one.points, len(one.faults), one.why) for one in measures(tree, where)] == [
        ("a", 1, 1, ""), ("b", 1, 0, ""), ("c", 0, 0, "its bytes are not here"), ("d", 0, 0, "its bytes are not here")
    ]  # fmt: skip
    assert [one.dataset.id for one in generalisation(tree, where)] == ["a", "b", "d"]
