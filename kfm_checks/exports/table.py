"""The summary for a terminal: by requirement, what is open first in full, the rest in a line each."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kfm_checks.exports.shared import idle_records, printable
from kfm_checks.model import CheckResult, Report, RequirementResult, Status
from kfm_checks.wording import STATUSES, explain, headline, last_line

STYLES: dict[Status, str] = {
    "not-met": "bold red",
    "not-verified": "yellow",
    "waived": "magenta",
    "attested": "cyan",
    "met": "green",
    "not-applicable": "dim",
}
#: Findings shown under each open row; the rest is counted.
SHOWN = 5


def write(report: Report, *, color: bool = False, width: int = 110) -> str:
    """The summary; the last line always says how many musts nobody could verify."""
    results = {result.check: result for result in report.results}
    target = io.StringIO()
    console = Console(file=target, force_terminal=color, no_color=not color, width=width, highlight=False, emoji=False)
    overlay = report.overlay
    console.print(
        Text(f"{overlay.path or 'objects'}: {overlay.objects} objects, {overlay.renderer}, as of {overlay.as_of}")
    )
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for title in ("id", "level", "status", "requirement", "why"):
        table.add_column(title, no_wrap=title in {"id", "level", "status"}, overflow="fold")
    for row in report.requirements:
        status = Text(STATUSES[row.status], style=STYLES[row.status])
        table.add_row(
            row.id, row.level, status, Text(printable(row.title)), Text(_short(printable(explain(row, results))))
        )
    console.print(table)
    for row in report.requirements:
        if row.status == "not-met":
            console.print(Text(printable(_findings(row, results))), soft_wrap=True)
    for note in overlay.notes:
        console.print(Text(printable(f"Note: {note}")))
    for line in idle_records(report):
        console.print(Text(printable(f"Record: {line}")), soft_wrap=True)
    console.print()
    console.print(Text(headline(report), style="bold"), soft_wrap=True)
    console.print(Text(last_line(report)), soft_wrap=True)
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines()) + "\n"


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
