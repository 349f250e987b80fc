"""List and string functions that Kubernetes adds to CEL, and the formats of names.

https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library and #kubernetes-format-library.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from kfm_checks.admission import lib_net, re2


def _comparable(values: list[Any]) -> list[Any]:
    kinds = {"number" if isinstance(v, int | float) and not isinstance(v, bool) else type(v).__name__ for v in values}
    if len(kinds) > 1:
        raise TypeError("no such overload")
    return values


def is_sorted(values: list[Any]) -> bool:
    """Whether no item is less than the one before."""
    items = _comparable(values)
    return all(not b < a for a, b in pairwise(items))


def total(values: list[Any]) -> Any:
    """The sum; 0 of nothing."""
    items = _comparable(values)
    if items and isinstance(items[0], str):
        raise TypeError("no such overload")
    return sum(items[1:], items[0]) if items else 0


def least(values: list[Any]) -> Any:
    """The least item; raises ValueError on an empty list."""
    if not values:
        raise ValueError("min called on empty list")
    return min(_comparable(values))


def greatest(values: list[Any]) -> Any:
    """The greatest item; raises ValueError on an empty list."""
    if not values:
        raise ValueError("max called on empty list")
    return max(_comparable(values))


def index_of(values: Any, item: Any, start: int = 0) -> int:
    """For a list the first index of an equal item, for a string as the strings extension has it; -1 where none."""
    if isinstance(values, str):
        if not 0 <= start <= len(values):
            raise ValueError(f"index out of range: {start}")
        return values.find(item, start)
    return next((i for i, value in enumerate(values) if _same(value, item)), -1)


def last_index_of(values: Any, item: Any, end: int | None = None) -> int:
    """As ``index_of``, from the end."""
    if isinstance(values, str):
        if end is not None and not 0 <= end < len(values):
            raise ValueError(f"index out of range: {end}")
        return values.rfind(item) if end is None else values.rfind(item, 0, end + len(item))
    return max((i for i, value in enumerate(values) if _same(value, item)), default=-1)


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def find(text: str, pattern: str) -> str:
    """The first match of an RE2 pattern, "" where there is none."""
    return next(iter(re2.find_all(text, pattern)), "")


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """Every match of an RE2 pattern, at most ``limit`` where that is not negative."""
    found = re2.find_all(text, pattern)
    return found if limit < 0 else found[:limit]


_LABEL, _LABEL_1035 = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#: Format -> pattern, greatest length.
_PATTERNS: dict[str, tuple[str, int]] = {
    "dns1123Label": (_LABEL, 63),
    "dns1123Subdomain": (_SUBDOMAIN, 253),
    "dns1035Label": (_LABEL_1035, 63),
    "labelValue": (rf"({_NAME})?", 63),
    "uuid": (r"(?i:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})", 36),
    "byte": (r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", 2**31),
}
FORMATS = frozenset(
    {*_PATTERNS, "qualifiedName", "uri", "date", "datetime"}
    | {f"{name}Prefix" for name in ("dns1123Label", "dns1123Subdomain", "dns1035Label")}
)


def format_problems(name: str, text: str) -> list[str]:
    """What is wrong with a text by a named format; [] where it meets it. Raises ValueError on an unknown format."""
    if name not in FORMATS:
        raise ValueError(f"format {name!r} is unknown")
    ok = _meets(name.removesuffix("Prefix"), text[:-1] + "a" if name.endswith("Prefix") and text[-1:] == "-" else text)
    return [] if ok else [f"must be a valid {name}"]


def _meets(name: str, text: str) -> bool:
    if name in _PATTERNS:
        pattern, longest = _PATTERNS[name]
        return len(text) <= longest and re.fullmatch(pattern, text) is not None
    if name == "qualifiedName":
        prefix, slash, rest = text.rpartition("/")
        named = len(rest) <= 63 and re.fullmatch(_NAME, rest) is not None
        return named and (not slash or _meets("dns1123Subdomain", prefix))
    if name == "uri":
        return lib_net.is_url(text)
    try:
        _ = date.fromisoformat(text) if name == "date" else datetime.fromisoformat(text)
    except ValueError:
        return False
    return name == "date" or "T" in text.upper()
