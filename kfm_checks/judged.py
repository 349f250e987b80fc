"""What a caller may choose of a run, and what a run gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfm_checks.errors import UsageError
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
    #: Whether some checks may run in a copy of the process; the facts that they alone need then aren't kept.
    apart: bool = False
    #: Further inputs by fact name (a change, a cluster), given by the layers that read them.
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether a cluster, or a snapshot of one, is looked at."""
        return self.context is not None or self.in_cluster or self.snapshot is not None


#: Options that say how an overlay is rendered and read: a notebook of a site has to use those of the site. It judges
#: its own rows whatever ``only`` says, and tells its reader where the site shows fewer.
_READING = ("kustomize", "rendered", "schemas", "policies", "kubernetes_versions", "only")


def options_text(options: Options) -> str:
    """How an overlay is rendered and read, as a line of JSON for another process; paths are absolute in it."""
    import json

    given = {name: value for name in _READING if (value := getattr(options, name))}
    whole = {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in given.items()}
    if "/" in (options.kustomize or ""):
        whole["kustomize"] = str(Path(str(options.kustomize)).resolve())
    return json.dumps({**whole, "loosened": astuple(options.loosened)}, sort_keys=True)


def options_from(text: str) -> Options:
    """The options that ``options_text`` wrote; the usual ones for "". Raises UsageError."""
    import json

    if not text:
        return Options()
    try:
        given: dict[str, Any] = json.loads(text)
        given["loosened"] = Loosened(*given["loosened"])
        given.update({name: tuple(given.get(name, ())) for name in ("kubernetes_versions", "only")})
        given.update({name: Path(given[name]) for name in ("rendered", "schemas", "policies") if name in given})
        return Options(**given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError("the options for notebooks can't be read", remedy="let `kfm-checks site` set them") from error


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
