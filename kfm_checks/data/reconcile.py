"""``data reconcile``: bring the stores to what the manifest declares. Tries only, unless told to apply.

Each load is verified first, done by its loader, and recorded. Nothing is loaded that no steward approved, that was
withdrawn, or whose tag stood for other bytes before. A run may be stopped anywhere and started again, or twice at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kfm_checks.data.fetch import Fetcher, FetchError
from kfm_checks.data.ledger import Entry, latest, reused
from kfm_checks.data.loaders import Loader, LoadError, RefusedError, Settings, Task, loader
from kfm_checks.data.manifest import LoadedManifest
from kfm_checks.data.plan import loads_of
from kfm_checks.facts.datasets import Dataset

Status = Literal["done", "planned", "current", "failed", "refused"]


@dataclass(frozen=True)
class Options:
    """How to reconcile; ``settings`` are folders for the loaders: ledger, catalogue, credentials."""

    apply: bool = False
    only: tuple[str, ...] = ()
    loaders: tuple[str, ...] = ()
    prune: bool = False
    by: str = ""
    jobs: int = 4
    settings: Mapping[str, Path | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What was done, or would be, with one load. ``reason`` says why it was not."""

    dataset: str
    release: str
    loader: str
    into: str
    action: Literal["load", "unload", "none"]
    status: Status
    reason: str = ""
    rows: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class _Load:
    dataset: Dataset
    loader: str
    into: str
    options: Mapping[str, str]

    def done(self, action: Literal["load", "none"], status: Status, reason: str = "", rows: int | None = None) -> Done:
        return Done(self.dataset.id, self.dataset.release, self.loader, self.into, action, status, reason, rows)


def reconcile(
    manifest: LoadedManifest, fetcher: Fetcher, options: Options, told: Callable[[str], None] = lambda _: None
) -> list[Done]:
    """Reconcile every load of the manifest, in its order. Raises UsageError where a store can't be reached at all."""
    loads = [load for load in _loads(manifest) if _wanted(load, options)]
    found: list[Done] = []
    with ExitStack() as stack:
        stores = _stores(stack, manifest, loads, options)
        recorded = {name: list(store.entries()) for name, store in stores.items()}
        waiting = []
        for load in loads:
            barred = _barred(load, manifest, recorded[load.loader])
            last = latest(recorded[load.loader]).get((load.dataset.id, load.into))
            if barred:
                found.append(load.done("none", "refused", barred))
            elif last is not None and _current(last, load.dataset):
                found.append(load.done("none", "current", rows=last.rows))
            else:
                waiting.append(load)
        with ThreadPoolExecutor(options.jobs) as pool:
            # Bytes are fetched side by side; stores are written one load after the other.
            for load, bytes_ in zip(waiting, pool.map(lambda one: _bytes(fetcher, one.dataset), waiting), strict=True):
                told(f"{load.dataset.id} {load.dataset.release} -> {load.loader} {load.into}")
                found.append(_one(load, bytes_, stores[load.loader], manifest, options))
        if options.prune or not options.only:
            found += _gone(manifest, stores, recorded, options)
    return found


def _loads(manifest: LoadedManifest) -> Iterator[_Load]:
    for dataset in manifest.datasets:
        for load in loads_of(dataset):
            into = str(load.get("into") or dataset.id.replace("-", "_").replace(".", "_"))
            yield _Load(dataset, str(load["loader"]), into, load.get("options") or {})


def _wanted(load: _Load, options: Options) -> bool:
    return (not options.only or load.dataset.id in options.only) and (
        not options.loaders or load.loader in options.loaders
    )


def _stores(stack: ExitStack, manifest: LoadedManifest, loads: list[_Load], options: Options) -> dict[str, Loader]:
    settings = Settings(folder=manifest.folder, **options.settings)
    names = sorted({load.loader for load in loads})
    return {name: stack.enter_context(loader(name, settings)) for name in names}


def _barred(load: _Load, manifest: LoadedManifest, entries: list[Entry]) -> str:
    """Why a load must not be done, "" where it may."""
    dataset = load.dataset
    if (dataset.id, dataset.release) in manifest.withdrawn:
        return "the release was withdrawn"
    if not dataset.part("approval"):
        return "no steward approved the release"
    if dataset.text("approval", "release") not in ("", dataset.release):
        return f"the approval is for {dataset.text('approval', 'release')}"
    if reused(entries, dataset.id, dataset.release, dataset.sha256):
        return "other bytes were loaded under this release tag"
    return ""


def _current(last: Entry, dataset: Dataset) -> bool:
    return (last.action, last.release, last.sha256) == ("load", dataset.release, dataset.sha256)


def _bytes(fetcher: Fetcher, dataset: Dataset) -> Path | str:
    """The verified bytes of a dataset, from the first address that has them; else why there are none."""
    reasons = []
    for uri in dataset.uris:
        try:
            path = fetcher.verify(dataset, uri)
        except FetchError as error:
            reasons.append(f"{uri}: {error.message}")
        else:
            if path is not None:
                return path
            reasons.append(f"{uri}: without a cache there is no copy to load from")
    return "; ".join(reasons) or "it has no address"


def _one(load: _Load, bytes_: Path | str, store: Loader, manifest: LoadedManifest, options: Options) -> Done:
    if isinstance(bytes_, str):
        return load.done("load", "failed", bytes_)
    if not options.apply:
        return load.done("load", "planned")
    try:
        entry = store.load(Task(load.dataset, bytes_, load.into, load.options, _entry(load, manifest, options)))
    except RefusedError as error:
        return load.done("none", "refused", str(error))
    except LoadError as error:
        return load.done("load", "failed", str(error))
    if entry is None:
        return load.done("none", "current", "another run loaded it meanwhile")
    return load.done("load", "done", rows=entry.rows)


def _entry(load: _Load, manifest: LoadedManifest, options: Options) -> Entry:
    dataset = load.dataset
    return Entry(
        dataset=dataset.id,
        release=dataset.release,
        version=dataset.text("version"),
        sha256=dataset.sha256,
        loader=load.loader,
        into=load.into,
        action="load",
        rows=0,
        by=options.by or "unnamed",
        manifest=manifest.digest,
    )


def _gone(
    manifest: LoadedManifest, stores: dict[str, Loader], recorded: dict[str, list[Entry]], options: Options
) -> Iterator[Done]:
    """What is in a store, and no longer in the manifest: said, and taken away only when told to."""
    declared = {(load.dataset.id, load.loader, load.into) for load in _loads(manifest)}
    for name, store in sorted(stores.items()):
        for (dataset, into), entry in sorted(latest(recorded[name]).items()):
            if entry.action == "unload" or (dataset, name, into) in declared:
                continue
            done = Done(dataset, entry.release, name, into, "unload", "planned", "the manifest no longer names it")
            if not (options.apply and options.prune):
                reason = f"{done.reason}; --prune takes it away"
                yield Done(dataset, entry.release, name, into, "unload", "planned", reason)
                continue
            try:
                store.unload(entry)
            except LoadError as error:
                yield Done(dataset, entry.release, name, into, "unload", "failed", str(error))
            else:
                yield Done(dataset, entry.release, name, into, "unload", "done", "the manifest no longer names it")
