"""The summary for a terminal: by requirement, what is open first in full, the rest in a line each."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.exports.columns import GAP, table, wrapped
from kfm_checks.exports.shared import idle_records, printable
from kfm_checks.model import CheckResult, Report, RequirementResult, Status
from kfm_checks.wording import STATUSES, explain, headline, last_line

#: ECMA-48's codes: bold, dim and the colours of the terminal.
BOLD = "1"
STYLES: dict[Status, str] = {
    "not-met": "1;31",
    "not-verified": "33",
    "waived": "35",
    "attested": "36",
    "met": "32",
    "not-applicable": "2",
}
_TITLES = ("id", "level", "status", "requirement", "why")
_STATUS = _TITLES.index("status")
#: Findings shown under each open row; the rest is counted.
SHOWN = 5


def write(report: Report, *, color: bool = False, width: int = 110) -> str:
    """The summary; the last line always says how many musts nobody could verify."""
    text = "\n".join(_lines(report, color, width))
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _lines(report: Report, color: bool, width: int) -> Iterator[str]:
    results = {result.check: result for result in report.results}
    overlay = report.overlay
    about = f"{overlay.path or 'objects'}: {overlay.objects} objects, {overlay.renderer}, as of {overlay.as_of}"
    yield from wrapped(printable(about), width)
    yield from _table(report, results, color, width)
    for row in report.requirements:
        if row.status == "not-met":
            yield printable(_findings(row, results))
    for note in overlay.notes:
        yield from wrapped(printable(f"Note: {note}"), width)
    yield from (printable(f"Record: {line}") for line in idle_records(report))
    yield ""
    yield _styled(headline(report), BOLD if color else "")
    yield last_line(report)


def _table(report: Report, results: dict[str, CheckResult], color: bool, width: int) -> Iterator[str]:
    rows = [
        (row.id, row.level, STATUSES[row.status], printable(row.title), _short(printable(explain(row, results))))
        for row in report.requirements
    ]
    head, *made = table([_TITLES, *rows], width)
    yield from (_styled(GAP.join(line), BOLD if color else "") for line in head)
    for row, lines in zip(report.requirements, made, strict=True):
        for line in lines:
            line[_STATUS] = _styled(line[_STATUS], STYLES[row.status] if color else "")
            yield GAP.join(line)


def _styled(text: str, style: str) -> str:
    """The text between a terminal's codes, what pads it left outside."""
    plain = text.rstrip()
    return f"\x1b[{style}m{plain}\x1b[0m{text[len(plain) :]}" if style and plain else text


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"


def _findings(row: RequirementResult, results: dict[str, CheckResult]) -> str:
    failing = [e for name in row.checks if name in results for e in results[name].evidence if e.holds is False]
    lines = [f"\n{row.id} {row.title}"]
    for item in failing[:SHOWN]:
        place = f"{item.source}" if item.source else str(item.subject)
        lines.append(f"  {place}: {item.subject}: {item.message}")
        if item.observed or item.expected:
            lines.append(
                f"      {item.pointer or '/'}: found {item.observed or 'nothing'}; right would be {item.expected}"
            )
    if len(failing) > SHOWN:
        lines.append(f"  … and {len(failing) - SHOWN} more (--format json shows all)")
    return "\n".join(lines)
