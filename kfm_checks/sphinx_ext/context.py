"""What a page of Markdown knows of the overlay: statuses, where links lead, pictures and diagrams without a request."""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable, Mapping, Sequence
from html import escape
from urllib.parse import unquote, urlsplit

from kfm_checks.facts.tree import Tree
from kfm_checks.sphinx_ext.badges import badge_of
from kfm_checks.sphinx_ext.html import chip, fill, highlighted
from kfm_checks.sphinx_ext.mermaid import flowchart_svg
from kfm_checks.sphinx_ext.sanitise import PREFIX
from kfm_checks.sphinx_ext.view import View

#: Pictures of the repository up to this size (bytes) are put into the page.
PICTURE_LIMIT = 400_000
_PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp", ".svg": "svg+xml"}


class PageContext:
    """The context of one Markdown file. ``uri`` gives the address of a requirement's row from the page."""

    def __init__(
        self,
        view: View,
        path: str,
        *,
        uri: Callable[[str], str],
        documents: Mapping[str, str],
        anchors: frozenset[str],
    ) -> None:
        self.view, self.path, self.uri, self.documents, self.anchors = view, path, uri, documents, anchors

    def chip(self, ids: Sequence[str]) -> str:
        """A chip for each id; an unknown id is named as such."""
        return "".join(self._chip(id) for id in ids)

    def _chip(self, id: str) -> str:
        row = self.view.by_id.get(id)
        if row is None:
            return f'<span class="kfm-chip kfm-unbound" title="no such requirement">{escape(id)} unknown</span>'
        return str(chip(row.result.status, id, href=self.uri(id), title=f"{row.requirement.title}: {row.words}"))

    def task(self, ids: Sequence[str], ticked: bool) -> str:
        """Statuses in place of a box; a box that somebody ticked by hand is not taken at its word."""
        by_hand = (
            '<span class="kfm-by-hand" title="ticked in the file; the status beside it is what was found">☑</span>'
        )
        shown = by_hand if ticked else ""
        if not ids:
            return f'<span class="kfm-chip kfm-unbound" title="no requirement is bound to it">unbound</span> {shown}'
        return f"{self.chip(ids)} {shown}"

    def cell(self, ids: Sequence[str], text: str) -> str:
        """The value of a metadata cell with the place where it was read, or that it is not confirmed."""
        if not any(id.startswith("META-") for id in ids):
            return ""
        rows = [self.view.by_id[id] for id in ids if id in self.view.by_id]
        if not rows:
            return ""
        values: dict[str, list[str]] = {}
        for row in rows:
            for finding in row.having("holds"):
                place = finding.evidence.source
                if finding.evidence.observed:
                    values.setdefault(finding.evidence.observed, []).append(str(place) if place else "")
        return fill(
            "cell.html",
            values=dict(sorted(((value, _few(places)) for value, places in values.items()), key=_read_first)),
            said="" if text.strip().lower() in {value.lower() for value in values} else text,
            chips=self.chip(ids),
            reason=next((row.result.reason for row in rows if row.result.reason), ""),
        )

    def link(self, target: str) -> str | None:
        """A fragment stays, a web link stays, a file that is a page here leads there, else to the repository's host."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return None
        if parts.scheme or parts.netloc:
            return target
        if not parts.path:
            fragment = unquote(parts.fragment)
            return f"#{PREFIX}{fragment}" if fragment in self.anchors else f"#{fragment}"
        path = self._resolve(unquote(parts.path))
        if path is None:
            return None
        page = self.documents.get(path)
        if page is not None:
            return page + (f"#{parts.fragment}" if parts.fragment else "")
        return self._hosted(path)

    def _resolve(self, path: str) -> str | None:
        start = "" if path.startswith("/") else posixpath.dirname(self.path)
        found = posixpath.normpath(posixpath.join(start, path.lstrip("/")))
        return None if found.startswith("..") or "\0" in found else found

    def _hosted(self, path: str) -> str | None:
        gitops = self.view.judged.settings.config.gitops
        repository = gitops.repository.removesuffix(".git").rstrip("/")
        if not repository.startswith(("https://", "http://")):
            return None
        return f"{repository}/blob/{gitops.branch}/{path}"

    def image(self, source: str, alt: str) -> str:
        """A picture of the repository, put into the page; one from elsewhere is drawn here as a badge."""
        try:
            parts = urlsplit(source)
        except ValueError:
            return badge_of("", alt)
        if parts.scheme or parts.netloc:
            return badge_of(source, alt)
        data = self._picture(unquote(parts.path))
        if not data:
            return f'<span class="kfm-missing">{escape(alt or "picture")}</span>'
        return f'<img class="kfm-picture" alt="{escape(alt, quote=True)}" src="{data}">'

    def _picture(self, path: str) -> str:
        tree = self.view.judged.facts.inputs.get("tree")
        kind = _PICTURES.get(posixpath.splitext(path)[1].lower())
        resolved = self._resolve(path)
        if kind is None or resolved is None or not isinstance(tree, Tree):
            return ""
        file = tree.read(resolved)
        if file is None or file.size > PICTURE_LIMIT or file.unread:
            return ""
        return f"data:image/{kind};base64,{base64.b64encode(file.content).decode('ascii')}"

    def code(self, text: str, language: str) -> str:
        """A code block; a Mermaid flowchart is drawn, another diagram is shown as text and says so."""
        if language.lower() != "mermaid":
            return highlighted(text, language)
        drawn = flowchart_svg(text)
        if drawn is None:
            note = '<p class="kfm-note">This kind of diagram is not drawn here; its source:</p>'
            return note + highlighted(text, "text")
        source = highlighted(text, "text")
        return (
            f'<figure class="kfm-figure"><div class="kfm-scroll">{drawn}</div>'
            f"<details><summary>The diagram as text</summary>{source}</details></figure>"
        )


def _few(places: Sequence[str]) -> list[str]:
    return sorted(filter(None, set(places)))[:3]


def _read_first(item: tuple[str, list[str]]) -> tuple[bool, str]:
    """Values that were read somewhere come before those that were only concluded."""
    value, places = item
    return not places, value
