"""SARIF 2.1.0 (OASIS): a run for each overlay, a rule for each check, a result for each finding that does not hold.

Accepted failures carry a suppression; ``sarif-upload`` leaves them out, because GitHub ignores suppressions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kfm_checks.checks import Check
from kfm_checks.exports.shared import (
    INFORMATION,
    PRODUCT,
    VERSION,
    Waivers,
    acceptance,
    checks_by_name,
    entrypoint,
    json_text,
    overlay_name,
    place,
    uri,
)
from kfm_checks.model import CheckResult, Evidence, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: The same finding keeps this identity whatever line it moves to.
FINGERPRINT = "kfmChecks/v1"
LEVELS = {"must": "error", "should": "warning"}


def write(report: Report) -> str:
    """One log with one run."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """One log with a run for each report."""
    return log(reports, upload=False)


def log(reports: Sequence[Report], *, upload: bool) -> str:
    """The log; for an upload with failures alone, each at a file, and without what somebody accepted."""
    runs = [_run(report, upload) for report in reports]
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": runs})


def _run(report: Report, upload: bool) -> dict[str, Any]:
    known = checks_by_name()
    waivers = Waivers(report)
    index = {result.check: number for number, result in enumerate(report.results)}
    found = [
        _result(report, result, item, index[result.check], waivers, upload)
        for result in report.results
        for item in _shown(result, waivers, upload)
    ]
    if not upload:
        found += [_open(result, index[result.check]) for result in report.results if _unlooked(result)]
    overlay = report.overlay
    return {
        "tool": {
            "driver": {
                "name": PRODUCT,
                "version": VERSION,
                "semanticVersion": VERSION,
                "informationUri": INFORMATION,
                "rules": [_rule(result, known.get(result.check)) for result in report.results],
            }
        },
        "automationDetails": {"id": f"{PRODUCT}/{overlay_name(report)}/"},
        "invocations": [_invocation(report, index)],
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": found,
        "properties": {
            "decision": report.decision,
            "overlay": overlay.path,
            "digest": overlay.digest,
            "renderer": overlay.renderer,
            "asOf": overlay.as_of,
            "requirements": {row.id: row.status for row in report.requirements},
        },
    }


def _shown(result: CheckResult, waivers: Waivers, upload: bool) -> list[Evidence]:
    if upload:
        return [item for item in result.evidence if item.holds is False and waivers.of(result, item) is None]
    return [item for item in result.evidence if item.holds is not True]


def _unlooked(result: CheckResult) -> bool:
    """A check without a verdict that has no evidence of its own to say so."""
    return result.outcome in {"not-verified", "blocked"} and all(item.holds for item in result.evidence)


def _rule(result: CheckResult, check: Check | None) -> dict[str, Any]:
    assertion = check.assertion if check else result.check
    about = check.why if check and check.why else assertion
    remedy = check.remedy if check and check.remedy else assertion
    rows = ", ".join(result.requirements)
    return {
        "id": result.check,
        "name": "".join(part.capitalize() for part in result.check.split("-")),
        "shortDescription": {"text": message(assertion)},
        "fullDescription": {"text": message(about)},
        "help": {
            "text": message(f"{remedy}\n\nRequirements: {rows}"),
            "markdown": message(f"**Remedy.** {remedy}\n\n{about}\n\nRequirements: {rows}"),
        },
        "defaultConfiguration": {"level": LEVELS[result.level]},
        "properties": {"tags": ["conformance", *result.requirements], "requirements": list(result.requirements)},
    }


def _result(
    report: Report, result: CheckResult, item: Evidence, rule: int, waivers: Waivers, upload: bool
) -> dict[str, Any]:
    text = f"{item.subject}: {item.message}"
    if item.expected or item.observed:
        text += f" (found {item.observed or 'nothing'}; right would be {item.expected or 'otherwise'})"
    found: dict[str, Any] = {
        "ruleId": result.check,
        "ruleIndex": rule,
        "kind": "open" if item.holds is None else "fail",
        "level": "none" if item.holds is None else LEVELS["must" if item.must else result.level],
        "message": {"text": message(text)},
        "locations": [_location(report, item, upload)],
        "partialFingerprints": {FINGERPRINT: item.fingerprint, "primaryLocationLineHash": f"{item.fingerprint}:1"},
        "properties": {"requirements": list(result.requirements)},
    }
    record = waivers.of(result, item)
    if record is not None:
        justification = message(acceptance(record))
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return found


def _open(result: CheckResult, rule: int) -> dict[str, Any]:
    return {
        "ruleId": result.check,
        "ruleIndex": rule,
        "kind": "open",
        "level": "none",
        "message": {"text": message(f"not verified: {result.reason or 'nobody looked'}")},
        "partialFingerprints": {FINGERPRINT: f"{result.check}/not-verified"},
        "properties": {"requirements": list(result.requirements)},
    }


def _location(report: Report, item: Evidence, upload: bool) -> dict[str, Any]:
    file, line = place(item)
    key = item.subject
    logical = {"name": key.name or key.kind, "fullyQualifiedName": f"{key}{item.pointer}", "kind": "resource"}
    found: dict[str, Any] = {"logicalLocations": [logical]}
    if not file and upload:
        file = entrypoint(report)
    if file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": uri(file), "uriBaseId": "SRCROOT"}}
        if line or upload:
            physical["region"] = {"startLine": max(line or 1, 1)}
        found["physicalLocation"] = physical
    return found


def _invocation(report: Report, index: Mapping[str, int]) -> dict[str, Any]:
    broken = [result for result in report.results if result.outcome == "error"]
    notifications = [
        {
            "level": "error",
            "message": {"text": message(f"{result.check}: {result.reason or 'the check broke'}")},
            "associatedRule": {"id": result.check, "index": index[result.check]},
        }
        for result in broken
    ]
    return {"executionSuccessful": not broken, "toolExecutionNotifications": notifications}


def message(text: str) -> str:
    """Text as SARIF wants it (3.11.5, 3.11.6): braces doubled, square brackets escaped; no link is made of it."""
    escaped = re.sub(r"([\\\[\]])", r"\\\1", text)
    return escaped.replace("{", "{{").replace("}", "}}")
