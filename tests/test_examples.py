"""Every example of every check: what holds, what fails, what has nothing to examine, what is sly."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.checks import CHECKS
from tests.examples import Case, cases, content, files


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.check}-{c.section}-{c.about[:60]}") for c in cases()])
def test_example(case: Case, tmp_path: Path) -> None:
    """The outcome is the one that the example states, and the failing evidence is exactly what it lists."""
    result = case.run(tmp_path)
    assert result.outcome == case.outcome, (result.reason, [e for e in result.evidence if e.holds is not True])
    if case.outcome == "pass":
        assert result.examined > 0
    if "evidence" in case.content:
        failing = [(str(e.subject), e.pointer) for e in result.evidence if e.holds is False]
        wanted = [(item["subject"], item.get("pointer", "")) for item in case.content["evidence"]]
        assert sorted(failing) == sorted(wanted)


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_each_check_has_examples_of_each_kind(name: str) -> None:
    """A check without a passing, a failing, an empty case and a mutation is not finished."""
    path = next((p for p in files() if p.stem == name), None)
    assert path is not None, f"{name} has no file of examples"
    said = content(path)
    assert said["check"] == name
    # A check that can't come to one of the two verdicts says so, and why.
    holds = "cannot-pass" if said.get("cannot-pass") else "holds"
    fails = "cannot-fail" if said.get("cannot-fail") else "fails"
    # What a cluster shows is changed in the cluster: tests/live/test_live_mutations.py.
    turned = "live-mutations" if said.get("live-mutations") else "mutations"
    missing = [section for section in (holds, fails, "nothing", turned) if not said.get(section)]
    assert not missing
