"""The review: decision, who must act, what changed since; recorded once, proved later; a form for those without git."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from kfm_checks.cli import main
from kfm_checks.config import parse_settings
from kfm_checks.records import parse_records
from kfm_checks.requirements import requirement
from kfm_checks.review_form import SCRIPT, form, new_file_page
from kfm_checks.yamlfile import parse_yaml

from .test_records import DEPLOYMENT, WAIVER, as_yaml, git, run

WEB = DEPLOYMENT.replace("name: api", "name: web")


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A committed overlay with one bad image and a waiver that covers nothing yet."""
    folder = tmp_path / "infra" / "prod"
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("resources: [api.yaml]\n")
    (folder / "api.yaml").write_text(DEPLOYMENT)
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "Start")
    return folder


def commit(root: Path, message: str) -> None:
    """Commit everything."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def record(overlay: Path, capsys: pytest.CaptureFixture[str], day: str, *more: str) -> tuple[int, str, str]:
    """``kfm-checks review --record`` on a day."""
    who = ("--by", "Ada", "--role", "data-steward")
    return run(capsys, "review", str(overlay), "--as-of", day, "--record", *who, *more)


def test_the_review_says_what_is_decided_and_whose_turn_it_is(
    overlay: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract's words for the decision, the open rows under the role that must act, and exit like ``check``."""
    status, out, _ = run(capsys, "review", str(overlay), "--as-of", "2026-11-22")
    assert status == 1
    assert "Not compliant: " in out
    assert "platform operator (" in out
    assert "There is no earlier review" in out
    assert "RAIL-06 · must · not met" in out


def test_a_review_is_recorded_with_all_that_proves_it(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commit, three digests, day, decision, conditions, who, each row's status, and the failing fingerprints."""
    assert record(overlay, capsys, "2026-11-22", "--condition", "pin the image by Friday")[0] == 1
    found = yaml.safe_load((overlay / "governance/reviews/2026-11-22.yaml").read_text())
    head = subprocess.run(["git", "-C", str(overlay), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert found["commit"] == head.stdout.strip()
    assert set(found["digests"]) == {"overlay", "catalogue", "report"}
    assert all(value.startswith("sha256:") for value in found["digests"].values())
    assert (found["decision"], found["by"], found["role"]) == ("not-compliant", "Ada", "data-steward")
    assert found["conditions"] == ["pin the image by Friday"]
    assert found["rows"]["RAIL-06"] == "not-met"
    assert any("images-are-not-latest: app/Deployment/api" in what for what in found["failing"].values())


def test_a_later_run_proves_a_review(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After more commits the record still holds; a forged one does not; nothing is left in the repository."""
    root = overlay.parent.parent
    record(overlay, capsys, "2026-11-22")
    commit(root, "Review")
    (overlay / "api.yaml").write_text(WEB)
    commit(root, "Change")
    status, out, err = run(capsys, "review", str(overlay), "--prove", "2026-11-22")
    assert (status, err) == (0, ""), out
    assert "holds" in out
    listed = subprocess.run(["git", "-C", str(root), "worktree", "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1
    file = overlay / "governance/reviews/2026-11-22.yaml"
    file.write_text(file.read_text().replace("RAIL-06: not-met", "RAIL-06: met"))
    status, out, _ = run(capsys, "review", str(overlay), "--prove", "2026-11-22")
    assert status == 1
    assert "RAIL-06: recorded met, found not-met" in out


def test_what_changed_since_the_last_review(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New, mended and accepted are told apart, with the last review's decision and conditions."""
    root = overlay.parent.parent
    record(overlay, capsys, "2026-11-22", "--condition", "pin the image")
    commit(root, "Review")
    (overlay / "web.yaml").write_text(WEB)
    (overlay / "kustomization.yaml").write_text("resources: [api.yaml, web.yaml]\n")
    governance = overlay / "governance"
    (governance / "waivers.yaml").write_text("schema: kfm-checks/records/v1\nrecords:\n" + "".join(
        as_yaml(WAIVER).replace("RAIL-06", row) for row in ("RAIL-06", "GATE-04")))  # fmt: skip
    commit(root, "Change")
    _, out, _ = run(capsys, "review", str(overlay), "--as-of", "2026-12-01")
    joined = " ".join(out.split())
    assert "The last review: 2026-11-22, Not compliant, by Ada (data steward)" in joined
    assert "Its condition: pin the image" in joined
    assert "new · images-are-not-latest: app/Deployment/web" in joined
    assert "accepted · images-are-not-latest: app/Deployment/api" in joined
    assert "Ada (platform operator)" in joined


def test_a_rule_that_changed_is_told_from_an_overlay_that_did(
    overlay: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row whose rule's digest differs is listed as *rule changed*."""
    record(overlay, capsys, "2026-11-22")
    file = overlay / "governance/reviews/2026-11-22.yaml"
    value = yaml.safe_load(file.read_text())
    value["rules"]["RAIL-06"] = "000000000000"
    file.write_text(yaml.safe_dump(value))
    _, out, _ = run(capsys, "review", str(overlay), "--as-of", "2026-12-01")
    assert "rule changed · RAIL-06" in out
    assert "rule changed · RAIL-05" not in out


@pytest.mark.parametrize("name", ["api.yaml", "new.yaml"])
def test_what_is_not_committed_is_not_recorded(name: str, overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed or new file: nobody could prove such a review, so it is refused, and nothing is written."""
    (overlay / name).write_text(WEB)
    status, out, err = record(overlay, capsys, "2026-11-22")
    assert (status, out) == (2, "")
    assert name in err
    assert not (overlay / "governance").exists()


def test_a_recorded_review_is_never_rewritten(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second review of the same day is refused."""
    record(overlay, capsys, "2026-11-22")
    status, _, err = record(overlay, capsys, "2026-11-22")
    assert status == 2
    assert "there is a review of this day" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--record",), "needs somebody who decides"),
        (("--record", "--by", "Ada", "--role", "king"), "no role is called 'king'"),
        (("--record", "--by", "Ada", "--role", "auditor", "--only", "RAIL-06"), "part of the rows"),
        (("--prove", "2026-01-01"), "no review of '2026-01-01'"),
        (("--format", "pdf"), "no format called 'pdf'"),
    ],
)
def test_bad_usage(options: tuple[str, ...], message: str, overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, one line, nothing on stdout."""
    status, out, err = run(capsys, "review", str(overlay), *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_broken_record_is_named(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A malformed earlier review stops the next one with its file's name, and is not taken for none."""
    folder = overlay / "governance/reviews"
    folder.mkdir(parents=True)
    (folder / "2026-11-01.yaml").write_text("schema: kfm-checks/review/v1\n")
    status, _, err = run(capsys, "review", str(overlay), "--as-of", "2026-11-22")
    assert status == 2
    assert "governance/reviews/2026-11-01.yaml" in err


def test_the_page_prints_and_asks_nobody(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file: A4, a policy that lets nothing load, hostile text escaped."""
    text = as_yaml(WAIVER).replace("reason: old", "reason: '<img src=https://evil.example onerror=alert(1)>'")
    (overlay / "governance").mkdir()
    (overlay / "governance/waivers.yaml").write_text("schema: kfm-checks/records/v1\nrecords:\n" + text)
    out = overlay.parent / "review.html"
    run(capsys, "review", str(overlay), "--as-of", "2026-11-22", "--format", "html", "-o", str(out))
    page = out.read_text()
    assert "size: A4" in page
    assert "default-src 'none'" in page
    assert "<img" not in page
    assert "<script" not in page
    assert "src=https" in page
    assert "://" not in page.replace("src=https://evil.example", "")


def test_the_same_review_gives_the_same_bytes(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of one commit on one day."""
    first = run(capsys, "review", str(overlay), "--as-of", "2026-11-22", "--format", "markdown")
    assert run(capsys, "review", str(overlay), "--as-of", "2026-11-22", "--format", "markdown") == first


CONFIG = parse_settings({"gitops": {"repository": "git@github.com:acme/infra.git"}}).config


def test_only_rows_with_the_letter_a_have_a_form() -> None:
    """SEC-05 can be vouched for, RAIL-06 can't."""
    found = form(requirement("SEC-05"), CONFIG, "infra/prod", "2026-11-22")
    assert "https://github.com/acme/infra/new/main?filename=FILE" in found
    assert "infra/prod/governance/attestations/" in found
    assert '<option value="platform-operator">' in found
    assert form(requirement("RAIL-06"), CONFIG, "infra/prod", "2026-11-22") == ""


@pytest.mark.parametrize(
    ("repository", "page"),
    [
        ("https://github.com/acme/infra.git", "https://github.com/acme/infra/new/main?filename=FILE&value=TEXT"),
        ("git@gitlab.com:acme/group/infra.git", "https://gitlab.com/acme/group/infra/-/new/main?file_name=FILE"),
        (
            "https://user:secret@github.com/acme/infra",
            "https://github.com/acme/infra/new/main?filename=FILE&value=TEXT",
        ),
        ("javascript:alert(1)", ""),
        ('https://github.com/acme/in"fra<', ""),
        ("https://git.example/acme/infra", ""),
        ("", ""),
    ],
)
def test_the_hosts_page_for_a_new_file(repository: str, page: str) -> None:
    """Known hosts have one; no credential of the address, no script gets into it."""
    assert new_file_page(repository, "main") == page


@pytest.mark.parametrize(
    "hostile", ["plain", 'a "quote": and\n  - kind: waiver', "é \u2028 \u0085 \U0001f600 '", "{x: [y]} # z", "\\n\t"]
)
def test_the_form_writes_what_the_run_reads(hostile: str, overlay: Path, tmp_path: Path) -> None:
    """The script's record is read back as typed, whatever was typed, and attests the row once the file is there."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here, so the form's script was not run")
    given = {"schema": "kfm-checks/records/v1", "requirement": "META-03", "date": "2026-11-22", "longest": 366}
    value = {"statement": hostile, "by": "Ada", "role": "platform-operator", "expires": "2027-05-01", "evidence": ""}
    call = f"{SCRIPT}\nconst g={json.dumps(given)}, v={json.dumps(value)};\nprocess.stdout.write(JSON.stringify([kfmProblem(g, v), kfmRecord(g, v), kfmName(g)]));"
    script = tmp_path / "form.js"
    script.write_text(call, encoding="utf-8")
    done = subprocess.run([node, str(script)], capture_output=True, check=True, timeout=60)
    problem, text, name = json.loads(done.stdout)
    assert problem == ""
    records = parse_records(parse_yaml(text, shown=name))
    assert [each.statement for each in records] == [hostile.strip()]
    folder = overlay / "governance/attestations"
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    from kfm_checks.run import check_overlay

    found = check_overlay(overlay, as_of="2026-11-22", only=["META-03"])
    assert found.requirement("META-03").status == "attested"


def test_main_knows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Help lists review, attest and waive."""
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in ("review", "attest", "waive"))


def head(overlay: Path) -> str:
    """The commit that is checked out."""
    found = subprocess.run(["git", "-C", str(overlay), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def test_what_a_change_does_to_the_rules_heads_the_review(
    overlay: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A waiver that the change itself brings in counts for nothing, and is the first thing that the review shows."""
    root = overlay.parent.parent
    base = head(overlay)
    (overlay / "governance").mkdir()
    (overlay / "governance/waivers.yaml").write_text("schema: kfm-checks/records/v1\nrecords:\n" + "".join(
        as_yaml(WAIVER).replace("RAIL-06", row) for row in ("RAIL-06", "GATE-04")))  # fmt: skip
    commit(root, "Accept it ourselves")
    change = tmp_path / "change.json"
    change.write_text(
        json.dumps(
            {"schema": "kfm-checks/change/v1", "base": {"ref": "main", "sha": base}, "head": {"sha": head(overlay)}}
        )
    )
    _, out, _ = run(capsys, "review", str(overlay), "--as-of", "2026-11-22", "--change", str(change))
    first = out.split("\n\n")[1]
    assert first.startswith("What the change does to configuration and records")
    assert "loosens: waiver" in first
    assert "RAIL-06 · must · not met" in out


def test_records_of_a_base_have_the_bases_commit(overlay: Path, tmp_path: Path) -> None:
    """Where the base's records hold, who committed them is asked of the base, not of lines that the change moved."""
    from kfm_checks.judged import Options
    from kfm_checks.run import judge

    root = overlay.parent.parent
    (overlay / "governance").mkdir()
    file = overlay / "governance/waivers.yaml"
    file.write_text("schema: kfm-checks/records/v1\nrecords:\n" + as_yaml(WAIVER))
    commit(root, "Accept")
    base = head(overlay)
    file.write_text("# a\n# b\n# c\n# d\n# e\n# f\n# g\n# h\n# i\nschema: kfm-checks/records/v1\nrecords: []\n")
    git(root, "commit", "-q", "-am", "Drop it", name="Mallory")
    change = tmp_path / "change.json"
    change.write_text(
        json.dumps(
            {"schema": "kfm-checks/change/v1", "base": {"ref": "main", "sha": base}, "head": {"sha": head(overlay)}}
        )
    )
    report = judge(overlay, Options(as_of="2026-11-22", only=("RAIL-06",), change=change)).report
    assert [(each["committed-by"], each["commit"]) for each in report.records] == [("Ada", base)]
