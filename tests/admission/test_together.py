"""Policies asked together say what each says by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.admission import vap
from kfm_checks.admission.candidates import candidates
from kfm_checks.admission.engine import compile_policies
from kfm_checks.admission.together import groups, settled
from kfm_checks.facts.objects import inventory

API = "admissionregistration.k8s.io/v1"
CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "c", "namespace": "n", "labels": {"a": "b"}},
    "data": {"x": "1", "y": "two"},
}
TRUE, FALSE, ERROR = "object.data.x == '1'", "object.data.x == '2'", "object.data.nope == '1'"
VALIDATIONS = st.sampled_from(
    [
        TRUE,
        FALSE,
        ERROR,
        f"{ERROR} || {TRUE}",
        "variables.one == '1'",
        "variables.two.size() == 3",
        "variables.broken",
        "true // a comment",
        "'//' != ''",
        "object.metadata.uid != ''",
        "namespaceObject.metadata.labels.a == 'b'",
        "request.userInfo.username == ''",
        "object.data.all(object, object != 'z')",
        "quantity(object.data.x).isLessThan(quantity('2'))",
        "[1,2,3].all(a, a > 0)",
    ]
)
CONDITIONS = st.lists(st.sampled_from([TRUE, FALSE, ERROR, "variables.one == '1'"]), max_size=2)
VARIABLES = [
    {"name": "one", "expression": "object.data.x"},
    {"name": "two", "expression": "'t' + 'wo' + (variables.one == '1' ? '' : 'x')"},
    {"name": "broken", "expression": "object.data.nope == 'x'"},
]


def bound(number: int, conditions: list[str], validations: list[str]) -> list[dict[str, Any]]:
    """A policy and its binding."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": f"c{i}", "expression": text} for i, text in enumerate(conditions)],
        "variables": VARIABLES,
        "validations": [{"expression": text} for text in validations],
        "failurePolicy": "Ignore" if number % 3 == 0 else "Fail",
    }
    name = {"name": f"p{number}"}
    return [
        {"apiVersion": API, "kind": "ValidatingAdmissionPolicy", "metadata": name, "spec": spec},
        {
            "apiVersion": API,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": name,
            "spec": {"policyName": f"p{number}", "validationActions": ["Deny"]},
        },
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(CONDITIONS, st.lists(VALIDATIONS, min_size=1, max_size=3)), min_size=1, max_size=30))
def test_together_as_alone(written: list[tuple[list[str], list[str]]]) -> None:
    """Conditions, variables, errors, comments, limits: the verdicts are the same, in the same order."""
    policies = compile_policies(
        inventory([CONFIG, *(obj for number, one in enumerate(written) for obj in bound(number, *one))])
    )
    tried = tuple(c for c in candidates(policies.inventory, policies.resources) if c.kind == "ConfigMap")
    alone = [
        verdict
        for candidate in tried
        for policy, bindings in policies.vaps
        if not policy.refused
        for binding in bindings
        for verdict in vap.evaluate(policy, binding, candidate, policies.inventory, policies.resources)
    ]
    assert list(policies.judge_all(tried)) == alone


@pytest.mark.parametrize("broken", range(3))
def test_an_error_costs_the_others_nothing(broken: int) -> None:
    """Where one policy ends in an error, the halves without it are still asked together."""
    texts = [ERROR if number == broken else TRUE for number in range(3)]
    policies = compile_policies(
        inventory([CONFIG, *(obj for number, text in enumerate(texts) for obj in bound(number, [], [text]))])
    )
    (candidate,) = (c for c in candidates(policies.inventory, policies.resources) if c.kind == "ConfigMap")
    made = groups([policy for policy, _ in policies.vaps])
    assert len(made) == 1
    assert settled(made, candidate) == {number: 0 for number in range(3) if number != broken}
