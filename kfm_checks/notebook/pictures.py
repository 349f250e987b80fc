"""Small pictures that are also tables: the same bytes on every machine, readable without colour and without sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kfm_checks.notebook.style import SIGNS, WORDS, wrapped
from kfm_checks.notebook.text import html, plain, soft


@dataclass(frozen=True)
class Said:
    """A sentence in place of a picture or table: what there is not, and why."""

    sentence: str

    def __repr__(self) -> str:
        return plain(self.sentence)

    def _repr_html_(self) -> str:
        return wrapped(f"<p>{html(self.sentence)}</p>", picture=False)


@dataclass(frozen=True)
class Cell:
    """One field of a grid. ``tone`` is a status or ``n1`` to ``n4`` (how much); ``about`` is the whole story."""

    tone: str = ""
    text: str = ""
    about: str = ""

    @property
    def shown(self) -> str:
        """The sign and the text."""
        return " ".join(part for part in (SIGNS.get(self.tone, ""), plain(self.text)) if part)

    @property
    def words(self) -> str:
        """The same for those who can't see signs."""
        return " ".join(part for part in (WORDS.get(self.tone, ""), plain(self.text)) if part) or "nothing"


@dataclass(frozen=True)
class Grid:
    """A matrix: ``rows`` are (label, one cell for each column)."""

    title: str
    about: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    note: str = ""
    #: What each tone in use means, where that differs from the statuses' own words.
    key: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        lines = [plain(self.title), plain(self.about)]
        for label, cells in self.rows:
            filled = [f"{plain(c)} {cell.shown}" for c, cell in zip(self.columns, cells, strict=True) if cell.shown]
            lines.append(f"{plain(label)}: {' | '.join(filled) or 'nothing'}")
        return "\n".join([*lines, *([plain(self.note)] if self.note else [])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{soft(column)}</th>' for column in self.columns)
        body = "".join(self._row(label, cells) for label, cells in self.rows)
        note = f"<p>{html(self.note)}</p>" if self.note else ""
        return wrapped(
            f"<figure><figcaption>{html(self.title)}</figcaption><p>{html(self.about)}</p>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="{html(self.title)}"><table class="grid">'
            f'<thead><tr><th scope="col">{html(self.corner)}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
            f"{self._legend()}{note}</figure>"
        )

    def _row(self, label: str, cells: Sequence[Cell]) -> str:
        shown = "".join(_td(cell, label, column) for cell, column in zip(cells, self.columns, strict=True))
        return f'<tr><th scope="row">{soft(label)}</th>{shown}</tr>'

    def _legend(self) -> str:
        used = {cell.tone for _, cells in self.rows for cell in cells if cell.shown}
        meanings = {**WORDS, **self.key}
        items = [
            f'<li><span class="{tone}">{html(SIGNS.get(tone, "0"))}</span> {html(meanings[tone])}</li>'
            for tone in [*SIGNS, "n1", "n2", "n3", "n4"]
            if tone in used and tone in meanings
        ]
        return f'<ul class="key">{"".join(items)}</ul>' if items else ""


def _td(cell: Cell, row: str, column: str) -> str:
    if not cell.shown:
        return "<td></td>"
    title = f"{plain(row)}, {plain(column)}: {plain(cell.about) or cell.words}"
    css = f' class="{cell.tone}"' if cell.tone else ""
    return f'<td{css} title="{html(title)}">{html(cell.shown)}</td>'


def heat(number: int, most: int) -> Cell:
    """A number, the stronger the more; nothing for none."""
    if number <= 0:
        return Cell()
    step = 1 + min(3, (number * 4 - 1) // max(most, 1)) if most > 1 else 2
    return Cell(f"n{step}", str(number))


@dataclass(frozen=True)
class Board:
    """Lines of chips: what each item is made of. A line is (label, status, chips of (status, text, about))."""

    title: str
    about: str
    lines: Sequence[tuple[str, str, Sequence[tuple[str, str, str]]]]

    def __repr__(self) -> str:
        lines = [plain(self.title), plain(self.about)]
        for label, status, chips in self.lines:
            made = ", ".join(f"{plain(text)} {SIGNS.get(tone, '')}" for tone, text, _ in chips)
            lines.append(f"{SIGNS.get(status, '')} {plain(label)}" + (f" <- {made}" if made else ""))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        lines = "".join(
            f'<tr><td class="{status}" title="{html(WORDS.get(status, status))}">{SIGNS.get(status, "")}</td>'
            f'<th scope="row">{html(label)}</th><td>{"".join(_chip(*chip) for chip in chips)}</td></tr>'
            for label, status, chips in self.lines
        )
        key = "".join(
            f'<li><span class="{tone}">{SIGNS[tone]}</span> {html(WORDS[tone])}</li>'
            for tone in SIGNS
            if any(tone == status or any(tone == chip[0] for chip in chips) for _, status, chips in self.lines)
        )
        return wrapped(
            f"<figure><figcaption>{html(self.title)}</figcaption><p>{html(self.about)}</p>"
            '<div class="scroll" tabindex="0" role="region" aria-label="the items"><table>'
            f'<tbody>{lines}</tbody></table></div><ul class="key">{key}</ul></figure>'
        )


def _chip(tone: str, text: str, about: str) -> str:
    return f'<span class="chip {tone}" title="{html(about)}">{SIGNS.get(tone, "")} {html(text)}</span>'
