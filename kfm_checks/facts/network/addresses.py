"""Addresses outside the cluster: IPv4 and IPv6 cut into disjoint ranges at every boundary that an ipBlock draws."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from kfm_checks.values import Value

Net = ipaddress.IPv4Network | ipaddress.IPv6Network
_BITS = {4: 32, 6: 128}


class AddressRange(NamedTuple):
    """A contiguous range of addresses of one family, both ends included."""

    version: int
    first: int
    last: int

    @property
    def id(self) -> str:
        """``external:FIRST-LAST``."""
        make = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        return f"external:{make(self.first)}-{make(self.last)}"

    @property
    def size(self) -> int:
        return self.last - self.first + 1


class Block(Value, frozen=True):
    """An ``ipBlock``: addresses of ``cidr`` that lie in none of ``excluded``."""

    cidr: AddressRange
    excluded: tuple[AddressRange, ...] = ()

    def holds(self, part: AddressRange) -> bool:
        """Whether a range that crosses no boundary of this block lies in it."""
        return _within(part, self.cidr) and not any(_within(part, hole) for hole in self.excluded)


def _within(part: AddressRange, whole: AddressRange) -> bool:
    return part.version == whole.version and whole.first <= part.first and part.last <= whole.last


def network_range(cidr: str) -> AddressRange:
    """The range of a CIDR; host bits may be set, as the API server allows. Raises ValueError."""
    net: Net = ipaddress.ip_network(cidr, strict=False)
    return AddressRange(net.version, int(net.network_address), int(net.broadcast_address))


def cut(blocks: Iterable[Block]) -> tuple[AddressRange, ...]:
    """Both address families whole, cut where any of the blocks (or its exceptions) begins or ends; in order."""
    starts: dict[int, set[int]] = {4: {0}, 6: {0}}
    for block in blocks:
        for drawn in (block.cidr, *block.excluded):
            starts[drawn.version] |= {drawn.first, drawn.last + 1}
    parts = []
    for version, bits in _BITS.items():
        ordered = sorted(start for start in starts[version] if start < 1 << bits)
        ends = [*ordered[1:], 1 << bits]
        parts += [AddressRange(version, first, after - 1) for first, after in zip(ordered, ends, strict=True)]
    return tuple(parts)
