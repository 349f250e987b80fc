"""Admission policies as facts: what is compiled, tried, left off and covered, and the views of a notebook."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.config import Config, parse_settings
from kfm_checks.facts.admission import (
    admission_attempts,
    admission_candidates,
    admission_policies,
    admission_run,
    admission_standing,
    image_coverage,
    policy_matrix,
)
from kfm_checks.facts.objects import Inventory, inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests

VAP = """---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %s}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations: [{expression: "%s"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %s}
spec: {policyName: %s, validationActions: [%s]}
"""
POD = """---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
spec: {containers: [{name: c, image: '%s'}]}
"""
GOOD = "registry.example.org/a/b@sha256:" + "0" * 64


def vap(name: str = "p", expression: str = "false", action: str = "Deny") -> str:
    """A policy with its binding."""
    return VAP % (name, expression, name, name, action)


def known(text: str) -> Inventory:
    """The objects of a text."""
    return inventory(parse_manifests(text))


def test_policies_come_from_the_render_and_from_elsewhere() -> None:
    """Both together; none of any engine is no answer, and nothing else is one."""
    render, extra = known(POD % ("a", "x", GOOD)), tuple(parse_manifests(vap()))
    assert admission_policies(render, None) is None
    assert admission_policies(render, ()) is None
    assert admission_policies(render, tuple(parse_manifests(POD % ("b", "x", GOOD)))) is None
    for policies in (
        admission_policies(render, extra),
        admission_policies(known(vap() + POD % ("a", "x", GOOD)), None),
    ):
        assert policies is not None
        assert policies.any
        run = admission_run(render, policies, admission_candidates(render, extra))
        assert [verdict.result for verdict in run.verdicts if verdict.candidate.kind == "Pod"] == ["fail"]
    assert not admission_run(render, None, {}).present
    other = admission_policies(known("apiVersion: kyverno.io/v1\nkind: UpdateRequest\nmetadata: {name: u}\n"), None)
    assert not admission_run(render, other, admission_candidates(render, None)).present


CONFIG = parse_settings({"workloads": {"platform-namespaces": ["platform"]}}).config
SPACES = (
    POD % ("a", "x", GOOD) + POD % ("b", "platform", GOOD) + POD % ("c", "kube-system", GOOD) + POD % ("d", "z", GOOD)
)


def test_namespaces_of_the_platform_are_left_off() -> None:
    """Who lets off what is asked of the overlay's own alone, and each attempt is on a workload of them."""
    render = known(vap() + SPACES)
    policies, made = admission_policies(render, None), workloads(render)
    [standing] = admission_standing(render, policies, made, CONFIG)
    assert standing.enforcing
    bound = vap().replace(
        "spec: {policyName",
        "spec: {matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: x}}}, policyName",
    )
    render = known(bound + SPACES)
    [standing] = admission_standing(render, admission_policies(render, None), made, CONFIG)
    assert standing.exempt_namespaces == ("z",)
    assert admission_standing(render, None, made, CONFIG) == ()
    tried = admission_attempts(render, None, admission_candidates(render, None), workloads(render), CONFIG)
    assert {attempt.subject.key.namespace for attempt in tried} == {"x", "z"}


SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: %s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n"
TEMPLATE = "---\napiVersion: v1\nkind: PodTemplate\nmetadata: {name: t, namespace: x}\ntemplate: {spec: {containers: [{name: c, image: i}]}}\n"


def tried(text: str, config: Config = CONFIG) -> list[tuple[str, str]]:
    """Each attempt: on what, and with what."""
    render = known(text)
    found = admission_attempts(render, None, admission_candidates(render, None), workloads(render), config)
    return [(attempt.subject.key.name, attempt.words) for attempt in found]


def test_what_the_rails_forbid_is_tried_on_each_workload_and_service() -> None:
    """A template of pods makes none by itself; a Service of the platform is its own business."""
    assert {name for name, _ in tried(POD % ("a", "x", GOOD) + TEMPLATE)} == {"a"}
    assert {name for name, _ in tried(SERVICE % "x")} == {"s"}
    assert tried(SERVICE % "platform") == []


@pytest.mark.parametrize(
    ("settings", "image", "gone"),
    [
        ({}, GOOD, set()), ({"thresholds": {"cpu-limits": "memory-only"}}, GOOD, {"sets no CPU limit"}),
        ({"images": {"immutable-tags": ["registry.example.org/a"]}}, GOOD, {"has an image with a tag and no digest"}),
        ({"images": {"immutable-tags": ["registry.example.org/z"]}}, GOOD, set()),
        ({"images": {"immutable-tags": ["registry.example.org/a"]}}, "!!", set()),
        ({"thresholds": {"cpu-limits": "memory-only"}, "images": {"immutable-tags": ["registry.example.org/a"]}}, GOOD,
         {"sets no CPU limit", "has an image with a tag and no digest"}),
    ],
)  # fmt: skip
def test_what_the_team_declared_is_not_tried(settings: dict[str, Any], image: str, gone: set[str]) -> None:
    """CPU limits that nobody wants, tags that a registry keeps; all other patterns are tried."""
    every = {words for _, words in tried(POD % ("a", "x", image))}
    left = {words for _, words in tried(POD % ("a", "x", image), parse_settings(settings).config)}
    assert every - left == gone
    assert left


def test_one_of_several_images_may_have_a_kept_tag() -> None:
    """One that is no reference does not hide it."""
    text = (POD % ("a", "x", "!!")).replace("]}", f", {{name: d, image: '{GOOD}'}}]}}")
    settings = parse_settings({"images": {"immutable-tags": ["registry.example.org/a"]}})
    assert "has an image with a tag and no digest" not in {words for _, words in tried(text, settings.config)}


SIGNED = """---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: %s}
spec:
  validationFailureAction: %s
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["%s"]
          mutateDigest: false
          attestors: [{entries: [{keys: {publicKeys: "%s"}}]}]
"""
KEY = "-----BEGIN PUBLIC KEY-----\\\\nMFkw\\\\n-----END PUBLIC KEY-----"


def covered(text: str, extra: str = "") -> list[tuple[str, str, str]]:
    """Workload, what covers its image, and the rules that there are."""
    render, more = known(text), tuple(parse_manifests(extra)) if extra else None
    made = admission_candidates(render, more)
    found = image_coverage(render, more, made, workloads(render), CONFIG)
    return [(one.workload.name, one.covered, f"{one.by is not None} {one.rules}") for one in found]


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        ("", ("none", "False 0")), (SIGNED % ("p", "Enforce", "registry.example.org/*", KEY), ("enforced", "True 1")),
        (SIGNED % ("p", "Audit", "registry.example.org/*", KEY), ("audited", "True 1")),
        (SIGNED % ("p", "Enforce", "other.example.org/*", KEY), ("none", "False 1")),
        (SIGNED % ("p", "Audit", "registry.example.org/*", KEY) + SIGNED % ("q", "Enforce", "registry.example.org/*", KEY),
         ("enforced", "True 2")),
    ],
)  # fmt: skip
def test_which_rule_asks_for_a_signature(policies: str, found: tuple[str, str]) -> None:
    """The best that any rule does, whether the rules are in the render or given beside it."""
    pod = POD % ("a", "x", GOOD)
    assert covered(pod + policies) == [("a", *found)]
    assert covered(pod, policies) == [("a", *found)]


def test_images_of_the_overlay_alone_are_asked_for() -> None:
    """Neither the platform's, nor pods that an operator makes; what comes after them still is."""
    assert [name for name, _, _ in covered(SPACES)] == ["a", "d"]


@pytest.mark.parametrize(
    ("expression", "action", "word"),
    [("false", "Deny", "refused"), ("false", "Audit", "recorded"), ("true", "Deny", "pass"), ("true", "Audit", "pass")],
)
def test_the_matrix_of_policies(expression: str, action: str, word: str) -> None:
    """The worst that a policy says of a workload and its pods; of one that it does not match, nothing."""
    service = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: x}\nspec: {replicas: 0}\n"
    frame = policy_matrix(parse_manifests(vap("p", expression, action) + POD % ("a", "x", GOOD) + service))
    [row] = frame.to_dict("records")
    assert row["policy"] == "ValidatingAdmissionPolicy/p"
    assert row["x/Pod/a"] == word


ASKING = """---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: k}
spec:
  validationFailureAction: Enforce
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      context: [{name: c, apiCall: {urlPath: /api/v1/pods}}]
      validate: {message: m, deny: {conditions: {any: [{key: "{{ c }}", operator: Equals, value: x}]}}}
"""


def test_a_policy_that_nobody_evaluates_is_told_as_such() -> None:
    """It asks the cluster: neither a pass nor a refusal."""
    [row] = policy_matrix(parse_manifests(ASKING + POD % ("a", "x", GOOD))).to_dict("records")
    assert row["x/Pod/a"] == "not evaluated"
