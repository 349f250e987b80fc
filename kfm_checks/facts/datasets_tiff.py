"""Extent and pixel size of a GeoTIFF, read from its tags (OGC 19-008r4; TIFF 6.0 and BigTIFF)."""

from __future__ import annotations

import struct
from typing import Any

from kfm_checks.facts.datasets_places import Unreadable

_WIDTH, _HEIGHT, _SCALE, _TIEPOINT, _KEYS = 256, 257, 33550, 33922, 34735
_MODEL_TYPE, _GEOGRAPHIC, _RASTER_TYPE, _POINT = 1024, 2, 1025, 2
#: struct letter of each TIFF type that is needed: BYTE, SHORT, LONG, DOUBLE, LONG8.
_TYPES = {1: "B", 3: "H", 4: "I", 12: "d", 16: "Q"}
_MOST = 100_000

Extent = tuple[float, float, float, float, tuple[float, float]]


def read_geotiff(content: bytes) -> Extent:
    """(west, south, east, north, (pixel width, pixel height)) in degrees. Raises Unreadable."""
    try:
        tags = _tags(content)
        width, height = tags[_WIDTH][0], tags[_HEIGHT][0]
        scale, tie, keys = tags[_SCALE], tags[_TIEPOINT], tags[_KEYS]
        geo = {keys[at]: keys[at + 3] for at in range(4, len(keys) - 3, 4)}
        if geo.get(_MODEL_TYPE) != _GEOGRAPHIC:
            raise Unreadable("it is a GeoTIFF in a projected system, not in degrees")
        shift = 0.5 if geo.get(_RASTER_TYPE) == _POINT else 0.0
        west = tie[3] - (tie[0] + shift) * scale[0]
        north = tie[4] + (tie[1] + shift) * scale[1]
        return west, north - height * scale[1], west + width * scale[0], north, (scale[0], scale[1])
    except Unreadable:
        raise
    except (struct.error, KeyError, IndexError, OverflowError):
        raise Unreadable("it is no GeoTIFF with a pixel scale and a tie point") from None


def _tags(content: bytes) -> dict[int, tuple[Any, ...]]:
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None:
        raise Unreadable("it is no TIFF")
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    at = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), content, at)[0]
    at += 8 if big else 2
    entry = "HHQ" if big else "HHI"
    length, inline = (20, 8) if big else (12, 4)
    found: dict[int, tuple[Any, ...]] = {}
    for index in range(min(count, 4096)):
        place = at + index * length
        tag, kind, number = struct.unpack_from(order + entry, content, place)
        letter = _TYPES.get(kind)
        if letter is None or number > _MOST:
            continue
        value = place + length - inline
        if struct.calcsize(letter) * number > inline:
            value = struct.unpack_from(order + ("Q" if big else "I"), content, value)[0]
        found[tag] = struct.unpack_from(f"{order}{number}{letter}", content, value)
    return found
