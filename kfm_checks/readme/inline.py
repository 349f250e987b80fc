"""What stands inside a paragraph, a heading or a cell: plain text, bindings, links, named paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it.token import Token

from kfm_checks.readme.model import Link

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_REQ = re.compile(r"\s*req\s*:(.*)", re.DOTALL | re.IGNORECASE)
_ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9]+")


def bindings(html: str) -> tuple[list[str], list[str]]:
    """The ids of ``<!-- req: RAIL-06 GATE-04 -->`` comments, and the words in them that are no ids."""
    ids: list[str] = []
    strange: list[str] = []
    for comment in _COMMENT.findall(html):
        found = _REQ.fullmatch(comment)
        words = re.split(r"[\s,;]+", found[1].strip()) if found else []
        for word in filter(None, words):
            (ids if _ID.fullmatch(word.upper()) else strange).append(
                word.upper() if _ID.fullmatch(word.upper()) else word
            )
        if found and not found[1].strip():
            strange.append("")
    return list(dict.fromkeys(ids)), strange


@dataclass
class Inline:
    """The reading of one inline token; lines count from 1."""

    text: str = ""
    ids: list[str] = field(default_factory=list)
    strange: list[tuple[int, str]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)


def read_inline(token: Token, first_line: int) -> Inline:
    """Read an inline token that starts on ``first_line``."""
    result = Inline()
    parts: list[str] = []
    open_links: list[tuple[str, int, int]] = []
    line = first_line
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
            line += 1
        elif child.type == "html_inline":
            _read_html(child.content, line, result)
            line += child.content.count("\n")
        elif child.type == "code_inline":
            parts.append(child.content)
            result.codes.append(child.content)
            result.links.append(Link(child.content, child.content, line, "named"))
        elif child.type == "image":
            result.links.append(Link(str(child.attrGet("src") or ""), child.content, line, "image"))
        elif child.type == "link_open":
            open_links.append((str(child.attrGet("href") or ""), line, len(parts)))
        elif child.type == "link_close" and open_links:
            target, at, start = open_links.pop()
            result.links.append(Link(target, "".join(parts[start:]), at, "link"))
        else:
            parts.append(child.content)
    result.text = " ".join("".join(parts).split())
    return result


def _read_html(html: str, line: int, result: Inline) -> None:
    ids, strange = bindings(html)
    result.ids.extend(id for id in ids if id not in result.ids)
    result.strange.extend((line, word) for word in strange)
    for link, anchor in html_references(html, line):
        if link is not None:
            result.links.append(link)
        if anchor:
            result.anchors.append(anchor)


class _References(HTMLParser):
    """Collects ``href``, ``src``, ``id`` and ``name`` of raw HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.extend((tag, name, value or "", self.getpos()[0]) for name, value in attrs)


def html_references(html: str, first_line: int) -> Iterator[tuple[Link | None, str]]:
    """Links and anchors of raw HTML: ``(link, "")`` or ``(None, anchor)``."""
    parser = _References()
    try:
        parser.feed(html)
    except (AssertionError, ValueError):  # html.parser gives up so on malformed declarations; GitHub shows them as text
        return
    for tag, name, value, row in parser.found:
        line = first_line + row - 1
        if (tag, name) == ("a", "href"):
            yield Link(value, "", line, "link"), ""
        elif (tag, name) == ("img", "src"):
            yield Link(value, "", line, "image"), ""
        elif name == "id" or (tag, name) == ("a", "name"):
            yield None, value


def text_of(tokens: Iterable[Token]) -> str:
    """The plain text of inline tokens, without reading links."""
    return " ".join(read_inline(token, 1).text for token in tokens)
