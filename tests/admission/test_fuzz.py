"""Hostile policies and objects: no crash, no hang, and no verdict of *pass* on what can't be parsed."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks.admission.cel import Refused, compile_cel
from kfm_checks.admission.engine import verdicts
from kfm_checks.admission.kyverno_jmespath import search
from kfm_checks.admission.kyverno_pattern import Mismatch, match
from kfm_checks.admission.kyverno_values import OPERATORS, compare, wildcard
from kfm_checks.admission.model import NotEvaluated, PolicyError
from kfm_checks.admission.standing import standings, unread
from kfm_checks.config import Config
from kfm_checks.facts.admission import (
    admission_attempts,
    admission_candidates,
    admission_policies,
    admission_run,
    image_coverage,
)
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests
from tests.examples import FOLDER, content

QUICK = settings(max_examples=60, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=12)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "object",
        ".",
        "spec",
        "containers",
        "all",
        "(",
        "c",
        ",",
        "has",
        ")",
        "&&",
        "||",
        "!",
        "==",
        "'a'",
        "[",
        "]",
        "0",
        "?",
        ":",
        "{",
        "}",
        "variables.x",
        "request.userInfo",
        "true",
        "1",
        "+",
        "quantity",
        "ip",
        "matches",
        "size",
        "filter",
        "map",
        "params",
        '"',
        "\\",
        "//",
        "\n",
        "authorizer",
        "in",
        "optional.of",
        ".?",
        "[?",
        "format.named",
    ]
)
KINDS: list[tuple[str, str]] = [
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("kyverno.io/v1", "ClusterPolicy"),
    ("kyverno.io/v1", "Policy"),
    ("kyverno.io/v2", "PolicyException"),
    ("policies.kyverno.io/v1", "ValidatingPolicy"),
    ("policies.kyverno.io/v1", "ImageValidatingPolicy"),
    ("policies.kyverno.io/v1", "PolicyException"),
    ("templates.gatekeeper.sh/v1", "ConstraintTemplate"),
    ("policy.sigstore.dev/v1beta1", "ClusterImagePolicy"),
    ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "LimitRange"),
]
#: Fields that engines read, so that nonsense gets deep into them.
FIELDS = [
    "rules",
    "match",
    "any",
    "all",
    "resources",
    "kinds",
    "validate",
    "pattern",
    "anyPattern",
    "deny",
    "conditions",
    "foreach",
    "list",
    "cel",
    "expressions",
    "expression",
    "validations",
    "matchConstraints",
    "resourceRules",
    "apiGroups",
    "apiVersions",
    "operations",
    "policyName",
    "validationActions",
    "paramKind",
    "paramRef",
    "variables",
    "name",
    "matchConditions",
    "verifyImages",
    "imageReferences",
    "attestors",
    "entries",
    "keyless",
    "images",
    "authorities",
    "spec",
    "template",
    "containers",
    "image",
    "resources",
    "limits",
    "jobTemplate",
    "targets",
    "code",
    "source",
    "rego",
    "crd",
    "names",
    "kind",
    "preconditions",
    "context",
    "exceptions",
    "policyName",
    "ruleNames",
    "selector",
    "namespaceSelector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
]
SHAPED: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.sampled_from(["Pod", "*", "CREATE", "{{ request.object }}", "object.spec", "true", "p", "", "v1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=24,
)


@QUICK
@given(st.lists(WORDS, max_size=24).map(" ".join))
def test_cel_never_crashes(text: str) -> None:
    """Any text is refused, not evaluated, an error or a value."""
    try:
        program = compile_cel(text, frozenset({("object", "dyn"), ("params", "dyn")}))
        program.run(program.activation({"object": {"spec": {"containers": []}}, "params": None}))
    except (Refused, NotEvaluated, PolicyError) as error:
        assert str(error) is not None


@QUICK
@given(st.text(max_size=40))
def test_cel_of_any_text_never_crashes(text: str) -> None:
    """Control characters and surrogates too."""
    try:
        compile_cel(text, frozenset({("object", "dyn")}))
    except (Refused, NotEvaluated) as error:
        assert str(error)


@QUICK
@given(JSON, JSON)
def test_patterns_never_crash(resource: Any, pattern: Any) -> None:
    """Any pattern on any value passes or mismatches."""
    try:
        match(resource, pattern)
    except Mismatch as mismatch:
        assert mismatch.pointer.startswith("/")


@QUICK
@given(st.sampled_from(sorted(OPERATORS)), JSON, JSON)
def test_conditions_never_crash(operator: str, key: Any, value: Any) -> None:
    """Any two values compare to true or false."""
    assert compare(operator, key, value) in (True, False)


@QUICK
@given(st.text(max_size=20), JSON)
def test_jmespath_never_crashes(expression: str, data: Any) -> None:
    """Any expression gives a value, an error or is not evaluated."""
    try:
        search(expression, {"request": data})
    except (PolicyError, NotEvaluated) as error:
        assert str(error)


@QUICK
@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcard_is_what_a_regular_expression_says(pattern: str, text: str) -> None:
    """The matcher agrees with the obvious translation."""
    import re

    wanted = re.fullmatch(pattern.replace("*", ".*").replace("?", "."), text) is not None
    assert wildcard(pattern, text) is wanted


def _object(kind: tuple[str, str], metadata: Any, spec: Any) -> dict[str, Any]:
    return {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, "spec": spec}


OBJECTS = st.builds(
    _object,
    st.sampled_from(KINDS),
    st.fixed_dictionaries({"name": st.just("p"), "namespace": st.sampled_from(["", "ns1"])}) | SHAPED,
    SHAPED,
)
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "ns1"},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx"}]}}},
}


@settings(max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(OBJECTS, max_size=5))
def test_nonsense_of_policies_never_crashes(objects: list[dict[str, Any]]) -> None:
    """Whatever stands in a policy or an object, every engine gives its verdicts."""
    _all_engines([*objects, DEPLOYMENT])


def _all_engines(objects: list[dict[str, Any]]) -> None:
    known = inventory(objects)
    found, made = workloads(known), admission_candidates(known, None)
    policies = admission_policies(known, None)
    run = admission_run(known, policies, made)
    assert all(v.result in ("pass", "fail", "error", "skip", "not-evaluated") for v in run.verdicts)
    admission_attempts(known, policies, made, found, Config())
    image_coverage(known, None, made, found, Config())
    if policies is not None:
        standings(policies, ("ns1",))
        unread(policies.inventory)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, item in inner for deeper in _paths(item, (*path, key)))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {k: _replaced(v, path[1:], new) if k == path[0] else v for k, v in value.items()}
    return [_replaced(v, path[1:], new) if i == path[0] else v for i, v in enumerate(value)]


@cache
def _good() -> list[list[dict[str, Any]]]:
    """The objects of every example of the admission checks, Rego apart (it runs in a process of its own)."""
    names = ("admission-policies-are-enforced", "objects-pass-admission-policies", "image-signatures-are-verified")
    texts = [
        case["objects"]
        for name in names
        for section in ("holds", "fails", "nothing", "sly")
        for case in content(FOLDER / f"{name}.yaml").get(section) or []
    ]
    return [[dict(obj) for obj in parse_manifests(text)] for text in texts if text and "rego:" not in text]


@settings(max_examples=250, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_good_policy_with_one_thing_wrong_never_crashes(data: st.DataObject) -> None:
    """Any one value of a working set of policies and objects may be of any type."""
    objects: Any = data.draw(st.sampled_from(_good()))
    path = data.draw(st.sampled_from([p for p in _paths(objects) if len(p) > 1 and p[1] not in ("apiVersion", "kind")]))
    _all_engines([obj for obj in _replaced(objects, path, data.draw(JSON | SHAPED)) if isinstance(obj, dict)])


BOUND = [
    {
        "apiVersion": KINDS[0][0],
        "kind": KINDS[1][1],
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", "validationActions": ["Deny"]},
    }
]


@QUICK
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_no_pass_on_a_parse_error(text: str) -> None:
    """A policy that doesn't compile says nothing of an object: above all not that it passes."""
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]}
    policy = _object(
        KINDS[0], {"name": "p"}, {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": text}]}
    )
    found = verdicts([policy, *BOUND, DEPLOYMENT])
    try:
        base = frozenset((n, "dyn") for n in ("object", "oldObject", "request", "namespaceObject", "params"))
        compile_cel(text, base, result="BOOL")
    except (Refused, NotEvaluated):
        assert all(verdict.result != "pass" for verdict in found)


@pytest.mark.parametrize("depth", [50, 300])
def test_deep_objects_end(depth: int) -> None:
    """Nesting as deep as a manifest may have ends in a verdict, or in none, soon."""
    deep: Any = {}
    for _ in range(depth):
        deep = {"a": deep}
    pattern = {
        "spec": {
            "rules": [
                {
                    "name": "r",
                    "match": {"any": [{"resources": {"kinds": ["Deployment"]}}]},
                    "validate": {"pattern": deep},
                }
            ]
        }
    }
    policy = {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "k"}, **pattern}
    started = time.monotonic()
    verdicts([policy, {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "x": deep}}])  # type: ignore[dict-item]
    assert time.monotonic() - started < 10
