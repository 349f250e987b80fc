"""From outcomes to statuses to a decision: the whole table of the contract, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import field

from kfm_checks.config import Config
from kfm_checks.config_rules import declaration_holds
from kfm_checks.model import (
    CheckResult,
    Decision,
    Evidence,
    Method,
    Outcome,
    Requirement,
    RequirementResult,
    Status,
    worst,
)
from kfm_checks.records import Record, in_force
from kfm_checks.requirements import role_for, roles_for
from kfm_checks.values import Value

#: Roll-ups fold their rows worst first; rows that are not applicable drop out.
WORST_FIRST: tuple[Status, ...] = ("not-met", "not-verified", "waived", "attested", "met")
OFFLINE: tuple[Method, ...] = ("render", "tree", "git")


class Judgement(Value, frozen=True):
    """What folding needs beside the rows: results by check, records, configuration, the day."""

    results: Mapping[str, CheckResult]
    config: Config
    records: Sequence[Record]
    as_of: str
    #: Checks that exist; a row that names another one is not verified: no check yet.
    known: frozenset[str]
    #: Whether a context or a snapshot was given: then missing live evidence is not verified.
    cluster_given: bool = False
    #: Records that were used, collected while folding.
    used: set[int] = field(default_factory=set)


def fold(rows: Iterable[Requirement], judgement: Judgement) -> tuple[RequirementResult, ...]:
    """The status of every row, in the given order. Roll-ups may refer to rows before or after them."""
    listed = tuple(rows)
    by_id = {row.id: row for row in listed}
    done: dict[str, RequirementResult] = {}

    def status(id: str) -> RequirementResult:
        if id not in done:
            row = by_id[id]
            parts = [status(part) for part in row.rolls_up if part in by_id]
            done[id] = _rolled_up(row, parts, judgement) if row.rolls_up else _folded(row, judgement)
        return done[id]

    return tuple(status(row.id) for row in listed)


def decide(rows: Iterable[RequirementResult]) -> Decision:
    """The decision on top: musts alone decide; a waived row of either level is an accepted risk."""
    listed = tuple(rows)
    musts = {row.status for row in listed if row.level == "must"}
    if "not-met" in musts:
        return "not-compliant"
    if "not-verified" in musts or not musts:
        return "cannot-be-decided"
    if any(row.status == "waived" for row in listed):
        return "compliant-with-accepted-risks"
    return "compliant"


def _folded(row: Requirement, judgement: Judgement) -> RequirementResult:
    declared = _declared_not_applicable(row, judgement)
    if declared:
        return _result(row, judgement, "not-applicable", declared)
    binding = [name for name in row.checks if name not in row.advisory]
    results = [judgement.results[name] for name in binding if name in judgement.results]
    missing = _missing(row, binding, judgement)
    status, reason, until = _status(row, results, missing, judgement)
    if status in {"not-verified", "not-applicable"}:
        attestation = _attestation(row, judgement)
        if attestation:
            return _result(row, judgement, "attested", _vouches(attestation), attestation.expires)
    return _result(row, judgement, status, reason, until)


def _status(
    row: Requirement, results: Sequence[CheckResult], missing: str, judgement: Judgement
) -> tuple[Status, str | None, str]:
    failures = [(r, e) for r in results for e in r.evidence if e.holds is False]
    failures += _binding_failures_of_advisory(row, judgement)
    if failures:
        waivers = [_waiver(row, result, evidence, judgement) for result, evidence in failures]
        if all(waivers):
            accepted = [w for w in waivers if w]
            until = min(w.expires for w in accepted)
            names = ", ".join(sorted({w.by for w in accepted}))
            return "waived", f"known failure, accepted by {names} until {until}", until
        open_count = sum(w is None for w in waivers)
        first = next(e for (_, e), w in zip(failures, waivers, strict=True) if w is None)
        more = f" (and {open_count - 1} more)" if open_count > 1 else ""
        return "not-met", f"{first.message}{more}", ""
    if missing:
        return "not-verified", missing, ""
    for result in results:
        if result.outcome in {"error", "blocked", "not-verified"}:
            return "not-verified", result.reason, ""
    if any(result.outcome == "pass" and result.examined for result in results):
        absent = _absent_offline(row, results)
        return ("not-verified", absent, "") if absent else ("met", None, "")
    reasons = [result.reason for result in results if result.reason]
    return "not-applicable", reasons[0] if reasons else None, ""


def _binding_failures_of_advisory(row: Requirement, judgement: Judgement) -> list[tuple[CheckResult, Evidence]]:
    """Failures of a check that is only a should, where the evidence itself binds as a must."""
    found = [judgement.results[name] for name in row.advisory if name in judgement.results]
    return [(r, e) for r in found for e in r.evidence if e.holds is False and e.must]


def _missing(row: Requirement, binding: Sequence[str], judgement: Judgement) -> str:
    """Why the row can't be met although nothing fails: a check that does not exist or did not run."""
    unknown = [name for name in binding if name not in judgement.known]
    if unknown:
        return f"no check yet: {', '.join(unknown)}"
    idle = [name for name in binding if name not in judgement.results]
    return f"not run: {', '.join(idle)}" if idle else ""


def _absent_offline(row: Requirement, results: Sequence[CheckResult]) -> str:
    """A missing render, tree or git input makes the row not verified, even where its checks did without it."""
    methods = _methods(results)
    absent = [
        method for method in OFFLINE if method in row.by and methods.get(method, "not-verified") == "not-verified"
    ]
    return f"not looked at: {', '.join(absent)}" if absent else ""


def _methods(results: Iterable[CheckResult]) -> dict[Method, Outcome]:
    merged: dict[Method, Outcome] = {}
    for result in results:
        for method, outcome in result.methods.items():
            merged[method] = worst((merged[method], outcome)) if method in merged else outcome
    return merged


def _rolled_up(row: Requirement, parts: Sequence[RequirementResult], judgement: Judgement) -> RequirementResult:
    own = _folded_own(row, judgement)
    candidates = [*parts, *own]
    counted = [part for part in candidates if part.status != "not-applicable"]
    if not counted:
        return _result(row, judgement, "not-applicable", "none of its rows applies")
    lowest = min(counted, key=lambda part: WORST_FIRST.index(part.status))
    named = "" if lowest in own else f"{lowest.id}: "
    reason = None if lowest.status == "met" else f"{named}{lowest.reason or lowest.status}"
    methods: dict[Method, Outcome] = {}
    for part in candidates:
        for method, outcome in part.methods.items():
            methods[method] = worst((methods[method], outcome)) if method in methods else outcome
    return RequirementResult(
        row.id, row.level, row.title, lowest.status, reason, methods, row.checks, _actor(row, judgement), lowest.until
    )


def _folded_own(row: Requirement, judgement: Judgement) -> list[RequirementResult]:
    return [_folded(row, judgement)] if row.checks else []


def _declared_not_applicable(row: Requirement, judgement: Judgement) -> str:
    for declared in judgement.config.not_applicable:
        if declared.requirement == row.id and declaration_holds(declared, judgement.as_of):
            return f"declared not applicable by {declared.by} until {declared.expires}: {declared.reason}"
    return ""


def _waiver(row: Requirement, result: CheckResult, evidence: Evidence, judgement: Judgement) -> Record | None:
    for index, record in enumerate(judgement.records):
        if record.kind != "waiver" or record.expired(judgement.as_of):
            continue
        if (record.requirement, record.check) == (row.id, result.check) and record.covers(evidence.subject):
            judgement.used.add(index)
            return record
    return None


def _attestation(row: Requirement, judgement: Judgement) -> Record | None:
    if "attestation" not in row.by:
        return None
    allowed = roles_for(row.id, judgement.config.attesters)
    for record in in_force(judgement.records, "attestation", judgement.as_of):
        if record.requirement == row.id and record.role in allowed:
            judgement.used.add(list(judgement.records).index(record))
            return record
    return None


def _vouches(record: Record) -> str:
    return f"{record.by} ({record.role}) vouches until {record.expires}"


def _result(
    row: Requirement, judgement: Judgement, status: Status, reason: str | None, until: str = ""
) -> RequirementResult:
    results = [judgement.results[name] for name in row.checks if name in judgement.results]
    methods = _methods(results)
    if "cluster" in row.by and "cluster" not in methods:
        methods["cluster"] = "not-verified"
    if status == "attested":
        methods["attestation"] = "pass"
    return RequirementResult(
        row.id, row.level, row.title, status, reason, methods, row.checks, _actor(row, judgement), until
    )


def _actor(row: Requirement, judgement: Judgement) -> str:
    """The role that must act on a row: the first that ``attesters`` names, else the one of its section."""
    return next(iter(roles_for(row.id, judgement.config.attesters)), role_for(row.id))
