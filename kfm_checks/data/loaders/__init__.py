"""Loaders by name: those shipped, and those that other packages offer as entry points of ``kfm_checks.loaders``.

A loader is a class that is made with :class:`Settings` and is a context manager. It keeps its promise alone: that
loading the same bytes twice changes nothing, and that its record and its store agree, or can be made to by a second
run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from kfm_checks.data.ledger import Entry
from kfm_checks.errors import UsageError
from kfm_checks.facts.datasets import Dataset

GROUP = "kfm_checks.loaders"
SHIPPED: Mapping[str, str] = {
    "postgis": "kfm_checks.data.loaders.postgis:PostgisLoader",
    "neo4j": "kfm_checks.data.loaders.neo4j:Neo4jLoader",
    "stac": "kfm_checks.data.loaders.stac:StacLoader",
}


class LoadError(Exception):
    """A load that failed, and changed nothing; the text holds no credential."""


class RefusedError(LoadError):
    """A load that must not be done: other bytes under the same release tag."""


@dataclass(frozen=True)
class Settings:
    """What a loader may need. ``folder`` is what relative addresses start from."""

    folder: Path | None = None
    credentials: Path | None = None
    ledger: Path | None = None
    catalogue: Path | None = None

    def secret(self, name: str) -> str:
        """The content of a credential file. Raises UsageError where it is not there."""
        if self.credentials is None or not (self.credentials / name).is_file():
            remedy = "give --credentials, or set KFM_DATASTORE_CREDENTIALS"
            raise UsageError(f"there is no credential {name}", file=str(self.credentials or ""), remedy=remedy)
        return (self.credentials / name).read_text(encoding="utf-8").strip()


@dataclass(frozen=True)
class Task:
    """One load: which dataset, where its verified bytes are, into what."""

    dataset: Dataset
    path: Path
    into: str
    options: Mapping[str, str]
    entry: Entry

    def still(self) -> None:
        """Refuse bytes that changed since they were verified. Raises LoadError."""
        with self.path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != self.dataset.sha256:
                raise LoadError("its bytes changed while they were loaded")


class Loader(Protocol):
    """What the reconciler asks of a loader."""

    def entries(self) -> Sequence[Entry]:
        """What was loaded so far, oldest first."""

    def load(self, task: Task) -> Entry | None:
        """Load, and record it; None where another run had loaded these bytes already. Raises LoadError."""

    def unload(self, entry: Entry) -> Entry:
        """Take away what an entry loaded, and record it. Raises LoadError."""


def names() -> list[str]:
    """The loaders at hand."""
    return sorted({*SHIPPED, *(point.name for point in entry_points(group=GROUP))})


def loader(name: str, settings: Settings) -> AbstractContextManager[Loader]:
    """A loader by its name. Raises UsageError for an unknown one, or where its package is not installed."""
    try:
        return _class(name)(settings)
    except ImportError as error:
        remedy = "pip install 'kfm-checks[data]'"
        raise UsageError(f"the loader {name} needs {error.name}", remedy=remedy) from error


def _class(name: str) -> Callable[[Settings], AbstractContextManager[Loader]]:
    if name in SHIPPED:
        module, _, attribute = SHIPPED[name].partition(":")
        found: Callable[[Settings], AbstractContextManager[Loader]] = getattr(import_module(module), attribute)
        return found
    for point in entry_points(group=GROUP):
        if point.name == name:
            offered: Callable[[Settings], AbstractContextManager[Loader]] = point.load()
            return offered
    raise UsageError(f"no loader is called {name!r}", remedy=f"one of {', '.join(names())}")


def chunks(rows: Iterator[Mapping[str, object]], size: int) -> Iterator[list[Mapping[str, object]]]:
    """Rows in lists of at most ``size``."""
    held: list[Mapping[str, object]] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held
