"""One directive for each part of the site that shows the run; page sources hold nothing else of it."""

from __future__ import annotations

from docutils import nodes
from markupsafe import Markup
from sphinx.util.docutils import SphinxDirective

from kfm_checks import review_form, wording
from kfm_checks.errors import NotVerified
from kfm_checks.requirements import SECTIONS
from kfm_checks.sphinx_ext import state
from kfm_checks.sphinx_ext.data import WHERE, entries
from kfm_checks.sphinx_ext.documents import document_parts, documents, readme_path, sections_of
from kfm_checks.sphinx_ext.html import fill
from kfm_checks.sphinx_ext.needs import needs_of
from kfm_checks.sphinx_ext.nodes import raw, section
from kfm_checks.sphinx_ext.objects import yaml_of
from kfm_checks.sphinx_ext.pages import HIDDEN_TOC
from kfm_checks.sphinx_ext.reference import check_page
from kfm_checks.sphinx_ext.view import ORDER, Row, View

#: What a team's own rows are called.
OWN = "The team's own requirements"


class Part(SphinxDirective):
    """What the directives share."""

    @property
    def view(self) -> View:
        """The run."""
        return state.view()

    def uri(self, page: str, anchor: str = "") -> str:
        """The address of a page of the site from this one."""
        return state.uri(self.env.docname, page, anchor)

    def row_uri(self, id: str) -> str:
        """The address of a requirement's row from this page."""
        row = self.view.by_id[id]
        return self.uri(section_page(row.section), row.id)

    def fill(self, template: str, **values: object) -> nodes.raw:
        """A template with what all of them use."""
        return raw(
            fill(
                template,
                view=self.view,
                report=self.view.report,
                uri=self.uri,
                row_uri=self.row_uri,
                check_uri=lambda name: self.uri(f"live/checks/{name}"),
                object_uri=self.object_uri,
                ORDER=ORDER,
                **values,
            )
        )

    def object_uri(self, key: object) -> str:
        """Where a rendered object is shown; "" where it is not."""
        found = self.view.object_anchors.get(key)  # type: ignore[call-overload]
        return self.uri(f"live/objects/{found[0]}", found[1]) if found else ""


def section_page(key: str) -> str:
    """The page of a section of the catalogue."""
    return f"live/requirements/{key.lower()}"


class Front(Part):
    """The decision, what is open, what expires, the counts."""

    def run(self) -> list[nodes.Node]:
        report = self.view.report
        words = {"verdict": wording.verdict(report), "partial": wording.partial(report)}
        return [self.fill("front.html", section_page=section_page, **words)]


class Readme(Part):
    """The overlay's README, live."""

    def run(self) -> list[nodes.Node]:
        path = readme_path(self.view)
        if not path:
            return [section("README", "readme", self.fill("no_readme.html"))]
        parts = document_parts(self.view, path, self.env.docname, self.row_uri)
        found = sections_of(parts, path, before=[self.fill("readme_note.html", path=path)])
        files = [page for page in documents(self.view).values() if page != self.env.docname]
        if files:
            # Inside the section: beside it the page would count as two in the navigation.
            toc = HIDDEN_TOC % "\n".join(f"/{page}" for page in files)
            found[0].extend(self.parse_text_to_nodes(toc))
        return [*found]


class Document(Part):
    """Another Markdown file of the repository that the README leads to."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        path = {page: path for path, page in documents(self.view).items()}[self.arguments[0]]
        parts = document_parts(self.view, path, self.env.docname, self.row_uri)
        return [*sections_of(parts, path, before=[self.fill("file_note.html", path=path)])]


class SectionRows(Part):
    """The rows of one section, each with its evidence."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        key = self.arguments[0]
        rows = self.view.sections.get(key, ())
        found: list[nodes.Node] = [self.fill("section_head.html", rows=rows, key=key)]
        for row in rows:
            found += needs_of(self, row)
            shown = self.fill("row.html", row=row, form=self._form(row))
            found.append(section(f"{row.id} · {row.requirement.title}", row.id.lower(), shown))
        if any("attestation" in row.requirement.by for row in rows):
            found.append(raw(f"<script>{review_form.SCRIPT}</script>"))
        return found

    def _form(self, row: Row) -> Markup:
        """The form by which somebody vouches for a row; "" where nobody may."""
        config, overlay = self.view.judged.settings.config, self.view.report.overlay
        return Markup(review_form.form(row.requirement, config, overlay.path, overlay.as_of))  # noqa: S704 - escaped there


class Findings(Part):
    """What fails or could not be told, by requirement or by file."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] == "by-file":
            return [self.fill("by_file.html")]
        return [self.fill("by_requirement.html")]


class Objects(Part):
    """The rendered objects: a list of all, or one namespace with the content of each."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        if not self.arguments:
            return [self.fill("objects.html")]
        objects = next(objects for page, objects in self.view.object_pages.values() if page == self.arguments[0])
        return [self.fill("namespace.html", objects=objects, yaml_of=yaml_of)]


class Datasets(Part):
    """A list of the datasets of the data manifest, or the page of one."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            found = entries(self.view)
        except NotVerified as reason:
            return [self.fill("datasets.html", entries=(), reason=reason.reason)]
        if not self.arguments:
            return [self.fill("datasets.html", entries=found, reason="")]
        entry = next(each for each in found if each.page == self.arguments[0])
        rows = [row for row in self.view.rows if row.section in ("DAT", "SEN")]
        return [self.fill("dataset.html", entry=entry, rows=rows, WHERE=WHERE)]


class Records(Part):
    """Attestations, waivers, incidents with their dates."""

    def run(self) -> list[nodes.Node]:
        return [self.fill("records.html")]


class CheckPage(Part):
    """The reference page of one check."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return check_page(self.view, self.arguments[0], self.fill)


class CheckList(Part):
    """All checks, by the row that they serve."""

    def run(self) -> list[nodes.Node]:
        titles = {**SECTIONS, "TEAM": OWN}
        return [self.fill("checks.html", titles=titles)]


class Settings(Part):
    """The settings in force, each with its origin."""

    def run(self) -> list[nodes.Node]:
        rows = [(key, value, origin) for key, value, origin in self.view.judged.settings.rows()]
        return [self.fill("settings.html", rows=rows)]


DIRECTIVES: dict[str, type[Part]] = {
    "kfm-front": Front,
    "kfm-readme": Readme,
    "kfm-document": Document,
    "kfm-section": SectionRows,
    "kfm-findings": Findings,
    "kfm-objects": Objects,
    "kfm-datasets": Datasets,
    "kfm-records": Records,
    "kfm-check": CheckPage,
    "kfm-checks": CheckList,
    "kfm-settings": Settings,
}
