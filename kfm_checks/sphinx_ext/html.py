"""HTML of the site's own parts. Templates escape every value; what is trusted is marked so in one place, here."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from kfm_checks import wording
from kfm_checks.model import Status
from kfm_checks.redaction import redact
from kfm_checks.requirements import SECTIONS
from kfm_checks.sphinx_ext.since import CALLED, MARKS

#: A sign for each status, so that colour is never the only difference.
SIGNS: dict[Status, str] = {
    "met": "✓",
    "not-met": "✗",
    "attested": "✎",
    "waived": "≈",
    "not-verified": "?",
    "not-applicable": "–",
}


@cache
def environment() -> Environment:
    """The templates of the package; unknown names are errors, everything is escaped."""
    env = Environment(
        loader=PackageLoader("kfm_checks.sphinx_ext"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(
        SECTIONS=SECTIONS,
        STATUSES=wording.STATUSES,
        ROLES=wording.ROLES,
        SIGNS=SIGNS,
        MARKS=MARKS,
        CALLED=CALLED,
        chip=chip,
        redact=redact,
    )
    env.filters.update(soft=soft, prose=prose, inline=inline)
    return env


def fill(template: str, **values: Any) -> str:
    """A template filled in."""
    return environment().get_template(template).render(**values)


def chip(status: Status, text: str = "", *, href: str = "", title: str = "") -> Markup:
    """A status as a small label with its sign; with ``href`` it leads somewhere."""
    word = wording.STATUSES[status]
    label = f"{text} {word}" if text else word
    inner = f'<span class="kfm-sign" aria-hidden="true">{SIGNS[status]}</span>{escape(label)}'
    attributes = f'class="kfm-chip kfm-{status}"' + (f' title="{escape(title, quote=True)}"' if title else "")
    if href:
        return Markup(f'<a {attributes} href="{escape(href, quote=True)}">{inner}</a>')  # noqa: S704 - escaped above
    return Markup(f"<span {attributes}>{inner}</span>")  # noqa: S704 - escaped above


def soft(text: str) -> Markup:
    """Text that may break after the marks of paths and pointers: long ones don't widen a table."""
    out = []
    for char in str(text):
        out.append(escape(char))
        if char in "/.-_:@,=]":
            out.append("<wbr>")
    return Markup("".join(out))  # noqa: S704 - every character is escaped


def prose(text: str) -> Markup:
    """Paragraphs of our own Markdown (docstrings, the catalogue); HTML in it is escaped all the same."""
    return Markup(_markdown().render(text.replace("``", "`")))  # noqa: S704 - HTML is off


def inline(text: str) -> Markup:
    """One line of our own Markdown."""
    return Markup(_markdown().renderInline(text.replace("``", "`")))  # noqa: S704 - HTML is off


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image"])


def highlighted(text: str, language: str) -> str:
    """A code block as Sphinx's own, highlighted by Pygments where the language is known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import TextLexer, get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    inner = highlight(text, lexer, HtmlFormatter(nowrap=True))
    name = escape(lexer.aliases[0] if lexer.aliases else "text", quote=True)
    return f'<div class="highlight-{name} notranslate"><div class="highlight"><pre>{inner}</pre></div></div>'
