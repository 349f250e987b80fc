"""A way in from outside: the object that opens it, the Service it names, and the pods behind that Service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from kfm_checks.facts.network.endpoints import Endpoint, container_ports
from kfm_checks.facts.network.ports import NOTHING, PortSet, normal
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.selectors import matches_map
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: An ExternalName may point at another one; deeper chains than this are loops.
_HOPS = 5


class Target(Value, frozen=True):
    """What a reference to a Service leads to. ``destination`` "": nothing here, and ``note`` says why."""

    service: str
    destination: str
    ports: PortSet
    note: str = ""


class Exposure(Value, frozen=True):
    """One path from outside to a workload.

    ``hosts`` () means any host, or that the entry knows none. ``means`` is the kind of door: a kind of object, or
    LoadBalancer, NodePort, externalIPs, hostPort, hostNetwork. ``destination`` "": see ``note``.
    """

    entry: Manifest
    path: Path
    means: str
    hosts: tuple[str, ...]
    service: str
    destination: str
    ports: PortSet
    note: str = ""


class Backends:
    """Resolves references to Services as kube-proxy and the controllers do."""

    def __init__(self, inventory: Inventory, endpoints: Iterable[Endpoint]) -> None:
        self.inventory = inventory
        self.endpoints = tuple(endpoints)
        self._by_namespace: dict[str, list[Endpoint]] = defaultdict(list)
        for endpoint in self.endpoints:
            self._by_namespace[endpoint.namespace].append(endpoint)

    def targets(self, namespace: str, name: str, port: Any = None, hops: int = _HOPS) -> list[Target]:
        """Where a Service leads on one of its ports (number or name; None: on any). Never empty."""
        service, id = self.inventory.get("Service", name, namespace), f"{namespace}/Service/{name}"
        if service is None:
            return [Target(id, "", NOTHING, f"the Service {id} is not in the render")]
        alias = dig(service, "spec", "externalName")
        if dig(service, "spec", "type") == "ExternalName":
            return self._aliased(id, namespace, str(alias or ""), _beyond(service, port), hops)
        found = []
        for endpoint in self.selected(service):
            ports = normal(self._ports(service, endpoint, port))
            if ports:
                found.append(Target(id, endpoint.id, ports))
        return found or [Target(id, "", NOTHING, f"the Service {id} leads to no pod of the render on this port")]

    def _aliased(self, id: str, namespace: str, alias: str, port: Any, hops: int) -> list[Target]:
        """An ExternalName leads in where it names another Service of the cluster, and else out again."""
        place = service_name(alias, namespace)
        if place is None or not hops:
            return [Target(id, "", NOTHING, f"the Service {id} is an alias of {alias}, outside the cluster")]
        return self.targets(*place, port, hops - 1)

    def selected(self, service: Manifest) -> list[Endpoint]:
        """The pods that a Service's selector selects; none where it has no selector."""
        selector = dig(service, "spec", "selector")
        if not isinstance(selector, dict):
            return []
        return [e for e in self._by_namespace[service.key.namespace] if matches_map(selector, e.labels)]

    def _ports(self, service: Manifest, endpoint: Endpoint, wanted: Any) -> Iterator[tuple[str, int, int]]:
        for port in items(service, "spec", "ports"):
            if wanted is not None and str(wanted) not in (str(port.get("port")), str(port.get("name"))):
                continue
            protocol, target = str(port.get("protocol") or "TCP"), port.get("targetPort")
            target = port.get("port") if target is None or target == "" else target
            for number in target_numbers(endpoint, protocol, target):
                yield protocol, number, number

    def matching_ports(self, namespace: str, name: str, target: Any) -> list[Any]:
        """Service port numbers whose name, number or targetPort is ``target`` (an OpenShift Route's way to say it)."""
        service = self.inventory.get("Service", name, namespace)
        return [
            port.get("port")
            for port in items(service, "spec", "ports")
            if str(target) in (str(port.get("name")), str(port.get("targetPort")), str(port.get("port")))
        ]


def _beyond(alias: Manifest, wanted: Any) -> Any:
    """The port that an ExternalName hands on: a name is the alias's own, and its targetPort wins."""
    for port in items(alias, "spec", "ports"):
        if wanted is not None and str(wanted) in (str(port.get("port")), str(port.get("name"))):
            target = port.get("targetPort")
            return target if isinstance(target, int) else port.get("port")
    return wanted


def target_numbers(endpoint: Endpoint, protocol: str, target: Any) -> list[int]:
    """A targetPort at one endpoint: a number as it is, a name by the container ports."""
    if isinstance(target, int) and not isinstance(target, bool):
        return [target]
    return [number for name, proto, number in sorted(endpoint.named) if (name, proto) == (target, protocol)]


def declared_ports(workload: Workload) -> PortSet:
    """Every container port that the pods declare."""
    return normal((protocol, number, number) for _, protocol, number in container_ports(workload))


def service_name(host: str, namespace: str) -> tuple[str, str] | None:
    """(namespace, name) of ``svc``, ``svc.ns`` or ``svc.ns.svc.cluster.local``; None for other hosts."""
    parts = host.rstrip(".").split(".")
    if len(parts) == 1 and parts[0]:
        return namespace, parts[0]
    if len(parts) == 2 or parts[2:3] == ["svc"]:
        return parts[1], parts[0]
    return None


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; () where it is none."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
