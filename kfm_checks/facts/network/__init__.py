"""Who can connect to whom, and how the outside gets in: NetworkPolicies, Services, Ingresses and routes, computed.

Verdicts assume a network plugin that enforces NetworkPolicy. Policies of other kinds are named in ``others``.
"""

from kfm_checks.facts.network.endpoints import Endpoint
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.facts import exposures, network
from kfm_checks.facts.network.frames import exposure, reachability
from kfm_checks.facts.network.reach import STRANGER, Network

__all__ = ["STRANGER", "Endpoint", "Exposure", "Network", "exposure", "exposures", "network", "reachability"]
