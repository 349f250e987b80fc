"""What CEL policies of all engines share: variables, conditions, validations; compiled once, run on a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kfm_checks.admission.cel import Program, Refused, compile_cel
from kfm_checks.admission.cel_env import KUBERNETES_PROFILE, Profile
from kfm_checks.admission.cel_scan import Token, chains, rewrite
from kfm_checks.admission.model import NotEvaluated
from kfm_checks.facts.objects import items
from kfm_checks.values import Value

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


class Expression(Value, frozen=True):
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
        outside = sorted(
            name for chain in read for name in (chain[0], ".".join(chain[:2])) if name in self.profile.outside
        )
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
