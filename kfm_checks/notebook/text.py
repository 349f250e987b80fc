"""Hostile text made plain: manifests come from pull requests, and notebooks are published."""

from __future__ import annotations

import unicodedata
from html import escape

from kfm_checks.redaction import redact


def plain(value: object) -> str:
    """One printable line: no control or direction-changing character, no recognised credential."""
    folded = " ".join(str(value).split())
    shown = "".join(c if unicodedata.category(c)[0] != "C" else f"\\x{ord(c):02x}" for c in folded)
    return redact(shown)


def html(value: object) -> str:
    """Plain text, escaped for HTML content and attributes."""
    return escape(plain(value), quote=True)


def soft(value: object) -> str:
    """Escaped text that may break after the marks of paths and names, so that long ones don't widen a table."""
    return "".join(escape(c, quote=True) + ("<wbr>" if c in "/.:@,=_" else "") for c in plain(value))


def shortened(text: str, limit: int) -> str:
    """A text cut in its middle: the ends of names tell them apart."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def listed(items: list[str], limit: int = 12) -> str:
    """A list in words, which says how many it leaves out."""
    shown = ", ".join(items[:limit])
    return f"{shown} and {len(items) - limit} more" if len(items) > limit else shown
