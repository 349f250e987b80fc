"""Ways from outside into the live cluster, wherever they start: also from namespaces that git does not know."""

from __future__ import annotations

from kfm_checks.config import Config
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.datastore_operators import OPERATORS
from kfm_checks.facts.datastores import Datastore, datastores, operated
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.entries_routes import TRAEFIK
from kfm_checks.facts.network.facts import exposures
from kfm_checks.facts.network.others import ENTRY_KINDS as OTHER_ENTRIES
from kfm_checks.facts.objects import Inventory, inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.values import Value

#: Kinds that open a way, or lead one on: one of them that could not be listed may hide one.
ENTRY_KINDS = (
    "Service",
    "Ingress.networking.k8s.io",
    "Gateway.gateway.networking.k8s.io",
    "HTTPRoute.gateway.networking.k8s.io",
    "GRPCRoute.gateway.networking.k8s.io",
    "TCPRoute.gateway.networking.k8s.io",
    "TLSRoute.gateway.networking.k8s.io",
    "UDPRoute.gateway.networking.k8s.io",
    "ReferenceGrant.gateway.networking.k8s.io",
    "Route.route.openshift.io",
    "VirtualService.networking.istio.io",
    *(f"IngressRoute{layer}.{group}" for group in TRAEFIK for layer in ("", "TCP", "UDP")),
    *sorted(f"{kind or '*'}.{group}" for group, kind in OTHER_ENTRIES),
)
#: Kinds that make pods, an operator's among them.
POD_KINDS = (
    "Pod", "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps", "Job.batch", "CronJob.batch",
    "ReplicationController",
    *sorted(f"{kind}.{group}" for group, kind in OPERATORS),
)  # fmt: skip


class Ways(Value, frozen=True):
    """Exposures and datastores of the live cluster, Kubernetes' own namespaces apart."""

    seen: Inventory
    exposures: tuple[Exposure, ...]
    datastores: tuple[Datastore, ...]


def live_ways(cluster: Cluster, config: Config) -> Ways:
    """Every way in, followed to the workloads behind it; pods are their topmost known owner's (fact ``workloads``)."""
    objects = [o for o in cluster.objects if not o.key.namespace.startswith("kube-")]
    seen = inventory(objects)
    made = workloads(seen)
    return Ways(seen, exposures(seen, made, operated(seen)), datastores(seen, made, config))
