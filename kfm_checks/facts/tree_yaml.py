"""YAML of any shape (patches, kustomizations, values) with lines: lenient where the loader of manifests is strict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfm_checks.model import Path
from kfm_checks.values import Value
from kfm_checks.yamlfile import CONSTRUCTORS

#: A document that expands to more values than this (aliases of aliases) is refused: a "YAML bomb".
VALUE_LIMIT = 500_000
#: Brackets nested deeper than this are refused before libyaml's recursion meets them.
DEPTH_LIMIT = 200


@dataclass(frozen=True)
class Document:
    """One document: its ``value`` as plain Python data and, when asked, the line of each of its fields."""

    value: Any
    line: int
    _node: Any = field(repr=False, compare=False, default=None)

    @cached_property
    def lines(self) -> dict[Path, int]:
        """The line (from 1) of each field by its path: that of the key in a mapping, that of the item in a list."""
        return dict(_lines(self._node, ())) if self._node is not None else {}

    def line_of(self, *path: str | int) -> int:
        """The line of a field, or of the nearest parent that has one."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return self.line


class Documents(Value, frozen=True):
    """The documents of one text, and what is wrong with it."""

    documents: tuple[Document, ...] = ()
    problem: str = ""


def load(text: str) -> Documents:
    """Read every document of a text. Errors don't raise: they are told by ``problem``, without the text's values."""
    import yaml

    if _too_deep(text):
        return Documents((), f"brackets are nested deeper than {DEPTH_LIMIT}")
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Document] = []
    # Without an anchor nothing expands, and a text has at most two values a character.
    bomb = "&" in text or 2 * len(text) > VALUE_LIMIT
    try:
        loader = loader_class(text)
        try:
            while loader.check_node():
                node: Any = loader.get_node()
                if bomb and _expanded(node, {}) > VALUE_LIMIT:
                    return Documents(
                        (), f"line {node.start_mark.line + 1}: aliases expand to more than {VALUE_LIMIT} values"
                    )
                found.append(Document(loader.construct_document(node), node.start_mark.line + 1, node))
        finally:
            loader.dispose()
    except (yaml.YAMLError, *CONSTRUCTORS, RecursionError, TypeError) as error:
        return _json(text) or Documents((), _problem(error))
    return Documents(tuple(found))


def _json(text: str) -> Documents | None:
    """JSON that YAML refuses (tabs between tokens) is read as JSON, without lines."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return Documents((Document(json.loads(text), 1),))
    except (ValueError, RecursionError):
        return None


def _problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it can't be read as YAML"
    return f"line {mark.line + 1}: {what}" if mark is not None else str(what)


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return False
    depth = 0
    for char in text:
        if char in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                return True
        elif char in "]}":
            depth = max(0, depth - 1)
    return False


def _expanded(node: Any, sizes: dict[int, int]) -> int:
    """How many values a node stands for once its aliases are followed; a cycle counts as more than any limit."""
    known = sizes.get(id(node))
    if known is not None:
        return known
    if isinstance(node.value, str):
        return 1
    sizes[id(node)] = VALUE_LIMIT + 1
    total = 1 + sum(_expanded(child, sizes) for child in _children(node))
    sizes[id(node)] = total
    return total


def _children(node: Any) -> Iterator[Any]:
    for item in node.value:
        if isinstance(item, tuple):
            yield from item
        else:
            yield item


def _lines(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node.value, str):
        return
    for index, item in enumerate(node.value):
        key, child = item if isinstance(item, tuple) else (None, item)
        step = index if key is None else key.value
        if isinstance(step, str | int):
            yield (*path, step), (child if key is None else key).start_mark.line + 1
            yield from _lines(child, (*path, step))
