"""Which fields a Kyverno rule's verdict hangs on, where that can be told from its text.

A change of any other field changes nothing of its verdict, so that the rule need not be asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.kyverno_pattern import anchored_key
from kfm_checks.facts.objects import items

_VARIABLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
#: A path of plain names, which can only read what it names.
_PATH = re.compile(r"\s*(?:request\.(?:object|operation|namespace|name)|element\d*)(?:\.[A-Za-z_]\w*)*\s*", re.ASCII)
#: Steps on the way to the fields that an attempt changes: a path that ends in one of them reads all that is below it.
_ABOVE = frozenset({"object", "spec", "template", "jobTemplate", "containers", "initContainers", "ephemeralContainers"})


class _Unclear(Exception):  # noqa: N818 - a finding
    """What the rule reads can't be told from its text."""


def fields(rule: Mapping[str, Any]) -> frozenset[str] | None:
    """Names of fields, at least those that the rule reads; None where that can't be told."""
    spec = rule.get("validate")
    if not isinstance(spec, dict) or rule.get("context") or rule.get("celPreconditions"):
        return None
    try:
        return frozenset({*_conditions(rule.get("preconditions")), *_validation(spec)})
    except (_Unclear, RecursionError):
        return None


def _validation(spec: Mapping[str, Any]) -> Iterator[str]:
    if spec.get("context") or any(spec.get(name) is not None for name in ("podSecurity", "cel", "assert", "manifests")):
        raise _Unclear
    yield from _conditions(spec.get("preconditions"))
    deny = spec.get("deny")
    if isinstance(deny, dict):
        yield from _conditions(deny.get("conditions"))
    elif deny is not None:
        raise _Unclear
    yield from _pattern(spec.get("pattern"))
    yield from _pattern(spec.get("anyPattern"))
    for loop in items(spec, "foreach"):
        # How many elements there are hangs on the list alone, not on what is below it.
        yield from _path(str(loop.get("list")), whole=False)
        yield from _validation(loop)


def _pattern(pattern: Any) -> Iterator[str]:
    if isinstance(pattern, dict):
        for key, value in pattern.items():
            yield anchored_key(str(key))
            yield from _pattern(value)
            yield from _variables(str(key))
    elif isinstance(pattern, list):
        for item in pattern:
            yield from _pattern(item)
    elif isinstance(pattern, str):
        yield from _variables(pattern)


def _conditions(given: Any) -> Iterator[str]:
    if isinstance(given, dict):
        for value in given.values():
            yield from _conditions(value)
    elif isinstance(given, list):
        for item in given:
            yield from _conditions(item)
    elif isinstance(given, str):
        yield from _variables(given)


def _variables(text: str) -> Iterator[str]:
    if "$(" in text:
        raise _Unclear
    for found in _VARIABLE.findall(text):
        yield from _path(found, whole=True)


def _path(text: str, *, whole: bool) -> Iterator[str]:
    if not _PATH.fullmatch(text):
        raise _Unclear
    steps = text.strip().split(".")
    if whole and (steps[-1] in _ABOVE or steps[-1].startswith("element")):
        raise _Unclear
    yield from steps
