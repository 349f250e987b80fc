"""Break a good change in one place: exactly the named rows turn, no others."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.model import Report
from kfm_checks.run import Options, judge
from tests.change.cases import commit, put, request, start, write
from tests.conftest import AS_OF
from tests.examples import content, files
from tests.test_mutations import OVERLAY, apply, copy

#: The good change: one replica more of the API.
GOOD = [{"file": str(OVERLAY / "patches/kfm-api-scale.yaml"), "append": "# one line more\n"}]


def mutations() -> list[Any]:
    """Every mutation of a change, of every file of examples."""
    return [
        pytest.param(case, id=f"{path.stem}-{case['about'][:60]}")
        for path in files()
        for case in content(path).get("mutations") or []
        if "change" in case
    ]


def report(root: Path, case: dict[str, Any]) -> Report:
    """The report on the good change, with the case's edits and words."""
    start(root)
    copy(root)
    put(root, {".github/CODEOWNERS": "* @alice\n"})
    apply(case.get("base-edits") or [], root)
    base = commit(root)
    apply(GOOD + (case.get("edits") or []), root)
    head = commit(root)
    facts = write(root.parent / "change.json", request(base, head, case["change"]))
    return judge(root / OVERLAY, Options(as_of=AS_OF, change=facts)).report


@cache
def unmutated(root: Path) -> Report:
    """The report on the good change."""
    return report(root, {"change": {}})


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on the good change, once a session."""
    return unmutated(tmp_path_factory.mktemp("good") / "repository")


def test_the_good_change_is_good(good: Report) -> None:
    """Every row about the change is met, so that a mutation has something to turn."""
    rows = ("CHG-01", "CHG-02", "CHG-03", "CHG-04", "CHG-06", "CHG-09", "DOD-01", "DOD-03", "DOD-04", "GATE-05")
    assert {id: good.requirement(id).status for id in rows} == dict.fromkeys(rows, "met")


@pytest.mark.parametrize("case", mutations())
def test_mutation_turns_exactly_its_rows(case: dict[str, Any], good: Report, tmp_path: Path) -> None:
    """The rows whose status differs from the good change's are exactly those that the case names."""
    after = report(tmp_path / "repository", case)
    was = {row.id: row.status for row in good.requirements}
    turned = {row.id: row.status for row in after.requirements if row.status != was[row.id]}
    assert turned == case["turns"]
