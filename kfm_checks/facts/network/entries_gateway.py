"""Doors of the Gateway API: routes attached to Gateways, with ReferenceGrants (gateway.networking.k8s.io)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.network.entries import Backends, Exposure, texts
from kfm_checks.facts.network.policies import Unreadable, selector
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Manifest, Path

GROUP = "gateway.networking.k8s.io"
ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
REFUSED = "no ReferenceGrant in the render permits the reference"


def gateway_routes(backends: Backends) -> Iterator[Exposure]:
    """Every path that an attached route opens; a reference that no grant permits leads nowhere and says so."""
    for kind in ROUTES:
        for route in backends.inventory.of(kind, GROUP):
            if attached(backends.inventory, route):
                yield from _route(backends, route)


def attached(inventory: Inventory, route: Manifest) -> list[tuple[Manifest | None, list[dict[str, Any]]]]:
    """The Gateways that accept a route, each with its listeners; None for one that is not in the render."""
    found: list[tuple[Manifest | None, list[dict[str, Any]]]] = []
    for parent in items(route, "spec", "parentRefs"):
        group, kind = parent.get("group", GROUP), parent.get("kind", "Gateway")
        if (group, kind) == ("", "Service"):
            continue  # the mesh (GAMMA): traffic from inside
        namespace = str(parent.get("namespace") or route.key.namespace)
        gateway = inventory.get(str(kind), str(parent.get("name") or ""), namespace, str(group))
        if gateway is None or kind != "Gateway":
            found.append((None, []))
            continue
        listeners = [x for x in items(gateway, "spec", "listeners") if _accepts(inventory, gateway, x, parent, route)]
        if listeners:
            found.append((gateway, listeners))
    return found


def _accepts(inventory: Inventory, gateway: Manifest, listener: Any, parent: Any, route: Manifest) -> bool:
    if parent.get("sectionName") not in (None, listener.get("name")):
        return False
    if parent.get("port") not in (None, listener.get("port")):
        return False
    kinds = {str(kind.get("kind")) for kind in items(listener, "allowedRoutes", "kinds")}
    if kinds and route.key.kind not in kinds:
        return False
    return _hosts_meet(listener.get("hostname"), texts(dig(route, "spec", "hostnames"))) and _namespace_allowed(
        inventory, gateway, listener, route.key.namespace
    )


def _namespace_allowed(inventory: Inventory, gateway: Manifest, listener: Any, namespace: str) -> bool:
    allowed = dig(listener, "allowedRoutes", "namespaces")
    where = dig(allowed, "from", default="Same")
    if where == "Selector":
        try:
            chosen = selector(dig(allowed, "selector"), "selector")
        except Unreadable:
            return False
        return matches(chosen, inventory.namespace_labels(namespace))
    return where == "All" or (where == "Same" and namespace == gateway.key.namespace)


def _hosts_meet(listener: Any, hosts: tuple[str, ...]) -> bool:
    if not isinstance(listener, str) or not listener or not hosts:
        return True
    return any(covers(listener, host) or covers(host, listener) for host in hosts)


def covers(pattern: str, host: str) -> bool:
    """Whether ``*.example.org`` or a plain name covers a host."""
    if pattern.startswith("*."):
        return host.lower().endswith(pattern[1:].lower()) and len(host) > len(pattern) - 1
    return pattern.lower() == host.lower()


def _route(backends: Backends, route: Manifest) -> Iterator[Exposure]:
    hosts = tuple(sorted(texts(dig(route, "spec", "hostnames"))))
    for path, reference in _references(route):
        kind, group = reference.get("kind", "Service"), reference.get("group", "")
        namespace = str(reference.get("namespace") or route.key.namespace)
        name = str(reference.get("name") or "")
        opening = (route, path, route.key.kind, hosts)
        if (group or "", kind) != ("", "Service"):
            yield Exposure(*opening, "", "", (), f"the backend is a {kind}, which is not evaluated")
        elif namespace != route.key.namespace and not granted(backends.inventory, route, "Service", name, namespace):
            yield Exposure(*opening, f"{namespace}/Service/{name}", "", (), REFUSED)
        else:
            for target in backends.targets(namespace, name, reference.get("port")):
                yield Exposure(*opening, target.service, target.destination, target.ports, target.note)


def _references(route: Manifest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Backends, and those that a filter mirrors requests to."""
    rules = dig(route, "spec", "rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        for index, reference in enumerate(items(rule, "backendRefs")):
            yield ("spec", "rules", number, "backendRefs", index), reference
        for index, one in enumerate(items(rule, "filters")):
            mirror = dig(one, "requestMirror", "backendRef")
            if isinstance(mirror, dict):
                yield ("spec", "rules", number, "filters", index, "requestMirror", "backendRef"), mirror


def granted(inventory: Inventory, source: Manifest, kind: str, name: str, namespace: str) -> bool:
    """Whether a ReferenceGrant in the target's namespace permits a reference from another one."""
    for grant in inventory.of("ReferenceGrant", GROUP):
        if grant.key.namespace != namespace:
            continue
        permitted = any(
            (one.get("group"), one.get("kind"), one.get("namespace"))
            == (source.key.group, source.key.kind, source.key.namespace)
            for one in items(grant, "spec", "from")
        )
        if permitted and any(
            (one.get("group") or "", one.get("kind")) == ("", kind) and one.get("name") in (None, "", name)
            for one in items(grant, "spec", "to")
        ):
            return True
    return False
