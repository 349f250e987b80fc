"""Kyverno's ClusterPolicy and Policy, read: rules compiled once, the exceptions that name them, actions by namespace.

https://kyverno.io/docs/policy-types/cluster-policy/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from msgspec import field

from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.kyverno_autogen import expanded
from kfm_checks.admission.kyverno_match import kind_decides, kind_matches, rule_matches
from kfm_checks.admission.kyverno_pattern import Check
from kfm_checks.admission.kyverno_reads import fields
from kfm_checks.admission.kyverno_rules import patterns
from kfm_checks.admission.kyverno_values import wildcard
from kfm_checks.admission.matching import in_namespace, texts
from kfm_checks.admission.model import Action, Candidate, NotEvaluated
from kfm_checks.admission.vap import Validation, validation
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value


class CelRule(Value, frozen=True):
    """A ``validate.cel`` rule, compiled."""

    block: Block
    conditions: tuple[tuple[str, Expression], ...]
    validations: tuple[Validation, ...]


class Rule(Value, frozen=True):
    """One validate rule, as written or generated."""

    name: str
    spec: Mapping[str, Any]
    cel: CelRule | None
    patterns: Mapping[int, Check] = field(default_factory=dict)
    #: Names of the fields that its verdict hangs on, None where that can't be told.
    fields: frozenset[str] | None = None


class Policy(Value, frozen=True):
    """A policy with its rules and the exceptions that name it."""

    obj: Manifest
    rules: tuple[Rule, ...]
    exceptions: tuple[Manifest, ...]
    fails_open: bool
    admission: bool
    #: Conditions under which the webhook is called at all.
    block: Block = field(default_factory=Block)
    conditions: tuple[tuple[str, Expression], ...] = ()
    #: Whether the first rule that judges is the last one (``applyRules: One``).
    first_only: bool = False
    _by_kind: dict[tuple[str, ...], tuple[tuple[Rule, bool], ...]] = field(default_factory=dict)
    _actions: dict[tuple[int, str], Action] = field(default_factory=dict)

    def for_kind(self, candidate: Candidate) -> tuple[tuple[Rule, bool], ...]:
        """Rules that name the candidate's kind, or no kind; and whether they are for it whatever else it is."""
        key = (candidate.group, candidate.version, candidate.kind, candidate.operation)
        if key not in self._by_kind:
            named = [rule for rule in self.rules if kind_matches(rule.spec, candidate)]
            decided = {id(rule) for rule in named if kind_decides(rule.spec)}
            self._by_kind[key] = tuple(
                (rule, id(rule) in decided)
                for rule in named
                if id(rule) not in decided or rule_matches(rule.spec, candidate)
            )
        return self._by_kind[key]

    def reads(self, candidate: Candidate, keys: frozenset[str]) -> bool:
        """Whether a change of these fields may change what an enforced rule says of the candidate."""
        excepting = bool(self.conditions) or any(dig(e, "spec", "conditions") for e in self.exceptions)
        return any(
            (excepting or rule.fields is None or not keys.isdisjoint(rule.fields))
            and self.action(rule, candidate) == "deny"
            for rule, _ in self.for_kind(candidate)
        )

    @cached_property
    def namespace(self) -> str:
        """The one namespace of a Policy, "" of a ClusterPolicy."""
        return self.obj.key.namespace if self.obj.key.kind == "Policy" else ""

    def action(self, rule: Rule, candidate: Candidate) -> Action:
        """What a failure leads to, looked up once a namespace."""
        # A Namespace is judged by labels of its own.
        key = (id(rule), candidate.namespace or f"/{candidate.kind}/{candidate.name}")
        if key not in self._actions:
            self._actions[key] = action(self, rule, candidate)
        return self._actions[key]

    @cached_property
    def refused(self) -> tuple[str, ...]:
        """CEL expressions that the type check refuses."""
        own = tuple(self.block.refused)
        return own + tuple(
            f"rule {r.name}: {text}" for r in self.rules if r.cel is not None for text in r.cel.block.refused
        )


def compile_policy(obj: Manifest, inventory: Inventory) -> Policy:
    """Read a policy; what can't be read is kept as a reason of its rule."""
    spec = dig(obj, "spec", default={})
    spec = spec if isinstance(spec, dict) else {}
    written = [rule for rule in items(spec, "rules") if isinstance(rule.get("validate"), dict)]
    rules = tuple(
        Rule(str(rule.get("name") or ""), rule, _cel(rule), dict(patterns(rule.get("validate"))), fields(rule))
        for rule in expanded(obj, written)
    )
    exceptions = exceptions_of(obj, inventory)
    open_ = "Ignore" in (spec.get("failurePolicy"), dig(spec, "webhookConfiguration", "failurePolicy"))
    block = Block()
    return Policy(
        obj,
        rules,
        exceptions,
        open_,
        spec.get("admission") is not False,
        block,
        _conditions(items(spec, "webhookConfiguration", "matchConditions"), block, "matchCondition"),
        spec.get("applyRules") == "One",
    )


def _conditions(given: list[dict[str, Any]], block: Block, what: str) -> tuple[tuple[str, Expression], ...]:
    return tuple(
        (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", f"{what} {c.get('name')}"))
        for c in given
    )


def exceptions_of(policy: Manifest, inventory: Inventory) -> tuple[Manifest, ...]:
    """The PolicyExceptions that name a policy."""
    name = f"{policy.key.namespace}/{policy.key.name}" if policy.key.kind == "Policy" else policy.key.name
    return tuple(
        e
        for e in inventory.of("PolicyException", "kyverno.io")
        if any(entry.get("policyName") == name for entry in items(e, "spec", "exceptions"))
    )


def _cel(rule: Mapping[str, Any]) -> CelRule | None:
    spec = dig(rule, "validate", "cel")
    if not isinstance(spec, dict):
        return None
    block = Block()
    given = _conditions(items(rule, "celPreconditions"), block, "celPrecondition")
    block.declare(spec)
    return CelRule(block, given, tuple(validation(v, i, block) for i, v in enumerate(items(spec, "expressions"))))


def action(policy: Policy, rule: Rule, candidate: Candidate) -> Action:
    """``deny`` where the rule enforces for the candidate's namespace, else ``audit``."""
    spec = dig(policy.obj, "spec", default={})
    validate = rule.spec.get("validate")
    chosen = spec.get("validationFailureAction") or "Audit"
    overrides = items(spec, "validationFailureActionOverrides")
    if isinstance(validate, dict) and validate.get("failureAction"):
        chosen, overrides = validate["failureAction"], items(validate, "failureActionOverrides")
    chosen = overridden(overrides, candidate) or chosen
    enforced = str(chosen).lower() == "enforce" and policy.admission
    return "deny" if enforced else "warn" if spec.get("emitWarning") is True else "audit"


def overridden(overrides: Iterable[Mapping[str, Any]], candidate: Candidate) -> Any:
    """The action of the first override that is for the candidate's namespace, None where none is."""
    return next((o["action"] for o in overrides if o.get("action") and _overrides(o, candidate)), None)


def _overrides(override: Mapping[str, Any], candidate: Candidate) -> bool:
    namespaces = texts(override.get("namespaces"))
    if namespaces and not any(wildcard(name, candidate.namespace) for name in namespaces):
        return False
    selector = override.get("namespaceSelector")
    if isinstance(selector, dict):
        try:
            return in_namespace(selector, candidate)
        except NotEvaluated:
            return False
    return bool(namespaces)
