"""NetworkPolicy by brute force, straight from the API reference: one pair, one protocol, one port at a time.

Deliberately naive, and shares nothing with the code under test: no masks, no intervals, no caching.
"""

from __future__ import annotations

import ipaddress
from typing import Any

Pod = dict[str, Any]


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """LabelSelector: the requirements are ANDed; an empty one selects everything."""
    selector = selector or {}
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        ok = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[expression["operator"]]
        if not ok:
            return False
    return True


def types(policy: dict[str, Any]) -> list[str]:
    """policyTypes, by default Ingress, and Egress where there are egress rules."""
    spec = policy["spec"]
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def peer_matches(
    peer: dict[str, Any], policy_namespace: str, other: Any, namespaces: dict[str, dict[str, str]]
) -> bool:
    """``other`` is a pod (dict) or an address outside."""
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        if isinstance(other, dict) or other not in ipaddress.ip_network(block["cidr"]):
            return False
        return not any(other in ipaddress.ip_network(hole) for hole in block.get("except", []))
    if not isinstance(other, dict):
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], namespaces[other["namespace"]]):
            return False
    elif other["namespace"] != policy_namespace:
        return False
    return "podSelector" not in peer or selects(peer["podSelector"], other["labels"])


def port_matches(entry: dict[str, Any], destination: Any, protocol: str, port: int) -> bool:
    """A port entry against a destination's port; names are those of the destination's containers."""
    if entry.get("protocol", "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return isinstance(destination, dict) and (wanted, protocol, port) in destination["ports"]
    return wanted <= port <= entry.get("endPort", wanted)


def allows(
    pod: Any, other: Any, direction: str, protocol: str, port: int, policies: list[dict[str, Any]], namespaces: Any
) -> bool:
    """Whether one end's policies let the connection through."""
    if not isinstance(pod, dict):
        return True
    mine = [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == pod["namespace"]
        and selects(policy["spec"].get("podSelector"), pod["labels"])
        and direction in types(policy)
    ]
    if not mine:
        return True
    destination = pod if direction == "Ingress" else other
    for policy in mine:
        for rule in policy["spec"].get(direction.lower()) or []:
            peers = rule.get("from" if direction == "Ingress" else "to") or []
            ports = rule.get("ports") or []
            peer_ok = not peers or any(peer_matches(p, pod["namespace"], other, namespaces) for p in peers)
            if peer_ok and (not ports or any(port_matches(e, destination, protocol, port) for e in ports)):
                return True
    return False


def connects(
    source: Any, destination: Any, protocol: str, port: int, policies: list[dict[str, Any]], namespaces: Any
) -> bool:
    """Both ends have to allow it."""
    return allows(source, destination, "Egress", protocol, port, policies, namespaces) and allows(
        destination, source, "Ingress", protocol, port, policies, namespaces
    )
