"""RAIL-04, RAIL-05, CHG-05: critical workloads survive an eviction, the loss of a node, and their own updates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kfm_checks import remedies
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.criticality import Criticality
from kfm_checks.facts.disruption import budgets_of, room, spreading
from kfm_checks.facts.objects import dig
from kfm_checks.facts.rollouts import rollout
from kfm_checks.facts.scaling import PER_NODE, Scale
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, ObjectKey, Path, Source

Judge = Callable[[Workload], Iterator[Evidence]]


def critical_workloads_have_disruption_budget(
    criticality: Criticality, budgets: Mapping[str, tuple[Manifest, ...]], scales: Mapping[str, Scale]
) -> Iterator[Evidence]:
    """Every critical workload has a PodDisruptionBudget that selects it and leaves room.

    It keeps a node drain from stopping all pods at once, and must still let one go, or the drain never ends. An
    autoscaler's minimum decides how many pods there are. Two budgets for one pod make every eviction fail. Pods of a
    DaemonSet are not evicted by a drain, so they need none. Kubernetes documentation, *Disruptions* and *Specifying a
    Disruption Budget for your Application*.

    Remedy: add a PodDisruptionBudget with `maxUnavailable: 1` and the workload's own labels, for two replicas or more.
    """

    def judge(workload: Workload) -> Iterator[Evidence]:
        if workload.kind not in PER_NODE:
            yield _budget(workload, budgets_of(workload, budgets), scales[workload.id], criticality)

    return _critical(criticality, judge)


def _budget(workload: Workload, found: tuple[Manifest, ...], scale: Scale, criticality: Criticality) -> Evidence:
    who, expected = f"{workload.kind} {workload.name}", "one PodDisruptionBudget that lets at least one pod go, not all"
    if not found:
        text = f"no PodDisruptionBudget selects the pods of {who}{_single(workload, criticality)}"
        add = remedies.budget(workload.name, workload.namespace, _selector(workload)) if scale.minimum > 1 else ""
        return fails(workload.obj, message=text, expected=expected, observed="absent", patch=add)
    names = ", ".join(obj.key.name for obj in found)
    if len(found) > 1:
        text = f"{len(found)} PodDisruptionBudgets select the pods of {who}: Kubernetes then refuses every eviction"
        return fails(workload.obj, message=text, expected=expected, observed=names)
    measured = room(found[0], scale.minimum)
    # The finding is about the workload (a waiver names it), and is mended in the budget's file.
    place = _source(found[0], measured.path)
    observed = f"{names} ({measured.observed}; {scale.words})"
    if measured.allowed is None:
        text = f"PodDisruptionBudget {names} {measured.problem}"
    elif measured.allowed == 0:
        text = f"PodDisruptionBudget {names} lets no pod of {who} go: a node with one can't be drained"
    elif measured.allowed >= scale.minimum:
        text = f"PodDisruptionBudget {names} lets all pods of {who} go at once, so it protects nothing"
    else:
        text = f"PodDisruptionBudget {names} lets {measured.allowed} of {scale.minimum} pods of {who} go at once"
        return holds(workload.obj, message=text, expected=expected, observed=observed, source=place)
    text += _single(workload, criticality)
    return fails(workload.obj, message=text, expected=expected, observed=observed, source=place)


def critical_workloads_are_spread(criticality: Criticality, scales: Mapping[str, Scale]) -> Iterator[Evidence]:
    """Every critical workload runs two replicas or more, kept on different nodes.

    Two replicas on one node go down together. Counted are pod anti-affinity and topology spread constraints that select
    the workload's own pods; preferred ones count, and are said to be. A DaemonSet is spread by nature.
    Kubernetes documentation, *Pod Topology Spread Constraints* and *Assigning Pods to Nodes*.

    Remedy: run two replicas or more, with a topology spread constraint on `kubernetes.io/hostname`.
    """

    def judge(workload: Workload) -> Iterator[Evidence]:
        if workload.kind in PER_NODE:
            text = f"{workload.kind} {workload.name} runs on each node by nature"
            yield holds(workload.obj, message=text, observed=workload.kind)
            return
        yield _replicas(workload, scales[workload.id], criticality)
        yield _spread(workload, scales[workload.id], criticality)

    return _critical(criticality, judge)


def _replicas(workload: Workload, scale: Scale, criticality: Criticality) -> Evidence:
    ok = scale.minimum > 1
    text = f"{workload.kind} {workload.name} runs {'at least ' if ok else 'only '}{scale.minimum} of its pods"
    own = scale.obj is workload.obj
    return judged(
        ok,
        workload.obj,
        scale.path if own else (),
        message=text + ("" if ok else _single(workload, criticality)),
        expected="2 or more",
        observed=scale.words,
        about="replicas",
        source=_source(scale.obj, scale.path),
        patch="" if ok else _more(workload, scale, own),
    )


def _more(workload: Workload, scale: Scale, own: bool) -> str:
    """Two replicas, where the number is written: the workload, or an autoscaler; "" for other scalers."""
    if scale.obj.key.kind == "HorizontalPodAutoscaler":
        return remedies.merge(scale.obj, ("spec", "minReplicas"), 2)
    return remedies.merge(workload.obj, ("spec", "replicas"), 2) if own else ""


def _selector(workload: Workload) -> dict[str, str]:
    """Labels that tell the workload's own pods from others: its selector's, else the template's."""
    written = dig(workload.obj, "spec", "selector", "matchLabels")
    return written if isinstance(written, dict) and written else workload.pod_labels


def _spread(workload: Workload, scale: Scale, criticality: Criticality) -> Evidence:
    rules = spreading(workload, scale.minimum)
    good = sorted((rule for rule in rules if not rule.problem), key=lambda rule: not rule.firm)
    who, expected = f"{workload.kind} {workload.name}", "anti-affinity or topology spread over nodes"
    if good:
        firm = "are kept apart" if good[0].firm else "are kept apart where possible"
        text = f"the pods of {who} {firm} by {good[0].what} over {good[0].topology}"
        return holds(workload.obj, good[0].path, message=text, expected=expected, observed=good[0].topology)
    path: Path = rules[0].path if rules else workload.path
    text = f"nothing keeps the pods of {who} on different nodes"
    if rules:
        text += f": the {rules[0].what} doesn't count, since {rules[0].problem}"
    text += _single(workload, criticality)
    observed = rules[0].topology if rules else "absent"
    patch = remedies.spread(workload.obj, workload.path, _selector(workload))
    return fails(workload.obj, path, message=text, expected=expected, observed=observed, patch=patch)


def critical_workloads_roll_out_progressively(
    criticality: Criticality, scales: Mapping[str, Scale], delivery_controllers: Mapping[str, str]
) -> Iterator[Evidence]:
    """Every critical workload takes changes progressively.

    A change that reaches all pods at once takes all of them down if it is wrong. Rolling updates within bounds, canary
    and blue-green strategies (Argo Rollouts, Flagger, Kruise) count; feature flags can't be seen from here.
    Kubernetes documentation, *Deployments*, *Rolling Update Deployment*.

    Remedy: use `strategy.type: RollingUpdate` with `maxUnavailable` below the number of replicas.
    """

    def judge(workload: Workload) -> Iterator[Evidence]:
        found = rollout(workload, scales[workload.id].minimum, delivery_controllers)
        text = f"{workload.kind} {workload.name}: {found.message}"
        if found.ok is False:
            text += _single(workload, criticality)
        expected = "a rolling update within bounds, canary or blue-green"
        patch = remedies.rolling(workload.obj) if found.ok is False else ""
        details = {"expected": expected, "observed": found.observed, "patch": patch}
        yield judged(found.ok, workload.obj, found.path, message=text, **details)

    return _critical(criticality, judge)


def _source(obj: Manifest, path: Path) -> Source | None:
    return obj.origin.source(path) if obj.origin.file else None


def _single(workload: Workload, criticality: Criticality) -> str:
    declared = workload.id in criticality.singletons
    return " (declared to run once on purpose: this needs a waiver)" if declared else ""


def _critical(criticality: Criticality, judge: Judge) -> Iterator[Evidence]:
    """Judge the critical workloads; where nobody declared any, show what would be found, with a proposal to paste."""
    if criticality.declared:
        for workload in criticality.critical:
            yield from judge(workload)
        for id in criticality.missing:
            namespace, kind, name = [*id.split("/", 2), "", ""][:3]
            text = f"{id} is declared critical, and nothing rendered here makes its pods"
            yield unknown(ObjectKey("", kind, namespace, name), message=text, observed="absent")
        return
    for workload in criticality.candidates:
        for found in judge(workload):
            text = f"nobody has declared whether {workload.id} is critical; if it is: {found.message}"
            patch = f"workloads:\n  critical:\n    - {workload.id}\n"
            yield unknown(
                workload.obj,
                message=text,
                expected=found.expected,
                observed=found.observed,
                patch=patch,
                about=found.keyed,
            )
