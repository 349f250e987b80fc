"""The summary as Markdown, for a pull request's comment: within GitHub's limit, hostile text made harmless."""

from __future__ import annotations

import re

from kfm_checks.exports.shared import idle_records, printable
from kfm_checks.model import Report, RequirementResult
from kfm_checks.wording import STATUSES, explain, headline, last_line

#: GitHub refuses comments with more characters.
LIMIT = 65_536
#: Records that decide nothing, named in a comment at most.
MOST_RECORDS = 10
MARKS = {"not-met": "❌", "not-verified": "❔", "waived": "⚠️", "attested": "✍️", "met": "✅", "not-applicable": "➖"}


def write(report: Report) -> str:
    """Decision, open rows with their findings, then the rest folded away."""
    results = {result.check: result for result in report.results}
    head = [f"## {headline(report)}", "", last_line(report), ""]
    head += [f"> {cell(note)}" for note in report.overlay.notes]
    head += [f"> Record: {cell(line)}" for line in idle_records(report)[:MOST_RECORDS]]
    rows = [
        _row(row, explain(row, results)) for row in report.requirements if row.status in {"not-met", "not-verified"}
    ]
    rest = [
        _row(row, explain(row, results)) for row in report.requirements if row.status not in {"not-met", "not-verified"}
    ]
    table = ["| | row | level | status | requirement | why |", "|---|---|---|---|---|---|"]
    folded = ["", "<details><summary>Everything else</summary>", "", *table, *rest, "", "</details>", ""]
    return fitted([*head, *table], rows, folded)


def fitted(head: list[str], rows: list[str], tail: list[str], limit: int = LIMIT) -> str:
    """The parts joined; where they are too long, the tail goes first, then rows from the end, and a line says so."""
    text = "\n".join([*head, *rows, *tail]) + "\n"
    if len(text) <= limit:
        return text
    kept: list[str] = []
    budget = limit - len("\n".join(head)) - 200
    for row in rows:
        budget -= len(row) + 1
        if budget < 0:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    cut = f"\n… {left} open rows and all others are left out here; the site and the JSON report have them."
    return "\n".join([*head, *kept, cut]) + "\n"


def _row(row: RequirementResult, why: str) -> str:
    return (
        f"| {MARKS[row.status]} | {row.id} | {row.level} | {STATUSES[row.status]} | {cell(row.title)} | {cell(why)} |"
    )


def cell(text: str) -> str:
    """Hostile text as one Markdown table cell: no markup, no mention, no link, no line break."""
    folded = " ".join(printable(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]<>|#~!])", r"\\\1", folded[:400])
    return escaped.replace("@", "@\u200b").replace("://", ":\u200b//")
