"""Doors with a router: Ingress, OpenShift Route, VirtualService, IngressRoute, ingress-nginx ConfigMaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.network.entries import Backends, Exposure, service_name, texts
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest, Path

TRAEFIK = ("traefik.io", "traefik.containo.us")
_TRAEFIK_KINDS = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
_HOST_RULE = re.compile(r"Host(?:SNI)?\(([^)]*)\)")
_QUOTED = re.compile(r"[`'\"]([^`'\"]+)[`'\"]")
_L4_ARGUMENT = re.compile(r"--(?:tcp|udp)-services-configmap=(?:\$\(POD_NAMESPACE\)/|([^/\s]+)/)?(\S+)")
_L4_NAMES = frozenset({"tcp-services", "udp-services", "ingress-nginx-tcp", "ingress-nginx-udp"})


def routed(backends: Backends) -> Iterator[Exposure]:
    """Every path that a router other than the Gateway API's opens."""
    inventory = backends.inventory
    for group in ("networking.k8s.io", "extensions"):
        for obj in inventory.of("Ingress", group):
            yield from _ingress(backends, obj)
    for obj in inventory.of("Route", "route.openshift.io"):
        yield from _route(backends, obj)
    for obj in inventory.of("VirtualService", "networking.istio.io"):
        yield from _virtual_service(backends, obj)
    for group in TRAEFIK:
        for kind in _TRAEFIK_KINDS:
            for obj in inventory.of(kind, group):
                yield from _traefik(backends, obj)
    for obj in _l4_maps(backends):
        yield from _l4_services(backends, obj)


def _leads(
    backends: Backends, obj: Manifest, path: Path, hosts: tuple[str, ...], place: tuple[str, str], port: Any
) -> Iterator[Exposure]:
    for target in backends.targets(*place, port):
        yield Exposure(obj, path, obj.key.kind, hosts, target.service, target.destination, target.ports, target.note)


def _nowhere(obj: Manifest, path: Path, hosts: tuple[str, ...], note: str) -> Exposure:
    return Exposure(obj, path, obj.key.kind, hosts, "", "", (), note)


def _ingress(backends: Backends, obj: Manifest) -> Iterator[Exposure]:
    for field in ("defaultBackend", "backend"):
        if isinstance(dig(obj, "spec", field), dict):
            yield from _ingress_backend(backends, obj, ("spec", field), ())
    rules = dig(obj, "spec", "rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        hosts = (str(host),) if (host := dig(rule, "host")) else ()
        paths = dig(rule, "http", "paths")
        for index in range(len(paths) if isinstance(paths, list) else 0):
            path: Path = ("spec", "rules", number, "http", "paths", index, "backend")
            yield from _ingress_backend(backends, obj, path, hosts)


def _ingress_backend(backends: Backends, obj: Manifest, path: Path, hosts: tuple[str, ...]) -> Iterator[Exposure]:
    backend = dig(obj, *path)
    name = dig(backend, "service", "name") or dig(backend, "serviceName")
    if not isinstance(name, str):
        yield _nowhere(obj, path, hosts, "the backend is no Service")
        return
    port = dig(backend, "service", "port", "number") or dig(backend, "service", "port", "name")
    port = port or dig(backend, "servicePort")
    if port == "use-annotation":  # AWS: the action is in an annotation
        yield _nowhere(obj, path, hosts, "the backend is an annotation of the controller's own")
        return
    yield from _leads(backends, obj, path, hosts, (obj.key.namespace, name), port)


def _route(backends: Backends, obj: Manifest) -> Iterator[Exposure]:
    hosts = (str(host),) if (host := dig(obj, "spec", "host") or dig(obj, "spec", "subdomain")) else ()
    alternates = dig(obj, "spec", "alternateBackends")
    paths: list[Path] = [("spec", "to")]
    paths += [("spec", "alternateBackends", n) for n in range(len(alternates) if isinstance(alternates, list) else 0)]
    target = dig(obj, "spec", "port", "targetPort")
    for path in paths:
        place = (obj.key.namespace, str(dig(obj, *path, "name") or ""))
        ports = [None] if target is None else backends.matching_ports(*place, target) or [target]
        for port in ports:
            yield from _leads(backends, obj, path, hosts, place, port)


def _virtual_service(backends: Backends, obj: Manifest) -> Iterator[Exposure]:
    gateways = texts(dig(obj, "spec", "gateways"))
    if not set(gateways) - {"mesh"}:
        return  # no gateway, or the mesh alone: traffic from inside
    hosts = tuple(sorted(texts(dig(obj, "spec", "hosts"))))
    for field in ("http", "tcp", "tls"):
        for number, rule in enumerate(items(obj, "spec", field)):
            for index, route in enumerate(items(rule, "route")):
                path: Path = ("spec", field, number, "route", index, "destination", "host")
                place = service_name(str(dig(route, "destination", "host") or ""), obj.key.namespace)
                if place is None:
                    yield _nowhere(obj, path, hosts, "the destination is no Service of the cluster")
                    continue
                yield from _leads(backends, obj, path, hosts, place, dig(route, "destination", "port", "number"))


def _traefik(backends: Backends, obj: Manifest) -> Iterator[Exposure]:
    for number, route in enumerate(items(obj, "spec", "routes")):
        hosts = traefik_hosts(route)
        for index, service in enumerate(items(route, "services")):
            path: Path = ("spec", "routes", number, "services", index)
            if service.get("kind") == "TraefikService":
                yield _nowhere(obj, path, hosts, "the backend is a TraefikService, which is not evaluated")
                continue
            place = (str(service.get("namespace") or obj.key.namespace), str(service.get("name") or ""))
            yield from _leads(backends, obj, path, hosts, place, service.get("port"))


def traefik_hosts(route: Any) -> tuple[str, ...]:
    """The hosts that a Traefik rule names; () for a rule without one, and for ``HostSNI(`*`)``."""
    found = (_QUOTED.findall(group) for group in _HOST_RULE.findall(str(dig(route, "match") or "")))
    return tuple(sorted({host for hosts in found for host in hosts} - {"*"}))


def _l4_maps(backends: Backends) -> list[Manifest]:
    """ConfigMaps that an ingress-nginx controller reads TCP and UDP services from: by its arguments, or by name."""
    named: set[tuple[str, str]] = set()
    for endpoint in backends.endpoints:
        for container in endpoint.workload.containers if endpoint.workload else ():
            for argument in texts(container.spec.get("args")) + texts(container.spec.get("command")):
                if found := _L4_ARGUMENT.match(argument):
                    named.add((found[1] or endpoint.namespace, found[2]))
    return [
        obj
        for obj in backends.inventory.of("ConfigMap")
        if (obj.key.namespace, obj.key.name) in named or (obj.key.name in _L4_NAMES and "ingress" in obj.key.namespace)
    ]


def _l4_services(backends: Backends, obj: Manifest) -> Iterator[Exposure]:
    data = dig(obj, "data")
    for key, value in sorted(data.items(), key=str) if isinstance(data, dict) else ():
        found = re.match(r"([^/\s]+)/([^:\s]+):([^:\s]+)", str(value))
        path: Path = ("data", str(key))
        if found:
            yield from _leads(backends, obj, path, (), (found[1], found[2]), found[3])
        else:
            yield _nowhere(obj, path, (), "the value names no Service")
