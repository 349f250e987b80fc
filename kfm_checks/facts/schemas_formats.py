"""Formats and names as the API server checks them: each function gives what is wrong, or "" where it is right."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?", re.ASCII)
DNS_1035 = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?", re.ASCII)
DNS_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", re.ASCII)
_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?"
    r"(?:[Zz]|[-+](?:[01]\d|2[0-4]):[0-5]\d)",
    re.ASCII,
)
LONGEST_LABEL, LONGEST_SUBDOMAIN = 63, 253
ANNOTATIONS_BYTES = 256 * 1024


def dns_label(text: str) -> str:
    """RFC 1123 label: the names of namespaces."""
    if len(text) <= LONGEST_LABEL and DNS_LABEL.fullmatch(text):
        return ""
    return "at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit"


def dns_1035(text: str) -> str:
    """RFC 1035 label: the names of Services before Kubernetes relaxed them."""
    if len(text) <= LONGEST_LABEL and DNS_1035.fullmatch(text):
        return ""
    return "at most 63 lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit"


def dns_subdomain(text: str) -> str:
    """RFC 1123 subdomain: the names of most objects."""
    if len(text) <= LONGEST_SUBDOMAIN and DNS_SUBDOMAIN.fullmatch(text):
        return ""
    return "at most 253 lower-case letters, digits, '-' and '.', each part beginning and ending with a letter or digit"


def path_segment(text: str) -> str:
    """Names that may be anything that fits in a URL's path: RBAC objects."""
    return "no '/' or '%', and neither '.' nor '..'" if text in {".", ".."} or "/" in text or "%" in text else ""


def label_key(text: str) -> str:
    """A qualified name: ``name`` or ``prefix/name``."""
    prefix, slash, name = text.rpartition("/")
    if (slash and (not prefix or dns_subdomain(prefix))) or len(name) > LONGEST_LABEL or not _NAME.fullmatch(name):
        return "an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_' and '.'"
    return ""


def label_value(text: str) -> str:
    """A label's value: empty, or a name of at most 63 characters."""
    if not text or (len(text) <= LONGEST_LABEL and _NAME.fullmatch(text)):
        return ""
    return "at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"


def int32(value: Any) -> str:
    """A 32-bit integer."""
    return "" if -(2**31) <= value < 2**31 else "a 32-bit whole number"


def base64_bytes(value: Any) -> str:
    """Base64 as Go's standard encoding reads it: padded, line breaks allowed."""
    try:
        base64.b64decode(value.replace("\n", "").replace("\r", "").encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return "base64"
    return ""


def date_time(value: Any) -> str:
    """RFC 3339, as Kubernetes writes times."""
    return "" if _TIME.fullmatch(value) else "a time such as 2026-01-31T12:00:00Z"


#: Formats that a decoder refuses by itself, by their name in OpenAPI. Others are documentation only.
FORMATS: dict[str, Callable[[Any], str]] = {"int32": int32, "byte": base64_bytes, "date-time": date_time}
