"""Whether a pod is denied by default: isolated, and not opened again to whoever comes."""

from __future__ import annotations

from typing import Literal

from kfm_checks.facts.network.addresses import AddressRange, network_range
from kfm_checks.facts.network.policies import Direction, Policy, Rule
from kfm_checks.facts.network.ports import LAST, PortSet, intersection, normal, size
from kfm_checks.facts.network.reach import Network, bits
from kfm_checks.values import Value

_PRIVATE = tuple(map(network_range, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_WHOLE = {4: network_range("0.0.0.0/0"), 6: network_range("::/0")}
_DNS: PortSet = (("TCP", 53, 53), ("TCP", 5353, 5353), ("UDP", 53, 53), ("UDP", 5353, 5353))
State = Literal["denied", "open", "undone"]


class Isolation(Value, frozen=True):
    """``open``: no policy isolates the pods. ``undone``: some do, and ``rule`` of ``policy`` lets everybody through."""

    state: State
    policy: Policy | None = None
    rule: Rule | None = None
    #: Egress only: whether some rule lets DNS out.
    dns: bool = True


def isolation(network: Network, endpoint: int, direction: Direction) -> Isolation:
    """By all policies together. "Everybody" is a pod without labels in a namespace that no policy names, or most
    addresses, private ones too, on most ports of TCP or of UDP: so two halves of the address space, or of the ports,
    count as the whole.
    """
    if not network.isolating(endpoint, direction):
        return Isolation("open")
    wide = sum(mask for ports, mask in network.allowed(endpoint, direction).items() if _wide(ports))
    grants = list(network.grants(endpoint, direction))
    if _everybody(network, wide):
        policy, rule, _, _ = max(grants, key=lambda grant: (_reach(network, grant[2]), _breadth(grant[3]), grant[0].id))
        return Isolation("undone", policy, rule)
    rules = [rule for policy in network.isolating(endpoint, direction) for rule in policy.rules[direction]]
    return Isolation("denied", dns=direction == "Ingress" or any(map(_lets_dns, rules)))


def _lets_dns(rule: Rule) -> bool:
    """By its ports alone: the cluster's DNS is seldom in the render. A named port can't be looked up there."""
    return rule.ports is None or bool(rule.named) or bool(intersection(normal(rule.ports), _DNS))


def _wide(ports: PortSet) -> bool:
    return _breadth(ports) > LAST // 2


def _breadth(ports: PortSet) -> int:
    return max(size(ports, "TCP"), size(ports, "UDP"))


def _everybody(network: Network, mask: int) -> bool:
    return bool(mask >> network.stranger & 1) or any(_most_addresses(network, mask, version) for version in (4, 6))


def _reach(network: Network, mask: int) -> tuple[bool, int]:
    inside = len(network.endpoints)
    outside = sum(network.ranges[bit - inside].size for bit in bits(mask & network.outside))
    return bool(mask >> network.stranger & 1), outside


def _most_addresses(network: Network, mask: int, version: int) -> bool:
    inside = len(network.endpoints)
    ranges = [network.ranges[bit - inside] for bit in bits(mask & network.outside)]
    private = [part for part in _PRIVATE if part.version == version]
    return _most(ranges, [_WHOLE[version]]) and _most(ranges, private)


def _most(ranges: list[AddressRange], of: list[AddressRange]) -> bool:
    covered = sum(_overlap(one, other) for one in ranges for other in of)
    return 2 * covered > sum(part.size for part in of)


def _overlap(one: AddressRange, other: AddressRange) -> int:
    if one.version != other.version:
        return 0
    return max(0, min(one.last, other.last) - max(one.first, other.first) + 1)
