"""The live objects that the overlay answers for, as the checks that also read a render want them."""

from __future__ import annotations

from kfm_checks.config import Config
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.objects import Inventory, items, labels_of
from kfm_checks.model import Manifest

#: Roles and bindings that every API server makes for itself (Kubernetes documentation, RBAC: default roles).
BOOTSTRAP = "kubernetes.io/bootstrapping"


def live_objects(cluster: Cluster, inventory: Inventory) -> tuple[Manifest, ...]:
    """Live objects of the overlay's namespaces and those without a namespace, each with the origin of its render.

    Kubernetes' own are left out, and what a controller made of another object: its maker stands for it.
    """
    homes = namespaces_of(inventory)
    return tuple(
        Manifest(obj, rendered.origin) if (rendered := _rendered(obj, inventory)) else obj
        for obj in cluster.objects
        if _ours(obj, homes)
        and not obj.key.name.startswith("system:")
        and BOOTSTRAP not in labels_of(obj)
        and not made_by_controller(obj)
    )


def _ours(obj: Manifest, homes: frozenset[str]) -> bool:
    """Whether an object is in these namespaces, is one of them, or stands outside all."""
    if obj.key.kind == "Namespace":
        return obj.key.name in homes
    return not obj.key.namespace or obj.key.namespace in homes


def namespaces_of(inventory: Inventory) -> frozenset[str]:
    """The namespaces that the overlay declares or uses; never Kubernetes' own."""
    used = {*inventory.namespaces, *(obj.key.namespace for obj in inventory)}
    return frozenset(name for name in used if name and not name.startswith("kube-"))


def tried_in(inventory: Inventory, config: Config) -> frozenset[str]:
    """The namespaces in which enforcement is tried: those declared, the platform's own apart."""
    return namespaces_of(inventory) & frozenset(inventory.namespaces) - frozenset(config.workloads.platform_namespaces)


def made_by_controller(obj: Manifest) -> bool:
    """Whether a controller made and keeps this object for another one (``ownerReferences``)."""
    return any(owner.get("controller") is True for owner in items(obj, "metadata", "ownerReferences"))


def _rendered(obj: Manifest, inventory: Inventory) -> Manifest | None:
    key = obj.key
    return inventory.get(key.kind, key.name, key.namespace, key.group)
