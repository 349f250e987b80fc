"""Objects in the overlay's namespaces that git does not know, and that no controller made of something it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live import made_by_controller
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest

#: What every namespace is given by the cluster itself: (group, kind, name).
GIVEN = frozenset(
    {
        ("", "ConfigMap", "kube-root-ca.crt"),
        ("", "ConfigMap", "openshift-service-ca.crt"),
        ("", "ServiceAccount", "default"),
        ("", "ServiceAccount", "builder"),
        ("", "ServiceAccount", "deployer"),
        ("rbac.authorization.k8s.io", "RoleBinding", "system:deployers"),
        ("rbac.authorization.k8s.io", "RoleBinding", "system:image-builders"),
        ("rbac.authorization.k8s.io", "RoleBinding", "system:image-pullers"),
    }
)
#: Kinds of objects that say how a cluster runs, and that nobody commits.
NEVER = frozenset({"Event", "Lease", "Endpoints", "EndpointSlice", "ControllerRevision", "Node"})
DOORS = ("NodePort", "LoadBalancer")
ROUTES = frozenset(
    {"Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "Route",
     "IngressRoute", "IngressRouteTCP", "IngressRouteUDP"}
)  # fmt: skip


def extras(cluster: Cluster, rendered: Inventory, namespaces: frozenset[str]) -> Iterator[Manifest]:
    """Live objects of these namespaces that are neither rendered nor made of what is rendered."""
    made = _made(rendered)
    claims = [re.compile(pattern) for pattern in _claims(rendered)]
    for obj in cluster.objects:
        key = obj.key
        if key.namespace not in namespaces or key.kind in NEVER or (key.group, key.kind, key.name) in GIVEN:
            continue
        if rendered.get(key.kind, key.name, key.namespace, key.group) is not None or made_by_controller(obj):
            continue
        if key.kind == "Secret" and ((key.namespace, key.name) in made or _by_controller(obj)):
            continue
        if key.kind == "PersistentVolumeClaim" and any(p.fullmatch(f"{key.namespace}/{key.name}") for p in claims):
            continue
        yield obj


def is_exposure(obj: Manifest) -> bool:
    """Whether an object opens a door to the outside by itself."""
    if obj.key.kind == "Service":
        return dig(obj, "spec", "type") in DOORS or bool(dig(obj, "spec", "externalIPs"))
    return obj.key.kind in ROUTES


def _made(rendered: Inventory) -> set[tuple[str, str]]:
    """Secrets that controllers make of rendered objects: (namespace, name)."""
    found = set()
    for obj in rendered:
        home = obj.key.namespace
        if obj.key.kind == "ExternalSecret":
            found.add((home, str(dig(obj, "spec", "target", "name", default=obj.key.name))))
        elif obj.key.kind == "Certificate":
            found.add((home, str(dig(obj, "spec", "secretName", default=""))))
        elif obj.key.kind == "SealedSecret":
            found.add((home, str(dig(obj, "spec", "template", "metadata", "name", default=obj.key.name))))
        elif obj.key.kind == "Ingress" and any(name.startswith("cert-manager.io/") for name in annotations_of(obj)):
            found |= {(home, str(tls.get("secretName") or "")) for tls in items(obj, "spec", "tls")}
    return found


def _by_controller(secret: Manifest) -> bool:
    """Secrets that say themselves which controller made them."""
    annotations = annotations_of(secret)
    return any(
        name in annotations for name in ("cert-manager.io/certificate-name", "kubernetes.io/service-account.name")
    )


def _claims(rendered: Inventory) -> Iterator[str]:
    """Names of the claims that StatefulSets make (Kubernetes documentation, StatefulSet: stable storage)."""
    for obj in rendered.of("StatefulSet", "apps"):
        for template in items(obj, "spec", "volumeClaimTemplates"):
            name = str(dig(template, "metadata", "name", default=""))
            yield rf"{re.escape(obj.key.namespace)}/{re.escape(name)}-{re.escape(obj.key.name)}-\d+"
