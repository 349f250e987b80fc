"""Kyverno's policies.kyverno.io: ValidatingPolicy by CEL, with the rules that it generates for workload kinds.

https://kyverno.io/docs/policy-types/validating-policy/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from msgspec import field

from kfm_checks.admission.cel_env import KYVERNO_PROFILE
from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.cel_scope import Scope, bindings
from kfm_checks.admission.kyverno_autogen import moved
from kfm_checks.admission.kyverno_match import UNJUDGED
from kfm_checks.admission.lib_resource import Lookup, looking_up
from kfm_checks.admission.locate import breaking_containers
from kfm_checks.admission.matching import texts
from kfm_checks.admission.model import Action, Candidate, NotEvaluated, PolicyError, Result, Verdict
from kfm_checks.admission.resources import Resources, resources
from kfm_checks.admission.together import HOLDS, Group, groups_of
from kfm_checks.admission.vap import Policy as CompiledPolicy
from kfm_checks.admission.vap import Validation, compile_policy, conditions_hold, message_of
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value

GROUP = "policies.kyverno.io"
KINDS = ("ValidatingPolicy", "NamespacedValidatingPolicy")
_ACTIONS: Mapping[str, Action] = {"Deny": "deny", "Warn": "warn", "Audit": "audit"}
#: Resource -> (group, version, path of the pod template).
_WORKLOADS = {
    "daemonsets": ("apps", "v1", "template"),
    "deployments": ("apps", "v1", "template"),
    "replicasets": ("apps", "v1", "template"),
    "statefulsets": ("apps", "v1", "template"),
    "jobs": ("batch", "v1", "template"),
    "cronjobs": ("batch", "v1", "jobTemplate.spec.template"),
}


class Policy(Value, frozen=True):
    """A policy: what is written, and what is generated for workload kinds, each compiled."""

    obj: Manifest
    written: CompiledPolicy
    generated: tuple[CompiledPolicy, ...]
    actions: tuple[Action, ...]
    exceptions: tuple[tuple[Manifest, tuple[tuple[str, Expression], ...], Block], ...]
    lookup: Lookup
    #: "" where it can be evaluated.
    not_evaluated: str
    _by_kind: dict[tuple[str, ...], tuple[tuple[CompiledPolicy, str, bool], ...]] = field(default_factory=dict)

    @property
    def refused(self) -> tuple[str, ...]:
        return self.written.refused

    @cached_property
    def looks_up(self) -> bool:
        """Whether it, or an exception of it, may read objects of the render."""
        return "resource." in repr(dig(self.obj, "spec")) or bool(self.exceptions)

    def for_kind(self, candidate: Candidate) -> tuple[tuple[CompiledPolicy, str, bool], ...]:
        """What has a rule for the candidate's resource, its rules' prefix, and whether it reaches every object."""
        key = (candidate.group, candidate.version, candidate.resource, candidate.operation)
        if key not in self._by_kind:
            group, _, resource, operation = key
            self._by_kind[key] = tuple(
                (one, "autogen-" if index else "", one.matcher.always(*key))
                for index, one in enumerate((self.written, *self.generated))
                if any(rule.reaches(group, resource, operation) for rule in one.matcher.rules)
            )
        return self._by_kind[key]

    def may_read(self, candidate: Candidate, keys: frozenset[str]) -> bool:
        """Whether what it says of the candidate may hang on fields with these names."""
        found = self.for_kind(candidate)
        return bool(found) and (bool(self.exceptions) or any(one.may_read(keys) for one, _, _ in found))


def compile_validating(obj: Manifest, inventory: Inventory) -> Policy:
    """Read a policy; what can't be compiled is kept as a reason."""
    spec = dig(obj, "spec", default={})
    spec = spec if isinstance(spec, dict) else {}
    actions = tuple(_ACTIONS[a] for a in texts(spec.get("validationActions")) if a in _ACTIONS)
    json_mode = str(dig(spec, "evaluation", "mode", default="Kubernetes")).upper() == "JSON"
    return Policy(
        obj,
        compile_policy(obj, Block(KYVERNO_PROFILE)),
        tuple(_generated(obj, spec)),
        (actions or ("deny",)) if dig(spec, "evaluation", "admission", "enabled") is not False else ("audit",),
        tuple(_exceptions(obj, inventory)),
        Lookup(inventory, resources(inventory), obj.key.namespace),
        "a policy for plain JSON is not evaluated" if json_mode else "",
    )


def _exceptions(
    obj: Manifest, inventory: Inventory
) -> Iterator[tuple[Manifest, tuple[tuple[str, Expression], ...], Block]]:
    for exception in inventory.of("PolicyException", GROUP):
        if any(
            (r.get("name"), r.get("kind")) == (obj.key.name, obj.key.kind)
            for r in items(exception, "spec", "policyRefs")
        ):
            block = Block(KYVERNO_PROFILE)
            conditions = tuple(
                (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", "matchCondition"))
                for c in items(exception, "spec", "matchConditions")
            )
            yield exception, conditions, block


def _generated(obj: Manifest, spec: Mapping[str, Any]) -> Iterator[CompiledPolicy]:
    """A copy for each workload kind, where the policy is for Pods alone and selects none of them."""
    constraints = spec.get("matchConstraints")
    rules = items(constraints, "resourceRules")
    if len(rules) != 1 or texts(rules[0].get("resources")) != ("pods",) or rules[0].get("resourceNames"):
        return
    if dig(constraints, "objectSelector") or dig(constraints, "namespaceSelector"):
        return
    chosen = dig(spec, "autogen", "podControllers", "controllers")
    wanted = {name.lower().rstrip("s") + "s" for name in texts(chosen)} if isinstance(chosen, list) else set(_WORKLOADS)
    for resource, (group, version, path) in _WORKLOADS.items():
        if resource in wanted:
            rule = {**rules[0], "apiGroups": [group], "apiVersions": [version], "resources": [resource]}
            kept = {k: spec[k] for k in ("matchConditions", "variables", "validations") if k in spec}
            shifted = json.loads(moved(json.dumps(kept, default=str), path, cel=True))
            made = {**spec, **shifted, "matchConstraints": {"resourceRules": [rule]}}
            yield compile_policy(Manifest({**obj, "spec": made}, obj.origin), Block(KYVERNO_PROFILE))


def together(policies: Iterable[Policy], candidate: Candidate) -> tuple[Group, ...]:
    """What of the policies can be asked at once of every object like the candidate; it stands there by its identity."""
    found = (
        (id(compiled), compiled)
        for policy in policies
        if not (policy.refused or policy.not_evaluated or policy.looks_up)
        for compiled, _, always in policy.for_kind(candidate)
        if always
    )
    return groups_of(found, KYVERNO_PROFILE)


def evaluate(
    policy: Policy,
    candidate: Candidate,
    names: Resources,
    *,
    locate: bool = True,
    plain: Mapping[int, int] = MappingProxyType({}),
) -> Iterator[Verdict]:
    """What the policy says of a candidate; nothing where it doesn't match. ``plain``: what ``together`` has told."""
    namespaced = policy.obj.key.kind.startswith("Namespaced")
    if candidate.namespace in UNJUDGED or (namespaced and policy.obj.key.namespace != candidate.namespace):
        return
    for compiled, prefix, always in policy.for_kind(candidate):
        told = plain.get(id(compiled))
        if told is not None:
            if told == HOLDS:
                yield from (_verdict(policy, candidate, f"{prefix}{v.name}", "pass", "") for v in compiled.validations)
            continue
        try:
            if not always and not compiled.matcher.match(candidate, names):
                continue
        except NotEvaluated as reason:
            yield _verdict(policy, candidate, f"{prefix}policy", "not-evaluated", str(reason))
            continue
        if policy.not_evaluated:
            yield _verdict(policy, candidate, "policy", "not-evaluated", policy.not_evaluated)
            continue
        if not policy.looks_up:
            yield from _judged(policy, compiled, candidate, prefix, locate)
            continue
        with looking_up(policy.lookup):
            found = list(_judged(policy, compiled, candidate, prefix, locate))
        yield from found


def _judged(
    policy: Policy, compiled: CompiledPolicy, candidate: Candidate, prefix: str, locate: bool
) -> Iterator[Verdict]:
    scope = Scope.of(candidate, compiled.block)
    try:
        if not conditions_hold(scope, compiled.conditions):
            return
        if _excepted(policy, candidate):
            yield _verdict(policy, candidate, f"{prefix}policy", "skip", "a PolicyException lets it off")
            return
    except NotEvaluated as reason:
        yield _verdict(policy, candidate, f"{prefix}policy", "not-evaluated", str(reason))
        return
    except PolicyError as error:
        yield _verdict(policy, candidate, f"{prefix}policy", "pass" if compiled.fails_open else "error", str(error))
        return
    for one in compiled.validations:
        verdict = _one(policy, compiled, candidate, scope, one, prefix)
        yield _located(compiled, one, verdict) if locate and verdict.result == "fail" else verdict


def _excepted(policy: Policy, candidate: Candidate) -> bool:
    for _, conditions, block in policy.exceptions:
        if conditions_hold(Scope(candidate, block, bindings(candidate), frozenset()), conditions):
            return True
    return False


def _one(
    policy: Policy, compiled: CompiledPolicy, candidate: Candidate, scope: Scope, one: Validation, prefix: str
) -> Verdict:
    rule = f"{prefix}{one.name}"
    try:
        if scope.run(one.expression) is True:
            return _verdict(policy, candidate, rule, "pass", "")
    except NotEvaluated as reason:
        return _verdict(policy, candidate, rule, "not-evaluated", str(reason))
    except PolicyError as error:
        return _verdict(policy, candidate, rule, "pass" if compiled.fails_open else "error", str(error))
    return _verdict(policy, candidate, rule, "fail", message_of(scope, one))


def _located(compiled: CompiledPolicy, one: Validation, verdict: Verdict) -> Verdict:
    candidate = verdict.candidate

    def breaks(obj: dict[str, Any]) -> bool:
        variant = candidate.variant(obj)
        try:
            return Scope(variant, compiled.block, bindings(variant), frozenset()).run(one.expression) is not True
        except (PolicyError, NotEvaluated):
            return True

    found = breaking_containers(candidate, breaks)
    return verdict._replace(containers=tuple(n for n, _ in found), path=found[0][1]) if found else verdict


def _verdict(policy: Policy, candidate: Candidate, rule: str, result: Result, message: str) -> Verdict:
    if result in ("fail", "error"):
        message = f"Policy {policy.obj.key.name} {'failed' if result == 'fail' else 'error'}: {message}"
    return Verdict(policy.obj, rule, candidate, result, message, policy.actions)
