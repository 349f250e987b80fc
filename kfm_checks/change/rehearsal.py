"""A rollback tried out: the change is taken back in a scratch repository that borrows the objects of the user's.

Nothing is written to the user's repository: new objects go to the scratch one, which is gone afterwards. It has no
hooks, no filters, no merge drivers and no configuration but what this module gives it.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kfm_checks.change.git import NEUTRAL, TIME_LIMIT, Clone, GitError, environment
from kfm_checks.errors import NotVerified, one_line


@dataclass(frozen=True)
class Merged:
    """The tree that a three-way merge gives, and the files in which it conflicts."""

    tree: str
    conflicts: tuple[str, ...]


class Scratch:
    """A bare repository in a scratch folder, with the user's objects at hand and read only."""

    def __init__(self, clone: Clone, folder: Path) -> None:
        self.folder = folder
        home = Path(clone.text("rev-parse", "--path-format=absolute", "--git-common-dir"))
        form = clone.text("rev-parse", "--show-object-format")
        self._git("init", "--quiet", "--bare", "--template=", f"--object-format={form}", str(folder), at=folder.parent)
        info = folder / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "alternates").write_text(f"{home / 'objects'}\n", encoding="utf-8", errors="surrogateescape")
        self.clone = Clone(folder)

    def _git(self, *arguments: str, at: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        identity = {f"GIT_{who}_{what}": "kfm-checks" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {f"GIT_{who}_DATE": "2000-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")}
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1", **identity, **dates}
        command = ["git", "-C", str(at or self.folder), *NEUTRAL, *arguments]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIME_LIMIT,
                check=False,
                env={**environment(), **own},
            )
        except subprocess.TimeoutExpired:
            raise NotVerified(f"git did not merge within {TIME_LIMIT} s") from None
        except FileNotFoundError:
            raise GitError("git is not installed", remedy="install git") from None

    def _commit(self, tree: str, *parents: str) -> str:
        given = [word for parent in parents for word in ("-p", parent)]
        done = self._git("commit-tree", "-m", "rehearsal", *given, tree)
        if done.returncode:
            raise NotVerified(f"git refuses: {one_line(done.stderr.decode('utf-8', 'replace'))[:200]}")
        return done.stdout.decode().strip()

    def merge(self, base: str, ours: str, theirs: str) -> Merged:
        """Three trees or commits merged. Raises NotVerified where this git can't do that without a working tree."""
        root = self._commit(self.tree(base))
        left, right = self._commit(self.tree(ours), root), self._commit(self.tree(theirs), root)
        done = self._git("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", left, right)
        if done.returncode not in (0, 1) or not done.stdout:
            raise NotVerified("this git can't merge without a working tree (2.38 or later can)")
        tree, *names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
        return Merged(tree.strip(), tuple(sorted({name for name in names if name})) if done.returncode else ())

    def tree(self, name: str) -> str:
        """The tree of a commit; that of a tree is itself."""
        return self.clone.text("rev-parse", "--verify", "--end-of-options", f"{name}^{{tree}}")
