"""The facts that checks ask for: plain Python, computed once a run, without pandas."""

from __future__ import annotations

from kfm_checks.facts.network.endpoints import Endpoint, endpoints
from kfm_checks.facts.network.entries import Backends, Exposure
from kfm_checks.facts.network.entries_direct import direct
from kfm_checks.facts.network.entries_gateway import gateway_routes
from kfm_checks.facts.network.entries_routes import routed
from kfm_checks.facts.network.reach import Network
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.workloads import Workload


def network(inventory: Inventory, workloads: tuple[Workload, ...], operated: tuple[Endpoint, ...]) -> Network:
    """Reachability by all NetworkPolicies; the pods that operators will make are in it (fact ``operated``)."""
    return Network(inventory, (*endpoints(inventory, workloads), *operated))


def exposures(
    inventory: Inventory, workloads: tuple[Workload, ...], operated: tuple[Endpoint, ...]
) -> tuple[Exposure, ...]:
    """Every path from outside to a workload, in an order that does not depend on the input's."""
    backends = Backends(inventory, (*endpoints(inventory, workloads), *operated))
    found = [*direct(backends), *routed(backends), *gateway_routes(backends)]
    return tuple(sorted(found, key=lambda e: (e.entry.key, tuple(map(str, e.path)), e.service, e.destination, e.ports)))
