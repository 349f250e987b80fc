"""Break the shipped overlay in one place: exactly the named rows turn, no others."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.model import Report
from kfm_checks.run import check_overlay
from tests.conftest import AS_OF, ROOT
from tests.examples import commit_all, content, files

OVERLAY = Path("infra/clusters/prod")


def mutations() -> list[Any]:
    """Every mutation of every file of examples."""
    return [
        pytest.param(case, id=f"{path.stem}-{case['about'][:60]}")
        for path in files()
        for case in content(path).get("mutations") or []
        if "change" not in case  # those of changes: tests/change/test_change_mutations.py
    ]


def copy(target: Path) -> Path:
    """A copy of what is governed, in a repository of its own."""
    shutil.copytree(ROOT / "infra", target / "infra")
    for name in (".github", "CODEOWNERS"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, target / name)
    return target


@cache
def unmutated(scratch: Path) -> Report:
    """The report on the overlay as it is."""
    commit_all(copy(scratch))
    return check_overlay(scratch / OVERLAY, as_of=AS_OF)


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on the overlay as it is, once a session."""
    return unmutated(tmp_path_factory.mktemp("whole"))


def apply(edits: list[dict[str, Any]], target: Path) -> None:
    """Edit files; a text that is to be replaced has to be there."""
    for edit in edits:
        path = target / edit["file"]
        if edit.get("delete"):
            path.unlink()
        elif "copy" in edit:
            from kfm_checks.render import find_renderer, render

            made = [render(target / folder, find_renderer()) for folder in edit["copy"]]
            path.write_text("---\n".join(made), encoding="utf-8")
        elif "content" in edit:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit["content"], encoding="utf-8")
        elif "append" in edit:
            path.write_text(path.read_text(encoding="utf-8") + edit["append"], encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
            assert edit["find"] in text, f"{edit['file']} does not have {edit['find']!r}"
            path.write_text(text.replace(edit["find"], edit["replace"]), encoding="utf-8")


@pytest.mark.parametrize("case", mutations())
def test_mutation_turns_exactly_its_rows(case: dict[str, Any], before: Report, tmp_path: Path) -> None:
    """The rows whose status differs from the untouched overlay's are exactly those that the case names."""
    copy(tmp_path)
    if case.get("history"):  # the untouched overlay is an earlier commit
        commit_all(tmp_path)
    apply(case["edits"], tmp_path)
    commit_all(tmp_path)
    after = check_overlay(tmp_path / OVERLAY, as_of=AS_OF)
    was = {row.id: row.status for row in before.requirements}
    turned = {row.id: row.status for row in after.requirements if row.status != was[row.id]}
    assert turned == case["turns"]
