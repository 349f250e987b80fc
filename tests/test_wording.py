"""The sentence on top of a report: true of the whole, of a part of its rows, and of a part without a must."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.fold import decide
from kfm_checks.model import Level, Overlay, Report, RequirementResult, Status
from kfm_checks.requirements import CATALOGUE
from kfm_checks.wording import headline, last_line, partial, tally, verdict
from tests.cli.helper import OVERLAY, run, write

SERVICE = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: app}\n"
    "spec: {type: NodePort, selector: {a: b}, ports: [{port: 80, nodePort: 30080}]}\n"
)


def report(*rows: tuple[str, Level, Status]) -> Report:
    """A report with these rows, decided as the contract says."""
    made = tuple(RequirementResult(id, level, id, status, None, {}, ()) for id, level, status in rows)
    return Report(Overlay("o", "", "r", 1, "2026-11-22"), decide(made), made, ())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("RAIL-07", "should", "not-met")], "No must was looked at, so nothing is decided: 1 not met."),
        ([("RAIL-07", "should", "met")], "No must was looked at, so nothing is decided: 1 met."),
        ([("RAIL-06", "must", "met"), ("RAIL-07", "should", "not-met")], "Compliant: 1 not met, 1 met."),
        ([("RAIL-06", "must", "not-verified")], "Cannot be decided yet: 1 not verified."),
        ([("RAIL-06", "must", "not-met")], "Not compliant: 1 not met."),
    ],
)
def test_a_part_of_the_rows_is_said_to_be_one(rows: list[tuple[str, Level, Status]], said: str) -> None:
    """One met must of eighty-five rows is not a compliant overlay; a failed should waits for nobody's decision."""
    made = report(*rows)
    assert tally(made) == said
    assert headline(made) == f"{len(rows)} of {len(CATALOGUE)} rows looked at. {said}"


def test_the_whole_says_nothing_of_parts() -> None:
    """Every row of the catalogue, and a team's own: the sentence is the decision alone."""
    rows: list[tuple[str, Level, Status]] = [(row.id, row.level, "met") for row in CATALOGUE]
    made = report(*rows, ("ACME-01", "should", "met"))
    assert (partial(made), verdict(made)) == ("", "Compliant")
    assert headline(made) == f"Compliant: {len(CATALOGUE) + 1} met."


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_check_only_of_a_should(format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person reads after ``check --only RAIL-07`` of a node port; the exit status is that of a should."""
    files = {**OVERLAY, "kustomization.yaml": "resources: [ns.yaml, svc.yaml]\n", "svc.yaml": SERVICE}
    monkeypatch.chdir(write(tmp_path / "o", files))
    declared = "entry: {gateways: [app/Deployment/web]}\n"
    write(tmp_path / "o", {"kfm-checks.yaml": declared})
    ran = run("check", ".", "--only", "RAIL-07", "--format", format_)
    assert "No must was looked at, so nothing is decided: 1 not met." in ran.out
    assert "Cannot be decided" not in ran.out
    assert last_line(report()) in ran.out
    assert (ran.status, run("check", ".", "--only", "RAIL-07", "--strict").status) == (0, 1)
