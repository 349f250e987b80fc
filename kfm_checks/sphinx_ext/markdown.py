"""GitHub's Markdown as HTML for a page of the site: sanitised, with statuses where the document makes its statements.

The text comes from pull requests. It is rendered by markdown-it, cleaned by nh3 (ammonia), and only then the pieces
that this module makes itself (chips, badges, diagrams, highlighted code) are put in place of private markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.front_matter import front_matter_plugin

from kfm_checks.readme import Slugger
from kfm_checks.readme.inline import bindings, read_inline
from kfm_checks.sphinx_ext.sanitise import clean, images_of

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([0-9]{{1,7}}){_CLOSE}")
_TAG = re.compile(r"<(?:[^<>\"]|\"[^\"]*\")*>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*$", re.IGNORECASE)
_TASK = re.compile(r"\[([ xX])\]\s+")


class Context(Protocol):
    """What the page knows that the text does not."""

    def chip(self, ids: Sequence[str]) -> str:
        """HTML for the statuses of requirement ids."""

    def task(self, ids: Sequence[str], ticked: bool) -> str:
        """HTML in place of a checklist item's box."""

    def cell(self, ids: Sequence[str], text: str) -> str:
        """HTML in place of a bound cell's content, or "" to keep it and add a chip."""

    def link(self, target: str) -> str | None:
        """Where a link leads on this site; None where it leads nowhere a reader could go."""

    def image(self, source: str, alt: str) -> str:
        """HTML in place of an image."""

    def code(self, text: str, language: str) -> str:
        """HTML of a code block."""


@dataclass
class Part:
    """A heading and what follows until the next; level 0 is what stands before the first heading."""

    level: int
    title: str
    anchor: str
    html: str = ""
    line: int = 1


@dataclass
class _Env:
    """State of one rendering: the pieces to put in place of markers, and the anchors."""

    context: Context
    pieces: list[str] = field(default_factory=list)
    slugger: Slugger = field(default_factory=Slugger)

    def keep(self, html: str) -> str:
        """Hold HTML back from the sanitiser; what stands for it meanwhile."""
        self.pieces.append(_unmarked(html))
        return f"{_OPEN}{len(self.pieces) - 1}{_CLOSE}"

    def finish(self, html: str) -> str:
        """Clean, then put the pieces in."""
        cleaned = _TAG.sub(lambda found: _unmarked(found[0]), clean(html, self.context.link))
        return _unmarked(_MARK.sub(self._piece, cleaned))

    def _piece(self, found: re.Match[str]) -> str:
        number = int(found[1])
        return self.pieces[number] if number < len(self.pieces) else ""


def _unmarked(text: str) -> str:
    """Text without the private marks: an entity may bring them in again, and none may stand inside a tag."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def render(text: str, context: Context) -> list[Part]:
    """The document in parts, one a heading; headings inside ``<details>`` or a quotation make no part of their own."""
    env = _Env(context)
    plain = _unmarked(text)
    markdown = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
    front_matter_plugin(markdown)
    tokens = markdown.parse(plain)
    parts = [(Part(0, "", ""), [])]  # type: list[tuple[Part, list[Token]]]
    index, depth = 0, 0
    while index < len(tokens):
        token = tokens[index]
        depth = max(0, depth + _opened(token))
        if token.type == "heading_open" and token.level == 0 and depth == 0:
            title = read_inline(tokens[index + 1], 1).text
            line = token.map[0] + 1 if token.map else 1
            chips = _heading_chips(tokens[index + 1], env)
            part = Part(int(token.tag[1]), title, env.slugger(title), chips, line)
            parts.append((part, []))
            index += 3
            continue
        parts[-1][1].append(token)
        index += 1
    for part, own in parts:
        _prepare(own, env)
        rendered = markdown.renderer.render(own, markdown.options, {"kfm": env})
        part.html = part.html + env.finish(rendered)
    return [part for part, _ in parts if part.level or part.html.strip()]


def _heading_chips(inline: Token, env: _Env) -> str:
    ids = read_inline(inline, 1).ids
    return f'<p class="kfm-heading-chips">{env.context.chip(ids)}</p>' if ids else ""


def _opened(token: Token) -> int:
    """How many ``<details>`` or other blocks a piece of raw HTML leaves open."""
    if token.type != "html_block":
        return 0
    opening = re.findall(r"<(details|div|table|section)\b", token.content, re.IGNORECASE)
    closing = re.findall(r"</(details|div|table|section)\b", token.content, re.IGNORECASE)
    return len(opening) - len(closing)


def _prepare(tokens: list[Token], env: _Env) -> None:
    """Turn checkboxes, alerts and bound cells into what they stand for, before anything is rendered."""
    for index, token in enumerate(tokens):
        if token.type == "inline" and token.children:
            before = tokens[index - 1]
            if before.type == "paragraph_open" and index > 1 and tokens[index - 2].type == "list_item_open":
                _task(token, tokens[index - 2], _own_tokens(tokens, index), env)
            elif before.type == "td_open":
                _cell(token, env)
            if before.type == "paragraph_open" and index > 1 and tokens[index - 2].type == "blockquote_open":
                _alert(token, tokens[index - 2])


def _own_tokens(tokens: list[Token], index: int) -> list[Token]:
    """The inline token of an item and what belongs to the item, without its nested items."""
    own, depth = [], 0
    for token in tokens[index:]:
        depth += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if depth < 0:
            break
        if depth == 0:
            own.append(token)
    return own


def _task(token: Token, item: Token, own: list[Token], env: _Env) -> None:
    found = _TASK.match(token.content)
    children = token.children or []
    if found is None or not children or children[0].type != "text":
        return
    ids: list[str] = []
    for each in own:
        ids += (
            read_inline(each, 1).ids
            if each.type == "inline"
            else bindings(each.content)[0]
            if each.type == "html_block"
            else []
        )
    children[0].content = _TASK.sub("", children[0].content, count=1)
    item.attrJoin("class", "kfm-task")
    marker = Token("kfm_piece", "", 0, content=env.keep(env.context.task(list(dict.fromkeys(ids)), found[1] != " ")))
    _drop_bindings(children)
    token.children = [marker, *children]


def _drop_bindings(children: list[Token]) -> None:
    for child in children:
        if child.type == "html_inline" and bindings(child.content)[0]:
            child.content = ""


def _cell(token: Token, env: _Env) -> None:
    found = read_inline(token, 1)
    replacement = env.context.cell(found.ids, found.text) if found.ids else ""
    if replacement:
        token.children = [Token("kfm_piece", "", 0, content=env.keep(replacement))]


def _alert(token: Token, quote: Token) -> None:
    children = token.children or []
    found = _ALERT.match(children[0].content) if children[0].type == "text" else None
    if found is None:
        return
    rest = children[1:]
    token.children = rest[1:] if rest and rest[0].type in ("softbreak", "hardbreak") else rest
    quote.meta["alert"] = found[1].lower()


class _Renderer(RendererHTML):
    """Markdown-it's own HTML, but for what this site shows in its own way."""

    def kfm_piece(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return tokens[idx].content

    def html_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return _raw(tokens[idx].content, env["kfm"])

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return _raw(tokens[idx].content, env["kfm"])

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children, options, env) if token.children else token.content
        return str(env["kfm"].keep(env["kfm"].context.image(str(token.attrGet("src") or ""), alt)))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        token = tokens[idx]
        language = token.info.strip().split(maxsplit=1)[0] if token.info.strip() else ""
        return str(env["kfm"].keep(env["kfm"].context.code(token.content, language)))

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return str(env["kfm"].keep(env["kfm"].context.code(tokens[idx].content, "")))

    def front_matter(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return ""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        anchor = env["kfm"].slugger(read_inline(tokens[idx + 1], 1).text)
        kept = env["kfm"].keep(f'<span id="{escape(anchor, quote=True)}"></span>')
        return f"<{tokens[idx].tag}>{kept}"

    def blockquote_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        kind = tokens[idx].meta.get("alert")
        if not kind:
            return "<blockquote>\n"
        title = env["kfm"].keep(f'<p class="kfm-alert-title">{kind.capitalize()}</p>')
        return f'<blockquote class="kfm-alert kfm-alert-{kind}">{title}\n'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return str(env["kfm"].keep('<div class="kfm-scroll">')) + '<table class="kfm-table">\n'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        return "</table>" + str(env["kfm"].keep("</div>")) + "\n"


def _raw(content: str, env: _Env) -> str:
    """Raw HTML: bindings become chips, other comments go, images are drawn here; the sanitiser sees the rest."""

    def chip(found: re.Match[str]) -> str:
        ids = bindings(found[0])[0]
        return env.keep(env.context.chip(ids)) if ids else ""

    return images_of(_COMMENT.sub(chip, content), lambda source, alt: env.keep(env.context.image(source, alt)))
