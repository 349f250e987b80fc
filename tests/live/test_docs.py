"""What docs/how-to/look-at-a-cluster.md says that a user sees is what some test provokes."""

from __future__ import annotations

import re

import pytest

from kfm_checks.live import client, patience
from tests.conftest import ROOT

PAGE = (ROOT / "docs/how-to/look-at-a-cluster.md").read_text(encoding="utf-8")
PLACES = (
    "cluster/test_faults.py", "cluster/test_server_gone.py", "live/test_client.py", "cli/test_looking.py"
)  # fmt: skip
_LIMIT = re.compile(r"\d+ s\b")


def quoted() -> list[str]:
    """The messages of the table, up to what differs from case to case."""
    table = PAGE.partition("| what goes wrong |")[2].partition("\n\n")[0]
    return [text.partition("…")[0].rstrip() for text in re.findall(r"`([^`]+)`", table)]


def test_the_table_is_found() -> None:
    """Else the next test would look at nothing."""
    assert len(quoted()) > 15


@pytest.mark.parametrize("message", quoted())
def test_each_message_is_provoked(message: str) -> None:
    """Some test asserts these very words; limits are shorter there."""
    tests = "\n".join((ROOT / "tests" / place).read_text(encoding="utf-8") for place in PLACES)
    assert _LIMIT.sub("N s", message) in _LIMIT.sub("N s", tests)


def test_the_limits_are_the_ones_in_force() -> None:
    """As the table has them in words."""
    limits = (client.CONNECT, client.READ, client.WHOLE, client.TRIES, client.PATIENCE)
    assert limits == (5, 20, 60, 4, 20)
    assert "(5 s to connect, 20 s to answer, 60 s for the whole answer)" in PAGE
    assert "up to four times in 20 s" in PAGE
    assert (patience.SILENT, patience.GONE) == (3, 8)
