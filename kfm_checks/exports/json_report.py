"""The report as JSON: ``kfm-checks/report/v1`` and, for several overlays, ``kfm-checks/report-set/v1``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kfm_checks.exports.shared import json_text
from kfm_checks.model import CheckResult, Evidence, ObjectKey, Overlay, Report, RequirementResult, Source

SCHEMA = "kfm-checks/report/v1"
SET_SCHEMA = "kfm-checks/report-set/v1"


def write(report: Report) -> str:
    """One report."""
    return _text(as_dict(report))


def write_set(reports: Sequence[Report]) -> str:
    """Several reports, one for each overlay."""
    return _text({"schema": SET_SCHEMA, "reports": [as_dict(report) for report in reports]})


def _text(value: Mapping[str, Any]) -> str:
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate from a JSON manifest
        return json_text(value)
    return msgspec.json.format(encoded, indent=2).decode("utf-8", "replace") + "\n"


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain data, in the shape of the contract."""
    overlay = report.overlay
    return {
        "schema": SCHEMA,
        "overlay": {
            "path": overlay.path,
            "digest": overlay.digest,
            "renderer": overlay.renderer,
            "objects": overlay.objects,
            "as_of": overlay.as_of,
            "notes": list(overlay.notes),
        },
        "decision": report.decision,
        "requirements": [_requirement(row) for row in report.requirements],
        "results": [_result(result) for result in report.results],
        "records": [dict(record) for record in report.records],
    }


def _requirement(row: RequirementResult) -> dict[str, Any]:
    return {
        "id": row.id,
        "level": row.level,
        "title": row.title,
        "status": row.status,
        "reason": row.reason,
        "methods": dict(sorted(row.methods.items())),
        "checks": list(row.checks),
        "role": row.role,
        "until": row.until or None,
    }


def _result(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check,
        "requirements": list(result.requirements),
        "level": result.level,
        "outcome": result.outcome,
        "examined": result.examined,
        "reason": result.reason,
        "methods": dict(sorted(result.methods.items())),
        "evidence": [_evidence(item) for item in result.evidence],
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    key = item.subject
    found: dict[str, Any] = {
        "fingerprint": item.fingerprint,
        "subject": {"apiVersion": key.api_version, "kind": key.kind, "namespace": key.namespace, "name": key.name},
        "pointer": item.pointer,
        "expected": item.expected,
        "observed": item.observed,
        "holds": item.holds,
        "message": item.message,
        "source": {"file": item.source.file, "line": item.source.line} if item.source else None,
    }
    if item.patch:
        found["patch"] = item.patch
    return found


def from_dict(value: Mapping[str, Any]) -> Report:
    """The report that a document of ``as_dict``'s shape describes. Raises KeyError or TypeError on another shape."""
    overlay = value["overlay"]
    return Report(
        Overlay(
            overlay["path"],
            overlay["digest"],
            overlay["renderer"],
            overlay["objects"],
            overlay["as_of"],
            tuple(overlay.get("notes", ())),
        ),
        value["decision"],
        tuple(_row_from(each) for each in value["requirements"]),
        tuple(_result_from(each) for each in value["results"]),
        tuple(value.get("records", ())),
    )


def _row_from(value: Mapping[str, Any]) -> RequirementResult:
    return RequirementResult(
        value["id"],
        value["level"],
        value["title"],
        value["status"],
        value["reason"],
        value["methods"],
        tuple(value["checks"]),
        value.get("role", ""),
        value.get("until") or "",
    )


def _result_from(value: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        value["check"],
        tuple(value["requirements"]),
        value["level"],
        value["outcome"],
        value["examined"],
        tuple(_evidence_from(each) for each in value["evidence"]),
        value.get("reason"),
        value.get("methods", {}),
    )


def _evidence_from(value: Mapping[str, Any]) -> Evidence:
    subject, source = value["subject"], value.get("source")
    return Evidence(
        ObjectKey(subject["apiVersion"], subject["kind"], subject["namespace"], subject["name"]),
        value["holds"],
        value["message"],
        value["pointer"],
        value["expected"],
        value["observed"],
        Source(source["file"], source["line"]) if source else None,
        fingerprint=value["fingerprint"],
        patch=value.get("patch", ""),
    )
