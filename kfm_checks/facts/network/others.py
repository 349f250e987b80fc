"""Kinds that decide about traffic and are recognised, named, and not evaluated: never ignored in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.network.policies import Unreadable, selector
from kfm_checks.facts.objects import Inventory, dig, items, labels_of
from kfm_checks.facts.selectors import matches
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest

#: Policies of network plugins, and the cluster-wide ones of SIG Network: (group, kind).
POLICY_KINDS = frozenset(
    {
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
        ("cilium.io", "CiliumNetworkPolicy"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "GlobalNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy"),
        ("crd.antrea.io", "NetworkPolicy"),
        ("crd.antrea.io", "ClusterNetworkPolicy"),
        ("k8s.ovn.org", "EgressFirewall"),
        ("network.openshift.io", "EgressNetworkPolicy"),
    }
)
#: Kinds that let the outside in and that nothing here can read: (group, kind); kind "" is any of the group.
ENTRY_KINDS = frozenset(
    {
        ("projectcontour.io", "HTTPProxy"),
        ("getambassador.io", ""),
        ("configuration.konghq.com", "TCPIngress"),
        ("configuration.konghq.com", "UDPIngress"),
        ("apisix.apache.org", "ApisixRoute"),
        ("gateway.solo.io", ""),
        ("k8s.nginx.org", "VirtualServer"),
        ("k8s.nginx.org", "TransportServer"),
        ("serving.knative.dev", "Service"),
        ("serving.knative.dev", "Route"),
        ("serving.knative.dev", "DomainMapping"),
        ("networking.gke.io", "MultiClusterIngress"),
        ("multicluster.x-k8s.io", "ServiceExport"),
        ("elbv2.k8s.aws", "TargetGroupBinding"),
        ("networking.cfargotunnel.com", ""),
        ("ngrok.k8s.ngrok.com", ""),
        ("tailscale.com", "Connector"),
        ("inlets.inlets.dev", "Tunnel"),
        ("skupper.io", ""),
        ("cilium.io", "CiliumEnvoyConfig"),
        ("cilium.io", "CiliumClusterwideEnvoyConfig"),
        ("networking.internal.knative.dev", "Ingress"),
    }
)
#: Images that open a way in from inside, by a tunnel that no object shows.
TUNNELS = (
    "cloudflare/cloudflared",
    "ngrok/ngrok",
    "inlets/inlets",
    "fatedier/frpc",
    "snowdreamtech/frpc",
    "tailscale/tailscale",
)


def not_evaluated(inventory: Inventory, namespace: str) -> list[Manifest]:
    """Policies of kinds that are not evaluated and that touch a namespace, sorted."""
    return [obj for obj in sorted(_policies(inventory), key=lambda obj: obj.key) if _touches(inventory, obj, namespace)]


def _policies(inventory: Inventory) -> list[Manifest]:
    return [obj for group, kind in POLICY_KINDS for obj in inventory.of(kind, group)]


def _touches(inventory: Inventory, obj: Manifest, namespace: str) -> bool:
    if obj.key.namespace:
        return obj.key.namespace == namespace
    subject = dig(obj, "spec", "subject")
    chosen = dig(subject, "namespaces") or dig(subject, "pods", "namespaceSelector")
    try:
        read: Mapping[str, Any] | None = selector(chosen, "spec.subject")
    except Unreadable:
        return True
    return read is None or matches(read, inventory.namespace_labels(namespace))


def entries_not_evaluated(inventory: Inventory) -> list[Manifest]:
    """Objects that let the outside in, by means that nothing here can read, sorted."""
    return sorted(
        (
            obj
            for obj in inventory
            if {(obj.key.group, obj.key.kind), (obj.key.group, "")} & ENTRY_KINDS or _opens_broker(obj)
        ),
        key=lambda obj: obj.key,
    )


def _opens_broker(obj: Manifest) -> bool:
    """Whether a Strimzi Kafka asks its operator for a listener outside the cluster (``GenericKafkaListener``)."""
    if (obj.key.group, obj.key.kind) != ("kafka.strimzi.io", "Kafka"):
        return False
    listeners = items(obj, "spec", "kafka", "listeners")
    return any(dig(one, "type") in ("loadbalancer", "nodeport", "ingress", "route") for one in listeners)


#: The last parts of the repositories of ingress controllers and gateways, as their projects publish them.
_CONTROLLERS = frozenset(
    {
        "ingress-nginx/controller",
        "nginx-ingress",
        "nginx-ingress-controller",
        "traefik",
        "kubernetes-ingress",
        "haproxy-ingress",
        "kong",
        "kong-gateway",
        "contour",
        "emissary",
        "apisix",
        "skipper",
        "envoy",
        "nginx-gateway-fabric",
        "openshift-haproxy-router",
    }
)


def is_entry_controller(workload: Workload) -> bool:
    """Whether a workload is an ingress controller or a gateway's proxy, by image; for Istio by its label."""
    if labels_of(workload.template).get("istio") == "ingressgateway":
        return True
    return any(
        repository(container.image, 1) in _CONTROLLERS or repository(container.image, 2) in _CONTROLLERS
        for container in workload.containers
        if container.role == "container"
    )


def is_tunnel(workload: Workload) -> bool:
    """Whether a workload's image opens a tunnel from outside that no object shows."""
    return any(repository(container.image, 2) in TUNNELS for container in workload.containers)


def repository(image: str, parts: int) -> str:
    """The last parts of an image's repository: ``postgis`` of ``docker.io/postgis/postgis:16``."""
    *path, last = image.partition("@")[0].split("/")
    return "/".join([*path, last.partition(":")[0]][-parts:]).lower()
