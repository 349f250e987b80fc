"""Rows as needs of sphinx-needs: they fill the searchable table and can be linked to."""

from __future__ import annotations

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx_needs.api import add_need

from kfm_checks import wording
from kfm_checks.sphinx_ext import state
from kfm_checks.sphinx_ext.html import SIGNS
from kfm_checks.sphinx_ext.view import Row

#: sphinx-needs' settings: one kind of need, and the fields that the table shows.
NEEDS_SETTINGS: dict[str, object] = {
    "needs_types": [
        {"directive": "req", "title": "Requirement", "prefix": "", "color": "#ffffff", "style": "node"},
    ],
    "needs_fields": {
        "level": {"description": "must or should", "nullable": True},
        "who": {"description": "who must act", "nullable": True},
        "since": {"description": "what became of it since the baseline", "nullable": True},
        "found": {"description": "what was found", "nullable": True},
    },
    "needs_id_regex": "^[A-Z][A-Z0-9]*-[0-9]+$",
    "needs_title_optional": False,
    "needs_build_json": False,
    "needs_table_style": "datatables",
}


def needs_of(directive: SphinxDirective, row: Row) -> list[nodes.Node]:
    """The hidden need of a row; what a team wrote itself is kept from being read as a function."""
    status = f"{SIGNS[row.result.status]} {wording.STATUSES[row.result.status]}"
    return add_need(
        state.app(),
        directive.state,
        directive.env.docname,
        directive.lineno,
        need_type="req",
        title=plain(row.requirement.title),
        id=row.id,
        status=status,
        hide=True,
        level=row.result.level,
        who=wording.ROLES.get(row.result.role, row.result.role),
        since=plain(_since(row)) if state.view().since else None,
        found=plain(row.words),
    )


def _since(row: Row) -> str:
    since = state.view().since
    return since.words(row) or "unchanged" if since else ""


def plain(text: str) -> str:
    """Text that sphinx-needs takes for text: ``[[`` would call a function, braces a template."""
    safe = text.replace("[[", "[\u200b[").replace("{{", "{\u200b{").replace("{%", "{\u200b%").replace("<<", "<\u200b<")
    return " ".join(safe.split()) or "(no title)"
