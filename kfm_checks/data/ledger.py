"""The record of what was loaded: who, what, when, with which checksum. Entries are added, never changed.

Stores with transactions keep it in the same transaction as the data. The others keep it in a file of JSON lines, each
with the checksum of the one before, so that an entry taken out or changed is seen.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from msgspec import Struct

from kfm_checks.errors import ConfigError

START = "0" * 64


class Entry(Struct, frozen=True, omit_defaults=True):
    """One load or unload. ``at`` is UTC, ``manifest`` the checksum of the manifest that asked for it."""

    dataset: str
    release: str
    version: str
    sha256: str
    loader: str
    into: str
    action: Literal["load", "unload"]
    rows: int
    by: str
    manifest: str
    at: str = ""
    previous: str = ""


def now() -> str:
    """The moment of a load, in UTC; the only clock of the loader side."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def latest(entries: Sequence[Entry]) -> dict[tuple[str, str], Entry]:
    """The last entry of each (dataset, into)."""
    return {(entry.dataset, entry.into): entry for entry in entries}


def reused(entries: Sequence[Entry], dataset: str, release: str, sha256: str) -> bool:
    """Whether other bytes were loaded under this release tag before."""
    return any(e.dataset == dataset and e.release == release and e.sha256 != sha256 for e in entries)


class FileLedger:
    """A file of JSON lines. A line that a kill cut short is no entry, and is taken away before the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[BinaryIO]:
        """The file, held against every other process until the block ends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream

    def entries(self) -> list[Entry]:
        """Every entry. Raises ConfigError where one was changed or taken out."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
            return self._read(stream)[0]

    def _read(self, stream: BinaryIO) -> tuple[list[Entry], str, int]:
        """(entries, checksum of the last line, length of the whole lines)."""
        found: list[Entry] = []
        last, length = START, 0
        stream.seek(0)
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except msgspec.DecodeError as error:
                raise self._broken(number, "is no entry") from error
            if entry.previous != last:
                raise self._broken(number, "does not follow the one before: the ledger was changed")
            last, length = hashlib.sha256(line).hexdigest(), length + len(line)
            found.append(entry)
        return found, last, length

    def _broken(self, line: int, what: str) -> ConfigError:
        remedy = "restore the ledger from its backup; loads are idempotent"
        return ConfigError(f"this line {what}", file=str(self.path), line=line, remedy=remedy)

    def append(self, entry: Entry, stream: BinaryIO) -> Entry:
        """Add an entry to the locked file, and see it on the disk."""
        _, last, length = self._read(stream)
        stamped = msgspec.structs.replace(entry, at=entry.at or now(), previous=last)
        stream.truncate(length)
        stream.seek(0, os.SEEK_END)
        stream.write(msgspec.json.encode(stamped) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
        return stamped
