"""The base of a change, read from git: its overlay, its configuration and records, and the change taken back."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kfm_checks.change.data import bytes_of
from kfm_checks.change.git import Clone, GitError, extract
from kfm_checks.change.history import writes
from kfm_checks.change.rehearsal import Merged, Scratch
from kfm_checks.change.renames import path_in_base
from kfm_checks.change.revisions import Revision, explained
from kfm_checks.change.rules import settings_of_added
from kfm_checks.change.sides import side, view
from kfm_checks.config import Settings, load_settings
from kfm_checks.errors import KfmChecksError, NotVerified
from kfm_checks.facts.change_base import Introduced, Rehearsal
from kfm_checks.facts.change_risks import View
from kfm_checks.facts.tree import TEXT_LIMIT, TreeFile
from kfm_checks.records import FOLDER, Record, load_records
from kfm_checks.run import Judged, Options

#: An approval is looked for so many merges back.
COMMITS = 500


@dataclass(frozen=True)
class Commits:
    """Where a change stands: ``tip`` of the base branch, ``start`` where it parted from it, ``head``."""

    tip: str
    start: str
    head: str


class GitBase:
    """The base, lazily. The folder that it is extracted to is gone with this object."""

    def __init__(self, clone: Clone, commits: Commits, path: str, options: Options) -> None:
        self.clone, self.commits, self.options = clone, commits, options
        self.commit = commits.start
        #: The overlay's path in the head, and in the base: another one where the change renames it.
        self.head_path, self.path = path, path_in_base(clone, (commits.tip, commits.start, commits.head), path)
        self._place = Path(tempfile.mkdtemp(prefix="kfm-checks-change-")).resolve()
        # Gone with this object, and at the latest with the process.
        weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)

    def prefix(self) -> str:
        """The overlay's path from the repository's root."""
        return self.head_path

    # -- the base's files --------------------------------------------------------------------------------------------

    @cached_property
    def folder(self) -> Path:
        """The base's files, extracted."""
        return extract(self.clone, self.commit, self._place / "base")

    @property
    def overlay(self) -> Path:
        """The overlay in the base; it need not be there."""
        return self.folder / self.path

    @cached_property
    def _tip(self) -> Path:
        """The base branch as it is now: its rules hold, also for a branch that parted long ago."""
        same = self.commits.tip == self.commit
        return self.folder if same else extract(self.clone, self.commits.tip, self._place / "tip")

    @cached_property
    def governs(self) -> bool:
        """Whether the base branch has the overlay; one that the change adds is judged by what it brings."""
        return (self._tip / self.path).is_dir()

    @cached_property
    def settings(self) -> Settings:
        """The configuration of the base branch; of its parents where it has no such overlay. Raises ConfigError."""
        return load_settings(self._tip / self.path, self._tip)

    def settings_with(self, own: Path) -> Settings:
        """The configuration of an overlay that the change adds: its own file over the base's. Raises ConfigError.

        What it declares not applicable doesn't count: a change never exempts itself.
        """
        return settings_of_added(self._tip, self.path, own, self.settings)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The governance records of the base branch. Raises ConfigError."""
        shown = FOLDER if self.path in {"", "."} else f"{self.path}/{FOLDER}"
        return load_records(self._tip / self.path / FOLDER, shown=shown)

    @cached_property
    def _entries(self) -> Mapping[str, str]:
        """Blob of each file of the base."""
        return {entry.path: entry.sha for entry in self.clone.entries(self.commit) if entry.mode.startswith("100")}

    def read(self, path: str) -> str | None:
        """A file of the base branch as text. The tip's decides who owns what."""
        try:
            return self.clone.read(self.commits.tip, path)
        except GitError as error:
            raise NotVerified(str(error)) from error

    # -- what differs ------------------------------------------------------------------------------------------------

    @cached_property
    def judged(self) -> Judged:
        """The base's overlay, rendered. Raises NotVerified where it does not render."""
        try:
            return side(self.overlay, self.options)
        except KfmChecksError as error:
            known = explained(error, Revision(self.clone, self.commit, self.path), self.folder)
            raise NotVerified(f"the base does not render: {self._clean(str(known))}") from error

    def _clean(self, text: str) -> str:
        for name in ("base", "tip", "reverted"):
            text = text.replace(f"{self._place / name}/", "")
        return text.replace(str(self._place), ".")

    @cached_property
    def view(self) -> View:
        """The base rendered, and what was computed from it; empty where the base has no such overlay."""
        if not self.overlay.is_dir():
            return empty()
        return view(self.judged.facts)

    @cached_property
    def changed(self) -> tuple[tuple[str, str], ...]:
        """(status, path) of each file that the change touches."""
        return self.clone.changed(self.commits.start, self.commits.head)

    @cached_property
    def _writes(self) -> tuple[tuple[str, str, str], ...]:
        return writes(self.clone, self.commits.start, self.commits.head)

    @cached_property
    def touched(self) -> frozenset[str]:
        """Every path that a commit of the change writes."""
        return frozenset(path for _, path, _ in self._writes)

    def introduced(self, paths: frozenset[str]) -> tuple[Introduced, ...]:
        """Versions of these files that the change's commits bring in, history included."""
        return tuple(self._introduced(paths))

    def _introduced(self, paths: frozenset[str]) -> Iterator[Introduced]:
        seen = {(path, sha) for path, sha in self._entries.items()}
        for commit, path, sha in self._writes:
            if path in paths and (path, sha) not in seen:
                seen.add((path, sha))
                if file := self._file(path, sha):
                    yield Introduced(file, commit, self._lines(path))

    def _file(self, path: str, sha: str) -> TreeFile | None:
        size = int(self.clone.text("cat-file", "-s", sha))
        place = self._place / "blobs" / sha
        if size <= TEXT_LIMIT:
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(next(self.clone.blobs([sha]))[1])
        return TreeFile(path, path, size, place)

    def _lines(self, path: str) -> frozenset[str]:
        text = self.clone.read(self.commit, path) if path in self._entries else None
        return frozenset(line.strip() for line in (text or "").splitlines())

    # -- approvals ---------------------------------------------------------------------------------------------------

    def kept(self, commit: str) -> bool | None:
        """Whether only merges from the base lie between a commit and the head; None where git can't tell."""
        if self.clone.find(commit) is None:
            return None
        at, wanted = self.commits.head, self.clone.commit(commit)
        for _ in range(COMMITS):
            if at == wanted:
                return True
            parents = self.clone.parents(at)
            if len(parents) != 2 or not self.clone.is_ancestor(parents[1], self.commits.tip):
                return False
            if not self._plain_merge(at, *parents):
                return False
            at = parents[0]
        return None

    def _plain_merge(self, commit: str, ours: str, theirs: str) -> bool:
        """Whether a merge holds what git alone makes of its parents: nothing was slipped in."""
        with tempfile.TemporaryDirectory(dir=self._place) as place:
            scratch = Scratch(self.clone, Path(place) / "scratch.git")
            merged = scratch.merge(self.clone.merge_base(ours, theirs), ours, theirs)
            return not merged.conflicts and merged.tree == scratch.tree(commit)

    # -- the change taken back ---------------------------------------------------------------------------------------

    @cached_property
    def rehearsal(self) -> Rehearsal:
        """The change taken back where it is, or will be, merged."""
        with tempfile.TemporaryDirectory(dir=self._place) as place:
            scratch = Scratch(self.clone, Path(place) / "scratch.git")
            start, tip, head = self.commits.start, self.commits.tip, self.commits.head
            landed = self.clone.is_ancestor(head, tip)
            where = "the base branch, which has it already" if landed else "its merge with the base"
            merged = Merged(scratch.tree(tip), ()) if landed else scratch.merge(start, tip, head)
            if merged.conflicts:
                return Rehearsal(unmergeable=merged.conflicts, where=where)
            back = scratch.merge(head, merged.tree, start)
            if back.conflicts:
                return Rehearsal(conflicts=back.conflicts, where=where)
            return self._rendered(scratch, back.tree, where)

    def _rendered(self, scratch: Scratch, tree: str, where: str) -> Rehearsal:
        """What the reverted files render to, and whether they are the base's, byte for byte."""
        folder = extract(scratch.clone, tree, self._place / "reverted")
        gone, unseen = bytes_of(folder / self.path, self._touched_data())
        exact = tree in {scratch.tree(self.commits.tip), scratch.tree(self.commit)}
        error = ""
        if (folder / self.path).is_dir():
            try:
                # The base's own files need no second render: the comparison has it.
                _ = self.judged if tree == scratch.tree(self.commit) else side(folder / self.path, self.options)
            except (KfmChecksError, NotVerified) as why:
                error = self._clean(str(why))
        return Rehearsal(error=error, exact=exact, where=where, gone=gone, unseen=unseen)

    def _touched_data(self) -> bool:
        folders = {f"{path}/data/" if path not in {"", "."} else "data/" for path in (self.path, self.head_path)}
        return any(path.startswith(tuple(folders)) for _, path in self.changed)


def empty() -> View:
    """The view of no object at all: the base of an overlay that the change adds."""
    from kfm_checks.config import Config
    from kfm_checks.engine import Facts

    inputs: dict[str, Any] = {"objects": (), "gitops_objects": (), "followed": (), "config": Config()}
    return view(Facts(inputs))
