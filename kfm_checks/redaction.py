"""The one place where values are withheld; evidence, render and diff all go through it."""

from __future__ import annotations

from kfm_checks.model import ObjectKey, Path

WITHHELD = "(withheld)"


def withheld(key: ObjectKey, path: Path) -> bool:
    """Whether a field's value may never be shown: everything below ``data`` and ``stringData`` of a Secret."""
    return key.kind == "Secret" and key.group == "" and path[:1] in {("data",), ("stringData",)}


def redact(text: str) -> str:
    """The text with every recognised credential replaced by ``(withheld)``."""
    if not text:
        return text
    from kfm_checks.credentials import mask

    return mask(text)
