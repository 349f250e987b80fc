"""Columns for a terminal: as rich lays them out, and no wider than the terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kfm_checks.exports.columns import GAP, cells, table, wrapped
from kfm_checks.exports.table import write
from kfm_checks.run import check_objects

SHORT = st.text("ab-", min_size=1, max_size=14)
LONG = st.text("abcdefgh  -…é漢e\u0301\n", max_size=170).filter(str.strip)
ROWS = st.lists(st.tuples(SHORT, SHORT, SHORT, LONG, LONG), min_size=1, max_size=4)
TITLES = ("id", "level", "status", "requirement", "why")


def printed(thing: object, width: int) -> list[str]:
    """The lines that rich prints."""
    target = io.StringIO()
    console = Console(file=target, no_color=True, width=width, highlight=False, emoji=False, markup=False)
    console.print(thing)
    return [line.rstrip() for line in target.getvalue().split("\n")][:-1]


def by_rich(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The same table by rich."""
    made = Table(box=None, pad_edge=False, show_edge=False)
    for title in TITLES:
        made.add_column(title, no_wrap=title in TITLES[:3], overflow="fold")
    for row in rows:
        made.add_row(*(Text(text) for text in row))
    return printed(made, width)


def joined(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The lines of our table."""
    return [GAP.join(line).rstrip() for row in table(rows, width) for line in row]


@given(ROWS, st.integers(80, 160))
@example([("A-1", "must", "met", "漢" * 90, "x" * 200)], 80)
@example([("A-1", "must", "met", "x y " * 40, "x y " * 40)], 81)
def test_a_table_is_laid_out_as_by_rich(rows: list[tuple[str, ...]], width: int) -> None:
    """Widths of the columns, breaks between words, within long ones, wide characters and combining ones."""
    assert joined([TITLES, *rows], width) == by_rich(rows, width)


@given(LONG, st.integers(10, 160))
def test_a_text_is_wrapped_as_by_rich(text: str, width: int) -> None:
    """Every line fits."""
    lines = wrapped(text, width)
    assert lines == printed(Text(text), width)
    assert all(cells(line) <= width for line in lines)


def test_an_identifier_as_wide_as_the_terminal_is_shown_whole() -> None:
    """The other columns keep a width in which they can be read; the line is longer than the terminal then."""
    lines = joined([("X" * 100, "must", "met", "words of a requirement", "words of a reason")], 80)
    assert lines[0].split() == ["X" * 100, "must", "met", "words", "of", "a", "words", "of", "a"]


@pytest.mark.parametrize("width", [80, 117, 160])
def test_colours_change_nothing_but_the_colours(width: int) -> None:
    """Each code is ended on its line, and without the codes the text is the plain one."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api"}, "spec": {"containers": [{"name": "api"}]}}
    report = check_objects([pod], as_of="2026-01-01")
    plain, colored = write(report, width=width), write(report, color=True, width=width)
    assert "\x1b[1;31mnot met\x1b[0m" in colored
    assert all(line.count("\x1b[") == 2 * line.count("\x1b[0m") for line in colored.splitlines())
    without = re.sub(r"\x1b\[[\d;]*m", "", colored)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()
