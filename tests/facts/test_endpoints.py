"""Whom the pods of a workload belong to, as reachability names them."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.network.endpoints import container_ports, endpoints, owner_id
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import Workload, workloads


def owned(api: str, kind: str, name: str, by: tuple[str, str, str] | None = None) -> dict[str, Any]:
    """An object with one controller."""
    refs = [{"apiVersion": by[0], "kind": by[1], "name": by[2], "controller": True}] if by else []
    metadata = {"name": name, "namespace": "app", "ownerReferences": refs}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": {"containers": [{"name": "a"}]}}


@pytest.mark.parametrize(
    ("chain", "id"),
    [
        ([owned("v1", "Pod", "p")], "app/Pod/p"),
        ([owned("v1", "Pod", "p", ("apps/v1", "ReplicaSet", "gone"))], "app/ReplicaSet/gone"),
        (
            [
                owned("v1", "Pod", "p", ("apps/v1", "ReplicaSet", "r")),
                owned("apps/v1", "ReplicaSet", "r", ("apps/v1", "Deployment", "d")),
            ],
            "app/Deployment/d",
        ),
        ([owned("v1", "Pod", "p", ("batch/v1", "Job", "j")), owned("batch/v1", "Job", "j", ("batch/v1", "CronJob", "c"))],
         "app/CronJob/c"),
        ([owned("v1", "Pod", "p", ("v1", "ReplicationController", "r")),
          owned("v1", "ReplicationController", "r", ("apps.openshift.io/v1", "DeploymentConfig", "d"))],
         "app/DeploymentConfig/d"),
        ([owned("v1", "Pod", "p", ("v1", "Node", "n"))], "app/Pod/p"),
        ([owned("v1", "Pod", "p", ("v1", "Pod", "p"))], "app/Pod/p"),
        # A kind that stands for itself ends the walk, whoever owns it.
        (
            [
                owned("v1", "Pod", "p", ("apps/v1", "StatefulSet", "s")),
                owned("apps/v1", "StatefulSet", "s", ("db.example/v1", "Cluster", "c")),
            ],
            "app/StatefulSet/s",
        ),
    ],
)  # fmt: skip
def test_the_topmost_known_controller(chain: list[dict[str, Any]], id: str) -> None:
    """Owners are followed as far as they are known; a node owns nothing, and a circle ends."""
    known = inventory(chain)
    pod = known.get("Pod", "p", "app")
    assert pod is not None
    assert owner_id(known, Workload(pod, pod, pod["spec"], ("spec",))) == id


def test_pods_with_other_labels_are_endpoints_of_their_own() -> None:
    """Alike pods count once; labels are compared, and no label text is taken for an owner."""
    first, second = (
        owned("v1", "Pod", "p", ("apps/v1", "ReplicaSet", "r")),
        owned("v1", "Pod", "q", ("apps/v1", "ReplicaSet", "r")),
    )
    second["metadata"]["labels"] = {"debug": "true"}
    third = owned("v1", "Pod", "s", ("apps/v1", "ReplicaSet", "r"))
    known = inventory([first, second, third])
    found = endpoints(known, workloads(known))
    assert [(point.id, dict(point.labels)) for point in found] == [
        ("app/ReplicaSet/r", {"debug": "true"}),
        ("app/ReplicaSet/r", {}),
    ]


def test_ports_of_regular_containers_and_sidecars() -> None:
    """Init containers are gone when traffic comes; what is no number is no port."""
    pod = owned("v1", "Pod", "p")
    ports = [
        {"name": "x", "containerPort": 80},
        {"containerPort": 53, "protocol": "UDP"},
        {"containerPort": True},
        {"containerPort": "81"},
    ]
    pod["spec"] = {
        "containers": [{"name": "a", "ports": ports}],
        "initContainers": [
            {"name": "i", "ports": [{"containerPort": 1}]},
            {"name": "s", "restartPolicy": "Always", "ports": [{"containerPort": 2}]},
        ],
    }
    known = inventory([pod])
    assert sorted(container_ports(workloads(known)[0])) == [("", "TCP", 2), ("", "UDP", 53), ("x", "TCP", 80)]


def test_an_owner_that_controls_nothing_is_passed_over() -> None:
    """Only the reference with ``controller: true`` says whose pods they are."""
    pod = owned("v1", "Pod", "p", ("apps/v1", "ReplicaSet", "r"))
    pod["metadata"]["ownerReferences"].insert(0, {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"})
    known = inventory([pod])
    assert owner_id(known, workloads(known)[0]) == "app/ReplicaSet/r"


def test_a_template_makes_no_pods_and_ports_without_a_name_have_none() -> None:
    """What follows a PodTemplate is still there."""
    template = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a", "namespace": "app"}}
    spec = {"containers": [{"name": "c", "ports": [{"containerPort": 1}, {"name": "x", "containerPort": 2}]}]}
    known = inventory([{**template, "template": {"spec": spec}}, {**owned("v1", "Pod", "p"), "spec": spec}])
    (point,) = endpoints(known, workloads(known))
    assert (point.id, point.named) == ("app/Pod/p", frozenset({("x", "TCP", 2)}))
