"""The coordinates that a dataset really holds, read from its bytes: GeoJSON, STAC, CSV, GeoParquet and GeoTIFF.

No geodata library is imported for the first three; GeoParquet needs pyarrow, which is asked only when one is met.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kfm_checks.facts.datasets_cells import Point
from kfm_checks.facts.objects import dig
from kfm_checks.facts.tree import TreeFile
from kfm_checks.values import Value

#: Files larger than this (bytes) are not searched for coordinates, and the check says so.
LIMIT = 64 * 1024 * 1024
GEOJSON = frozenset({"application/geo+json", "application/vnd.geo+json", "application/json"})
CSV = frozenset({"text/csv", "text/tab-separated-values"})
PARQUET = frozenset({"application/vnd.apache.parquet", "application/x-parquet", "application/parquet"})
TIFF = frozenset({"image/tiff", "image/vnd.stac.geotiff"})
LONGITUDES = frozenset({"longitude", "lon", "lng", "long", "x", "decimallongitude"})
LATITUDES = frozenset({"latitude", "lat", "y", "decimallatitude"})
#: Columns that hold a geometry as a text, without what separates their words (``the_geom``, ``wkt_geom``).
TEXTS = frozenset({"geometry", "geom", "wkt", "thegeom", "wktgeom", "coordinates", "footprintwkt"})
_NO_DEGREE = 1e300
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Shape(Value, frozen=True):
    """One feature, or the bounding box that a file gives. ``where`` is its place in the file."""

    where: str
    points: tuple[Point, ...]
    properties: Mapping[str, Any]
    has_height: bool = False
    is_box: bool = False


class Places(Value, frozen=True):
    """What was read. ``why`` says why nothing was, "" where it was; ``pixel`` is a raster's cell, in degrees."""

    shapes: tuple[Shape, ...] = ()
    pixel: tuple[float, float] | None = None
    why: str = ""

    @property
    def points(self) -> Iterator[Point]:
        """Every coordinate pair."""
        return (point for shape in self.shapes for point in shape.points)


class Unreadable(Exception):  # noqa: N818 - caught at once, and told as a reason
    """The bytes are not what their media type says."""


def read_places(file: TreeFile, media_type: str) -> Places:
    """The coordinates of a file; a file that can't be read has none and says why."""
    content = file.raw(LIMIT)
    if content is None:
        return Places(why=f"it is larger than {LIMIT // 1024 // 1024} MiB")
    try:
        found = _read(content, media_type, file.suffix)
    except Unreadable as reason:
        return Places(why=str(reason))
    outside = next(
        (p for p in found.points if not (-180.000001 <= p[0] <= 180.000001 and -90.000001 <= p[1] <= 90.000001)), None
    )
    return Places(why="its coordinates are not degrees of longitude and latitude") if outside else found


def _read(content: bytes, media_type: str, suffix: str) -> Places:
    if media_type in GEOJSON or suffix in (".geojson",):
        return Places(tuple(_geojson(_json(content))))
    if media_type in CSV or suffix in (".csv", ".tsv"):
        return Places(tuple(_csv(content)))
    if media_type in PARQUET or suffix in (".parquet", ".geoparquet"):
        from kfm_checks.facts.datasets_parquet import read_geoparquet

        return Places(tuple(read_geoparquet(content)))
    if media_type in TIFF or suffix in (".tif", ".tiff"):
        from kfm_checks.facts.datasets_tiff import read_geotiff

        west, south, east, north, pixel = read_geotiff(content)
        return Places((Shape("extent", ((west, south), (east, north)), {}, is_box=True),), pixel)
    raise Unreadable(f"no reader for {media_type or 'a file without a media type'}")


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Unreadable("it is not valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("it is JSON, and no GeoJSON object")
    return value


def _geojson(value: Mapping[str, Any]) -> Iterator[Shape]:
    crs = str(value.get("crs") or "")
    if crs and not re.search(r"CRS84|4326|4979", crs):
        raise Unreadable("it declares a coordinate reference system other than WGS 84")
    kind = value.get("type")
    if kind == "FeatureCollection":
        yield from _box("bbox", value.get("bbox"))
        features = value.get("features")
        for index, feature in enumerate(features if isinstance(features, list) else []):
            if isinstance(feature, dict):
                yield from _feature(feature, f"features/{index}")
    elif kind == "Feature":
        yield from _feature(value, "")
    elif kind == "Collection":
        boxes = dig(value, "extent", "spatial", "bbox")
        for index, box in enumerate(boxes if isinstance(boxes, list) else []):
            yield from _box(f"extent/spatial/bbox/{index}", box)
    elif isinstance(kind, str) and ("coordinates" in value or "geometries" in value):
        yield from _shape(value, "", {})
    else:
        raise Unreadable("it is JSON, and no GeoJSON object")


def _feature(feature: Mapping[str, Any], where: str) -> Iterator[Shape]:
    properties = feature.get("properties")
    yield from _box("/".join(part for part in (where, "bbox") if part), feature.get("bbox"))
    geometry = feature.get("geometry")
    at = "/".join(part for part in (where, "geometry") if part)
    yield from _shape(
        geometry if isinstance(geometry, dict) else {}, at, properties if isinstance(properties, dict) else {}
    )


def _shape(geometry: Mapping[str, Any], where: str, properties: Mapping[str, Any]) -> Iterator[Shape]:
    positions = list(_positions(geometry))
    points = tuple(_point(p) for p in positions)
    if points or properties:
        yield Shape(where, points, properties, any(len(p) > 2 and p[2] for p in positions))


def _point(position: list[Any]) -> Point:
    """Longitude and latitude; a whole number may be larger than any float, and then it is no degree either."""
    east, north = (float(max(-_NO_DEGREE, min(_NO_DEGREE, n))) for n in position[:2])
    return east, north


def _positions(geometry: Any) -> Iterator[list[Any]]:
    parts = geometry.get("geometries")
    waiting: list[Any] = list(parts) if isinstance(parts, list) else []
    for part in waiting:
        if isinstance(part, dict):
            yield from _positions(part)
    nested: list[Any] = [geometry.get("coordinates")]
    while nested:
        item = nested.pop()
        if not isinstance(item, list):
            continue
        if len(item) >= 2 and all(isinstance(n, int | float) and not isinstance(n, bool) for n in item):
            yield item
        else:
            nested.extend(reversed(item))


def geometry_points(geometry: Any) -> Iterator[Point]:
    """The coordinate pairs of one GeoJSON geometry."""
    if isinstance(geometry, dict):
        yield from (_point(p) for p in _positions(geometry))


def _box(where: str, box: Any) -> Iterator[Shape]:
    if isinstance(box, list) and len(box) in (4, 6) and all(isinstance(n, int | float) for n in box):
        half = len(box) // 2
        yield Shape(where, ((box[0], box[1]), (box[half], box[half + 1])), {}, is_box=True)


def _csv(content: bytes) -> Iterator[Shape]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None
    header = text.partition("\n")[0]
    delimiter = max(",;\t|", key=header.count)
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=delimiter), 2):
            named = {str(key).strip(): value for key, value in row.items() if isinstance(value, str)}
            yield Shape(f"line {number}", tuple(_row_points(named)), named)
    except csv.Error:
        raise Unreadable("it is not valid CSV") from None


def _row_points(row: Mapping[str, str]) -> Iterator[Point]:
    lower = {name.lower().replace("_", "").replace(" ", ""): value for name, value in row.items()}
    east = next((number(lower[name]) for name in sorted(LONGITUDES) if name in lower), None)
    north = next((number(lower[name]) for name in sorted(LATITUDES) if name in lower), None)
    if east is not None and north is not None:
        yield east, north
    for name, value in lower.items():
        if name in TEXTS:
            yield from text_points(value)


def text_points(text: str) -> Iterator[Point]:
    """The coordinate pairs of well-known text, or of GeoJSON in a text."""
    if text.lstrip().startswith("{"):
        try:
            value = msgspec.json.decode(text.encode())
        except (msgspec.DecodeError, RecursionError):
            return
        if isinstance(value, dict):
            yield from (_point(p) for p in _positions(value))
        return
    for pair in re.split(r"[,()]", text):
        numbers = _NUMBER.findall(pair)
        if len(numbers) >= 2:
            yield float(numbers[0]), float(numbers[1])


def number(value: Any) -> float | None:
    """A number, also one written as text; None for anything else, for NaN and for infinity."""
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _NO_DEGREE else None
