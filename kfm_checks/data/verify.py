"""``data verify``: every address of every dataset held against size and checksum, several at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from kfm_checks.data.fetch import Fetcher, FetchError
from kfm_checks.data.manifest import LoadedManifest
from kfm_checks.facts.datasets import Dataset

SCHEMA = "kfm-checks/data-verify/v1"
Told = Callable[[int], None]


@dataclass(frozen=True)
class Verified:
    """The verdict on one address. ``status``: verified, mismatch, unreachable, or not-verified (offline)."""

    dataset: str
    uri: str
    status: Literal["verified", "mismatch", "unreachable", "not-verified"]
    expected: str
    observed: str
    reason: str


def verify(manifest: LoadedManifest, fetcher: Fetcher, *, jobs: int = 4, only: Sequence[str] = ()) -> list[Verified]:
    """Verify every address, in the order of the manifest."""
    wanted = [(d, uri) for d in manifest.datasets if not only or d.id in only for uri in d.uris]
    total = sum(d.size or 0 for d, _ in wanted)
    with _progress(total) as told, ThreadPoolExecutor(max(1, jobs)) as pool:
        return list(pool.map(lambda pair: _one(fetcher, pair[0], pair[1], told), wanted))


def _one(fetcher: Fetcher, dataset: Dataset, uri: str, told: Told) -> Verified:
    try:
        fetcher.verify(dataset, uri, told)
    except FetchError as error:
        status: Literal["mismatch", "unreachable", "not-verified"] = "mismatch" if error.mismatch else "unreachable"
        if error.message.startswith("offline"):
            status = "not-verified"
        return Verified(dataset.id, uri, status, dataset.sha256, error.observed, error.message)
    return Verified(dataset.id, uri, "verified", dataset.sha256, dataset.sha256, "")


@contextmanager
def _progress(total: int) -> Iterator[Told]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verify", total=total or None)
        yield lambda count: bar.update(task, advance=count)


def as_json(results: Iterable[Verified]) -> dict[str, Any]:
    """The results as JSON."""
    listed = [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in results]
    return {"schema": SCHEMA, "results": listed}
