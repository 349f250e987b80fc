"""ValidatingAdmissionPolicy, evaluated as the API server does.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import field

from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.cel_reads import may_read
from kfm_checks.admission.cel_scope import Scope, bindings, unset_fields
from kfm_checks.admission.locate import breaking_containers
from kfm_checks.admission.matching import Matcher, selected, texts
from kfm_checks.admission.model import Action, Candidate, NotEvaluated, PolicyError, Result, Verdict
from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import Inventory, dig, items, labels_of
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.values import Value

_LONGEST_MESSAGE = 5 * 1024
_ACTIONS: Mapping[str, Action] = {"Deny": "deny", "Warn": "warn", "Audit": "audit"}


class Validation(Value, frozen=True):
    """One ``validations`` entry."""

    name: str
    expression: Expression
    message: str
    message_expression: Expression | None


class Policy(Value, frozen=True):
    """A compiled policy. ``refused``: the server would not accept it, and nothing is enforced."""

    obj: Manifest
    matcher: Matcher
    conditions: tuple[tuple[str, Expression], ...]
    block: Block
    validations: tuple[Validation, ...]
    fails_open: bool
    param_kind: tuple[str, str] | None
    _reads: dict[frozenset[str], bool] = field(default_factory=dict)

    @cached_property
    def refused(self) -> tuple[str, ...]:
        """Expressions that the type check refuses."""
        return tuple(self.block.refused)

    def may_read(self, keys: frozenset[str]) -> bool:
        """Whether what it says may hang on fields with these names."""
        if keys not in self._reads:
            every = (*(e for _, e in self.conditions), *(v.expression for v in self.validations))
            self._reads[keys] = may_read(every, self.block, keys)
        return self._reads[keys]


class Binding(Value, frozen=True):
    """A binding of a policy."""

    obj: Manifest
    matcher: Matcher
    actions: tuple[Action, ...]
    param_ref: Mapping[str, Any] | None
    key: ObjectKey


def compile_policy(obj: Manifest, block: Block | None = None) -> Policy:
    """Compile a policy; what can't be compiled is kept as a reason, never raised."""
    spec = dig(obj, "spec", default={})
    spec = spec if isinstance(spec, dict) else {}
    block = block or Block()
    conditions = tuple(
        (str(c.get("name") or ""), block.expression(c.get("expression"), "BOOL", f"matchCondition {c.get('name')}"))
        for c in items(spec, "matchConditions")
    )
    block.declare(spec)
    for index, annotation in enumerate(items(spec, "auditAnnotations")):
        # They decide nothing, but the type check refuses the policy for one of them too.
        block.expression(annotation.get("valueExpression"), "", f"auditAnnotation {index + 1}")
    kind = dig(spec, "paramKind")
    return Policy(
        obj,
        Matcher.read(spec.get("matchConstraints"), everything=False),
        conditions,
        block,
        tuple(validation(v, i, block) for i, v in enumerate(items(spec, "validations"))),
        spec.get("failurePolicy") == "Ignore",
        (str(dig(kind, "apiVersion", default="")), str(dig(kind, "kind", default="")))
        if isinstance(kind, dict)
        else None,
    )


def validation(entry: Mapping[str, Any], index: int, block: Block) -> Validation:
    """Compile one ``validations`` entry."""
    place = f"validation {index + 1}"
    text = entry.get("messageExpression")
    message = (
        block.expression(text, "STRING", f"{place}, messageExpression") if isinstance(text, str) and text else None
    )
    return Validation(
        place,
        block.expression(entry.get("expression"), "BOOL", place),
        str(entry.get("message") or "").strip(),
        message,
    )


def compile_binding(obj: Manifest) -> Binding:
    """Read a binding."""
    spec = dig(obj, "spec", default={})
    actions = tuple(_ACTIONS[a] for a in texts(dig(spec, "validationActions")) if a in _ACTIONS)
    ref = dig(spec, "paramRef")
    return Binding(
        obj,
        Matcher.read(dig(spec, "matchResources"), everything=True),
        actions,
        ref if isinstance(ref, dict) else None,
        obj.key,
    )


def evaluate(
    policy: Policy,
    binding: Binding | None,
    candidate: Candidate,
    inventory: Inventory,
    resources: Resources,
    *,
    locate: bool = True,
    matched: bool = False,
) -> Iterator[Verdict]:
    """What a bound policy says of a candidate; nothing where it doesn't match. ``locate``: find the container too.

    Without a binding the policy is tried as if bound to everything with Deny: the API server would not run it at all.
    """
    doubt = None
    if not matched:
        try:
            if not policy.matcher.match(candidate, resources):
                return
            if binding is not None and not binding.matcher.match(candidate, resources):
                return
        except NotEvaluated as reason:
            doubt = reason
    try:
        params = _params(policy, binding, candidate, inventory)
    except (NotEvaluated, PolicyError) as reason:
        yield _whole(policy, binding, candidate, doubt or reason)
        return
    found = [verdict for param in params for verdict in _with_params(policy, binding, candidate, param, locate)]
    if doubt is not None and any(verdict.result != "pass" for verdict in found):
        # What passes, passes whether the policy matches or not; anything else hangs on what isn't known.
        yield _whole(policy, binding, candidate, doubt)
    else:
        yield from found


def _whole(policy: Policy, binding: Binding | None, candidate: Candidate, reason: Exception) -> Verdict:
    """One verdict for the policy as a whole: an error is decided by the failure policy."""
    known = isinstance(reason, PolicyError)
    result: Result = "not-evaluated" if not known else "pass" if policy.fails_open else "error"
    return _verdict(policy, binding, candidate, "policy", result, str(reason))


def _verdict(
    policy: Policy, binding: Binding | None, candidate: Candidate, rule: str, result: Result, message: str
) -> Verdict:
    actions: tuple[Action, ...] = binding.actions if binding is not None else ("deny",)
    key = binding.key if binding is not None else None
    if result in ("fail", "error"):
        bound = f" with binding '{key.name}'" if key is not None else ""
        message = f"ValidatingAdmissionPolicy '{policy.obj.key.name}'{bound} denied request: {message}"
    return Verdict(policy.obj, rule, candidate, result, message, actions, key)


def _params(policy: Policy, binding: Binding | None, candidate: Candidate, inventory: Inventory) -> list[Any]:
    """The parameter objects, [None] where the policy has none. Raises PolicyError as the server fails the binding."""
    if policy.param_kind is None or binding is None or binding.param_ref is None:
        return [None]
    return params_of(policy.param_kind, binding.param_ref, candidate, inventory)


def params_of(
    kind: tuple[str, str], ref: Mapping[str, Any], candidate: Candidate, inventory: Inventory
) -> list[dict[str, Any]]:
    """The objects of a kind that a reference names or selects. Raises PolicyError where there is none."""
    found = [obj for obj in inventory if (obj.key.api_version, obj.key.kind) == kind]
    if any(obj.key.namespace for obj in found) or ref.get("namespace"):
        # The request for a Namespace is one in that namespace.
        own = candidate.name if candidate.kind == "Namespace" and not candidate.group else candidate.namespace
        namespace = str(ref.get("namespace") or own)
        if not namespace:
            raise PolicyError(
                "failed to configure binding: cannot use namespaced paramRef in policy binding that matches "
                "cluster-scoped resources"
            )
        found = [obj for obj in found if obj.key.namespace == namespace]
    if isinstance(ref.get("selector"), dict):
        found = [obj for obj in found if selected(ref["selector"], labels_of(obj))]
    else:
        found = [obj for obj in found if obj.key.name == ref.get("name")]
    if not found and ref.get("parameterNotFoundAction") == "Allow":
        return []
    if not found:
        raise PolicyError(
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
        )
    # The CEL runtime takes plain dicts only.
    return [dict(obj) for obj in found]


def _with_params(
    policy: Policy, binding: Binding | None, candidate: Candidate, param: Any, locate: bool
) -> Iterator[Verdict]:
    if param is None:
        scope = Scope.of(candidate, policy.block)
    else:
        scope = Scope(candidate, policy.block, bindings(candidate, param), unset_fields(candidate))
        scope.reads_secret = policy.param_kind == ("v1", "Secret")
    try:
        if not conditions_hold(scope, policy.conditions):
            return
    except (NotEvaluated, PolicyError) as reason:
        yield _whole(policy, binding, candidate, reason)
        return
    for validation in policy.validations:
        result, message = _judged(scope, validation, policy.fails_open)
        verdict = _verdict(policy, binding, candidate, validation.name, result, message)
        if result == "fail" and locate:
            verdict = _located(verdict, policy, validation, param)
        yield verdict


def passes(policy: Policy, binding: Binding, candidate: Candidate) -> Iterator[Verdict]:
    """The verdicts of a policy all of whose validations are known to hold."""
    for one in policy.validations:
        yield Verdict(policy.obj, one.name, candidate, "pass", "", binding.actions, binding.key)


def conditions_hold(scope: Scope, conditions: tuple[tuple[str, Expression], ...]) -> bool:
    """``matchConditions``: one that is false lets the request by, whatever errors the others end in.

    Raises NotEvaluated, or PolicyError where one ends in an error and none is false.
    """
    problems: list[Exception] = []
    for name, expression in conditions:
        try:
            if scope.run(expression) is not True:
                return False
        except NotEvaluated as reason:
            problems.insert(0, NotEvaluated(f"matchCondition {name}: {reason}"))
        except PolicyError as error:
            problems.append(PolicyError(f"matchCondition '{name}' resulted in error: {error}"))
    if problems:
        raise problems[0]
    return True


def _judged(scope: Scope, validation: Validation, fails_open: bool) -> tuple[Result, str]:
    try:
        if scope.run(validation.expression) is True:
            return "pass", ""
    except NotEvaluated as reason:
        return "not-evaluated", str(reason)
    except PolicyError as error:
        text = validation.expression.text.strip()
        return ("pass" if fails_open else "error"), f"expression '{text}' resulted in error: {error}"
    return "fail", message_of(scope, validation)


def message_of(scope: Scope, validation: Validation) -> str:
    """The message as the server composes it: messageExpression, else message, else the expression."""
    made = ""
    if validation.message_expression is not None and not scope.reads_secret:
        try:
            value = scope.run(validation.message_expression)
            made = value.strip() if isinstance(value, str) else ""
        except (PolicyError, NotEvaluated):
            made = ""  # the server too falls back to the message
        if len(made.encode("utf-8", "surrogatepass")) > _LONGEST_MESSAGE or "\n" in made:
            made = ""
    return made or validation.message or f"failed expression: {validation.expression.text.strip()}"


def _located(verdict: Verdict, policy: Policy, validation: Validation, param: Any) -> Verdict:
    def breaks(obj: dict[str, Any]) -> bool:
        variant = verdict.candidate.variant(obj)
        scope = Scope(variant, policy.block, bindings(variant, param), frozenset())
        try:
            return scope.run(validation.expression) is not True
        except (PolicyError, NotEvaluated):
            return True

    found = breaking_containers(verdict.candidate, breaks)
    if not found:
        return verdict
    return verdict._replace(containers=tuple(name for name, _ in found), path=found[0][1])
