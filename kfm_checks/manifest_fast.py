"""The fast way to read rendered objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.manifest_yaml import documents


def fast_documents(text: str) -> Iterator[tuple[Any, int]]:
    """Each document's value and line."""
    for document in documents(text, file="rendered objects", lines=False):
        yield document.value, document.line
