"""Files of earlier commits, asked for together: the same answers as one by one, whatever their names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kfm_checks.facts.repository import Repository
from tests.examples import commit_all

FILES = {
    "data/manifest.yaml": "a: 1\n",
    "data/empty.yaml": "",
    "data/no end": "x\n\ny",
    "data/ümlaut missing": "found",
    "data/line\nbreak.yaml": "odd",
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    commit_all(tmp_path)
    return Repository(tmp_path, "")


def test_files_of_a_commit_come_in_the_order_asked(repository: Repository) -> None:
    """Empty ones, ones without a last line break, names with blanks; what isn't there, or is a folder, is None."""
    names = [
        "data/no end",
        "gone.yaml",
        "data/empty.yaml",
        "data",
        "data/ümlaut missing",
        "../out",
        "data/manifest.yaml",
    ]
    found = repository.texts([f"HEAD:{name}" for name in names])
    assert found == ["x\n\ny", None, "", None, "found", None, "a: 1\n"]
    assert repository.texts(["gone:data/manifest.yaml", "", "HEAD:data/manifest.yaml"]) == [None, None, "a: 1\n"]
    assert repository.texts([]) == []


def test_a_name_with_a_line_break_shifts_no_other_answer(repository: Repository) -> None:
    """Nobody can make one file pass for another by its name."""
    names = ["HEAD:data/line\nbreak.yaml", "HEAD:data/manifest.yaml", "HEAD:gone\nHEAD:data/no end"]
    assert repository.texts(names) == ["odd", "a: 1\n", None]


def test_files_of_a_commit_are_asked_for_by_one_process(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred revisions are not two hundred processes."""
    calls: list[object] = []
    real = subprocess.run

    def counted(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", counted)
    assert repository.texts(["HEAD:data/manifest.yaml"] * 200) == ["a: 1\n"] * 200
    assert len(calls) == 1
