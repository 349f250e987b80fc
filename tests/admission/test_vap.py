"""ValidatingAdmissionPolicy: matching, parameters, variables, messages, failure policy; what isn't known isn't judged."""

from __future__ import annotations

import pytest

from tests.admission.helpers import POD, results, said

BOUND = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec:
  policyName: p
  validationActions: [Deny]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: ns1}
spec:
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      containers:
        - {name: good, image: "a@sha256:x"}
        - {name: bad, image: "b:1"}
"""


def policy(validation: str, rest: str = "", resources: str = "[pods]", groups: str = '[""]', rule: str = "") -> str:
    """A policy with one rule and one validation."""
    return f"""
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: p}}
spec:
  matchConstraints:
    resourceRules:
      - {{apiGroups: {groups}, apiVersions: [v1], operations: [CREATE], resources: {resources}{rule}}}
{rest}
  validations:
    - {validation}
"""


@pytest.mark.parametrize(
    ("resources", "groups", "rule", "matched"),
    [
        ("[pods]", '[""]', "", True),
        ('["*"]', '["*"]', "", True),
        ('["pods/*"]', '[""]', "", True),
        ('["pods/exec"]', '[""]', "", False),
        ("[pods]", "[apps]", "", False),
        ("[pods]", '[""]', ", scope: Cluster", False),
        ("[pods]", '[""]', ", resourceNames: [p]", True),
        ("[pods]", '[""]', ", resourceNames: [q]", False),
    ],
)
def test_rules(resources: str, groups: str, rule: str, matched: bool) -> None:
    """Rules match as the server's predicates do."""
    text = policy("expression: 'false'", resources=resources, groups=groups, rule=rule)
    assert results(text, BOUND, POD) == (["fail"] if matched else [])


@pytest.mark.parametrize(
    ("constraint", "matched"),
    [
        ("objectSelector: {matchLabels: {app: p}}", True),
        ("objectSelector: {matchLabels: {app: q}}", False),
        ("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns1}}", True),
        ("excludeResourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods]}]", False),
    ],
)
def test_constraints(constraint: str, matched: bool) -> None:
    """Selectors and exclusions, in the policy and in the binding."""
    refusing = policy("expression: 'false'")
    within = refusing.replace("  matchConstraints:\n", f"  matchConstraints:\n    {constraint}\n")
    assert results(within, BOUND, POD) == (["fail"] if matched else [])
    assert results(refusing, f"{BOUND}  matchResources: {{{constraint}}}\n", POD) == (["fail"] if matched else [])


def test_labels_of_an_absent_namespace_are_not_guessed() -> None:
    """A selector on labels that the render doesn't have: what passes anyway passes, the rest is not evaluated."""
    bound = f"{BOUND}  matchResources: {{namespaceSelector: {{matchLabels: {{team: kfm}}}}}}\n"
    assert results(policy("expression: 'false'"), bound, POD) == ["not-evaluated"]
    assert results(policy("expression: 'true'"), bound, POD) == ["pass"]


def test_policies_are_not_judged_by_policies() -> None:
    """The server keeps policies out of their own reach."""
    text = policy("expression: 'false'", resources='["*"]', groups='["*"]')
    assert results(text, BOUND, kind="ValidatingAdmissionPolicy") == []


def test_pods_of_a_workload_are_judged_and_the_container_is_named() -> None:
    """A policy for Pods reaches what a Deployment makes, and says which container breaks it."""
    text = policy("{expression: \"object.spec.containers.all(c, c.image.contains('@sha256:'))\", message: pin it}")
    (verdict,) = said(text, BOUND, DEPLOYMENT)
    assert verdict.refuses and verdict.containers == ("bad",)
    assert verdict.candidate.source.key.kind == "Deployment"
    assert verdict.candidate.source_path(verdict.path) == ("spec", "template", "spec", "containers", 1)
    assert verdict.message == "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: pin it"


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ("expression: 'false'", "failed expression: false"),
        ("{expression: 'false', message: ' said '}", "said"),
        ("{expression: 'false', messageExpression: '\"it is \" + object.metadata.name'}", "it is p"),
        ("{expression: 'false', message: said, messageExpression: object.nope}", "refused"),
        ("{expression: 'false', message: said, messageExpression: 'string(object.metadata.nope)'}", "said"),
        ("{expression: 'false', message: said, messageExpression: '\"a\\nb\"'}", "said"),
    ],
)
def test_message(validation: str, message: str) -> None:
    """messageExpression, else message, else the expression; one that is refused refuses the policy."""
    found = said(policy(validation), BOUND, POD)
    if message == "refused":
        assert found == []
    else:
        assert [verdict.message.partition("request: ")[2] for verdict in found] == [message]


def test_variables_are_lazy_and_build_on_each_other() -> None:
    """A variable that ends in an error only matters where it is used."""
    variables = """
  variables:
    - {name: broken, expression: object.nope.x}
    - {name: images, expression: "object.spec.containers.map(c, c.image)"}
    - {name: first, expression: "variables.images[?0]"}
"""
    used = "expression: \"variables.first.orValue('') == 'nginx:1' || variables.broken == 1\""
    assert results(policy(used, variables), BOUND, POD) == ["pass"]
    assert results(policy("expression: variables.broken == 1", variables), BOUND, POD) == ["error"]


@pytest.mark.parametrize(("failure", "result"), [("Fail", "error"), ("Ignore", "pass")])
def test_failure_policy(failure: str, result: str) -> None:
    """An error is decided by the failure policy."""
    rest = f"  failurePolicy: {failure}"
    (verdict,) = said(policy("expression: object.nope == 1", rest), BOUND, POD)
    assert verdict.result == result
    assert verdict.refuses is (failure == "Fail")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("'true'", ["fail"]),
        ("'false'", []),
        ("object.nope == 1", ["error"]),
        ("request.userInfo.uid == ''", ["not-evaluated"]),
    ],
)
def test_match_conditions(condition: str, expected: list[str]) -> None:
    """A false condition lets the request by; an error is the policy's."""
    rest = f'  matchConditions: [{{name: c, expression: "{condition.strip(chr(39))}"}}]'
    assert results(policy("expression: 'false'", rest), BOUND, POD) == expected


@pytest.mark.parametrize(
    "text",
    [
        "authorizer.group('').resource('pods').check('create').allowed()",
        "request.userInfo.username == 'x'",
        "has(request.userInfo.groups)",
    ],
)
def test_who_asks_is_not_verified(text: str) -> None:
    """No render tells who sends the request."""
    assert results(policy(f'expression: "{text}"'), BOUND, POD) == ["not-evaluated"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("request.operation == 'CREATE' && request.resource.resource == 'pods' && request.kind.kind == 'Pod'", "pass"),
        ("oldObject == null", "pass"),
        ("namespaceObject.metadata.name == 'ns1'", "pass"),
        ("namespaceObject.metadata.labels.team == 'kfm'", "not-evaluated"),
        ("object.metadata.uid != ''", "not-evaluated"),
        ("object.spec.containers[0].imagePullPolicy == 'IfNotPresent'", "pass"),
        ("has(object.spec.containers[0].resources)", "pass"),
        ("object.spec.containers[0].ports[0].protocol == 'TCP'", "pass"),
        ("object.spec.serviceAccountName == 'default'", "pass"),
    ],
)
def test_what_an_expression_sees(text: str, result: str) -> None:
    """The request of a create, the object with the server's defaults; what the server decides itself isn't known."""
    assert results(policy(f'expression: "{text}"'), BOUND, POD) == [result]


def test_fields_of_typed_variables_are_checked() -> None:
    """A field that ``request`` has not is refused, and with it the policy."""
    assert results(policy("expression: request.nope == 1"), BOUND, POD) == []


PARAMS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: ns1, labels: {for: p}}
data: {registry: nginx}
"""


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("name: limits, parameterNotFoundAction: Deny", ["pass"]),
        ("name: limits, namespace: ns1, parameterNotFoundAction: Deny", ["pass"]),
        ("selector: {matchLabels: {for: p}}, parameterNotFoundAction: Deny", ["pass"]),
        ("name: other, parameterNotFoundAction: Deny", ["error"]),
        ("name: other, parameterNotFoundAction: Allow", []),
        ("name: limits, namespace: elsewhere, parameterNotFoundAction: Deny", ["error"]),
    ],
)
def test_parameters(reference: str, expected: list[str]) -> None:
    """Parameters by name and by selector; a missing one is decided by the binding."""
    rest = "  paramKind: {apiVersion: v1, kind: ConfigMap}"
    text = policy('expression: "object.spec.containers.all(c, c.image.startsWith(params.data.registry))"', rest)
    assert results(text, f"{BOUND}  paramRef: {{{reference}}}\n", PARAMS, POD) == expected


def test_another_version_needs_a_conversion() -> None:
    """matchPolicy Equivalent reaches other served versions; what has to be converted first is not evaluated."""
    scaler = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, namespace: ns1}
spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}}
"""
    text = policy("expression: 'false'", resources="[horizontalpodautoscalers]", groups="[autoscaling]")
    assert results(text, BOUND, scaler, kind="HorizontalPodAutoscaler") == ["not-evaluated"]
    exact = text.replace("  matchConstraints:\n", "  matchConstraints:\n    matchPolicy: Exact\n")
    assert results(exact, BOUND, scaler, kind="HorizontalPodAutoscaler") == []


def test_no_message_quotes_a_secret_that_is_a_parameter() -> None:
    """A policy may read a Secret as its parameter; what it would say of it is not repeated."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns1}\nstringData: {word: correct-horse}\n"
    text = policy(
        "{expression: 'false', message: 'no', messageExpression: string(params.stringData.word)}",
        "  paramKind: {apiVersion: v1, kind: Secret}",
    )
    (verdict,) = said(text, f"{BOUND}  paramRef: {{name: s, parameterNotFoundAction: Deny}}\n", secret, POD)
    assert verdict.result == "fail" and verdict.message.endswith(": no")


ROLLOUT = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r, namespace: ns1}\nspec: {replicas: 3}\n"
DEFINED = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Rollout, plural: rollouts}
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {replicas: {type: integer}, paused: {type: boolean, default: true}}}
"""


@pytest.mark.parametrize(
    ("expression", "alone", "defined"),
    [
        ("object.spec.replicas < 5", "pass", "pass"),
        ("object.spec.replicas > 5", "fail", "fail"),
        ("!object.spec.?paused.orValue(false)", "not-evaluated", "fail"),
        ("!has(object.spec.paused)", "not-evaluated", "fail"),
        ("!has(object.metadata.labels)", "pass", "pass"),
    ],
)
def test_defaults_of_a_kind_without_its_definition_are_not_known(expression: str, alone: str, defined: str) -> None:
    """What a custom resource doesn't set, its definition may fill in."""
    text = policy(f'{{expression: "{expression}"}}', resources="[rollouts]", groups="[argoproj.io]")
    text = text.replace("apiVersions: [v1]", "apiVersions: ['*']")
    assert results(text, BOUND, ROLLOUT, kind="Rollout") == [alone]
    assert results(text, BOUND, ROLLOUT, DEFINED, kind="Rollout") == [defined]


def test_audit_annotation_that_the_type_check_refuses() -> None:
    """It decides nothing, but the server doesn't take the policy with it."""
    good = policy("{expression: 'false'}", "  auditAnnotations: [{key: a, valueExpression: \"'x'\"}]")
    assert results(good, BOUND, POD) == ["fail"]
    assert results(good.replace("'x'", "'x' + 1"), BOUND, POD) == []


HOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: w}
webhooks:
  - name: a.b.c
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [%s]}]
    objectSelector: {matchLabels: {app: %s}}
"""
ASSIGN = """
apiVersion: mutations.gatekeeper.sh/v1
kind: Assign
metadata: {name: a}
spec:
  applyTo: [{groups: [""], versions: [v1], kinds: [%s]}]
  match: {namespaces: [ns1]}
"""
MAP = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: m}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  matchConditions: [{name: c, expression: "object.metadata.name == '%s'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: m}
spec: {policyName: %s}
"""


@pytest.mark.parametrize(
    ("mutator", "reaches"),
    [
        (HOOK % ("pods", "p"), True),
        (HOOK % ("pods", "q"), False),
        (HOOK % ("secrets", "p"), False),
        (ASSIGN % "Pod", True),
        (ASSIGN % "Service", False),
        (MAP % ("p", "m"), True),
        (MAP % ("q", "m"), False),
        (MAP % ("p", "other"), False),
    ],
)
def test_what_changes_the_object_first(mutator: str, reaches: bool) -> None:
    """An object that a mutating policy or webhook reaches is never said to fail; one that passes, passes."""
    refused = policy("{expression: 'false'}")
    assert results(refused, BOUND, POD, mutator) == ["not-evaluated" if reaches else "fail"]
    assert results(policy("{expression: 'true'}"), BOUND, POD, mutator) == ["pass"]


def test_namespaced_parameters_of_a_cluster_scoped_object() -> None:
    """The server ends in an error: no namespace says where to look."""
    text = policy("{expression: 'true'}", "  paramKind: {apiVersion: v1, kind: ConfigMap}", "[persistentvolumes]")
    bound = f"{BOUND}  paramRef: {{name: limits, parameterNotFoundAction: Allow}}\n"
    volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {capacity: {storage: 1Gi}}\n"
    assert results(text, bound, PARAMS, volume, kind="PersistentVolume") == ["error"]
    named = bound.replace("name: limits,", "name: limits, namespace: ns1,")
    assert results(text, named, PARAMS, volume, kind="PersistentVolume") == ["pass"]
