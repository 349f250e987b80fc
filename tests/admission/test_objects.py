"""What admission sees: the server's defaults, the Pods that workloads make, LimitRanges, custom resources."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.admission.candidates import expanded, limited
from kfm_checks.admission.crd import broken_rules
from kfm_checks.admission.defaults import completed, undetermined
from kfm_checks.admission.resources import pluralised, resources
from kfm_checks.facts.objects import dig
from tests.admission.helpers import known, results


def done(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with its defaults."""
    made = completed({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec})
    return made["spec"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "path", "value"),
    [
        ("apps/v1", "Deployment", {}, ("replicas",), 1),
        ("apps/v1", "Deployment", {}, ("strategy", "rollingUpdate", "maxSurge"), "25%"),
        ("apps/v1", "Deployment", {"strategy": {"type": "Recreate"}}, ("strategy",), {"type": "Recreate"}),
        ("apps/v1", "StatefulSet", {}, ("podManagementPolicy",), "OrderedReady"),
        ("apps/v1", "DaemonSet", {}, ("updateStrategy", "rollingUpdate", "maxUnavailable"), 1),
        ("batch/v1", "Job", {}, ("backoffLimit",), 6),
        ("batch/v1", "CronJob", {}, ("concurrencyPolicy",), "Allow"),
        ("batch/v1", "CronJob", {"jobTemplate": {}}, ("jobTemplate", "metadata"), {}),
        ("apps/v1", "StatefulSet", {}, ("updateStrategy", "rollingUpdate", "maxUnavailable"), 1),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {},
            ("metrics", 0, "resource", "target", "averageUtilization"),
            80,
        ),
        (
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {"behavior": {}},
            ("behavior", "scaleUp", "policies", 0, "value"),
            4,
        ),
        ("v1", "ReplicationController", {"template": {"metadata": {"labels": {"a": "b"}}}}, ("selector",), {"a": "b"}),
        (
            "v1",
            "LimitRange",
            {"limits": [{"type": "Container", "max": {"cpu": 1}}]},
            ("limits", 0, "defaultRequest"),
            {"cpu": 1},
        ),
        ("networking.k8s.io/v1", "IngressClass", {"parameters": {}}, ("parameters", "scope"), "Cluster"),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            {"matchConstraints": {"resourceRules": [{}]}},
            ("matchConstraints", "resourceRules", 0, "scope"),
            "*",
        ),
        ("v1", "PersistentVolume", {"hostPath": {"path": "/a"}}, ("hostPath", "type"), ""),
        ("v1", "Service", {}, ("type",), "ClusterIP"),
        ("v1", "Service", {"ports": [{"port": 80}]}, ("ports", 0), {"port": 80, "protocol": "TCP", "targetPort": 80}),
        ("v1", "Service", {"type": "LoadBalancer"}, ("externalTrafficPolicy",), "Cluster"),
        ("networking.k8s.io/v1", "NetworkPolicy", {"egress": [{}]}, ("policyTypes",), ["Ingress", "Egress"]),
        ("v1", "Pod", {"containers": [{"image": "a"}]}, ("containers", 0, "imagePullPolicy"), "Always"),
        ("v1", "Pod", {"containers": [{"image": "a:1"}]}, ("containers", 0, "imagePullPolicy"), "IfNotPresent"),
        ("v1", "Pod", {"containers": [{"image": "r:5/a"}]}, ("containers", 0, "imagePullPolicy"), "Always"),
        ("v1", "Pod", {"containers": [{"image": "a@sha256:x"}]}, ("containers", 0, "imagePullPolicy"), "IfNotPresent"),
        ("v1", "Pod", {"containers": [{"livenessProbe": {}}]}, ("containers", 0, "livenessProbe", "periodSeconds"), 10),
        (
            "v1",
            "Pod",
            {"containers": [{"resources": {"limits": {"cpu": 1}}}]},
            ("containers", 0, "resources", "requests"),
            {"cpu": 1},
        ),
        ("v1", "Pod", {"containers": [], "hostPID": None}, ("hostPID",), None),
        ("v1", "Pod", {"volumes": [{"name": "v"}]}, ("volumes", 0, "emptyDir"), {}),
    ],
)
def test_default(api_version: str, kind: str, spec: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    """The API reference's defaults are there before a policy judges."""
    assert dig(done(api_version, kind, spec), *path) == value


@pytest.mark.parametrize(
    "spec", [None, [], "text", {"template": []}, {"template": {"spec": "x"}}, {"strategy": 1}, {"ports": {}}]
)
@pytest.mark.parametrize("kind", ["Deployment", "Service", "CronJob", "Pod", "StatefulSet", "NetworkPolicy"])
def test_default_of_nonsense(kind: str, spec: Any) -> None:
    """Wrong types anywhere change nothing and break nothing."""
    groups = {
        "Deployment": "apps/v1",
        "StatefulSet": "apps/v1",
        "CronJob": "batch/v1",
        "NetworkPolicy": "networking.k8s.io/v1",
    }
    obj = completed({"apiVersion": groups.get(kind, "v1"), "kind": kind, "metadata": "x", "spec": spec})
    assert undetermined(obj)


def test_what_says_nothing_is_left_out() -> None:
    """As the server's types leave it out: false by default, empty lists, empty values of variables."""
    container = {"name": "a", "image": "b", "env": [{"name": "A", "value": ""}], "tty": False, "args": [],
                 "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": False}]}  # fmt: skip
    made = done("v1", "Pod", {"hostNetwork": False, "tolerations": [], "containers": [container]})
    assert {"hostNetwork", "tolerations"} & set(made) == set()
    (one,) = made["containers"]
    assert {"tty", "args"} & set(one) == set()
    assert one["env"] == [{"name": "A"}]
    assert one["volumeMounts"] == [{"name": "v", "mountPath": "/v"}]


@pytest.mark.parametrize(
    ("account", "pod", "mounted"), [(None, None, True), (False, None, False), (False, True, True), (None, False, False)]
)
def test_a_pod_gets_a_token_and_tolerations(account: bool | None, pod: bool | None, mounted: bool) -> None:
    """From plugins of the server, before any policy: unless its service account or it itself says no."""
    said = "" if account is None else f", automountServiceAccountToken: {str(account).lower()}"
    own = "" if pod is None else f"automountServiceAccountToken: {str(pod).lower()}, "
    found = known(
        f"apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: default, namespace: a}}{said and chr(10) + said[2:]}\n---\n"
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: a}}\nspec: {{{own}containers: [{{name: c, image: i}}]}}\n"
    )
    (made,) = expanded(found.of("Pod")[0], found, resources(found))
    volumes = [volume["name"] for volume in made.obj["spec"].get("volumes", [])]
    assert volumes == (["kube-api-access-00000"] if mounted else [])
    assert [one["tolerationSeconds"] for one in made.obj["spec"]["tolerations"]] == [300, 300]


def test_a_service_has_fields_that_only_the_server_knows() -> None:
    """An address isn't guessed."""
    made = completed(
        {"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": {"ports": [{"port": 1}], "type": "NodePort"}}
    )
    assert {"clusterIP", "nodePort", "uid"} <= undetermined(made)


WORKLOAD = """
apiVersion: {api}
kind: {kind}
metadata: {{name: w, namespace: ns1}}
spec: {spec}
"""
TEMPLATE = "{template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}"


@pytest.mark.parametrize(
    ("api", "kind", "spec", "kinds"),
    [
        ("apps/v1", "Deployment", TEMPLATE, ["Deployment", "ReplicaSet", "Pod"]),
        ("apps/v1", "StatefulSet", TEMPLATE, ["StatefulSet", "Pod"]),
        ("batch/v1", "Job", TEMPLATE, ["Job", "Pod"]),
        ("batch/v1", "CronJob", f"{{jobTemplate: {{spec: {TEMPLATE}}}}}", ["CronJob", "Job", "Pod"]),
        ("apps/v1", "Deployment", "{template: nonsense}", ["Deployment", "ReplicaSet"]),
        ("v1", "Service", "{}", ["Service"]),
    ],
)
def test_expanded(api: str, kind: str, spec: str, kinds: list[str]) -> None:
    """A workload stands for what its controllers make."""
    inventory = known(WORKLOAD.format(api=api, kind=kind, spec=spec))
    found = list(expanded(inventory.objects[0], inventory, resources(inventory)))
    assert [candidate.kind for candidate in found] == kinds
    if kinds[-1] == "Pod":
        pod = found[-1]
        assert pod.labels == {"a": "b"} and pod.namespace == "ns1" and pod.derived
        assert pod.obj["metadata"]["ownerReferences"][0]["kind"] == kinds[-2]


def test_limit_range_completes_pods() -> None:
    """The Pod gets what the LimitRange gives, and keeps its own."""
    text = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: ns1}\n"
    text += "spec: {limits: [{type: Container, default: {cpu: '1', memory: 1Gi}, defaultRequest: {cpu: 100m}}]}\n"
    spec = TEMPLATE.replace("image: i", "image: i, resources: {limits: {cpu: '2'}}")
    inventory = known(WORKLOAD.format(api="apps/v1", kind="Deployment", spec=spec), text)
    *_, pod = expanded(inventory.objects[0], inventory, resources(inventory))
    made = limited(pod, inventory).obj["spec"]["containers"][0]["resources"]
    assert made == {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "2"}}


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Gateway", "gateways"),
        ("Endpoints", "endpoints"),
    ],
)
def test_plural(kind: str, plural: str) -> None:
    """Resources are named as Kubernetes names them."""
    assert pluralised(kind) == plural


CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.x.io}
spec:
  group: x.io
  scope: Namespaced
  names: {kind: Widget, plural: widgetry}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              x-kubernetes-validations:
                - {rule: "self.min <= self.max", message: min is above max}
                - {rule: "self.first__dash__name != ''", messageExpression: "'no name, min ' + string(self.min)"}
                - {rule: "self.max == oldSelf.max", message: max is immutable}
              properties:
                min: {type: integer, default: 2}
                max: {type: integer}
                first-name: {type: string}
                items:
                  type: array
                  items: {type: object, x-kubernetes-validations: [{rule: "has(self.id)"}]}
"""
WIDGET = "apiVersion: x.io/v1\nkind: Widget\nmetadata: {name: w, namespace: ns1}\nspec: {max: %s, first-name: '%s', items: [{id: 1}%s]}\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((3, "a", ""), []),
        ((1, "a", ""), [(("spec",), "min is above max")]),
        ((3, "", ""), [(("spec",), "no name, min 2")]),
        ((3, "a", ", {m: 1}"), [(("spec", "items", 1), "failed rule: has(self.id)")]),
    ],
)
def test_rules_of_a_crd(values: tuple[Any, ...], expected: list[Any]) -> None:
    """Validation rules by path, with defaults first and transition rules left out."""
    crd, widget = known(CRD, WIDGET % values).objects
    found = broken_rules(widget, dig(crd, "spec", "versions", 0, "schema", "openAPIV3Schema"))
    assert [(broken.path, broken.message) for broken in found] == expected


def test_policy_on_a_custom_resource_knows_its_plural_and_defaults() -> None:
    """The CRD says how the resource is called and what the server fills in."""
    policy = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [x.io], apiVersions: [v1], operations: ["*"], resources: [widgetry]}]}
  validations: [{expression: "object.spec.min == 2"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Deny]}
"""
    assert results(CRD, WIDGET % (3, "a", ""), policy, kind="Widget") == ["pass"]
