"""Two git revisions of one overlay, compared: extracted to a scratch place, rendered, and gone again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kfm_checks.change.git import Clone, extract, locate, revisions, scratch, submodules
from kfm_checks.change.renames import has_overlay, renamed
from kfm_checks.change.sides import Comparison, compare_sides, side
from kfm_checks.errors import KfmChecksError, RenderError, UsageError
from kfm_checks.run import Judged, Options


@dataclass(frozen=True)
class Revision:
    """A revision of an overlay: its commit and the overlay's path in it."""

    clone: Clone
    commit: str
    path: str


@contextmanager
def compared(range_: str, path: str | Path, options: Options) -> Iterator[Comparison]:
    """Compare the two revisions of ``BASE..HEAD`` of the overlay at a path. Raises KfmChecksError.

    The comparison reads lines of files on demand: it is whole within the context only.
    """
    clone = locate(path)
    base, head = revisions(clone, range_)
    old, new = _paths(clone, base, head)
    with scratch() as place:
        before = read(Revision(clone, base, old), place / "base", options)
        after = read(Revision(clone, head, new), place / "head", options)
        yield compare_sides(before, after, base[:12], head[:12])


def read(revision: Revision, into: Path, options: Options) -> Judged:
    """Extract and read one revision. Raises KfmChecksError, a submodule that is in the way named as such."""
    extract(revision.clone, revision.commit, into)
    folder = into / revision.path
    try:
        return side(folder, options)
    except KfmChecksError as error:
        raise explained(error, revision, into) from error


def explained(error: KfmChecksError, revision: Revision, into: Path) -> KfmChecksError:
    """The error as one of the revision: no scratch path, and what is known of its cause."""
    kind = type(error) if isinstance(error, RenderError | UsageError) else KfmChecksError
    name = f"{revision.commit[:12]}:{revision.path or '.'}"
    message, remedy = (text.replace(f"{into}/", "").replace(str(into), ".") for text in (error.message, error.remedy))
    inside = submodules(revision.clone, revision.commit)
    blamed = next((path for path in inside if path in str(error)), inside[0] if inside and "missing" in message else "")
    if blamed:
        message = f"{blamed} is a submodule, whose files are in another repository ({message})"
        remedy = "vendor its files, or give two folders that have them"
    return kind(message, file=name, remedy=remedy)


def _paths(clone: Clone, base: str, head: str) -> tuple[str, str]:
    """The overlay's path on both sides: where one side has none there, the folder that git says it was renamed from."""
    there = {commit: has_overlay(clone, commit, clone.path) for commit in (base, head)}
    if all(there.values()):
        return clone.path, clone.path
    if not any(there.values()):
        raise UsageError(
            "neither revision has an overlay there", file=clone.path or ".", remedy="give the path of its kustomization"
        )
    missing, other = (base, head) if there[head] else (head, base)
    found = renamed(clone, base, head, backwards=missing == base)
    if not found:
        raise UsageError(
            f"{missing[:12]} has no overlay there, and none was renamed to it",
            file=clone.path or ".",
            remedy=f"compare with an empty folder, or give revisions that both have it (as {other[:12]} does)",
        )
    return (found, clone.path) if missing == base else (clone.path, found)
