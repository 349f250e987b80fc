"""A STAC catalogue on disk. A folder has no transactions: the record is renamed into place first, the ledger follows.

A kill in between leaves a record that the ledger does not know yet. A second run finds no entry, writes the same
bytes once more and records them: what readers see is never half a record, and never older than the ledger says.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from kfm_checks.data.ledger import Entry, FileLedger, latest, reused
from kfm_checks.data.loaders import LoadError, RefusedError, Settings, Task
from kfm_checks.errors import UsageError
from kfm_checks.facts.datasets_stac import invalid


class StacLoader:
    """Publishes the STAC record that an entry names, and keeps the collection's links in step."""

    def __init__(self, settings: Settings) -> None:
        if settings.catalogue is None:
            raise UsageError("the loader stac needs a folder", remedy="give --catalogue, or set KFM_STAC_CATALOGUE")
        self._catalogue = settings.catalogue
        self._folder = settings.folder
        self._ledger = FileLedger(settings.ledger or settings.catalogue / ".ledger.jsonl")

    def __enter__(self) -> StacLoader:
        self._catalogue.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def entries(self) -> Sequence[Entry]:
        """Every entry of this loader, oldest first."""
        return [entry for entry in self._ledger.entries() if entry.loader == "stac"]

    def load(self, task: Task) -> Entry | None:
        """Write the record and the collection, then the ledger; the lock is held all the while."""
        record = self._record(task)
        with self._ledger.locked() as stream:
            done = self._done(stream)
            if reused(done, task.dataset.id, task.dataset.release, task.dataset.sha256):
                raise RefusedError(f"other bytes were recorded under the release tag {task.dataset.release}")
            last = latest(done).get((task.dataset.id, task.into))
            place = self._place(task.into, f"{task.dataset.id}.json")
            known = last is not None and (last.action, last.sha256) == ("load", task.dataset.sha256)
            if known and last is not None and last.release == task.dataset.release and place.is_file():
                return None
            task.still()
            _write(place, record)
            self._collection(task.into)
            return self._ledger.append(msgspec.structs.replace(task.entry, rows=1), stream)

    def unload(self, entry: Entry) -> Entry:
        """Take the record away, then record it."""
        with self._ledger.locked() as stream:
            self._place(entry.into, f"{entry.dataset}.json").unlink(missing_ok=True)
            self._collection(entry.into)
            return self._ledger.append(msgspec.structs.replace(entry, action="unload", rows=0, at=""), stream)

    def _done(self, stream: Any) -> list[Entry]:
        return [entry for entry in self._ledger._read(stream)[0] if entry.loader == "stac"]

    def _place(self, into: str, name: str) -> Path:
        root = self._catalogue.resolve()
        place = (root / into / name).resolve()
        if not place.is_relative_to(root) or not into or "/" in into or into.startswith("."):
            raise LoadError(f"{into!r} is no name of a collection")
        return place

    def _record(self, task: Task) -> dict[str, Any]:
        name = task.dataset.text("stac")
        if not name or self._folder is None:
            raise LoadError("the entry names no STAC record")
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            raise LoadError(f"there is no STAC record {name}")
        try:
            value = msgspec.json.decode(path.read_bytes())
        except msgspec.DecodeError as error:
            raise LoadError("its STAC record is not valid JSON") from error
        faults = [fault.message for fault in invalid(value)] if isinstance(value, dict) else ["it is no object"]
        if faults:
            raise LoadError(f"its STAC record is not valid: {faults[0]}")
        for asset in (value.get("assets") or {}).values():
            if asset.get("file:checksum") == f"1220{task.dataset.sha256}" and task.dataset.uris:
                asset["href"] = task.dataset.uris[0]
        found: dict[str, Any] = {**value, "collection": task.into, "links": _links(task.into)}
        return found

    def _collection(self, into: str) -> None:
        """The collection with a link to each record that is there; the manifest's own where it has one."""
        given = self._folder / "stac" / "collection.json" if self._folder else None
        value = msgspec.json.decode(given.read_bytes()) if given and given.is_file() else {}
        if not isinstance(value, dict) or value.get("id") != into:
            value = _bare(into)
        items = sorted(path.name for path in (self._catalogue / into).glob("*.json") if path.name != "collection.json")
        links = [{"rel": "item", "href": f"./{name}", "type": "application/geo+json"} for name in items]
        _write(self._place(into, "collection.json"), {**value, "links": links})


def _links(into: str) -> list[dict[str, str]]:
    return [{"rel": "collection", "href": "./collection.json", "type": "application/json", "title": into}]


def _bare(into: str) -> dict[str, Any]:
    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
    about = "Datasets loaded from the data manifest."
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": into,
        "description": about,
        "license": "other",
        "extent": extent,
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    """Whole or not at all, also where the machine stops."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(path)
