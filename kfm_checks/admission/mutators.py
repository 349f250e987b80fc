"""Policies that change objects before they are judged: MutatingAdmissionPolicy and Kyverno's mutate rules.

What they change isn't computed: an object that one of them reaches can't be said to fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.matching import Matcher, texts
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError
from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value

ADMISSION = "admissionregistration.k8s.io"


class Mutator(Value, frozen=True):
    """One mutating policy: by matchers, or by a Kyverno rule."""

    obj: Manifest
    matchers: tuple[Matcher, ...] = ()
    #: MutatingAdmissionPolicy only: its ``matchConditions``.
    conditions: tuple[Mapping[str, Any], ...] = ()
    rule: Mapping[str, Any] | None = None
    #: A mutation of Gatekeeper's, which matches as a constraint does.
    constraint: Manifest | None = None

    def changes(self, candidate: Candidate, resources: Resources) -> bool:
        """Whether it reaches the candidate; what isn't known counts as reached."""
        try:
            if self.rule is not None:
                return self._rule_reaches(candidate)
            if self.constraint is not None:
                return self._constrained(self.constraint, candidate)
            return all(matcher.match(candidate, resources) for matcher in self.matchers) and self._hold(candidate)
        except (NotEvaluated, PolicyError):
            return True

    def _constrained(self, obj: Manifest, candidate: Candidate) -> bool:
        from kfm_checks.admission.gatekeeper import Constraint, matches

        for entry in items(obj, "spec", "applyTo"):
            groups, kinds = texts(entry.get("groups")), texts(entry.get("kinds"))
            if candidate.group in groups and candidate.kind in kinds:
                break
        else:
            if obj.key.kind != "AssignMetadata":
                return False
        return matches(Constraint(obj, None, (), ()), candidate)

    def _rule_reaches(self, candidate: Candidate) -> bool:
        from kfm_checks.admission.kyverno_match import rule_matches

        assert self.rule is not None
        namespace = self.obj.key.namespace if self.obj.key.kind == "Policy" else ""
        return rule_matches(self.rule, candidate, namespace)

    def _hold(self, candidate: Candidate) -> bool:
        if not self.conditions:
            return True
        from kfm_checks.admission.cel_policy import Block
        from kfm_checks.admission.cel_scope import Scope, bindings
        from kfm_checks.admission.vap import conditions_hold

        block = Block()
        compiled = tuple(
            (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", "matchCondition"))
            for c in self.conditions
        )
        return conditions_hold(Scope(candidate, block, bindings(candidate), frozenset()), compiled)


def mutators(inventory: Inventory) -> tuple[Mutator, ...]:
    """Every mutating policy of the render that is in force."""
    return (*_mutating_admission(inventory), *_kyverno(inventory), *_webhooks(inventory), *_gatekeeper(inventory))


def _webhooks(inventory: Inventory) -> Iterator[Mutator]:
    """Mutating webhooks: what they would change, only they know."""
    for obj in inventory.of("MutatingWebhookConfiguration", ADMISSION):
        for webhook in items(obj, "webhooks"):
            matcher = Matcher.read({**webhook, "resourceRules": webhook.get("rules")}, everything=False)
            yield Mutator(obj, (matcher,), tuple(items(webhook, "matchConditions")))


def _gatekeeper(inventory: Inventory) -> Iterator[Mutator]:
    """Gatekeeper's Assign, AssignMetadata, AssignImage and ModifySet, by their ``match``."""
    for obj in inventory.of_group("mutations.gatekeeper.sh"):
        yield Mutator(obj, constraint=obj)


def _mutating_admission(inventory: Inventory) -> Iterator[Mutator]:
    for policy in inventory.of("MutatingAdmissionPolicy", ADMISSION):
        own = Matcher.read(dig(policy, "spec", "matchConstraints"), everything=False)
        for binding in inventory.of("MutatingAdmissionPolicyBinding", ADMISSION):
            if dig(binding, "spec", "policyName") == policy.key.name:
                bound = Matcher.read(dig(binding, "spec", "matchResources"), everything=True)
                yield Mutator(policy, (own, bound), tuple(items(policy, "spec", "matchConditions")))


def _kyverno(inventory: Inventory) -> Iterator[Mutator]:
    for policy in (*inventory.of("ClusterPolicy", "kyverno.io"), *inventory.of("Policy", "kyverno.io")):
        for rule in items(policy, "spec", "rules"):
            mutate = rule.get("mutate")
            if isinstance(mutate, dict) and not mutate.get("targets"):
                yield Mutator(policy, rule=rule)
    for policy in inventory.of("MutatingPolicy", "policies.kyverno.io"):
        yield Mutator(policy, (Matcher.read(dig(policy, "spec", "matchConstraints"), everything=False),))
