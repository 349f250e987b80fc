"""Tokens of a CEL expression: enough to see which names it reads and to rewrite calls, never inside a string."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>
        [bB]?[rR][bB]?(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')
      | [bB]?(?:\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\"|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    )
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`\n]*`)
  | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of the text; ``kind`` is space, string, number, name or other."""

    kind: str
    text: str


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """All tokens, spaces included: joined they are the text."""
    return tuple(Token(found.lastgroup or "other", found[0]) for found in _TOKEN.finditer(text))


@lru_cache(maxsize=4096)
def chains(text: str) -> frozenset[tuple[str, ...]]:
    """Every dotted chain of names that starts at a root: ``request.userInfo.groups`` as a tuple.

    ``?`` of an optional field is passed over, so that ``request.?userInfo`` reads the same field.
    """
    return frozenset(_chains([token for token in tokens(text) if token.kind != "space"]))


def _chains(found: list[Token]) -> Iterator[tuple[str, ...]]:
    index = 0
    while index < len(found):
        if found[index].kind == "name" and not _after_dot(found, index):
            chain = [found[index].text.strip("`")]
            index += 1
            while (step := _field(found, index)) is not None:
                index, name = step
                chain.append(name)
            yield tuple(chain)
        else:
            index += 1


def _after_dot(found: list[Token], index: int) -> bool:
    if index and found[index - 1].text == "?":
        index -= 1
        return index > 0 and found[index - 1].text == "."
    return index > 0 and found[index - 1].text == "."


def _field(found: list[Token], index: int) -> tuple[int, str] | None:
    if index + 1 >= len(found) or found[index].text != ".":
        return None
    at = index + 1
    if found[at].text == "?" and at + 1 < len(found):
        at += 1
    if found[at].kind != "name":
        return None
    return at + 1, found[at].text.strip("`")


@lru_cache(maxsize=4096)
def calls(text: str) -> frozenset[str]:
    """Names that are called: a name followed by an opening bracket."""
    found = [token for token in tokens(text) if token.kind != "space"]
    return frozenset(token.text for token, after in pairwise(found) if token.kind == "name" and after.text == "(")


def rewrite(text: str, change: Callable[[list[Token], int], tuple[int, str] | None]) -> str:
    """Replace runs of tokens: ``change(tokens, index)`` gives how many to take and the text in their stead."""
    found = list(tokens(text))
    out: list[str] = []
    index = 0
    while index < len(found):
        replaced = change(found, index)
        if replaced is None:
            out.append(found[index].text)
            index += 1
        else:
            index += replaced[0]
            out.append(replaced[1])
    return "".join(out)
