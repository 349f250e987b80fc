"""What an admission expression sees: the object, its request and namespace, parameters, variables when first used."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kfm_checks.admission.cel import Program
from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.cel_scan import calls
from kfm_checks.admission.defaults import undetermined
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError

#: Metadata is Kubernetes' own: what is absent there has no default.
_OF_EVERY_OBJECT = frozenset(
    {"metadata", "labels", "annotations", "name", "namespace", "finalizers", "ownerReferences"}
)


def request(candidate: Candidate) -> dict[str, Any]:
    """The AdmissionRequest of a create, without who asks."""
    kind = {"group": candidate.group, "version": candidate.version, "kind": candidate.kind}
    resource = {"group": candidate.group, "version": candidate.version, "resource": candidate.resource}
    made = {
        "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource, "name": candidate.name,
        "operation": candidate.operation, "dryRun": False,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }  # fmt: skip
    namespace = candidate.namespace or (candidate.name if candidate.kind == "Namespace" else "")
    return {**made, "namespace": namespace} if namespace else made


def namespace_object(candidate: Candidate) -> dict[str, Any] | None:
    """The namespace of a namespaced object; None for an object of the cluster."""
    if not candidate.namespace:
        return None
    metadata: dict[str, Any] = {"name": candidate.namespace, "labels": dict(candidate.namespace_labels)}
    if candidate.namespace_annotations:
        metadata["annotations"] = dict(candidate.namespace_annotations)
    return {"metadata": metadata, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


class Shared:
    """What all policies see of one candidate when it has no parameters: made once, kept with the candidate."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        kin = candidate.kin
        self.values: dict[str, Any] = (
            {**shared(kin).values, "object": candidate.obj} if kin is not None else bindings(candidate)
        )
        self._activation: Any = None

    @cached_property
    def unset(self) -> frozenset[str]:
        """Fields whose value the server decides."""
        return unset_fields(self.candidate)

    def activation(self, program: Program) -> Any:
        """Bindings, which programs of any environment can use."""
        if self._activation is None:
            self._activation = program.activation(self.values)
        return self._activation


def shared(candidate: Candidate) -> Shared:
    """The one of the candidate."""
    kept = candidate.__dict__.get("_shared")
    if kept is None:
        # The dataclass is frozen; this is a cache, as a cached property would be.
        kept = candidate.__dict__["_shared"] = Shared(candidate)
    return kept


class Scope:
    """One evaluation: a candidate, with variables computed when first used, as the server does."""

    def __init__(self, candidate: Candidate, block: Block, values: dict[str, Any], unset: frozenset[str]) -> None:
        self.candidate = candidate
        self.block = block
        self.values = values
        self.unset = unset
        self._errors: dict[str, PolicyError] = {}
        self._activation: Any = None
        self._shared: Shared | None = None
        #: Whether a parameter is a Secret, whose values no message may quote.
        self.reads_secret = False

    @classmethod
    def of(cls, candidate: Candidate, block: Block) -> Scope:
        """A scope without parameters, which shares what it can."""
        known = shared(candidate)
        made = cls(candidate, block, dict(known.values), known.unset)
        made._shared = known
        return made

    def run(self, expression: Expression) -> Any:
        """The value. Raises PolicyError or NotEvaluated."""
        if expression.program is None:
            raise NotEvaluated(expression.unknown)
        if expression.fields & self.unset:
            field_name = sorted(expression.fields & self.unset)[0]
            raise NotEvaluated(f"the server decides the value of {field_name} by itself")
        if not self.candidate.defaults_known:
            self._check_defaults(expression)
        if expression.reads_namespace and self.candidate.namespace and not self.candidate.namespace_known:
            raise NotEvaluated(f"the namespace {self.candidate.namespace} is not in the render")
        if not expression.variables and self._shared is not None:
            return expression.program.run(self._shared.activation(expression.program))
        for name in expression.variables:
            self._variable(name)
        if self._activation is None:
            self._activation = expression.program.activation(self.values)
        try:
            return expression.program.run(self._activation)
        except PolicyError as error:
            raise self._named(error, expression) from error

    def _check_defaults(self, expression: Expression) -> None:
        """A field that the object doesn't set may have a default that only its definition tells."""
        assert expression.program is not None
        named = expression.fields - calls(expression.text) - _OF_EVERY_OBJECT
        absent = sorted(named - _keys(self.candidate.obj))
        if absent:
            kind = self.candidate.kind
            raise NotEvaluated(
                f"the default of {absent[0]} is not known: the definition of {kind} is not in the render"
            )

    def _variable(self, name: str) -> None:
        if f"variables.{name}" in self.values or name in self._errors or name not in self.block.variables:
            return
        try:
            self.values[f"variables.{name}"] = self.run(self.block.variables[name])
        except PolicyError as error:
            self._errors[name] = error
        # A binding made before does not see the new variable.
        self._activation = None

    def _named(self, error: PolicyError, expression: Expression) -> PolicyError:
        """An error of a variable in place of *no such name*, which is how the runtime tells of it."""
        for name in expression.variables:
            if name in self._errors and f'"variables.{name}"' in str(error):
                return self._errors[name]
        return error


def _keys(value: Any) -> frozenset[str]:
    """Every key of an object, at any depth."""
    if isinstance(value, dict):
        return frozenset(value).union(*(_keys(inner) for inner in value.values()))
    return frozenset().union(*(_keys(item) for item in value)) if isinstance(value, list) else frozenset()


def bindings(candidate: Candidate, params: Any = None) -> dict[str, Any]:
    """Values of the variables that every admission expression has."""
    return {
        "object": candidate.obj,
        "oldObject": None,
        "request": request(candidate),
        "namespaceObject": namespace_object(candidate),
        "params": params,
    }


def unset_fields(candidate: Candidate) -> frozenset[str]:
    """Fields that the server sets on the candidate to a value not known here."""
    return undetermined(candidate.obj)
