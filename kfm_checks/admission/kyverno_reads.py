"""Which fields a Kyverno rule's verdict hangs on, where that can be told from its text.

A change of any other field changes nothing of its verdict, so that the rule need not be asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.jmespath_reads import Unclear, read
from kfm_checks.admission.kyverno_pattern import anchored_key
from kfm_checks.facts.objects import items

_VARIABLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def fields(rule: Mapping[str, Any]) -> frozenset[str] | None:
    """Names of fields, at least those that the rule reads; None where that can't be told."""
    spec = rule.get("validate")
    if not isinstance(spec, dict) or rule.get("context") or rule.get("celPreconditions"):
        return None
    try:
        return frozenset({*_conditions(rule.get("preconditions")), *_validation(spec)})
    except (Unclear, RecursionError):
        return None


def _validation(spec: Mapping[str, Any]) -> Iterator[str]:
    if spec.get("context") or any(spec.get(name) is not None for name in ("podSecurity", "cel", "assert", "manifests")):
        raise Unclear
    yield from _conditions(spec.get("preconditions"))
    deny = spec.get("deny")
    if isinstance(deny, dict):
        yield from _conditions(deny.get("conditions"))
    elif deny is not None:
        raise Unclear
    yield from _pattern(spec.get("pattern"))
    yield from _pattern(spec.get("anyPattern"))
    for loop in items(spec, "foreach"):
        # How many elements there are hangs on the list alone, not on what is below it.
        yield from read(str(loop.get("list")), whole=False)
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
        raise Unclear
    for found in _VARIABLE.findall(text):
        yield from read(found, whole=True)
