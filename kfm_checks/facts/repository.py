"""What git knows of the repository: tracked files, the remote, commits. Read with the git binary, never written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from kfm_checks.errors import NotVerified, one_line

TIME_LIMIT = 30
#: Variables that point git to another repository than the one it is asked about (``git rev-parse --local-env-vars``).
_REDIRECTING = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "PREFIX", "NAMESPACE", "INTERNAL_SUPER_PREFIX"),
        *("OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES", "SHALLOW_FILE", "GRAFT_FILE", "REPLACE_REF_BASE"),
        *("IMPLICIT_WORK_TREE", "CEILING_DIRECTORIES"),
    )
)


def unredirected() -> dict[str, str]:
    """The environment without what redirects git: a hook of one repository may ask about another."""
    return {name: value for name, value in os.environ.items() if name not in _REDIRECTING}


def tracked_files(repository: Repository) -> frozenset[str]:
    """Files under the overlay that git tracks: asked while the renderer works."""
    return repository.tracked


def ignored_files(repository: Repository) -> frozenset[str]:
    """Files under the overlay that git ignores: asked while the renderer works."""
    return repository.ignored


class Repository:
    """A git working tree. Everything is read on demand; a machine without git raises NotVerified."""

    def __init__(self, root: Path, path: str) -> None:
        self.root = root
        self.path = path

    def git(self, *arguments: str) -> str:
        """The output of a git command that only reads. Raises NotVerified where git is missing or refuses."""
        return self._run(*arguments).decode("utf-8", "surrogateescape")

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["git", "-C", str(self.root), "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments]
        environment = {**unredirected(), "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
                env=environment,
            )
        except FileNotFoundError:
            raise NotVerified("git is not installed, so nobody looked at the history") from None
        except subprocess.TimeoutExpired:
            raise NotVerified(f"git did not answer within {TIME_LIMIT} s") from None
        if done.returncode != 0:
            why = one_line(done.stderr.decode("utf-8", "replace")).replace(str(self.root), ".")
            raise NotVerified(f"git refuses: {why[:200]}")
        return done.stdout

    def texts(self, names: Sequence[str]) -> list[str | None]:
        """The files that names such as ``COMMIT:path`` stand for, None for a name that stands for none.

        One call of git answers for all; where it can't (a name with a line break, a blob that a partial clone doesn't
        have), each is asked for by itself.
        """
        batch = None if any("\n" in name for name in names) else self._batch(names)
        return [self._text(name) for name in names] if batch is None else batch

    def _batch(self, names: Sequence[str]) -> list[str | None] | None:
        listed = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
        try:
            output, at = self._run("cat-file", "--batch", stdin=listed), 0
        except NotVerified:
            return None
        found: list[str | None] = []
        for _ in names:
            end = output.index(b"\n", at)
            head, at = output[at:end], end + 1
            if head.endswith((b" missing", b" ambiguous")):
                found.append(None)
                continue
            kind, size = head.split()[1:]
            content, at = output[at : at + int(size)], at + int(size) + 1
            found.append(content.decode("utf-8", "surrogateescape") if kind == b"blob" else None)
        return found

    def _text(self, name: str) -> str | None:
        try:
            return self.git("cat-file", "blob", name)
        except NotVerified:
            return None

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Files under the overlay that git tracks, relative to the repository's root."""
        return frozenset(name for name in self.git("ls-files", "-z", "--", self.path or ".").split("\0") if name)

    @cached_property
    def ignored(self) -> frozenset[str]:
        """Files under the overlay that git ignores."""
        listed = self.git("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", self.path or ".")
        return frozenset(name for name in listed.split("\0") if name)

    def has_commit(self, name: str) -> bool:
        """Whether a commit exists here."""
        try:
            self.git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except NotVerified:
            return False
        return True
