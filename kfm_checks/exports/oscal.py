"""OSCAL 1.1.3 assessment results (NIST), as JSON: an observation a check, a finding a row, a risk a waiver.

Identifiers are version 5 UUIDs of what they name, so that the same report gives the same bytes. Rows that do not apply
have no finding, and are excluded from the reviewed controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfm_checks.exports import oscal_observations as observed
from kfm_checks.exports.oscal_parts import instant, last_instant, link, party, props, responsible, text, token
from kfm_checks.exports.shared import INFORMATION, VERSION, derived_uuid, json_text, overlay_name
from kfm_checks.model import Report, RequirementResult
from kfm_checks.records import Record, record_from
from kfm_checks.requirements import requirement
from kfm_checks.wording import DECISIONS, ROLES, explain

OSCAL = "1.1.3"
#: Status -> state and reason of a finding's target.
STATES = {
    "met": ("satisfied", "pass"),
    "attested": ("satisfied", "other"),
    "waived": ("not-satisfied", "fail"),
    "not-met": ("not-satisfied", "fail"),
    "not-verified": ("not-satisfied", "other"),
}


def write(report: Report) -> str:
    """One report as one set of assessment results."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """Several overlays as several results of one document."""
    identity = "\n".join(f"{report.overlay.path} {report.overlay.digest} {report.overlay.as_of}" for report in reports)
    plan = derived_uuid("plan", VERSION)
    records = [record for report in reports for record in _records(report)]
    body = {
        "uuid": derived_uuid("assessment-results", identity, *(r.decision for r in reports)),
        "metadata": _metadata(reports, records),
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(report) for report in reports],
        "back-matter": {"resources": [_plan(plan, reports)]},
    }
    return json_text({"assessment-results": body})


def _metadata(reports: Sequence[Report], records: Iterable[Record]) -> dict[str, Any]:
    people = {record.by: party(record.by) for record in records}
    return {
        "title": text("Conformance of " + ", ".join(overlay_name(report) for report in reports)),
        "last-modified": max((instant(report.overlay.as_of) for report in reports), default=instant("1970-01-01")),
        "version": reports[0].overlay.digest if len(reports) == 1 else VERSION,
        "oscal-version": OSCAL,
        "roles": [{"id": id, "title": title} for id, title in ROLES.items()],
        **({"parties": [people[name] for name in sorted(people)]} if people else {}),
    }


def _plan(id: str, reports: Sequence[Report]) -> dict[str, Any]:
    rows = sum(len(report.requirements) for report in reports)
    return {
        "uuid": id,
        "title": "Assessment plan",
        "description": f"The requirement catalogue of kfm-checks {VERSION} ({rows} rows looked at): "
        "`kfm-checks requirements` prints each with its level, its ways of looking and its checks.",
        "rlinks": [{"href": INFORMATION}],
    }


def _records(report: Report) -> list[Record]:
    """Attestations and waivers that count."""
    live = [each for each in report.records if each.get("state") != "expired" and each.get("kind") != "incident"]
    return [record_from(each) for each in live]


def _result(report: Report) -> dict[str, Any]:
    records = _records(report)
    deciding = {row.id: row for row in report.requirements}
    waivers = [r for r in records if r.kind == "waiver" and _decides(r, deciding, "waived")]
    attestations = [r for r in records if r.kind == "attestation" and _decides(r, deciding, "attested")]
    overlay = report.overlay
    found: dict[str, Any] = {
        "uuid": derived_uuid("result", overlay.path, overlay.digest, overlay.as_of, report.decision),
        "title": text(f"{overlay_name(report)}, as of {overlay.as_of}"),
        "description": f"{DECISIONS[report.decision]}: {overlay.objects} objects, {text(overlay.renderer)}.",
        "start": instant(overlay.as_of),
        "props": props({"decision": report.decision, "digest": overlay.digest, "overlay": overlay.path}),
        "reviewed-controls": {"control-selections": [_selection(report.requirements)]},
    }
    items = observed.inventory(report)
    if items:
        found["local-definitions"] = {"inventory-items": items}
    if attestations:
        found["attestations"] = [_attestation(record) for record in attestations]
    if report.results or attestations:
        attested = [observed.of_record(report, record) for record in attestations]
        found["observations"] = [*(observed.of_check(report, result) for result in report.results), *attested]
    if waivers:
        found["risks"] = [_risk(report, record) for record in waivers]
    findings = [_finding(report, row, waivers, attestations) for row in report.requirements if row.status in STATES]
    return {**found, "findings": findings} if findings else found


def _decides(record: Record, rows: Mapping[str, RequirementResult], status: str) -> bool:
    """Whether a record is in use: its row has the status that such a record gives."""
    row = rows.get(record.requirement)
    return row is not None and (row.status == status or record.kind == "waiver")


def _selection(rows: Iterable[RequirementResult]) -> dict[str, Any]:
    listed = tuple(rows)
    looked = [{"control-id": token(row.id)} for row in listed if row.status in STATES]
    apart = [{"control-id": token(row.id)} for row in listed if row.status not in STATES]
    selection: dict[str, Any] = {"include-controls": looked} if looked else {"include-all": {}}
    if apart:
        selection["exclude-controls"] = apart
        selection["remarks"] = "Excluded: what does not apply to this overlay."
    return selection


def _attestation(record: Record) -> dict[str, Any]:
    return {
        "responsible-parties": [responsible(record)],
        "parts": [
            {
                "uuid": derived_uuid("attestation", record.requirement, record.by, record.date),
                "name": "authorization-statement",
                "title": record.requirement,
                "props": props({"requirement": record.requirement, "date": record.date, "expires": record.expires}),
                "prose": text(record.statement),
            }
        ],
    }


def _risk(report: Report, record: Record) -> dict[str, Any]:
    related = [derived_uuid("observation", report.overlay.path, record.check)]
    ran = {result.check for result in report.results}
    found = {
        "uuid": risk_uuid(report, record),
        "title": text(f"{record.requirement}: {record.subject}"),
        "description": text(f"{record.check} fails for {record.subject}; {record.by} accepted it."),
        "statement": text(record.reason),
        "props": props({"requirement": record.requirement, "check": record.check, "accepted-on": record.date}),
        "status": "deviation-approved",
        "origins": [
            {"actors": [{"type": "party", "actor-uuid": party(record.by)["uuid"], "role-id": token(record.role)}]}
        ],
        "deadline": last_instant(record.expires),
    }
    if record.check in ran:
        found["related-observations"] = [{"observation-uuid": id} for id in related]
    evidence = (record.evidence,) if isinstance(record.evidence, str) else record.evidence
    links = [link(each) for each in evidence if each and "://" in each]
    return {**found, "links": links} if links else found


def risk_uuid(report: Report, record: Record) -> str:
    """The identity of an accepted failure."""
    return derived_uuid("risk", report.overlay.path, record.requirement, record.check, record.subject, record.expires)


def _finding(
    report: Report, row: RequirementResult, waivers: Sequence[Record], attestations: Sequence[Record]
) -> dict[str, Any]:
    results = {result.check: result for result in report.results}
    state, reason = STATES[row.status]
    observations = [derived_uuid("observation", report.overlay.path, name) for name in row.checks if name in results]
    observations += [
        observed.record_uuid(report, record)
        for record in attestations
        if record.requirement == row.id and row.status == "attested"
    ]
    risks = [risk_uuid(report, record) for record in waivers if record.requirement == row.id]
    why = text(explain(row, results)) or row.status
    found: dict[str, Any] = {
        "uuid": derived_uuid("finding", report.overlay.path, row.id, row.status),
        "title": text(f"{row.id} {row.title}"),
        "description": _statement(row),
        "props": props({"status": row.status, "level": row.level, "role": row.role, "until": row.until}),
        "target": {
            "type": "objective-id",
            "target-id": token(row.id),
            "status": {"state": state, "reason": reason, "remarks": why},
        },
    }
    if observations:
        found["related-observations"] = [{"observation-uuid": id} for id in observations]
    if risks:
        found["related-risks"] = [{"risk-uuid": id} for id in risks]
    return found


def _statement(row: RequirementResult) -> str:
    try:
        return text(requirement(row.id).statement)
    except KeyError:  # a team's own row
        return text(row.title)
