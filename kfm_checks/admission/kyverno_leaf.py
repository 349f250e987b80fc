"""Leaves of Kyverno's patterns: values with operators, ranges and wildcards.

https://kyverno.io/docs/policy-types/cluster-policy/validate/#operators
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from kfm_checks.admission.kyverno_values import quantity, sprint, wildcard

_RANGE = re.compile(r"[-+]?\d+(?:\.\d+)?[A-Za-z]*-[-+]?\d+(?:\.\d+)?[A-Za-z]*")
_NOT_RANGE = re.compile(r"[-+]?\d+(?:\.\d+)?[A-Za-z]*!-[-+]?\d+(?:\.\d+)?[A-Za-z]*")
_OPERATORS = (">=", "<=", ">", "<", "!")


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
    return bool(value == pattern) or _options(str(pattern), type(value).__name__, value)


def _number(value: Any, pattern: float) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        try:
            return float(value) == pattern
        except ValueError:
            return False
    return isinstance(value, int | float) and value == pattern


@lru_cache(maxsize=4096)
def _options(pattern: str, _kind: str, value: Any) -> bool:
    """``a & b | c``; remembered, since the same value is asked again and again (1, 1.0 and True are kept apart)."""
    return any(all(_text(value, part.strip(" ")) for part in option.split("&")) for option in pattern.split("|"))


def _text(value: Any, pattern: str) -> bool:
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
