"""JUnit XML: a test case for each requirement, its checks' findings as the failure's text, ids as properties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Xml

from kfm_checks.exports.shared import overlay_name
from kfm_checks.model import CheckResult, Report, RequirementResult
from kfm_checks.wording import explain

#: Characters that XML 1.0 (section 2.2) does not allow.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SKIPPED = frozenset({"not-verified", "not-applicable"})


def write(report: Report) -> str:
    """One test suite for each section; not met is a failure, not verified and not applicable are skipped."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """The suites of all reports; ``classname`` says which overlay a case is about."""
    root = Xml.Element("testsuites", name="kfm-checks")
    everything = [row for report in reports for row in report.requirements]
    _count(root, everything)
    for report in reports:
        results = {result.check: result for result in report.results}
        for name, rows in _sections(report).items():
            suite = Xml.SubElement(root, "testsuite", name=_clean(f"{overlay_name(report)} {name}"))
            _count(suite, rows)
            _properties(suite, {"overlay": report.overlay.path, "as-of": report.overlay.as_of})
            for row in rows:
                _case(suite, row, report, results)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _sections(report: Report) -> dict[str, list[RequirementResult]]:
    found: dict[str, list[RequirementResult]] = {}
    for row in report.requirements:
        found.setdefault(row.id.partition("-")[0], []).append(row)
    return found


def _count(element: Xml.Element, rows: Sequence[RequirementResult]) -> None:
    element.set("tests", str(len(rows)))
    element.set("failures", str(sum(row.status == "not-met" for row in rows)))
    element.set("errors", "0")
    element.set("skipped", str(sum(row.status in SKIPPED for row in rows)))
    element.set("time", "0")


def _properties(parent: Xml.Element, values: Mapping[str, str]) -> None:
    listed = Xml.SubElement(parent, "properties")
    for name, value in values.items():
        Xml.SubElement(listed, "property", name=name, value=_clean(value))


def _case(suite: Xml.Element, row: RequirementResult, report: Report, results: Mapping[str, CheckResult]) -> None:
    case = Xml.SubElement(
        suite, "testcase", classname=_clean(overlay_name(report)), name=_clean(f"{row.id} {row.title}"), time="0"
    )
    _properties(
        case,
        {
            "requirement": row.id,
            "level": row.level,
            "status": row.status,
            "checks": " ".join(row.checks),
            "role": row.role,
            "until": row.until,
        },
    )
    why = explain(row, results)
    if row.status == "not-met":
        failure = Xml.SubElement(case, "failure", message=_clean(why), type=row.level)
        failure.text = _clean("\n".join(_findings(row, results)))
    elif row.status in SKIPPED:
        Xml.SubElement(case, "skipped", message=_clean(f"{row.status}: {why}"))
    else:
        Xml.SubElement(case, "system-out").text = _clean(f"{row.status}: {why}")


def _findings(row: RequirementResult, results: Mapping[str, CheckResult]) -> list[str]:
    return [
        f"{item.source or ''} {item.subject} {item.pointer}: {item.message}".strip()
        for name in row.checks
        if name in results
        for item in results[name].evidence
        if item.holds is False
    ]


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
