"""The end of a check: the process leaves at once, with everything written and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.change.cases import commit, put, request, start
from tests.change.cases import write as write_json
from tests.cli.helper import OVERLAY, run_alone


def test_a_check_writes_everything_and_leaves_no_scratch_folder(tmp_path: Path) -> None:
    """Also where a change is judged, whose base is extracted into a folder that lives as long as the process."""
    root, scratch = tmp_path / "repository", tmp_path / "scratch"
    scratch.mkdir()
    start(root)
    put(root / "prod", OVERLAY)
    base = commit(root)
    put(root / "prod", {"ns.yaml": OVERLAY["ns.yaml"].replace("app", "web")})
    facts = write_json(tmp_path / "change.json", request(base, commit(root)))
    output = tmp_path / "report.json"
    arguments = ("check", "prod", "--change", str(facts), "--format", "json", "--output", f"json={output}")
    ran = run_alone(*arguments, "--output", f"markdown={tmp_path / 'r.md'}", cwd=root, env={"TMPDIR": str(scratch)})
    assert (ran.status, ran.err) == (1, "")
    assert json.loads(output.read_text(encoding="utf-8"))["overlay"]["path"] == "prod"
    assert list(scratch.iterdir()) == []


def test_a_long_report_arrives_whole_in_a_pipe(tmp_path: Path) -> None:
    """Nothing that was printed is lost when the process leaves."""
    spaces = "---\n".join(
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: app-{number}}}\n" for number in range(200)
    )
    start(tmp_path)
    put(tmp_path / "prod", {**OVERLAY, "ns.yaml": spaces})
    ran = run_alone("check", "prod", "--format", "json", cwd=tmp_path)
    assert len(ran.out) > 200_000
    assert json.loads(ran.out)["overlay"]["objects"] == 200


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_takes_nothing_and_gives_nothing(closed: str, tmp_path: Path) -> None:
    """The verdict stands, files are whole, and what was meant for a closed stream goes nowhere else."""
    start(tmp_path)
    put(tmp_path / "prod", OVERLAY)
    shell = ("sh", "-c", f'exec "$@" {closed}', "sh")
    ran = run_alone("check", "prod", "--only", "GATE-01", "--output", "json=r.json", cwd=tmp_path, prefix=shell)
    assert (ran.status, ran.err) == (0, "")
    assert ("GATE-01" in ran.out) == (">&-" not in closed.split())
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["decision"] == "compliant"
    missing = run_alone("check", "gone", cwd=tmp_path, prefix=shell)
    assert (missing.status, missing.out) == (2, "")
    assert ("gone" in missing.err) == ("2>&-" not in closed.split())


def test_a_diff_to_a_closed_stream(tmp_path: Path) -> None:
    """A diff exits 0 whatever differs, whoever reads."""
    start(tmp_path)
    put(tmp_path / "prod", OVERLAY)
    shell = ("sh", "-c", 'exec "$@" >&-', "sh")
    assert run_alone("diff", "prod", "prod", cwd=tmp_path, prefix=shell).status == 0
