"""How Kyverno compares values: wildcards, quantities, durations, and the operators of conditions.

https://kyverno.io/docs/policy-types/cluster-policy/preconditions/#operators
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Any

from kfm_checks.admission.lib_quantity import parse, semver, semver_compare
from kfm_checks.admission.model import NotEvaluated

_DURATION = re.compile(r"([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNIT: dict[str, Fraction] = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}


def wildcard(pattern: str, text: str) -> bool:
    """``*`` stands for any text, ``?`` for one character. Never backtracks further than the last ``*``."""
    if "?" in pattern:
        return _walked(pattern, text)
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    last = rest.pop()
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in rest:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _walked(pattern: str, text: str) -> bool:
    p = t = 0
    star, mark = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark, p = p, t, p + 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return set(pattern[p:]) <= {"*"}


def has_wildcard(text: str) -> bool:
    """Whether the text has a character that stands for others."""
    return "*" in text or "?" in text


@lru_cache(maxsize=4096)
def quantity(text: str) -> Fraction | None:
    """The number of a Kubernetes quantity, None where the text is none."""
    try:
        return parse(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def duration(text: str) -> Fraction | None:
    """Seconds of a Go duration such as ``1h30m``, None where the text is none."""
    if text in ("0", "+0", "-0"):
        return Fraction(0)
    found = _DURATION.fullmatch(text)
    if found is None or len(text) > 64:
        return None
    parts = ((Fraction(n), _UNIT[u.replace("µ", "u").replace("μ", "u")]) for n, u in _PART.findall(text))
    total = sum((number * unit for number, unit in parts), Fraction(0))
    return -total if found[1] == "-" else total


def sprint(value: Any) -> str:
    """A value as Go prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    return value if isinstance(value, str) else str(value)


def _number(value: Any) -> bool:
    """A number that can be counted with: infinity and what is no number are texts of YAML."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _durations(key: Any, value: Any) -> tuple[Fraction, Fraction] | None:
    """Both as seconds, where at least one is a duration that is written as one."""
    a = duration(key) if isinstance(key, str) and key != "0" else None
    b = duration(value) if isinstance(value, str) and value != "0" else None
    if a is None and b is None:
        return None
    a = Fraction(str(key)) if a is None and _number(key) else a
    b = Fraction(str(value)) if b is None and _number(value) else b
    return None if a is None or b is None else (a, b)


def equals(key: Any, value: Any) -> bool:
    """The operator Equals: wildcards stand in the value."""
    if isinstance(key, bool):
        return isinstance(value, bool) and key == value
    if _number(key):
        if isinstance(value, str):
            return re.fullmatch(r"[+-]?\d+(\.\d+)?", value) is not None and float(value) == key
        return _number(value) and key == value
    if isinstance(key, str):
        return _text_equals(key, value)
    return type(key) is type(value) and bool(key == value) and key is not None


def _text_equals(key: str, value: Any) -> bool:
    times = _durations(key, value)
    if times is not None:
        return times[0] == times[1]
    if not isinstance(value, str):
        return False
    number = quantity(key)
    if number is not None:
        return number == quantity(value)
    return wildcard(value, key)


def _alike(a: str, b: str) -> bool:
    return wildcard(a, b) or wildcard(b, a)


def _listed(value: Any) -> list[str] | None:
    """The right side of a set operator as texts; None where it has a type that the operators don't take."""
    if isinstance(value, list):
        return [sprint(item) for item in value]
    if _number(value):
        return [sprint(value)]
    if not isinstance(value, str):
        return None
    try:
        parsed = json.loads(value)
    except ValueError:
        return [value]
    if isinstance(parsed, list) and all(isinstance(item, str) for item in parsed):
        return parsed
    # Valid JSON that is no list of texts is an invalid type, but for a plain text that equals the key.
    return [value]


def _in(key: Any, value: Any) -> tuple[list[bool], bool] | None:
    """For each key whether it is in the value, and whether the key was a list; None on types that can't be compared."""
    keys = key if isinstance(key, list) else [key] if isinstance(key, str | int | float) else None
    if keys is None:
        return None
    from kfm_checks.admission.kyverno_leaf import is_range, leaf

    if isinstance(value, str) and is_range(value):
        return [leaf(sprint(k), value) for k in keys], isinstance(key, list)
    values = _listed(value)
    if values is None:
        return None
    return [any(_alike(sprint(k), v) for v in values) for k in keys], isinstance(key, list)


def any_in(key: Any, value: Any) -> bool:
    """AnyIn: one of the keys is in the value."""
    found = _in(key, value)
    return found is not None and any(found[0])


def all_in(key: Any, value: Any) -> bool:
    """AllIn: each of the keys is in the value."""
    found = _in(key, value)
    return found is not None and all(found[0])


def any_not_in(key: Any, value: Any) -> bool:
    """AnyNotIn: one of the keys is not in the value."""
    found = _in(key, value)
    return found is not None and not all(found[0])


def all_not_in(key: Any, value: Any) -> bool:
    """AllNotIn: none of the keys is in the value."""
    found = _in(key, value)
    return found is not None and not any(found[0])


def _ordered(key: Any, value: Any) -> int | None:
    times = _durations(key, value)
    if times is not None:
        return _sign(times[0], times[1])
    if isinstance(key, str) and isinstance(value, str):
        a, b = quantity(key), quantity(value)
        if a is not None and b is not None:
            return _sign(a, b)
    first, second = _float(key), _float(value)
    if first is not None and second is not None:
        return _sign(first, second)
    try:
        return semver_compare(semver(key), semver(value)) if isinstance(key, str) and isinstance(value, str) else None
    except ValueError:
        return None


def _sign(a: Fraction, b: Fraction) -> int:
    return (a > b) - (a < b)


def _float(value: Any) -> Fraction | None:
    if _number(value):
        return Fraction(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value):
        return Fraction(value)
    return None


def _compared(accept: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def run(key: Any, value: Any) -> bool:
        found = _ordered(key, value)
        return found is not None and accept(found)

    return run


_NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "greaterthan": _compared(lambda c: c > 0),
    "greaterthanorequals": _compared(lambda c: c >= 0),
    "lessthan": _compared(lambda c: c < 0),
    "lessthanorequals": _compared(lambda c: c <= 0),
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": equals,
    "equals": equals,
    "notequal": lambda k, v: not equals(k, v),
    "notequals": lambda k, v: not equals(k, v),
    "in": all_in,
    "anyin": any_in,
    "allin": all_in,
    "notin": any_not_in,
    "anynotin": any_not_in,
    "allnotin": all_not_in,
    **_NUMERIC,
    **{f"duration{name}": code for name, code in _NUMERIC.items()},
}


def compare(operator: Any, key: Any, value: Any) -> bool:
    """One condition. Raises NotEvaluated on an operator that isn't known here."""
    code = OPERATORS.get(str(operator).lower())
    if code is None:
        raise NotEvaluated(f"the operator {operator!s} is not evaluated")
    return code(key, value)
