"""Kubernetes quantities as CEL has them (``quantity('1Gi')``), and semantic versions.

https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library. A value is a mapping with its type and
one canonical form, so that equal quantities are equal values.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,3})")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_INT64 = 2**63
Value = dict[str, Any]


@lru_cache(maxsize=4096)
def parse(text: str) -> Fraction:
    """The number that a quantity stands for. Raises ValueError where the text is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None or len(text) > 64:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, digits, suffix = found.groups()
    if suffix in _BINARY:
        scale = Fraction(1024 ** _BINARY[suffix])
    else:
        power = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
        scale = Fraction(10) ** power
    return Fraction(f"{sign}{digits}") * scale


def quantity(text: str) -> Value:
    """``quantity(TEXT)``."""
    return _made(parse(text))


def is_quantity(text: str) -> bool:
    """``isQuantity(TEXT)``."""
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _made(number: Fraction) -> Value:
    return {"@type": "quantity", "@value": str(number)}


@lru_cache(maxsize=4096)
def _fraction(text: str) -> Fraction:
    return Fraction(text)


def _number(value: Value) -> Fraction:
    return _fraction(value["@value"])


def _operand(value: Any) -> Fraction:
    return Fraction(value) if isinstance(value, int) else _number(value)


def sign(value: Value) -> int:
    """1, 0 or -1."""
    number = _number(value)
    return (number > 0) - (number < 0)


def is_integer(value: Value) -> bool:
    """Whether it fits a 64-bit integer without rounding."""
    number = _number(value)
    return number.denominator == 1 and -_INT64 <= number < _INT64


def as_integer(value: Value) -> int:
    """The integer; raises ValueError where it is none."""
    if not is_integer(value):
        raise ValueError("cannot convert value to integer")
    return int(_number(value))


def as_float(value: Value) -> float:
    """The nearest floating-point number."""
    return float(_number(value))


def add(value: Value, other: Any) -> Value:
    """The sum with a quantity or an integer."""
    return _made(_number(value) + _operand(other))


def sub(value: Value, other: Any) -> Value:
    """The difference with a quantity or an integer."""
    return _made(_number(value) - _operand(other))


def compare(value: Value, other: Value) -> int:
    """-1, 0 or 1."""
    a, b = _number(value), _number(other)
    return (a > b) - (a < b)


_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def semver(text: str, normalize: bool = False) -> Value:
    """A semantic version (https://semver.org, 2.0.0). Raises ValueError."""
    found = _SEMVER.fullmatch(_normalized(text) if normalize else text)
    if found is None:
        raise ValueError(f"parse semver: {text[:80]!r} is no semantic version")
    return {"@type": "semver", "@value": [int(part) for part in found.groups()[:3]], "@pre": found[4] or ""}


def is_semver(text: str, normalize: bool = False) -> bool:
    """``isSemver(TEXT)``."""
    try:
        semver(text, normalize)
    except ValueError:
        return False
    return True


def _normalized(text: str) -> str:
    core, mark, rest = re.fullmatch(r"v?([^-+]*)([-+]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in core.split(".")]
    return ".".join([*parts, "0", "0"][:3] if len(parts) < 3 else parts) + mark + rest


def semver_part(index: int) -> Any:
    """A function that gives the major (0), minor (1) or patch (2) number."""
    return lambda value: value["@value"][index]


def semver_compare(value: Value, other: Value) -> int:
    """-1, 0 or 1 by precedence; build metadata doesn't count."""
    a, b = _semver_key(value), _semver_key(other)
    return (a > b) - (a < b)


def _semver_key(value: Value) -> tuple[Any, ...]:
    pre = value["@pre"]
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")] if pre else []
    return (tuple(value["@value"]), not pre, tuple(parts))
