"""Disruption budgets and spread: what an eviction may take at once, and whether one node holds all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.quantities import scaled
from kfm_checks.facts.selectors import matches
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Node labels that many nodes share by nature: spreading over them spreads over nothing.
NOT_A_PLACE = frozenset({"kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch"})


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a label selector of any shape selects these labels; a malformed one selects nothing."""
    try:
        return isinstance(selector, dict) and matches(selector, labels)
    except (ValueError, AttributeError, TypeError):
        return False


def budgets(inventory: Inventory) -> Mapping[str, tuple[Manifest, ...]]:
    """The PodDisruptionBudgets of each namespace."""
    found: dict[str, list[Manifest]] = {}
    for obj in inventory.of("PodDisruptionBudget", "policy"):
        found.setdefault(obj.key.namespace, []).append(obj)
    return {namespace: tuple(objs) for namespace, objs in sorted(found.items())}


def budgets_of(workload: Workload, found: Mapping[str, tuple[Manifest, ...]]) -> tuple[Manifest, ...]:
    """The budgets that select a workload's pods. In ``policy/v1beta1`` an empty selector selects nothing."""
    return tuple(
        obj
        for obj in found.get(workload.namespace, ())
        if selects(dig(obj, "spec", "selector"), workload.pod_labels)
        and not (obj.key.api_version == "policy/v1beta1" and not dig(obj, "spec", "selector"))
    )


class Room(Value, frozen=True):
    """How many of a number of healthy pods a budget lets go at once; None where it bounds nothing or is malformed."""

    allowed: int | None
    path: Path
    observed: str
    problem: str = ""


def room(budget: Manifest, pods: int) -> Room:
    """Evaluate a budget as the disruption controller does: percentages of pods round up.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    spec = budget.get("spec")
    given = {field: spec.get(field) for field in ("minAvailable", "maxUnavailable")} if isinstance(spec, dict) else {}
    given = {field: value for field, value in given.items() if value is not None}
    observed = ", ".join(f"{field}: {value}" for field, value in given.items())
    if len(given) != 1:
        problem = "sets both minAvailable and maxUnavailable, which Kubernetes refuses" if given else "sets no bound"
        return Room(None, ("spec",), observed or "absent", problem)
    (field, value), path = next(iter(given.items())), ("spec", *given)
    count = scaled(value, pods, up=True)
    if count is None or count < 0:
        return Room(None, path, observed, f"has a {field} that is neither a number nor a percentage")
    allowed = min(count, pods) if field == "maxUnavailable" else pods - count
    return Room(max(allowed, 0), path, observed)


class Spreading(Value, frozen=True):
    """One rule that keeps pods of a workload apart; ``problem`` says why it doesn't, "" where it does."""

    path: Path
    what: Literal["anti-affinity", "topology spread"]
    topology: str
    firm: bool
    problem: str = ""


def spreading(workload: Workload, pods: int) -> tuple[Spreading, ...]:
    """Every anti-affinity term and topology spread constraint of a workload, judged against its own pods."""
    return (*_anti_affinity(workload), *_topology(workload, pods))


def _anti_affinity(workload: Workload) -> Iterator[Spreading]:
    where: Path = ("affinity", "podAntiAffinity")
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    for field, inner in ((required, ()), (preferred, ("podAffinityTerm",))):
        terms = dig(workload.spec, *where, field)
        for index, item in enumerate(terms if isinstance(terms, list) else []):
            term = dig(item, *inner) if inner else item
            if isinstance(term, dict):
                problem = _problem(workload, term) or _elsewhere(workload, term)
                path = (*workload.path, *where, field, index)
                yield Spreading(path, "anti-affinity", str(term.get("topologyKey")), field == required, problem)


def _topology(workload: Workload, pods: int) -> Iterator[Spreading]:
    constraints = workload.spec.get("topologySpreadConstraints")
    for index, item in enumerate(constraints if isinstance(constraints, list) else []):
        if not isinstance(item, dict):
            continue
        problem, skew = _problem(workload, item), item.get("maxSkew")
        if not problem and isinstance(skew, int) and pods > 1 and skew >= pods:
            problem = f"maxSkew {skew} lets all {pods} pods share one place"
        firm = item.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
        path = (*workload.path, "topologySpreadConstraints", index)
        yield Spreading(path, "topology spread", str(item.get("topologyKey")), firm, problem)


def _problem(workload: Workload, rule: Mapping[str, Any]) -> str:
    key = rule.get("topologyKey")
    if not isinstance(key, str) or not key:
        return "names no topologyKey"
    if key in NOT_A_PLACE:
        return f"{key} is the same on many nodes"
    if not selects(rule.get("labelSelector"), workload.pod_labels):
        return "its labelSelector doesn't select the workload's own pods"
    return ""


def _elsewhere(workload: Workload, term: Mapping[str, Any]) -> str:
    listed = term.get("namespaces")
    names = listed if isinstance(listed, list) else []
    chosen = term.get("namespaceSelector")
    limited = bool(names) or isinstance(chosen, dict)
    if not limited or workload.namespace in names or chosen == {}:
        return ""
    own = {"kubernetes.io/metadata.name": workload.namespace}
    return "" if selects(chosen, own) else "it looks at other namespaces than the workload's own"
