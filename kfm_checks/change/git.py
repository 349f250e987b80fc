"""Git read as an object store: revisions become plain folders in a scratch place, and nothing of a repository runs.

Only plumbing that reads is called (``rev-parse``, ``ls-tree``, ``cat-file``, ``merge-base``, ``rev-list``). Files are
written from blobs by this module: no checkout, so no hook, no filter, no attribute, no worktree of the user's is
touched. Variables that point git elsewhere are dropped, replacement objects are ignored, and no object is fetched.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from kfm_checks.errors import KfmChecksError, UsageError, one_line

TIME_LIMIT = 60
#: A revision with more than this under its tree is no overlay repository that anyone reviews here.
SIZE_LIMIT = 512 * 1024 * 1024
#: Settings that win over any file: nothing from a repository is executed or fetched.
NEUTRAL = (
    "-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
    "-c", f"core.attributesFile={os.devnull}", "-c", "protocol.allow=never", "-c", "protocol.file.allow=never",
    "-c", "submodule.recurse=false", "-c", "gc.auto=0", "-c", "commit.gpgSign=false", "-c", "core.pager=cat",
)  # fmt: skip
#: What is said where blobs were left out when the clone was made; none is fetched.
_ABSENT, _PARTIAL = "the content of a file is not in this clone, which is a partial one", "clone without --filter"


class GitError(KfmChecksError):
    """Git refused, or isn't there."""


def environment() -> dict[str, str]:
    """The environment without anything that redirects git, and with what keeps it quiet, local and read-only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }


@dataclass(frozen=True)
class Entry:
    """One entry of a revision's tree; ``mode`` as git writes it, ``120000`` a link, ``160000`` a submodule."""

    mode: str
    sha: str
    path: str
    size: int = 0


@dataclass(frozen=True)
class Clone:
    """A repository, bare or not, and the path within it that is looked at."""

    folder: Path
    path: str = ""

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """The output of git plumbing. Raises GitError in one line."""
        command = ["git", "-C", str(self.folder), *NEUTRAL, *arguments]
        try:
            done = subprocess.run(
                command, input=stdin, capture_output=True, timeout=TIME_LIMIT, check=False, env=environment()
            )
        except FileNotFoundError:
            raise GitError("git is not installed", remedy="install git, or give two folders") from None
        except subprocess.TimeoutExpired:
            raise GitError(f"git did not answer within {TIME_LIMIT} s", remedy="try a smaller clone") from None
        if done.returncode:
            if b"promisor remote" in done.stderr or b"lazy fetching" in done.stderr:
                raise GitError(_ABSENT, remedy=_PARTIAL)
            said = one_line(done.stderr.decode("utf-8", "replace")).replace(str(self.folder), ".")
            why = said.removeprefix("fatal: ")[:200]
            raise GitError(f"git refuses: {why or arguments[0]}", remedy="check the clone")
        return done.stdout

    def text(self, *arguments: str) -> str:
        """The same as text, without the last line break."""
        return self.run(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

    @cached_property
    def shallow(self) -> bool:
        """Whether history was cut off when the clone was made."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    @cached_property
    def origin(self) -> str:
        """The URL of the remote ``origin``, "" where there is none."""
        try:
            return one_line(self.text("config", "--get", "remote.origin.url"))
        except GitError:
            return ""

    def find(self, name: str) -> str | None:
        """The commit that a name stands for, None where it stands for none."""
        if not name or name.startswith("-"):
            return None
        try:
            return self.text("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except GitError:
            return None

    def commit(self, name: str) -> str:
        """The commit that a name stands for. Raises UsageError that says what to do."""
        found = self.find(name)
        if found is None:
            cut = "this clone is shallow: fetch the whole history (git fetch --unshallow; fetch-depth: 0 in CI)"
            remedy = cut if self.shallow else "fetch it, or give another name of a commit"
            raise UsageError(f"{name!r} is no commit in this clone", file=self.folder.name, remedy=remedy)
        return found

    def merge_base(self, left: str, right: str) -> str:
        """The commit where two histories part. Raises UsageError where there is none here."""
        try:
            return self.text("merge-base", left, right)
        except GitError:
            remedy = "fetch the whole history" if self.shallow else "give two commits of one history"
            raise UsageError("the two commits have no common ancestor here", remedy=remedy) from None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether one commit is in the history of the other."""
        try:
            self.run("merge-base", "--is-ancestor", older, newer)
        except GitError:
            return False
        return True

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, the first one first."""
        return tuple(self.text("rev-list", "--parents", "--max-count=1", commit).split()[1:])

    def entries(self, commit: str, path: str = "") -> list[Entry]:
        """Every file of a revision (below ``path``), links and submodules too, by path."""
        where = ["--", path] if path else []
        listed = self.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, *where).decode("utf-8", "surrogateescape")
        found = []
        for line in listed.split("\0"):
            meta, tab, name = line.partition("\t")
            if tab:
                mode, _, sha, size = meta.split()
                found.append(Entry(mode, sha, name, int(size) if size.isdigit() else 0))
        return found

    def blobs(self, shas: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The content of blobs, in the order asked. Raises GitError where one is missing (a partial clone)."""
        wanted = list(shas)
        output = self.run("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in wanted).encode())
        at = 0
        for sha in wanted:
            end = output.index(b"\n", at)
            head = output[at:end].split()
            if len(head) != 3:
                raise GitError(_ABSENT, remedy=_PARTIAL)
            size = int(head[2])
            yield sha, output[end + 1 : end + 1 + size]
            at = end + 2 + size

    def read(self, commit: str, path: str) -> str | None:
        """A file of a revision as text, None where it isn't there."""
        found = [entry for entry in self.entries(commit, path) if entry.path == path and entry.mode.startswith("100")]
        if not found:
            return None
        return next(self.blobs([found[0].sha]))[1].decode("utf-8", "replace")

    def changed(self, base: str, head: str) -> tuple[tuple[str, str], ...]:
        """(status, path) of each file that differs; both names of a renamed file (git's ``diff-tree``, no renames)."""
        listed = self.run("diff-tree", "-r", "-z", "--no-renames", "--name-status", "--no-ext-diff", base, head)
        words = listed.decode("utf-8", "surrogateescape").split("\0")
        return tuple(zip(words[::2], words[1::2], strict=False))


def locate(path: str | Path) -> Clone:
    """The repository that a path lies in: a working tree, a linked one, or a bare repository and a path in it.

    The path need not be there any more: another revision may have it. Raises UsageError.
    """
    wanted = Path(os.path.normpath(Path.cwd() / path))
    for folder in (wanted, *wanted.parents):
        if not folder.is_dir():
            continue
        if (folder / ".git").exists() or _is_bare(folder):
            relative = wanted.relative_to(folder).as_posix()
            return Clone(folder, "" if relative == "." else relative)
    raise UsageError("not in a git repository", file=str(path), remedy="give two folders, or a path of a clone")


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()


def revisions(clone: Clone, text: str) -> tuple[str, str]:
    """Base and head of ``BASE..HEAD``; ``BASE...HEAD`` starts where the two parted; ``BASE`` alone ends at HEAD."""
    left, dots, right = text.partition("..." if "..." in text else "..")
    base, head = clone.commit(left or "HEAD"), clone.commit(right or "HEAD")
    return (clone.merge_base(base, head) if dots == "..." else base), head


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kfm-checks-change-") as folder:
        yield Path(folder).resolve()


def extract(clone: Clone, commit: str, into: Path) -> Path:
    """Write a revision's files below a folder, and mark it as a repository's root. Returns the folder.

    Links that lead out of the revision are left out, as are submodules: their content is in another repository.
    """
    entries = [entry for entry in clone.entries(commit) if entry.mode != "160000" and _safe(entry.path)]
    if sum(entry.size for entry in entries) > SIZE_LIMIT:
        raise UsageError(f"the revision has more than {SIZE_LIMIT >> 20} MiB", remedy="give two folders")
    into.mkdir(parents=True, exist_ok=True)
    (into / ".git").mkdir()
    if clone.origin:
        (into / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {clone.origin}\n', encoding="utf-8")
    for entry, (_, content) in zip(entries, clone.blobs(entry.sha for entry in entries), strict=True):
        _write(into, entry, content)
    return into


def submodules(clone: Clone, commit: str) -> tuple[str, ...]:
    """Paths of a revision whose content is in another repository."""
    return tuple(entry.path for entry in clone.entries(commit) if entry.mode == "160000")


def _safe(path: str) -> bool:
    """Whether a path may be written: no way out, nothing that git itself would read."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and not any(p == ".." or p.lower() == ".git" for p in parts)


def _write(into: Path, entry: Entry, content: bytes) -> None:
    path = into / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(into):
        return  # below a link that leads elsewhere: git allows no such tree, a forged one may have it
    if entry.mode == "120000":
        target = content.decode("utf-8", "surrogateescape")
        if not target.startswith("/") and Path(os.path.normpath(path.parent / target)).is_relative_to(into):
            path.symlink_to(target)
        return
    path.write_bytes(content)
