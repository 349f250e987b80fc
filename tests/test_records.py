"""Records: written well-formed or refused, appended without touching what is there, shown with state and commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.cli import main
from kfm_checks.errors import ConfigError
from kfm_checks.records import Record, parse_records
from kfm_checks.records_write import appended, as_yaml
from kfm_checks.yamlfile import parse_yaml

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: app}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "registry.example/api:latest"}]}
"""
WAIVER = Record(
    kind="waiver",
    by="Ada",
    requirement="RAIL-06",
    check="images-are-not-latest",
    subject="app/Deployment/api",
    reason="old",
    role="platform-operator",
    date="2026-11-01",
    expires="2027-01-01",
)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """An overlay with one bad image, in a repository."""
    folder = tmp_path / "prod"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("resources: [deployment.yaml]\n")
    (folder / "deployment.yaml").write_text(DEPLOYMENT)
    git(tmp_path, "init", "-q", "-b", "main")
    return folder


def git(folder: Path, *arguments: str, name: str = "Ada", day: str = "2026-11-02T12:00:00Z") -> None:
    """Run git as somebody, on a day."""
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in
           (("NAME", name), ("EMAIL", f"{name.lower()}@kfm.example"), ("DATE", day))}  # fmt: skip
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env={"PATH": "/usr/bin:/bin", **who})


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout, stderr of a command."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out, shown.err


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def attest(overlay: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """``kfm-checks attest`` for SEC-05 by an operator, changed by options."""

    def call(*more: str, **changed: str) -> tuple[int, str, str]:
        options = {"requirement": "SEC-05", "statement": "rehearsed", "by": "Ada", "expires": "2027-05-01"} | changed
        flat = [part for key, value in options.items() for part in (f"--{key}", value)]
        return run(capsys, "attest", str(overlay), "--as-of", "2026-11-22", *flat, *more)

    return call


@pytest.fixture
def waive(overlay: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """``kfm-checks waive`` for one object of RAIL-06, changed by options."""

    def call(*more: str, **changed: str) -> tuple[int, str, str]:
        options = {"requirement": "RAIL-06", "check": "images-are-not-latest", "subject": "app/Deployment/api",
                   "reason": "until the rebuild", "by": "Ada", "expires": "2027-01-01"} | changed  # fmt: skip
        flat = [part for key, value in options.items() for part in (f"--{key}", value)]
        return run(capsys, "waive", str(overlay), "--as-of", "2026-11-22", *flat, *more)

    return call


def test_attest_prints_and_writes_nothing(attest: Command, overlay: Path) -> None:
    """Without --write the record is only shown; its date is the day, its role the only one allowed."""
    status, out, _ = attest()
    assert status == 0
    assert "role: platform-operator" in out
    assert "date: '2026-11-22'" in out
    assert not (overlay / "governance").exists()


def test_write_makes_a_file_that_counts(attest: Command, overlay: Path) -> None:
    """The written record is read back and attests the row."""
    from kfm_checks.run import check_overlay

    assert attest("--write", requirement="META-03", statement="OpenShift 4.20")[0] == 0
    report = check_overlay(overlay, as_of="2026-11-23", only=["META-03"])
    assert report.requirement("META-03").status == "attested"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"requirement": "SEC-99"}, "no requirement is called 'SEC-99'"),
        ({"requirement": "RAIL-06"}, "not a row that somebody may vouch for"),
        ({"role": "auditor"}, "may not sign for SEC-05"),
        ({"expires": "2026-11-01"}, "expires before its date"),
        ({"expires": "2028-11-22"}, "more than 366 days"),
        ({"expires": "soon"}, "--expires 'soon' is no date"),
        ({"statement": ""}, "without 'statement'"),
        ({"by": ""}, "without 'by'"),
    ],
)
def test_attest_refuses(changed: Mapping[str, str], message: str, attest: Command, overlay: Path) -> None:
    """What would not count is refused in one line with status 2, and nothing is written."""
    status, out, err = attest("--write", **changed)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (overlay / "governance").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"requirement": "SEC-01", "check": "no-plaintext-credentials"}, "SEC-01 can't be waived"),
        ({"requirement": "MEM-02", "check": "datastores-are-private"}, "MEM-02 can't be waived"),
        ({"requirement": "GATE-01", "check": "overlay-renders"}, "GATE-01 can't be waived"),
        ({"check": "no-such-check"}, "has no check called 'no-such-check'"),
        ({"check": ""}, "several checks"),
        ({"requirement": "DOD-01", "check": ""}, "folds CHG-01, CHG-02"),
        ({"role": "data-steward"}, "may not sign for RAIL-06"),
        ({"subject": "app/*/api"}, "has to name the kind"),
        ({"expires": ""}, "without 'expires'"),
    ],
)
def test_waive_refuses(changed: Mapping[str, str], message: str, waive: Command) -> None:
    """What can't be waived, or not so, is refused in one line with status 2."""
    status, out, err = waive(**changed)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ""),
        ({"subject": "app/Deployment/*"}, ""),
        (
            {"subject": "app/Deployment/apl"},
            "matches nothing that was looked at; images-are-not-latest fails on app/De",
        ),
        (
            {"requirement": "RAIL-07", "check": "services-avoid-node-port"},
            "matches nothing that was looked at; services",
        ),
        ({"requirement": "OPS-01", "check": "render-is-reproducible"}, "nobody could look whether app/Deployment/api"),
    ],
)
def test_a_waiver_that_accepts_nothing_is_said_to(
    changed: Mapping[str, str], says: str, waive: Command, overlay: Path
) -> None:
    """One line on stderr; the record is printed, and written, all the same: the failure may be yet to come."""
    status, out, err = waive(**changed)
    assert (status, "kind: waiver" in out) == (0, True)
    assert (says in err, err.count("\n")) == (True, 1 if says else 0)


def test_a_waiver_of_what_holds_is_said_to_be_idle(waive: Command, overlay: Path) -> None:
    """The object is there and nothing of it fails."""
    (overlay / "deployment.yaml").write_text(DEPLOYMENT.replace(":latest", "@sha256:" + "a" * 64))
    _, _, err = waive("--write")
    assert "no longer needed: what it accepts holds now; images-are-not-latest fails on nothing\n" in err
    assert (overlay / "governance/waivers.yaml").is_file()


def test_a_waiver_for_an_overlay_that_does_not_render(waive: Command, overlay: Path) -> None:
    """Nobody could look; that is no reason to refuse the record."""
    (overlay / "deployment.yaml").unlink()
    status, out, err = waive()
    assert (status, "kind: waiver" in out, err.count("\n")) == (0, True, 1)
    assert "nobody could look whether app/Deployment/api fails" in err


def test_a_longer_record_has_to_be_asked_for(attest: Command) -> None:
    """--max-days lets a record hold for more than a year."""
    assert attest("--max-days", "800", expires="2028-11-22")[0] == 0


HAND_WRITTEN = """\
# why there are waivers
schema: kfm-checks/records/v1
records:
    - kind: waiver   # the first
      requirement: RAIL-05
      check: critical-workloads-are-spread
      subject: app/StatefulSet/db
      reason: >-
        one writer
        for now
      by: Ada
      role: platform-operator
      date: "2026-11-01"
      expires: "2027-05-01"
    # the end of the list
"""


def test_append_keeps_comments_order_and_indentation() -> None:
    """Every line that was there is there again, in its place; the new item has the list's own indentation."""
    after = appended(HAND_WRITTEN, WAIVER, shown="waivers.yaml")
    assert after.replace(as_yaml(WAIVER, 4), "") == HAND_WRITTEN
    assert after != HAND_WRITTEN
    assert [each.requirement for each in parse_records(parse_yaml(after, shown="x"))] == ["RAIL-05", "RAIL-06"]


@pytest.mark.parametrize("start", ["", "schema: kfm-checks/records/v1\nrecords: []\n", "records:\nschema: kfm-checks/records/v1",
                                   "# a\nschema: kfm-checks/records/v1\n# b\nrecords: []  # none\n", "# a\n"])  # fmt: skip
def test_append_to_an_empty_list(start: str) -> None:
    """A file without records, in whatever form, gets its first one."""
    after = appended(start, WAIVER, shown="waivers.yaml")
    assert len(parse_records(parse_yaml(after, shown="x"))) == 1
    assert ("# a" in after) == ("# a" in start)


def test_append_refuses_brackets() -> None:
    """A list in brackets can't be appended to line by line; it is said so, and nothing is guessed."""
    text = "schema: kfm-checks/records/v1\nrecords: [{kind: incident, what: x, when: 2026-01-01, by: Ada}]\n"
    for written in (text, text.partition("records: ")[2], "[]\n"):
        with pytest.raises(ConfigError, match="brackets"):
            appended(written, WAIVER, shown="waivers.yaml")


def test_a_bare_list_is_a_file_of_records() -> None:
    """The items alone are read, judged with their own lines, and appended to, as those under `records:` are."""
    bare = "# ours\n" + as_yaml(WAIVER, 0)
    again = appended(bare, WAIVER, shown="waivers.yaml")
    assert again.startswith(bare)
    assert [each.line for each in parse_records(parse_yaml(again, shown="x"))] == [2, 2 + as_yaml(WAIVER).count("\n")]
    with pytest.raises(ConfigError, match=r"x:1: record 1: waiver without 'check'"):
        parse_records(parse_yaml("- {kind: waiver, requirement: RAIL-06, by: Ada}\n", shown="x"))


@given(st.text(min_size=1, max_size=60).filter(lambda t: t.isprintable() and t.strip()))
def test_any_text_survives(text: str) -> None:
    """Whatever somebody writes as a reason is read back as written."""
    from msgspec.structs import replace

    record = replace(WAIVER, reason=text, by=text)
    found = parse_records(parse_yaml(f"schema: kfm-checks/records/v1\nrecords:\n{as_yaml(record)}", shown="x"))[0]
    assert (found.reason, found.by) == (text, text)


def judged(overlay: Path, *records: str, as_of: str = "2026-11-22") -> list[dict[str, Any]]:
    """The records of a report on the overlay with these waivers."""
    from kfm_checks.run import check_overlay

    folder = overlay / "governance"
    folder.mkdir(exist_ok=True)
    (folder / "waivers.yaml").write_text("schema: kfm-checks/records/v1\nrecords:\n" + "".join(records))
    return [dict(each) for each in check_overlay(overlay, as_of=as_of, only=["RAIL-06", "RAIL-02"]).records]


def test_a_record_is_in_force_expired_or_unused(overlay: Path) -> None:
    """In force where it decides; expired past its day; unused, with the reason, in every other case."""
    from msgspec.structs import replace

    other = [
        replace(WAIVER, expires="2026-11-21"),
        replace(WAIVER, date="2026-12-01"),
        replace(WAIVER, subject="app/Deployment/web"),
        replace(WAIVER, check="images-are-pinned-by-digest", subject="app/Deployment/api"),
        replace(WAIVER, requirement="RAIL-02", check="images-are-not-latest"),
        replace(WAIVER, requirement="ACME-01"),
    ]
    found = judged(overlay, *(as_yaml(each) for each in [WAIVER, *other]))
    assert [each["state"] for each in found] == [
        "in-force", "expired", "expired", "unused", "in-force", "unused", "unused",
    ]  # fmt: skip
    assert "2026-11-21" in found[1]["note"]
    assert "before 2026-12-01" in found[2]["note"]
    assert "matches nothing" in found[3]["note"]
    assert "no check called" in found[5]["note"]
    assert "no requirement" in found[6]["note"]


def test_a_waiver_that_is_no_longer_needed_is_said_to_be(overlay: Path) -> None:
    """The object was looked at and holds now: unused, and the note says that it can go."""
    (overlay / "deployment.yaml").write_text(DEPLOYMENT.replace(":latest", "@sha256:" + "a" * 64))
    found = judged(overlay, as_yaml(WAIVER))
    assert found[0]["state"] == "unused"
    assert "no longer needed" in found[0]["note"]


@pytest.mark.parametrize("format", ["table", "markdown"])
def test_summaries_name_records_that_decide_nothing(format: str, overlay: Path) -> None:
    """An expired waiver is named with its day in what people read first."""
    from msgspec.structs import replace

    from kfm_checks.exports import writer
    from kfm_checks.run import check_overlay

    judged(overlay, as_yaml(replace(WAIVER, expires="2026-11-21")))
    text = writer(format)(check_overlay(overlay, as_of="2026-11-22", only=["RAIL-06"]))
    assert "waiver of RAIL-06 app/Deployment/api is expired: its last day was 2026-11-21" in " ".join(text.split())


def test_the_commit_stands_beside_the_claim(overlay: Path) -> None:
    """Author and day come from git; whoever neither wrote, committed nor signed the commit is shown to differ."""
    from msgspec.structs import replace

    grace = replace(WAIVER, by="Grace", subject="app/Deployment/x")
    judged(overlay, as_yaml(WAIVER), as_yaml(grace))
    git(overlay, "add", ".")
    git(overlay, "commit", "-q", "-m", "Accept two images")
    ada, hers = judged(overlay, as_yaml(WAIVER), as_yaml(grace))
    assert (ada["committed-by"], ada["committed-on"]) == ("Ada", "2026-11-02")
    assert len(ada["commit"]) == 40
    assert "author-differs" not in ada
    assert hers["author-differs"] is True


def test_who_signed_the_commit_message_counts(overlay: Path) -> None:
    """A reviewer named by a trailer of the commit vouches for a record that names them."""
    from msgspec.structs import replace

    record = as_yaml(replace(WAIVER, by="grace@kfm.example"))
    judged(overlay, record)
    git(overlay, "add", ".")
    git(overlay, "commit", "-q", "-m", "Accept\n\nReviewed-by: Grace H <grace@kfm.example>")
    assert "author-differs" not in judged(overlay, record)[0]


def test_a_commit_can_hold_any_text(overlay: Path) -> None:
    """Separators and hostile names in a commit forge no other commit, and break nothing."""
    record = as_yaml(WAIVER)
    judged(overlay, record)
    git(overlay, "add", ".")
    git(overlay, "commit", "-q", "-m", "\x1e\x1f\n\x1eSigned-off-by: x\n\nSigned-off-by: Ada", name="M\x1fAda\x1e")
    found = judged(overlay, record)[0]
    assert "author-differs" not in found
    assert len(found["commit"]) == 40


def test_a_record_that_is_not_committed_is_shown_so(overlay: Path) -> None:
    """A record that only lies in the working tree has no commit, and a later edit is its editor's."""
    first = judged(overlay, as_yaml(WAIVER))[0]
    assert (first["commit"], first["committed-by"], first["author-differs"]) == ("", "", True)
    git(overlay, "add", ".")
    git(overlay, "commit", "-q", "-m", "Accept")
    judged(overlay, as_yaml(WAIVER).replace("2027-01-01", "2027-06-01"))
    git(overlay, "commit", "-q", "-am", "Longer", name="Mallory", day="2026-11-05T00:30:00Z")
    found = judged(overlay, as_yaml(WAIVER).replace("2027-01-01", "2027-06-01"))[0]
    assert (found["committed-by"], found["author-differs"]) == ("Mallory", True)


def test_a_secret_in_a_reason_does_not_come_out(overlay: Path) -> None:
    """Records are shown in every format; a recognised credential in one is withheld."""
    from msgspec.structs import replace

    text = as_yaml(replace(WAIVER, reason="token ghp_c4naryC4naryC4naryC4naryC4nary12345678"))
    assert "ghp_c4nary" not in str(judged(overlay, text))
