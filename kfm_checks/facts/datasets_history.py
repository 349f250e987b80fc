"""Earlier revisions of the data manifest, from git: what each dataset was, and whether those bytes can still be had."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from kfm_checks.errors import ConfigError, NotVerified
from kfm_checks.facts.datasets import DataManifest, Dataset, parse_datasets
from kfm_checks.facts.datasets_bytes import lfs_pointer, relative_path
from kfm_checks.facts.datasets_manifest import PATH
from kfm_checks.facts.repository import Repository
from kfm_checks.facts.tree import Tree
from kfm_checks.values import Value
from kfm_checks.yamlfile import parse_yaml

#: Earlier revisions than this many are not read; a retention declared in the manifest keeps the number down.
REVISIONS = 200
#: Revisions whose text is held at once.
AT_ONCE = 25
#: Blobs larger than this (bytes) are not read out of git.
BLOB_LIMIT = 200 * 1024 * 1024
#: What an entry may not change under one release tag: which bytes, what they are, and who may see them.
IMMUTABLE = ("version", "sha256", "bytes", "media-type", "sensitivity", "generalisation")


class Revision(Value, frozen=True):
    """The manifest as a commit of the first-parent history left it. ``date`` is the committer's day."""

    commit: str
    date: str
    datasets: tuple[Dataset, ...]


class DataHistory(Value, frozen=True):
    """Earlier revisions, newest first. ``cut`` says why there may be more than these, "" where there are none."""

    revisions: tuple[Revision, ...]
    cut: str = ""


def data_history(repository: Repository, data_manifest: DataManifest) -> DataHistory:
    """The revisions of the manifest on the first-parent line of HEAD. Raises NotVerified where git can't tell."""
    path = posixpath.join(repository.path if repository.path != "." else "", PATH)
    log = repository.git("log", "--first-parent", "--format=%H %cs", f"--max-count={REVISIONS + 1}", "HEAD", "--", path)
    lines = [line.split() for line in log.splitlines() if line.strip()]
    shallow = repository.git("rev-parse", "--is-shallow-repository").strip() == "true"
    cut = "the clone is shallow, its history is cut off" if shallow else ""
    if len(lines) > REVISIONS:
        cut = cut or f"more than {REVISIONS} revisions; those before were not read"
    return DataHistory(tuple(_revisions(repository, path, lines[:REVISIONS])), cut)


def _revisions(repository: Repository, path: str, lines: Sequence[Sequence[str]]) -> Iterator[Revision]:
    for begin in range(0, len(lines), AT_ONCE):
        part = lines[begin : begin + AT_ONCE]
        texts = repository.texts([f"{commit}:{path}" for commit, _ in part])
        for (commit, day), text in zip(part, texts, strict=True):
            if text is not None:
                yield _revision(repository, path, commit, day, text)


def _revision(repository: Repository, path: str, commit: str, day: str, text: str) -> Revision:
    datasets, names = list(parse_datasets(text, PATH)), _shards(text)
    places = [f"{commit}:{posixpath.normpath(posixpath.join(posixpath.dirname(path), name))}" for name in names]
    for name, shard in zip(names, repository.texts(places) if places else (), strict=True):
        datasets += parse_datasets(shard, name) if shard else ()
    return Revision(commit, day, tuple(datasets))


def _shards(text: str) -> list[str]:
    if "shards" not in text:
        return []
    try:
        value = parse_yaml(text, shown=PATH).value
    except ConfigError:
        return []
    listed = value.get("shards") if isinstance(value, dict) else None
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []


def content_of(dataset: Dataset) -> dict[str, Any]:
    """What may not change under one release tag."""
    return {name: dataset.raw.get(name) for name in IMMUTABLE}


def changed_fields(one: Dataset, other: Dataset) -> list[str]:
    """The immutable fields that differ; a number of bytes that was only added is no change."""
    before, after = content_of(one), content_of(other)
    return [
        name for name in IMMUTABLE if before[name] != after[name] and not (name == "bytes" and before[name] is None)
    ]


class Resolved(Value, frozen=True):
    """One dataset of an earlier revision. ``ok`` None: nobody could tell. ``how``: where its bytes are, or why not."""

    date: str
    dataset: Dataset
    ok: bool | None
    how: str


def rollbacks(
    repository: Repository, tree: Tree, data_manifest: DataManifest, data_history: DataHistory, as_of: str
) -> tuple[Resolved, ...]:
    """Whether each dataset of each earlier revision within the retention still has its bytes, each content once."""
    seen: set[tuple[str, str]] = set()
    found: list[Resolved] = []
    finder = _Finder(repository, tree)
    for revision in kept(data_history, data_manifest.raw, as_of):
        for dataset in revision.datasets:
            key = (dataset.id, dataset.sha256)
            if key not in seen:
                seen.add(key)
                withdrawn = (dataset.id, dataset.release) in data_manifest.withdrawn
                ok, how = (
                    (True, "withdrawn on purpose, with reason and name")
                    if withdrawn
                    else finder.find(revision, dataset)
                )
                found.append(Resolved(revision.date, dataset, ok, how))
    return tuple(found)


def kept(history: DataHistory, raw: Mapping[str, Any], as_of: str) -> Iterator[Revision]:
    """The earlier revisions that the retention covers: those in force on some day of it, or the last so many."""
    retention = raw.get("retention")
    said = retention if isinstance(retention, dict) else {}
    days, number = said.get("days"), said.get("revisions")
    since = _days_before(as_of, days) if isinstance(days, int) and not isinstance(days, bool) else ""
    for index, revision in enumerate(history.revisions):
        if isinstance(number, int) and index > number:
            return
        yield revision
        if since and revision.date < since:
            return


def _days_before(as_of: str, days: int) -> str:
    try:
        return (date.fromisoformat(as_of) - timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return ""


class _Finder:
    """Looks for bytes in the working tree, then in git at the revision that named them; each blob is read once."""

    def __init__(self, repository: Repository, tree: Tree) -> None:
        self.repository, self.tree = repository, tree
        self._blobs: dict[str, str] = {}

    def find(self, revision: Revision, dataset: Dataset) -> tuple[bool | None, str]:
        """Whether the bytes can be had, and where."""
        if not dataset.sha256:  # any file has as much as none
            return None, "it declares no checksum, so nobody can tell which bytes it was"
        elsewhere = []
        for uri in dataset.uris:
            path = relative_path(uri)
            if path is None:
                elsewhere.append(uri)
                continue
            place = posixpath.normpath(posixpath.join(self.tree.source_path, posixpath.dirname(PATH), path))
            if place.startswith(".."):
                continue
            file = self.tree.read(place)
            if file is not None and dataset.sha256 in (file.sha256, lfs_pointer(file)):
                return True, f"{uri} is still there"
            if self._blob(revision.commit, place) == dataset.sha256:
                return True, f"{uri} is in git; reverting the pull request brings it back"
        if elsewhere:
            return None, f"nobody fetched {elsewhere[0]}"
        return False, "its bytes are neither in the folder nor in git"

    def _blob(self, commit: str, path: str) -> str:
        try:
            id = self.repository.git("rev-parse", "--verify", "--quiet", f"{commit}:{path}").strip()
            if id not in self._blobs:
                small = int(self.repository.git("cat-file", "-s", id)) <= BLOB_LIMIT
                content = self.repository.git("cat-file", "blob", id) if small else ""
                self._blobs[id] = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
            return self._blobs[id]
        except NotVerified:
            return ""
