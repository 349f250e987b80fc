"""Sets of ports as sorted, disjoint, maximal ranges: ``(("TCP", 80, 80), ("UDP", 1, 65535))``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

PortRange = tuple[str, int, int]
PortSet = tuple[PortRange, ...]

#: The protocols that NetworkPolicy knows (networking.k8s.io/v1, ``NetworkPolicyPort.protocol``).
PROTOCOLS = ("SCTP", "TCP", "UDP")
FIRST, LAST = 1, 65535
NOTHING: PortSet = ()
EVERYTHING: PortSet = tuple((protocol, FIRST, LAST) for protocol in PROTOCOLS)


def normal(ranges: Iterable[PortRange]) -> PortSet:
    """The canonical form: sorted, clipped to 1-65535, overlapping and adjacent ranges joined."""
    joined: list[PortRange] = []
    for protocol, first, last in sorted((p, max(f, FIRST), min(n, LAST)) for p, f, n in ranges):
        if first > last:
            continue
        if joined and joined[-1][0] == protocol and first <= joined[-1][2] + 1:
            joined[-1] = (protocol, joined[-1][1], max(joined[-1][2], last))
        else:
            joined.append((protocol, first, last))
    return tuple(joined)


@lru_cache(maxsize=1 << 15)
def union(left: PortSet, right: PortSet) -> PortSet:
    """Ports of either set."""
    return normal((*left, *right))


@lru_cache(maxsize=1 << 15)
def intersection(left: PortSet, right: PortSet) -> PortSet:
    """Ports of both sets."""
    if left in (EVERYTHING, right):
        return right
    if right == EVERYTHING:
        return left
    both = ((p, max(f, g), min(n, m)) for p, f, n in left for q, g, m in right if p == q)
    return normal(both)


def size(ports: PortSet, protocol: str) -> int:
    """How many ports of a protocol a set holds."""
    return sum(last - first + 1 for name, first, last in ports if name == protocol)


def text(ports: PortSet) -> str:
    """For readers: ``TCP 80, UDP 53``; "all ports" for everything."""
    if ports == EVERYTHING:
        return "all ports"
    shown = (
        f"all {p} ports" if (f, n) == (FIRST, LAST) else f"{p} {f}" if f == n else f"{p} {f}-{n}" for p, f, n in ports
    )
    return ", ".join(shown) or "no port"
