"""``data plan BASE HEAD``: what changes, what a load would do, in which order, the way back, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kfm_checks.data.fetch import Fetcher, FetchError
from kfm_checks.data.manifest import LoadedManifest
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_history import changed_fields

SCHEMA = "kfm-checks/data-plan/v1"
Kind = Literal["added", "upgraded", "rolled-back", "removed", "reclassified", "changed"]
#: From open to closed: a step down this list opens data up.
_CLOSED = ("public", "restricted", "sensitive-location")
_SHOWN = ("version", "release", "sha256", "sensitivity")


@dataclass(frozen=True)
class Change:
    """One change of one dataset; a dataset may be upgraded and reclassified at once."""

    dataset: str
    change: Kind
    base: Dataset | None
    head: Dataset | None


@dataclass(frozen=True)
class Plan:
    """The plan, as the JSON of the contract says it."""

    changes: tuple[Change, ...]
    steps: tuple[Mapping[str, Any], ...]
    rollback: tuple[Mapping[str, Any], ...]
    refused: tuple[Mapping[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        changes = [
            {"dataset": c.dataset, "change": c.change, "from": _shown(c.base), "to": _shown(c.head)}
            for c in self.changes
        ]
        return {
            "schema": SCHEMA,
            "changes": changes,
            "steps": list(self.steps),
            "rollback": list(self.rollback),
            "refused": list(self.refused),
        }


def _shown(dataset: Dataset | None) -> dict[str, str] | None:
    return None if dataset is None else {name: dataset.text(name) for name in _SHOWN}


def plan(base: LoadedManifest, head: LoadedManifest, *, offline: bool = True) -> Plan:
    """Compare two manifests. ``offline`` False also fetches the old bytes to see whether they still resolve."""
    before, after = base.by_id, head.by_id
    changes = tuple(
        change for id in sorted({*before, *after}) for change in _changes(id, before.get(id), after.get(id))
    )
    refused = tuple(
        {"dataset": id, "reason": reason}
        for id in sorted({change.dataset for change in changes})
        for reason in _refusals(before.get(id), after.get(id), head)
    )
    barred = {item["dataset"] for item in refused}
    loading = [change for change in changes if change.dataset not in barred]
    fetcher = Fetcher(folder=base.folder or head.folder, offline=offline)
    return Plan(changes, tuple(_steps(loading)), tuple(_rollback(loading, fetcher)), refused)


def _changes(id: str, base: Dataset | None, head: Dataset | None) -> Iterator[Change]:
    if base is not None and head is not None:
        if base.raw == head.raw:
            return
        if (base.text("version"), base.release, base.sha256) != (head.text("version"), head.release, head.sha256):
            older = _order(head) < _order(base)
            yield Change(id, "rolled-back" if older else "upgraded", base, head)
        if base.text("sensitivity") != head.text("sensitivity"):
            yield Change(id, "reclassified", base, head)
        elif (base.text("version"), base.release, base.sha256) == (head.text("version"), head.release, head.sha256):
            yield Change(id, "changed", base, head)
    elif head is not None:
        yield Change(id, "added", None, head)
    elif base is not None:
        yield Change(id, "removed", base, None)


def _order(dataset: Dataset) -> tuple[list[Any], list[Any]]:
    return natural(dataset.text("version")), natural(dataset.release)


def natural(text: str) -> list[Any]:
    """A key that orders 1.9 before 1.10, and words before numbers."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", text) if part]


def _refusals(base: Dataset | None, head: Dataset | None, manifest: LoadedManifest) -> Iterator[str]:
    if head is None:
        return
    if base is not None and base.release == head.release:
        fields = changed_fields(base, head)
        if "sha256" in fields:
            yield f"its bytes changed under the same release tag {head.release}"
        elif fields:
            yield f"{', '.join(fields)} changed under the same release tag {head.release}"
    if (head.id, head.release) in manifest.withdrawn:
        yield f"the release {head.release} was withdrawn"
    if not head.part("approval"):
        yield f"no steward approved the release {head.release}"
    elif head.text("approval", "release") not in ("", head.release):
        yield f"the approval is for {head.text('approval', 'release')}, not for {head.release}"
    if base is not None and _opens(base, head) and base.release == head.release:
        yield f"it is opened from {base.sensitivity} to {head.sensitivity} without a release of its own"


def _opens(base: Dataset, head: Dataset) -> bool:
    known = base.sensitivity in _CLOSED and head.sensitivity in _CLOSED
    return known and _CLOSED.index(head.sensitivity) < _CLOSED.index(base.sensitivity)


def _steps(changes: list[Change]) -> Iterator[Mapping[str, Any]]:
    """First close what becomes more sensitive and take away what goes, then verify all, then load, then open."""
    order = sorted(changes, key=lambda c: (_rank(c), c.dataset))
    for number, (change, action, loader) in enumerate(
        ((c, action, load) for c in order for action, load in _actions(c)), start=1
    ):
        about = change.head or change.base
        assert about is not None
        release = about.release
        step: dict[str, Any] = {"step": number, "dataset": change.dataset, "action": action, "release": release}
        yield step | ({"loader": loader.get("loader"), "into": loader.get("into", "")} if loader else {})


def _rank(change: Change) -> int:
    if change.base is not None and change.head is not None and change.change == "reclassified":
        return 3 if _opens(change.base, change.head) else 0
    return 1 if change.change == "removed" else 2


def _actions(change: Change) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    if change.change == "removed" and change.base is not None:
        for load in loads_of(change.base):
            yield "unload", load
    elif change.change == "reclassified":
        yield "reclassify", None
    elif change.change == "changed":
        yield "record", None
    elif change.head is not None:
        yield "verify", None
        for load in loads_of(change.head):
            yield "load", load


def loads_of(dataset: Dataset) -> list[Mapping[str, Any]]:
    """The loads that an entry declares."""
    listed = dataset.raw.get("load")
    return [load for load in listed if isinstance(load, dict)] if isinstance(listed, list) else []


def _rollback(changes: list[Change], fetcher: Fetcher) -> Iterator[Mapping[str, Any]]:
    """What reverting the change does to each dataset, and whether the old bytes are still there."""
    for id in sorted({change.dataset for change in changes}):
        base = next((c.base for c in changes if c.dataset == id), None)
        if base is None:
            yield {"dataset": id, "action": "unload", "to": None, "resolves": True, "how": "nothing was there before"}
            continue
        resolves, how = _resolves(base, fetcher)
        yield {"dataset": id, "action": "load", "to": _shown(base), "resolves": resolves, "how": how}


def _resolves(dataset: Dataset, fetcher: Fetcher) -> tuple[bool | None, str]:
    reasons = []
    for uri in dataset.uris:
        try:
            fetcher.verify(dataset, uri)
        except FetchError as error:
            reasons.append((uri, error))
        else:
            return True, f"{uri} has the bytes"
    unknown = next((uri for uri, error in reasons if error.message.startswith("offline")), "")
    if unknown:
        return None, f"nobody fetched {unknown}"
    return False, "; ".join(f"{uri}: {error.message}" for uri, error in reasons) or "it has no address"
