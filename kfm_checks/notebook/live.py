"""Pictures of notebook 12: what drifted and by whose hand, health, access, enforcement and ways in of the cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from kfm_checks import seen
from kfm_checks.model import CheckResult
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.style import wrapped
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import html, listed, plain, shortened
from kfm_checks.seen.access import Pair, by_permission
from kfm_checks.seen.enforcement import Tried, words
from kfm_checks.seen.times import when
from kfm_checks.wording import STATUSES

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.engine import Facts

Shown = TypeVar("Shown")
#: Longest value shown of a field.
_LONG = 120
_TONES = {"equal": "met", "differs": "not-met", "right": "met", "wrong": "not-met", "unknown": "not-verified"}
_KNOWN = {
    "cluster": "nobody committed it",
    "git": "in git, and not in the cluster",
    "both": "in git and in the cluster",
    "elsewhere": "in a namespace that git does not have",
}


def of_a_cluster(picture: Callable[[Book], Shown]) -> Callable[[Book], Shown | Said]:
    """A picture that says that nothing was looked at, where no cluster was given."""

    @wraps(picture)
    def drawn(book: Book) -> Shown | Said:
        if seen.looked(book.judged.facts).cluster is None:
            return Said(seen.NOT_LOOKED_AT)
        return honest(picture)(book)

    return drawn


def _facts(book: Book) -> Facts:
    """What was seen, an old snapshot included."""
    return seen.shown(book.judged.facts)


def whole(book: Book) -> pd.DataFrame | Said:
    """What was looked at, when, and by which way; without a cluster how to name one."""
    looked = seen.looked(book.judged.facts)
    if looked.cluster is None:
        return Said(
            f"{seen.NOT_LOOKED_AT} Name one as CONTEXT (a context of your kubeconfig) or SNAPSHOT (a folder that "
            "`kfm-checks snapshot` wrote) in the first cell, or in the variables KFM_CONTEXT and KFM_SNAPSHOT."
        )
    note = f"This counts for no verdict: {looked.doubt}." if looked.doubt else ""
    return table(looked.facts, ("what", "is"), note=note)


@of_a_cluster
def drift(book: Book) -> pd.DataFrame | Said:
    """Each difference between git and the cluster, what nobody committed first."""
    found = seen.lines(_facts(book))
    rows = [
        (
            line.word,
            line.object,
            line.pointer or "the whole object",
            shortened(line.wanted, _LONG),
            shortened(line.live, _LONG),
            line.by or "nobody said",
            when(line.since) or "nobody knows",
            line.note,
        )
        for line in found
    ]
    same = f"{seen.alike(_facts(book))} objects are as git says"
    if not rows:
        return Said(f"No difference was found between git and what was looked at: {same}.")
    return table(
        rows, ("difference", "object", "field", "git says", "the cluster has", "by", "since", "note"), note=f"{same}."
    )


@dataclass(frozen=True)
class Timeline:
    """Who changed what and when: a lane for each manager."""

    title: str
    about: str
    moments: tuple[seen.Moment, ...]
    until: str

    def __repr__(self) -> str:
        return "\n".join([plain(self.title), plain(self.about), *(plain(each.text) for each in self.moments)])

    def _repr_html_(self) -> str:
        svg = seen.drawn(self.moments, self.until, plain)
        listed_ = "".join(f"<li>{html(each.text)}</li>" for each in self.moments)
        return wrapped(
            f"<figure><figcaption>{html(self.title)}</figcaption><p>{html(self.about)}</p>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="{html(self.title)}">{svg}</div>'
            f"<details><summary>The same as a list</summary><ul>{listed_}</ul></details></figure>"
        )


@of_a_cluster
def timeline(book: Book) -> Timeline | Said:
    """Who changed what and when."""
    found = seen.moments(seen.lines(_facts(book)))
    if not found:
        return Said("There is no difference whose time could be drawn.")
    undated = sum(not each.since for each in found)
    about = "A circle is a changed field, a diamond an object that git does not have, a cross one that is gone."
    note = f" Of no known time, and in the list alone: {undated}." if undated else ""
    return Timeline("Who changed what, and when", about + note, found, _facts(book).get("cluster").taken)


@of_a_cluster
def health(book: Book) -> pd.DataFrame | Said:
    """The controller's own word, and the rollouts."""
    return book.evidence("controller-reports-healthy")


@of_a_cluster
def access(book: Book) -> Grid | Said:
    """What each persona may do, by git and by the server."""
    found = seen.pairs(_facts(book))
    if not found:
        return Said("Nobody was asked what the personas may do.")
    subjects, rows = by_permission(found)
    if not rows:
        return Said("Of what was asked nobody may do anything, by git and by the server alike.")
    kept = sorted(sorted(rows, key=lambda name: all(p.verdict == "equal" for p in rows[name].values()))[:LIMIT])
    note = f"{len(rows) - len(kept)} more permissions are not drawn." if len(rows) > len(kept) else ""
    return Grid(
        "Who may do what: computed from git, and asked of the server",
        "A field names the namespaces where it is allowed; where git and the server differ, it names both.",
        "permission",
        subjects,
        [(name, [_pair(rows[name].get(subject)) for subject in subjects]) for name in kept],
        note,
        {"met": "git and the server say the same", "not-met": "they differ", "not-verified": "the server did not say"},
    )


def _pair(pair: Pair | None) -> Cell:
    if pair is None or (pair.verdict == "equal" and not pair.computed):
        return Cell()
    why = listed([f"{place or 'everywhere'}: {reason}" for place, reason in sorted(pair.unanswered.items())], 3)
    return Cell(_TONES[pair.verdict], pair.text, f"{pair.text}{f' ({why})' if why else ''}")


@of_a_cluster
def enforcement(book: Book) -> Grid | Said:
    """Namespaces down, attempts across: what got in and what was refused."""
    kinds, rows = seen.tried(_facts(book))
    if not rows:
        return Said("Nothing was tried: the look made no dry run of a pod.")
    return Grid(
        "What the server refused, when it was tried",
        "In each namespace pods were offered in a dry run, which keeps nothing. One keeps all rules and has to get in.",
        "namespace",
        [words(kind) for kind in kinds],
        [(namespace, [_tried(cells.get(kind)) for kind in kinds]) for namespace, cells in rows.items()],
        "",
        {"met": "as it must be", "not-met": "not as it must be", "not-verified": "nobody could try"},
    )


def _tried(one: Tried | None) -> Cell:
    if one is None:
        return Cell()
    return Cell(_TONES[one.verdict], one.text, f"{one.text}: {one.attempt.message or 'no message'}")


@of_a_cluster
def ways_in(book: Book) -> pd.DataFrame | Said:
    """Each way in from outside, what nobody committed first."""
    rows = [
        (
            _KNOWN[door.known],
            door.entry,
            ", ".join(door.hosts) or door.means,
            door.leads_to,
            door.ports,
            ", ".join(door.addresses) or "none",
        )
        for door in seen.doors(_facts(book))
    ]
    if not rows:
        return Said("No way in was found, neither in git nor in the cluster.")
    return table(rows, ("who knows of it", "door", "from outside", "leads to", "ports", "addresses assigned"))


@of_a_cluster
def probes(book: Book) -> pd.DataFrame | Said:
    """What the public hosts and the datastores' ports answered."""
    rows = [
        (
            f"{each.host}:{each.port}",
            each.asks,
            _answered(each.answered),
            str(each.status or ""),
            each.until,
            each.problem,
        )
        for each in _facts(book).get("cluster").probes
    ]
    if not rows:
        return Said("Nobody asked the public hosts: that takes --probe.")
    return table(rows, ("address", "asked by", "answered", "status", "certificate until", "problem"))


def _answered(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "nobody could tell"}[value]


def side_by_side(book: Book) -> pd.DataFrame | Said:
    """Each row with what the rendered objects say and what the cluster says."""
    rows, requirements = [], {each.id: each for each in book.judged.rows}
    for row in (*book.report.requirements, *(book.all_rows[id] for id in book.notebook.beside if id in book.all_rows)):
        results = [book.results[name] for name in row.checks if name in book.results]
        of = {r.check: seen.is_live(requirements[row.id], r, looked=book.live) for r in results}
        rendered, live = ([r for r in results if of[r.check] is side] for side in (False, True))
        told = _said(live, "nothing of this row") if book.live else "cluster not looked at"
        rows.append((row.id, row.title, STATUSES[row.status], _said(rendered, "cannot tell"), told))
    return table(rows, ("row", "requirement", "status", "the files say", "the cluster says"))


def _said(results: list[CheckResult], nothing: str) -> str:
    return "; ".join(_one(result) for result in results) or nothing


def _one(result: CheckResult) -> str:
    failing = sum(item.holds is False for item in result.evidence)
    if result.outcome == "fail":
        return f"{failing} of {result.examined} wrong"
    if result.outcome == "pass":
        return f"{result.examined} looked at, all right"
    return result.reason or result.outcome.replace("-", " ")


__all__: list[str] = [
    "access",
    "drift",
    "enforcement",
    "health",
    "probes",
    "side_by_side",
    "timeline",
    "ways_in",
    "whole",
]
