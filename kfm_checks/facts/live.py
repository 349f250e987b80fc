"""The live objects that the overlay answers for, as the checks that also read a render want them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.config import Config
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.criticality import outside
from kfm_checks.facts.live_owners import people
from kfm_checks.facts.made import (
    CHALLENGE,
    GATEWAY,
    INGRESS,
    by_workload,
    controllers,
    kind_of,
    makers_of,
    may_make,
    over,
)
from kfm_checks.facts.objects import Inventory, items, labels_of
from kfm_checks.facts.workloads import MAKERS
from kfm_checks.model import Manifest

#: Roles and bindings that every API server makes for itself (Kubernetes documentation, RBAC: default roles).
BOOTSTRAP = "kubernetes.io/bootstrapping"
#: Whoever holds the control plane's own credential (kubeadm documentation, admin.conf).
_ADMINS = frozenset({"kubeadm:cluster-admins"})
#: Groups of Kubernetes that anybody may be in: a grant to them is nobody's own.
_EVERYBODY = ("system:serviceaccounts", "system:authenticated", "system:unauthenticated", "system:anonymous")
#: What bears on the overlay wherever it is: the Gateways of its routes, and what reconciles it.
_ANYWHERE = frozenset(
    {
        ("gateway.networking.k8s.io", "Gateway"),
        ("networking.istio.io", "Gateway"),
        ("argoproj.io", "Application"),
        ("argoproj.io", "ApplicationSet"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("source.toolkit.fluxcd.io", "GitRepository"),
    }
)
_DOORS = frozenset({GATEWAY, INGRESS})


def live_objects(cluster: Cluster, inventory: Inventory, config: Config) -> tuple[Manifest, ...]:
    """Live objects that the overlay answers for, each with the origin of its render.

    They are what it renders, what is in its own namespaces, and what stands outside namespaces. Left out are
    Kubernetes' own, the platform's grants to itself, other teams' Namespaces, and what another object stands for.
    """
    homes, seen = own_namespaces(inventory, config), Inventory(cluster.objects)
    found = []
    for obj in cluster.objects:
        rendered = _rendered(obj, inventory)
        if rendered is not None:
            found.append(Manifest(obj, rendered.origin))
        elif _ours(obj, homes, config) and not stood_for(obj, seen):
            found.append(obj)
    return tuple(found)


def _ours(obj: Manifest, homes: frozenset[str], config: Config) -> bool:
    """Whether an object that is not rendered is the overlay's business."""
    key = obj.key
    if key.name.startswith("system:") or BOOTSTRAP in labels_of(obj) or over(obj):
        return False
    if key.kind == "Namespace":
        return key.name in homes
    if key.kind == "ClusterRoleBinding":
        return not all(_platform(subject, config) for subject in items(obj, "subjects"))
    return not key.namespace or key.namespace in homes or (key.group, key.kind) in _ANYWHERE


def _platform(subject: Mapping[str, Any], config: Config) -> bool:
    """Whether a subject is the cluster's own: of the control plane, or an account of a platform namespace."""
    name = str(subject.get("name") or "")
    if subject.get("kind") == "ServiceAccount":
        return outside(str(subject.get("namespace") or ""), config)
    of_namespace = name.removeprefix("system:serviceaccounts:")
    if of_namespace != name:
        return outside(of_namespace, config)
    return name in _ADMINS or (name.startswith("system:") and not name.startswith(_EVERYBODY))


def own_namespaces(inventory: Inventory, config: Config) -> frozenset[str]:
    """The namespaces that the overlay declares; where it declares none, those it uses that are no platform's."""
    used = {name for name in namespaces_of(inventory) if not outside(name, config)}
    declared = {name for name in inventory.namespaces if not name.startswith("kube-")}
    return frozenset(declared or used)


def namespaces_of(inventory: Inventory) -> frozenset[str]:
    """The namespaces that the overlay declares or uses; never Kubernetes' own."""
    used = {*inventory.namespaces, *(obj.key.namespace for obj in inventory)}
    return frozenset(name for name in used if name and not name.startswith("kube-"))


def tried_in(inventory: Inventory, config: Config) -> frozenset[str]:
    """The namespaces in which enforcement is tried: those declared, the platform's own apart."""
    return namespaces_of(inventory) & frozenset(inventory.namespaces) - frozenset(config.workloads.platform_namespaces)


def stood_for(obj: Manifest, seen: Inventory) -> bool:
    """Whether another object stands for this one: the workload that made it, a maker that is there, or its door."""
    return by_workload(obj) or bool(makers_of(obj, seen, MAKERS)) or of_door(obj, seen) or _solves(obj)


def _solves(obj: Manifest) -> bool:
    """Whether cert-manager answers an ACME challenge with it, and no hand wrote into it; it goes when that is over."""
    owned = any(kind_of(owner) == CHALLENGE for owner in controllers(obj))
    return owned and may_make(CHALLENGE, obj.key.kind) and not people(obj)


def of_door(obj: Manifest, seen: Inventory) -> bool:
    """Whether a controller made it of a Gateway or an Ingress that is there, and no hand wrote into it since.

    Cilium's has neither selector nor pods: where it leads, the door's routes say.
    """
    return bool(makers_of(obj, seen, _DOORS)) and not people(obj)


def _rendered(obj: Manifest, inventory: Inventory) -> Manifest | None:
    key = obj.key
    return inventory.get(key.kind, key.name, key.namespace, key.group)
