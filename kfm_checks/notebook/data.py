"""Pictures of notebook 10: the data manifest, where datasets lie, what was promoted last, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfm_checks.errors import NotVerified
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_generalisation import Measured, measures
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.pictures import Said
from kfm_checks.notebook.style import wrapped
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import html, plain

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.data.plan import Plan

#: Line style by class: told apart without colour.
_STROKES = {"public": "none", "restricted": "6 3", "sensitive-location": "2 2"}
_WIDTH, _HEIGHT, _MARGIN = 720.0, 360.0, 24.0


def manifest(book: Book) -> pd.DataFrame | Said:
    """Every dataset at its version, with class, steward and licence."""
    try:
        datasets: tuple[Dataset, ...] = book.fact("datasets")
    except NotVerified as reason:
        return Said(f"Not looked at: {reason.reason}.")
    names = ("title", "version", "release", "sensitivity", "steward", "licence")
    rows = [(one.id, *(one.text(name) for name in names), one.media_type) for one in datasets]
    return table(rows, ("dataset", *names, "format"))


def _measured(book: Book) -> tuple[Measured, ...]:
    """The places of every dataset; a check measures only those that have a limit. Raises NotVerified."""
    return measures(book.fact("tree"), book.fact("located"))


@dataclass(frozen=True)
class Extents:
    """Where datasets lie, as a drawing and as a list: name, class, (west, south, east, north)."""

    boxes: tuple[tuple[str, str, tuple[float, float, float, float]], ...]

    def __repr__(self) -> str:
        lines = [f"{name} ({kind}): {' '.join(f'{n:.2f}' for n in box)}" for name, kind, box in self.boxes]
        return "\n".join(plain(line) for line in ["Extents of the datasets, in degrees", *lines])

    def _repr_html_(self) -> str:
        listed = "".join(f"<li>{html(line)}</li>" for line in repr(self).splitlines()[1:])
        return wrapped(f"{self._drawn()}<ul>{listed}</ul>")

    def _drawn(self) -> str:
        west, south = (min(box[i] for _, _, box in self.boxes) - 0.2 for i in (0, 1))
        east, north = (max(box[i] for _, _, box in self.boxes) + 0.2 for i in (2, 3))
        across, up = (_WIDTH - 2 * _MARGIN) / (east - west), (_HEIGHT - 2 * _MARGIN) / (north - south)
        parts = [
            f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" width="100%" fill="none" stroke="currentColor">'
            "<title>Extents of the datasets by sensitivity</title>"
        ]
        for name, kind, box in self.boxes:
            x, y = _MARGIN + (box[0] - west) * across, _MARGIN + (north - box[3]) * up
            width, height = max((box[2] - box[0]) * across, 3), max((box[3] - box[1]) * up, 3)
            dash = _STROKES.get(kind, "1 5")
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" stroke-dasharray="{dash}">'
                f"<title>{html(f'{name}: {kind}')}</title></rect>"
                f'<text x="{x + 3:.1f}" y="{y + 11:.1f}" font-size="10" stroke="none">{html(name)}</text>'
            )
        return "".join([*parts, "</svg>"])


def extents(book: Book) -> Extents | Said:
    """A map of the datasets whose coordinates were read; drawn here, no map server is asked."""
    try:
        measured = _measured(book)
    except NotVerified as reason:
        return Said(f"Not looked at: {reason.reason}.")
    boxes = tuple((m.dataset.id, m.dataset.sensitivity or "unclassified", m.extent) for m in measured if m.extent)
    return Extents(boxes) if boxes else Said("No dataset here tells a place.")


def coarseness(book: Book) -> pd.DataFrame | Said:
    """How coarse the places of each dataset are, as measured, beside what it declares."""
    try:
        measured = _measured(book)
    except NotVerified as reason:
        return Said(f"Not looked at: {reason.reason}.")
    rows = [
        (
            one.dataset.id,
            one.dataset.sensitivity or "none",
            " ".join(str(value) for value in one.dataset.part("generalisation").values()) or "nothing",
            one.why or one.summary,
        )
        for one in measured
    ]
    return table(rows, ("dataset", "class", "declared", "measured"))


def _plan(book: Book) -> Plan:
    """The plan from the last revision that differs to the manifest as it is. Raises NotVerified."""
    from kfm_checks.data.manifest import LoadedManifest
    from kfm_checks.data.plan import plan

    datasets, history = book.fact("datasets"), book.fact("data_history")
    now = [dataset.raw for dataset in datasets]
    before = next((r for r in history.revisions if [dataset.raw for dataset in r.datasets] != now), None)
    if before is None:
        raise NotVerified("the manifest has no earlier revision in git")
    folder = book.fact("tree").root / "data"
    base, head = (LoadedManifest("", found, folder, "") for found in (before.datasets, datasets))
    return plan(base, head)


def changes(book: Book) -> pd.DataFrame | Said:
    """What the last change of the manifest promoted, rolled back, removed or reclassified."""
    try:
        found = _plan(book)
    except NotVerified as reason:
        return Said(f"Not looked at: {reason.reason}.")
    rows = [
        (
            change.dataset,
            change.change,
            *(f"{d.text('version')} ({d.release})" if d else "" for d in (change.base, change.head)),
        )
        for change in found.changes
    ]
    return table(rows, ("dataset", "change", "from", "to"), note=_refusals(found))


def _refusals(found: Plan) -> str:
    return " ".join(f"Refused: {item['dataset']}, {item['reason']}." for item in found.refused)


def rollback(book: Book) -> pd.DataFrame | Said:
    """What reverting that change does, and whether the old bytes are still there."""
    try:
        found = _plan(book)
    except NotVerified as reason:
        return Said(f"Not looked at: {reason.reason}.")
    return table(list(_back(found)), ("dataset", "the revert", "old bytes", "where"))


def _back(found: Plan) -> Iterator[tuple[str, str, str, str]]:
    words = {True: "there", False: "gone", None: "not looked at"}
    for item in found.rollback:
        yield (
            item["dataset"],
            f"{item['action']}s it again" if item["to"] else "unloads it",
            words[item["resolves"]],
            item["how"],
        )
