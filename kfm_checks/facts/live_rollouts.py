"""How the rollouts of the rendered workloads stand in the cluster, as ``kubectl rollout status`` judges them."""

from __future__ import annotations

from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_health import Health
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest

#: Kinds that roll out.
ROLLING = ("Deployment", "StatefulSet", "DaemonSet")


def rollouts(cluster: Cluster, inventory: Inventory) -> tuple[Health, ...]:
    """The rollout of each rendered Deployment, StatefulSet and DaemonSet, as ``kubectl rollout status`` judges it."""
    found = []
    for kind in ROLLING:
        live = {(obj.key.namespace, obj.key.name): obj for obj in cluster.of(kind, "apps")}
        for rendered in inventory.of(kind, "apps"):
            obj = live.get((rendered.key.namespace, rendered.key.name))
            if obj is not None:
                found.append(_rollout(Manifest(obj, rendered.origin)))
    return tuple(found)


def _rollout(obj: Manifest) -> Health:
    status, generation = dig(obj, "status", default={}), dig(obj, "metadata", "generation", default=0)
    if dig(status, "observedGeneration", default=0) < generation:
        return Health(obj, None, "rollout", "its controller has not looked at the present generation")
    kind = obj.key.kind
    settled = _settled(obj)
    wanted = (
        dig(status, "desiredNumberScheduled", default=0)
        if kind == "DaemonSet"
        else dig(obj, "spec", "replicas", default=1)
    )
    updated = dig(status, "updatedNumberScheduled" if kind == "DaemonSet" else "updatedReplicas", default=0)
    available = dig(status, "numberAvailable" if kind == "DaemonSet" else "availableReplicas", default=0)
    if dig(obj, "spec", "updateStrategy", "type") == "OnDelete":  # pods go when somebody deletes them
        updated, settled = wanted, True
    late = any(c.get("type") == "Progressing" and c.get("status") == "False" for c in items(status, "conditions"))
    ok = updated >= wanted and available >= wanted and settled and not late
    observed = f"{updated} updated, {available} available of {wanted}"
    observed += "" if settled else ", and pods of an earlier version are still there"
    text = "is rolled out" if ok else "exceeded its progress deadline" if late else "is not rolled out"
    return Health(obj, ok, "rollout", f"{obj.key} {text}: {observed}", observed, f"{wanted} updated and available")


def _settled(obj: Manifest) -> bool:
    """Whether no pod of an earlier version is left, as ``kubectl rollout status`` waits for."""
    if obj.key.kind == "Deployment":
        updated = dig(obj, "status", "updatedReplicas", default=0)
        return bool(dig(obj, "status", "replicas", default=updated) <= updated)
    current, update = (dig(obj, "status", name, default="") for name in ("currentRevision", "updateRevision"))
    partition = dig(obj, "spec", "updateStrategy", "rollingUpdate", "partition", default=0)
    return obj.key.kind != "StatefulSet" or bool(partition) or current == update
