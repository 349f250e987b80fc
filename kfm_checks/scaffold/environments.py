"""Words that stand for an environment."""

from __future__ import annotations

import re

from kfm_checks.checks.metadata import ENVIRONMENTS


def environment_words(text: str) -> list[str]:
    """The words of a path, name or label value that name an environment, in order."""
    words = re.split(r"[^a-z0-9]+", text.lower())
    return [word for word in words if any(word in family for family in ENVIRONMENTS)]
