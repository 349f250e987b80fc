"""Enforcement, tried: in each namespace one pod that must be admitted and some that must be refused, in dry runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kfm_checks.facts.cluster import Attempt
from kfm_checks.facts.workloads import Workload
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.listing import WORKERS

CONFORMING = "conforming"
#: No limits and no image of its own: what a namespace without workloads is tried with.
_PLAIN: Mapping[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "probe",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "resources": {
                "requests": {"cpu": "10m", "memory": "16Mi", "ephemeral-storage": "16Mi"},
                "limits": {"cpu": "10m", "memory": "16Mi", "ephemeral-storage": "16Mi"},
            },
        }
    ],
}
Breaks = Callable[[dict[str, Any]], None]


def _privileged(spec: dict[str, Any]) -> None:
    context = spec["containers"][0].setdefault("securityContext", {})
    context.update({"privileged": True, "allowPrivilegeEscalation": True})


def _no_limits(spec: dict[str, Any]) -> None:
    spec["containers"][0].pop("resources", None)
    spec.pop("resources", None)


def _latest(spec: dict[str, Any]) -> None:
    spec["containers"][0]["image"] = f"{spec['containers'][0]['image'].partition('@')[0].rpartition(':')[0]}:latest"


def _host_network(spec: dict[str, Any]) -> None:
    spec["hostNetwork"] = True


#: What a pod may break, and how a conforming one is made to.
BREAKS: Mapping[str, Breaks] = {
    "privileged": _privileged,
    "no-limits": _no_limits,
    "latest-tag": _latest,
    "host-network": _host_network,
}


def attempt(
    connection: Connection, namespaces: Iterable[str], workloads: Iterable[Workload], why_not: str = ""
) -> tuple[Attempt, ...]:
    """Offer the pods to the server. ``why_not``: nothing is tried, for this reason."""
    listed = sorted(namespaces)
    pods = {name: conforming(name, workloads) for name in listed}
    cases = [(name, CONFORMING, pods[name]) for name in listed]
    cases += [(name, breaks, broken(pods[name], breaks)) for name in listed for breaks in BREAKS]
    if why_not:
        return tuple(Attempt(name, breaks, None, why_not) for name, breaks, _ in sorted(cases, key=lambda c: c[:2]))
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda case: _try(connection, *case), cases))
    return tuple(sorted(found, key=lambda one: (one.namespace, one.breaks)))


def conforming(namespace: str, workloads: Iterable[Workload]) -> dict[str, Any]:
    """A Pod as the overlay's own: the first workload's of this namespace, else a plain one with an image of theirs."""
    known = sorted(workloads, key=lambda one: one.id)
    own = next((one for one in known if one.namespace == namespace and one.spec.get("containers")), None)
    spec = copy.deepcopy(own.spec) if own else copy.deepcopy(dict(_PLAIN))
    if own is None:
        images = [str(c.image) for one in known for c in one.containers if c.image]
        spec["containers"][0]["image"] = images[0] if images else "registry.example/probe:1"
    spec.setdefault("restartPolicy", "Always")
    _give_volumes(spec)
    metadata = {"name": "kfm-checks-attempt", "namespace": namespace}
    labels, annotations = (own.pod_labels, own.pod_annotations) if own else ({}, {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "labels": labels, "annotations": annotations},
        "spec": spec,
    }


def _give_volumes(spec: dict[str, Any]) -> None:
    """What a StatefulSet claims for its pods, a pod by itself has not: an empty directory stands for it."""
    known = {volume.get("name") for volume in spec.get("volumes") or []}
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    mounted = {m.get("name"): None for c in containers for m in c.get("volumeMounts") or []}
    missing = [{"name": name, "emptyDir": {}} for name in mounted if name not in known]
    if missing:
        spec["volumes"] = [*(spec.get("volumes") or []), *missing]


def broken(pod: Mapping[str, Any], breaks: str) -> dict[str, Any]:
    """The same Pod with one thing wrong."""
    changed = copy.deepcopy(dict(pod))
    BREAKS[breaks](changed["spec"])
    return changed


def _try(connection: Connection, namespace: str, breaks: str, pod: Mapping[str, Any]) -> Attempt:
    path = f"/api/v1/namespaces/{namespace}/pods"
    try:
        made = connection.call("POST", path, pod, query={"dryRun": "All", "fieldManager": "kfm-checks"})
    except Refusal as refusal:
        # RBAC's refusal and a missing namespace say nothing of what the policies do; 403 and 422 by admission do.
        by_policy = refusal.status in (400, 403, 422) and " cannot create resource" not in refusal.reason
        return Attempt(namespace, breaks, False if by_policy else None, refusal.reason)
    limits = made["spec"]["containers"][0].get("resources", {}).get("limits", {})
    completed = breaks == "no-limits" and {"cpu", "memory"} <= set(limits)
    message = "admitted: the namespace's LimitRange set the limits" if completed else "admitted"
    return Attempt(namespace, breaks, True, message, completed)
