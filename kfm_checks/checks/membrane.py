"""MEM-01, MEM-02: the outside comes in through the gateway alone, and never to a datastore."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.datastores import Datastore, place
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.entries_gateway import covers
from kfm_checks.facts.network.others import entries_not_evaluated, is_entry_controller, is_tunnel
from kfm_checks.facts.network.ports import text
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, ObjectKey, Path

Verdict = tuple[bool | None, str]
_OPEN_TYPES = ("LoadBalancer", "NodePort")


def entry_only_through_gateway(
    inventory: Inventory,
    exposures: tuple[Exposure, ...],
    datastores: tuple[Datastore, ...],
    workloads: tuple[Workload, ...],
    config: Config,
) -> Iterator[Evidence]:
    """Outside clients come in only through the declared gateways.

    Each Ingress, route, LoadBalancer, node port, host port, host network and external address is followed to the pods
    behind it. The way is right where it ends at a declared gateway, at an ingress controller (recognised by its image),
    or on a declared operator host. A door that can't be followed, and a gateway that nobody declared, is not verified.
    NetworkPolicies are not counted here: a door is a door, also where a policy bars it today. NIST SP 800-53 SC-7.

    Remedy: make the Service a ClusterIP, drop hostPort and hostNetwork, and route to the gateway; declare the gateways
    under `entry.gateways` and operators' interfaces under `entry.operator-hosts`.
    """
    controllers = frozenset(workload.id for workload in workloads if is_entry_controller(workload))
    stores = frozenset(store.id for store in datastores)
    opened = [one for one in exposures if not one.entry.key.namespace.startswith("kube-")]
    for one in opened:
        ok, why = _verdict(one, config, controllers, stores)
        yield _door(one, ok, why, _proposal(opened, controllers, stores) if ok is None else "")
    yield from _not_evaluated(inventory, workloads)
    yield from _closed(inventory, workloads, {one.entry.key for one in opened})


def _verdict(one: Exposure, config: Config, controllers: frozenset[str], stores: frozenset[str]) -> Verdict:
    operators = config.entry.operator_hosts
    if one.destination in stores:
        return False, f"leads to the datastore {one.destination}"
    if one.destination in controllers:
        return True, f"is the ingress controller's own door ({one.destination})"
    if one.hosts and all(any(covers(pattern, host) for pattern in operators) for host in one.hosts):
        return True, "is a declared operator interface"
    if one.means in ("hostPort", "hostNetwork"):
        return _on_node(one, config)
    if not one.destination:
        return None, f"can't be followed: {one.note}"
    if config.entry.gateways is None:
        return None, f"leads to {one.destination}; nobody declared which workloads are the gateways"
    if one.destination in config.entry.gateways:
        return True, f"leads to the gateway {one.destination}"
    return False, f"leads to {one.destination}, which is no declared gateway"


def _on_node(one: Exposure, config: Config) -> Verdict:
    namespace = one.entry.key.namespace
    if namespace in config.workloads.platform_namespaces:
        return True, f"opens a port of the node, in the platform's namespace {namespace}"
    if config.entry.gateways is None and not config.workloads.platform_namespaces:
        return None, "opens a port of the node; nobody declared which namespaces are the platform's"
    return False, "opens a port of the node beside the gateway"


def _door(one: Exposure, ok: bool | None, why: str, patch: str) -> Evidence:
    name = f"{one.means} {one.entry.key}" if one.means != one.entry.key.kind else str(one.entry.key)
    at = f" for {', '.join(one.hosts)}" if one.hosts else ""
    return judged(
        ok,
        one.entry,
        one.path,
        message=f"{name}{at} {why}",
        expected="a declared gateway, an ingress controller, or a declared operator host",
        observed=f"{one.destination or one.service or 'unknown'} {text(one.ports) if one.ports else ''}".strip(),
        about=one.destination or one.service,
        patch=patch,
    )


def _proposal(exposures: list[Exposure], controllers: frozenset[str], stores: frozenset[str]) -> str:
    """The configuration that would declare today's doors: for a person to read, cut down and paste."""
    led = sorted({one.destination for one in exposures if one.destination} - controllers - stores)
    return "entry:\n  gateways:\n" + "".join(f"    - {name}\n" for name in led) if led else ""


def _not_evaluated(inventory: Inventory, workloads: tuple[Workload, ...]) -> Iterator[Evidence]:
    for obj in entries_not_evaluated(inventory):
        yield unknown(obj, message=f"{obj.key} may let the outside in; objects of this kind are not evaluated")
    for workload in workloads:
        if is_tunnel(workload):
            yield unknown(
                workload.obj, workload.path, message=f"{workload.id} runs a tunnel, which no object describes"
            )


def _closed(inventory: Inventory, workloads: tuple[Workload, ...], opened: set[object]) -> Iterator[Evidence]:
    """What was looked at and has no door."""
    for service in inventory.of("Service"):
        if service.key not in opened and not service.key.namespace.startswith("kube-"):
            kind = dig(service, "spec", "type", default="ClusterIP")
            yield holds(service, ("spec", "type"), message=f"{service.key} opens no door by itself", observed=kind)
    for workload in workloads:
        if workload.obj.key not in opened and not workload.namespace.startswith("kube-"):
            yield holds(
                workload.obj, workload.path, message=f"{workload.id} opens no port of the node", observed="none"
            )


def datastores_are_private(
    inventory: Inventory, exposures: tuple[Exposure, ...], datastores: tuple[Datastore, ...]
) -> Iterator[Evidence]:
    """No way in from outside leads to a datastore.

    Ingresses, routes, LoadBalancers, node ports, host ports and external addresses are followed through Services and
    ExternalName aliases to the pods. Datastores are those declared, labelled, or recognised by image, port or operator,
    and the page says how. Without a datastore nothing was shown, so the row is not verified. NIST SP 800-53 SC-7.

    Remedy: remove the route, and make the datastore's Service a ClusterIP.
    """
    if not datastores:
        raise NotVerified(
            "no datastore is declared in kfm-checks.yaml, labelled conformance.kfm/datastore, or recognised by image"
        )
    blind = [one for one in exposures if not one.destination]
    for store in datastores:
        led = [one for one in exposures if one.destination == store.id or one.service in store.services]
        blind = [one for one in blind if one not in led]
        yield from (_leads(one, store) for one in led)
        bad = list(_operator_doors(store))
        yield from bad
        if not led and not bad:
            yield _private(store)
    for one in blind:
        text = f"{one.entry.key} can't be followed: {one.note}"
        yield unknown(one.entry, one.path, message=text, expected="no way to a datastore", about=one.service)
    for obj in entries_not_evaluated(inventory):
        yield unknown(obj, message=f"{obj.key} may let the outside in; objects of this kind are not evaluated")


def _leads(one: Exposure, store: Datastore) -> Evidence:
    at = f" for {', '.join(one.hosts)}" if one.hosts else ""
    return fails(
        one.entry,
        one.path,
        message=f"{one.means} {one.entry.key}{at} leads from outside to the datastore {store.id} ({store.why})",
        expected="no way to a datastore",
        observed=f"{one.service or one.means} → {store.id}",
        about=store.id,
    )


def _private(store: Datastore) -> Evidence:
    if store.obj is None:
        kind, namespace, name = place(store.id)
        subject = ObjectKey("", kind, namespace, name)
        return unknown(subject, message=f"the declared datastore {store.id} is not in the render")
    return holds(
        store.obj,
        message=f"no way in from outside leads to the datastore {store.id} ({store.why})",
        expected="no way to a datastore",
        observed="none",
    )


def _operator_doors(store: Datastore) -> Iterator[Evidence]:
    """Fields of an operator's own resource that ask for a LoadBalancer or a node port."""
    if not store.operated or store.obj is None:
        return
    for path, value in _fields(store.obj.get("spec"), ("spec",)):
        opens = str(path[-1]).lower().endswith("type") and value in _OPEN_TYPES
        opens = opens or (
            value is True and (str(path[-1]).endswith("LoadBalancer") or path[-2:-1] == ("exposeServices",))
        )
        if opens:
            text = f"the datastore {store.id} asks its operator for a door to the outside"
            yield fails(store.obj, path, message=text, expected="ClusterIP", observed=value)


def _fields(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _fields(inner, (*path, index))
    else:
        yield path, value
