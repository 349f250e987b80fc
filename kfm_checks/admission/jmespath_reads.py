"""Which fields of an object a JMESPath expression reads, told from its tree.

A field that differs between two objects lies below others: the object, its spec, the list of containers. An expression
that only goes through those, and ends beside the field, gives the same for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kfm_checks.admission.model import PolicyError

_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})
#: Steps on the way to the fields that an attempt changes: what they stand for holds all that is below.
_ABOVE = _LISTS | {"request", "object", "spec", "template", "jobTemplate"}
_ROOTS = frozenset({"request", "element", "elementIndex"})
_THROUGH = frozenset({"index_expression", "projection", "flatten", "index", "slice", "or_expression"})
_APART = frozenset({"comparator", "function_expression", "not_expression", "multi_select_dict", "and_expression"})


class Unclear(Exception):  # noqa: N818 - a finding
    """What is read can't be told."""


@lru_cache(maxsize=4096)
def read(expression: str, *, whole: bool) -> tuple[str, ...]:
    """Names of fields, at least those that are read. ``whole``: what it gives is compared, so it must be beside them.

    Raises Unclear.
    """
    from kfm_checks.admission.kyverno_jmespath import compiled

    try:
        tree = compiled(expression.strip()).parsed
    except PolicyError as error:
        raise Unclear from error
    names: list[str] = []
    above = _walk(tree, True, True, names)
    if above and whole:
        raise Unclear
    return tuple(names)


def _walk(node: dict[str, Any], above: bool, root: bool, names: list[str]) -> bool:
    """Whether the value of a node may hold what differs, where that of the current node may (``above``)."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return _field(str(node["value"]), above, root, names)
    if kind in ("literal", "identity", "current"):
        if root and kind != "literal":
            raise Unclear
        return above and kind != "literal"
    if kind in ("subexpression", "pipe"):
        for child in children:
            above, root = _walk(child, above, root, names), False
        return above
    if kind in _THROUGH:
        return _through(kind, children, above, root, names)
    if kind == "multi_select_list":
        # Each is walked, also where the first has decided: its names count.
        return True in [_walk(child, above, root, names) for child in children]
    if kind == "filter_projection":
        left, right, condition = children
        element = _walk(left, above, root, names)
        if _walk(condition, element, False, names):
            raise Unclear
        return _walk(right, element, False, names)
    if kind in _APART and not any(list(_apart(children, above, root, names))):
        return False
    raise Unclear


def _field(name: str, above: bool, root: bool, names: list[str]) -> bool:
    names.append(name)
    if root and name.rstrip("0123456789") not in _ROOTS:
        raise Unclear  # an entry of the context, or what Kyverno makes of the images
    if root:
        return not name.startswith("elementIndex")
    return above and name in _ABOVE


def _through(kind: str, children: list[Any], above: bool, root: bool, names: list[str]) -> bool:
    if kind in ("index", "slice"):
        return above
    if kind == "or_expression":
        # Each is walked, also where the first has decided: its names count.
        return True in [_walk(child, above, root, names) for child in children]
    for child in children:
        above, root = _walk(child, above, root, names), False
    return above


def _apart(children: list[Any], above: bool, root: bool, names: list[str]) -> Iterator[bool]:
    """Parts of something that only gives what its parts say: each must lie beside what differs."""
    for child in children:
        node = child["children"][0] if child["type"] == "key_val_pair" else child
        if node["type"] == "expref":
            raise Unclear
        yield _walk(node, above, root, names)
