"""Gatekeeper: match, enforcement, Rego and CEL templates, data of the render, and Rego that doesn't end."""

from __future__ import annotations

import time

import pytest

from kfm_checks.admission.engine import compile_policies
from kfm_checks.admission.rego import Job, run
from kfm_checks.admission.standing import standings
from kfm_checks.facts.objects import inventory
from tests.admission.helpers import POD, results, said

TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k}
spec:
  crd: {spec: {names: {kind: K}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
"""
REGO = """
      rego: |
        package k
        violation[{"msg": msg}] {
          container := input.review.object.spec.containers[_]
          not startswith(container.image, input.parameters.registry)
          msg := sprintf("image %v", [container.image])
        }
"""
CEL = """
      code:
        - engine: K8sNativeValidation
          source:
            variables: [{name: images, expression: "variables.anyObject.spec.containers.map(c, c.image)"}]
            validations:
              - {expression: "variables.images.all(i, i.startsWith(variables.params.registry))", message: registry}
"""


def constraint(match: str = "{kinds: [{apiGroups: [''], kinds: [Pod]}]}", rest: str = "", registry: str = "a/") -> str:
    """A constraint of the template."""
    return f"""
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K
metadata: {{name: c}}
spec:
  match: {match}
  parameters: {{registry: {registry}}}
{rest}
"""


@pytest.mark.parametrize("engine", [REGO, CEL])
@pytest.mark.parametrize(("registry", "result"), [("a/", "fail"), ("nginx", "pass")])
def test_engines(engine: str, registry: str, result: str) -> None:
    """Rego and CEL say the same."""
    assert results(TEMPLATE + engine, constraint(registry=registry), POD) == [result]


def test_message() -> None:
    """The message carries the constraint's name, as the webhook writes it."""
    (verdict,) = said(TEMPLATE + REGO, constraint(), POD)
    assert verdict.message == "[c] image nginx:1" and verdict.refuses


@pytest.mark.parametrize(
    ("match", "matched"),
    [
        ("{}", True),
        ("{kinds: [{apiGroups: ['*'], kinds: ['*']}]}", True),
        ("{kinds: [{apiGroups: [apps], kinds: [Pod]}]}", False),
        ("{namespaces: [ns*]}", True),
        ("{namespaces: [other]}", False),
        ("{excludedNamespaces: ['*1']}", False),
        ("{scope: Cluster}", False),
        ("{scope: Namespaced}", True),
        ("{labelSelector: {matchLabels: {app: p}}}", True),
        ("{labelSelector: {matchLabels: {app: q}}}", False),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns1}}}", True),
        ("{name: 'p*'}", True),
        ("{name: q}", False),
    ],
)
def test_match(match: str, matched: bool) -> None:
    """What a constraint is for."""
    assert results(TEMPLATE + REGO, constraint(match), POD) == (["fail"] if matched else [])


@pytest.mark.parametrize(
    ("rest", "actions"),
    [
        ("", ("deny",)),
        ("  enforcementAction: warn", ("warn",)),
        ("  enforcementAction: dryrun", ("audit",)),
        (
            "  enforcementAction: scoped\n  scopedEnforcementActions: "
            "[{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}]",
            ("deny",),
        ),
        (
            "  enforcementAction: scoped\n  scopedEnforcementActions: "
            "[{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]",
            ("audit",),
        ),
    ],
)
def test_enforcement(rest: str, actions: tuple[str, ...]) -> None:
    """deny, warn, dryrun and scoped."""
    (verdict,) = said(TEMPLATE + REGO, constraint(rest=rest), POD)
    assert verdict.actions == actions


def test_config_takes_namespaces_out() -> None:
    """Namespaces that Gatekeeper's Config leaves out are not judged."""
    config = "apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: config, namespace: gatekeeper-system}\n"
    config += "spec: {match: [{processes: ['*'], excludedNamespaces: [ns1]}]}\n"
    assert results(TEMPLATE + REGO, constraint(), POD, config) == []


def test_data_of_the_render() -> None:
    """``data.inventory`` holds the other rendered objects."""
    rego = """
      rego: |
        package k
        violation[{"msg": "twice"}] {
          other := data.inventory.namespace[_][_].Pod[name]
          name != input.review.object.metadata.name
          other.metadata.labels.app == input.review.object.metadata.labels.app
        }
"""
    assert results(TEMPLATE + rego, constraint(), POD) == ["pass"]
    assert results(TEMPLATE + rego, constraint(), POD, POD.replace("{name: p,", "{name: q,")) == ["fail", "fail"]


@pytest.mark.parametrize(
    "engine",
    [
        "\n      rego: 'package k violation[{'\n",
        '\n      rego: |\n        package k\n        violation[{"msg": m}] { m := input.review.userInfo.username }\n',
        "\n      code: []\n",
    ],
)
def test_what_cannot_be_run_is_not_evaluated(engine: str) -> None:
    """A template that doesn't compile, reads who asks, or holds nothing."""
    assert results(TEMPLATE + engine, constraint(), POD) == ["not-evaluated"]


def test_absent_template_is_not_evaluated() -> None:
    """A constraint whose template isn't in the render."""
    assert results(constraint(), POD) == ["not-evaluated"]


def test_rego_that_does_not_end_is_given_up() -> None:
    """A policy made to run for ever costs its own verdicts only."""
    endless = 'package a\nn := numbers.range(1, 4000)\nviolation[{"msg": "x"}] { x := n[_]; y := n[_]; z := n[_]; x + y + z == 0 }'
    quick = 'package b\nviolation[{"msg": "no"}] { input.x == 1 }'
    started = time.monotonic()
    answers = run([Job(endless, (), [{}]), Job(quick, (), [{"x": 1}, {"x": 2}])], limit=2)
    assert "error" in answers[0][0]
    assert answers[1] == [{"violations": [{"msg": "no"}]}, {"violations": []}]
    assert time.monotonic() - started < 10


def test_a_match_that_is_no_mapping_never_crashes() -> None:
    """A constraint whose match has another form is told of, and breaks nothing."""
    constraint = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "K8sRequiredLabels",
        "metadata": {"name": "owner"},
        "spec": {"match": []},
    }
    policies = compile_policies(inventory([constraint]))
    assert [one.policy["metadata"]["name"] for one in standings(policies, ("ns1",))] == ["owner"]
