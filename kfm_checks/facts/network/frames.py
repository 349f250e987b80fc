"""The public tables: plain objects in, a DataFrame out. pandas is imported here only, when asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kfm_checks.facts.network.endpoints import endpoints
from kfm_checks.facts.network.facts import exposures
from kfm_checks.facts.network.ports import NOTHING, PortSet, union
from kfm_checks.facts.network.reach import Network, bits
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("source", "destination", "protocol", "first_port", "last_port")
Row = tuple[str, str, str, int, int]


def reachability(objects: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Who can connect to whom by all NetworkPolicies together, assuming a network plugin that enforces them.

    One row for each maximal contiguous port range (1-65535: all ports) of a protocol between two workloads
    ("namespace/Kind/name") or a workload and a range of addresses outside ("external:FIRST-LAST").
    Columns: source, destination, protocol (string), first_port, last_port (int64); sorted, no duplicates.
    Source of the rules: Kubernetes API reference, networking.k8s.io/v1 NetworkPolicy.
    """
    found = inventory(objects)
    return pairs_frame(Network(found, endpoints(found, workloads(found))))


def exposure(objects: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Which workloads the outside is led to, through each Service, Ingress, Gateway route or Route; columns as above.

    ``source`` is "external"; the ports are those of the pods. NetworkPolicies are not applied: a door is a door, also
    where a policy bars it today.
    """
    found = inventory(objects)
    led: dict[str, PortSet] = defaultdict(lambda: NOTHING)
    for path in exposures(found, workloads(found), ()):
        if path.destination:
            led[path.destination] = union(led[path.destination], path.ports)
    return rows_frame(("external", name, *ports) for name, reached in led.items() for ports in reached)


def pairs_frame(network: Network) -> pd.DataFrame:
    """The table of a network that is already computed."""
    import numpy as np
    import pandas as pd

    names = sorted({network.name(bit) for bit in bits((network.pods | network.outside) & ~(1 << network.stranger))})
    codes = {name: code for code, name in enumerate(names)}
    members = (1 << network.stranger, codes)
    parts: list[Any] = []
    ports: dict[PortSet, int] = {}
    for flow in network.flows():
        sources, destinations = _codes(network, flow.sources, *members), _codes(network, flow.destinations, *members)
        pairs = np.array(np.meshgrid(sources, destinations, indexing="ij"), dtype=np.int64).reshape(2, -1)
        number = ports.setdefault(flow.ports, len(ports))
        parts.append(np.vstack([pairs, np.full(pairs.shape[1], number, dtype=np.int64)])[:, pairs[0] != pairs[1]])
    table = np.hstack([np.empty((3, 0), dtype=np.int64), *parts]) if parts else np.empty((3, 0), dtype=np.int64)
    table, known = _joined(np.unique(table, axis=1), list(ports))
    return _frame(pd, np, names, table, known)


def _codes(network: Network, mask: int, stranger: int, codes: Mapping[str, int]) -> list[int]:
    return [codes[network.name(bit)] for bit in bits(mask & ~stranger)]


def _joined(table: Any, known: list[PortSet]) -> tuple[Any, list[PortSet]]:
    """One port set a pair: pods of one owner with different labels are a union."""
    import numpy as np

    if table.shape[1] < 2:
        return table, known
    again = (table[:2, 1:] == table[:2, :-1]).all(axis=0)
    if not again.any():
        return table, known
    merged: dict[tuple[int, int], PortSet] = defaultdict(lambda: NOTHING)
    for source, destination, number in table.T.tolist():
        merged[source, destination] = union(merged[source, destination], known[number])
    numbers: dict[PortSet, int] = {}
    rows = [(s, d, numbers.setdefault(ports, len(numbers))) for (s, d), ports in merged.items()]
    return np.array(rows, dtype=np.int64).T, list(numbers)


def _frame(pd: Any, np: Any, names: list[str], table: Any, known: list[PortSet]) -> pd.DataFrame:
    lengths = np.array([len(ports) for ports in known], dtype=np.int64)
    counts = lengths[table[2]] if len(known) else np.empty(0, dtype=np.int64)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.cumsum(lengths) - lengths if len(known) else lengths
    flat = [entry for ports in known for entry in ports]
    at = np.repeat(starts[table[2]], counts) + offsets if len(known) else np.empty(0, dtype=np.int64)
    words = np.array(names, dtype=object)
    column = {
        "source": words[np.repeat(table[0], counts)] if names else words,
        "destination": words[np.repeat(table[1], counts)] if names else words,
        "protocol": np.array([entry[0] for entry in flat], dtype=object)[at],
        "first_port": np.array([entry[1] for entry in flat], dtype=np.int64)[at],
        "last_port": np.array([entry[2] for entry in flat], dtype=np.int64)[at],
    }
    return typed(pd.DataFrame(column, columns=list(COLUMNS)))


def rows_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The same table from rows."""
    import pandas as pd

    return typed(pd.DataFrame(sorted(set(rows)), columns=list(COLUMNS)))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The contract's types: text as string, ports as int64, a RangeIndex."""
    kinds = {name: "int64" if name.endswith("_port") else "string" for name in COLUMNS}
    return frame.astype(kinds).reset_index(drop=True)
