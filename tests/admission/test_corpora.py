"""Others' verdicts on admission policies: at least nine tenths evaluated, and none of those otherwise than they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.admission.corpora import NAMES, Comparison, compare
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "agreement" / "admission.md"


@pytest.fixture(scope="module")
def compared(corpora: Path) -> list[Comparison]:
    """Every case, compared once."""
    return list(compare(corpora))


def test_every_case_that_is_evaluated_agrees(compared: list[Comparison]) -> None:
    """No verdict of ours differs from theirs."""
    assert [(c.id, c.expected, c.ours) for c in compared if c.evaluated and c.ours != c.expected] == []


@pytest.mark.parametrize("name", NAMES)
def test_corpus_is_read(compared: list[Comparison], name: str) -> None:
    """Each corpus has cases of both verdicts."""
    assert {c.expected for c in compared if c.corpus == name} == {"pass", "fail"}


@pytest.mark.parametrize("name", NAMES)
def test_nine_tenths_are_evaluated(compared: list[Comparison], name: str) -> None:
    """Of each corpus at most a tenth is not evaluated, and each of those says why."""
    cases = [c for c in compared if c.corpus == name]
    left = [c for c in cases if not c.evaluated]
    assert len(left) * 10 <= len(cases)
    assert all(c.reason for c in left)


def test_the_page_states_these_figures(compared: list[Comparison]) -> None:
    """The table of agreement shows the counts that come out here."""
    text = PAGE.read_text(encoding="utf-8")
    for name in NAMES:
        cases = [c for c in compared if c.corpus == name]
        evaluated = sum(c.evaluated for c in cases)
        row = re.search(rf"^\| `{name}` \| (\d+) \| (\d+) \| (\d+) \|", text, re.MULTILINE)
        assert row is not None, name
        assert [int(n) for n in row.groups()] == [len(cases), evaluated, evaluated]
    for case in compared:
        if not case.evaluated:
            assert case.reason in text, case.reason
