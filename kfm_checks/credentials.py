"""Recognise credentials in text. (The helper who owns SEC fills this in.)"""

from __future__ import annotations


def mask(text: str) -> str:
    """The text with every recognised credential replaced by ``(withheld)``."""
    return text
