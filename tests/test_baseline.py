"""The regression gate: only what got worse shuts it, and a written baseline only ever shrinks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfm_checks.baseline import Standing, against, compare, read_baseline, standing, written
from kfm_checks.cli import main
from kfm_checks.errors import UsageError
from kfm_checks.exports.json_report import as_dict, from_dict
from kfm_checks.run import check_objects

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: app}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: main, image: "registry.example/{name}{tag}"}}]}}
"""
PINNED = "@sha256:" + "a" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Plain manifests with one image that is not pinned."""
    write(tmp_path, api=":latest", web=PINNED)
    return tmp_path


def write(folder: Path, **images: str) -> None:
    """Write a Deployment for each image."""
    (folder / "manifests").mkdir(exist_ok=True)
    for name, tag in images.items():
        (folder / "manifests" / f"{name}.yaml").write_text(POD.format(name=name, tag=tag))


def run(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """``kfm-checks check`` on the manifests, images alone."""
    command = ["check", str(folder / "manifests"), "--as-of", "2026-11-22", "--only", "images-are-not-latest", *options]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out, shown.err


def test_what_stood_before_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same failures as in the baseline: 1 without it, 0 with it, and the counts are shown."""
    report = folder / "report.json"
    assert run(folder, capsys, "--output", f"json={report}")[0] == 1
    status, out, _ = run(folder, capsys, "--baseline", str(report))
    assert status == 0
    assert "against the baseline of 2026-11-22: 0 new, 0 mended, 1 unchanged" in out
    assert out.rstrip().splitlines()[-1].endswith("could not be verified by anybody.")


def test_a_new_failure_shuts_the_gate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One mended and one new: 1, and the new one is named."""
    report = folder / "report.json"
    run(folder, capsys, "--output", f"json={report}")
    write(folder, api=PINNED, web=":latest")
    status, out, _ = run(folder, capsys, "--baseline", str(report))
    assert status == 1
    assert "1 new, 1 mended, 0 unchanged" in out
    assert "new: images-are-not-latest: app/Deployment/web" in out


def test_what_nobody_looked_at_is_not_mended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A check that did not run, or that could not tell, says nothing of an old failure; the baseline keeps it."""
    file = folder / "baseline.json"
    run(folder, capsys, "--write-baseline", str(file))
    other = ["check", str(folder / "manifests"), "--as-of", "2026-11-22", "--only", "services-avoid-node-port"]
    with pytest.raises(SystemExit):
        main([*other, "--baseline", str(file), "--write-baseline", str(file)])
    assert "0 new, 0 mended, 0 unchanged, 1 not looked at" in " ".join(capsys.readouterr().out.split())
    assert failing(file) == {"images-are-not-latest: app/Deployment/api"}
    assert '"looked"' not in file.read_text()
    then = Standing("prod", failing={"a": "check: x", "b": "check: y"})
    found = compare(then, Standing("prod", looked=("check",), unknown=("a",)))
    assert (dict(found.unseen), dict(found.mended)) == ({"a": "check: x"}, {"b": "check: y"})


def test_a_failure_that_is_new_many_times_is_named_once() -> None:
    """The same check on the same object: one line with its number."""
    now = Standing("prod", failing={"a": "check: x", "b": "check: x", "c": "check: y"})
    assert compare(Standing("prod"), now).lines()[1:] == ["new: check: x (2)", "new: check: y"]


def test_the_site_refuses_a_baseline_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is judged or built: status 2, one line, no site."""
    (folder / "bad.json").write_text("[]")
    with pytest.raises(SystemExit) as stopped:
        main(["site", str(folder), "--baseline", str(folder / "bad.json"), "-o", str(folder / "out")])
    shown = capsys.readouterr()
    assert (stopped.value.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert not (folder / "out").exists()


def test_a_baseline_that_does_not_know_the_overlay(folder: Path) -> None:
    """Nothing is compared, the report says so, and the whole report decides."""
    from kfm_checks.cli.gate import status_of

    report = check_objects([], only=["RAIL-06"], as_of="2026-11-22")
    beside, comparison = against(report, {"elsewhere": Standing("elsewhere")})
    assert comparison is None
    assert beside.overlay.notes == ("the baseline does not know this overlay",)
    given = {"strict": False, "require": ["RAIL-06"]}
    assert status_of(report, None, given) == int(report.requirement("RAIL-06").status == "not-verified")


def test_moving_an_object_in_its_file_is_no_news(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fingerprint knows no line and no order."""
    report = folder / "report.json"
    run(folder, capsys, "--output", f"json={report}")
    (folder / "manifests" / "api.yaml").unlink()
    (folder / "manifests" / "a.yaml").write_text("\n\n# moved\n---\n" + POD.format(name="api", tag=":latest"))
    assert run(folder, capsys, "--baseline", str(report))[0] == 0


def test_a_row_that_nobody_looks_at_any_more_shuts_the_gate() -> None:
    """Met, now not verified: worse. Not met, now not verified: not the gate's matter; a row not asked for neither."""
    then = Standing("prod", {"RAIL-06": "met", "RAIL-05": "not-met", "SEC-04": "attested", "GIT-01": "met"})
    now = Standing("prod", {"RAIL-06": "not-verified", "RAIL-05": "not-verified", "SEC-04": "not-verified"})
    found = compare(then, now)
    assert set(found.unlooked) == {"RAIL-06", "SEC-04"}
    assert found.regressed
    assert not compare(then, then).regressed


def test_an_expired_waiver_shows_as_new() -> None:
    """What was accepted then and is open now is new: expiry is honoured on this path, too."""
    then = Standing("prod", accepted={"f": "check: a"})
    assert compare(then, Standing("prod", failing={"f": "check: a"})).regressed
    accepted = compare(Standing("prod", failing={"f": "check: a"}), then)
    assert not accepted.regressed
    assert (dict(accepted.accepted), dict(accepted.mended)) == ({"f": "check: a"}, {})


def test_write_baseline_only_shrinks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new failure is left out, and said to be; a mended one goes; --grow takes everything in."""
    file = folder / "baseline.json"
    run(folder, capsys, "--write-baseline", str(file))
    write(folder, web=":latest")
    _, _, err = run(folder, capsys, "--write-baseline", str(file))
    assert "1 new failures were not taken into" in err
    assert failing(file) == {"images-are-not-latest: app/Deployment/api"}
    write(folder, api=PINNED)
    run(folder, capsys, "--write-baseline", str(file))
    assert failing(file) == set()
    run(folder, capsys, "--write-baseline", str(file), "--grow")
    assert failing(file) == {"images-are-not-latest: app/Deployment/web"}
    assert run(folder, capsys, "--baseline", str(file))[0] == 0


def failing(file: Path) -> set[str]:
    """What a baseline accepts."""
    return {what for each in read_baseline(file).values() for what in each.failing.values()}


def test_shrinking_keeps_what_has_to_be_looked_at() -> None:
    """A row that nobody looks at any more stays in the baseline as it was: the gate does not open by being run twice."""
    report = check_objects([], only=["RAIL-06"], as_of="2026-11-22")
    before = {"": Standing("", {"RAIL-06": "met"})}
    assert report.requirement("RAIL-06").status in {"not-verified", "not-applicable"}
    text, _ = written([report], before, grow=False)
    kept = json.loads(text)["overlays"][0]["rows"]["RAIL-06"]
    assert kept == ("met" if report.requirement("RAIL-06").status == "not-verified" else "not-applicable")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "kfm-checks/report/v1"}', "nonsense",
                                  '{"schema": "kfm-checks/baseline/v1", "overlays": 3}'])  # fmt: skip
def test_a_baseline_that_is_none_is_refused(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad input is status 2 with one line, and nothing on stdout."""
    file = folder / "bad.json"
    file.write_text(text)
    status, out, err = run(folder, capsys, "--baseline", str(file))
    assert (status, out, err.count("\n")) == (2, "", 1)
    with pytest.raises(UsageError):
        read_baseline(file)


def test_a_report_is_read_back_whole() -> None:
    """What the JSON report says is the report again."""
    import yaml

    report = check_objects([yaml.safe_load(POD.format(name="api", tag=":latest"))], as_of="2026-11-22")
    again = from_dict(json.loads(json.dumps(as_dict(report))))
    assert as_dict(again) == as_dict(report)
    assert standing(again) == standing(report)
