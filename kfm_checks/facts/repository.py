"""What git knows of the repository: tracked files, the remote, commits. Read with the git binary, never written."""

from __future__ import annotations

import os
import subprocess
from functools import cached_property
from pathlib import Path

from kfm_checks.errors import NotVerified, one_line

TIME_LIMIT = 30


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
        command = ["git", "-C", str(self.root), "-c", "core.quotePath=false", "-c", "core.fsmonitor=false", *arguments]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
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
            raise NotVerified(f"git refuses: {one_line(done.stderr.decode('utf-8', 'replace'))[:200]}")
        return done.stdout.decode("utf-8", "surrogateescape")

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
            self.git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except NotVerified:
            return False
        return True
