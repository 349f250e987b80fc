"""Kinds that are named and not evaluated, hosts with and without TLS, and what pages draw."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kfm_checks.config import Config
from kfm_checks.config import Datastore as Declared
from kfm_checks.facts.datastores import datastores, operated
from kfm_checks.facts.network import network
from kfm_checks.facts.network.others import (
    entries_not_evaluated,
    is_entry_controller,
    is_tunnel,
    not_evaluated,
    repository,
)
from kfm_checks.facts.network.ports import EVERYTHING, intersection, normal, size, text, union
from kfm_checks.facts.network.tls import public_hosts
from kfm_checks.facts.network.views import clients, datastore_matrix
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

#: As their projects document them: (apiVersion, kind, whether it has a namespace).
POLICIES = [
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", False),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", False),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", False),
    ("cilium.io/v2", "CiliumNetworkPolicy", True),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", False),
    ("projectcalico.org/v3", "NetworkPolicy", True),
    ("projectcalico.org/v3", "GlobalNetworkPolicy", False),
    ("crd.projectcalico.org/v1", "NetworkPolicy", True),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", False),
    ("crd.antrea.io/v1beta1", "NetworkPolicy", True),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", False),
    ("k8s.ovn.org/v1", "EgressFirewall", True),
    ("network.openshift.io/v1", "EgressNetworkPolicy", True),
]
ENTRIES = [
    ("projectcontour.io/v1", "HTTPProxy"), ("getambassador.io/v3alpha1", "Mapping"), ("getambassador.io/v3alpha1", "TCPMapping"),
    ("configuration.konghq.com/v1beta1", "TCPIngress"), ("configuration.konghq.com/v1beta1", "UDPIngress"),
    ("apisix.apache.org/v2", "ApisixRoute"), ("gateway.solo.io/v1", "VirtualService"), ("k8s.nginx.org/v1", "VirtualServer"),
    ("k8s.nginx.org/v1", "TransportServer"), ("serving.knative.dev/v1", "Service"), ("serving.knative.dev/v1", "Route"),
    ("serving.knative.dev/v1beta1", "DomainMapping"), ("networking.gke.io/v1", "MultiClusterIngress"),
    ("multicluster.x-k8s.io/v1alpha1", "ServiceExport"), ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"),
    ("networking.cfargotunnel.com/v1alpha1", "ClusterTunnel"), ("ngrok.k8s.ngrok.com/v1alpha1", "Tunnel"),
    ("tailscale.com/v1alpha1", "Connector"), ("inlets.inlets.dev/v1alpha1", "Tunnel"), ("skupper.io/v1alpha1", "Site"),
    ("cilium.io/v2", "CiliumEnvoyConfig"), ("cilium.io/v2", "CiliumClusterwideEnvoyConfig"),
    ("networking.internal.knative.dev/v1alpha1", "Ingress"),
]  # fmt: skip


def obj(api: str, kind: str, namespace: str = "", **body: Any) -> dict[str, Any]:
    """An object called x."""
    metadata = {"name": "x", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


@pytest.mark.parametrize(("api", "kind", "namespaced"), POLICIES)
def test_policies_of_other_kinds_are_named(api: str, kind: str, namespaced: bool) -> None:
    """One of a namespace touches that one; one of the cluster without a subject touches all."""
    found = inventory([obj(api, kind, "a" if namespaced else "", spec={})])
    assert [one.key.kind for one in not_evaluated(found, "a")] == [kind]
    assert len(not_evaluated(found, "b")) == (0 if namespaced else 1)


@pytest.mark.parametrize(
    ("subject", "touches"),
    [
        ({"namespaces": {"matchLabels": {"team": "a"}}}, True),
        ({"namespaces": {"matchLabels": {"team": "b"}}}, False),
        ({"pods": {"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {}}}, True),
        ({"pods": {"namespaceSelector": {"matchLabels": {"team": "b"}}, "podSelector": {}}}, False),
        ({"namespaces": {"matchExpressions": [{"key": "team", "operator": "Is"}]}}, True),  # can't be read: it may
        ({"namespaces": {}}, True),
    ],
)
def test_whom_a_policy_of_the_cluster_touches(subject: dict[str, Any], touches: bool) -> None:
    """By its subject, where that can be read."""
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"team": "a"}}}
    policy = obj("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", spec={"subject": subject})
    assert bool(not_evaluated(inventory([home, policy]), "a")) is touches


@pytest.mark.parametrize(("api", "kind"), ENTRIES)
def test_ways_in_of_other_kinds_are_named(api: str, kind: str) -> None:
    """What lets the outside in and can't be read here is never passed over."""
    found = entries_not_evaluated(inventory([obj(api, kind, "a", spec={}), obj("example.org/v1", kind, "a", spec={})]))
    assert [str(one.key.group) for one in found] == [api.partition("/")[0]]


def test_kinds_that_only_look_alike_are_not_named() -> None:
    """A Service of the core, an Ingress that is read, a policy that is read."""
    found = inventory(
        [
            obj("v1", "Service", "a"),
            obj("networking.k8s.io/v1", "NetworkPolicy", "a"),
            obj("cilium.io/v2", "CiliumNode"),
        ]
    )
    assert not entries_not_evaluated(found) and not not_evaluated(found, "a")


def made(image: str, role: str = "containers", **labels: str) -> Any:
    """The one workload of a pod."""
    found = inventory([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": labels}, "spec": {role: [{"name": "c", "image": image}]}}])  # fmt: skip
    return workloads(found)[0]


@pytest.mark.parametrize(
    "image",
    [
        "registry.k8s.io/ingress-nginx/controller:v1", "nginx/nginx-ingress:3", "bitnami/nginx-ingress-controller", "traefik:v3",
        "haproxytech/kubernetes-ingress", "jcmoraisjr/haproxy-ingress", "kong:3", "kong/kong-gateway", "projectcontour/contour",
        "emissaryingress/emissary", "apache/apisix", "zalando/skipper", "envoyproxy/envoy:v1", "nginx/nginx-gateway-fabric",
        "quay.io/openshift/openshift-haproxy-router@sha256:0",
    ],
)  # fmt: skip
def test_entry_controllers_are_told_by_their_image(image: str) -> None:
    """By the last parts of the repository; an init container is none, and another image neither."""
    assert is_entry_controller(made(image))
    assert not is_entry_controller(made(image, "initContainers"))
    assert not is_entry_controller(made(image.partition(":")[0].partition("@")[0] + "-exporter"))


def test_a_gateway_of_istio_is_told_by_its_label() -> None:
    """Its image is the proxy's, which is everywhere."""
    assert is_entry_controller(made("istio/proxyv2", istio="ingressgateway"))
    assert not is_entry_controller(made("istio/proxyv2", istio="egressgateway"))


@pytest.mark.parametrize(
    "image",
    [
        "cloudflare/cloudflared",
        "ngrok/ngrok",
        "inlets/inlets",
        "fatedier/frpc",
        "snowdreamtech/frpc",
        "tailscale/tailscale",
    ],
)
def test_tunnels_are_told_by_their_image(image: str) -> None:
    """In any role, at any registry."""
    assert is_tunnel(made(f"ghcr.io/{image}:1", "initContainers"))
    assert not is_tunnel(made(f"example/{image.rpartition('/')[2]}"))
    assert repository(f"ghcr.io/{image.upper()}@sha256:0", 2) == image


# -- TLS ----------------------------------------------------------------------------------------------------------------


def ingress(rules: str = "[{host: a.example}]", tls: str = "[]", notes: str = "{}", more: str = "") -> str:
    """An Ingress."""
    return f"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: x, namespace: a, annotations: {notes}}}, spec: {{rules: {rules}, tls: {tls}{more}}}}}"


def route(tls: str, notes: str = "{}") -> str:
    """An OpenShift Route."""
    return f"{{apiVersion: route.openshift.io/v1, kind: Route, metadata: {{name: x, namespace: a, annotations: {notes}}}, spec: {{host: a.example, tls: {tls}}}}}"


def gateway(listeners: str, kind: str = "HTTPRoute", refs: str = "[{name: g}]", spec: str = "") -> str:
    """A Gateway and a route."""
    group = "gateway.networking.k8s.io/v1"
    return (
        f"{{apiVersion: {group}, kind: Gateway, metadata: {{name: g, namespace: a}}, spec: {{listeners: {listeners}}}}}\n---\n"
        f"{{apiVersion: {group}, kind: {kind}, metadata: {{name: x, namespace: a}}, spec: {{parentRefs: {refs}{spec}}}}}"
    )


def istio(servers: str, gateways: str = "[g]", hosts: str = "[a.example]", home: str = "a") -> str:
    """An Istio Gateway and a VirtualService."""
    group = "networking.istio.io/v1"
    return (
        f"{{apiVersion: {group}, kind: Gateway, metadata: {{name: g, namespace: {home}}}, spec: {{servers: {servers}}}}}\n---\n"
        f"{{apiVersion: {group}, kind: VirtualService, metadata: {{name: x, namespace: a}}, spec: {{gateways: {gateways}, hosts: {hosts}}}}}"
    )


def traefik(tls: str, kind: str = "IngressRoute", match: str = "Host(`a.example`)", entry: str = "[web]") -> str:
    """A Traefik route."""
    return f"{{apiVersion: traefik.io/v1alpha1, kind: {kind}, metadata: {{name: x, namespace: a}}, spec: {{entryPoints: {entry}, routes: [{{match: '{match}'}}], tls: {tls}}}}}"


A, ANY = "a.example", "any host"
HTTPS = "{name: s, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: t}]}}"
HTTP = "{name: p, port: 80, protocol: HTTP}"
SECURE: dict[str, tuple[str, list[tuple[str, bool | None]]]] = {
    "Ingress without tls": (ingress(), [(A, False)]),
    "Route by its subdomain": (route("null").replace("host: a.example", "subdomain: front"), [("front", False)]),
    "Route of any name": (route("null").replace("host: a.example, ", ""), [(ANY, False)]),
    "Ingress with a Secret": (ingress(tls="[{hosts: [a.example], secretName: t}]"), [(A, True)]),
    "Ingress with tls for all hosts": (ingress(tls="[{secretName: t}]"), [(A, True)]),
    "Ingress with tls for another": (ingress(tls="[{hosts: [b.example], secretName: t}]"), [(A, False)]),
    "Ingress without a Secret": (ingress(tls="[{hosts: [a.example]}]"), [(A, None)]),
    "Ingress that serves both": (ingress(tls="[{secretName: t}]", notes="{nginx.ingress.kubernetes.io/ssl-redirect: 'false'}"), [(A, False)]),
    "Ingress that is forced": (
        ingress(tls="[{secretName: t}]", notes="{nginx.ingress.kubernetes.io/ssl-redirect: 'false', nginx.ingress.kubernetes.io/force-ssl-redirect: 'true'}"),
        [(A, True)],
    ),
    "Ingress with a default backend": (
        ingress(tls="[{hosts: [a.example], secretName: t}]", more=", defaultBackend: {service: {name: b}}"),
        [(A, True), (ANY, False)],
    ),
    "Ingress rule without a host": (ingress("[{}]", "[{secretName: t}]"), [(ANY, True)]),
    "Route in the clear": (route("null"), [(A, False)]),
    "Route without termination": (route("{insecureEdgeTerminationPolicy: None}"), [(A, False)]),
    "Route at the edge, its own certificate": (route("{termination: edge, certificate: c}"), [(A, True)]),
    "Route with one from elsewhere": (route("{termination: edge, externalCertificate: {name: t}}"), [(A, True)]),
    "Route issued by cert-manager": (route("{termination: edge}", "{cert-manager.io/issuer-name: i}"), [(A, True)]),
    "Route with the default certificate": (route("{termination: edge}"), [(A, None)]),
    "Route passed through": (route("{termination: passthrough}"), [(A, True)]),
    "Route that allows both": (route("{termination: edge, certificate: c, insecureEdgeTerminationPolicy: Allow}"), [(A, False)]),
    "listener with a certificate": (gateway(f"[{HTTPS}]", spec=", hostnames: [a.example]"), [(A, True)]),
    "listener passed through": (gateway("[{name: s, port: 443, protocol: TLS, tls: {mode: Passthrough}}]", "TLSRoute", spec=", hostnames: [a.example]"), [(A, True)]),
    "listener without a certificate": (gateway("[{name: s, port: 443, protocol: HTTPS}]", spec=", hostnames: [a.example]"), [(A, None)]),
    "GRPCRoute on a plain listener": (gateway(f"[{HTTP}]", "GRPCRoute", spec=", hostnames: [a.example]"), [(A, False)]),
    "the worst of two listeners": (gateway(f"[{HTTPS}, {HTTP}]", spec=", hostnames: [a.example]"), [(A, False)]),
    "a redirect on the plain one": (
        gateway(f"[{HTTPS}, {HTTP}]", spec=", hostnames: [a.example], rules: [{filters: [{requestRedirect: {scheme: https}}]}]"),
        [(A, True)],
    ),
    "a redirect in one of two rules": (
        gateway(f"[{HTTP}]", spec=", hostnames: [a.example], rules: [{filters: [{requestRedirect: {scheme: https}}]}, {}]"),
        [(A, False)],
    ),
    "the listener's own host": (gateway("[{name: s, port: 443, protocol: HTTPS, hostname: a.example, tls: {certificateRefs: [{name: t}]}}]"), [(A, True)]),
    "no host anywhere": (gateway(f"[{HTTPS}]"), [(ANY, True)]),
    "a Gateway elsewhere and a plain listener": (gateway(f"[{HTTP}]", refs="[{name: other}, {name: g}]", spec=", hostnames: [a.example]"), [(A, False)]),
    "a Gateway elsewhere and a listener with a certificate": (gateway(f"[{HTTPS}]", refs="[{name: g}, {name: other}]", spec=", hostnames: [a.example]"), [(A, None)]),
    "an Ingress of long ago": (ingress(more=", backend: {serviceName: b}").replace("networking.k8s.io/v1", "extensions/v1beta1"), [(A, False), (ANY, False)]),
    "Istio with a certificate in a file": (istio("[{hosts: ['*'], tls: {mode: SIMPLE, serverCertificate: /c.pem}}]"), [(A, True)]),
    "Istio with several credentials": (istio("[{hosts: ['*'], tls: {mode: SIMPLE, credentialNames: [t]}}]"), [(A, True)]),
    "a Gateway elsewhere": (gateway("[]", refs="[{name: other}]", spec=", hostnames: [a.example]"), [(A, None)]),
    "a route attached to nothing": (gateway("[]"), []),
    "Istio with a credential": (istio("[{hosts: ['*'], tls: {mode: SIMPLE, credentialName: t}}]"), [(A, True)]),
    "Istio in the clear": (istio("[{hosts: [a.example]}]"), [(A, False)]),
    "Istio passed through": (istio("[{hosts: [a/a.example], tls: {mode: PASSTHROUGH}}]"), [(A, True)]),
    "Istio between proxies": (istio("[{hosts: ['*'], tls: {mode: ISTIO_MUTUAL}}]"), [(A, True)]),
    "Istio without a credential": (istio("[{hosts: ['*'], tls: {mode: SIMPLE}}]"), [(A, None)]),
    "Istio that redirects": (istio("[{hosts: ['*'], tls: {httpsRedirect: true}}]"), [(A, True)]),
    "Istio for another host": (istio("[{hosts: [b.example]}, {hosts: ['*.example'], tls: {mode: SIMPLE, credentialName: t}}]"), [(A, True)]),
    "Istio of another namespace": (istio("[{hosts: ['*']}]", "[edge/g]", home="edge"), [(A, False)]),
    "an Istio Gateway elsewhere": (istio("[]", "[mesh, other]"), [(A, None)]),
    "Istio in the mesh alone": (istio("[{hosts: ['*']}]", "[mesh]"), []),
    "Istio for any host": (istio("[{hosts: ['*']}]", hosts="['*']"), [(ANY, False)]),
    "Traefik with a Secret": (traefik("{secretName: t}"), [(A, True)]),
    "Traefik with a resolver": (traefik("{certResolver: le}"), [(A, True)]),
    "Traefik passed through": (traefik("{passthrough: true}", "IngressRouteTCP", "HostSNI(`a.example`)"), [(A, True)]),
    "Traefik with the default certificate": (traefik("{}"), [(A, None)]),
    "Traefik in the clear": (traefik("null"), [(A, False)]),
    "Traefik at a secure entry": (traefik("null", entry="[websecure]"), [(A, None)]),
    "Traefik for any host": (traefik("null", match="PathPrefix(`/`)"), [(ANY, False)]),
}  # fmt: skip


@pytest.mark.parametrize("name", SECURE)
def test_hosts_and_tls(name: str) -> None:
    """Each host where it enters: over TLS, in the clear, or nobody can tell."""
    source, wanted = SECURE[name]
    found = public_hosts(inventory([one for one in yaml.safe_load_all(source) if one]))
    assert sorted((one.host, one.secure) for one in found) == sorted(wanted)
    assert all(one.note for one in found)
    for one in found:
        if one.entry.key.kind in ("IngressRoute", "IngressRouteTCP", "Ingress", "HTTPRoute", "VirtualService"):
            at: Any = one.entry
            for step in one.path:
                at = at.get(step, "") if isinstance(at, dict) else at[step]
            assert at or one.host == ANY


def test_a_route_that_is_attached_to_nothing_hides_no_other() -> None:
    """The next one is looked at; the listener is named."""
    objects = [one for one in yaml.safe_load_all(gateway(f"[{HTTP}]", spec=", hostnames: [a.example]")) if one]
    (route,) = (one for one in objects if one["kind"] == "HTTPRoute")
    mesh = {**route["spec"], "parentRefs": [{"group": "", "kind": "Service", "name": "b"}], "hostnames": ["z.example"]}
    (found,) = public_hosts(
        inventory([{**route, "metadata": {"name": "0", "namespace": "app"}, "spec": mesh}, *objects])
    )
    assert (found.host, found.secure, found.note) == (A, False, "served in plain HTTP by the listener p")


@pytest.mark.parametrize(
    "note",
    [
        "alb.ingress.kubernetes.io/certificate-arn", "alb.ingress.kubernetes.io/listen-ports", "networking.gke.io/managed-certificates",
        "networking.gke.io/v1beta1.FrontendConfig", "ingress.gcp.kubernetes.io/pre-shared-cert",
        "appgw.ingress.kubernetes.io/appgw-ssl-certificate", "traefik.ingress.kubernetes.io/router.tls",
    ],
)  # fmt: skip
def test_tls_at_a_load_balancer_is_not_seen(note: str) -> None:
    """An annotation says that TLS ends elsewhere: nobody can tell here, and the annotation is named."""
    (found,) = public_hosts(inventory([yaml.safe_load(ingress(notes=f"{{{note}: x}}"))]))
    assert found.secure is None and note in found.note


# -- what pages draw, and ports ------------------------------------------------------------------------------------------

STORE = """
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: data}, spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: d, image: postgres, ports: [{containerPort: 5432}]}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: data}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: app}}, podSelector: {}}]}, {from: [{namespaceSelector: {}}], ports: [{port: 9187}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: app}, spec: {containers: [{name: c, image: c}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: job, namespace: app}, spec: {containers: [{name: c, image: c}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: far, namespace: other}, spec: {containers: [{name: c, image: c}]}}
"""


def test_the_matrix_says_who_may_and_who_can() -> None:
    """Approved and can; can and nobody approved; approved and barred. Another port of the datastore opens nothing."""
    found = inventory(list(yaml.safe_load_all(STORE)))
    pods = workloads(found)
    declared = Declared(workload="data/StatefulSet/db", ports=(5432,), clients=("app/Pod/api", "other/Pod/far"))
    stores = datastores(found, pods, Config(datastores=(declared,)))
    net = network(found, pods, operated(found))
    assert datastore_matrix(net, stores) == [
        ("app/Pod/api", "data/StatefulSet/db", "TCP 5432", "approved"),
        ("app/Pod/job", "data/StatefulSet/db", "TCP 5432", "unapproved"),
        ("other/Pod/far", "data/StatefulSet/db", "no port", "blocked"),
    ]
    assert set(clients(net, stores[0])) == {"app/Pod/api", "app/Pod/job"}


def test_sets_of_ports() -> None:
    """Joined, clipped and counted by protocol; words for readers."""
    some = normal(
        [("TCP", 80, 80), ("UDP", 53, 60), ("TCP", 81, 90), ("TCP", 0, 1), ("UDP", 65535, 70000), ("TCP", 5, 4)]
    )
    assert some == (("TCP", 1, 1), ("TCP", 80, 90), ("UDP", 53, 60), ("UDP", 65535, 65535))
    assert (size(some, "TCP"), size(some, "UDP"), size(some, "SCTP")) == (12, 9, 0)
    assert intersection(some, (("TCP", 85, 99), ("UDP", 1, 54))) == (("TCP", 85, 90), ("UDP", 53, 54))
    assert intersection(some, (("UDP", 80, 90),)) == () and intersection(some, EVERYTHING) == some
    assert union((("TCP", 1, 2),), (("TCP", 3, 4),)) == (("TCP", 1, 4),)
    assert text(some) == "TCP 1, TCP 80-90, UDP 53-60, UDP 65535"
    assert text((("TCP", 1, 65535),)) == "all TCP ports" and text(EVERYTHING) == "all ports"


@pytest.mark.parametrize("kind", ["loadbalancer", "nodeport", "ingress", "route", "internal", "cluster-ip"])
def test_a_broker_that_asks_for_a_door(kind: str) -> None:
    """Strimzi's listeners of four types lie open to the outside; other kinds with listeners are none of Strimzi's."""
    spec = {"kafka": {"listeners": [{"name": "plain", "type": "internal"}, {"name": "x", "type": kind}]}}
    broker = obj("kafka.strimzi.io/v1beta2", "Kafka", "a", spec=spec)
    others = [
        obj("example.org/v1", "Kafka", "a", spec=spec),
        obj("kafka.strimzi.io/v1beta2", "KafkaBridge", "a", spec=spec),
    ]
    found = entries_not_evaluated(inventory([broker, *others]))
    assert [one.key.api_version for one in found] == (
        [] if kind in ("internal", "cluster-ip") else ["kafka.strimzi.io/v1beta2"]
    )
    assert all(one.key.kind == "Kafka" for one in found)
