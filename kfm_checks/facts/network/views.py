"""What notebooks and pages draw: the client × datastore matrix and the paths from outside, as lists of tuples."""

from __future__ import annotations

from collections.abc import Iterable

from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.ports import NOTHING, PortSet, intersection, text, union
from kfm_checks.facts.network.reach import Network, bits


def clients(network: Network, datastore: Datastore) -> dict[str, PortSet]:
    """Who can connect to a datastore's ports: workloads, ``STRANGER`` and "external:…" ranges, in order of name."""
    found: dict[str, PortSet] = {}
    for destination in network.find(datastore.id):
        # Whom the datastore's own policies bar is not asked any further: in a large overlay that is nearly everybody.
        entering = network.allowed(destination, "Ingress").items()
        let_in = sum(mask for ports, mask in entering if intersection(ports, datastore.port_set))
        for source in bits(let_in):
            name = network.name(source)
            ports = intersection(network.ports(source, destination), datastore.port_set)
            if ports and name != datastore.id:
                found[name] = union(found.get(name, NOTHING), ports)
    return dict(sorted(found.items()))


def datastore_matrix(network: Network, datastores: Iterable[Datastore]) -> list[tuple[str, str, str, str]]:
    """(client, datastore, ports, verdict) for all that can connect or are approved.

    Verdict: "approved" (declared and can connect), "unapproved" (can connect), "blocked" (declared and can't), and
    "undeclared" where nobody declared who may.
    """
    rows = []
    for datastore in datastores:
        reached, approved = clients(network, datastore), set(datastore.clients or ())
        for client in sorted({*reached, *approved}):
            verdict = "approved" if client in approved else "unapproved"
            verdict = "blocked" if client not in reached else verdict
            verdict = "undeclared" if datastore.clients is None else verdict
            rows.append((client, datastore.id, text(reached.get(client, NOTHING)), verdict))
    return rows


def exposure_paths(
    exposures: Iterable[Exposure], network: Network, datastores: Iterable[Datastore]
) -> list[tuple[str, str, str, str, str]]:
    """(outside, entry object, Service, workload, datastore): each way in, and each datastore that lies behind it.

    ``outside`` is a host, or the means where there is none; "" where a part is absent.
    """
    behind: dict[str, list[str]] = {}
    for client, datastore, ports, _ in datastore_matrix(network, datastores):
        if ports != "no port":
            behind.setdefault(client, []).append(datastore)
    return sorted(
        {
            (outside, str(e.entry.key), e.service, e.destination, datastore)
            for e in exposures
            for outside in (e.hosts or (e.means,))
            for datastore in behind.get(e.destination, [""])
        }
    )
