"""The live cluster by its own word: what it is called, which namespaces are the overlay's, what opens a door."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.live import namespaces_of, tried_in
from kfm_checks.facts.live_extra import is_exposure
from kfm_checks.facts.live_names import names
from kfm_checks.facts.objects import inventory
from kfm_checks.model import Manifest


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
