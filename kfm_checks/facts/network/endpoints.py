"""Pods as a NetworkPolicy sees them: a namespace, labels and named ports, under the name of their owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kfm_checks.facts.objects import Inventory, items, labels_of
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest

#: Kinds whose controller stands for them; a Node "owns" static pods and stands for nothing.
_OWNED_KINDS = frozenset({"Pod", "ReplicaSet", "Job", "ReplicationController"})


@dataclass(frozen=True)
class Endpoint:
    """Pods that are alike. Two endpoints may share an ``id``: pods of one owner with different labels."""

    id: str
    namespace: str
    labels: Mapping[str, str] = field(hash=False)
    #: (name, protocol, number) of each container port that has a name.
    named: frozenset[tuple[str, str, int]]
    host_network: bool
    obj: Manifest | None = field(hash=False, compare=False)
    workload: Workload | None = field(default=None, hash=False, compare=False)


def endpoints(inventory: Inventory, workloads: Iterable[Workload]) -> tuple[Endpoint, ...]:
    """The pods of every workload, alike ones once, sorted by id; a PodTemplate makes none."""
    found: dict[tuple[object, ...], Endpoint] = {}
    for workload in workloads:
        if workload.kind == "PodTemplate":
            continue
        point = _endpoint(inventory, workload)
        found.setdefault((point.id, tuple(sorted(point.labels.items())), point.named, point.host_network), point)
    return tuple(found[key] for key in sorted(found, key=repr))


def _endpoint(inventory: Inventory, workload: Workload) -> Endpoint:
    return Endpoint(
        id=owner_id(inventory, workload),
        namespace=workload.namespace,
        labels=labels_of(workload.template),
        named=frozenset((name, proto, number) for name, proto, number in container_ports(workload) if name),
        host_network=workload.spec.get("hostNetwork") is True,
        obj=workload.obj,
        workload=workload,
    )


def container_ports(workload: Workload) -> list[tuple[str, str, int]]:
    """(name, protocol, number) of the ports that regular containers and sidecars declare."""
    return [
        (str(port.get("name") or ""), str(port.get("protocol") or "TCP"), number)
        for container in workload.containers
        if container.role in ("container", "sidecar")
        for port in items(container.spec, "ports")
        if isinstance(number := port.get("containerPort"), int) and not isinstance(number, bool)
    ]


def owner_id(inventory: Inventory, workload: Workload) -> str:
    """``namespace/Kind/name`` of the topmost known controller of a workload's pods."""
    kind, name, current = workload.kind, workload.name, workload.obj
    seen: set[tuple[str, str]] = set()
    while kind in _OWNED_KINDS and (kind, name) not in seen:
        seen.add((kind, name))
        owner = next((o for o in items(current, "metadata", "ownerReferences") if o.get("controller") is True), None)
        if owner is None or owner.get("kind") in (None, "Node") or not owner.get("name"):
            break
        kind, name = str(owner["kind"]), str(owner["name"])
        group = str(owner.get("apiVersion") or "").rpartition("/")[0]
        present = inventory.get(kind, name, workload.namespace, group)
        if present is None:
            break
        current = present
    return f"{workload.namespace}/{kind}/{name}"
