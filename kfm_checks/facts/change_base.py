"""The base of a change, as facts and checks see it; ``kfm_checks.change.base`` reads it from git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kfm_checks.values import Value

if TYPE_CHECKING:
    from kfm_checks.facts.change_risks import View
    from kfm_checks.facts.tree import TreeFile


class Rehearsal(Value, frozen=True):
    """What happened when the change was taken back in a scratch place.

    ``conflicts`` names the files in which the revert conflicts, ``unmergeable`` those in which the change itself
    conflicts with its base. ``error``: why the reverted overlay does not render. ``exact``: the revert gives the files
    of the base back byte for byte.
    """

    conflicts: tuple[str, ...] = ()
    unmergeable: tuple[str, ...] = ()
    error: str = ""
    exact: bool = False
    #: Where the change was taken back: the merge with the base, or the base branch that has it already.
    where: str = ""
    #: Addresses of the data manifest's entries that come back: whose bytes are gone, and that nobody looked at.
    gone: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class Introduced(Value, frozen=True):
    """A version of a file that the change brings in, and the commit that does; "" for the working tree."""

    file: TreeFile
    commit: str
    #: The lines that the base's version has already.
    known: frozenset[str]


class Base(Protocol):
    """What the change starts from. Everything is read on demand; what can't be had raises NotVerified."""

    commit: str

    @property
    def view(self) -> View:
        """The base rendered, and what was computed from it."""

    @property
    def changed(self) -> tuple[tuple[str, str], ...]:
        """(status, path from the repository's root) of each file that differs from the base."""

    @property
    def touched(self) -> frozenset[str]:
        """Every path that a commit of the change writes, also those that a later one removes again."""

    @property
    def rehearsal(self) -> Rehearsal:
        """The change taken back in a scratch place."""

    def read(self, path: str) -> str | None:
        """A file of the base by its path from the repository's root, None where it isn't there."""

    def kept(self, commit: str) -> bool | None:
        """Whether only merges from the base, as git itself makes them, lie between a commit and the head."""

    def introduced(self, paths: frozenset[str]) -> tuple[Introduced, ...]:
        """The versions of these files that the change brings in, commit by commit, without those of the base."""

    def prefix(self) -> str:
        """The overlay's path from the repository's root."""
