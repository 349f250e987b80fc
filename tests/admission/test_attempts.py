"""What the rails forbid, tried: only a refusal that the violation causes counts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from kfm_checks.admission.cel_policy import Block
from kfm_checks.admission.cel_reads import may_read
from kfm_checks.admission.jmespath_reads import Unclear, read
from kfm_checks.admission.kyverno_reads import fields
from kfm_checks.admission.ladder import STEPS, Ladder
from kfm_checks.admission.patterns import NODE_PORT, PATTERNS
from kfm_checks.facts.admission import admission_candidates as candidates
from kfm_checks.facts.admission import rail_matrix
from kfm_checks.manifests import parse_manifests
from tests.admission.helpers import known
from tests.admission.test_gatekeeper import TEMPLATE
from tests.admission.test_vap import BOUND, policy

DIGEST = f"sha256:{'a' * 64}"
SOUND = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: d, namespace: ns1}}
spec:
  selector: {{matchLabels: {{app: d}}}}
  template:
    metadata: {{labels: {{app: d}}}}
    spec:
      containers:
        - name: c
          image: ghcr.io/kfm/a@{DIGEST}
          livenessProbe: {{httpGet: {{port: 80}}}}
          readinessProbe: {{httpGet: {{port: 80}}}}
          resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{cpu: 1, memory: 1Gi}}}}
"""
PRIVILEGED = SOUND.replace("        - name: c\n", "        - name: c\n          securityContext: {privileged: true}\n")
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: ns1}\nspec: {type: %s, ports: [{port: 80}]}\n"
NOT_PRIVILEGED = "object.spec.containers.all(c, !c.?securityContext.?privileged.orValue(false))"
LABELLED = "has(object.metadata.labels) && 'team' in object.metadata.labels"


def answers(pattern: str, *texts: str) -> set[str]:
    """Whether a pattern is refused: yes, no or unknown."""
    frame = rail_matrix([obj for text in texts for obj in parse_manifests(text)])
    found = frame[frame["pattern"] == pattern]
    assert not found.empty
    return set(found["refused"])


@pytest.mark.parametrize("workload", [SOUND, PRIVILEGED], ids=["sound", "breaks the rail already"])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (NOT_PRIVILEGED, "yes"),
        (LABELLED, "no"),
        (f"{LABELLED} && {NOT_PRIVILEGED}", "yes"),
        ("false", "no"),
        (f"object.metadata.name == 'x' && {NOT_PRIVILEGED}", "unknown"),
        ("object.spec.containers.all(c, c.securityContext.privileged == false)", "yes"),
        ("size(object.spec.containers) > 1", "no"),
    ],
)
def test_refusal_that_the_violation_causes(workload: str, expression: str, expected: str) -> None:
    """A rule about a label forbids nothing; one about both does, tried on an object with the label."""
    text = policy(f'{{expression: "{expression}"}}')
    assert answers("is privileged", workload, text, BOUND) == {expected}


def test_rule_beside_one_that_refuses_the_object_anyway() -> None:
    """A policy with two rules is credited for the one that the violation breaks."""
    text = policy(f'{{expression: "{LABELLED}"}}\n    - {{expression: "{NOT_PRIVILEGED}"}}')
    assert answers("is privileged", PRIVILEGED, text, BOUND) == {"yes"}
    assert answers("shares the host's network", PRIVILEGED, text, BOUND) == {"no"}


KYVERNO = """
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: k}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate:
        failureAction: Enforce
        message: no
        pattern: %s
"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{spec: {containers: [{image: '!*:latest'}]}}", "yes"),
        ("{spec: {containers: [{imagePullPolicy: IfNotPresent}]}}", "no"),
        ("{spec: {containers: [{(image): '*:latest', imagePullPolicy: Always}]}}", "no"),
        ("{metadata: {labels: {team: '?*'}}, spec: {containers: [{image: '!*:latest'}]}}", "yes"),
        ("{metadata: {labels: {unheard-of: '?*'}}, spec: {containers: [{image: '!*:latest'}]}}", "unknown"),
        ("{metadata: {labels: {unheard-of: '?*'}}}", "no"),
    ],
)
def test_latest_with_either_pull_policy(pattern: str, expected: str) -> None:
    """A policy about the pull policy forbids no image."""
    assert answers("has an image with the tag latest", SOUND, KYVERNO % pattern) == {expected}


def test_policy_that_looks_at_the_first_container_alone() -> None:
    """Where every container breaks the rail, the attempt breaks it in the last one only."""
    two = SOUND.replace("          livenessProbe: {httpGet: {port: 80}}\n", "")
    two += f"        - {{name: e, image: ghcr.io/kfm/b@{DIGEST}}}\n"
    first = policy("{expression: 'has(object.spec.containers[0].livenessProbe)'}")
    assert answers("has no liveness probe", two, first, BOUND) == {"no"}
    every = policy("{expression: 'object.spec.containers.all(c, has(c.livenessProbe))'}")
    assert answers("has no liveness probe", two, every, BOUND) == {"yes"}


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("object.spec.type != 'NodePort'", "yes"),
        ("has(object.metadata.labels) && 'zone' in object.metadata.labels", "no"),
        ("object.spec.?externalTrafficPolicy.orValue('Local') == 'Local'", "no"),
    ],
)
def test_node_port(kind: str, expression: str, expected: str) -> None:
    """A Service that has a node port already is tried as one that has none."""
    text = policy(f'{{expression: "{expression}"}}', resources="[services]")
    assert answers("is of type NodePort", SERVICE % kind, text, BOUND) == {expected}


CONSTRAINT = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K\nmetadata: {name: c}\nspec: {match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}}\n"
UNLABELLED = (
    'not input.review.object.metadata.labels.team\n          msg := sprintf("%v is of no team", [input.review.object])'
)
UNPINNED = 'image := input.review.object.spec.containers[_].image\n          not contains(image, "@sha256:")\n          msg := image'
NEVER = "image := input.review.object.spec.containers[_].image\n          msg := image"


@pytest.mark.parametrize(("body", "expected"), [(UNLABELLED, "no"), (UNPINNED, "yes"), (NEVER, "unknown")])
@pytest.mark.parametrize("workload", [SOUND, SOUND.replace(f"@{DIGEST}", ":1")], ids=["sound", "unpinned"])
def test_gatekeeper_message_that_quotes_the_object(workload: str, body: str, expected: str) -> None:
    """Another message is no other reason: what counts is whether the constraint refuses the sound object too."""
    rego = f'\n      rego: |\n        package k\n        violation[{{"msg": msg}}] {{\n          {body}\n        }}\n'
    assert answers("has an image with a tag and no digest", workload, TEMPLATE + rego, CONSTRAINT) == {expected}


@pytest.mark.parametrize("workload", [SOUND, PRIVILEGED, SERVICE % "NodePort", SERVICE % "LoadBalancer"])
def test_steps_differ_in_the_violation_alone(workload: str) -> None:
    """Every step starts from an object that keeps the rail, and changes nothing but the fields of the pattern."""
    inventory = known(workload)
    service = inventory.objects[0].key.kind == "Service"
    for one in candidates(inventory, None)[id(inventory.objects[0])]:
        for pattern in (NODE_PORT,) if service else PATTERNS:
            for edit, number in itertools.product(pattern.edits, range(STEPS)):
                step = Ladder(one, pattern, edit, 0, {}).step(number)
                assert step is not None and step.base.obj != step.broken.obj
                assert all(pattern.keys & set(path) for path in different(step.base.obj, step.broken.obj))


def different(a: Any, b: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of the fields in which two objects differ, without indices."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [one for key in {*a, *b} for one in different(a.get(key), b.get(key), (*path, key))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [one for x, y in zip(a, b, strict=True) for one in different(x, y, path)]
    return [] if a == b else [path]


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("object.metadata.name != ''", False),
        ("object.spec.containers.all(c, has(c.image) && c.image.contains('@'))", False),
        ("object.spec.template.spec.containers[0].image == 'a'", False),
        ("size(object.spec.containers) > 0", False),
        ("object.spec.containers.map(c, c.name).all(n, n.matches('^[a-z]+$'))", True),
        ("has(object.spec.template) && !has(object.spec.template.spec.hostNetwork)", False),
        ("object.spec.containers.all(c, has(c.livenessProbe))", True),
        ("object.spec.containers.all(c, c['liveness' + 'x'] == 1)", True),
        ("object.spec.containers.all(c, c == object.spec.containers[0])", True),
        ("object.spec.containers.exists(c, c.exists(k, k == 'x'))", True),
        ("size(object.spec.containers[0]) > 3", True),
        ("object.spec.containers.filter(c, c.name == 'a')[0].size() > 3", True),
        ("object.spec.all(k, k != 'x')", True),
        ("string(object) == ''", True),
        ("object == oldObject", True),
        ("object.spec.containers.all(params, params == {})", True),
        ("[object.spec].size() > 0", True),
        ("object.spec.containers.all(containers, containers.size() > 3)", True),
    ],
)
def test_what_an_expression_may_read(text: str, may: bool) -> None:
    """Only what plainly can't read a field is taken to be blind to it."""
    block = Block()
    assert may_read([block.expression(text, "", "here")], block, frozenset({"livenessProbe"})) is may


@pytest.mark.parametrize(
    ("expression", "whole", "names"),
    [
        ("request.object.spec.containers[].image | length(@)", True, {"image"}),
        ("request.object.spec.[containers, initContainers][].image", True, {"image"}),
        ("request.object.spec.containers[?name=='a'].image", True, {"name", "image"}),
        ("request.object.spec.containers", False, set()),
        ("request.object.spec.containers", True, None),
        ("keys(request.object.spec)", True, None),
        ("request.object.spec.*", True, None),
        ("length(request.object.spec.containers[0])", True, None),
        ("images.containers.c.tag", True, None),
        ("element", True, None),
        ("@", True, None),
    ],
)
def test_what_a_query_reads(expression: str, whole: bool, names: set[str] | None) -> None:
    """The names that a JMESPath expression reads, where its tree tells."""
    if names is None:
        with pytest.raises(Unclear):
            read(expression, whole=whole)
    else:
        assert names <= set(read(expression, whole=whole))


@pytest.mark.parametrize(
    ("validate", "rest", "known_to_read"),
    [
        ({"pattern": {"spec": {"=(hostNetwork)": False}}}, {}, {"spec", "hostNetwork"}),
        ({"pattern": {"spec": {"x": "{{ request.object.metadata.name }}"}}}, {}, {"spec", "x", "name"}),
        ({"podSecurity": {"level": "baseline"}}, {}, None),
        ({"pattern": {}}, {"context": [{"name": "x"}]}, None),
        ({"deny": {"conditions": [{"key": "{{ request.object.spec }}"}]}}, {}, None),
        ({"foreach": [{"list": "request.object.spec.containers", "pattern": {"image": "*"}}]}, {}, {"image"}),
    ],
)
def test_what_a_rule_reads(validate: dict[str, Any], rest: dict[str, Any], known_to_read: set[str] | None) -> None:
    """The fields of a Kyverno rule, None where its text doesn't tell."""
    found = fields({"validate": validate, **rest})
    assert found is None if known_to_read is None else found is not None and known_to_read <= found
