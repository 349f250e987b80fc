"""The overlay's Markdown files as pages: the README, and the documents beside it that it leads to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from docutils import nodes

from kfm_checks.errors import NotVerified
from kfm_checks.facts.tree import Tree
from kfm_checks.readme import LIMIT, Readme, parse_readme
from kfm_checks.redaction import redact
from kfm_checks.sphinx_ext import state
from kfm_checks.sphinx_ext.context import PageContext
from kfm_checks.sphinx_ext.markdown import Part, render
from kfm_checks.sphinx_ext.nodes import raw, section
from kfm_checks.sphinx_ext.view import View

#: So many documents beside the README become pages at most.
MOST = 60
README_PAGE = "live/readme"


def readme_of(view: View) -> Readme | None:
    """The parsed README, or None where there is none."""
    try:
        found = view.judged.facts.get("readme")
    except NotVerified:
        return None
    return found if isinstance(found, Readme) else None


def readme_path(view: View) -> str:
    """The README's path from the repository's root, or ""."""
    found = readme_of(view)
    return found.path if found else ""


def documents(view: View) -> Mapping[str, str]:
    """Path of each Markdown file of the repository that the README reaches -> its page; the README included."""
    return _documents(view)


@lru_cache(maxsize=4)
def _documents(view: View) -> Mapping[str, str]:
    start = readme_path(view)
    tree = view.judged.facts.inputs.get("tree")
    if not start or not isinstance(tree, Tree):
        return {}
    found: dict[str, str] = {start: README_PAGE}
    queue = [start]
    while queue and len(found) < MOST:
        path = queue.pop(0)
        for target in _linked(path, tree):
            file = tree.read(target)
            if target not in found and file is not None and _is_below(target, tree) and len(file.text) <= LIMIT:
                found[target] = f"live/files/{_page_name(target, found.values())}"
                queue.append(target)
    return found


def _is_below(path: str, tree: Tree) -> bool:
    return not tree.source_path or path.startswith(tree.source_path + "/")


def _linked(path: str, tree: Tree) -> list[str]:
    file = tree.read(path)
    if file is None or file.unread or file.is_binary or len(file.text) > LIMIT:
        return []
    found = []
    for link in parse_readme(file.text, path).links:
        target = _local(link.target)
        if link.kind == "link" and target.lower().endswith((".md", ".markdown")):
            base = "" if target.startswith("/") else posixpath.dirname(path)
            resolved = posixpath.normpath(posixpath.join(base, target.lstrip("/")))
            if not resolved.startswith("..") and "\0" not in resolved:
                found.append(resolved)
    return found


def _local(target: str) -> str:
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else unquote(parts.path)


def _page_name(path: str, taken: object) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", posixpath.splitext(path)[0].lower()).strip("-")[-80:] or "file"
    name, number = base, 1
    while f"live/files/{name}" in taken:  # type: ignore[operator]
        number += 1
        name = f"{base}-{number}"
    return name


def document_parts(view: View, path: str, docname: str, row_uri: Callable[[str], str]) -> list[Part]:
    """A Markdown file in parts, its statements with their statuses; recognised credentials are withheld."""
    tree = view.judged.facts.inputs["tree"]
    file = tree.read(path)
    text = redact(file.text if file is not None else "")
    pages = {each: state.uri(docname, page) for each, page in documents(view).items()}
    anchors = parse_readme(text, path).anchors - {heading.anchor for heading in parse_readme(text, path).headings}
    context = PageContext(view, path, uri=row_uri, documents=pages, anchors=anchors)
    return render(text, context)


def sections_of(parts: Sequence[Part], name: str, before: Sequence[nodes.Node] = ()) -> list[nodes.section]:
    """Nested sections; the first heading is the page's title, a file without one is called by its name."""
    top = section(name, "top", *before)
    if parts and parts[0].level == 0 and len(parts) > 1 and parts[1].level == 1:
        first = parts[1]
        parts = [Part(1, first.title, first.anchor, parts[0].html + first.html, first.line), *parts[2:]]
    if parts and parts[0].level:
        top = section(parts[0].title or name, parts[0].anchor or "top", *before, raw(parts[0].html))
        parts = parts[1:]
    open_sections: list[tuple[int, nodes.section]] = [(1, top)]
    for part in parts:
        if part.level == 0:
            top.append(raw(part.html))
            continue
        made = section(part.title or "…", part.anchor, raw(part.html))
        while len(open_sections) > 1 and open_sections[-1][0] >= part.level:
            open_sections.pop()
        open_sections[-1][1].append(made)
        open_sections.append((max(part.level, open_sections[-1][0] + 1), made))
    return [top]
