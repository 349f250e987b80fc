"""The live cluster by its own word: what it is called, which namespaces are the overlay's, what opens a door."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.live import live_objects, namespaces_of, own_namespaces, tried_in
from kfm_checks.facts.live_extra import is_exposure
from kfm_checks.facts.live_names import names
from kfm_checks.facts.live_ways import live_ways
from kfm_checks.facts.objects import inventory
from kfm_checks.model import Manifest, Origin


def obj(api: str, kind: str, name: str = "x", namespace: str = "app", spec: Any = None, **metadata: Any) -> Manifest:
    """An object."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **metadata}
    return Manifest({"apiVersion": api, "kind": kind, "metadata": meta, **({} if spec is None else {"spec": spec})})


def cluster(*objects: Manifest) -> Cluster:
    """A cluster in which these were listed."""
    by_kind: dict[ApiKind, list[Manifest]] = defaultdict(list)
    for one in objects:
        by_kind[ApiKind(one.key.group, one.key.api_version.rpartition("/")[2], one.key.kind)].append(one)
    return Cluster(listings=tuple(Listing(kind, objects=tuple(found)) for kind, found in by_kind.items()))


RENDER = [
    obj("v1", "Namespace", "app", ""),
    obj("v1", "Secret", "s"),
    obj("v1", "Secret", "s", "undeclared"),
    obj("v1", "Secret", "s", "kube-system"),
]


def test_namespaces_of_the_overlay() -> None:
    """Declared or used, Kubernetes' own apart; enforcement is tried in those declared, the platform's own apart."""
    found = inventory([*RENDER, obj("v1", "Namespace", "platform", ""), obj("v1", "Namespace", "kube-x", "")])
    assert namespaces_of(found) == {"app", "undeclared", "platform"}
    config = parse_settings({"workloads": {"platform-namespaces": ["platform"]}}).config
    assert tried_in(found, config) == {"app"}


def kubeadm(text: str, name: str = "kubeadm-config", namespace: str = "kube-system") -> Manifest:
    """What kubeadm keeps of its settings."""
    return Manifest({**obj("v1", "ConfigMap", name, namespace), "data": {"ClusterConfiguration": text}})


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([kubeadm("a: 1\nclusterName: prod-1\nb: 2\n")], ["prod-1"]), ([kubeadm("clusterName: kubernetes\n")], []), ([kubeadm("clusterName: prod", "other")], []),
        ([kubeadm("clusterName: prod", namespace="app")], []), ([kubeadm("xclusterName: prod")], []), ([kubeadm("")], []),
        *(([obj("v1", "Node", "n", "", labels={label: "prod"}), obj("v1", "Node", "m", "", labels={label: "prod"})], ["prod"]) for label in (
            "alpha.eksctl.io/cluster-name", "kubernetes.azure.com/cluster", "cluster.x-k8s.io/cluster-name")),
        *(([obj("v1", "Node", "n", "", labels={"cluster.x-k8s.io/cluster-name": name})], []) for name in ("", "kubernetes", "kind", "default", "in-cluster", "cluster")),
        ([obj("v1", "Node", "n", "", labels={"example.org/cluster": "prod"})], []),
        ([obj("v1", "Node", n, "", labels={"kubernetes.azure.com/cluster": n}) for n in ("b", "a", "b")], ["b", "a"]),
    ],
)  # fmt: skip
def test_what_the_cluster_is_called(objects: list[Manifest], found: list[str]) -> None:
    """By kubeadm's settings and by the providers' labels on nodes; never by a name that every cluster has."""
    told = list(names(cluster(*objects)))
    assert [name for _, _, name in told] == found
    for one, path, _ in told:
        at: Any = one
        for step in path:
            at = at[step]
        assert at


@pytest.mark.parametrize(
    ("kind", "spec", "opens"),
    [
        ("Service", {"type": "NodePort"}, True), ("Service", {"type": "LoadBalancer"}, True), ("Service", {"type": "ClusterIP"}, False), ("Service", {"externalIPs": ["192.0.2.1"]}, True),
        ("Service", {"externalIPs": []}, False), ("Deployment", {"type": "NodePort"}, False),
        *((kind, {}, True) for kind in ("Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "Route", "IngressRoute", "IngressRouteTCP", "IngressRouteUDP")),
    ],
)  # fmt: skip
def test_what_opens_a_door(kind: str, spec: dict[str, Any], opens: bool) -> None:
    """A Service by its type or its addresses, and every kind of route."""
    assert is_exposure(obj("x/v1", kind, spec=spec)) is opens


CONFIG = parse_settings({"workloads": {"platform-namespaces": ["platform"]}}).config
RBAC, GATEWAYS = "rbac.authorization.k8s.io/v1", "gateway.networking.k8s.io/v1"


def answered_for(
    *objects: Manifest, rendered: tuple[Manifest, ...] = (obj("v1", "Namespace", "app", ""),)
) -> list[str]:
    """Names of the live objects that the overlay answers for."""
    return [one.key.name for one in live_objects(cluster(*objects), inventory(rendered), CONFIG)]


def binding(*subjects: tuple[str, str, str]) -> Manifest:
    """A grant in the whole cluster to these subjects: kind, name and namespace."""
    listed = [{"kind": kind, "name": name, "namespace": home} for kind, name, home in subjects]
    return Manifest({**obj(RBAC, "ClusterRoleBinding", "b", ""), "subjects": listed})


@pytest.mark.parametrize(
    ("one", "ours"),
    [
        (obj("v1", "ConfigMap", "x"), True), (obj("v1", "ConfigMap", "x", "other"), False), (obj("v1", "ConfigMap", "system:x"), False),
        (obj(RBAC, "ClusterRole", "x", ""), True), (obj(RBAC, "ClusterRole", "x", "", labels={"kubernetes.io/bootstrapping": "rbac-defaults"}), False),
        (obj("v1", "Namespace", "app", ""), True), (obj("v1", "Namespace", "other", ""), False),
        # The Gateways of its routes and what reconciles it, wherever they are.
        (obj(GATEWAYS, "Gateway", "x", "other"), True), (obj("networking.istio.io/v1", "Gateway", "x", "other"), True),
        (obj("argoproj.io/v1alpha1", "Application", "x", "other"), True), (obj("argoproj.io/v1alpha1", "ApplicationSet", "x", "other"), True),
        (obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "x", "other"), True), (obj("source.toolkit.fluxcd.io/v1", "GitRepository", "x", "other"), True),
        (obj("argoproj.io/v1alpha1", "Workflow", "x", "other"), False), (obj(GATEWAYS, "HTTPRoute", "x", "other"), False),
        # What ran to its end opens nothing any more.
        (Manifest({**obj("v1", "Pod"), "status": {"phase": "Succeeded"}}), False), (Manifest({**obj("v1", "Pod"), "status": {"phase": "Running"}}), True),
        # Grants to the control plane and to the platform are not the overlay's; one to anybody else is.
        (binding(("ServiceAccount", "x", "platform")), False), (binding(("ServiceAccount", "x", "kube-system")), False), (binding(("ServiceAccount", "x", "app")), True),
        (binding(("Group", "system:serviceaccounts:platform", "")), False), (binding(("Group", "system:serviceaccounts:app", "")), True),
        (binding(("Group", "kubeadm:cluster-admins", "")), False), (binding(("User", "system:kube-scheduler", "")), False), (binding(("Group", "admins", "")), True),
        *((binding(("Group", f"system:{name}", "")), True) for name in ("authenticated", "unauthenticated", "serviceaccounts", "anonymous")),
        (binding(("User", "system:kube-scheduler", ""), ("Group", "admins", "")), True), (binding(), False),
    ],
)  # fmt: skip
def test_what_the_overlay_answers_for(one: Manifest, ours: bool) -> None:
    """Its own namespaces, what stands outside namespaces, and what bears on it; Kubernetes' and the platform's own apart."""
    after = obj("v1", "Secret", "z")
    assert sorted(answered_for(one, after)) == ([one.key.name] if ours else []) + ["z"]


def test_a_namespace_that_is_used_and_not_declared_is_the_overlays() -> None:
    """Its labels are judged; another's are its owner's."""
    spaces = (obj("v1", "Namespace", "used", ""), obj("v1", "Namespace", "other", ""))
    assert answered_for(*spaces, rendered=(obj("v1", "Secret", "s", "used"),)) == ["used"]


def test_a_rendered_object_keeps_its_origin() -> None:
    """Wherever it is; another one of its name is another."""
    origin = Origin("apps/x.yaml", 3)
    rendered = Manifest(obj("v1", "ConfigMap", "x", "other"), origin)
    seen = cluster(obj("v1", "ConfigMap", "x", "other"), obj("v1", "ConfigMap", "y", "other"))
    [found] = live_objects(seen, inventory([rendered, obj("v1", "Namespace", "app", "")]), CONFIG)
    assert found.origin == origin


@pytest.mark.parametrize(
    ("rendered", "homes"),
    [
        ([("app", True), ("used", False), ("kube-x", True)], {"app"}), ([("used", False), ("platform", False), ("kube-x", False)], {"used"}),
        ([("platform", True), ("used", False)], {"platform"}), ([], set()),
    ],
)  # fmt: skip
def test_own_namespaces(rendered: list[tuple[str, bool]], homes: set[str]) -> None:
    """Those that the overlay declares; where it declares none, those it uses that are no platform's."""
    objects = [
        obj("v1", "Namespace", name, "") if declared else obj("v1", "Secret", "s", name) for name, declared in rendered
    ]
    assert own_namespaces(inventory(objects), CONFIG) == homes


def test_ways_start_anywhere_but_in_kubernetes_own_namespaces() -> None:
    """A door of a namespace that git does not know leads in; those of the control plane are its own."""
    spec = {"type": "LoadBalancer", "selector": {"app": "w"}, "ports": [{"port": 80}]}
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": [{"name": "c", "image": "postgres:17"}]}}
    objects = [
        one
        for home in ("unknown", "kube-system")
        for one in (
            obj("v1", "Service", "s", home, spec),
            obj("apps/v1", "StatefulSet", "db", home, {"template": template}),
        )
    ]
    found = live_ways(cluster(*objects), CONFIG)
    assert {one.key.namespace for one in found.seen} == {"unknown"}
    assert [one.destination for one in found.exposures] == ["unknown/StatefulSet/db"]
    assert [store.id for store in found.datastores] == ["unknown/StatefulSet/db"]
