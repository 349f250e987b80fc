"""Evidence as a matrix: what it is about down, which check across, the worst verdict in each field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar

from kfm_checks.engine import Crashed
from kfm_checks.errors import NotVerified
from kfm_checks.model import CheckResult, Evidence
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.text import listed

Shown = TypeVar("Shown")
#: Rows of a picture; what is beyond is counted below it.
LIMIT = 60


def honest(picture: Callable[..., Shown]) -> Callable[..., Shown | Said]:
    """A picture that says why there is none, where the facts behind it could not be had."""

    @wraps(picture)
    def drawn(*args: Any, **kwargs: Any) -> Shown | Said:
        try:
            return picture(*args, **kwargs)
        except NotVerified as why:
            return Said(f"Not verified: {why.reason}.")
        except Crashed as why:
            return Said(f"Not verified, because of a defect of this tool: {why}.")

    return drawn


def verdicts(
    book: Book,
    columns: Mapping[str, str],
    label: Callable[[Evidence], str | None],
    *,
    rows: Iterable[str] = (),
) -> tuple[list[str], list[tuple[str, list[Cell]]], str]:
    """Column headings, rows and a note. ``columns`` maps checks to headings; ``label`` names the row, None for no row.

    ``rows`` are those to show even where no check says anything of them. A check that found nothing to say of any row
    and could not look is left out of the columns, and the note says why.
    """
    found: dict[str, dict[str, list[Evidence]]] = defaultdict(lambda: defaultdict(list))
    shown, notes = {}, []
    for check, heading in columns.items():
        result = book.results.get(check)
        if result is None:
            notes.append(f"{heading}: not verified, because there is no such check yet.")
            continue
        labelled = [(name, item) for item in result.evidence if (name := label(item)) is not None]
        for name, item in labelled:
            found[name][check].append(item)
        if labelled:
            shown[check] = heading
        elif result.outcome in ("not-verified", "blocked", "error"):
            notes.append(f"{heading}: not verified, because {result.reason or 'the check could not finish'}.")
    names = sorted({*rows, *found})
    if len(names) > LIMIT:
        notes.append(f"{len(names) - LIMIT} more lines are not drawn.")
        names = sorted(sorted(names, key=lambda name: -_failing(found[name]))[:LIMIT])
    lines = [(name, [_cell(book, book.results[check], found[name][check]) for check in shown]) for name in names]
    return list(shown.values()), lines, " ".join(notes).replace("..", ".")


def grid(
    book: Book,
    title: str,
    about: str,
    corner: str,
    columns: Mapping[str, str],
    label: Callable[[Evidence], str | None],
    rows: Iterable[str] = (),
) -> Grid | Said:
    """The same as a picture; a sentence where there is nothing to draw."""
    headings, lines, note = verdicts(book, columns, label, rows=rows)
    if not lines or not headings:
        return Said(f"{title}: nothing to draw. {note}".strip())
    return Grid(title, about, corner, headings, lines, note)


def _failing(by_check: Mapping[str, list[Evidence]]) -> int:
    return sum(item.holds is False for items in by_check.values() for item in items)


def _cell(book: Book, result: CheckResult, items: list[Evidence]) -> Cell:
    if not items:
        return Cell()
    verdicts_ = {item.holds for item in items}
    if False in verdicts_:
        statuses = {book.all_rows[id].status for id in result.requirements if id in book.all_rows}
        tone, kept = ("waived" if statuses == {"waived"} else "not-met"), False
    elif None in verdicts_:
        tone, kept = "not-verified", None
    else:
        tone, kept = "met", True
    return Cell(tone, "", listed([item.message for item in items if item.holds is kept], 3))
