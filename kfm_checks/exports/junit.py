"""JUnit XML: a test case for each requirement, its checks' findings as the failure's text, ids as properties."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from kfm_checks.model import CheckResult, Report, RequirementResult
from kfm_checks.wording import explain

#: Characters that XML 1.0 (section 2.2) does not allow.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report) -> str:
    """One test suite for each section; not met is a failure, not verified and not applicable are skipped."""
    results = {result.check: result for result in report.results}
    sections: dict[str, list[RequirementResult]] = {}
    for row in report.requirements:
        sections.setdefault(row.id.partition("-")[0], []).append(row)
    suites = [_suite(name, rows, report, results) for name, rows in sections.items()]
    failures = sum(row.status == "not-met" for row in report.requirements)
    skipped = sum(row.status in {"not-verified", "not-applicable"} for row in report.requirements)
    head = (
        f'<testsuites name="kfm-checks" tests="{len(report.requirements)}" failures="{failures}" errors="0" '
        f'skipped="{skipped}">'
    )
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])


def _suite(name: str, rows: list[RequirementResult], report: Report, results: dict[str, CheckResult]) -> str:
    failures = sum(row.status == "not-met" for row in rows)
    skipped = sum(row.status in {"not-verified", "not-applicable"} for row in rows)
    cases = "\n".join(_case(row, report, results) for row in rows)
    return (
        f'<testsuite name={_attribute(name)} tests="{len(rows)}" failures="{failures}" errors="0" skipped="{skipped}">\n'
        f"{cases}\n</testsuite>"
    )


def _case(row: RequirementResult, report: Report, results: dict[str, CheckResult]) -> str:
    properties = {"requirement": row.id, "level": row.level, "status": row.status, "checks": " ".join(row.checks)}
    listed = "".join(f"<property name={_attribute(k)} value={_attribute(v)}/>" for k, v in properties.items())
    body = f"<properties>{listed}</properties>{_verdict(row, results)}"
    place = report.overlay.path or "objects"
    return f"<testcase classname={_attribute(place)} name={_attribute(f'{row.id} {row.title}')}>{body}</testcase>"


def _verdict(row: RequirementResult, results: dict[str, CheckResult]) -> str:
    why = explain(row, results)
    if row.status == "not-met":
        findings = [
            f"{e.source or ''} {e.subject} {e.pointer}: {e.message}"
            for name in row.checks
            if name in results
            for e in results[name].evidence
            if e.holds is False
        ]
        return f"<failure message={_attribute(why)} type={_attribute(row.level)}>{_content(chr(10).join(findings))}</failure>"
    if row.status in {"not-verified", "not-applicable"}:
        return f"<skipped message={_attribute(f'{row.status}: {why}')}/>"
    return f"<system-out>{_content(f'{row.status}: {why}')}</system-out>"


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("\ufffd", text))


def _content(text: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", text))
