"""Where an overlay stands in a revision, and where it stood before it was renamed."""

from __future__ import annotations

from kfm_checks.change.git import Clone
from kfm_checks.render import ENTRYPOINTS, entrypoint


def has_overlay(clone: Clone, commit: str, path: str) -> bool:
    """Whether a revision has the overlay: a kustomization, or at least a folder of manifests."""
    entries = clone.entries(commit, f"{path}/" if path else "")
    prefix = f"{path}/" if path else ""
    names = {entry.path for entry in entries}
    return any(f"{prefix}{name}" in names for name in ENTRYPOINTS) or (
        bool(entries) and entrypoint(clone.folder / path) is None
    )


def renamed(clone: Clone, base: str, head: str, *, backwards: bool) -> str:
    """The folder that the overlay had on the other side, by git's own detection of renamed files; "" for none."""
    listed = clone.run("diff-tree", "-r", "-z", "-M50%", "--name-status", "--no-ext-diff", base, head)
    words = iter(listed.decode("utf-8", "surrogateescape").split("\0"))
    for status in words:
        if not status:
            continue
        first = next(words, "")
        if not status.startswith("R"):
            continue
        second = next(words, "")
        here, there = (second, first) if backwards else (first, second)
        folder, _, name = here.rpartition("/")
        if folder == clone.path and name in ENTRYPOINTS:
            return there.rpartition("/")[0]
    return ""


def path_in_base(clone: Clone, commits: tuple[str, str, str], path: str) -> str:
    """Where the base has the overlay: a change that renames it does not leave the base's rules behind.

    ``commits``: the tip of the base branch, where the change parted from it, and its head.
    """
    tip, start, head = commits
    if has_overlay(clone, tip, path) or not has_overlay(clone, head, path):
        return path
    return renamed(Clone(clone.folder, path), start, head, backwards=True) or path
