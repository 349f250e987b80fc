"""What CEL policies of all engines share: variables, conditions, validations; compiled once, run on a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kfm_checks.admission.cel import Program, Refused, compile_cel
from kfm_checks.admission.cel_env import KUBERNETES_PROFILE, Profile
from kfm_checks.admission.cel_scan import Token, chains, rewrite
from kfm_checks.admission.defaults import undetermined
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError
from kfm_checks.facts.objects import items

BASE = frozenset((name, "dyn") for name in ("object", "oldObject", "request", "namespaceObject", "params"))
_REQUEST = frozenset(
    [
        "kind",
        "resource",
        "subResource",
        "requestKind",
        "requestResource",
        "requestSubResource",
        "name",
        "namespace",
        "operation",
        "userInfo",
        "dryRun",
        "options",
    ]
)
_NAMESPACE = {
    "metadata": frozenset(
        [
            "name",
            "generateName",
            "namespace",
            "labels",
            "annotations",
            "UID",
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "generation",
            "resourceVersion",
            "finalizers",
        ]
    ),
    "spec": frozenset({"finalizers"}),
    "status": frozenset({"conditions", "phase"}),
}
#: Roots whose fields are not the object's.
_FOREIGN = frozenset({"variables", "request", "params", "namespaceObject"})
#: Types that survive a way through Python; a variable of another type is put into the text that uses it.
_PLAIN = frozenset({"BOOL", "INT", "DOUBLE", "STRING", "DYN", "NULL", "BYTES"})


@dataclass(frozen=True)
class Expression:
    """A compiled expression, or why there is none."""

    text: str
    program: Program | None = None
    unknown: str = ""
    fields: frozenset[str] = frozenset()
    variables: tuple[str, ...] = ()
    reads_namespace: bool = False


@dataclass
class Block:
    """Variables in order, and the environment that grows with them. Problems are collected, not raised."""

    profile: Profile = KUBERNETES_PROFILE
    base: frozenset[tuple[str, str]] = BASE
    types: dict[str, str] = field(default_factory=dict)
    inlined: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Expression] = field(default_factory=dict)
    #: Expressions that the server's type check refuses, each one sentence.
    refused: list[str] = field(default_factory=list)

    def declare(self, spec: Mapping[str, Any]) -> None:
        """Compile ``variables`` of a policy, each seeing those before it."""
        for variable in items(spec, "variables"):
            name, text = str(variable.get("name") or ""), variable.get("expression")
            made = self.expression(text, "", f"variable {name}")
            self.variables[name] = made
            kind = made.program.type if made.program else "DYN"
            if made.program and not _survives(kind):
                self.inlined[name] = f"({_inlined(made.text, self.inlined)})"
            else:
                self.types[name] = kind.lower().replace(", ", ",")

    def expression(self, text: Any, result: str, place: str) -> Expression:
        """Compile one expression; ``place`` says where it stands, for the reader."""
        if not isinstance(text, str):
            self.refused.append(f"{place}: the expression is missing or no text")
            return Expression("", unknown="it has no expression")
        try:
            return self._compiled(text, result)
        except Refused as error:
            self.refused.append(f"{place}: {error}")
            return Expression(text, unknown=f"the server refuses the expression: {error}")
        except NotEvaluated as error:
            return Expression(text, unknown=str(error))

    def _compiled(self, text: str, result: str) -> Expression:
        whole = _inlined(text, self.inlined)
        read = chains(whole)
        if any(chain[0] == "authorizer" or chain[:2] == ("request", "userInfo") for chain in read):
            raise NotEvaluated("it reads who asks (authorizer or userInfo), which no render tells")
        outside = sorted(chain[0] for chain in read if chain[0] in self.profile.outside)
        if outside:
            raise NotEvaluated(f"it asks the cluster or the network ({outside[0]}), which no render tells")
        _check_fields(read)
        used = tuple(sorted({chain[1] for chain in read if chain[0] == "variables" and len(chain) > 1}))
        for name in used:
            if name in self.variables and self.variables[name].unknown:
                raise NotEvaluated(self.variables[name].unknown)
        declared = frozenset((f"variables.{name}", self.types[name]) for name in used if name in self.types)
        program = compile_cel(whole, self.base | declared, self.profile, result)
        fields = frozenset(step for chain in read if chain[0] not in _FOREIGN for step in chain[1:])
        namespace = any(chain[0] == "namespaceObject" and chain[1:3] != ("metadata", "name") for chain in read)
        return Expression(text, program, "", fields, used, namespace)


def _survives(kind: str) -> bool:
    inner = kind.replace("LIST<", "").replace("MAP<", "").replace(">", "")
    return set(inner.split(", ")) <= _PLAIN


@lru_cache(maxsize=4096)
def _check_fields(read: frozenset[tuple[str, ...]]) -> None:
    """``request`` and ``namespaceObject`` are typed: a field that they have not is refused."""
    for chain in sorted(read):
        if chain[0] == "request" and len(chain) > 1 and chain[1] not in _REQUEST:
            raise Refused(f"undefined field '{chain[1]}'")
        if chain[0] == "namespaceObject" and len(chain) > 1:
            known = _NAMESPACE.get(chain[1])
            if known is None or (len(chain) > 2 and chain[2] not in known):
                raise Refused(f"undefined field '{chain[1] if known is None else chain[2]}'")


def _inlined(text: str, inlined: Mapping[str, str]) -> str:
    if not inlined or "variables" not in text:
        return text

    def change(found: list[Token], at: int) -> tuple[int, str] | None:
        shape = [token.text for token in found[at : at + 3]]
        if len(shape) == 3 and shape[:2] == ["variables", "."] and shape[2] in inlined:
            return None if at and found[at - 1].text == "." else (3, inlined[shape[2]])
        return None

    return rewrite(text, change)


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
        self.values = bindings(candidate)
        self.unset = unset_fields(candidate)
        self.namespace_known = candidate.namespace_known or not candidate.namespace
        self._activation: Any = None

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


def holds_plainly(expression: Expression, candidate: Candidate) -> bool:
    """Whether an expression without variables gives true; False also where the long way has to find out."""
    program, known = expression.program, shared(candidate)
    if program is None or expression.variables or expression.fields & known.unset:
        return False
    if expression.reads_namespace and not known.namespace_known:
        return False
    try:
        return program.run(known.activation(program)) is True
    except (PolicyError, NotEvaluated):
        return False


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
