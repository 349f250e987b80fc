"""How a change of a workload reaches its pods: bit by bit, or all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.quantities import scaled
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Path
from kfm_checks.values import Value


class Rollout(Value, frozen=True):
    """``ok`` is None where nobody could tell; ``path`` is of the workload's own object."""

    ok: bool | None
    path: Path
    observed: str
    message: str


def delivery_controllers(inventory: Inventory) -> Mapping[str, str]:
    """Workloads that a progressive delivery controller drives: id -> the controller's object, in words."""
    found = {}
    for obj in inventory.of("Canary", "flagger.app"):
        found[_reference(obj.key.namespace, dig(obj, "spec", "targetRef"))] = f"Flagger Canary {obj.key.name}"
    for obj in inventory.of("Rollout", "argoproj.io"):
        if dig(obj, "spec", "workloadRef"):
            found[_reference(obj.key.namespace, dig(obj, "spec", "workloadRef"))] = f"Argo Rollout {obj.key.name}"
    for obj in inventory.of_group("rollouts.kruise.io"):
        target = dig(obj, "spec", "workloadRef") or dig(obj, "spec", "objectRef", "workloadRef")
        found[_reference(obj.key.namespace, target)] = f"Kruise Rollout {obj.key.name}"
    return found


def _reference(namespace: str, reference: Any) -> str:
    return f"{namespace}/{dig(reference, 'kind', default='Deployment')}/{dig(reference, 'name', default='')}"


def rollout(workload: Workload, pods: int, controllers: Mapping[str, str]) -> Rollout:
    """Judge the update strategy of a workload that has ``pods`` pods at the least."""
    if workload.id in controllers:
        driver = controllers[workload.id]
        return Rollout(True, ("spec",), driver, f"{driver} moves changes to it step by step")
    return _STRATEGIES.get(workload.kind, _unknown)(workload, pods)


def _unknown(workload: Workload, pods: int) -> Rollout:
    text = f"nobody can tell here how a {workload.kind} rolls a change out"
    return Rollout(None, ("spec",), workload.kind, text)


def _deployment(workload: Workload, pods: int) -> Rollout:
    strategy = dig(workload.obj, "spec", "strategy", default={})
    kind = dig(strategy, "type", default="RollingUpdate")
    path: Path = ("spec", "strategy")
    if kind != "RollingUpdate":
        text = (
            "every pod is stopped before the first new one starts" if kind == "Recreate" else "the strategy is unknown"
        )
        return Rollout(False, (*path, "type"), str(kind), text)
    gone = scaled(dig(strategy, "rollingUpdate", "maxUnavailable", default="25%"), pods, up=False)
    extra = scaled(dig(strategy, "rollingUpdate", "maxSurge", default="25%"), pods, up=True)
    bounds = dig(strategy, "rollingUpdate", default={})
    observed = f"RollingUpdate, {_bounds(bounds)}"
    if gone is None or extra is None:
        return Rollout(False, (*path, "rollingUpdate"), observed, "the bounds are neither numbers nor percentages")
    return _bounded(max(gone, 1) if extra == 0 else gone, pods, (*path, "rollingUpdate", "maxUnavailable"), observed)


def _bounds(bounds: Any) -> str:
    given = {field: dig(bounds, field, default="25% (default)") for field in ("maxUnavailable", "maxSurge")}
    return ", ".join(f"{field}: {value}" for field, value in given.items())


def _bounded(gone: int, pods: int, path: Path, observed: str) -> Rollout:
    if gone >= pods > 0:
        return Rollout(
            False,
            path,
            observed,
            f"the update may stop all {pods} pods at once" if pods > 1 else "the update stops the only pod",
        )
    return Rollout(True, path, observed, "changes reach it pod by pod, within bounds")


def _stateful_set(workload: Workload, pods: int) -> Rollout:
    strategy = dig(workload.obj, "spec", "updateStrategy", default={})
    kind = dig(strategy, "type", default="RollingUpdate")
    path: Path = ("spec", "updateStrategy", "type")
    if kind == "OnDelete":
        return Rollout(None, path, "OnDelete", "pods change only when somebody deletes them: nobody can tell how")
    if kind != "RollingUpdate":
        return Rollout(False, path, str(kind), "the strategy is unknown")
    bound = dig(strategy, "rollingUpdate", "maxUnavailable")
    if bound is None:
        return Rollout(True, path, "RollingUpdate", "changes reach it one pod at a time, each ready before the next")
    gone = scaled(bound, pods, up=False)
    observed = f"RollingUpdate, maxUnavailable: {bound}"
    if gone is None:
        return Rollout(False, path, observed, "the bound is neither a number nor a percentage")
    return _bounded(max(gone, 1), pods, ("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), observed)


def _daemon_set(workload: Workload, pods: int) -> Rollout:
    strategy = dig(workload.obj, "spec", "updateStrategy", default={})
    kind = dig(strategy, "type", default="RollingUpdate")
    path: Path = ("spec", "updateStrategy", "type")
    if kind == "OnDelete":
        return Rollout(None, path, "OnDelete", "pods change only when somebody deletes them: nobody can tell how")
    bound = dig(strategy, "rollingUpdate", "maxUnavailable", default=1)
    share = scaled(bound, 100, up=True)
    if kind != "RollingUpdate" or share is None:
        return Rollout(False, path, f"{kind}, maxUnavailable: {bound}", "the strategy is unknown")
    ok = isinstance(bound, int) or share < 100
    text = "changes reach it node by node, within bounds" if ok else "the update may stop the pods of all nodes at once"
    return Rollout(
        ok, ("spec", "updateStrategy", "rollingUpdate", "maxUnavailable"), f"{kind}, maxUnavailable: {bound}", text
    )


def _argo(workload: Workload, pods: int) -> Rollout:
    strategy = dig(workload.obj, "spec", "strategy", default={})
    path: Path = ("spec", "strategy")
    if dig(strategy, "blueGreen") is not None:
        return Rollout(
            True, (*path, "blueGreen"), "blueGreen", "the new version stands beside the old one before it takes over"
        )
    if dig(strategy, "canary", "steps"):
        return Rollout(True, (*path, "canary", "steps"), "canary with steps", "changes reach it step by step")
    if isinstance(dig(strategy, "canary"), dict):
        bounds = dig(strategy, "canary", default={})
        gone = scaled(dig(bounds, "maxUnavailable", default="25%"), pods, up=False)
        if gone is not None:
            return _bounded(gone, pods, (*path, "canary"), f"canary without steps, {_bounds(bounds)}")
    return Rollout(False, path, "absent", "it names neither a canary nor a blue-green strategy")


def _deployment_config(workload: Workload, pods: int) -> Rollout:
    kind = dig(workload.obj, "spec", "strategy", "type", default="Rolling")
    if kind == "Custom":
        return _unknown(workload, pods)
    text = (
        "changes reach it pod by pod" if kind == "Rolling" else "every pod is stopped before the first new one starts"
    )
    return Rollout(kind == "Rolling", ("spec", "strategy", "type"), str(kind), text)


_STRATEGIES = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Rollout": _argo,
    "DeploymentConfig": _deployment_config,
}
