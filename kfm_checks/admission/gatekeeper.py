"""Gatekeeper: constraints, their templates in Rego or CEL, match, enforcement.

https://open-policy-agent.github.io/gatekeeper/website/docs/howto
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfm_checks.admission.cel_policy import BASE, Block
from kfm_checks.admission.cel_scope import Scope, bindings, request, unset_fields
from kfm_checks.admission.matching import in_namespace, selected, texts
from kfm_checks.admission.model import Action, Candidate, NotEvaluated, PolicyError, Result, Verdict
from kfm_checks.admission.rego import Job, run
from kfm_checks.admission.vap import Validation, conditions_hold, message_of, validation
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest

CONSTRAINTS = "constraints.gatekeeper.sh"
TEMPLATES = "templates.gatekeeper.sh"
_ACTIONS: Mapping[str, Action] = {"deny": "deny", "warn": "warn", "dryrun": "audit"}
_POINTS = frozenset({"*", "validation.gatekeeper.sh", "vap.k8s.io"})


@dataclass(frozen=True)
class Template:
    """A compiled ConstraintTemplate. ``not_evaluated`` says why it can't be run, "" where it can."""

    obj: Manifest
    kind: str
    rego: str
    libs: tuple[str, ...]
    block: Block | None
    conditions: tuple[Any, ...]
    validations: tuple[Validation, ...]
    fails_open: bool
    not_evaluated: str

    @property
    def refused(self) -> tuple[str, ...]:
        """CEL expressions that the type check refuses."""
        return tuple(self.block.refused) if self.block is not None else ()


@dataclass(frozen=True)
class Constraint:
    """A constraint and its template (None: not in the render)."""

    obj: Manifest
    template: Template | None
    actions: tuple[Action, ...]
    exempt: tuple[str, ...]


def compile_template(obj: Manifest) -> Template:
    """Read a template; CEL is preferred where it is there, as Gatekeeper prefers it."""
    kind = str(dig(obj, "spec", "crd", "spec", "names", "kind", default=""))
    targets = items(obj, "spec", "targets")
    target = targets[0] if targets else {}
    code = {str(c.get("engine")): c.get("source") for c in items(target, "code")}
    source = code.get("K8sNativeValidation")
    if isinstance(source, dict):
        return _cel_template(obj, kind, source)
    rego_source = code.get("Rego")
    given = rego_source if isinstance(rego_source, dict) else target
    rego = str(given.get("rego") or "")
    problem = "" if rego else "the template has neither Rego nor CEL that can be read"
    if "userInfo" in rego:
        problem = "it reads who asks (userInfo), which no render tells"
    if "external_data" in rego:
        problem = "it asks an external data provider"
    return Template(obj, kind, rego, texts(given.get("libs")), None, (), (), False, problem)


def _cel_template(obj: Manifest, kind: str, source: Mapping[str, Any]) -> Template:
    block = Block(base=BASE)
    # Gatekeeper binds these as variables of the policy (``variables.params``, ``variables.anyObject``).
    block.declare(
        {"variables": [{"name": "anyObject", "expression": "object"}, {"name": "params", "expression": "params"}]}
    )
    conditions = tuple(
        (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", "matchCondition"))
        for c in items(source, "matchCondition") + items(source, "matchConditions")
    )
    block.declare(source)
    validations = tuple(validation(v, i, block) for i, v in enumerate(items(source, "validations")))
    return Template(obj, kind, "", (), block, conditions, validations, source.get("failurePolicy") == "Ignore", "")


def compile_constraint(obj: Manifest, templates: Mapping[str, Template], exempt: tuple[str, ...]) -> Constraint:
    """Read a constraint."""
    action = str(dig(obj, "spec", "enforcementAction", default="deny")).lower()
    scoped = action == "scoped"
    actions = tuple(dict.fromkeys(_scoped(obj))) if scoped else (_ACTIONS.get(action, "audit"),)
    return Constraint(obj, templates.get(obj.key.kind), actions or ("audit",), exempt)


def _scoped(obj: Manifest) -> Iterator[Action]:
    for entry in items(obj, "spec", "scopedEnforcementActions"):
        points = {str(point.get("name")) for point in items(entry, "enforcementPoints")}
        if points & _POINTS and str(entry.get("action")).lower() in _ACTIONS:
            yield _ACTIONS[str(entry["action"]).lower()]


def exempt_namespaces(inventory: Inventory) -> tuple[str, ...]:
    """Namespaces that Gatekeeper's Config takes out of the webhook."""
    return tuple(
        name
        for config in inventory.of("Config", "config.gatekeeper.sh")
        for entry in items(config, "spec", "match")
        if {"*", "webhook"} & set(texts(entry.get("processes")))
        for name in texts(entry.get("excludedNamespaces"))
    )


def _glob(pattern: str, text: str) -> bool:
    """A prefix or a suffix with ``*``; anything else is exact."""
    if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
        return pattern[1:-1] in text
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text.endswith(pattern[1:]) if pattern.startswith("*") else text == pattern


def _kinds(match: Mapping[str, Any], candidate: Candidate) -> bool:
    wanted = items(match, "kinds")
    for entry in wanted:
        groups, kinds = texts(entry.get("apiGroups")), texts(entry.get("kinds"))
        if (not kinds or {"*", candidate.kind} & set(kinds)) and (not groups or {"*", candidate.group} & set(groups)):
            return True
    return not wanted


def matches(constraint: Constraint, candidate: Candidate) -> bool:
    """Whether the constraint is for the candidate. Raises NotEvaluated on unknown namespace labels."""
    match = dig(constraint.obj, "spec", "match", default={})
    if not isinstance(match, dict) or not _kinds(match, candidate) or match.get("source") == "Generated":
        return bool(match == {})
    is_namespace = candidate.kind == "Namespace" and candidate.group == ""
    if match.get("scope") == "Cluster" and candidate.namespace and not is_namespace:
        return False
    if match.get("scope") == "Namespaced" and (is_namespace or not candidate.namespace):
        return False
    namespace = candidate.name if is_namespace else candidate.namespace
    if namespace:
        wanted, excluded = texts(match.get("namespaces")), (*texts(match.get("excludedNamespaces")), *constraint.exempt)
        if wanted and not any(_glob(pattern, namespace) for pattern in wanted):
            return False
        if any(_glob(pattern, namespace) for pattern in excluded):
            return False
    if isinstance(match.get("name"), str) and match["name"] and not _glob(match["name"], candidate.name):
        return False
    if isinstance(match.get("labelSelector"), dict) and not selected(match["labelSelector"], candidate.labels):
        return False
    selector = match.get("namespaceSelector")
    return in_namespace(selector, candidate) if isinstance(selector, dict) else True


def review(candidate: Candidate) -> dict[str, Any]:
    """The AdmissionRequest as Gatekeeper gives it to Rego."""
    made = {**request(candidate), "object": candidate.obj}
    if candidate.namespace:
        metadata = {"name": candidate.namespace, "labels": dict(candidate.namespace_labels)}
        made["_unstable"] = {"namespace": {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}}
    return made


def referential(inventory: Inventory) -> dict[str, Any]:
    """The rendered objects as ``data.inventory`` has them."""
    data: dict[str, Any] = {"cluster": {}, "namespace": {}}
    for obj in inventory:
        key = obj.key
        if key.kind == "Secret":
            continue
        root = data["namespace"].setdefault(key.namespace, {}) if key.namespace else data["cluster"]
        root.setdefault(key.api_version, {}).setdefault(key.kind, {})[key.name] = dict(obj)
    return data


def evaluate(
    constraints: tuple[Constraint, ...], candidates: tuple[Candidate, ...], inventory: Inventory
) -> Iterator[Verdict]:
    """Verdicts of all constraints on all candidates; Rego is run once, for all of them together."""
    jobs: list[tuple[Constraint, list[Candidate], Job]] = []
    data: dict[str, Any] | None = None
    for constraint in constraints:
        reached = []
        for candidate in candidates:
            try:
                if matches(constraint, candidate):
                    reached.append(candidate)
            except NotEvaluated as reason:
                yield _verdict(constraint, candidate, "not-evaluated", str(reason))
        template = constraint.template
        problem = "its ConstraintTemplate is not in the render" if template is None else template.not_evaluated
        if template is None or problem:
            yield from (_verdict(constraint, c, "not-evaluated", problem) for c in reached)
        elif template.block is not None:
            for candidate in reached:
                yield from _judge_cel(constraint, template, candidate)
        elif reached:
            if "data.inventory" in template.rego + "".join(template.libs):
                data = data if data is not None else referential(inventory)
            parameters = dig(constraint.obj, "spec", "parameters", default={})
            inputs = [{"review": review(c), "parameters": parameters} for c in reached]
            uses = "data.inventory" in template.rego + "".join(template.libs)
            jobs.append((constraint, reached, Job(template.rego, template.libs, inputs, (data or {}) if uses else {})))
    for (constraint, reached, _), answers in zip(jobs, run([job for _, _, job in jobs]), strict=True):
        for candidate, answer in zip(reached, answers, strict=True):
            yield from _answered(constraint, candidate, answer)


def _answered(constraint: Constraint, candidate: Candidate, answer: Mapping[str, Any]) -> Iterator[Verdict]:
    if "error" in answer:
        yield _verdict(constraint, candidate, "not-evaluated", str(answer["error"]))
        return
    found = answer["violations"]
    for violation in found:
        message = violation.get("msg") if isinstance(violation, dict) else violation
        yield _verdict(constraint, candidate, "fail", str(message))
    if not found:
        yield _verdict(constraint, candidate, "pass", "")


def _verdict(constraint: Constraint, candidate: Candidate, result: Result, message: str) -> Verdict:
    if result == "fail":
        message = f"[{constraint.obj.key.name}] {message}"
    return Verdict(constraint.obj, "violation", candidate, result, message, constraint.actions)


def _judge_cel(constraint: Constraint, template: Template, candidate: Candidate) -> Iterator[Verdict]:
    assert template.block is not None
    values = bindings(candidate, dig(constraint.obj, "spec", "parameters", default={}))
    scope = Scope(candidate, template.block, values, unset_fields(candidate))
    try:
        if not conditions_hold(scope, template.conditions):
            return
    except (NotEvaluated, PolicyError) as reason:
        yield _verdict(constraint, candidate, "not-evaluated", str(reason))
        return
    for one in template.validations:
        try:
            held = scope.run(one.expression) is True
        except NotEvaluated as reason:
            yield _verdict(constraint, candidate, "not-evaluated", str(reason))
            continue
        except PolicyError as error:
            yield _verdict(constraint, candidate, "pass" if template.fails_open else "fail", str(error))
            continue
        yield _verdict(constraint, candidate, "pass" if held else "fail", "" if held else message_of(scope, one))
