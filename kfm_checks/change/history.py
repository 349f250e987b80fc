"""What the commits of a change write, one by one: what came in and went again is in the history for good."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.change.git import Clone


def writes(clone: Clone, start: str, head: str) -> tuple[tuple[str, str, str], ...]:
    """(commit, path, blob) of each file that a commit after ``start`` up to ``head`` writes, the oldest commit first.

    Every commit is looked at, by one git for all; of a merge, what it writes against all its parents.
    """
    commits = clone.run("rev-list", "--reverse", "--topo-order", f"{start}..{head}")
    arguments = ("diff-tree", "--stdin", "-r", "-c", "-z", "--root", "--no-renames", "--no-ext-diff", "--raw")
    return tuple(_read_raw(clone.run(*arguments, stdin=commits).decode("utf-8", "surrogateescape")))


def _read_raw(words: str) -> Iterator[tuple[str, str, str]]:
    """(commit, path, blob) of each regular file in the output of ``diff-tree --stdin --raw -z``."""
    commit, parts = "", iter(words.split("\0"))
    for meta in parts:
        if not meta.startswith(":"):
            commit = meta or commit
            continue
        count = len(meta) - len(meta.lstrip(":"))
        fields = meta.lstrip(":").split()
        path, mode, sha = next(parts, ""), fields[count], fields[2 * count + 1]
        if mode.startswith("100"):
            yield commit, path, sha
