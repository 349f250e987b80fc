"""Where each kind has its pod template, and what a workload and its containers are."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import Workload, containers, workloads

TEMPLATE, JOB = ("spec", "template"), ("spec", "jobTemplate", "spec", "template")
#: As the API reference has them: apiVersion, kind, the way to the pod template.
KINDS: list[tuple[str, str, tuple[str, ...]]] = [
    ("v1", "Pod", ()), ("v1", "PodTemplate", ("template",)), ("v1", "ReplicationController", TEMPLATE),
    ("apps/v1", "Deployment", TEMPLATE), ("apps/v1", "StatefulSet", TEMPLATE), ("apps/v1", "DaemonSet", TEMPLATE),
    ("apps/v1", "ReplicaSet", TEMPLATE), ("batch/v1", "Job", TEMPLATE), ("batch/v1", "CronJob", JOB),
    ("apps.openshift.io/v1", "DeploymentConfig", TEMPLATE), ("argoproj.io/v1alpha1", "Rollout", TEMPLATE),
    ("apps.kruise.io/v1alpha1", "CloneSet", TEMPLATE), ("serving.knative.dev/v1", "Service", TEMPLATE),
    ("v1", "Deployment", TEMPLATE), ("v1", "StatefulSet", TEMPLATE), ("v1", "DaemonSet", TEMPLATE),
    ("v1", "ReplicaSet", TEMPLATE), ("v1", "Job", TEMPLATE), ("v1", "CronJob", JOB),
    ("extensions/v1beta1", "Deployment", TEMPLATE), ("extensions/v1beta1", "DaemonSet", TEMPLATE),
    ("extensions/v1beta1", "ReplicaSet", TEMPLATE),
]  # fmt: skip
POD: dict[str, Any] = {"containers": [{"name": "a", "image": "a:1"}]}


def made(api: str, kind: str, path: tuple[str, ...], spec: Any = None) -> dict[str, Any]:
    """An object of a kind with a pod spec where the kind has it."""
    body: dict[str, Any] = {"spec": POD if spec is None else spec}
    for step in reversed(path):
        body = {step: body}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "app"}, **body}


def only(obj: dict[str, Any]) -> Workload:
    """The workload that an object is."""
    (found,) = workloads(inventory([obj]))
    return found


@pytest.mark.parametrize(("api", "kind", "path"), KINDS)
def test_where_a_kind_has_its_pods(api: str, kind: str, path: tuple[str, ...]) -> None:
    """The pod spec is found at the kind's own place, and the path of a container leads there from the root."""
    found = only(made(api, kind, path))
    assert (found.id, found.path) == (f"app/{kind}/x", (*path, "spec"))
    (container,) = containers((found,))
    assert (container.name, container.image, container.path) == ("a", "a:1", (*path, "spec", "containers", 0))


@pytest.mark.parametrize(
    "obj",
    [
        made("apps/v1", "Deployment", ("template",)),
        made("batch/v1", "CronJob", TEMPLATE),
        made("example.org/v1", "Deployment", TEMPLATE),
        {**made("apps/v1", "Deployment", TEMPLATE), "spec": {"template": []}},
        {**made("apps/v1", "Deployment", TEMPLATE), "spec": {"template": {"spec": [1]}}},
        {**made("apps/v1", "Deployment", TEMPLATE), "spec": {"template": [{"spec": {}}]}},
    ],
)
def test_what_makes_no_pods(obj: dict[str, Any]) -> None:
    """Another place, another group, or no mapping where the pod spec should be: no workload."""
    assert workloads(inventory([obj])) == ()


def test_the_roles_of_containers() -> None:
    """An init container that restarts always is a sidecar; what is no mapping is passed over and still counted."""
    spec = {
        "initContainers": [{"name": "i"}, "odd", {"name": "s", "restartPolicy": "Always"}],
        "containers": [{"name": "c", "restartPolicy": "Always"}, {}],
        "ephemeralContainers": [{"name": "e"}],
    }
    found = only(made("v1", "Pod", (), spec)).containers
    assert [(one.role, one.name, one.path[1:]) for one in found] == [
        ("init", "i", ("initContainers", 0)),
        ("sidecar", "s", ("initContainers", 2)),
        ("container", "c", ("containers", 0)),
        ("container", "", ("containers", 1)),
        ("ephemeral", "e", ("ephemeralContainers", 0)),
    ]
    assert only(made("v1", "Pod", (), {"containers": {"name": "c"}})).containers == ()


@pytest.mark.parametrize(
    ("spec", "account"),
    [
        ({}, "default"),
        ({"serviceAccount": "old"}, "old"),
        ({"serviceAccountName": "new", "serviceAccount": "old"}, "new"),
    ],
)
def test_the_service_account(spec: dict[str, Any], account: str) -> None:
    """``serviceAccount`` is the deprecated name of the field; without either it is ``default``."""
    assert only(made("v1", "Pod", (), spec or {"x": 1})).service_account == account


@pytest.mark.parametrize(
    ("replicas", "wanted"), [({}, 1), ({"replicas": 0}, 0), ({"replicas": 3}, 3), ({"replicas": "3"}, 1)]
)
def test_replicas(replicas: dict[str, Any], wanted: int) -> None:
    """One is the default of Deployment and StatefulSet; text is no number."""
    obj = made("apps/v1", "Deployment", TEMPLATE)
    assert only({**obj, "spec": {**obj["spec"], **replicas}}).replicas == wanted


@pytest.mark.parametrize(
    ("owner", "left"),
    [
        ({"kind": "Deployment", "name": "d", "controller": True}, False),
        ({"kind": "Deployment", "name": "d", "controller": False}, True),
        ({"kind": "Deployment", "name": "d"}, True),
        ({"kind": "Deployment", "name": "gone", "controller": True}, True),
        ({"kind": "StatefulSet", "name": "d", "controller": True}, True),
    ],
)
def test_an_owner_stands_for_what_it_controls(owner: dict[str, Any], left: bool) -> None:
    """A ReplicaSet is left out only where the object that controls it is there."""
    deployment = made("apps/v1", "Deployment", TEMPLATE)
    deployment["metadata"] = {"name": "d", "namespace": "app"}
    replica_set = made("apps/v1", "ReplicaSet", TEMPLATE)
    replica_set["metadata"]["ownerReferences"] = [{"apiVersion": "apps/v1", **owner}]
    elsewhere = made("apps/v1", "StatefulSet", TEMPLATE)
    elsewhere["metadata"] = {"name": "d", "namespace": "other"}
    found = {one.id for one in workloads(inventory([deployment, replica_set, elsewhere]))}
    assert found - {"app/Deployment/d", "other/StatefulSet/d"} == ({"app/ReplicaSet/x"} if left else set())


def test_labels_are_those_of_the_template() -> None:
    """Labels and annotations of the object itself are not the pods'."""
    obj = made("apps/v1", "Deployment", TEMPLATE)
    obj["metadata"] |= {"labels": {"a": "1"}, "annotations": {"a": "1"}}
    obj["spec"]["template"]["metadata"] = {"labels": {"b": 2}, "annotations": {"c": "3"}}
    found = only(obj)
    assert (found.pod_labels, found.pod_annotations) == ({"b": "2"}, {"c": "3"})
