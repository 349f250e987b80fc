"""An owner reference counts where its kind makes such objects, and its owner is there."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.live import stood_for
from kfm_checks.facts.live_extra import extras
from kfm_checks.facts.made import by_workload, kind_of, makers_of, may_make, over
from kfm_checks.facts.objects import inventory
from kfm_checks.live.kinds import kept
from kfm_checks.model import Manifest


def owned(kind: str, group: str, owner: str, uid: str = "u1", **more: Any) -> Manifest:
    """An object with a controlling owner named ``owner``."""
    api_version = f"{group}/v1" if group else "v1"
    reference = {"apiVersion": api_version, "kind": owner, "name": "maker", "uid": uid, "controller": True}
    metadata = {"name": "made", "namespace": "app", "ownerReferences": [reference], **more}
    return Manifest({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": {"containers": [{"name": "a"}]}})


def maker(kind: str, group: str) -> Manifest:
    """The owner itself."""
    metadata = {"name": "maker", "namespace": "app", "uid": "u1"}
    return Manifest({"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata})


@pytest.mark.parametrize(
    ("group", "owner", "kind", "makes"),
    [
        ("apps", "ReplicaSet", "Pod", True),
        ("apps", "ReplicaSet", "Service", False),
        ("", "ConfigMap", "Pod", False),
        ("networking.k8s.io", "NetworkPolicy", "RoleBinding", False),
        ("external-secrets.io", "ExternalSecret", "Secret", True),
        ("external-secrets.io", "ExternalSecret", "Service", False),
        ("gateway.networking.k8s.io", "Gateway", "Service", True),
        ("gateway.networking.k8s.io", "HTTPRoute", "Service", False),
        ("monitoring.coreos.com", "PrometheusRule", "RoleBinding", False),
        ("monitoring.coreos.com", "Prometheus", "StatefulSet", True),
        ("kyverno.io", "ClusterPolicy", "Service", False),
        ("trust.cert-manager.io", "Bundle", "ConfigMap", True),
        ("postgresql.cnpg.io", "Cluster", "RoleBinding", True),
    ],
)
def test_an_owner_makes_what_its_kind_makes(group: str, owner: str, kind: str, makes: bool) -> None:
    """Kubernetes' kinds by their documentation; what an operator's resource makes, only the operator knows."""
    assert may_make((group, owner), kind) is makes


@pytest.mark.parametrize(
    ("group", "owner", "kind", "there", "stands"),
    [
        ("apps", "ReplicaSet", "Pod", False, True),
        ("argoproj.io", "Rollout", "ReplicaSet", True, True),
        ("argoproj.io", "Rollout", "ReplicaSet", False, False),
        ("postgresql.cnpg.io", "Cluster", "Pod", True, False),
        ("", "ConfigMap", "Pod", True, False),
        ("gateway.networking.k8s.io", "Gateway", "Service", True, True),
        ("gateway.networking.k8s.io", "Gateway", "Service", False, False),
        ("apps", "Deployment", "Service", True, False),
    ],
)
def test_what_stands_for_an_object(group: str, owner: str, kind: str, there: bool, stands: bool) -> None:
    """A workload of Kubernetes keeps its pods; any other maker has to be there, and to be judged itself."""
    seen = inventory([maker(owner, group)] if there else [])
    assert stood_for(owned(kind, group, owner), seen) is stands


@pytest.mark.parametrize(
    ("manager", "image", "stands"),
    [("kube-controller-manager", "b", True), ("kubectl-create", "a", True), ("kubectl-create", "b", False)],
)
def test_a_cron_job_stands_for_its_own_runs(manager: str, image: str, stands: bool) -> None:
    """Those of its controller, also of an earlier version of it, and what somebody ran by hand unchanged."""
    cron = maker("CronJob", "batch")
    cron["spec"] = {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "a"}]}}}}}
    job = owned("Job", "batch", "CronJob", managedFields=[{"manager": manager}])
    job["spec"] = {"template": {"spec": {"containers": [{"image": image}]}}}
    assert stood_for(job, inventory([cron])) is stands


def test_another_object_of_the_owner_s_name_stands_for_nothing() -> None:
    """The true owner is gone."""
    seen = inventory([maker("Gateway", "gateway.networking.k8s.io")])
    assert not stood_for(owned("Service", "gateway.networking.k8s.io", "Gateway", uid="u9"), seen)


@pytest.mark.parametrize(("group", "owner", "whole"), [("apps", "ReplicaSet", False), ("agents.io", "Agent", True)])
def test_pods_are_kept_whole_unless_a_workload_stands_for_them(group: str, owner: str, whole: bool) -> None:
    """What is judged has to be there; ten thousand pods of Deployments need not be."""
    pod = owned("Pod", group, owner)
    assert by_workload(pod) is not whole
    assert ("containers" in kept(pod, whole=False)["spec"]) is whole


@pytest.mark.parametrize(("manager", "stands"), [("cert-manager-challenges", True), ("kubectl-edit", False)])
def test_what_answers_a_challenge_is_cert_manager_s(manager: str, stands: bool) -> None:
    """Its pod, Service and Ingress are there for a minute; nobody lists what owns them."""
    made = owned("Ingress", "acme.cert-manager.io", "Challenge", managedFields=[{"manager": manager}])
    assert stood_for(made, inventory([])) is stands
    assert not stood_for(owned("RoleBinding", "acme.cert-manager.io", "Challenge"), inventory([]))


@pytest.mark.parametrize("unserved", [True, False])
def test_what_openshift_gives_is_somebody_s_elsewhere(unserved: bool) -> None:
    """A binding of the name that OpenShift uses: only a server that serves its routes gives it."""
    metadata = {"name": "system:deployers", "namespace": "app"}
    binding = Manifest({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata})
    listings = (
        Listing(ApiKind("rbac.authorization.k8s.io", "v1", "RoleBinding"), objects=(binding,)),
        Listing(ApiKind("route.openshift.io", "v1", "Route"), unserved=unserved),
    )
    found = extras(Cluster(listings=listings), inventory([]), frozenset({"app"}))
    assert [obj for obj, _ in found] == ([binding] if unserved else [])


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("Pod", {"phase": "Succeeded"}, True), ("Pod", {"phase": "Failed"}, True), ("Pod", {"phase": "Running"}, False),
        ("Job", {"conditions": [{"type": "Suspended"}, {"type": "Complete", "status": "True"}]}, True),
        ("Job", {"conditions": [{"type": "Failed", "status": "True"}]}, True),
        ("Job", {"conditions": [{"type": "Complete", "status": "False"}]}, False),
        ("Job", {"conditions": [{"type": "Suspended", "status": "True"}]}, False), ("Job", {"phase": "Succeeded"}, False),
        ("Deployment", {"phase": "Succeeded"}, False), ("Pod", {}, False),
    ],
)  # fmt: skip
def test_what_ran_to_its_end(kind: str, status: dict[str, Any], done: bool) -> None:
    """A Pod or a Job that is done, well or not; nothing else ends."""
    assert over({"kind": kind, "status": status}) is done


def test_no_pod_comes_of_a_job_that_is_done() -> None:
    """One that runs on is somebody's; one that is done as well may be its own."""
    job = Manifest({**maker("Job", "batch"), "status": {"conditions": [{"type": "Complete", "status": "True"}]}})
    pod = owned("Pod", "batch", "Job")
    assert makers_of(pod, inventory([job]), frozenset({("batch", "Job")})) == []
    done = Manifest({**pod, "status": {"phase": "Succeeded"}})
    assert makers_of(done, inventory([job]), frozenset({("batch", "Job")})) == [job]


def test_a_maker_is_one_of_those_asked_for_and_controls() -> None:
    """Of another kind, or named without control, it is none; the next one may be."""
    pod = owned("Pod", "batch", "Job")
    job, gateway = maker("Job", "batch"), maker("Gateway", "gateway.networking.k8s.io")
    seen = inventory([job, gateway])
    assert makers_of(pod, seen, frozenset({("apps", "ReplicaSet")})) == []
    reference = pod["metadata"]["ownerReferences"][0]
    both = {**pod, "metadata": {**pod["metadata"], "ownerReferences": [{**reference, "name": "gone"}, reference]}}
    assert makers_of(Manifest(both), seen, frozenset({("batch", "Job")})) == [job]
    for control in (False, None, "true"):
        loose = {**pod, "metadata": {**pod["metadata"], "ownerReferences": [{**reference, "controller": control}]}}
        assert makers_of(Manifest(loose), seen, frozenset({("batch", "Job")})) == []
    unknown = Manifest({**job, "metadata": {"name": "maker", "namespace": "app"}})
    assert makers_of(pod, inventory([unknown]), frozenset({("batch", "Job")})) == [unknown]


@pytest.mark.parametrize(
    ("group", "owner", "kind"), [("apps", "Deployment", "ReplicaSet"), ("apps", "DaemonSet", "Pod")]
)
def test_a_workload_stands_for_what_it_controls(group: str, owner: str, kind: str) -> None:
    """By its kind alone: the workload itself is judged, and takes away what it did not make."""
    assert by_workload(owned(kind, group, owner))
    assert not by_workload(owned("Secret", group, owner))
    assert kind_of({"apiVersion": f"{group}/v1", "kind": owner}) == (group, owner)
    assert kind_of({}) == ("", "")
