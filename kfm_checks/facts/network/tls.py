"""Public hosts and whether they are served over TLS where they enter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kfm_checks.facts.network.entries import texts
from kfm_checks.facts.network.entries_gateway import GROUP, attached, covers
from kfm_checks.facts.network.entries_routes import TRAEFIK, traefik_hosts
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: A host that an entry leaves open.
ANY = "any host"
#: Annotations by which a load balancer or router outside the render terminates TLS.
_CLOUD = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "alb.ingress.kubernetes.io/listen-ports",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/v1beta1.FrontendConfig",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "traefik.ingress.kubernetes.io/router.tls",
)
_NO_REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"
_FORCED = "nginx.ingress.kubernetes.io/force-ssl-redirect"
State = tuple[bool | None, str]
SERVED: State = (True, "served over TLS")
PLAIN: State = (False, "served in plain HTTP")
DEFAULT: State = (None, "TLS with the controller's default certificate, which the render doesn't show")


class PublicHost(Value, frozen=True):
    """One host where it enters; ``secure`` None: TLS may end where the render doesn't show it."""

    entry: Manifest
    path: Path
    host: str
    secure: bool | None
    note: str


def public_hosts(inventory: Inventory) -> tuple[PublicHost, ...]:
    """Every host of every Ingress, Route, Gateway route, VirtualService and IngressRoute, sorted."""
    found = [*_ingresses(inventory), *_openshift(inventory), *_gateway_api(inventory), *_istio(inventory)]
    found += _traefik(inventory)
    return tuple(sorted(found, key=lambda one: (one.entry.key, tuple(map(str, one.path)), one.host)))


def _worst(states: Iterable[State]) -> State:
    ranked = sorted(states, key=lambda state: {False: 0, None: 1, True: 2}[state[0]])
    return ranked[0] if ranked else (None, "no listener is in the render")


def _ingresses(inventory: Inventory) -> Iterator[PublicHost]:
    for obj in (*inventory.of("Ingress", "networking.k8s.io"), *inventory.of("Ingress", "extensions")):
        rules = dig(obj, "spec", "rules")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            host = str(dig(rule, "host") or "")
            yield PublicHost(obj, ("spec", "rules", index, "host"), host or ANY, *_ingress(obj, host))
        for field in ("defaultBackend", "backend"):
            if isinstance(dig(obj, "spec", field), dict):
                yield PublicHost(obj, ("spec", field), ANY, *_ingress(obj, ""))


def _ingress(obj: Manifest, host: str) -> State:
    notes = annotations_of(obj)
    covering = [
        entry
        for entry in items(obj, "spec", "tls")
        if not texts(entry.get("hosts")) or any(_certified(name, host) for name in texts(entry.get("hosts")))
    ]
    if not covering:
        cloud = next((name for name in _CLOUD if name in notes), None)
        return PLAIN if cloud is None else (None, f"TLS ends at a load balancer ({cloud})")
    if notes.get(_NO_REDIRECT) == "false" and notes.get(_FORCED) != "true":
        return False, "served over TLS, and in plain HTTP too (ssl-redirect is off)"
    return SERVED if any(entry.get("secretName") for entry in covering) else DEFAULT


def _certified(name: str, host: str) -> bool:
    """Whether a host of an Ingress's ``tls`` covers one of its rules: a wildcard stands for one label, as in X.509."""
    return covers(name, host) and name.count(".") == host.count(".")


def _openshift(inventory: Inventory) -> Iterator[PublicHost]:
    for obj in inventory.of("Route", "route.openshift.io"):
        host = str(dig(obj, "spec", "host") or dig(obj, "spec", "subdomain") or ANY)
        yield PublicHost(obj, ("spec", "tls"), host, *_route(obj))


def _route(obj: Manifest) -> State:
    tls = dig(obj, "spec", "tls")
    if not isinstance(tls, dict) or not tls.get("termination"):
        return PLAIN
    if tls.get("insecureEdgeTerminationPolicy") == "Allow":
        return False, "served over TLS, and in plain HTTP too (insecureEdgeTerminationPolicy: Allow)"
    issued = any(name.startswith("cert-manager.io/issuer") for name in annotations_of(obj))
    own = tls.get("certificate") or tls.get("externalCertificate") or issued
    return SERVED if own or tls["termination"] == "passthrough" else DEFAULT


def _gateway_api(inventory: Inventory) -> Iterator[PublicHost]:
    for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute"):
        for route in inventory.of(kind, GROUP):
            parents = attached(inventory, route)
            if not parents:
                continue
            states = [
                state
                for gateway, listeners in parents
                for state in ([_listener(route, one) for one in listeners] if gateway is not None else [_ELSEWHERE])
            ]
            hosts = texts(dig(route, "spec", "hostnames")) or tuple(
                str(one["hostname"]) for _, listeners in parents for one in listeners if one.get("hostname")
            )
            for host in sorted(set(hosts)) or [ANY]:
                yield PublicHost(route, ("spec", "parentRefs"), host, *_worst(states))


_ELSEWHERE: State = (None, "its Gateway is not in the render")


def _listener(route: Manifest, listener: dict[str, Any]) -> State:
    name = listener.get("name")
    if listener.get("protocol") in ("HTTPS", "TLS"):
        tls = listener.get("tls")
        certified = dig(tls, "certificateRefs") or dig(tls, "mode") == "Passthrough"
        return (True, f"served over TLS by the listener {name}") if certified else DEFAULT
    if _only_redirects(route):
        return True, f"the listener {name} only redirects to HTTPS"
    return False, f"served in plain HTTP by the listener {name}"


def _only_redirects(route: Manifest) -> bool:
    """Whether every rule of an HTTPRoute answers with a redirect to https."""
    rules = items(route, "spec", "rules")
    return bool(rules) and all(
        any(dig(one, "requestRedirect", "scheme") == "https" for one in items(rule, "filters")) for rule in rules
    )


def _istio(inventory: Inventory) -> Iterator[PublicHost]:
    for obj in inventory.of("VirtualService", "networking.istio.io"):
        names = [name for name in texts(dig(obj, "spec", "gateways")) if name != "mesh"]
        for host in sorted(texts(dig(obj, "spec", "hosts"))) if names else ():
            states = [state for name in names for state in _servers(inventory, obj, name, host)]
            yield PublicHost(obj, ("spec", "gateways"), ANY if host == "*" else host, *_worst(states))


def _servers(inventory: Inventory, obj: Manifest, name: str, host: str) -> list[State]:
    namespace, _, short = name.rpartition("/")
    gateway = inventory.get("Gateway", short, namespace or obj.key.namespace, "networking.istio.io")
    if gateway is None:
        return [_ELSEWHERE]
    return [
        _server(server)
        for server in items(gateway, "spec", "servers")
        if any(_meets(pattern.rpartition("/")[2], host) for pattern in texts(server.get("hosts")))
    ]


def _meets(pattern: str, host: str) -> bool:
    return "*" in (pattern, host) or covers(pattern, host) or covers(host, pattern)


def _server(server: dict[str, Any]) -> State:
    tls = server.get("tls")
    if isinstance(tls, dict) and tls.get("httpsRedirect") is True:
        return True, "the gateway only redirects to HTTPS"
    if not isinstance(tls, dict) or not tls.get("mode"):
        return PLAIN
    passed = str(tls["mode"]).endswith("PASSTHROUGH") or tls["mode"] == "ISTIO_MUTUAL"
    own = tls.get("credentialName") or tls.get("serverCertificate") or tls.get("credentialNames")
    return SERVED if passed or own else DEFAULT


def _traefik(inventory: Inventory) -> Iterator[PublicHost]:
    for group in TRAEFIK:
        for obj in (*inventory.of("IngressRoute", group), *inventory.of("IngressRouteTCP", group)):
            for index, route in enumerate(items(obj, "spec", "routes")):
                for host in traefik_hosts(route) or (ANY,):
                    yield PublicHost(obj, ("spec", "routes", index, "match"), host, *_ingress_route(obj))


def _ingress_route(obj: Manifest) -> State:
    tls = dig(obj, "spec", "tls")
    if not isinstance(tls, dict):
        secure = "websecure" in texts(dig(obj, "spec", "entryPoints"))
        return (None, "TLS may be set at the entry point, outside the render") if secure else PLAIN
    return SERVED if tls.get("secretName") or tls.get("certResolver") or tls.get("passthrough") else DEFAULT
