"""OSCAL's observations: what each check saw, by which method, and what each attestation says until when."""

from __future__ import annotations

from typing import Any

from kfm_checks.exports.oscal_parts import instant, last_instant, props, text
from kfm_checks.exports.shared import checks_by_name, derived_uuid, place, uri
from kfm_checks.model import CheckResult, Evidence, Method, ObjectKey, Report
from kfm_checks.records import Record

#: NIST SP 800-53A knows three ways: to examine documents, to interview people, to test mechanisms.
WAYS: dict[Method, str] = {
    "render": "TEST",
    "tree": "EXAMINE",
    "git": "EXAMINE",
    "cluster": "TEST",
    "attestation": "INTERVIEW",
}


def inventory(report: Report) -> list[dict[str, Any]]:
    """Each object or file that a finding is about, once."""
    keys = {item.subject for result in report.results for item in _shown(result)}
    return [
        {
            "uuid": subject_uuid(report, key),
            "description": text(str(key)),
            "props": props({"kind": key.kind, "api-version": key.api_version, "namespace": key.namespace}),
        }
        for key in sorted(keys)
    ]


def of_check(report: Report, result: CheckResult) -> dict[str, Any]:
    """What one check saw. Evidence that does not hold is given; of what holds, how much there was."""
    check = checks_by_name().get(result.check)
    shown = _shown(result)
    ways = sorted({WAYS[method] for method, outcome in result.methods.items() if outcome != "not-verified"})
    found: dict[str, Any] = {
        "uuid": derived_uuid("observation", report.overlay.path, result.check),
        "title": result.check,
        "description": text(check.assertion if check else result.check),
        "props": props({"outcome": result.outcome, "examined": str(result.examined)}),
        "methods": ways or ["UNKNOWN"],
        "types": ["control-objective"],
        "collected": instant(report.overlay.as_of),
    }
    subjects = sorted({item.subject for item in shown})
    if subjects:
        found["subjects"] = [
            {"subject-uuid": subject_uuid(report, key), "type": "inventory-item", "title": text(str(key))}
            for key in subjects
        ]
        found["relevant-evidence"] = [_evidence(item) for item in shown]
    if result.reason:
        found["remarks"] = text(result.reason)
    return found


def of_record(report: Report, record: Record) -> dict[str, Any]:
    """What somebody vouches for, until its last day."""
    return {
        "uuid": record_uuid(report, record),
        "title": text(f"{record.requirement}: {record.by} vouches"),
        "description": text(record.statement),
        "props": props({"requirement": record.requirement, "role": record.role}),
        "methods": [WAYS["attestation"]],
        "types": ["control-objective"],
        "collected": instant(record.date),
        "expires": last_instant(record.expires),
    }


def record_uuid(report: Report, record: Record) -> str:
    """The identity of an attestation's observation."""
    return derived_uuid("vouches", report.overlay.path, record.requirement, record.by, record.date)


def subject_uuid(report: Report, key: ObjectKey) -> str:
    """The identity of an object or file of an overlay."""
    return derived_uuid("subject", report.overlay.path, *key)


def _shown(result: CheckResult) -> list[Evidence]:
    return [item for item in result.evidence if item.holds is not True]


def _evidence(item: Evidence) -> dict[str, Any]:
    file, line = place(item)
    holds = "not-verified" if item.holds is None else "false"
    details = {
        "fingerprint": item.fingerprint,
        "holds": holds,
        "pointer": item.pointer,
        "expected": item.expected,
        "observed": item.observed,
    }
    found: dict[str, Any] = {"description": text(item.message), "props": props(details)}
    if file:
        found["href"] = uri(file) + (f"#L{line}" if line else "")
    return found
