"""Places as they are read from GeoJSON, tables and texts; whatever else lies there is no place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets_places import Places, geometry_points, number, read_places, text_points
from kfm_checks.facts.tree import Tree


def read(folder: Path, content: str | bytes, media: str = "application/geo+json", name: str = "x") -> Places:
    """The places of bytes."""
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    file = Tree(folder, folder).get(name)
    assert file is not None
    return read_places(file, media)


HUGE = "1" + "0" * 400


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "Collection", "extent": "x"}', '{"type": "Collection", "extent": {"spatial": [1]}}',
        '{"type": "Collection", "extent": {"spatial": {"bbox": [[1, 2, 3], "x"]}}}', '{"type": "Feature", "geometry": [1]}',
        '{"type": "FeatureCollection", "features": {"a": 1}, "bbox": [true, "x", 1, 2]}',
        '{"type": "GeometryCollection", "geometries": ["a", [1], {"coordinates": {"a": 1}}]}', '{"type": "Point", "coordinates": [true, false]}',
    ],
)  # fmt: skip
def test_what_has_no_place_has_none(tmp_path: Path, text: str) -> None:
    """Wrong types within are no places, and no fault of the reader."""
    found = read(tmp_path, text)
    assert (list(found.points), found.why) == ([], "")


@pytest.mark.parametrize(
    ("text", "media", "why"),
    [
        (f'{{"type": "Point", "coordinates": [{HUGE}, -{HUGE}]}}', "application/geo+json", "not degrees"),
        (f'{{"type": "FeatureCollection", "bbox": [1, 2, {HUGE}, 3]}}', "application/geo+json", "not degrees"),
        ('{"type": "Point", "coordinates": [181, 1]}', "application/geo+json", "not degrees"),
        ('{"type": "Point", "coordinates": [1, -91]}', "application/geo+json", "not degrees"),
        ("[1]", "application/geo+json", "no GeoJSON object"), ('{"type": "x"}', "application/geo+json", "no GeoJSON object"),
        ('{"coordinates": [1, 2]}', "application/geo+json", "no GeoJSON object"), ("{", "application/geo+json", "not valid JSON"),
        ("[" * 100_000, "application/geo+json", "not valid JSON"),
        ('{"type": "Point", "crs": {"properties": {"name": "EPSG:26914"}}, "coordinates": [1, 2]}', "application/json", "WGS 84"),
        ("a", "text/plain", "no reader for text/plain"), ("a", "", "no reader for a file without a media type"),
        (b"\xff", "text/csv", "not UTF-8"), ("lon,lat\n" + '"' + "1" * 200_000 + '",2\n', "text/csv", "not valid CSV"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_says_why(tmp_path: Path, text: str | bytes, media: str, why: str) -> None:
    """And has no place that might pass for a coarse one."""
    found = read(tmp_path, text, media)
    assert why in found.why
    assert list(found.points) == []


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ('{"type": "Point", "coordinates": [1, 2, 3]}', [(1.0, 2.0)]), ('{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}', [(1.0, 2.0), (3.0, 4.0)]),
        ('{"type": "GeometryCollection", "geometries": [{"coordinates": [1, 2]}, {"coordinates": [3, 4]}]}', [(1.0, 2.0), (3.0, 4.0)]),
        ('{"type": "Feature", "bbox": [1, 2, 3, 4], "geometry": {"coordinates": [5, 6]}}', [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]),
        ('{"type": "Point", "crs": {"properties": {"name": "EPSG:4979"}}, "coordinates": [1, 2]}', [(1.0, 2.0)]),
        ('{"type": "Feature", "bbox": [1, 2, 9, 3, 4, 9]}', [(1.0, 2.0), (3.0, 4.0)]), ('{"type": "Feature", "bbox": [1, 2, 3, 4, 5]}', []),
        ('{"type": "FeatureCollection", "features": ["x", {"geometry": {"coordinates": [1, 2]}}]}', [(1.0, 2.0)]),
        ('{"type": "MultiPoint", "coordinates": [[1, 2], "x", [3, 4]]}', [(1.0, 2.0), (3.0, 4.0)]),
        ('{"type": "Collection", "extent": {"spatial": {"bbox": [[1, 2, 3, 4]]}}}', [(1.0, 2.0), (3.0, 4.0)]),
        ('{"type": "Point", "crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "coordinates": [180, 90]}', [(180.0, 90.0)]),
    ],
)  # fmt: skip
def test_geojson_is_read(tmp_path: Path, text: str, points: list[Any]) -> None:
    """Geometries, features, boxes and collections, in the order written."""
    assert list(read(tmp_path, text).points) == points
    assert list(read(tmp_path, text, "text/plain", "x.geojson").points) == points


def test_where_a_place_stands_and_whether_it_has_a_height(tmp_path: Path) -> None:
    """Features by number, boxes as such; a height of nothing is none."""
    text = json.dumps({"type": "FeatureCollection", "bbox": [1, 2, 3, 4], "features": [
        {"geometry": {"coordinates": [1, 2, 0]}, "properties": {"a": 1}}, {"bbox": [1, 2, 3, 4], "geometry": {"coordinates": [1, 2, 5]}},
        {"geometry": None, "properties": {"b": 2}}, {"geometry": None}]})  # fmt: skip
    found = [(one.where, one.is_box, one.has_height, dict(one.properties)) for one in read(tmp_path, text).shapes]
    assert found == [
        ("bbox", True, False, {}), ("features/0/geometry", False, False, {"a": 1}), ("features/1/bbox", True, False, {}),
        ("features/1/geometry", False, True, {}), ("features/2/geometry", False, False, {"b": 2}),
    ]  # fmt: skip
    assert [
        one.where
        for one in read(
            tmp_path, '{"type": "Feature", "bbox": [1, 2, 3, 4], "geometry": {"coordinates": [1, 2]}}'
        ).shapes
    ] == ["bbox", "geometry"]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("name,lon,lat\na,1,2\nb,3,4\n", [(1.0, 2.0), (3.0, 4.0)]), ("Longitude;Latitude\n1,5;2\n-1.5;2\n", [(-1.5, 2.0)]),
        ("decimal_Longitude\tdecimal Latitude\n1\t2\n", [(1.0, 2.0)]), ("x|y\n 1 | 2 \n", [(1.0, 2.0)]),
        ("name,WKT\na,POINT(1 2)\n", [(1.0, 2.0)]), ("the_geom\n\"{\"\"type\"\": \"\"Point\"\", \"\"coordinates\"\": [1, 2]}\"\n", [(1.0, 2.0)]),
        ("lon,geom\n1\n", []), ("lon,other\n1,2\n", []), ("lon,lat\nnan,2\n", []), ("lon,lat\n1\n", []), ("", []),
    ],
)  # fmt: skip
def test_tables_are_read(tmp_path: Path, text: str, points: list[Any]) -> None:
    """By the usual names of columns, whatever separates them."""
    found = read(tmp_path, text, "text/csv")
    assert [point for one in found.shapes for point in one.points] == points
    assert [one.where for one in found.shapes] == [f"line {n}" for n in range(2, 2 + len(found.shapes))]
    assert read(tmp_path, text, "", "x.tsv") == read(tmp_path, text, "", "x.csv") == found


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("POINT Z(1 2 3)", [(1.0, 2.0)]), ("  {\"coordinates\": [1, 2]}", [(1.0, 2.0)]), ("[1, 2]", []), ("{broken", []), ("", []),
        ("SRID=4326;POINT(-1e1 2.5)", [(-10.0, 2.5)]), ('{"a":' + "[" * 100_000, []), (f'{{"coordinates": [{HUGE}, 2]}}', [(1e300, 2.0)]),
    ],
)  # fmt: skip
def test_geometries_within_a_text(text: str, points: list[Any]) -> None:
    """Well-known text and GeoJSON; nonsense and what is too deep have none."""
    assert list(text_points(text)) == points
    assert list(geometry_points(text)) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1, 1.0),
        ("-1.5 ", -1.5),
        (True, None),
        ("nan", None),
        ("1e400", None),
        (10**400, None),
        ("x", None),
        (None, None),
        (0, 0.0),
    ],
)
def test_what_is_a_number(value: Any, said: float | None) -> None:
    """Also one written as text; neither a truth nor what is no number."""
    assert number(value) == said


@pytest.mark.parametrize(
    ("media", "name", "points"),
    [
        ("application/vnd.geo+json", "x", True), ("application/json", "x", True), ("text/tab-separated-values", "x", False), ("", "x.GEOJSON", True),
        ("text/plain", "x.json", False),
    ],
)  # fmt: skip
def test_a_file_is_read_by_its_media_type_or_its_name(tmp_path: Path, media: str, name: str, points: bool) -> None:
    """Either says what it is; a table of other bytes has no place."""
    assert bool(list(read(tmp_path, '{"type": "Point", "coordinates": [1, 2]}', media, name).points)) is points


def test_the_ends_of_the_world_are_degrees(tmp_path: Path) -> None:
    """Up to what rounding leaves."""
    for east, north in ((-180, -90), (180, 90), (-180.000001, 90.000001)):
        assert list(read(tmp_path, json.dumps({"type": "Point", "coordinates": [east, north]})).points) == [
            (east, north)
        ]
    for east, north in ((-180.01, 0), (0, -90.01), (180.01, 0), (0, 90.01)):
        assert read(tmp_path, json.dumps({"type": "Point", "coordinates": [east, north]})).why
