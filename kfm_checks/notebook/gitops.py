"""Pictures of notebook 06: what reconciles which path, and what is known about production."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kfm_checks import wording
from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.objects import dig
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.flow import Flow, Node
from kfm_checks.notebook.matrix import honest
from kfm_checks.notebook.pictures import Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd


def metadata(book: Book) -> pd.DataFrame:
    """Each key fact with its value, where it was read, and whether it is confirmed."""
    lines = []
    for row in book.report.requirements:
        if not row.id.startswith("META-"):
            continue
        items = [item for name in row.checks if name in book.results for item in book.results[name].evidence]
        values = Counter(item.observed for item in items if item.holds is True and item.observed)
        places = [f"{item.source}" for item in items if item.holds is True and item.source]
        value = listed([value for value, _ in values.most_common()], 8) or "not confirmed"
        lines.append((row.id, row.title, value, listed(places, 1), wording.STATUSES[row.status], row.reason or ""))
    return table(lines, ("row", "fact", "value", "read in", "status", "why"))


@honest
def reconciled(book: Book) -> Flow | Said:
    """Repository and revision, the object that makes a controller reconcile, the path, and the destination."""
    found = book.fact("reconcilers")
    if not found:
        return Said("No object of Argo CD or Flux was found: nothing here says what reconciles this overlay.")
    edges: set[tuple[str, str, str, str]] = set()
    for one in found:
        for repository, revision, path in _sources(book, one):
            start = f"{repository or 'repository unknown'} @ {revision or 'its default branch'}"
            edges.add((start, str(one.obj.key), path, _destination(one)))
    nodes = [sorted({Node(edge[layer], _tone(book, edge[layer])) for edge in edges}) for layer in range(4)]
    links = {(layer, edge[layer], edge[layer + 1]) for edge in edges for layer in range(3)}
    return Flow(
        "From git to the cluster",
        "Each line says: this object makes the controller keep the destination as this path of this revision says.",
        ("repository and revision", "object", "path", "destination"),
        nodes,
        sorted(links),
        {"met": "the overlay that is judged here"},
    )


def _sources(book: Book, one: Reconciler) -> list[tuple[str, str, str]]:
    """Repository, revision and path of each source; a template's are those that it was found to make."""
    found = []
    for source in one.sources:
        if "{{" not in source.path + source.repository + source.revision:
            found.append((source.repository, source.revision, source.path or f"chart {source.chart}"))
            continue
        made = [each for each in book.judged.facts.inputs.get("followed", ()) if each.subject == one.obj.key]
        found += [(each.repository, each.revision, each.path) for each in made]
        found += [] if made else [(source.repository, source.revision, source.path)]
    return found


def _destination(one: Reconciler) -> str:
    where = one.cluster or one.server or "its own cluster"
    return f"{where}, namespace {one.namespace}" if one.namespace else where


def _tone(book: Book, name: str) -> str:
    return "met" if name == book.judged.target.path else ""


@honest
def loops(book: Book) -> pd.DataFrame | Said:
    """The settings of each reconciling object: by itself, healing drift, removing what git no longer has."""
    lines = []
    for one in book.fact("reconcilers"):
        spec = dig(one.obj, *one.spec, default={})
        lines.append((str(one.obj.key), one.tool, *(_argo(spec) if one.tool == "Argo CD" else _flux(spec))))
    columns = ("object", "controller", "by itself", "heals drift", "removes what git dropped")
    return table(lines, columns) if lines else Said("No object of Argo CD or Flux was found.")


def _argo(spec: object) -> tuple[str, str, str]:
    automated = dig(spec, "syncPolicy", "automated")
    on = isinstance(automated, dict) and automated.get("enabled") is not False
    return tuple(  # type: ignore[return-value]
        "yes" if ok else "no"
        for ok in (on, on and dig(automated, "selfHeal") is True, on and dig(automated, "prune") is True)
    )


def _flux(spec: object) -> tuple[str, str, str]:
    running = dig(spec, "suspend") is not True
    words = "yes" if running else "no, it is suspended"
    return words, words, "yes" if running and dig(spec, "prune") is True else "no"
