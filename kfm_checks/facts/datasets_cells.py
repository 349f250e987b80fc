"""Cells that places are snapped to: what is a centre, what is a corner, and how coarse a place is by itself.

Whether a coordinate is generalised is decided by the cell alone: the centre of a geohash with five characters has
eleven decimals. Geohash: longitude takes the first of five bits a character, cells are counted from -180/-90
(Niemeyer, 2008).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from kfm_checks.values import Value

#: How far from the exact centre or corner a coordinate may lie, in degrees: what rounding to six decimals leaves.
TOLERANCE = 1e-6
#: Cells finer than this are no generalisation (38 m by 19 m): a place on one is exact for every purpose.
FINEST_LENGTH = 8

Point = tuple[float, float]


class Spot(NamedTuple):
    """Where a point lies on a grid: ``column`` and ``row`` count cells, for a corner the lines between them."""

    what: Literal["centre", "corner"]
    column: int
    row: int


class Grid(Value, frozen=True):
    """A grid of cells. ``width`` and ``height`` are in degrees; lines are counted from ``west`` and ``south``."""

    width: float
    height: float
    name: str
    west: float = -180.0
    south: float = -90.0

    def spot(self, point: Point) -> Spot | None:
        """The centre or corner that a point is, or None where it is neither."""
        column, row = (point[0] - self.west) / self.width, (point[1] - self.south) / self.height
        for what, shift in (("corner", 0.0), ("centre", 0.5)):
            near = round(column - shift), round(row - shift)
            if (
                abs(column - shift - near[0]) * self.width <= TOLERANCE
                and abs(row - shift - near[1]) * self.height <= TOLERANCE
            ):
                return Spot("corner" if what == "corner" else "centre", *near)
        return None

    def on_line(self, value: float, *, longitude: bool) -> bool:
        """Whether one coordinate alone lies on a line or on the middle of a cell."""
        size, start = (self.width, self.west) if longitude else (self.height, self.south)
        halves = (value - start) / (size / 2)
        return abs(halves - round(halves)) * size / 2 <= TOLERANCE


def geohash(length: int) -> Grid:
    """The grid of geohashes with so many characters (1 to 12)."""
    bits = 5 * length
    return Grid(360 / 2 ** math.ceil(bits / 2), 180 / 2 ** (bits // 2), f"geohash {length}")


def grid(degrees: float) -> Grid:
    """A square grid counted from 0/0."""
    return Grid(degrees, degrees, f"{degrees:g} degrees", west=0.0, south=0.0)


def declared_grid(generalisation: Mapping[str, Any]) -> Grid | None:
    """The grid that a generalisation declares; None where it declares none, or not well enough."""
    method, length, degrees = (generalisation.get(name) for name in ("method", "length", "degrees"))
    if method == "geohash" and isinstance(length, int) and not isinstance(length, bool) and 1 <= length <= 12:
        return geohash(length)
    if method == "grid" and isinstance(degrees, int | float) and not isinstance(degrees, bool) and 0 < degrees <= 180:
        return grid(float(degrees))
    return None


_GRIDS = tuple(geohash(length) for length in range(1, FINEST_LENGTH + 1))


def coarseness(point: Point) -> int:
    """The shortest geohash whose cell the point is a centre or corner of; FINEST_LENGTH + 1 where there is none."""
    return next((n for n, cells in enumerate(_GRIDS, 1) if cells.spot(point)), FINEST_LENGTH + 1)


def decimals(value: float) -> int:
    """How many decimals a coordinate is written with."""
    text = repr(value)
    return 0 if "e" in text or "." not in text else len(text.partition(".")[2].rstrip("0"))


def corners(spot: Spot) -> tuple[Spot, ...]:
    """The four corners of the cell with this centre."""
    return tuple(Spot("corner", spot.column + x, spot.row + y) for x in (0, 1) for y in (0, 1))
