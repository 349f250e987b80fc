"""Text in columns for a terminal, as rich lays it out: rich takes as long to do so as a sixth of the checks.

The tests hold both equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

#: Between two columns.
GAP = "  "
_HALF = len(GAP) // 2
#: A column that is wrapped is never narrower: a line may be longer than the terminal then.
_NARROWEST = 10
_TAB = 8
_WORD = re.compile(r"\s*\S+\s*")


def cells(text: str) -> int:
    """How wide a text is in a terminal: East Asian characters take two cells, combining ones none."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, broken between words, and within a word that is longer than a line."""
    return [line.rstrip() for part in text.expandtabs(_TAB).split("\n") for line in _lines(part, width)]


def _lines(text: str, width: int) -> Iterator[str]:
    if cells(text) <= width:
        yield text
        return
    line = ""
    for word in _WORD.findall(text):
        size = cells(word.rstrip())
        if cells(line) + size <= width:
            line += word
            continue
        if line:
            yield line
        *whole, line = _chopped(word, width) if size > width else [word]
        yield from whole
    yield line


def _chopped(word: str, width: int) -> list[str]:
    pieces = [""]
    for char in word:
        if pieces[-1] and cells(pieces[-1]) + _cells(char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def table(rows: Sequence[Sequence[str]], width: int) -> list[list[list[str]]]:
    """Each row as lines of cells, padded up to the last one; the last two columns share what the others leave."""
    *fixed, one, other = (
        max(max(map(cells, text.split("\n"))) for text in column) for column in zip(*rows, strict=True)
    )
    left = width - sum(fixed) - len(GAP) * (len(fixed) + 1)
    widths = (*fixed, *_shared(one, other, left))
    return [_row(row, widths, len(fixed)) for row in rows]


def _shared(one: int, other: int, left: int) -> tuple[int, int]:
    """The wider column gives way first; both do, once they are equal."""
    # Half of a gap counts as a part of the column on its side.
    one, other, left = one + 2 * _HALF, other + _HALF, left + 3 * _HALF
    excess = max(0, one + other - left)
    cut = min(excess, abs(one - other))
    one, other = (one - cut, other) if one > other else (one, other - cut)
    half = round((excess - cut) / 2)
    one, other = one - half, other - (excess - cut - half)
    return max(_NARROWEST, one - 2 * _HALF), max(_NARROWEST, other - _HALF)


def _row(row: Sequence[str], widths: Sequence[int], fixed: int) -> list[list[str]]:
    columns = [
        [text] if place < fixed else wrapped(text, size)
        for place, (text, size) in enumerate(zip(row, widths, strict=True))
    ]
    height = max(map(len, columns))
    filled = [column + [""] * (height - len(column)) for column in columns]
    return [
        [text + " " * (size - cells(text)) for text, size in zip(line, widths, strict=True)]
        for line in zip(*filled, strict=True)
    ]
