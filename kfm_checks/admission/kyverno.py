"""Kyverno's ClusterPolicy and Policy: rules compiled once, PolicyExceptions, actions by namespace.

https://kyverno.io/docs/policy-types/cluster-policy/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.cel_scope import Scope, bindings, unset_fields
from kfm_checks.admission.kyverno_autogen import expanded
from kfm_checks.admission.kyverno_context import Context
from kfm_checks.admission.kyverno_exceptions import excepted
from kfm_checks.admission.kyverno_match import UNJUDGED, kind_decides, kind_matches, rule_matches
from kfm_checks.admission.kyverno_pattern import Check
from kfm_checks.admission.kyverno_reads import fields
from kfm_checks.admission.kyverno_rules import Answer, judge, patterns
from kfm_checks.admission.kyverno_values import wildcard
from kfm_checks.admission.locate import breaking_containers
from kfm_checks.admission.matching import in_namespace, texts
from kfm_checks.admission.model import Action, Candidate, NotEvaluated, PolicyError, Verdict
from kfm_checks.admission.vap import Validation, conditions_hold, message_of, params_of, validation
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest


@dataclass(frozen=True)
class CelRule:
    """A ``validate.cel`` rule, compiled."""

    block: Block
    conditions: tuple[tuple[str, Expression], ...]
    validations: tuple[Validation, ...]


@dataclass(frozen=True)
class Rule:
    """One validate rule, as written or generated."""

    name: str
    spec: Mapping[str, Any]
    cel: CelRule | None
    patterns: Mapping[int, Check] = field(default_factory=dict)
    #: Names of the fields that its verdict hangs on, None where that can't be told.
    fields: frozenset[str] | None = None


@dataclass(frozen=True)
class Policy:
    """A policy with its rules and the exceptions that name it."""

    obj: Manifest
    rules: tuple[Rule, ...]
    exceptions: tuple[Manifest, ...]
    fails_open: bool
    admission: bool
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
        excepting = any(dig(e, "spec", "conditions") for e in self.exceptions)
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
        return tuple(f"rule {r.name}: {text}" for r in self.rules if r.cel is not None for text in r.cel.block.refused)


def compile_policy(obj: Manifest, inventory: Inventory) -> Policy:
    """Read a policy; what can't be read is kept as a reason of its rule."""
    spec = dig(obj, "spec", default={})
    spec = spec if isinstance(spec, dict) else {}
    written = [rule for rule in items(spec, "rules") if isinstance(rule.get("validate"), dict)]
    rules = tuple(
        Rule(str(rule.get("name") or ""), rule, _cel(rule), dict(patterns(rule.get("validate"))), fields(rule))
        for rule in expanded(obj, written)
    )
    name = f"{obj.key.namespace}/{obj.key.name}" if obj.key.kind == "Policy" else obj.key.name
    exceptions = tuple(
        e
        for e in inventory.of("PolicyException", "kyverno.io")
        if any(_named(x, name) for x in items(e, "spec", "exceptions"))
    )
    open_ = "Ignore" in (spec.get("failurePolicy"), dig(spec, "webhookConfiguration", "failurePolicy"))
    return Policy(obj, rules, exceptions, open_, spec.get("admission") is not False)


def _named(entry: Mapping[str, Any], policy: str) -> bool:
    return entry.get("policyName") == policy


def _cel(rule: Mapping[str, Any]) -> CelRule | None:
    spec = dig(rule, "validate", "cel")
    if not isinstance(spec, dict):
        return None
    block = Block()
    given = tuple(
        (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", f"celPrecondition {c.get('name')}"))
        for c in items(rule, "celPreconditions")
    )
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
    for override in overrides:
        if _overrides(override, candidate):
            chosen = override.get("action") or chosen
            break
    enforced = str(chosen).lower() == "enforce" and policy.admission
    return "deny" if enforced else "warn" if spec.get("emitWarning") is True else "audit"


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


def evaluate(policy: Policy, candidate: Candidate, inventory: Inventory, *, locate: bool = True) -> Iterator[Verdict]:
    """What each rule says of a candidate; nothing for a rule that doesn't match."""
    if candidate.namespace in UNJUDGED:
        return
    if policy.namespace and policy.namespace != candidate.namespace:
        return
    for rule, decided in policy.for_kind(candidate):
        try:
            if not decided and not rule_matches(rule.spec, candidate, policy.namespace):
                continue
            let_off = excepted(policy.exceptions, rule.name, rule.spec, candidate, inventory)
            if let_off is not None:
                yield _verdict(policy, rule, candidate, let_off)
                continue
        except (NotEvaluated, PolicyError) as reason:
            yield _verdict(policy, rule, candidate, Answer("not-evaluated", str(reason)))
            continue
        yield _located(policy, rule, candidate, inventory, locate)


def _verdict(policy: Policy, rule: Rule, candidate: Candidate, answer: Answer) -> Verdict:
    result = "pass" if answer.result == "error" and policy.fails_open else answer.result
    return Verdict(
        policy.obj,
        rule.name,
        candidate,
        result,
        answer.message,
        (policy.action(rule, candidate),),
        path=answer.path,
    )


def _answer(policy: Policy, rule: Rule, candidate: Candidate, inventory: Inventory) -> Answer:
    if rule.cel is None:
        context = Context(candidate, inventory, items(rule.spec, "context"), patterns=rule.patterns)
        return judge(context, rule.spec)
    if items(rule.spec, "context"):
        return Answer("not-evaluated", "validate.cel with a context is not evaluated")
    cel = dig(rule.spec, "validate", "cel", default={})
    kind, ref = cel.get("paramKind"), cel.get("paramRef")
    if not isinstance(kind, dict) or not isinstance(ref, dict):
        return _judge_cel(rule.cel, Scope.of(candidate, rule.cel.block))
    wanted = (str(kind.get("apiVersion")), str(kind.get("kind")))
    try:
        found = params_of(wanted, ref, candidate, inventory)
    except PolicyError as error:
        return Answer("error", str(error))
    answers = []
    for param in found:
        scope = Scope(candidate, rule.cel.block, bindings(candidate, param), unset_fields(candidate))
        scope.reads_secret = wanted == ("v1", "Secret")
        answers.append(_judge_cel(rule.cel, scope))
    return next((answer for answer in answers if answer.result != "pass"), Answer("pass" if answers else "skip"))


def _judge_cel(rule: CelRule, scope: Scope) -> Answer:
    try:
        if not conditions_hold(scope, rule.conditions):
            return Answer("skip", "cel preconditions not met")
        for one in rule.validations:
            if scope.run(one.expression) is not True:
                return Answer("fail", message_of(scope, one))
    except NotEvaluated as reason:
        return Answer("not-evaluated", str(reason))
    except PolicyError as error:
        return Answer("error", str(error))
    return Answer("pass")


def _located(policy: Policy, rule: Rule, candidate: Candidate, inventory: Inventory, locate: bool) -> Verdict:
    verdict = _verdict(policy, rule, candidate, _answer(policy, rule, candidate, inventory))
    if verdict.result != "fail" or not locate:
        return verdict

    def breaks(obj: dict[str, Any]) -> bool:
        return _answer(policy, rule, candidate.variant(obj), inventory).result in ("fail", "error")

    found = breaking_containers(candidate, breaks)
    if not found:
        return verdict
    path = verdict.path if verdict.path[: len(found[0][1])] == found[0][1] else found[0][1]
    return verdict._replace(containers=tuple(name for name, _ in found), path=path)
