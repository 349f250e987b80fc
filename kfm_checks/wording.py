"""The words that pages and summaries use, in one place, as the contract gives them."""

from __future__ import annotations

from collections.abc import Mapping

from kfm_checks.model import CheckResult, Decision, Report, RequirementResult, Status
from kfm_checks.requirements import CATALOGUE

DECISIONS: Mapping[Decision, str] = {
    "not-compliant": "Not compliant",
    "cannot-be-decided": "Cannot be decided yet",
    "compliant-with-accepted-risks": "Compliant with accepted risks",
    "compliant": "Compliant",
}
STATUSES: Mapping[Status, str] = {
    "not-met": "not met",
    "not-verified": "not verified",
    "waived": "waived",
    "attested": "attested",
    "met": "met",
    "not-applicable": "not applicable",
}
ROLES = {
    "platform-operator": "platform operator",
    "application-deployer": "application deployer",
    "data-steward": "data steward",
    "auditor": "auditor",
}


def explain(row: RequirementResult, results: Mapping[str, CheckResult]) -> str:
    """What stands beside a status: what was looked at, who vouches, who accepted, why nobody looked."""
    if row.status == "met":
        examined = sum(results[name].examined for name in row.checks if name in results)
        live = "; cluster not looked at" if row.methods.get("cluster") == "not-verified" else ""
        return f"looked at {examined}, all right{live}" if examined else f"all its rows are met{live}"
    if row.status == "not-verified":
        why = (row.reason or "no check ran").rstrip(".")
        return f"nobody looked, because {why}; ask the {ROLES.get(row.role, row.role)}"
    if row.status == "not-applicable":
        return row.reason or "nothing of this kind here"
    return row.reason or ""


def counts(report: Report) -> dict[Status, int]:
    """How many rows have each status."""
    return {status: sum(row.status == status for row in report.requirements) for status in STATUSES}


def verdict(report: Report) -> str:
    """The decision in words. Musts alone decide: where none is among the rows, nobody has to wait for a decision."""
    musts = any(row.level == "must" for row in report.requirements)
    return DECISIONS[report.decision] if musts else "No must was looked at, so nothing is decided"


def partial(report: Report) -> str:
    """How many of the catalogue's rows a report has, "" where it has them all: part of them speaks for itself alone."""
    shown = {row.id for row in report.requirements}
    known = {row.id for row in CATALOGUE} | shown
    return f"{len(shown)} of {len(known)} rows looked at" if len(shown) < len(known) else ""


def tally(report: Report) -> str:
    """The decision on the rows of a report and the numbers behind it, for a place that says which rows these are."""
    number = counts(report)
    parts = ", ".join(f"{number[status]} {word}" for status, word in STATUSES.items() if number[status])
    return f"{verdict(report)}: {parts}."


def headline(report: Report) -> str:
    """The decision and the numbers behind it, in one sentence; a part of the rows is said to be one."""
    part = partial(report)
    return f"{part[0].upper()}{part[1:]}. {tally(report)}" if part else tally(report)


def last_line(report: Report) -> str:
    """How many musts nobody could verify: always the last line of a summary."""
    musts = [row for row in report.requirements if row.level == "must"]
    open_count = sum(row.status == "not-verified" for row in musts)
    return f"{open_count} of {len(musts)} musts could not be verified by anybody."
