"""The summary for a terminal: its columns stand one below the other, whatever is in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from kfm_checks.exports.table import write
from kfm_checks.model import Report
from kfm_checks.wording import STATUSES

from .conftest import made

WIDE = "本番環境の名前空間はすべて既定で通信を拒否し必要な相手だけを許可する"


def _table(report: Report, width: int) -> list[str]:
    """The columns' titles, and what is below them up to the first empty line."""
    lines = write(report, width=width).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("id "))
    return lines[begin : next(number for number in range(begin, len(lines)) if not lines[number])]


def _cells(line: str) -> list[str]:
    """What stands in each cell: a wide character has a second one."""
    return [cell for character in line for cell in [character, ""][: cell_len(character)]]


@pytest.mark.parametrize("width", [80, 110, 200])
def test_the_columns_line_up(width: int) -> None:
    """Titles of wide characters take the cells that they take, a long text goes on below its own column."""
    report = made()
    rows = tuple(replace(row, title=WIDE) for row in report.requirements)
    head, *lines = _table(replace(report, requirements=rows), width)
    title, why = head.index("requirement"), head.index("why")
    titles = []
    for line in map(_cells, lines):
        assert len(line) <= width
        assert set(line[title - 2 : title]) == {" "} and set(line[why - 2 : why]) <= {" "}, line
        titles.append("".join(line[title : why - 2]).strip())
    assert "".join(titles) == WIDE * len(rows)


def test_each_row_has_its_id_level_and_status() -> None:
    """In words, in the order of the report; nothing ends in blanks."""
    report = made()
    lines = iter(_table(report, 110))
    for row in report.requirements:
        line = next(line for line in lines if line.startswith(f"{row.id} "))
        assert line[len(row.id) :].split()[0] == row.level and f"  {STATUSES[row.status]}  " in line
    assert not any(line.endswith(" ") for line in write(report).splitlines())


def test_colour_is_added_and_changes_nothing_else() -> None:
    """Without it there is no escape sequence; with it the text is the same."""
    import re

    report = made()
    plain, coloured = write(report), write(report, color=True)
    assert "\x1b" not in plain and "\x1b[" in coloured
    assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()] == plain.splitlines()


def test_a_report_without_rows_has_a_summary() -> None:
    """Nothing was selected: the titles stand alone."""
    assert "id" in write(replace(made(), requirements=()))


def test_a_narrow_terminal_still_shows_all() -> None:
    """Columns do not get narrower than a word; the terminal wraps the rest."""
    text = " ".join(write(made(), width=20).split())
    assert all(row.id in text for row in made().requirements)
