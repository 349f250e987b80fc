"""Others' verdicts on pods, images, resources and budgets against ours."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pods_corpora import THEIRS, Compared, compare


@pytest.fixture(scope="module")
def compared(corpora: Path) -> list[Compared]:
    """Every case that bears on one of our rows."""
    return compare(corpora)


def test_every_disagreement_is_explained(compared: list[Compared]) -> None:
    """What differs is exactly what is written down as theirs; none is ours."""
    differing = {case.id for case in compared if case.theirs != case.ours}
    assert differing == set(THEIRS)


def test_no_case_is_left_without_a_verdict(compared: list[Compared]) -> None:
    """Each case is judged pass or fail: none crashes, none is skipped in silence."""
    assert {case.ours for case in compared} <= {"pass", "fail"}
    assert len(compared) > 150


def test_the_table_in_the_documentation_is_the_measured_one(compared: list[Compared]) -> None:
    """docs/agreement/pods.md carries the figures that this run measured."""
    text = (ROOT / "docs" / "agreement" / "pods.md").read_text(encoding="utf-8")
    count: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for case in compared:
        count[case.topic][0] += 1
        count[case.topic][1] += case.theirs == case.ours
    for topic, (total, agreed) in count.items():
        assert f"| `{topic}` | {total} | {agreed} | {total - agreed} |" in text
    assert all(f"`{id}`" in text for id in THEIRS)
