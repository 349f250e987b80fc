"""Core datastores: declared in the configuration, labelled, or recognised by image, port or operator - and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from kfm_checks.config import Config
from kfm_checks.config import Datastore as Declared
from kfm_checks.facts.datastore_kinds import IMAGES, PORTS, Product
from kfm_checks.facts.datastore_operators import OPERATORS, Operator, filled
from kfm_checks.facts.network.endpoints import Endpoint, owner_id
from kfm_checks.facts.network.others import repository
from kfm_checks.facts.network.ports import EVERYTHING, PortSet, normal
from kfm_checks.facts.objects import Inventory, dig, items, labels_of
from kfm_checks.facts.workloads import Container, Workload
from kfm_checks.model import Manifest
from kfm_checks.values import Value

LABEL = "conformance.kfm/datastore"
#: Kinds whose pods come and go: a dump with the database's own image is no datastore.
_TRANSIENT = frozenset({"Job", "CronJob", "PodTemplate"})


class Datastore(Value, frozen=True):
    """A datastore. ``clients`` None: nobody declared who may reach it. ``obj`` None: declared, not in the render."""

    id: str
    namespace: str
    obj: Manifest | None
    ports: tuple[int, ...]
    clients: tuple[str, ...] | None
    how: Literal["declared", "labelled", "recognised"]
    why: str
    #: Names of the Services that lead to it by documentation (an operator's), as ``namespace/Service/name``.
    services: tuple[str, ...] = ()
    #: False: an operator makes the pods, and no public source says which labels they carry.
    visible: bool = True
    operated: bool = False

    @property
    def port_set(self) -> PortSet:
        """The ports that serve data; every port where none is known."""
        return normal(("TCP", port, port) for port in self.ports) or EVERYTHING


def place(id: str) -> tuple[str, str, str]:
    """Kind, namespace and name of a ``namespace/Kind/name``."""
    namespace, kind, name = (*id.split("/", 2), "", "")[:3]
    return kind, namespace, name


def operated(inventory: Inventory) -> tuple[Endpoint, ...]:
    """The pods that database operators will make, by the labels that public sources tell."""
    found = []
    for obj, operator in _operators(inventory):
        for labels in operator.labels(obj):
            for more in _template_labels(obj):
                found.append(Endpoint(str(obj.key), obj.key.namespace, {**more, **labels}, frozenset(), False, obj))
    return tuple(found)


def _operators(inventory: Inventory) -> list[tuple[Manifest, Operator]]:
    found = [(obj, operator) for (group, kind), operator in OPERATORS.items() for obj in inventory.of(kind, group)]
    return sorted(found, key=lambda pair: pair[0].key)


def _template_labels(obj: Manifest) -> list[dict[str, str]]:
    """Labels that a resource hands on to its pods: CloudNativePG's inherited ones, ECK's by node set."""
    inherited = labels_of({"metadata": dig(obj, "spec", "inheritedMetadata")})
    sets = [labels_of(dig(one, "podTemplate", default={})) for one in items(obj, "spec", "nodeSets")]
    return sets or [inherited]


def datastores(inventory: Inventory, workloads: tuple[Workload, ...], config: Config) -> tuple[Datastore, ...]:
    """Every datastore, by id. A declaration wins over a label, a label over recognition; "false" opts out."""
    found = {one.id: one for one in _recognised(inventory, workloads)}
    for declared in config.datastores or ():
        found[declared.workload] = _declared(declared, found.get(declared.workload), inventory, workloads)
    return tuple(found[id] for id in sorted(found))


def _recognised(inventory: Inventory, workloads: Iterable[Workload]) -> Iterator[Datastore]:
    for workload in workloads:
        label = labels_of(workload.template).get(LABEL, labels_of(workload.obj).get(LABEL))
        seen = _product(workload)
        if label == "false" or (label is None and seen is None) or workload.kind == "PodTemplate":
            continue
        ports = seen[1] if seen else tuple(sorted(_numbers(workload.containers)))
        how: Literal["labelled", "recognised"] = "recognised" if label is None else "labelled"
        why = f"recognised: {seen[0]}" if seen and label is None else f"labelled {LABEL}"
        yield Datastore(owner_id(inventory, workload), workload.namespace, workload.obj, ports, None, how, why)
    for obj, operator in _operators(inventory):
        filled_in = [name for name in (filled(text, obj) for text in operator.services) if name]
        names = tuple(f"{obj.key.namespace}/Service/{name}" for name in filled_in)
        yield Datastore(
            id=str(obj.key),
            namespace=obj.key.namespace,
            obj=obj,
            ports=operator.product.ports,
            clients=None,
            how="recognised",
            why=f"recognised: {operator.product.name}, made by its operator",
            services=names,
            visible=operator.pods is not None,
            operated=True,
        )


def _product(workload: Workload) -> tuple[str, tuple[int, ...]] | None:
    """What tells that a workload is a datastore, and its ports."""
    if workload.kind in _TRANSIENT:
        return None
    regular = [container for container in workload.containers if container.role == "container"]
    for container in regular:
        name = next((name for parts in (1, 2) if (name := repository(container.image, parts)) in IMAGES), None)
        if name:
            return f"image {name} is {IMAGES[name].name}", _serving([container], IMAGES[name])
    for container in regular:
        number = next((n for n in sorted(_numbers([container])) if n in PORTS), None)
        if number is not None and _keeps_volumes(workload):
            return f"port {number} and volumes: {PORTS[number].name}", _serving([container], PORTS[number])
    return None


def _serving(containers: list[Container], product: Product) -> tuple[int, ...]:
    """The ports declared, metrics apart; the product's own where none is."""
    return tuple(sorted(_numbers(containers))) or product.ports


def _numbers(containers: Iterable[Container]) -> set[int]:
    return {
        port["containerPort"]
        for container in containers
        if container.role == "container"
        for port in items(container.spec, "ports")
        if isinstance(port.get("containerPort"), int) and "metric" not in str(port.get("name"))
    }


def _keeps_volumes(workload: Workload) -> bool:
    claims = items(workload.obj, "spec", "volumeClaimTemplates")
    return bool(claims) or any("persistentVolumeClaim" in volume for volume in items(workload.spec, "volumes"))


def _declared(
    declared: Declared, seen: Datastore | None, inventory: Inventory, workloads: Iterable[Workload]
) -> Datastore:
    if seen is None:
        workload = next((w for w in workloads if owner_id(inventory, w) == declared.workload), None)
        ports = tuple(sorted(_numbers(workload.containers))) if workload else ()
        namespace = declared.workload.partition("/")[0]
        seen = Datastore(declared.workload, namespace, workload.obj if workload else None, ports, None, "declared", "")
    return Datastore(
        id=seen.id,
        namespace=seen.namespace,
        obj=seen.obj,
        ports=declared.ports or seen.ports,
        clients=declared.clients,
        how="declared",
        why="declared in kfm-checks.yaml",
        services=seen.services,
        visible=seen.visible,
        operated=seen.operated,
    )
