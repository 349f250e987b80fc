"""Which pairs can connect on other ports than before: two networks compared, a thousand pods in well under a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.change_model import Pair
from kfm_checks.facts.network.addresses import AddressRange
from kfm_checks.facts.network.ports import NOTHING, PortSet, union
from kfm_checks.facts.network.reach import Network, bits


def compare_networks(base: Network, head: Network) -> tuple[Pair, ...]:
    """The pairs whose ports differ, sorted. Address ranges are cut at the boundaries that either side draws."""
    import numpy as np

    names = sorted({*_inside(base), *_inside(head)})
    pieces = _pieces(base.ranges, head.ranges)
    index = {name: number for number, name in enumerate([*names, *(piece.id for piece in pieces)])}
    sets: dict[PortSet, int] = {NOTHING: 0}
    before = _matrix(np, base, index, pieces, sets)
    after = _matrix(np, head, index, pieces, sets)
    known = list(sets)
    labels = list(index)
    rows, columns = np.nonzero(before != after)
    return tuple(
        Pair(labels[row], labels[column], known[before[row, column]], known[after[row, column]])
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if row != column
    )


def _inside(network: Network) -> set[str]:
    return {network.name(bit) for bit in bits(network.pods)}


def _pieces(left: tuple[AddressRange, ...], right: tuple[AddressRange, ...]) -> list[AddressRange]:
    starts = sorted({(part.version, part.first) for part in (*left, *right)})
    ends = {(part.version, part.last) for part in (*left, *right)}
    found = []
    for (version, first), after in zip(starts, [*starts[1:], None], strict=True):
        last = after[1] - 1 if after and after[0] == version else max(end for v, end in ends if v == version)
        found.append(AddressRange(version, first, last))
    return found


def _matrix(
    np: Any, network: Network, index: Mapping[str, int], pieces: list[AddressRange], sets: dict[PortSet, int]
) -> Any:
    """The number of a port set for each pair; pods of one owner with different labels are a union."""
    table = np.zeros((len(index), len(index)), dtype=np.int32)
    places = _places(network, index, pieces)
    for flow in network.flows():
        rows = np.array(sorted({place for bit in bits(flow.sources) for place in places[bit]}), dtype=np.int64)
        columns = np.array(sorted({place for bit in bits(flow.destinations) for place in places[bit]}), dtype=np.int64)
        if not len(rows) or not len(columns):
            continue
        block = table[np.ix_(rows, columns)]
        known = list(sets)
        for number in np.unique(block).tolist():
            joined = union(known[number], flow.ports)
            block[block == number] = -1 - sets.setdefault(joined, len(sets))
            known = list(sets)
        table[np.ix_(rows, columns)] = -1 - block
    return table


def _places(network: Network, index: Mapping[str, int], pieces: list[AddressRange]) -> list[list[int]]:
    """Rows of each bit: one for a pod, one for each piece of an address range."""
    found = [[index[network.name(bit)]] for bit in range(len(network.endpoints))]
    for part in network.ranges:
        inside = [p for p in pieces if p.version == part.version and part.first <= p.first and p.last <= part.last]
        found.append([index[piece.id] for piece in inside])
    return found
