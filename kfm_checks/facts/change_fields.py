"""Two versions of an object compared field by field, as Kubernetes means it rather than as it is written.

Items of lists are told apart by the keys of the API (``x-kubernetes-list-map-keys``), quantities compare by value,
defaults count as written, null counts as absent, and order counts only where it does something.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from kfm_checks.evidence import LIST_KEYS
from kfm_checks.facts.change_model import FieldChange
from kfm_checks.facts.change_schema import Node, root
from kfm_checks.facts.objects import dig
from kfm_checks.facts.quantities import quantity
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: What the API server writes into metadata, and no reconciler applies.
_SERVERS = frozenset({"creationTimestamp", "managedFields", "resourceVersion", "uid", "generation", "selfLink"})


class _At(Value, frozen=True):
    """Where the comparison stands on both sides: the paths differ where items of a list moved."""

    base: Path
    head: Path
    node: Node

    def down(self, step: str) -> _At:
        return _At((*self.base, step), (*self.head, step), self.node.child(step))

    def item(self, before: int, after: int) -> _At:
        return _At((*self.base, before), (*self.head, after), self.node.child(0))


def field_changes(base: Manifest, head: Manifest, same_name: Callable[[str, str], bool]) -> tuple[FieldChange, ...]:
    """The fields that differ. ``same_name(old, new)`` says that two texts are names of one renamed object."""
    from kfm_checks.admission.defaults import completed

    comparison = _Comparison(base, head, same_name)
    start = _At((), (), root(head.key.api_version, head.key.kind))
    found = comparison.compare(_own(completed(base)), _own(completed(head)), start)
    return tuple(sorted(found, key=lambda change: [str(step).zfill(6) for step in change.path]))


def _own(obj: dict[str, Any]) -> dict[str, Any]:
    """The object without what only a server writes."""
    metadata = obj.get("metadata")
    kept = {key: value for key, value in obj.items() if key != "status"}
    if isinstance(metadata, dict):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVERS}
    return kept


class _Comparison:
    def __init__(self, base: Manifest, head: Manifest, same_name: Callable[[str, str], bool]) -> None:
        self.base, self.head, self.same_name = base, head, same_name

    def compare(self, base: Any, head: Any, at: _At) -> Iterator[FieldChange]:
        if isinstance(base, dict) and isinstance(head, dict):
            yield from self._mappings(base, head, at)
        elif isinstance(base, list) and isinstance(head, list):
            yield from self._lists(base, head, at)
        elif not self._same(base, head, at.node):
            yield from self._leaf(at)

    def _leaf(self, at: _At) -> Iterator[FieldChange]:
        """What is written, not what is the default; a default that follows from another change is none of its own."""
        before, after = dig(self.base, *at.base), dig(self.head, *at.head)
        if before is not None or after is not None:
            in_head = after is not None
            yield FieldChange(at.head if in_head else at.base, before, after, in_head, at.base)

    def _only(self, path: Path, *, in_head: bool) -> Iterator[FieldChange]:
        value = dig(self.head if in_head else self.base, *path)
        if value is not None:
            yield FieldChange(path, None if in_head else value, value if in_head else None, in_head, path)

    def _mappings(self, base: dict[Any, Any], head: dict[Any, Any], at: _At) -> Iterator[FieldChange]:
        for key in sorted({*base, *head}, key=str):
            if base.get(key) is None and head.get(key) is None:
                continue
            yield from self.compare(base.get(key), head.get(key), at.down(key))

    # -- lists -------------------------------------------------------------------------------------------------------

    def _lists(self, base: list[Any], head: list[Any], at: _At) -> Iterator[FieldChange]:
        if repr(base) == repr(head):
            return
        keys = _keys(base, head, at.node)
        if keys is not None:
            yield from self._keyed(base, head, *keys, at)
        elif at.node.unordered:
            yield from self._unordered(base, head, at)
        else:
            yield from self._sequence(base, head, at)

    def _keyed(
        self, base: list[Any], head: list[Any], old: list[Hashable], new: list[Hashable], at: _At
    ) -> Iterator[FieldChange]:
        where = {key: index for index, key in enumerate(new)}
        for index, key in enumerate(old):
            if key in where:
                yield from self.compare(base[index], head[where[key]], at.item(index, where[key]))
            else:
                yield from self._only((*at.base, index), in_head=False)
        known = set(old)
        for index, key in enumerate(new):
            if key not in known:
                yield from self._only((*at.head, index), in_head=True)
        order = [key for key in old if key in where], [key for key in new if key in known]
        if order[0] != order[1] and (at.node.ordered or _expands(head)):
            yield FieldChange(at.head, [_label(key) for key in old], [_label(key) for key in new], True, at.base)

    def _unordered(self, base: list[Any], head: list[Any], at: _At) -> Iterator[FieldChange]:
        item = at.node.child(0)
        left = [(_canonical(value, item), index) for index, value in enumerate(base)]
        right = [(_canonical(value, item), index) for index, value in enumerate(head)]
        gone, come = _unmatched(left, right)
        pairs = list(zip(gone, come, strict=False)) if all(isinstance(v, dict) for v in (*base, *head)) else []
        for before, after in pairs:
            yield from self.compare(base[before], head[after], at.item(before, after))
        for index in gone[len(pairs) :]:
            yield from self._only((*at.base, index), in_head=False)
        for index in come[len(pairs) :]:
            yield from self._only((*at.head, index), in_head=True)

    def _sequence(self, base: list[Any], head: list[Any], at: _At) -> Iterator[FieldChange]:
        """Order counts: what stays is found as a text diff finds it."""
        item = at.node.child(0)
        old, new = [_canonical(v, item) for v in base], [_canonical(v, item) for v in head]
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            both = min(i2 - i1, j2 - j1)
            for step in range(both):
                yield from self.compare(base[i1 + step], head[j1 + step], at.item(i1 + step, j1 + step))
            for index in range(i1 + both, i2):
                yield from self._only((*at.base, index), in_head=False)
            for index in range(j1 + both, j2):
                yield from self._only((*at.head, index), in_head=True)

    # -- values ------------------------------------------------------------------------------------------------------

    def _same(self, base: Any, head: Any, node: Node) -> bool:
        if isinstance(base, str) and isinstance(head, str) and self.same_name(base, head):
            return True
        return _value(base, node) == _value(head, node)


def _value(value: Any, node: Node) -> Hashable:
    """A value so that equal means the same to Kubernetes: true is not 1, 1.0 is 1, 1000m of CPU is 1."""
    if node.quantity and (parsed := quantity(value)) is not None:
        return ("quantity", parsed)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return ("number", value)
    return ("other", _canonical(value, node))


def _canonical(value: Any, node: Node) -> str:
    return json.dumps(_plain(value, node), sort_keys=True, default=str, ensure_ascii=False)


def _plain(value: Any, node: Node) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item, node.child(str(key))) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        plain = [_plain(item, node.child(0)) for item in value]
        if node.unordered or node.keys:
            plain.sort(key=lambda item: json.dumps(item, sort_keys=True, default=str))
        return plain
    if node.quantity and (parsed := quantity(value)) is not None:
        return f"quantity {parsed}"
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unmatched(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> tuple[list[int], list[int]]:
    """Indexes of what has no equal on the other side; equal items are matched one by one."""
    waiting: dict[str, list[int]] = {}
    for text, index in right:
        waiting.setdefault(text, []).append(index)
    gone = []
    for text, index in left:
        if waiting.get(text):
            waiting[text].pop(0)
        else:
            gone.append(index)
    return gone, sorted(index for indexes in waiting.values() for index in indexes)


def _keys(base: list[Any], head: list[Any], node: Node) -> tuple[list[Hashable], list[Hashable]] | None:
    """The key of each item on both sides; None where the items have no keys that tell all of them apart."""
    if not all(isinstance(item, dict) for item in (*base, *head)):
        return None
    if node.keys:
        return _by(base, head, node.keys)
    if node.unordered:
        return None
    for name in LIST_KEYS:
        if found := _by(base, head, (name,)):
            return found
    return None


def _by(base: list[Any], head: list[Any], names: tuple[str, ...]) -> tuple[list[Hashable], list[Hashable]] | None:
    sides = []
    for items in (base, head):
        keys: list[Hashable] = [tuple(_key(item, name) for name in names) for item in items]
        if len(set(keys)) != len(keys) or any(key == ("",) * len(names) for key in keys):
            return None
        sides.append(keys)
    return sides[0], sides[1]


def _key(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return "TCP" if name == "protocol" else ""
    return str(value)


def _label(key: Hashable) -> str:
    return "/".join(key) if isinstance(key, tuple) else str(key)


def _expands(items: list[Any]) -> bool:
    """Whether a variable refers to an earlier one (``$(HOST)``): then the order of variables does something."""
    return any("$(" in str(item.get("value", "")) for item in items if isinstance(item, dict))
