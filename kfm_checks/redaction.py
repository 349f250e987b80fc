"""The one place where values are withheld; evidence, render and diff all go through it."""

from __future__ import annotations

from kfm_checks.credentials import mask
from kfm_checks.model import ObjectKey, Path

WITHHELD = "(withheld)"
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def withheld(key: ObjectKey, path: Path) -> bool:
    """Whether a field's value may never be shown: all of a Secret's ``data`` and ``stringData``, and their copy.

    ``kubectl apply`` keeps the whole object in an annotation.
    """
    if key.kind != "Secret" or key.group != "":
        return False
    return path[:1] in {("data",), ("stringData",)} or path[-1:] == (_APPLIED,)


def redact(text: str) -> str:
    """The text with every recognised credential replaced by ``(withheld)``."""
    return mask(text) if text else text
