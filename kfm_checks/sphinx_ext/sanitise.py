"""What may pass from a README to a page, by GitHub's example: structure and emphasis; no script, style or request."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import nh3

TAGS = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "blockquote",
            "br",
            "code",
            "dd",
            "del",
            "details",
            "div",
            "dl",
            "dt",
            "em",
            "h1",
            "h2",
            "h3",
        ),
        *(
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "ins",
            "kbd",
            "li",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strong",
        ),
        *("sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var"),
    }
)
ATTRIBUTES = {
    "a": {"href", "title", "id", "name"},
    "details": {"open"},
    "ol": {"start"},
    "li": {"class"},
    "blockquote": {"class"},
    "table": {"class"},
    "td": {"style", "align", "colspan", "rowspan"},
    "th": {"style", "align", "colspan", "rowspan"},
    **{tag: {"id", "align"} for tag in ("div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "span")},
}
_OWN_CLASSES = re.compile(r"kfm-task|kfm-table|kfm-alert kfm-alert-[a-z]+")
_ALIGNMENT = re.compile(r"text-align:\s*(left|right|center)")
_IMAGE = re.compile(r"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
#: Fragments of raw HTML are kept apart from the page's own ids, as GitHub does it.
PREFIX = "user-content-"


def clean(html: str, link: Callable[[str], str | None]) -> str:
    """HTML that can't run, load or hide anything; ``link`` says where each link leads, None: nowhere."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return link(value)
        if name == "class":
            return value if _OWN_CLASSES.fullmatch(value) else None
        if name == "style":
            return value if _ALIGNMENT.fullmatch(value) else None
        if name in ("id", "name"):
            return PREFIX + value
        return value

    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags={
            "script",
            "style",
            "iframe",
            "object",
            "template",
            "noscript",
            "textarea",
            "title",
            "svg",
            "math",
        },
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


class _Image(HTMLParser):
    """Reads one ``<img>``."""

    attributes: dict[str, str]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes = {name: value or "" for name, value in attrs}

    handle_startendtag = handle_starttag


def images_of(html: str, draw: Callable[[str, str], str]) -> str:
    """Raw HTML with each ``<img>`` replaced by what ``draw(source, alt)`` gives."""

    def replace(found: re.Match[str]) -> str:
        parser = _Image()
        parser.attributes = {}
        parser.feed(found[0])
        return draw(parser.attributes.get("src", ""), parser.attributes.get("alt", ""))

    return _IMAGE.sub(replace, html)
