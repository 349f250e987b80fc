"""Where the evidence on rollouts, spread, scale and amounts points, and what it shows."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.disruption import room, spreading
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.resources import limit_ranges, quotas, setting
from kfm_checks.facts.rollouts import delivery_controllers, rollout
from kfm_checks.facts.scaling import scales
from kfm_checks.facts.workloads import workloads
from kfm_checks.model import Manifest
from tests.facts.test_availability import autoscaler, made, workload

STRATEGY, UPDATE = ("spec", "strategy"), ("spec", "updateStrategy")
BOUND = (*STRATEGY, "rollingUpdate", "maxUnavailable")
STEP = (*UPDATE, "rollingUpdate", "maxUnavailable")
ROLLOUTS: list[tuple[dict[str, Any], int, bool | None, tuple[str, ...], str, str]] = [
    (workload(), 4, True, BOUND, "RollingUpdate, maxUnavailable: 25% (default), maxSurge: 25% (default)", "pod by pod"),
    (workload(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}), 2, True, BOUND, "RollingUpdate, maxUnavailable: 1, maxSurge: 0", "pod by pod"),
    (workload(strategy={"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 0}}), 1, False, BOUND, "RollingUpdate, maxUnavailable: 25%, maxSurge: 0", "the only pod"),
    (workload(strategy={"rollingUpdate": {"maxUnavailable": 2}}), 2, False, BOUND, "RollingUpdate, maxUnavailable: 2, maxSurge: 25% (default)", "all 2 pods at once"),
    (workload(strategy={"rollingUpdate": {"maxUnavailable": 5}}), 0, True, BOUND, "RollingUpdate, maxUnavailable: 5, maxSurge: 25% (default)", "pod by pod"),
    (workload(strategy={"rollingUpdate": {"maxSurge": "x"}}), 2, False, (*STRATEGY, "rollingUpdate"), "RollingUpdate, maxUnavailable: 25% (default), maxSurge: x", "neither numbers"),
    (workload(strategy={"type": "Recreate"}), 2, False, (*STRATEGY, "type"), "Recreate", "every pod is stopped"),
    (workload(strategy={"type": "Other"}), 2, False, (*STRATEGY, "type"), "Other", "unknown"),
    (workload("StatefulSet"), 2, True, (*UPDATE, "type"), "RollingUpdate", "one pod at a time"),
    (workload("StatefulSet", updateStrategy={"type": "OnDelete"}), 2, None, (*UPDATE, "type"), "OnDelete", "somebody deletes"),
    (workload("StatefulSet", updateStrategy={"type": "Other"}), 2, False, (*UPDATE, "type"), "Other", "unknown"),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "50%"}}), 4, True, STEP, "RollingUpdate, maxUnavailable: 50%", "pod by pod"),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "99%"}}), 2, True, STEP, "RollingUpdate, maxUnavailable: 99%", "pod by pod"),
    (workload("Rollout", strategy={"canary": {"maxUnavailable": "99%"}}), 2, True, (*STRATEGY, "canary"), "canary without steps, maxUnavailable: 99%, maxSurge: 25% (default)", "pod by pod"),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "10%"}}), 2, True, STEP, "RollingUpdate, maxUnavailable: 10%", "pod by pod"),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "10%"}}), 1, False, STEP, "RollingUpdate, maxUnavailable: 10%", "the only pod"),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "x"}}), 2, False, (*UPDATE, "type"), "RollingUpdate, maxUnavailable: x", "neither a number"),
    (workload("DaemonSet"), 1, True, STEP, "RollingUpdate, maxUnavailable: 1", "node by node"),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": 500}}), 1, True, STEP, "RollingUpdate, maxUnavailable: 500", "node by node"),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "99%"}}), 1, True, STEP, "RollingUpdate, maxUnavailable: 99%", "node by node"),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "100%"}}), 1, False, STEP, "RollingUpdate, maxUnavailable: 100%", "all nodes at once"),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "x"}}), 1, False, (*UPDATE, "type"), "RollingUpdate, maxUnavailable: x", "unknown"),
    (workload("DaemonSet", updateStrategy={"type": "Other"}), 1, False, (*UPDATE, "type"), "Other, maxUnavailable: 1", "unknown"),
    (workload("DaemonSet", updateStrategy={"type": "OnDelete"}), 1, None, (*UPDATE, "type"), "OnDelete", "somebody deletes"),
    (workload("Rollout", strategy={"blueGreen": {}}), 2, True, (*STRATEGY, "blueGreen"), "blueGreen", "beside the old one"),
    (workload("Rollout", strategy={"canary": {"steps": [{}]}}), 2, True, (*STRATEGY, "canary", "steps"), "canary with steps", "step by step"),
    (workload("Rollout", strategy={"canary": {}}), 4, True, (*STRATEGY, "canary"), "canary without steps, maxUnavailable: 25% (default), maxSurge: 25% (default)", "pod by pod"),
    (workload("Rollout", strategy={"canary": {"maxUnavailable": "x"}}), 4, False, STRATEGY, "absent", "neither a canary"),
    (workload("Rollout"), 2, False, STRATEGY, "absent", "neither a canary"),
    (workload("ReplicaSet"), 2, None, ("spec",), "ReplicaSet", "nobody can tell"),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "pods", "ok", "path", "observed", "word"), ROLLOUTS)
def test_rollouts_say_what_they_saw(obj: dict[str, Any], pods: int, ok: bool | None, path: tuple[str, ...], observed: str, word: str) -> None:  # fmt: skip
    """The verdict, the field to edit, what it says today, and why."""
    found = rollout(made(obj), pods, {})
    assert (found.ok, found.path, found.observed) == (ok, path, observed)
    assert word in found.message


@pytest.mark.parametrize(
    ("kind", "ok", "word"),
    [("Rolling", True, "pod by pod"), ("Recreate", False, "every pod is stopped"), ("Custom", None, "nobody can tell")],
)
def test_deployment_configs(kind: str, ok: bool | None, word: str) -> None:
    """OpenShift's own kind has its own words; rolling where it says nothing."""
    config = {**workload("DeploymentConfig", strategy={"type": kind}), "apiVersion": "apps.openshift.io/v1"}
    found = rollout(made(config), 2, {})
    assert found.ok is ok and word in found.message
    assert (found.path, found.observed) == (
        ("spec",) if kind == "Custom" else ("spec", "strategy", "type"),
        "DeploymentConfig" if kind == "Custom" else kind,
    )
    assert rollout(made({**workload("DeploymentConfig"), "apiVersion": "apps.openshift.io/v1"}), 2, {}).ok is True


def test_who_drives_a_workload() -> None:
    """Flagger, an Argo Rollout of a Deployment, Kruise in both its forms; the controller is named."""

    def obj(api: str, kind: str, **spec: Any) -> Manifest:
        return Manifest({"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "spec": spec})

    objects = [
        obj("flagger.app/v1beta1", "Canary", targetRef={"name": "a"}), obj("argoproj.io/v1alpha1", "Rollout", workloadRef={"kind": "Deployment", "name": "b"}),
        obj("argoproj.io/v1alpha1", "Rollout"), obj("rollouts.kruise.io/v1beta1", "Rollout", workloadRef={"kind": "CloneSet", "name": "c"}),
        obj("rollouts.kruise.io/v1alpha1", "Rollout", objectRef={"workloadRef": {"kind": "StatefulSet", "name": "d"}}),
    ]  # fmt: skip
    found = delivery_controllers(inventory(objects))
    assert found == {
        "n/Deployment/a": "Flagger Canary x", "n/Deployment/b": "Argo Rollout x", "n/CloneSet/c": "Kruise Rollout x", "n/StatefulSet/d": "Kruise Rollout x",
    }  # fmt: skip
    driven = rollout(made(workload(strategy={"type": "Recreate"})), 2, found)
    assert (driven.ok, driven.observed, driven.path) == (True, "Flagger Canary x", ("spec",))


def test_spread_says_how_firm_it_is_and_where() -> None:
    """Required and preferred terms, constraints that forbid and that try."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}}
    pod = {
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term],
                                         "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": term}, {"weight": 1}]}},
        "topologySpreadConstraints": [{**term, "whenUnsatisfiable": "ScheduleAnyway"}, term, "x", {"labelSelector": {}}],
    }  # fmt: skip
    found = spreading(made(workload(pod=pod)), 3)
    at = ("spec", "template", "spec")
    assert [(rule.path[3:], rule.what, rule.firm, rule.problem) for rule in found] == [
        (
            ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution", 0),
            "anti-affinity",
            True,
            "",
        ),
        (
            ("affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution", 0),
            "anti-affinity",
            False,
            "",
        ),
        (("topologySpreadConstraints", 0), "topology spread", False, ""),
        (("topologySpreadConstraints", 1), "topology spread", True, ""),
        (("topologySpreadConstraints", 3), "topology spread", True, "names no topologyKey"),
    ]
    assert {rule.path[:3] for rule in found} == {at}


@pytest.mark.parametrize(
    ("spec", "pods", "allowed", "path", "observed", "word"),
    [
        ({"maxUnavailable": "50%"}, 3, 2, ("spec", "maxUnavailable"), "maxUnavailable: 50%", ""), ({"maxUnavailable": 9}, 3, 3, ("spec", "maxUnavailable"), "maxUnavailable: 9", ""),
        ({"minAvailable": "50%"}, 3, 1, ("spec", "minAvailable"), "minAvailable: 50%", ""), ({"minAvailable": 5}, 3, 0, ("spec", "minAvailable"), "minAvailable: 5", ""),
        ({"minAvailable": 1, "maxUnavailable": 1}, 3, None, ("spec",), "minAvailable: 1, maxUnavailable: 1", "both"), ({}, 3, None, ("spec",), "absent", "no bound"),
        ({"minAvailable": -1}, 3, None, ("spec", "minAvailable"), "minAvailable: -1", "neither"), ({"minAvailable": "x"}, 3, None, ("spec", "minAvailable"), "minAvailable: x", "neither"),
        ({"minAvailable": None, "maxUnavailable": 1}, 3, 1, ("spec", "maxUnavailable"), "maxUnavailable: 1", ""),
    ],
)  # fmt: skip
def test_room_says_where_and_why(spec: dict[str, Any], pods: int, allowed: int | None, path: tuple[str, ...], observed: str, word: str) -> None:  # fmt: skip
    """How many may go, by which field, and what is wrong with it."""
    found = room(
        Manifest({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": spec}),
        pods,
    )
    assert (found.allowed, found.path, found.observed) == (allowed, path, observed)
    assert word in found.problem and bool(word) == bool(found.problem)


def test_what_says_how_many_pods() -> None:
    """The autoscaler's floor and its field, else the workload's own; the lowest of two, of objects that are there."""
    keda = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "k", "namespace": "n"},
            "spec": {"scaleTargetRef": {"name": "a"}, "minReplicaCount": 2}}  # fmt: skip
    elsewhere = {
        **autoscaler(7, "other"),
        "spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "a"}, "minReplicas": 7},
    }

    def scale(*objects: dict[str, Any]) -> Any:
        found = inventory(objects)
        return scales(found, workloads(found))

    own = scale(workload(replicas=3))["n/Deployment/a"]
    assert (own.minimum, own.path, own.words) == (3, ("spec", "replicas"), "3 wanted")
    floor = scale(workload(replicas=3), autoscaler(4, "h"), keda, elsewhere)
    assert set(floor) == {"n/Deployment/a"}
    assert (floor["n/Deployment/a"].words, floor["n/Deployment/a"].path) == (
        "ScaledObject k keeps at least 2",
        ("spec", "minReplicaCount"),
    )
    assert scale(workload(), autoscaler(4))["n/Deployment/a"].words == "HorizontalPodAutoscaler h keeps at least 4"
    assert (
        scale(workload(), {**autoscaler(1), "spec": {"scaleTargetRef": {"name": "a"}, "minReplicas": True}})[
            "n/Deployment/a"
        ].minimum
        == 1
    )


def test_where_an_amount_is_written() -> None:
    """In the container, in the pod where only that says it, or where it would be."""
    pod = {
        "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "x"}},
        "containers": [{"name": "c", "resources": {"limits": {"memory": "1Gi"}}}],
    }
    (box,) = made(workload(pod=pod)).containers
    at = ("spec", "template", "spec")
    own, whole = setting(box, "limits", "memory"), setting(box, "limits", "cpu")
    assert (own.path, own.value, own.ok, own.of_pod) == (
        (*at, "containers", 0, "resources", "limits", "memory"),
        "1Gi",
        True,
        False,
    )
    assert (whole.path, whole.value, whole.ok, whole.of_pod) == ((*at, "resources", "limits", "cpu"), "2", True, True)
    bad, absent = setting(box, "requests", "cpu"), setting(box, "requests", "memory")
    assert (bad.ok, bad.of_pod, absent.ok, absent.of_pod) == (False, True, False, False)
    assert absent.path == (*at, "containers", 0, "resources", "requests", "memory")


def test_quotas_and_limit_ranges_by_namespace() -> None:
    """Each namespace has its own, in order."""

    def obj(kind: str, name: str, namespace: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}

    found = inventory(
        [
            obj("ResourceQuota", "q", "b"),
            obj("ResourceQuota", "r", "a"),
            obj("LimitRange", "l", "a"),
            obj("ResourceQuota", "s", "b"),
        ]
    )
    assert {space: [one.key.name for one in objs] for space, objs in quotas(found).items()} == {
        "a": ["r"],
        "b": ["q", "s"],
    }
    assert {space: [one.key.name for one in objs] for space, objs in limit_ranges(found).items()} == {"a": ["l"]}
    assert list(quotas(found)) == ["a", "b"]
