"""What all tests share: the repository's root, the corpora where they are, and a pinned day."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
#: The day that tests judge expiry by.
AS_OF = "2026-11-22"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Others' cases with verdicts; skipped, visibly, where they are absent."""
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is absent: others' verdicts were not compared")
    return CORPORA
