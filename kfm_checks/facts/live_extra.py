"""Objects in the overlay's namespaces that git does not know, and that no controller made of something it knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_owners import Owner, data_by_hand
from kfm_checks.facts.made import kind_of, may_make, of_its_own
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items, labels_of
from kfm_checks.facts.secrets_makers import Maker
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Manifest

RBAC = "rbac.authorization.k8s.io"
#: What every namespace is given by the cluster itself: (group, kind, name).
GIVEN = frozenset(
    {
        ("", "ConfigMap", "kube-root-ca.crt"),
        ("", "ConfigMap", "istio-ca-root-cert"),
        ("", "ServiceAccount", "default"),
    }
)
#: What OpenShift gives each besides; elsewhere an object of such a name is somebody's.
OPENSHIFT = frozenset(
    {
        ("", "ConfigMap", "openshift-service-ca.crt"),
        ("", "ServiceAccount", "builder"),
        ("", "ServiceAccount", "deployer"),
        (RBAC, "RoleBinding", "system:deployers"),
        (RBAC, "RoleBinding", "system:image-builders"),
        (RBAC, "RoleBinding", "system:image-pullers"),
    }
)
#: Kinds of objects that say how a cluster runs, and that nobody commits.
NEVER = frozenset({"Event", "Lease", "Endpoints", "EndpointSlice", "ControllerRevision", "Node"})
DOORS = ("NodePort", "LoadBalancer")
ROUTES = frozenset(
    {"Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "Route",
     "IngressRoute", "IngressRouteTCP", "IngressRouteUDP"}
)  # fmt: skip
_DEPTH = 10


@dataclass(frozen=True)
class Known:
    """What is there beside an object: the render, the cluster, and the Secrets that controllers make."""

    rendered: Inventory
    live: Mapping[tuple[str, str, str, str], Manifest]
    made: frozenset[tuple[str, str]]
    #: Kinds that were listed: what an owner of another kind is, nobody saw.
    listed: frozenset[tuple[str, str]]


def extras(
    cluster: Cluster, rendered: Inventory, namespaces: frozenset[str], makers: Iterable[Maker] = ()
) -> Iterator[tuple[Manifest, str]]:
    """Live objects of these namespaces that are neither rendered nor made of what is rendered; beside each "".

    Where an owner could account for it that nobody saw, the reason stands beside it. A binding for the whole cluster
    counts where it grants something to a service account of these namespaces.
    """
    live = {(o.key.group, o.key.kind, o.key.namespace, o.key.name): o for o in cluster.objects}
    made = frozenset((maker.namespace, maker.secret) for maker in makers)
    listed = frozenset((x.kind.group, x.kind.kind) for x in cluster.listings if not x.problem)
    known = Known(rendered, live, made, listed)
    routes = [x for x in cluster.listings if x.kind.group == "route.openshift.io" and not x.unserved and not x.problem]
    given = GIVEN | OPENSHIFT if routes else GIVEN
    claims = [re.compile(pattern) for pattern in _claims(rendered)]
    for obj in cluster.objects:
        key = obj.key
        if key.namespace not in namespaces and not _grants_to(obj, namespaces):
            continue
        if key.kind in NEVER or (key.group, key.kind, key.name) in given or _made(obj, known):
            continue
        owned = _owned(obj, known, _DEPTH)
        if rendered.get(key.kind, key.name, key.namespace, key.group) is not None or owned == "":
            continue
        if key.kind == "PersistentVolumeClaim" and any(p.fullmatch(f"{key.namespace}/{key.name}") for p in claims):
            continue
        yield obj, owned or ""


def tampered(cluster: Cluster, rendered: Inventory, makers: Iterable[Maker]) -> Iterator[tuple[Manifest, str, Owner]]:
    """Secrets that controllers make of rendered objects and somebody changed: Secret, entry and who."""
    made = {(maker.namespace, maker.secret) for maker in makers if maker.obj.key.kind != "Secret"}
    for obj in cluster.of("Secret"):
        home, name = obj.key.namespace, obj.key.name
        if {(home, name), ("", name)} & made and rendered.get("Secret", name, home) is None:
            yield from ((obj, entry, owner) for entry, owner in data_by_hand(obj))


def is_exposure(obj: Manifest) -> bool:
    """Whether an object opens a door to the outside by itself: a Service, a route, or pods on the node's network."""
    if obj.key.kind == "Service":
        return dig(obj, "spec", "type") in DOORS or bool(dig(obj, "spec", "externalIPs"))
    path = POD_TEMPLATES.get((obj.key.group, obj.key.kind))
    if path is None:
        return obj.key.kind in ROUTES
    spec = dig(obj, *path, "spec")
    ports = (port for container in items(spec, "containers") for port in items(container, "ports"))
    return dig(spec, "hostNetwork") is True or any(port.get("hostPort") for port in ports)


def _grants_to(obj: Manifest, namespaces: frozenset[str]) -> bool:
    if (obj.key.group, obj.key.kind) != (RBAC, "ClusterRoleBinding"):
        return False
    groups = {f"system:serviceaccounts:{name}" for name in namespaces}
    return any(s.get("namespace") in namespaces or s.get("name") in groups for s in items(obj, "subjects"))


def _owned(obj: Manifest, known: Known, depth: int) -> str | None:
    """Where its owners lead: "" to something that git knows, None to nothing, else the reason why nobody can tell."""
    ways = [_leads(obj, owner, known, depth) for owner in items(obj, "metadata", "ownerReferences")] if depth else []
    return min((way for way in ways if way is not None), default=None)


def _leads(obj: Manifest, owner: Mapping[str, Any], known: Known, depth: int) -> str | None:
    (group, kind), name = kind_of(owner), str(owner.get("name") or "")
    if not may_make((group, kind), obj.key.kind):
        return None
    for namespace in (obj.key.namespace, "", "default"):  # "default": kinds that only the server knows to have none
        live = known.live.get((group, kind, namespace, name))
        if live is not None and dig(live, "metadata", "uid", default=owner.get("uid")) != owner.get("uid"):
            continue  # another object of that name: the true owner is gone
        if live is not None and not of_its_own(obj, live):
            return None
        if known.rendered.get(kind, name, namespace, group) is not None:
            return ""
        if live is not None:
            return "" if _made(live, known) else _owned(live, known, depth - 1)
    return None if (group, kind) in known.listed else f"{kind} {name} made it, and nobody listed objects of that kind"


def _made(obj: Manifest, known: Known) -> bool:
    """Whether something that git knows documents that it makes this object, without owning it."""
    key = obj.key
    if (key.group, key.kind) == ("", "Secret"):
        return bool({(key.namespace, key.name), ("", key.name)} & known.made) or _listed_token(obj, known)
    if (key.group, key.kind) == ("", "ConfigMap"):
        return any(bundle.key.name == key.name for bundle in known.rendered.of("Bundle", "trust.cert-manager.io"))
    if _calicos_own(obj, known):
        return True
    policy = labels_of(obj).get("generate.kyverno.io/policy-name", "")
    policies = [*known.rendered.of_group("kyverno.io"), *known.rendered.of_group("policies.kyverno.io")]
    return bool(policy) and any(one.key.name == policy and _generates(one, key.kind) for one in policies)


def _generates(policy: Manifest, kind: str) -> bool:
    """Whether a policy of Kyverno makes such objects; where it names no kind, it clones several."""
    rules = [dig(rule, "generate") for rule in items(policy, "spec", "rules")]
    return policy.key.kind == "GeneratingPolicy" or any(
        isinstance(rule, dict) and rule.get("kind", kind) == kind for rule in rules
    )


def _calicos_own(obj: Manifest, known: Known) -> bool:
    """Whether it is another view of a policy that is there under its own kind, and told as such.

    Its API shows Kubernetes' policies as ``knp.default.NAME``; its own it stores as ``TIER.NAME`` of another group.
    """
    key = obj.key
    if (key.group, key.kind) == ("projectcalico.org", "NetworkPolicy") and key.name.startswith("knp.default."):
        name = key.name.removeprefix("knp.default.")
        return ("networking.k8s.io", "NetworkPolicy", key.namespace, name) in known.live
    if key.group != "crd.projectcalico.org":
        return False
    names = (key.name, key.name.partition(".")[2])
    return any(("projectcalico.org", key.kind, key.namespace, name) in known.live for name in names)


def _listed_token(secret: Manifest, known: Known) -> bool:
    """A token that Kubernetes itself made, before version 1.24, for a service account that lists it."""
    account = annotations_of(secret).get("kubernetes.io/service-account.name", "")
    live = known.live.get(("", "ServiceAccount", secret.key.namespace, account))
    return secret.key.name in {one.get("name") for one in items(live, "secrets")}


def _claims(rendered: Inventory) -> Iterator[str]:
    """Names of the claims that StatefulSets make (Kubernetes documentation, StatefulSet: stable storage)."""
    for obj in rendered.of("StatefulSet", "apps"):
        for template in items(obj, "spec", "volumeClaimTemplates"):
            name = str(dig(template, "metadata", "name", default=""))
            yield rf"{re.escape(obj.key.namespace)}/{re.escape(name)}-{re.escape(obj.key.name)}-\d+"
