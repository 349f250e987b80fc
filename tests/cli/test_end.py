"""The end of a check: the process leaves at once, with everything written and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

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
