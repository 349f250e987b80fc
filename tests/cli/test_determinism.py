"""The same input gives the same bytes: whatever the working directory, the order of files, or Python's hash seed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.helper import Ran, run, run_alone, write
from tests.conftest import AS_OF, ROOT

FORMATS = ("json", "junit", "markdown", "csv", "table")
OVERLAY = "overlays/production"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository; its ``.git`` is empty, so that nothing of this machine's git counts."""
    folder = tmp_path_factory.mktemp("first") / "maps"
    shutil.copytree(ROOT / "tests/fixtures/well_run/maps-openshift", folder)
    return write(folder, {})


def _check(path: str | Path, format_: str) -> Ran:
    ran = run("check", str(path), "--as-of", AS_OF, "--format", format_)
    assert ran.err == ""
    return ran


@pytest.mark.parametrize("format_", FORMATS)
def test_twice_the_same_bytes_and_no_absolute_path(
    repository: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the machine, of the clock, or of the run before is in it."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(repository)
    first = _check(OVERLAY, format_)
    assert _check(OVERLAY, format_) == first
    monkeypatch.chdir(repository / "base")
    assert _check(f"../{OVERLAY}", format_) == first, "from another working directory"
    monkeypatch.chdir("/")
    assert _check(repository / OVERLAY, format_) == first, "by an absolute path"
    assert not re.search(r"(?<![\w.:/])/(?:tmp|home|root|work|usr|var|private)/", first.out)
    assert str(repository) not in first.out


def test_from_inside_the_overlay(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``check .`` says the same as ``check PATH``."""
    monkeypatch.chdir(repository)
    outside = _check(OVERLAY, "json")
    monkeypatch.chdir(repository / OVERLAY)
    assert _check(".", "json") == outside


def test_another_place_and_another_order_of_files(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy elsewhere, written in the reverse order, gives the same bytes."""
    copy = tmp_path / "elsewhere" / "clone"
    for path in sorted(repository.rglob("*"), reverse=True):
        target = copy / path.relative_to(repository)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    monkeypatch.chdir(repository)
    first = _check(OVERLAY, "json")
    monkeypatch.chdir(copy)
    assert _check(OVERLAY, "json") == first


def test_the_hash_seed_decides_nothing(repository: Path) -> None:
    """Sets and dicts are never shown in the order of their hashes."""
    seen = {
        run_alone(
            "check", OVERLAY, "--as-of", AS_OF, "--format", "json", cwd=repository, env={"PYTHONHASHSEED": seed}
        ).out
        for seed in ("0", "1", "4242")
    }
    assert len(seen) == 1
    assert "kfm-checks/report/v1" in seen.pop()


def test_the_order_of_resources_decides_no_verdict(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resources named in another order: the same evidence, in the same order."""
    copy = tmp_path / "maps"
    shutil.copytree(repository, copy)
    file = copy / OVERLAY / "kustomization.yml"
    text = file.read_text()
    lines = re.findall(r"(?m)^  - (?!path)[\w./]+$", text)
    assert len(lines) > 3
    turned = text.replace("\n".join(lines), "\n".join(reversed(lines)))
    assert turned != text
    monkeypatch.chdir(repository)
    first = _without_lines(_check(OVERLAY, "json").out)
    file.write_text(turned)
    monkeypatch.chdir(copy)
    assert _without_lines(_check(OVERLAY, "json").out) == first


def _without_lines(text: str) -> str:
    """Without the lines of the entrypoint, which moved."""
    return re.sub(r'"line": \d+', '"line": 0', text)


def test_outputs_are_the_same_on_stdout_and_in_files(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--output FORMAT=FILE`` writes what ``--format`` prints."""
    monkeypatch.chdir(repository)
    wanted = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "csv", "markdown")}
    options = [word for name, path in wanted.items() for word in ("--output", f"{name}={path}")]
    run("check", OVERLAY, "--as-of", AS_OF, *options)
    for name, path in wanted.items():
        assert path.read_bytes().decode() == _check(OVERLAY, name).out


def test_exit_statuses(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 where no must is not met; 1 with --strict for a must that nobody verified, and for a required row."""
    monkeypatch.chdir(repository)
    assert run("check", OVERLAY, "--as-of", AS_OF).status == 0
    assert run("check", OVERLAY, "--as-of", AS_OF, "--strict").status == 1
    assert run("check", OVERLAY, "--as-of", AS_OF, "--require", "OPS-01").status == 1
    assert run("check", OVERLAY, "--as-of", AS_OF, "--require", "RAIL-03").status == 0
    assert run("check", OVERLAY, "--as-of", AS_OF, "--only", "RAIL-03", "--strict").status == 0


def test_the_last_line_counts_what_nobody_could_verify(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is said, the summary ends with it."""
    monkeypatch.chdir(repository)
    last = run("check", OVERLAY, "--as-of", AS_OF).out.rstrip("\n").splitlines()[-1]
    assert re.fullmatch(r"\d+ of \d+ musts could not be verified by anybody\.", last)
