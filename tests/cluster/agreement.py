"""The page docs/agreement/api-server.md: each subject's figures stand on it as they were counted."""

from __future__ import annotations

from collections.abc import Mapping

from tests.cluster.parity import EXPLAINED, PAGE, Case, Tally, told


def counted(
    subject: str, cases: list[Case], explained: Mapping[str, str] | None = None, *, moves: bool = False
) -> None:
    """Fail on what nobody explained, and where the page says other figures or lacks a reason.

    ``moves``: the overlay is what is counted, which changes; then only the number of differences has to be the page's.
    """
    EXPLAINED[subject] = dict(explained or {})
    tally = Tally(subject)
    tally.add(cases)
    told(tally)
    page = PAGE.read_text(encoding="utf-8")
    for reason in EXPLAINED[subject].values():
        assert reason in page, f"the page does not explain: {reason}"
    agree = len(cases) - len(tally.differ)
    figures = f"{len(tally.differ):,} |" if moves else f"{len(cases):,} | {agree:,} | {len(tally.differ):,} |"
    row = next((line for line in page.splitlines() if line.startswith(f"| {subject} |")), "")
    assert row.endswith(f"| {figures}"), f"the page says {row!r}; counted: {figures}"
