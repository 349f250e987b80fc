"""RAIL-07: nothing is exposed on every node's port."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks import remedies
from kfm_checks.evidence import judged
from kfm_checks.facts.objects import Inventory, annotations_of, dig
from kfm_checks.model import Evidence

#: On a Gateway: the type of the Service that its controller makes (Istio).
GATEWAY_SERVICE_TYPE = "networking.istio.io/service-type"


def services_avoid_node_port(inventory: Inventory) -> Iterator[Evidence]:
    """No Service is of type NodePort.

    A node port opens the same port on every node, past the ingress, its TLS and its logs. A load balancer's own node
    ports are part of how it works and are judged with the membrane (MEM-01), not here.
    Kubernetes documentation, *Service*, type NodePort.

    Remedy: use `type: ClusterIP`, and an Ingress or an HTTPRoute for what outside clients need.
    """
    for obj in inventory.of("Service"):
        kind = dig(obj, "spec", "type", default="ClusterIP")
        ok = kind != "NodePort"
        text = (
            f"Service {obj.key.name} is of type {kind}" if ok else f"Service {obj.key.name} opens a port on every node"
        )
        yield judged(
            ok,
            obj,
            ("spec", "type"),
            message=text,
            expected="ClusterIP, or LoadBalancer for the entry",
            observed=kind,
            patch="" if ok else remedies.cluster_ip(obj),
        )
    for obj in inventory.of("Gateway", "gateway.networking.k8s.io"):
        wanted = annotations_of(obj).get(GATEWAY_SERVICE_TYPE)
        if wanted is not None:
            path = ("metadata", "annotations", GATEWAY_SERVICE_TYPE)
            text = f"Gateway {obj.key.name} asks for a Service of type {wanted}"
            ok = wanted != "NodePort"
            patch = "" if ok else remedies.merge(obj, path, "ClusterIP")
            yield judged(
                ok, obj, path, message=text, expected="ClusterIP or LoadBalancer", observed=wanted, patch=patch
            )
