"""Kyverno's ClusterPolicy and Policy: what each rule says of an object; they are read in kyverno_policy.py.

https://kyverno.io/docs/policy-types/cluster-policy/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from kfm_checks.admission.cel_scope import Scope, bindings, unset_fields
from kfm_checks.admission.kyverno_context import Context
from kfm_checks.admission.kyverno_exceptions import excepted
from kfm_checks.admission.kyverno_match import UNJUDGED, rule_matches
from kfm_checks.admission.kyverno_policy import CelRule, Policy, Rule, action, compile_policy
from kfm_checks.admission.kyverno_rules import Answer, judge
from kfm_checks.admission.locate import breaking_containers
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError, Verdict
from kfm_checks.admission.vap import conditions_hold, message_of, params_of
from kfm_checks.facts.objects import Inventory, dig, items


def evaluate(policy: Policy, candidate: Candidate, inventory: Inventory, *, locate: bool = True) -> Iterator[Verdict]:
    """What each rule says of a candidate; nothing for a rule that doesn't match."""
    if candidate.namespace in UNJUDGED:
        return
    if policy.namespace and policy.namespace != candidate.namespace:
        return
    called = _called(policy, candidate)
    if called is None:
        return
    for rule, decided in policy.for_kind(candidate):
        verdict = called or _ruled(policy, rule, decided, candidate, inventory, locate)
        if verdict is not None:
            yield verdict
            if called or (policy.first_only and verdict.result in ("pass", "fail")):
                return


def _called(policy: Policy, candidate: Candidate) -> Verdict | Literal[False] | None:
    """Whether the webhook is called for the candidate: None where not, a verdict where nobody can tell, else False."""
    if not policy.conditions:
        return False
    try:
        return False if conditions_hold(Scope.of(candidate, policy.block), policy.conditions) else None
    except (NotEvaluated, PolicyError) as reason:
        rules = policy.for_kind(candidate)
        return _verdict(policy, rules[0][0], candidate, Answer("not-evaluated", str(reason))) if rules else None


def _ruled(
    policy: Policy, rule: Rule, decided: bool, candidate: Candidate, inventory: Inventory, locate: bool
) -> Verdict | None:
    """What one rule says; None where it is not for the candidate."""
    try:
        if not decided and not rule_matches(rule.spec, candidate, policy.namespace):
            return None
        let_off = excepted(policy.exceptions, rule.name, rule.spec, candidate, inventory)
        if let_off is not None:
            return _verdict(policy, rule, candidate, let_off)
    except (NotEvaluated, PolicyError) as reason:
        return _verdict(policy, rule, candidate, Answer("not-evaluated", str(reason)))
    return _located(policy, rule, candidate, inventory, locate)


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


__all__ = ["Policy", "Rule", "action", "compile_policy", "evaluate"]
