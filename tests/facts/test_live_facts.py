"""The live cluster by its own word: whose objects count, who owns a field, what the cluster is called, what is extra."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.live import live_objects, namespaces_of, tried_in
from kfm_checks.facts.live_extra import extras, is_exposure
from kfm_checks.facts.live_names import names
from kfm_checks.facts.live_owners import by_hand, first_owner, last_owner, owner_of
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


CONTROLLED = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "controller": True}]
OWNED = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r"}]
RENDER = [
    obj("v1", "Namespace", "app", ""),
    obj("v1", "Secret", "s"),
    obj("v1", "Secret", "s", "undeclared"),
    obj("v1", "Secret", "s", "kube-system"),
]


@pytest.mark.parametrize(
    ("live", "counts"),
    [
        (obj("v1", "Secret", "new"), True), (obj("v1", "Secret", "new", "undeclared"), True), (obj("v1", "Secret", "new", "other"), False),
        (obj("v1", "Secret", "new", "kube-system"), False), (obj("v1", "Namespace", "app", ""), True), (obj("v1", "Namespace", "other", ""), False),
        (obj("v1", "Node", "n", ""), True), (obj("rbac/v1", "ClusterRole", "system:x", ""), False), (obj("rbac/v1", "ClusterRole", "x", ""), True),
        (obj("rbac/v1", "ClusterRole", "x", "", labels={"kubernetes.io/bootstrapping": "rbac-defaults"}), False),
        (obj("v1", "Pod", "p", ownerReferences=CONTROLLED), False), (obj("v1", "Pod", "p", ownerReferences=OWNED), True),
    ],
)  # fmt: skip
def test_live_objects_that_the_overlay_answers_for(live: Manifest, counts: bool) -> None:
    """Those of its namespaces and those outside all; never Kubernetes' own, nor what a controller made."""
    assert live_objects(cluster(live), inventory(RENDER)) == ((live,) if counts else ())


def test_a_live_object_has_the_origin_of_its_render() -> None:
    """So that evidence points at the file to edit."""
    rendered = Manifest(RENDER[1], Origin("a.yaml", 3))
    (found,) = live_objects(cluster(obj("v1", "Secret", "s")), inventory([rendered]))
    assert found.origin.file == "a.yaml"


def test_namespaces_of_the_overlay() -> None:
    """Declared or used, Kubernetes' own apart; enforcement is tried in those declared, the platform's own apart."""
    found = inventory([*RENDER, obj("v1", "Namespace", "platform", ""), obj("v1", "Namespace", "kube-x", "")])
    assert namespaces_of(found) == {"app", "undeclared", "platform"}
    config = parse_settings({"workloads": {"platform-namespaces": ["platform"]}}).config
    assert tried_in(found, config) == {"app"}


MANAGERS = [
    ("kubectl", "Apply", "2026-01-01", {"f:spec": {"f:replicas": {}}}, ""), ("hpa", "Update", "2026-01-03", {"f:spec": {"f:replicas": {}}}, ""),
    ("kubelet", "Update", "2026-01-09", {"f:status": {}}, "status"), ("helm", "Update", "2026-01-02", {"f:metadata": {}}, ""),
    ("first", "Update", "2025-01-01", {"f:status": {}}, "status"),
]  # fmt: skip


def managed(*entries: tuple[str, str, str, Any, str], **more: Any) -> dict[str, Any]:
    """An object with ``managedFields``."""
    listed = [
        {"manager": m, "operation": o, "time": t, "fieldsV1": f, **({"subresource": s} if s else {})}
        for m, o, t, f, s in entries
    ]
    return {"metadata": {"managedFields": listed}, **more}


def test_who_changed_an_object() -> None:
    """First and last, the status apart; a field's last manager, else the object's; nobody where nothing is told."""
    seen = managed(*MANAGERS, spec={"replicas": 2})
    assert [str(one) for one in (first_owner(seen), last_owner(seen))] == [
        "kubectl (Apply, 2026-01-01)",
        "hpa (Update, 2026-01-03)",
    ]
    assert str(owner_of(seen, ("spec", "replicas"))) == "hpa (Update, 2026-01-03)"
    assert str(owner_of(seen, ("metadata", "labels"))) == "hpa (Update, 2026-01-03)"
    assert str(owner_of(seen, ("metadata",))) == "helm (Update, 2026-01-02)"
    assert owner_of({}, ("spec",)) is first_owner({}) is last_owner({}) is None
    assert str(last_owner({"metadata": {"managedFields": [{}]}})) == "unknown ()"


#: A list, the way to an item, and the names under which ``fieldsV1`` may list it.
ITEMS: list[tuple[Any, str, bool]] = [
    ({"name": "a", "image": "x"}, 'k:{"name":"a"}', True), ({"type": "Ready"}, 'k:{"type":"Ready"}', True), ({"mountPath": "/a"}, 'k:{"mountPath":"/a"}', True),
    ({"devicePath": "/d"}, 'k:{"devicePath":"/d"}', True), ({"ip": "10.0.0.1"}, 'k:{"ip":"10.0.0.1"}', True), ({"uid": "u"}, 'k:{"uid":"u"}', True), ({"key": "k"}, 'k:{"key":"k"}', True),
    ({"topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}, 'k:{"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule"}', True),
    ({"topologyKey": "z"}, 'k:{"topologyKey":"z"}', False), ({"containerPort": 80}, 'k:{"containerPort":80,"protocol":"TCP"}', True),
    ({"containerPort": 53, "protocol": "UDP"}, 'k:{"containerPort":53,"protocol":"UDP"}', True), ({"port": 80}, 'k:{"port":80,"protocol":"TCP"}', True),
    ({"port": 80, "containerPort": 81}, 'k:{"containerPort":81,"protocol":"TCP"}', True), ("a", 'v:"a"', True), (7, "v:7", True), ("a", "i:1", True), ({"x": "y"}, "i:1", True),
    ({"name": "a"}, 'k:{"name":"b"}', False), ("a", 'v:"b"', False), ({"other": 1}, 'k:{"port":1,"protocol":"TCP"}', False),
]  # fmt: skip


@pytest.mark.parametrize(("item", "name", "owned"), ITEMS)
def test_names_of_items(item: Any, name: str, owned: bool) -> None:
    """By key, by value or by place (Kubernetes documentation, *Server-Side Apply*); the keys are those of the API's lists."""
    entries = [
        ("b", "Update", "2026-01-02", {"f:other": {}}, ""),
        ("a", "Apply", "2026-01-01", {"f:list": {name: {"f:x": {}}}}, ""),
    ]
    found = owner_of(managed(*entries, list=["0", item]), ("list", 1))
    assert found is not None and found.manager == ("a" if owned else "b")


@pytest.mark.parametrize(
    "manager",
    [
        "kube-controller-manager",
        "my-Operator",
        "istio-injector",
        "cert-manager",
        "kubelet",
        "kube-scheduler",
        "csi-provisioner",
        "webhook",
        "vpa-autoscaler",
        "kwok",
    ],
)
def test_programs_are_no_hands(manager: str) -> None:
    """Their names say so; a person's client is a hand, where a GitOps controller applies the object."""
    git = ("argocd-controller", "Apply", "2026-01-01", {"f:spec": {"f:a": {}}}, "")
    field: dict[str, Any] = {"f:spec": {"f:b": {}}}
    assert by_hand(managed(git, (manager, "Update", "2026-01-02", field, ""), spec={"b": 1}), ("spec", "b")) is None
    hand = ("kubectl-edit", "Update", "2026-01-02", field, "")
    assert str(by_hand(managed(git, hand, spec={"b": 1}), ("spec", "b"))) == "kubectl-edit (Update, 2026-01-02)"
    assert (
        by_hand(managed(git, hand, (manager, "Update", "2026-01-03", field, ""), spec={"b": 1}), ("spec", "b")) is None
    )
    assert by_hand(managed(hand, spec={"b": 1}), ("spec", "b")) is None
    assert by_hand(managed(git, (*hand[:4], "scale"), spec={"b": 1}), ("spec", "b")) is None
    updated = ("kustomize-controller", "Update", "2026-01-01", {}, "")
    assert by_hand(managed(updated, hand, spec={"b": 1}), ("spec", "b")) is None


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


GIVEN = [
    ("v1", "ConfigMap", "kube-root-ca.crt"), ("v1", "ConfigMap", "openshift-service-ca.crt"), ("v1", "ServiceAccount", "default"), ("v1", "ServiceAccount", "builder"),
    ("v1", "ServiceAccount", "deployer"), *(("rbac.authorization.k8s.io/v1", "RoleBinding", f"system:{name}") for name in ("deployers", "image-builders", "image-pullers")),
    *(("x/v1", kind, "x") for kind in ("Event", "Lease", "Endpoints", "EndpointSlice", "ControllerRevision", "Node")),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind", "name"), GIVEN)
def test_what_every_namespace_is_given(api: str, kind: str, name: str) -> None:
    """Nobody commits it, and nobody misses it in git; by another name the same kind would be extra, unless it never counts."""
    seen = cluster(obj(api, kind, name), obj("v1", "Secret", "real"), obj("v1", "Secret", "there", "other"))
    assert [one.key.name for one in extras(seen, inventory([]), frozenset({"app"}))] == ["real"]


TLS = {"tls": [{"secretName": "web-tls"}]}
MADE: list[tuple[Manifest, Manifest, bool]] = [
    (obj("external-secrets.io/v1", "ExternalSecret", "db", spec={}), obj("v1", "Secret", "db"), True),
    (obj("external-secrets.io/v1", "ExternalSecret", "db", spec={"target": {"name": "other"}}), obj("v1", "Secret", "other"), True),
    (obj("external-secrets.io/v1", "ExternalSecret", "db", spec={"target": {"name": "other"}}), obj("v1", "Secret", "db"), False),
    (obj("cert-manager.io/v1", "Certificate", "c", spec={"secretName": "c-tls"}), obj("v1", "Secret", "c-tls"), True), (obj("cert-manager.io/v1", "Certificate", "c", spec={}), obj("v1", "Secret", "c"), False),
    (obj("bitnami.com/v1", "SealedSecret", "s", spec={}), obj("v1", "Secret", "s"), True), (obj("bitnami.com/v1", "SealedSecret", "s", spec={}), obj("v1", "Secret", "s", "far"), False),
    (obj("bitnami.com/v1", "SealedSecret", "s", spec={"template": {"metadata": {"name": "t"}}}), obj("v1", "Secret", "t"), True),
    (obj("networking.k8s.io/v1", "Ingress", "i", spec=TLS, annotations={"cert-manager.io/issuer": "x"}), obj("v1", "Secret", "web-tls"), True),
    (obj("networking.k8s.io/v1", "Ingress", "i", spec=TLS), obj("v1", "Secret", "web-tls"), False), (obj("external-secrets.io/v1", "ExternalSecret", "db", spec={}), obj("v1", "ConfigMap", "db"), False),
    (obj("v1", "Secret", "other"), obj("v1", "Secret", "x", annotations={"cert-manager.io/certificate-name": "c"}), True),
    (obj("v1", "Secret", "other"), obj("v1", "Secret", "x", annotations={"kubernetes.io/service-account.name": "c"}), True),
    (obj("v1", "Secret", "other"), obj("v1", "ConfigMap", "x", annotations={"kubernetes.io/service-account.name": "c"}), False),
    (obj("v1", "Secret", "x"), obj("v1", "Secret", "x"), True), (obj("v1", "Secret", "other"), obj("v1", "Pod", "p", ownerReferences=CONTROLLED), True),
    (obj("v1", "Secret", "other"), obj("v1", "Pod", "p"), False),
    *((obj("apps/v1", "StatefulSet", "db", spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}), obj("v1", "PersistentVolumeClaim", name, namespace), expected) for name, namespace, expected in (
        ("data-db-0", "app", True), ("data-db-12", "app", True), ("data-db-x", "app", False), ("data-db-0-old", "app", False), ("x-data-db-0", "app", False), ("data-db-0", "far", False))),
]  # fmt: skip


@pytest.mark.parametrize(("rendered", "live", "known"), MADE)
def test_what_git_knows_or_made(rendered: Manifest, live: Manifest, known: bool) -> None:
    """Rendered, owned by a controller, or a Secret or claim that something rendered makes; the next object is looked at, too."""
    seen = cluster(live, obj("x/v1", "Zebra", "z"))
    found = [one.key.kind for one in extras(seen, inventory([rendered]), frozenset({"app", "far"}))]
    assert found == (["Zebra"] if known else [live.key.kind, "Zebra"])


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


def test_ways_into_the_live_cluster() -> None:
    """From every namespace but Kubernetes' own; pods of a controller are their maker's."""
    pods = [obj("v1", "Pod", f"p{n}", space, {"hostNetwork": True, "containers": [{"name": "c"}]}, **more)
            for n, (space, more) in enumerate([("app", {}), ("unknown", {}), ("kube-system", {}), ("app", {"ownerReferences": CONTROLLED})])]  # fmt: skip
    found = live_ways(cluster(*pods), parse_settings({}).config)
    assert [one.destination for one in found.exposures] == ["app/Pod/p0", "unknown/Pod/p1"]
    assert [one.key.name for one in found.seen] == ["p0", "p1"]
