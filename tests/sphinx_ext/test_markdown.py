"""A README on the site shows as on GitHub, with statuses, and can neither run, load nor hide anything."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.sphinx_ext.badges import badge_of
from kfm_checks.sphinx_ext.markdown import render
from kfm_checks.sphinx_ext.mermaid import flowchart_svg


class Plain:
    """A context that shows what it is asked for."""

    def chip(self, ids: Sequence[str]) -> str:
        """Ids in brackets."""
        return f"<i>{'+'.join(ids)}</i>"

    def task(self, ids: Sequence[str], ticked: bool) -> str:
        """Ids with a tick."""
        return f"<i>{'+'.join(ids) or 'unbound'}{'!' if ticked else ''}</i>"

    def cell(self, ids: Sequence[str], text: str) -> str:
        """The value of META cells."""
        return f"<u>{'+'.join(ids)}</u>" if ids[0].startswith("META") else ""

    def link(self, target: str) -> str | None:
        """As it is."""
        return target

    def image(self, source: str, alt: str) -> str:
        """A badge."""
        return badge_of(source, alt)

    def code(self, text: str, language: str) -> str:
        """The language only."""
        return f"<pre>{escape(language)}</pre>"


def html(text: str) -> str:
    """All parts as one text."""
    return "".join(part.html for part in render(text, Plain()))


def test_statuses_stand_where_the_comments_stood() -> None:
    """A task's box is replaced; other comments become chips in place; a comment without an id goes."""
    shown = html("- [ ] a <!-- req: RAIL-06 -->\n- [x] b\n\nOne. <!-- req: SEC-01 --> Two. <!-- other -->\n")
    assert '<li class="kfm-task"><i>RAIL-06</i>a ' in shown
    assert '<li class="kfm-task"><i>unbound!</i>b' in shown
    assert "One. <i>SEC-01</i> Two. " in shown
    assert "<!--" not in shown
    assert "[ ]" not in shown


def test_metadata_cells_are_replaced() -> None:
    """A cell bound to a META row gives its place to the value; another bound cell keeps its text."""
    shown = html("| F | V |\n|---|---|\n| a | *none* <!-- req: META-02 --> |\n| b | kept <!-- req: LAY-01 --> |\n")
    assert "<td><u>META-02</u></td>" in shown
    assert "kept <i>LAY-01</i>" in shown


def test_alerts_details_and_anchors() -> None:
    """GitHub's alerts get their title, details stay foldable, headings keep GitHub's anchors."""
    parts = render(
        "# A b?\n\n> [!WARNING]\n> Careful.\n\n<details>\n<summary>More</summary>\n\n"
        "## Inner\n\ntext\n\n</details>\n\n## A b\n",
        Plain(),
    )
    assert [(part.level, part.anchor) for part in parts] == [(1, "a-b"), (2, "a-b-1")]
    assert '<blockquote class="kfm-alert kfm-alert-warning"><p class="kfm-alert-title">Warning</p>' in parts[0].html
    assert "<details>" in parts[0].html
    assert '<h2><span id="inner"></span>Inner</h2>' in parts[0].html
    assert "[!WARNING]" not in parts[0].html


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<iframe src=https://example.org></iframe>",
    "<style>body{display:none}</style>",
    '<div style="position:fixed;inset:0">x</div>',
    "<form action=https://example.org><input></form>",
    "<link rel=stylesheet href=https://example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<base href=https://example.org>",
    "<object data=x></object><embed src=x>",
    '<details open ontoggle="alert(1)">x</details>',
    "![a](https://example.org/x.png)",
    '![" onload=alert(1) x="](https://example.org/badge/a-b-red)',
    "<picture><source srcset=https://example.org/x></picture>",
    '<a title="<!-- req: SEC-01 --> onmouseover=alert(1) x=">y</a>',
    "<a title=\"<img src=x alt='onmouseover=alert(1)'>\">y</a>",
    "<!-- req: SEC-01 --><script>alert(1)</script>",
    "<!-- --!><script>alert(1)</script> -->",
    "<!--><script>alert(1)</script>-->",
    "&#xE000;0&#xE001;&#xE000;999999&#xE001;",
    "![&#xE000;0&#xE001;](x)",
    "```<script>alert(1)</script>\nx\n```",
    "| <script>alert(1)</script> |\n|---|\n| <img src=https://example.org/x> |",
    "- [ ] <script>alert(1)</script>",
    "# <script>alert(1)</script>",
    "<div class='kfm-chip kfm-met'>met</div>",
    '<p id="search-form">x</p>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile(text: str) -> None:
    """Nothing runs, nothing is loaded, nothing takes the look of a status."""
    shown = html(text)
    forbidden = (
        "script",
        "iframe",
        "style",
        "link",
        "meta",
        "base",
        "object",
        "embed",
        "form",
        "img",
        "source",
        "math",
    )
    tags = [piece.partition(">")[0] for piece in shown.split("<")[1:]]
    assert not any(" on" in unquoted(tag) or " style=" in unquoted(tag) for tag in tags), shown
    assert not any(tag.lower().startswith(forbidden) for tag in tags), shown
    assert not any(scheme in tag.lower() for tag in tags for scheme in ('"javascript:', '"data:')), shown
    assert "kfm-met" not in shown
    assert 'id="search-form"' not in shown


def unquoted(tag: str) -> str:
    """A tag without its attributes' values."""
    return "".join(part for index, part in enumerate(tag.split('"')) if index % 2 == 0)


@given(st.text(alphabet="<>!-[]() \n#|`'\"=/:ascriptonload&;xE01\ue000\ue001", max_size=120))
def test_any_text(text: str) -> None:
    """Whatever the text, it renders, and no script, handler or private marker comes out."""
    shown = html(text)
    assert "<script" not in shown.lower()
    assert "\ue000" not in shown
    assert "\ue001" not in shown


def test_badges_are_drawn_here() -> None:
    """A badge's text and colour are read from its address; nothing else of it is used."""
    svg = badge_of("https://img.shields.io/badge/deployed%20by-GitOps-blue", "Deployed by GitOps")
    assert svg.startswith("<svg")
    assert ">deployed by</text>" in svg
    assert ">GitOps</text>" in svg
    assert "shields.io" not in svg
    assert "<script" not in badge_of("https://img.shields.io/badge/%3Cscript%3E-x-red", "a")
    assert "a--b" not in badge_of("https://img.shields.io/badge/a--b-c__d-red", "")


def test_flowcharts_are_drawn_here() -> None:
    """Nodes, labels, shapes, chains and cycles of a flowchart are drawn; other diagrams are left as text."""
    svg = flowchart_svg('flowchart LR\n  a["One & two"] --> b(Two)\n  b -- back --> a\n  b -.->|maybe| c{Three} & d')
    assert svg is not None
    assert "One &amp; two" in svg
    assert svg.count("kfm-flow-edge") == 4
    assert "back" in svg
    assert flowchart_svg("sequenceDiagram\n a->>b: hi") is None
    assert flowchart_svg("flowchart LR\n a --> ") is None
    assert flowchart_svg("") is None


@given(st.text(alphabet='abc[](){}<>-=.|&;" \n', max_size=60))
def test_any_flowchart(text: str) -> None:
    """Whatever the source, it is drawn or left alone, and its text is escaped."""
    svg = flowchart_svg("flowchart TD\n" + text)
    assert svg is None or svg.startswith("<svg")


def test_flowchart_text_is_escaped() -> None:
    """A node's text is text."""
    svg = flowchart_svg('graph TD\n a["<script>alert(1)</script> #lt;b#gt;"] --> b')
    assert svg is not None
    assert "<script" not in svg
    assert "&lt;b&gt;" in svg
