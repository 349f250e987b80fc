"""The nouns of a comparison: what changed between two renders, and what each change puts at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from kfm_checks.facts.network.ports import PortSet
from kfm_checks.model import Manifest, ObjectKey, Path, Source
from kfm_checks.values import Value

RiskName = Literal["exposure", "permission", "network-reach", "data-loss", "disruption", "image", "capacity"]
#: In the order in which a reviewer should read them.
RISKS: tuple[RiskName, ...] = (
    "data-loss", "exposure", "permission", "network-reach", "disruption", "image", "capacity",
)  # fmt: skip


class Risk(Value, frozen=True):
    """What a change puts at risk, in one sentence. ``path`` is the field that does it, () for the object."""

    name: RiskName
    message: str
    path: Path = ()


class FieldChange(Value, frozen=True):
    """One field that differs. ``path`` is the head's, or the base's where the head has no such field.

    ``base`` and ``head`` are the values as written, None where absent; they are raw: writers show ``shown`` ones.
    """

    path: Path
    base: Any
    head: Any
    in_head: bool = True
    #: The path in the base, where items of a list stand elsewhere than in the head.
    base_path: Path = ()


class ObjectChange(Value, frozen=True):
    """One object that was added, removed or changed."""

    change: Literal["added", "removed", "changed"]
    base: Manifest | None
    head: Manifest | None
    fields: tuple[FieldChange, ...] = ()
    risks: tuple[Risk, ...] = ()

    @property
    def obj(self) -> Manifest:
        """The object as it will be, or as it was."""
        found = self.head if self.head is not None else self.base
        assert found is not None
        return found

    @property
    def key(self) -> ObjectKey:
        """Its identity; that of the head for one that was renamed."""
        return self.obj.key

    @property
    def renamed_from(self) -> str:
        """The former name of a generated object, "" where the name is the same."""
        if self.base is None or self.head is None or self.base.key.name == self.head.key.name:
            return ""
        return self.base.key.name

    def source(self, item: FieldChange | None = None) -> Source | None:
        """The file and line that made it: of the field where one is given."""
        obj = self.obj if item is None or item.in_head else self.base
        if obj is None or not obj.origin.file:
            return None
        return obj.origin.source(item.path if item else ())

    def of(self, *names: RiskName) -> tuple[Risk, ...]:
        """The risks of these names."""
        return tuple(risk for risk in self.risks if risk.name in names)


class Pair(Value, frozen=True):
    """A connection between two workloads, or a workload and addresses outside: its ports before and after."""

    source: str
    destination: str
    before: PortSet
    after: PortSet


class Diff(Value, frozen=True):
    """Everything that differs between two renders, in the order of namespace, kind and name."""

    changes: tuple[ObjectChange, ...]
    pairs: tuple[Pair, ...] = ()
    #: Objects compared on both sides together, each once.
    compared: int = 0
    #: Old to new name of each generated object that was paired, by (kind, namespace).
    renamed: Mapping[tuple[str, str], Mapping[str, str]] = {}
    #: Sources of GitOps objects that nobody could render, so nobody compared: one sentence each.
    unseen: tuple[str, ...] = ()

    @property
    def opened(self) -> tuple[Pair, ...]:
        """Pairs that can connect on ports on which they could not."""
        from kfm_checks.facts.network.ports import intersection

        return tuple(pair for pair in self.pairs if intersection(pair.before, pair.after) != pair.after)

    @property
    def closed(self) -> tuple[Pair, ...]:
        """Pairs that can no longer connect on ports on which they could."""
        from kfm_checks.facts.network.ports import intersection

        return tuple(pair for pair in self.pairs if intersection(pair.before, pair.after) != pair.before)
