"""What the API server refuses of Services, Ingresses and NetworkPolicies beyond the schema (API reference of each)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    LABEL,
    PORT,
    PORT_OR_NAME,
    QUALIFIED,
    SUBDOMAIN,
    Clauses,
    between,
    host,
    label,
    labels,
    mappings,
    needs,
    one_of,
    port,
    qualified,
    refuse,
    subdomain,
    unique,
    unset,
    value,
    words,
)
from kfm_checks.model import Path

#: What a path of an Ingress may not hold.
_DETOURS = ("//", "/./", "/../", "%2f", "%2F")


def _ports(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A Service has ports, each named where there are several."""
    found = list(mappings(spec.get("ports")))
    if not found and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        refuse(problems, (*path, "ports"), "the Service has no port", "ports, or clusterIP: None", "absent or empty")
    names = [((*path, "ports", index, "name"), one.get("name")) for index, one in found]
    for place, name in names if len(found) > 1 else ():
        if unset(name):
            refuse(problems, place, "several ports each have a name", LABEL, "absent")
    unique([(place, name) for place, name in names if name], "a port named", problems)
    if spec.get("type") in (None, "", "ClusterIP"):
        for index, one in found:
            if one.get("nodePort"):
                place = (*path, "ports", index, "nodePort")
                refuse(problems, place, "a Service of type ClusterIP opens no node port", "nothing", one["nodePort"])


def _address(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """The address and the name that a Service stands for."""
    address, kind = spec.get("clusterIP"), spec.get("type")
    if isinstance(address, str) and address not in ("", "None") and not _parsed(ipaddress.ip_address, address):
        refuse(problems, (*path, "clusterIP"), "it is no address", "an IP address or None", address)
    if address == "None" and kind in ("NodePort", "LoadBalancer"):
        refuse(problems, (*path, "clusterIP"), f"a Service of type {kind} has an address", "another type", "None")
    if kind == "ExternalName" and unset(spec.get("externalName")):
        refuse(problems, (*path, "externalName"), "an ExternalName names something", SUBDOMAIN, "absent")


def _parsed(read: Callable[[str], Any], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _domain_path(found: Any) -> bool:
    """A domain and a path: ``example.org/controller``."""
    domain, _, path = str(found).partition("/")
    return subdomain(domain) and re.fullmatch(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", path, re.ASCII) is not None


def _ingress(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    if unset(spec.get("rules")) and spec.get("defaultBackend") is None:
        refuse(problems, path, "the Ingress leads nowhere", "rules or a defaultBackend", "neither")


def _route(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Paths that begin at the root; left out only where the controller gives them a meaning."""
    found = str(obj.get("path") or "")
    free = obj.get("pathType") == "ImplementationSpecific"
    if not found.startswith("/") and not (free and not found):
        refuse(problems, (*path, "path"), "the path does not begin at the root", "a path that begins with /", found)
    elif not free and (any(part in found for part in _DETOURS) or found.endswith(("/..", "/."))):
        refuse(problems, (*path, "path"), "the path is not in its simplest form", "no //, /./, /../ or %2f", found)


def _backend_port(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    chosen = obj.get("port") or {}
    if bool(chosen.get("name")) == bool(chosen.get("number")):
        refuse(problems, (*path, "port"), "a backend's port has a name or a number", "one of them", "both or neither")


def _peer(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    selects = obj.get("podSelector") is not None or obj.get("namespaceSelector") is not None
    if obj.get("ipBlock") is not None and selects:
        refuse(problems, path, "ipBlock excludes selectors", "one of them", "both")


def _block(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Networks in CIDR notation; exceptions within."""
    whole = _network(obj.get("cidr"))
    if whole is None:
        refuse(problems, (*path, "cidr"), "it is no network", "a network such as 10.0.0.0/8", obj.get("cidr"))
        return
    for index, text in enumerate(obj.get("except") or []):
        inner = _network(text)
        if inner is None or inner.version != whole.version or inner == whole or not inner.subnet_of(whole):  # type: ignore[arg-type]
            refuse(problems, (*path, "except", index), "it is no part of the network", f"within {whole}", text)


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(str(text), strict=False) if "/" in str(text) else None
    except ValueError:
        return None


def _range(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Where a range of ports ends."""
    first, last = obj.get("port"), obj.get("endPort")
    if last is not None and (not isinstance(first, int) or not first <= last <= 65535):
        refuse(
            problems,
            (*path, "endPort"),
            "a range ends at or above the port it begins with",
            "a port from there to 65535",
            last,
        )


NETWORK: Clauses = {
    "core.v1.Service": (needs("spec"),),
    "core.v1.ClientIPConfig": (value("timeoutSeconds", between(1, 86400), "from 1 to 86400"),),
    "core.v1.TypedLocalObjectReference": (needs("kind", "name"), value("apiGroup", subdomain, SUBDOMAIN, strict=True)),
    "networking.v1.IngressClass": (needs("spec"),),
    "networking.v1.IngressClassSpec": (needs("controller"), value("controller", _domain_path, "a domain and a path")),
    "networking.v1.IngressClassParametersReference": (
        needs("kind", "name"), value("apiGroup", subdomain, SUBDOMAIN, strict=True),
    ),
    "networking.v1.Ingress": (needs("spec"),),
    "core.v1.ServiceSpec": (
        _ports, _address, labels("selector"), value("externalName", subdomain, SUBDOMAIN),
        value("loadBalancerSourceRanges", lambda v: all(map(_network, v)), "networks such as 10.0.0.0/8"),
    ),
    "core.v1.ServicePort": (
        value("port", between(1, 65535), PORT), value("targetPort", port, PORT_OR_NAME), value("name", label, LABEL),
        value("nodePort", between(0, 65535), PORT), value("appProtocol", qualified, QUALIFIED, strict=True),
    ),
    "networking.v1.IngressSpec": (_ingress, value("ingressClassName", subdomain, SUBDOMAIN, strict=True)),
    "networking.v1.IngressRule": (value("host", host, "a DNS name, the first part of which may be *"),),
    "networking.v1.IngressTLS": (value("secretName", subdomain, SUBDOMAIN),),
    "networking.v1.HTTPIngressRuleValue": (needs("paths"),),
    "networking.v1.HTTPIngressPath": (_route,),
    "networking.v1.IngressBackend": (one_of("service", "resource"),),
    "networking.v1.IngressServiceBackend": (needs("name"), value("name", label, LABEL), _backend_port),
    "networking.v1.ServiceBackendPort": (value("name", port, PORT_OR_NAME), value("number", between(0, 65535), PORT)),
    "networking.v1.NetworkPolicyPort": (value("port", port, PORT_OR_NAME, strict=True), _range),
    "networking.v1.NetworkPolicyPeer": (one_of("podSelector", "namespaceSelector", "ipBlock", several=True), _peer),
    "networking.v1.IPBlock": (_block,),
    "networking.v1.NetworkPolicySpec": (
        value("policyTypes", lambda v: len(v) <= 2, "at most two types"), words("policyTypes", "Ingress", "Egress"),
    ),
}  # fmt: skip
