"""Kyverno's patterns: leaves with operators, maps and lists with anchors.

https://kyverno.io/docs/policy-types/cluster-policy/validate/#patterns
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from kfm_checks.admission.kyverno_values import has_wildcard, quantity, sprint, wildcard
from kfm_checks.facts.objects import dig
from kfm_checks.model import Path

_ANCHOR = re.compile(r"([=X^<+]?)\((.+)\)")
_RANGE = re.compile(r"[-+]?\d+(?:\.\d+)?[A-Za-z]*-[-+]?\d+(?:\.\d+)?[A-Za-z]*")
_NOT_RANGE = re.compile(r"[-+]?\d+(?:\.\d+)?[A-Za-z]*!-[-+]?\d+(?:\.\d+)?[A-Za-z]*")
_OPERATORS = (">=", "<=", ">", "<", "!")


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
    _element(resource, pattern, ())


def is_range(text: str) -> bool:
    """``1-10`` or ``1!-10``."""
    return _RANGE.fullmatch(text) is not None or _NOT_RANGE.fullmatch(text) is not None


def leaf(value: Any, pattern: Any) -> bool:
    """Whether one value meets a pattern that is no map and no list."""
    if isinstance(pattern, bool):
        return isinstance(value, bool) and value == pattern
    if isinstance(pattern, int | float):
        return _number(value, pattern)
    if pattern is None:
        return value is None or (not isinstance(value, dict | list) and not value)
    if isinstance(value, dict | list):
        return False
    if value == pattern:
        return True
    return any(all(_text(value, part.strip(" ")) for part in option.split("&")) for option in str(pattern).split("|"))


def _number(value: Any, pattern: float) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        try:
            return float(value) == pattern
        except ValueError:
            return False
    return isinstance(value, int | float) and value == pattern


def _text(value: Any, pattern: str) -> bool:
    pattern = pattern.strip(" ")
    if _NOT_RANGE.fullmatch(pattern):
        low, _, high = pattern.partition("!-")
        return _operated(value, low, "<") or _operated(value, high, ">")
    if _RANGE.fullmatch(pattern):
        low, _, high = pattern.partition("-")
        return _operated(value, low, ">=") and _operated(value, high, "<=")
    operator = next((o for o in _OPERATORS if pattern.startswith(o)), "")
    return _operated(value, pattern[len(operator) :].strip(), operator)


def _operated(value: Any, pattern: str, operator: str) -> bool:
    wanted = quantity(pattern)
    given = quantity("0" if value is None else sprint(value)) if not isinstance(value, bool) else None
    if wanted is not None and given is not None and _ordered(given, wanted, operator):
        return True
    if operator not in ("", "!") or value is None:
        return False
    same = wildcard(pattern, sprint(value))
    return same if operator == "" else not same


def _ordered(a: Any, b: Any, operator: str) -> bool:
    return bool(
        {"": a == b, "!": a != b, ">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[operator],
    )


def _element(resource: Any, pattern: Any, path: Path) -> None:
    if isinstance(pattern, dict):
        if not isinstance(resource, dict):
            raise Mismatch("pattern and resource have different structures", path)
        _map(resource, pattern, path)
    elif isinstance(pattern, list):
        if not isinstance(resource, list):
            raise Mismatch("resource does not satisfy the expected overlay pattern", path)
        _list(resource, pattern, path)
    else:
        for value in resource if isinstance(resource, list) else [resource]:
            if not leaf(value, pattern):
                raise Mismatch(f"resource value does not match '{sprint(pattern)}'", path)


@lru_cache(maxsize=4096)
def _anchor(key: str) -> tuple[Literal["", "()", "=", "X", "^", "<", "+"], str]:
    found = _ANCHOR.fullmatch(key)
    if found is None:
        return "", key
    return found[1] or "()", found[2]  # type: ignore[return-value]


def _map(resource: dict[str, Any], pattern: dict[str, Any], path: Path) -> None:
    pattern = _expanded(pattern, resource)
    parsed = [(*_anchor(str(key)), value) for key, value in pattern.items()]
    for kind, key, value in sorted((p for p in parsed if p[0]), key=lambda p: (p[0] not in ("()", "<"), p[1])):
        _anchored(kind, key, value, resource, path)
    # A field that holds anchors deeper down is judged first, so that a condition can let the object by.
    plain = [(key, value) for kind, key, value in parsed if not kind]
    for key, value in sorted(plain, key=lambda p: not _has_anchor(p[1])) if len(plain) > 1 else plain:
        if value == "*" and isinstance(value, str):
            if resource.get(key) is None:
                raise Mismatch(f"{key} not found", path)
        else:
            _element(resource.get(key), value, (*path, key))


def _has_anchor(pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return any(_anchor(str(key))[0] or _has_anchor(value) for key, value in pattern.items())
    return isinstance(pattern, list) and any(_has_anchor(item) for item in pattern)


def _anchored(kind: str, key: str, value: Any, resource: dict[str, Any], path: Path) -> None:
    here = (*path, key)
    if kind == "X":
        if key in resource:
            raise Mismatch("it is not allowed", here)
    elif kind in ("=", "+"):
        if key in resource:
            _element(resource[key], value, here)
    elif kind == "^":
        if key in resource:
            _exists(resource[key], value, here)
    elif key not in resource:
        if kind == "()":
            raise Mismatch("conditional anchor key doesn't exist in the resource", here, skip=True)
    else:
        try:
            _element(resource[key], value, here)
        except Mismatch as mismatch:
            raise Mismatch(f"conditional anchor mismatch: {mismatch}", here, skip=True) from mismatch


def _exists(found: Any, pattern: Any, path: Path) -> None:
    """Each item of the pattern is met by at least one item of the list."""
    if not isinstance(found, list) or not isinstance(pattern, list):
        raise Mismatch("the existence anchor ^() is for lists", path)
    for wanted in pattern:
        if not any(_meets(item, wanted, path) for item in found):
            raise Mismatch("existence anchor validation failed", path)


def _meets(item: Any, pattern: Any, path: Path) -> bool:
    try:
        _element(item, pattern, path)
    except Mismatch:
        return False
    return True


def _list(resource: list[Any], pattern: list[Any], path: Path) -> None:
    if not pattern:
        raise Mismatch("pattern Array empty", path)
    if isinstance(pattern[0], dict):
        pairs = [(item, pattern[0]) for item in resource]
    elif isinstance(pattern[0], list):
        if len(resource) < len(pattern):
            raise Mismatch("array length mismatch", path)
        pairs = list(zip(resource, pattern, strict=False))
    else:
        _element(resource, pattern[0], path)
        return
    applied, skipped = 0, None
    for index, (item, wanted) in enumerate(pairs):
        try:
            _element(item, wanted, (*path, index))
            applied += 1
        except Mismatch as mismatch:
            if not mismatch.skip:
                raise
            skipped = mismatch
    if not applied and skipped is not None:
        raise Mismatch(str(skipped), path, skip=True)


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
