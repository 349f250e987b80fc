"""Pictures of notebooks 00 and 02: rows by section, and what each item of the Definition of Done is made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kfm_checks import wording
from kfm_checks.model import RequirementResult
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.catalogue import NOTEBOOKS
from kfm_checks.notebook.matrix import honest
from kfm_checks.notebook.pictures import Board, Cell, Grid
from kfm_checks.notebook.tables import table
from kfm_checks.requirements import SECTIONS

if TYPE_CHECKING:
    import pandas as pd


@honest
def by_section(book: Book) -> Grid:
    """Sections down, statuses across, the number of rows in each field."""
    counted = Counter((_section(row), row.status) for row in book.report.requirements)
    used = [key for key in [*SECTIONS.values(), _OWN] if any(counted[key, status] for status in wording.STATUSES)]
    rows = [(key, [_count(counted[key, status], status) for status in wording.STATUSES]) for key in used]
    about = f"{len(book.report.requirements)} requirements; each number says how many have this status."
    return Grid("The requirements at one look", about, "section", list(wording.STATUSES.values()), rows)


_OWN = "The team's own requirements"


def _section(row: RequirementResult) -> str:
    return SECTIONS.get(row.id.partition("-")[0], _OWN)


def _count(number: int, status: str) -> Cell:
    return Cell(status, str(number)) if number else Cell()


@honest
def made_of(book: Book) -> Board:
    """Each item with the rows that it folds and their statuses."""
    rows = {row.id: row for row in book.judged.rows}
    lines = []
    for row in book.report.requirements:
        parts = [book.all_rows[id] for id in rows[row.id].rolls_up if id in book.all_rows]
        chips: list[tuple[str, str, str]] = [
            (part.status, part.id, f"{part.title}: {wording.explain(part, book.results)}") for part in parts
        ]
        chips += [
            (_tone(book.results[name].outcome), name, book.results[name].reason or "")
            for name in row.checks
            if name in book.results
        ]
        lines.append((f"{row.id} {row.title}", row.status, chips))
    return Board(
        "What each item is made of", "The sign in front is the item's own; it is as good as its worst part.", lines
    )


def _tone(outcome: str) -> str:
    return {"pass": "met", "fail": "not-met", "not-applicable": "not-applicable"}.get(outcome, "not-verified")


def by_role(book: Book) -> pd.DataFrame:
    """What is open, by who must act: what is not met first, musts before shoulds."""
    open_rows = [row for row in book.report.requirements if row.status in ("not-met", "not-verified")]
    order = sorted(open_rows, key=lambda row: (row.role, row.status != "not-met", row.level != "must"))
    lines = [
        (
            wording.ROLES.get(row.role, row.role),
            row.id,
            row.level,
            row.title,
            wording.STATUSES[row.status],
            row.reason or "",
        )
        for row in order
    ]
    return table(lines, ("who must act", "row", "level", "requirement", "status", "why"), limit=120)


def by_notebook(book: Book) -> pd.DataFrame:
    """Each notebook with the decision on its rows, and the rows that no notebook decides."""
    lines: list[tuple[str, str, str]] = []
    decided: set[str] = set()
    for each in NOTEBOOKS[1:]:
        rows = [book.all_rows[id] for id in each.rows if id in book.all_rows]
        decided.update(each.rows)
        lines.append((each.name, each.decides, _tally(rows)))
    rest = [row for row in book.report.requirements if row.id not in decided]
    if rest:
        sections = ", ".join(dict.fromkeys(_section(row) for row in rest))
        lines.append(("(this one alone)", f"rows that no other notebook decides: {sections}", _tally(rest)))
    return table(lines, ("notebook", "decides", "today"))


def _tally(rows: list[RequirementResult]) -> str:
    counted = Counter(row.status for row in rows)
    return ", ".join(f"{counted[status]} {word}" for status, word in wording.STATUSES.items() if counted[status])
