"""The page of the live cluster: what was looked at, what drifted, who did it, health, enforcement, access, ways in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docutils import nodes
from markupsafe import Markup

from kfm_checks import seen
from kfm_checks.engine import Crashed, Facts
from kfm_checks.errors import NotVerified
from kfm_checks.redaction import redact
from kfm_checks.seen.access import by_permission
from kfm_checks.seen.enforcement import words
from kfm_checks.seen.times import when
from kfm_checks.sphinx_ext.directives import Part
from kfm_checks.sphinx_ext.view import Row, View

#: Rows that only a cluster can tell; their evidence on health and rollouts is shown here.
DECIDED = ("GIT-04", "GIT-05", "OPS-02", "OPS-03", "OPS-04")
HEALTH = "GIT-05"


class Live(Part):
    """What was seen of a cluster, or that nobody looked."""

    def run(self) -> list[nodes.Node]:
        return [self.fill("live.html", **content(self.view))]


def content(view: View) -> dict[str, Any]:
    """What the page shows."""
    looked, rows = view.looked, _rows(view)
    if looked.cluster is None:
        return {"looked": looked, "rows": rows}
    facts = seen.shown(view.judged.facts)
    lines, kept = _had(seen.lines, facts)
    moments = seen.moments(lines or ())
    health = view.by_id.get(HEALTH)
    return {
        "looked": looked,
        "rows": rows,
        "lines": lines,
        "moments": moments,
        "timeline": Markup(seen.drawn(moments, looked.cluster.taken, redact)),  # noqa: S704 - it escapes
        "kept": kept,
        "health": health.findings if health else (),
        "alike": _had(seen.alike, facts)[0],
        "tried": _had(seen.tried, facts)[0] or ([], {}),
        "words": words,
        "when": when,
        "doors": _had(seen.doors, facts),
        "access": _had(lambda given: by_permission(seen.pairs(given)), facts),
        "probes": looked.cluster.probes,
    }


def _rows(view: View) -> list[Row]:
    """The rows that a cluster alone decides, then those that it decides with the files."""
    shown = [row for row in view.rows if row.id in DECIDED or row.requirement.live]
    return sorted(shown, key=lambda row: row.id not in DECIDED)


def _had(fact: Callable[[Facts], Any], facts: Facts) -> tuple[Any, str]:
    """What was seen, or why it could not be had."""
    try:
        return fact(facts), ""
    except NotVerified as why:
        return None, why.reason
    except Crashed as broke:
        return None, f"a defect of this tool: {broke}"


DIRECTIVES: dict[str, type[Part]] = {"kfm-live": Live}
