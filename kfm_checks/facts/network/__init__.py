"""Who can connect to whom, and how the outside gets in: NetworkPolicies, Services, Ingresses and routes, computed."""

from kfm_checks.facts.network.frames import reachability
from kfm_checks.facts.network.reach import STRANGER, Network

__all__ = ["STRANGER", "Network", "reachability"]
