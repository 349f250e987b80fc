"""Every field of an object, changed in each way that a slip of the hand could change it."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kfm_checks.model import Path

#: What is put in the place of a value.
VALUES: Mapping[str, Any] = {
    "null": None, "text": "zz zz!", "empty text": "", "a number": 7, "below 0": -1, "large": 99999999999, "a fraction": 1.5,
    "true": True, "a list": ["a"], "a mapping": {"a": "b"}, "an empty list": [], "an empty mapping": {},
}  # fmt: skip
Mutation = tuple[str, dict[str, Any]]


def _places(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """Every way to change a value, by name, with the place."""
    if isinstance(value, dict):
        yield "an unknown field", path
        for name, inner in value.items():
            place = (*path, name)
            if place in (("apiVersion",), ("kind",), ("metadata", "namespace")):
                continue
            yield "absent", place
            yield from ((change, place) for change in VALUES)
            yield from _places(inner, place)
    elif isinstance(value, list):
        if value:
            yield "an item twice", path
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, index))


def changed(obj: Mapping[str, Any], change: str, path: Path) -> dict[str, Any]:
    """A copy with one change."""
    made: dict[str, Any] = json.loads(json.dumps(obj))
    if change == "an unknown field":
        _at(made, path)["zzUnknown"] = 1
        return made
    holder: Any = _at(made, path[:-1])
    if change == "absent":
        del holder[path[-1]]
    elif change == "an item twice":
        holder[path[-1]] = [*holder[path[-1]], holder[path[-1]][0]]
    else:
        holder[path[-1]] = VALUES[change]
    return made


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def drawn(objects: Iterable[Mapping[str, Any]], number: int) -> Iterator[Mutation]:
    """Up to ``number`` mutations of each kind, drawn with a fixed seed."""
    by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for obj in objects:
        by_kind[str(obj["kind"])].append(obj)
    for kind, found in sorted(by_kind.items()):
        every = [(obj, change, path) for obj in found for change, path in _places(obj, ())]
        for obj, change, path in random.Random(kind).sample(every, min(number, len(every))):
            yield (
                f"{kind} {obj['metadata']['name']}: {change} at {'/'.join(map(str, path))}",
                changed(obj, change, path),
            )
