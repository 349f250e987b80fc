"""Kyverno's patterns: maps and lists with anchors; their leaves are in kyverno_leaf.py.

https://kyverno.io/docs/policy-types/cluster-policy/validate/#patterns
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from kfm_checks.admission.kyverno_leaf import leaf
from kfm_checks.admission.kyverno_values import has_wildcard, sprint, wildcard
from kfm_checks.facts.objects import dig
from kfm_checks.model import Path

_ANCHOR = re.compile(r"([=X^<+]?)\((.+)\)")
#: A pattern made ready: takes a value and its path, and raises Mismatch.
Check = Callable[[Any, Path], None]


class Mismatch(Exception):  # noqa: N818 - a finding, not an error
    """The object doesn't meet the pattern. ``skip``: a conditional anchor says that the rule doesn't apply."""

    def __init__(self, message: str, path: Path, *, skip: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.skip = skip

    @property
    def pointer(self) -> str:
        """The path as Kyverno writes it: ``/spec/containers/0/``."""
        return "/" + "".join(f"{step}/" for step in self.path)


def match(resource: Any, pattern: Any) -> None:
    """Raise Mismatch where the resource doesn't meet the pattern."""
    prepared(pattern)(resource, ())


def prepared(pattern: Any) -> Check:
    """A pattern that is read once, for any number of objects."""
    if isinstance(pattern, dict):
        return _map(pattern)
    if isinstance(pattern, list):
        return _list(pattern)

    def check(resource: Any, path: Path) -> None:
        for value in resource if isinstance(resource, list) else (resource,):
            if not leaf(value, pattern):
                raise Mismatch(f"resource value does not match '{sprint(pattern)}'", path)

    return check


@lru_cache(maxsize=4096)
def _anchor(key: str) -> tuple[Literal["", "()", "=", "X", "^", "<", "+"], str]:
    found = _ANCHOR.fullmatch(key)
    if found is None:
        return "", key
    return found[1] or "()", found[2]  # type: ignore[return-value]


def anchored_key(key: str) -> str:
    """The field that a key of a pattern stands for, without its anchor."""
    return _anchor(key)[1]


def _map(pattern: dict[str, Any]) -> Check:
    if _labelled(pattern):
        # Which keys the wildcards stand for, only the object tells.
        def expanded(resource: Any, path: Path) -> None:
            _steps(_expanded(pattern, resource))(resource, path)

        return expanded
    return _steps(pattern)


def _steps(pattern: dict[str, Any]) -> Check:
    parsed = [(*_anchor(str(key)), value) for key, value in pattern.items()]
    steps = [_anchored(*p) for p in sorted((p for p in parsed if p[0]), key=lambda p: (p[0] not in ("()", "<"), p[1]))]
    # A field that holds anchors deeper down is judged first, so that a condition can let the object by.
    plain = sorted(((key, value) for kind, key, value in parsed if not kind), key=lambda p: not _has_anchor(p[1]))
    steps += [_present(key) if value == "*" and isinstance(value, str) else _field(key, value) for key, value in plain]

    def check(resource: Any, path: Path) -> None:
        if not isinstance(resource, dict):
            raise Mismatch("pattern and resource have different structures", path)
        for step in steps:
            step(resource, path)

    return check


def _present(key: str) -> Check:
    def check(resource: Any, path: Path) -> None:
        if resource.get(key) is None:
            raise Mismatch(f"{key} not found", path)

    return check


def _field(key: str, pattern: Any) -> Check:
    inner = prepared(pattern)

    def check(resource: Any, path: Path) -> None:
        inner(resource.get(key), (*path, key))

    return check


def _has_anchor(pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return any(_anchor(str(key))[0] or _has_anchor(value) for key, value in pattern.items())
    return isinstance(pattern, list) and any(_has_anchor(item) for item in pattern)


def _anchored(kind: str, key: str, pattern: Any) -> Check:
    inner = _exists(pattern) if kind == "^" else prepared(pattern)

    def check(resource: Any, path: Path) -> None:
        here = (*path, key)
        if key not in resource:
            if kind == "()":
                raise Mismatch("conditional anchor key doesn't exist in the resource", here, skip=True)
        elif kind == "X":
            raise Mismatch("it is not allowed", here)
        elif kind in ("=", "+", "^"):
            inner(resource[key], here)
        else:
            try:
                inner(resource[key], here)
            except Mismatch as mismatch:
                raise Mismatch(f"conditional anchor mismatch: {mismatch}", here, skip=True) from mismatch

    return check


def _exists(pattern: Any) -> Check:
    """Each item of the pattern is met by at least one item of the list."""
    wanted = [prepared(item) for item in pattern] if isinstance(pattern, list) else None

    def check(found: Any, path: Path) -> None:
        if not isinstance(found, list) or wanted is None:
            raise Mismatch("the existence anchor ^() is for lists", path)
        for one in wanted:
            if not any(_meets(item, one, path) for item in found):
                raise Mismatch("existence anchor validation failed", path)

    return check


def _meets(item: Any, check: Check, path: Path) -> bool:
    try:
        check(item, path)
    except Mismatch:
        return False
    return True


def _list(pattern: list[Any]) -> Check:
    checks = [prepared(item) for item in pattern]
    kind = type(pattern[0]) if pattern else None

    def check(resource: Any, path: Path) -> None:
        if not isinstance(resource, list):
            raise Mismatch("resource does not satisfy the expected overlay pattern", path)
        if not checks:
            raise Mismatch("pattern Array empty", path)
        if kind is dict:
            _items([(item, checks[0]) for item in resource], path)
        elif kind is not list:
            checks[0](resource, path)
        elif len(resource) < len(checks):
            raise Mismatch("array length mismatch", path)
        else:
            _items(list(zip(resource, checks, strict=False)), path)

    return check


def _items(pairs: list[tuple[Any, Check]], path: Path) -> None:
    applied, skipped = 0, None
    for index, (item, check) in enumerate(pairs):
        try:
            check(item, (*path, index))
            applied += 1
        except Mismatch as mismatch:
            if not mismatch.skip:
                raise
            skipped = mismatch
    if not applied and skipped is not None:
        raise Mismatch(str(skipped), path, skip=True)


def _labelled(pattern: dict[str, Any]) -> bool:
    """Whether the pattern has labels or annotations whose keys hold wildcards."""
    return any(
        _anchor(str(key))[1] == "metadata"
        and isinstance(value, dict)
        and any(isinstance(tags, dict) and any(has_wildcard(str(tag)) for tag in tags) for tags in value.values())
        for key, value in pattern.items()
    )


def _expanded(pattern: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """Wildcards in the keys of labels and annotations stand for the first key of the object that they match."""
    changed = {}
    for key, value in pattern.items():
        if _anchor(str(key))[1] == "metadata" and isinstance(value, dict):
            changed[key] = {k: _tags(k, v, dig(resource, "metadata", default={})) for k, v in value.items()}
    return {**pattern, **changed} if changed else pattern


def _tags(key: str, wanted: Any, metadata: Any) -> Any:
    name = _anchor(str(key))[1]
    present = dig(metadata, name)
    if name not in ("labels", "annotations") or not isinstance(wanted, dict) or not isinstance(present, dict):
        return wanted
    out = {}
    for tag, value in wanted.items():
        kind, bare = _anchor(str(tag))
        if has_wildcard(bare):
            bare = next((k for k in present if wildcard(bare, str(k))), bare)
        out[f"{'' if kind == '()' else kind}({bare})" if kind else bare] = value
    return out
