"""Files of earlier commits, asked for together: the same answers as one by one, whatever their names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kfm_checks.errors import NotVerified
from kfm_checks.facts.repository import Repository, ignored_files, tracked_files
from kfm_checks.site import commit_date
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


def test_what_git_tracks_and_ignores(repository: Repository) -> None:
    """All files, or those of the overlay's folder, each by its path from the root; names with any letter."""
    root = repository.root
    (root / ".gitignore").write_text("*.log\n", encoding="utf-8")
    for name in ("data/a.log", "b.log", "new.yaml", "data/new.yaml"):
        (root / name).write_text("", encoding="utf-8")
    assert repository.tracked == tracked_files(repository) == set(FILES)
    assert repository.ignored == ignored_files(repository) == {"data/a.log", "b.log"}
    folder = Repository(root, "data")
    assert folder.tracked == set(FILES) and folder.ignored == {"data/a.log"}
    assert Repository(root, "empty").tracked == Repository(root, "empty").ignored == frozenset()


def test_which_commits_exist(repository: Repository, tmp_path: Path) -> None:
    """By any name of a commit; a file of one is none, nor is a word that looks like an option."""
    assert repository.has_commit("HEAD") is True and repository.has_commit("main") is True
    assert [repository.has_commit(name) for name in ("gone", "", "--all", "HEAD:data/manifest.yaml")] == [False] * 4
    assert not Repository(tmp_path / "data" / "nowhere", "").has_commit("HEAD")
    with pytest.raises(NotVerified, match="git refuses: "):
        repository.git("rev-parse", "gone")


def test_a_name_that_git_cannot_decode(repository: Repository) -> None:
    """Bytes that are no UTF-8 come through as they are."""
    name = b"data/\xff.yaml"
    (repository.root / os.fsdecode(name)).write_text("odd: 1\n", encoding="utf-8")
    commit_all(repository.root, "odd")
    assert os.fsdecode(name) in repository.tracked
    assert repository.texts([f"HEAD:{os.fsdecode(name)}"]) == ["odd: 1\n"]
    (repository.root / os.fsdecode(name)).write_bytes(b"odd: \xff\n")
    commit_all(repository.root, "odder")
    assert repository.texts([f"HEAD:{os.fsdecode(name)}"]) == ["odd: \udcff\n"]


def test_git_is_asked_so_that_it_neither_writes_nor_waits(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No prompt, no lock, no hook of a file watcher, messages in English, and an end after half a minute."""
    seen: list[tuple[list[str], dict[str, object]]] = []
    real = subprocess.run

    def kept(command: list[str], **options: object) -> object:
        seen.append((command, options))
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", kept)
    repository.git("status")
    ((command, options),) = seen
    assert {"core.quotePath=false", "core.fsmonitor=false"} <= set(command)
    environment = options["env"]
    assert isinstance(environment, dict) and options["timeout"] == 30
    assert [environment[name] for name in ("GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "LC_ALL")] == ["0", "0", "C"]


def test_a_machine_without_git_or_with_a_slow_one(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looked, and why."""

    def failing(error: Exception) -> None:
        def run(*_: object, **__: object) -> object:
            raise error

        monkeypatch.setattr(subprocess, "run", run)

    failing(FileNotFoundError())
    with pytest.raises(NotVerified, match="git is not installed"):
        _ = repository.tracked
    failing(subprocess.TimeoutExpired("git", 30))
    with pytest.raises(NotVerified, match="did not answer within 30 s"):
        _ = repository.ignored
    assert repository.texts(["HEAD:a"]) == [None] and not repository.has_commit("HEAD")


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"])
def test_a_hook_of_another_repository_changes_no_answer(
    name: str, repository: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git sets variables for the hooks that it runs; the repository asked about is still the one of the overlay."""
    monkeypatch.setenv(name, str(tmp_path_factory.mktemp("elsewhere")))
    assert tracked_files(repository) == FILES.keys()
    assert repository.texts(["HEAD:data/manifest.yaml"]) == ["a: 1\n"]
    assert commit_date(repository.root)


def test_a_refusal_names_no_absolute_path(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """What git says stands in the report as a reason, and another machine has other paths."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(NotVerified, match="dubious ownership") as refused:
        tracked_files(repository)
    assert str(repository.root) not in refused.value.reason
