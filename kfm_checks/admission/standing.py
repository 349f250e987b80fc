"""What is there: each policy with its bindings, actions, failure policy, exemptions, and what dangles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.admission.engine import ADMISSION, Policies
from kfm_checks.admission.matching import Matcher, texts
from kfm_checks.admission.model import ACTIONS, Action, Candidate, NotEvaluated, Standing
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest, ObjectKey


def standings(policies: Policies, namespaces: tuple[str, ...]) -> tuple[Standing, ...]:
    """One line a policy. ``namespaces`` are those whose exemption is worth a word."""
    return (
        *_vaps(policies, namespaces),
        *_kyverno(policies, namespaces),
        *_kyverno_cel(policies, namespaces),
        *_gatekeeper(policies, namespaces),
    )


def _ordered(actions: set[Action]) -> tuple[Action, ...]:
    return tuple(action for action in ACTIONS if action in actions)


def _probe(policies: Policies, name: str) -> Candidate:
    """A Pod of a namespace without anything to it, to ask which namespaces a selector leaves out."""
    obj = Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": name}})
    declared = policies.inventory.namespaces.get(name)
    return Candidate(
        obj,
        dict(obj),
        "pods",
        namespace_labels=policies.inventory.namespace_labels(name),
        namespace_annotations=annotations_of(declared) if declared is not None else {},
        namespace_known=declared is not None,
    )


def _left_out(policies: Policies, namespaces: tuple[str, ...], *matchers: Matcher) -> tuple[str, ...]:
    from kfm_checks.admission.matching import in_namespace

    out = []
    for name in namespaces:
        try:
            reached = all(in_namespace(m.namespace_selector, _probe(policies, name)) for m in matchers)
        except NotEvaluated:
            continue
        if not reached:
            out.append(name)
    return tuple(out)


def _vaps(policies: Policies, namespaces: tuple[str, ...]) -> Iterator[Standing]:
    for policy, bindings in policies.vaps:
        problems = [f"the server refuses it: {text}" for text in policy.refused]
        if not bindings:
            problems.append("no ValidatingAdmissionPolicyBinding names it: it judges nothing")
        for binding in bindings:
            problems += _binding_problems(policies, policy.param_kind, binding.obj)
        left = [
            set(_left_out(policies, namespaces, policy.matcher, b.matcher)) for b in bindings if "deny" in b.actions
        ]
        params = tuple(p for b in bindings for p in _params(policies.inventory, policy.param_kind, b.obj))
        yield Standing(
            policy.obj,
            "ValidatingAdmissionPolicy",
            tuple(b.obj.key for b in bindings),
            _ordered({a for b in bindings for a in b.actions}) if not policy.refused else (),
            "Ignore" if policy.fails_open else "Fail",
            tuple(sorted(set.intersection(*left))) if left else (),
            params,
            tuple(problems),
        )


def _params(inventory: Inventory, kind: tuple[str, str] | None, binding: Manifest) -> Iterator[ObjectKey]:
    if kind is None:
        return
    name, namespace = dig(binding, "spec", "paramRef", "name"), dig(binding, "spec", "paramRef", "namespace")
    for obj in inventory:
        same = (obj.key.api_version, obj.key.kind) == kind and name in (None, obj.key.name)
        if same and namespace in (None, obj.key.namespace):
            yield obj.key


def _binding_problems(policies: Policies, kind: tuple[str, str] | None, binding: Manifest) -> Iterator[str]:
    name = binding.key.name
    if not texts(dig(binding, "spec", "validationActions")):
        yield f"its binding {name} names no validationActions"
    wanted = dig(binding, "spec", "paramRef")
    if kind is not None and wanted is None:
        yield f"its binding {name} names no parameters"
    elif kind is not None and not list(_params(policies.inventory, kind, binding)):
        yield f"the parameters that its binding {name} names are not in the render"


def _kyverno(policies: Policies, namespaces: tuple[str, ...]) -> Iterator[Standing]:
    if not policies.kyverno:
        return
    from kfm_checks.admission import kyverno

    for policy in policies.kyverno:
        probes = [_probe(policies, name) for name in namespaces]
        actions: set[Action] = {kyverno.action(policy, rule, p) for rule in policy.rules for p in probes}
        actions = actions or {kyverno.action(policy, rule, _probe(policies, "default")) for rule in policy.rules}
        enforced = "deny" in actions
        exempt = [
            p.namespace
            for p in probes
            if enforced and all(kyverno.action(policy, r, p) != "deny" for r in policy.rules)
        ]
        problems = [f"the server refuses it: {text}" for text in policy.refused]
        problems += [f"PolicyException {e.key} lets objects off" for e in policy.exceptions]
        if dig(policy.obj, "spec", "admission") is False:
            problems.append("it is not used at admission (spec.admission: false)")
        failing = dig(policy.obj, "spec", "failurePolicy") or dig(
            policy.obj, "spec", "webhookConfiguration", "failurePolicy"
        )
        yield Standing(
            policy.obj, "Kyverno", (), _ordered(actions), str(failing or "Fail"), tuple(exempt), (), tuple(problems)
        )


def _kyverno_cel(policies: Policies, namespaces: tuple[str, ...]) -> Iterator[Standing]:
    for policy in policies.kyverno_cel:
        problems = [f"the server refuses it: {text}" for text in policy.refused]
        problems += [f"PolicyException {e.key} lets objects off" for e, _, _ in policy.exceptions]
        yield Standing(
            policy.obj,
            "Kyverno",
            (),
            policy.actions if not policy.refused else (),
            "Ignore" if policy.written.fails_open else "Fail",
            _left_out(policies, namespaces, policy.written.matcher),
            (),
            tuple(problems),
            policy.not_evaluated,
        )


def _gatekeeper(policies: Policies, namespaces: tuple[str, ...]) -> Iterator[Standing]:
    if not policies.constraints and not policies.templates:
        return
    from kfm_checks.admission import gatekeeper

    for constraint in policies.constraints:
        match: Any = dig(constraint.obj, "spec", "match", default={})
        narrowed = ("kinds", "labelSelector", "name")
        left = {k: v for k, v in match.items() if k not in narrowed} if isinstance(match, dict) else match
        spec = {"match": left}
        bare = gatekeeper.Constraint(Manifest({**constraint.obj, "spec": spec}), None, (), constraint.exempt)
        exempt = []
        for name in namespaces:
            try:
                if not gatekeeper.matches(bare, _probe(policies, name)):
                    exempt.append(name)
            except NotEvaluated:
                continue
        template = constraint.template
        problem = "its ConstraintTemplate is not in the render" if template is None else template.not_evaluated
        refused = template.refused if template is not None else ()
        yield Standing(
            constraint.obj, "Gatekeeper", (), constraint.actions, "", tuple(exempt), (),
            tuple(f"the server refuses its template: {text}" for text in refused), problem,
        )  # fmt: skip
    used = {constraint.obj.key.kind for constraint in policies.constraints}
    for template in policies.templates:
        if template.kind not in used:
            yield Standing(template.obj, "Gatekeeper", problems=("no constraint uses it: it judges nothing",))


#: Groups of other engines whose policies are not evaluated here.
OTHER_ENGINES = frozenset({"policies.kubewarden.io", "policy.jspolicy.com", "constraints.styra.com", "magalix.com"})
_JUDGED = frozenset({"pods", "deployments", "statefulsets", "daemonsets", "services", "*"})


def unread(inventory: Inventory) -> tuple[Manifest, ...]:
    """Objects by which an engine that isn't evaluated here may refuse workloads or Services."""
    others = [obj for group in sorted(OTHER_ENGINES) for obj in inventory.of_group(group)]
    for obj in inventory.of("ValidatingWebhookConfiguration", ADMISSION):
        rules = [rule for webhook in items(obj, "webhooks") for rule in items(webhook, "rules")]
        if any(_JUDGED & {name.partition("/")[0] for name in texts(rule.get("resources"))} for rule in rules):
            others.append(obj)
    return tuple(others)
