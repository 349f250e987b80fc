"""The page docs/agreement/api-server.md: each subject's figures stand on it as they were counted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.cluster.parity import EXPLAINED, PAGE, Case, Tally, told


def counted(subject: str, cases: list[Case], explained: Mapping[str, str] | None = None) -> None:
    """Fail on what nobody explained, and where the page says other figures or lacks a reason."""
    EXPLAINED[subject] = dict(explained or {})
    tally = Tally(subject)
    tally.add(cases)
    told(tally)
    page = PAGE.read_text(encoding="utf-8")
    for reason in EXPLAINED[subject].values():
        assert reason in page, f"the page does not explain: {reason}"
    assert tally.line in page, f"the page has other figures; counted: {tally.line}"
