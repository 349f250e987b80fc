"""Resource quantities as Kubernetes reads them, compared exactly.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

#: A number without digits is zero: the API server takes ``Ki``, ``.`` and ``+``; not ``Pi``, and no empty text.
_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d*|)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
#: Kubernetes keeps no finer part than a billionth, and rounds up to it.
_NANO = 10**9
#: What a binary amount is cut down to.
_MOST = Fraction(2**63 - 1)
#: An exponent beyond this is no quantity that anyone means; it would only cost memory.
_MAX_EXPONENT = 100


def quantity(value: Any) -> Fraction | None:
    """The exact value of a quantity (``250m``, ``1Gi``, ``1e3``, ``0.5``, 2); None where it is not one."""
    if not isinstance(value, str | int | float):
        return None
    return _parse(value if isinstance(value, str) else repr(value))


@lru_cache(maxsize=4096)
def _parse(written: str) -> Fraction | None:
    text = written.strip()  # as the server's decoder does
    found = _NUMBER.fullmatch(text)
    if found is None or not text or len(text) > 200:  # longer text is no number that anyone writes
        return None
    sign, digits, suffix = found[1], found[2], found[3] or ""
    if suffix in _BINARY:
        scale, exponent = Fraction(1024) ** _BINARY[suffix], 0
    else:
        exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
        if abs(exponent) > _MAX_EXPONENT:
            return None
        scale = Fraction(10) ** exponent
    if not any(map(str.isdigit, digits)) and (suffix in ("Pi", "Ei") or exponent < -9):
        return None
    number = Fraction("0" if digits in ("", ".") else digits)
    exact = Fraction(math.ceil(number * scale * _NANO), _NANO)
    if suffix in _BINARY:
        exact = min(exact, _MOST)
    return -exact if sign == "-" else exact


def positive(value: Any) -> bool:
    """Whether a value is a quantity above zero."""
    parsed = quantity(value)
    return parsed is not None and parsed > 0


def scaled(value: Any, whole: int, *, up: bool) -> int | None:
    """An int-or-percent of ``whole``: ``25%`` of 4 is 1. Percentages round ``up`` or down, as the field's rule says.

    None where it is neither; a number written as text is refused, as Kubernetes refuses it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}%", value, re.ASCII):
        share = Fraction(int(value[:-1]) * whole, 100)
        return math.ceil(share) if up else math.floor(share)
    return None
