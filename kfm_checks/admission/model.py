"""The nouns that all admission engines share: what is tried, what a policy says of it, what could not be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from kfm_checks.facts.objects import annotations_of, labels_of
from kfm_checks.model import Manifest, ObjectKey, Path

#: What one rule says of one object. ``error``: the engine ends in an error of its own, which refuses or admits the
#: request by its failure policy. ``not-evaluated``: nobody here can tell, and ``Verdict.message`` says why.
Result = Literal["pass", "fail", "error", "skip", "not-evaluated"]
#: What the engine does with a failure: it refuses the request, or only warns, or only records it.
Action = Literal["deny", "warn", "audit"]
ACTIONS: tuple[Action, ...] = ("deny", "warn", "audit")


class NotEvaluated(Exception):  # noqa: N818 - a verdict on the way, with its reason
    """Something that the engine here does not evaluate; the reason names the construct."""


class PolicyError(Exception):
    """The engine itself would end in an error: a type error, an absent key, a malformed policy."""


@dataclass(frozen=True)
class Candidate:
    """An object as admission sees it: completed by the server, with what is known of its request.

    ``source`` is the rendered object that it comes from, ``origin_path`` the path in the source of what ``obj`` was
    made from: () for the object itself, ("spec", "template") for the Pod of a Deployment.
    """

    source: Manifest
    obj: dict[str, Any]
    resource: str
    origin_path: Path = ()
    derived: bool = False
    #: Labels of the namespace; ``namespace_known`` says whether the Namespace is in the render.
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    namespace_annotations: Mapping[str, str] = field(default_factory=dict)
    namespace_known: bool = True
    #: Whether the server's defaults of the kind are known: those of Kubernetes, or of a definition that is given.
    defaults_known: bool = True
    operation: str = "CREATE"

    @cached_property
    def key(self) -> ObjectKey:
        """Identity of the object tried."""
        return Manifest(self.obj).key

    @cached_property
    def group(self) -> str:
        return self.key.group

    @cached_property
    def version(self) -> str:
        return self.key.api_version.rpartition("/")[2]

    @property
    def kind(self) -> str:
        return self.key.kind

    @property
    def namespace(self) -> str:
        return self.key.namespace

    @property
    def name(self) -> str:
        return self.key.name

    @cached_property
    def labels(self) -> dict[str, str]:
        return labels_of(self.obj)

    @cached_property
    def annotations(self) -> dict[str, str]:
        return annotations_of(self.obj)

    @cached_property
    def kin(self) -> Candidate | None:
        """What it is a variant of, where both have the same metadata: their requests are the same."""
        return None

    def variant(self, obj: dict[str, Any]) -> Candidate:
        """The same with another object; what hangs on its metadata alone isn't worked out again."""
        if obj.get("metadata") is not self.obj.get("metadata"):
            return replace(self, obj=obj)
        made = object.__new__(Candidate)
        # Tens of thousands are made: dataclasses.replace would take longer than a policy's verdict.
        made.__dict__.update((name, getattr(self, name)) for name in _CARRIED)
        made.__dict__.update(obj=obj, kin=self)
        return made

    def source_path(self, path: Path) -> Path:
        """The path in the rendered object of a path in the object tried."""
        if not self.derived:
            return path
        return (*self.origin_path, *path) if path[:1] in (("spec",), ("metadata",)) else self.origin_path


_CARRIED = (
    "source", "resource", "origin_path", "derived", "namespace_labels", "namespace_annotations", "namespace_known",
    "defaults_known", "operation", "key", "group", "version", "labels", "annotations",
)  # fmt: skip


class Verdict(NamedTuple):
    """What one rule of one policy says of one candidate. ``path`` starts at the candidate's object.

    A tuple, since there are tens of thousands of them.
    """

    policy: Manifest
    rule: str
    candidate: Candidate
    result: Result
    message: str = ""
    actions: tuple[Action, ...] = ("deny",)
    binding: ObjectKey | None = None
    path: Path = ()
    #: Names of the containers that break the rule, where that could be told.
    containers: tuple[str, ...] = ()

    @property
    def refuses(self) -> bool:
        """Whether the API server would refuse the request because of it."""
        return self.result in ("fail", "error") and "deny" in self.actions

    @property
    def reports(self) -> bool:
        """Whether it is only warned of or recorded."""
        return self.result in ("fail", "error") and "deny" not in self.actions


@dataclass(frozen=True, slots=True)
class Standing:
    """How a policy stands in the render: bound or not, enforcing or not, with what let off.

    ``problems`` are dangling ends and what keeps the policy from being enforced, each one sentence.
    """

    policy: Manifest
    engine: str
    bindings: tuple[ObjectKey, ...] = ()
    actions: tuple[Action, ...] = ()
    failure_policy: str = ""
    exempt_namespaces: tuple[str, ...] = ()
    params: tuple[ObjectKey, ...] = ()
    problems: tuple[str, ...] = ()
    #: Why it can't be evaluated here, "" where it can.
    not_evaluated: str = ""

    @property
    def enforcing(self) -> bool:
        """Whether it refuses what breaks it, also when it can't be evaluated in the cluster."""
        return "deny" in self.actions
