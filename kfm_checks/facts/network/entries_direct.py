"""Doors without a router: LoadBalancers, node ports, external addresses, host ports, the host network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kfm_checks.facts.network.entries import Backends, Exposure, declared_ports
from kfm_checks.facts.network.ports import EVERYTHING, normal
from kfm_checks.facts.objects import annotations_of, dig, items
from kfm_checks.model import Manifest, Path

#: external-dns publishes these names for a Service.
_HOSTNAME = "external-dns.alpha.kubernetes.io/hostname"


def direct(backends: Backends) -> Iterator[Exposure]:
    """Every Service and pod that is open to the outside by itself."""
    for service in backends.inventory.of("Service"):
        kind = dig(service, "spec", "type")
        if kind in ("LoadBalancer", "NodePort"):
            yield from _service(backends, service, str(kind), ("spec", "type"))
        if isinstance(addresses := dig(service, "spec", "externalIPs"), list) and addresses:
            yield from _service(backends, service, "externalIPs", ("spec", "externalIPs"))
    yield from _hosts(backends)


def _service(backends: Backends, service: Manifest, means: str, path: Path) -> Iterator[Exposure]:
    names = annotations_of(service).get(_HOSTNAME, "").split(",")
    hosts = tuple(sorted(name.strip() for name in names if name.strip()))
    for target in backends.targets(service.key.namespace, service.key.name):
        yield Exposure(service, path, means, hosts, target.service, target.destination, target.ports, target.note)


def _hosts(backends: Backends) -> Iterator[Exposure]:
    for endpoint in backends.endpoints:
        workload = endpoint.workload
        if workload is None:
            continue
        if endpoint.host_network:
            ports = declared_ports(workload) or EVERYTHING
            path = (*workload.path, "hostNetwork")
            yield Exposure(workload.obj, path, "hostNetwork", (), "", endpoint.id, ports)
            continue
        for container in workload.containers:
            for index, port in enumerate(items(container.spec, "ports")):
                number = port.get("containerPort")
                if port.get("hostPort") and isinstance(number, int) and not _loopback(port.get("hostIP")):
                    ports = normal([(str(port.get("protocol") or "TCP"), number, number)])
                    path = (*container.path, "ports", index, "hostPort")
                    yield Exposure(workload.obj, path, "hostPort", (), "", endpoint.id, ports)


def _loopback(address: object) -> bool:
    """Whether a port of the node is bound to its own loopback address, where nobody outside can come."""
    try:
        return ipaddress.ip_address(str(address)).is_loopback
    except ValueError:
        return False
