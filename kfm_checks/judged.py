"""What a caller may choose of a run, and what a run gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfm_checks.render import Loosened
from kfm_checks.target import Target

if TYPE_CHECKING:
    # Only named here: a run begins to render before it imports them.
    from kfm_checks.config import Settings
    from kfm_checks.engine import Facts
    from kfm_checks.model import Manifest, Report, Requirement
    from kfm_checks.records import Record


@dataclass(frozen=True)
class Options:
    """What a caller may choose beside the path; every field is optional."""

    only: tuple[str, ...] = ()
    strict: bool = False
    as_of: str = ""
    kustomize: str | None = None
    loosened: Loosened = field(default_factory=Loosened)
    rendered: Path | None = None
    schemas: Path | None = None
    policies: Path | None = None
    kubernetes_versions: tuple[str, ...] = ()
    change: Path | None = None
    #: A kubeconfig's context to look at, the cluster that this process runs in, or a snapshot: at most one of them.
    context: str | None = None
    in_cluster: bool = False
    snapshot: Path | None = None
    #: Also ask the public hosts over HTTPS and the datastores' ports.
    probe: bool = False
    #: Modules that will write the report: imported while the renderer works.
    writers: tuple[str, ...] = ()
    #: Further inputs by fact name (a change, a cluster), given by the layers that read them.
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether a cluster, or a snapshot of one, is looked at."""
        return self.context is not None or self.in_cluster or self.snapshot is not None


@dataclass(frozen=True)
class Judged:
    """A report with what it was made from: the site, the notebooks and the exports show both."""

    report: Report
    facts: Facts
    settings: Settings
    records: tuple[Record, ...]
    target: Target
    rows: tuple[Requirement, ...]

    @property
    def objects(self) -> tuple[Manifest, ...]:
        """The rendered objects."""
        return tuple(self.facts.inputs["objects"])


def today() -> str:
    """The day in UTC; the only place that looks at a clock."""
    return datetime.now(UTC).date().isoformat()
