"""Ranges of semantic versions, as ``>=1.2.0 <2.0.0 || 3.x``, in the form that Kyverno's ``semver_compare`` takes.

https://kyverno.io/docs/policy-types/cluster-policy/jmespath/#semver_compare: parts beside each other all count, ``||``
stands between alternatives, ``x`` for any number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.admission.lib_quantity import semver, semver_compare

_PART = re.compile(r"(>=|<=|!=|==|>|<|=|!)?\s*([0-9xX*][^\s<>=!|]*)")
_LEAST = {"@type": "semver", "@value": [0, 0, 0], "@pre": ""}


def in_range(version: str, wanted: str) -> bool:
    """Whether a version is within a range; what is no version counts as 0.0.0. Raises ValueError on no range."""
    try:
        given = semver(version)
    except ValueError:
        given = _LEAST
    alternatives = [list(_parts(text)) for text in wanted.split("||")]
    return any(all(_holds(given, operator, text) for operator, text in parts) for parts in alternatives)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    if not text.strip() or _PART.sub("", text).strip():
        raise ValueError(f"could not parse the range {text[:60]!r}")
    for found in _PART.finditer(text):
        yield found[1] or "=", found[2]


def _holds(given: Any, operator: str, text: str) -> bool:
    core = text.split(".")
    wild = next((i for i, part in enumerate(core) if part in ("x", "X", "*")), None)
    if wild is None:
        return _compared(semver_compare(given, semver(text)), operator)
    if wild == 0:
        return operator not in ("!", "!=", "<", ">")
    numbers = [int(part) for part in core[:wild]]
    low = semver(".".join(str(n) for n in [*numbers, 0, 0][:3]))
    high = semver(".".join(str(n) for n in [*numbers[:-1], numbers[-1] + 1, 0, 0][:3]))
    within = semver_compare(given, low) >= 0 and semver_compare(given, high) < 0
    if operator in ("=", "=="):
        return within
    if operator in ("!", "!="):
        return not within
    bound = high if operator in (">", "<=") else low
    return _compared(semver_compare(given, bound), {">": ">=", "<=": "<"}.get(operator, operator))


def _compared(c: int, operator: str) -> bool:
    answers = {">=": c >= 0, "<=": c <= 0, ">": c > 0, "<": c < 0, "=": c == 0, "==": c == 0, "!=": c != 0, "!": c != 0}
    return answers[operator]
