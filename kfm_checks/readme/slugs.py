"""Anchors as GitHub makes them from headings."""

from __future__ import annotations

import re
import unicodedata

#: What GitHub keeps of a heading besides the space: letters, marks, numbers, connectors such as "_", and the hyphen.
_KEPT = ("L", "M", "N", "Pc")


def slug(text: str) -> str:
    """``What goes where?`` -> ``what-goes-where``; runs of spaces stay as many hyphens."""
    lowered = text.strip().lower()
    kept = (c for c in lowered if c in " -" or unicodedata.category(c).startswith(_KEPT))
    return re.sub(" ", "-", "".join(kept))


class Slugger:
    """Counts repeated headings: the second ``Rollback`` is ``rollback-1``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        """The anchor of the next heading with this text."""
        base = slug(text)
        anchor = base
        while anchor in self._seen:
            self._seen[base] += 1
            anchor = f"{base}-{self._seen[base]}"
        self._seen[anchor] = 0
        return anchor
