"""Every clause by the OpenAPI definition that it belongs to."""

from __future__ import annotations

from kfm_checks.facts.schemas_rules import Problems, Rule
from kfm_checks.facts.schemas_values import Clause
from kfm_checks.facts.schemas_values_access import ACCESS
from kfm_checks.facts.schemas_values_amounts import AMOUNTS, grouped
from kfm_checks.facts.schemas_values_jobs import JOBS
from kfm_checks.facts.schemas_values_network import NETWORK
from kfm_checks.facts.schemas_values_objects import OBJECTS
from kfm_checks.facts.schemas_values_pods import PODS
from kfm_checks.facts.schemas_values_volumes import VOLUMES
from kfm_checks.facts.schemas_values_workloads import WORKLOADS
from kfm_checks.model import Path

_PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.")
CLAUSES: dict[str, tuple[Clause, ...]] = {
    **ACCESS,
    **AMOUNTS,
    **JOBS,
    **NETWORK,
    **OBJECTS,
    **{f"core.v1.{name}": clauses for name, clauses in {**PODS, **VOLUMES}.items()},
    **WORKLOADS,
}


#: Clauses that an older API server does not have: the version that they are known of.
SINCE: dict[str, tuple[tuple[int, int], Clause]] = {
    "autoscaling.v2.CrossVersionObjectReference": ((1, 37), grouped),
}


def with_values(name: str, rule: Rule, version: tuple[int, int]) -> Rule:
    """The rule of a definition, and its clauses where the rule has nothing to say: they take the types for granted."""
    short = next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)
    since, newer = SINCE.get(short, (version, None))
    clauses = (*CLAUSES.get(short, ()), *((newer,) if newer and version >= since else ()))
    if not clauses:
        return rule

    def check(value: object, path: Path, problems: Problems) -> None:
        before = len(problems)
        rule(value, path, problems)
        if len(problems) == before and isinstance(value, dict):
            for clause in clauses:
                clause(value, path, problems)

    return check
