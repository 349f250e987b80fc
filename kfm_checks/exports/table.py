"""The summary for a terminal: by requirement, what is open first in full, the rest in a line each."""

from __future__ import annotations

import io
from itertools import zip_longest

from rich.cells import cell_len, set_cell_size
from rich.console import Console
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
    console.print(_table(console, report, results), soft_wrap=True)
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


def _table(console: Console, report: Report, results: dict[str, CheckResult]) -> Text:
    """A line or more for each row; rich wraps and measures, the columns are joined here.

    Its own table takes five times as long: it lays out each line of each cell by itself.
    """
    rows = [(row, printable(row.title), _short(printable(explain(row, results)))) for row in report.requirements]
    place = max((len(row.id) for row in report.requirements), default=2)
    # Between the columns are two blanks.
    head = place + len("  should  not applicable  ")
    narrow = max(12, (console.width - head) * 2 // 5)
    name_width = min(max((cell_len(name) for _, name, _ in rows), default=12), narrow)
    why_width = max(12, console.width - head - name_width - 2)
    titles = f"{'id':{place}}  level   status          {'requirement':{name_width}}  why\n"
    table = Text(end="").append(titles, "bold")
    for row, name, why in rows:
        table.append(f"{row.id:{place}}  {row.level:6}  ")
        table.append(f"{STATUSES[row.status]:14}  ", STYLES[row.status])
        pairs = zip_longest(_wrapped(console, name, name_width), _wrapped(console, why, why_width), fillvalue="")
        lines = (f"{set_cell_size(left, name_width)}  {right}".rstrip() for left, right in pairs)
        table.append(f"\n{'':{head}}".join(lines) + "\n")
    return table


def _wrapped(console: Console, text: str, width: int) -> list[str]:
    return [line.plain for line in Text(text).wrap(console, width, overflow="fold")]


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
