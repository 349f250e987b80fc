"""Scaling, criticality, disruption budgets, spread and rollouts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.config import parse_settings
from kfm_checks.facts.criticality import criticality
from kfm_checks.facts.disruption import budgets, budgets_of, room, selects, spreading
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.rollouts import delivery_controllers, rollout
from kfm_checks.facts.scaling import scales
from kfm_checks.facts.workloads import Workload, workloads
from kfm_checks.model import Manifest


def workload(kind: str = "Deployment", pod: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A workload named ``a`` in the namespace ``n``."""
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c"}], **(pod or {})}}
    version = "argoproj.io/v1alpha1" if kind == "Rollout" else "apps/v1"
    meta = {"name": "a", "namespace": "n"}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": {**spec, "template": template}}


def made(obj: dict[str, Any]) -> Workload:
    """The workload of an object."""
    (found,) = workloads(inventory([obj]))
    return found


def autoscaler(minimum: int | None, name: str = "h") -> dict[str, Any]:
    """A HorizontalPodAutoscaler of the Deployment ``a``."""
    spec: dict[str, Any] = {"scaleTargetRef": {"kind": "Deployment", "name": "a"}, "maxReplicas": 9}
    if minimum is not None:
        spec["minReplicas"] = minimum
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "n"},
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("objects", "minimum"),
    [
        ([workload()], 1),
        ([workload(replicas=3)], 3),
        ([workload(replicas=9), autoscaler(2)], 2),
        ([workload(replicas=9), autoscaler(None)], 1),
        ([workload(replicas=9), autoscaler(4), autoscaler(3, "other")], 3),
        (
            [
                workload(replicas=9),
                {
                    "apiVersion": "keda.sh/v1alpha1",
                    "kind": "ScaledObject",
                    "metadata": {"name": "s", "namespace": "n"},
                    "spec": {"scaleTargetRef": {"name": "a"}},
                },
            ],
            0,
        ),
    ],
)
def test_the_least_number_of_pods(objects: list[dict[str, Any]], minimum: int) -> None:
    """An autoscaler's minimum decides over the replicas written; KEDA goes to nothing unless told otherwise."""
    seen = inventory(objects)
    assert scales(seen, workloads(seen))["n/Deployment/a"].minimum == minimum


def test_criticality_joins_file_and_labels() -> None:
    """The file names workloads, labels add, and what is declared and absent is named."""
    labelled = workload()
    labelled["metadata"]["labels"] = {"conformance.kfm/critical": "true"}
    config = parse_settings({"workloads": {"critical": ["n/Deployment/gone"]}}).config
    found = criticality((made(labelled),), config)
    assert found.declared
    assert [w.id for w in found.critical] == ["n/Deployment/a"]
    assert found.missing == ("n/Deployment/gone",)
    undeclared = criticality((made(workload()),), parse_settings({}).config)
    assert not undeclared.declared
    assert [w.id for w in undeclared.candidates] == ["n/Deployment/a"]


@pytest.mark.parametrize(
    ("kind", "api", "namespace", "label", "candidate"),
    [
        ("Deployment", "apps/v1", "n", None, True), ("StatefulSet", "apps/v1", "n", None, True),
        ("DaemonSet", "apps/v1", "n", None, True), ("ReplicaSet", "apps/v1", "n", None, True),
        ("ReplicationController", "v1", "n", None, True), ("DeploymentConfig", "apps.openshift.io/v1", "n", None, True),
        ("Rollout", "argoproj.io/v1alpha1", "n", None, True), ("CloneSet", "apps.kruise.io/v1alpha1", "n", None, True),
        ("Job", "batch/v1", "n", None, False), ("Deployment", "apps/v1", "kube-system", None, False),
        ("Deployment", "apps/v1", "kubernetes", None, True), ("Deployment", "apps/v1", "ingress", None, False),
        ("Deployment", "apps/v1", "n", "false", False), ("Deployment", "apps/v1", "n", "yes", True),
    ],
)  # fmt: skip
def test_what_could_be_critical(kind: str, api: str, namespace: str, label: str | None, candidate: bool) -> None:
    """What serves for as long as it is wanted, outside Kubernetes' and the platform's namespaces, unless it says no."""
    obj = {**workload(kind), "apiVersion": api}
    obj["metadata"] |= {"namespace": namespace, "labels": {} if label is None else {"conformance.kfm/critical": label}}
    config = parse_settings(
        {"workloads": {"platform-namespaces": ["ingress"], "singletons": ["n/Deployment/s"]}}
    ).config
    found = criticality((made(obj),), config)
    assert [one.kind for one in found.candidates] == ([kind] if candidate else [])
    assert (found.declared, found.critical, found.singletons) == (label is not None, (), {"n/Deployment/s"})


def test_the_order_of_what_is_critical() -> None:
    """By name, from the file and from labels, each once; an empty list is a declaration, too."""
    second = workload("StatefulSet")
    second["metadata"]["labels"] = {"conformance.kfm/critical": "true"}
    names = ["n/StatefulSet/a", "n/Deployment/a", "n/Deployment/gone", "m/Job/gone"]
    config = parse_settings({"workloads": {"critical": names}}).config
    found = criticality((made(second), made(workload())), config)
    assert [one.id for one in found.critical] == ["n/Deployment/a", "n/StatefulSet/a"]
    assert found.missing == ("m/Job/gone", "n/Deployment/gone")
    assert [one.id for one in found.candidates] == ["n/Deployment/a", "n/StatefulSet/a"]
    assert criticality((), parse_settings({"workloads": {"critical": []}}).config).declared


@pytest.mark.parametrize(
    ("reference", "minimum", "floor"),
    [
        ({"name": "a"}, 0, 0), ({"kind": "Deployment", "name": "a"}, 0, 0), ({"kind": "StatefulSet", "name": "a"}, 0, 9),
        ({"kind": "Deployment", "name": "b"}, 0, 9), ({"name": "a"}, -1, 1), ({"name": "a"}, "2", 1), ({}, 2, 9),
    ],
)  # fmt: skip
def test_an_autoscaler_floors_what_it_names(reference: dict[str, str], minimum: Any, floor: int) -> None:
    """By kind and name, a Deployment where it says no kind; nothing is a floor (HPAScaleToZero), below is none."""
    scaler = {**autoscaler(1), "spec": {"scaleTargetRef": reference, "minReplicas": minimum}}
    seen = inventory([workload(replicas=9), scaler])
    assert scales(seen, workloads(seen))["n/Deployment/a"].minimum == floor


def budget(selector: Any, version: str = "policy/v1", **spec: Any) -> Manifest:
    """A PodDisruptionBudget in the namespace ``n``."""
    meta = {"name": "b", "namespace": "n"}
    return Manifest(
        {"apiVersion": version, "kind": "PodDisruptionBudget", "metadata": meta, "spec": {**spec, "selector": selector}}
    )


@pytest.mark.parametrize(
    ("obj", "selected"),
    [
        (budget({"matchLabels": {"app": "a"}}), True),
        (budget({}), True),
        (budget(None), False),
        (budget({}, "policy/v1beta1"), False),
        (budget({"matchExpressions": [{"key": "app", "operator": "In", "values": ["a"]}]}), True),
        (budget({"matchExpressions": [{"key": "app", "operator": "Nonsense"}]}), False),
        (budget("app=a"), False),
    ],
)
def test_what_a_budget_selects(obj: Manifest, selected: bool) -> None:
    """An empty selector selects all in policy/v1 and nothing in v1beta1; a malformed one nothing."""
    assert bool(budgets_of(made(workload()), budgets(inventory([obj])))) == selected


@pytest.mark.parametrize(
    ("spec", "pods", "allowed"),
    [
        ({"maxUnavailable": 1}, 3, 1),
        ({"maxUnavailable": 5}, 3, 3),
        ({"maxUnavailable": "1%"}, 3, 1),
        ({"minAvailable": 2}, 3, 1),
        ({"minAvailable": 5}, 3, 0),
        ({"minAvailable": "34%"}, 3, 1),
        ({"minAvailable": "100%"}, 3, 0),
        ({}, 3, None),
        ({"minAvailable": 1, "maxUnavailable": 1}, 3, None),
        ({"maxUnavailable": "one"}, 3, None),
    ],
)
def test_room(spec: dict[str, Any], pods: int, allowed: int | None) -> None:
    """Percentages round up on both sides, as the disruption controller rounds them."""
    assert room(budget({}, **spec), pods).allowed == allowed


@given(st.integers(0, 50), st.integers(1, 50), st.booleans())
def test_room_is_within_bounds(number: int, pods: int, percent: bool) -> None:
    """Never less than none, never more than all."""
    value = f"{number}%" if percent else number
    for field in ("minAvailable", "maxUnavailable"):
        allowed = room(budget({}, **{field: value}), pods).allowed
        assert allowed is not None
        assert 0 <= allowed <= pods


def affinity(**term: Any) -> dict[str, Any]:
    """A pod spec with one required anti-affinity term."""
    rule = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}, **term}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}}


@pytest.mark.parametrize(
    ("pod", "good"),
    [
        (affinity(), True),
        (affinity(labelSelector={"matchLabels": {"app": "b"}}), False),
        (affinity(labelSelector=None), False),
        *(
            (affinity(topologyKey=key), False)
            for key in (
                "kubernetes.io/os",
                "kubernetes.io/arch",
                "beta.kubernetes.io/os",
                "beta.kubernetes.io/arch",
                "",
            )
        ),
        (affinity(namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "n"}}), True),
        (affinity(namespaces=["other"]), False),
        (affinity(namespaces=["n", "other"]), True),
        (affinity(namespaceSelector={}), True),
        (affinity(namespaceSelector={"matchLabels": {"team": "x"}}), False),
        ({"topologySpreadConstraints": [{"maxSkew": 3, "topologyKey": "zone", "labelSelector": {}}]}, False),
        ({"topologySpreadConstraints": [{"maxSkew": 2, "topologyKey": "zone", "labelSelector": {}}]}, True),
        ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone"}]}, False),
    ],
)
def test_spreading(pod: dict[str, Any], good: bool) -> None:
    """A rule counts only where it looks at the workload's own pods and keeps three of them apart."""
    assert any(not rule.problem for rule in spreading(made(workload(pod=pod)), 3)) == good


def test_what_a_spread_is_over() -> None:
    """The label of the nodes, and whether the scheduler has to keep to it."""
    preferred = {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}
    pod = {
        **affinity(),
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}},
            "odd",
        ],
    }
    pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] = [preferred, {}]
    assert [(one.topology, one.what, one.firm) for one in spreading(made(workload(pod=pod)), 3)] == [
        ("kubernetes.io/hostname", "anti-affinity", True), ("zone", "anti-affinity", False), ("rack", "topology spread", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "selector", "selects_it"),
    [
        ("policy/v1", {}, True), ("policy/v1beta1", {}, False), ("policy/v1beta1", {"matchLabels": {"app": "a"}}, True),
        ("policy/v1", {"matchLabels": {"app": "b"}}, False), ("policy/v1", None, False), ("policy/v1", {"matchExpressions": [{"key": "app", "operator": "Near"}]}, False),
    ],
)  # fmt: skip
def test_an_empty_selector_of_a_budget(version: str, selector: Any, selects_it: bool) -> None:
    """In ``policy/v1`` it selects all pods of the namespace, in ``policy/v1beta1`` none."""
    known = budgets(inventory([budget(selector, version)]))
    assert bool(budgets_of(made(workload()), known)) is selects_it


@pytest.mark.parametrize(
    ("obj", "pods", "ok"),
    [
        (workload(), 1, True),
        (workload(strategy={"type": "Recreate"}), 3, False),
        (workload(strategy={"rollingUpdate": {"maxUnavailable": 3}}), 3, False),
        (workload(strategy={"rollingUpdate": {"maxUnavailable": "99%"}}), 3, True),
        (workload(strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}), 1, False),
        (workload(strategy={"rollingUpdate": {"maxUnavailable": "x"}}), 3, False),
        (workload("StatefulSet"), 3, True),
        (workload("StatefulSet", updateStrategy={"type": "OnDelete"}), 3, None),
        (workload("StatefulSet", updateStrategy={"rollingUpdate": {"maxUnavailable": 3}}), 3, False),
        (workload("DaemonSet"), 1, True),
        (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": "100%"}}), 1, False),
        (workload("DaemonSet", updateStrategy={"type": "OnDelete"}), 1, None),
        (workload("Rollout", strategy={"blueGreen": {"activeService": "a"}}), 3, True),
        (workload("Rollout", strategy={"canary": {"steps": [{"setWeight": 10}]}}), 3, True),
        (workload("Rollout", strategy={"canary": {"maxUnavailable": "100%"}}), 3, False),
        (workload("Rollout"), 3, False),
        (workload("ReplicaSet"), 3, None),
    ],
)
def test_rollouts(obj: dict[str, Any], pods: int, ok: bool | None) -> None:
    """Bounded rolling updates, canary and blue-green are progressive; what only people decide is unknown."""
    assert rollout(made(obj), pods, {}).ok is ok


def test_delivery_controllers() -> None:
    """Flagger and an Argo Rollout that refers to a Deployment drive it."""
    flagger = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": {"name": "c", "namespace": "n"}}
    argo = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r", "namespace": "n"}}
    found = delivery_controllers(
        inventory(
            [
                {**flagger, "spec": {"targetRef": {"kind": "Deployment", "name": "a"}}},
                {**argo, "spec": {"workloadRef": {"kind": "Deployment", "name": "b"}}},
            ]
        )
    )
    assert set(found) == {"n/Deployment/a", "n/Deployment/b"}


def test_a_malformed_selector_selects_nothing() -> None:
    """No type of selector raises."""
    for selector in (None, 1, "a", [], {"matchLabels": [1]}, {"matchExpressions": {"a": 1}}, {"matchExpressions": [1]}):
        assert selects(selector, {"a": "b"}) in (True, False)
