"""Docutils nodes from the site's HTML."""

from __future__ import annotations

from docutils import nodes


def raw(html: str) -> nodes.raw:
    """A piece of the site's own HTML."""
    return nodes.raw("", html, format="html")


def section(title: str, anchor: str, *content: nodes.Node) -> nodes.section:
    """A section whose title is plain text, whatever it holds."""
    node = nodes.section("", nodes.title("", "", nodes.Text(title)), *content, ids=[anchor])
    node["names"] = []
    return node
