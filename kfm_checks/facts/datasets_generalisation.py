"""How coarse the places of a dataset really are, held against the generalisation that it declares."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import Located
from kfm_checks.facts.datasets_cells import FINEST_LENGTH, Grid, Point, coarseness, corners, decimals, declared_grid
from kfm_checks.facts.datasets_places import (
    LATITUDES,
    LONGITUDES,
    TEXTS,
    Places,
    Shape,
    number,
    read_places,
    text_points,
)
from kfm_checks.facts.tree import Tree
from kfm_checks.values import Value

#: Names of properties that tell a place in metres, or in a code finer than any cell.
_METRES = re.compile(
    r"^(utm.*|easting|northing|eastings|northings|osgr|mgrs|usng|pluscode|olc|what3words|w3w|h3.*|quadkey|s2.*)$"
)
_MOST = 20


class Fault(Value, frozen=True):
    """A place that tells more than was declared: where in the file, and what is wrong."""

    where: str
    what: str
    observed: str = ""


class Measured(Value, frozen=True):
    """What was measured of one dataset. ``why`` tells why nothing could be, "" where it was."""

    dataset: Dataset
    path: str
    points: int = 0
    features: int = 0
    #: The coarsest and finest geohash whose centre or corner a point is; FINEST_LENGTH + 1 means exact.
    coarsest: int = 0
    finest: int = 0
    decimals: int = 0
    extent: tuple[float, float, float, float] | None = None
    faults: tuple[Fault, ...] = ()
    why: str = ""

    @property
    def summary(self) -> str:
        """One line: how many places there are, and how coarse they are."""
        if not self.points:
            return f"{self.features} records, no coordinates"
        words = [f"geohash {n}" if n <= FINEST_LENGTH else "exact" for n in (self.coarsest, self.finest)]
        span = words[0] if words[0] == words[1] else f"{words[0]} to {words[1]}"
        return f"{self.points} coordinates, {span}, {self.decimals} decimals"


def generalisation(tree: Tree, located: tuple[Located, ...]) -> tuple[Measured, ...]:
    """The measures of the datasets that have to be generalised: by their class, or because they say that they are.

    The others have no limit to be held against: ``measures`` reads them too, for whoever wants to see.
    """
    return measures(tree, tuple(one for one in located if has_limit(one.dataset)))


def has_limit(dataset: Dataset) -> bool:
    """Whether a dataset's places are to be generalised."""
    return dataset.sensitivity == "sensitive-location" or bool(dataset.part("generalisation"))


def measures(tree: Tree, located: tuple[Located, ...]) -> tuple[Measured, ...]:
    """The measure of each dataset whose bytes are here, one for each; and of those that ought to be and are not."""
    found: dict[int, Measured] = {}
    for one in located:
        if one.file is not None and not one.pointer:
            places = read_places(one.file, one.dataset.media_type)
            found[id(one.dataset)] = measure(one.dataset, one.file.path, places, _record(tree, one.dataset))
        elif id(one.dataset) not in found:
            found[id(one.dataset)] = Measured(one.dataset, one.uri, why="its bytes are not here")
    return tuple(found.values())


def _record(tree: Tree, dataset: Dataset) -> Places:
    """The places that the dataset's STAC record tells: readers see that one first."""
    file = tree.get(f"data/{dataset.text('stac').removeprefix('./')}") if dataset.text("stac") else None
    return read_places(file, "application/geo+json") if file is not None else Places()


def measure(dataset: Dataset, path: str, places: Places, record: Places) -> Measured:
    """Measure the places of one dataset, and hold them against what it declares."""
    if places.why:
        return Measured(dataset, path, why=places.why)
    points = sorted(set(places.points))
    levels = [coarseness(point) for point in points]
    extent = None
    if points:
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        extent = (min(xs), min(ys), max(xs), max(ys))
    return Measured(
        dataset,
        path,
        points=len(points),
        features=sum(not shape.is_box for shape in places.shapes),
        coarsest=min(levels, default=0),
        finest=max(levels, default=0),
        decimals=max((decimals(n) for point in points for n in point), default=0),
        extent=extent,
        faults=tuple(_some(_faults(dataset.part("generalisation"), places, record))),
    )


def _some(faults: Iterable[Fault]) -> Iterator[Fault]:
    for index, fault in enumerate(faults):
        if index < _MOST:
            yield fault


def _faults(declared: Mapping[str, Any], places: Places, record: Places) -> Iterator[Fault]:
    method = declared.get("method")
    cells = declared_grid(declared)
    if cells is not None:
        yield from _off_grid(cells, places)
        yield from _tells(cells, places)
        for shape in record.shapes:
            yield from _off(cells, shape, "the STAC record's ")
    elif method == "bbox":
        yield from _small_boxes(declared.get("degrees"), places)
    elif method == "area":
        for shape in places.shapes:
            if shape.points:
                yield Fault(shape.where, "it has coordinates, where only the name of an area was declared")
            yield from _telling_properties(None, shape)


def _off_grid(cells: Grid, places: Places) -> Iterator[Fault]:
    if places.pixel is not None:
        if places.pixel[0] < cells.width * 0.999 or places.pixel[1] < cells.height * 0.999:
            yield Fault("pixel", f"its pixels are finer than a cell of {cells.name}", f"{places.pixel[0]:g} degrees")
        return
    for shape in places.shapes:
        yield from _off(cells, shape, "")
        yield from _telling_properties(cells, shape)


def _off(cells: Grid, shape: Shape, whose: str) -> Iterator[Fault]:
    for point in shape.points:
        if cells.spot(point) is None:
            at = f"{whose}{shape.where or 'the geometry'}"
            what = f"a coordinate of {at} is neither centre nor corner of a cell of {cells.name}"
            yield Fault(shape.where, what, "an exact place")
            return
    if shape.has_height:
        yield Fault(shape.where, "a height is told beside the cell", "a height")


def _telling_properties(cells: Grid | None, shape: Shape) -> Iterator[Fault]:
    """Columns that give the exact place away beside a generalised geometry."""
    for name, value in sorted(shape.properties.items(), key=lambda pair: str(pair[0])):
        plain = re.sub(r"[^a-z0-9]", "", str(name).lower())
        said = number(value)
        axis = next((kind for kind in (LONGITUDES, LATITUDES) if plain in kind or _ends(plain, kind)), None)
        if axis is not None and said is not None:
            if cells is None or not cells.on_line(said, longitude=axis is LONGITUDES):
                yield Fault(shape.where, f"its property {name} tells a finer place than was declared", "a coordinate")
        elif value not in (None, "") and _METRES.match(plain):
            yield Fault(shape.where, f"its property {name} tells a place in another notation", "a place")
        elif "geohash" in plain and isinstance(value, str) and cells is not None and _is_finer(value, cells):
            yield Fault(
                shape.where, f"its property {name} is a longer geohash than was declared", f"{len(value)} characters"
            )
        elif (
            (plain in TEXTS or plain == "location")
            and isinstance(value, str)
            and any(cells is None or cells.spot(point) is None for point in text_points(value))
        ):
            yield Fault(shape.where, f"its property {name} tells a finer place than was declared", "a geometry")


def _ends(plain: str, names: frozenset[str]) -> bool:
    return any(len(name) > 2 and plain.endswith(name) for name in names)


def _is_finer(value: str, cells: Grid) -> bool:
    found = re.fullmatch(r"geohash (\d+)", cells.name)
    return bool(found) and len(value.strip()) > int(found[1] if found else 0)


def _tells(cells: Grid, places: Places) -> Iterator[Fault]:
    """Two features that can be told apart within one cell: one at its centre, the other at a corner of it."""
    if places.pixel is not None:
        return
    by_corner: dict[tuple[int, int], set[int]] = defaultdict(set)
    centres: list[tuple[int, Point]] = []
    for index, shape in enumerate(places.shapes):
        if shape.is_box:
            continue
        for point in shape.points:
            spot = cells.spot(point)
            if spot is not None and spot.what == "corner":
                by_corner[spot.column, spot.row].add(index)
            elif spot is not None:
                centres.append((index, point))
    for index, point in centres:
        spot = cells.spot(point)
        assert spot is not None
        others = {other for at in corners(spot) for other in by_corner.get((at.column, at.row), ())} - {index}
        if others:
            where = places.shapes[index].where
            yield Fault(where, f"it and {places.shapes[min(others)].where} differ within one cell of {cells.name}")


def _small_boxes(degrees: Any, places: Places) -> Iterator[Fault]:
    limit = number(degrees) or 0.0
    for shape in places.shapes:
        xs, ys = sorted({p[0] for p in shape.points}), sorted({p[1] for p in shape.points})
        if not xs or shape.is_box:
            continue
        if len(xs) != 2 or len(ys) != 2:
            yield Fault(shape.where, "it is no bounding box", f"{len(set(shape.points))} points")
        elif xs[1] - xs[0] < limit * 0.999999 or ys[1] - ys[0] < limit * 0.999999:
            yield Fault(shape.where, f"its bounding box is smaller than {limit:g} degrees", "a smaller box")
        yield from _telling_properties(None, shape)
