"""Enforcement, tried: in each namespace one pod that must be admitted and some that must be refused, in dry runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kfm_checks.facts.cluster import ApiKind, Attempt
from kfm_checks.facts.workloads import Workload
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.discovery import path_of
from kfm_checks.live.listing import WORKERS

CONFORMING = "conforming"
_POD = ApiKind("", "v1", "Pod", "pods")
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
    name = spec["containers"][0]["image"].partition("@")[0]
    folder, slash, last = name.rpartition("/")
    spec["containers"][0]["image"] = f"{folder}{slash}{last.partition(':')[0]}:latest"


def _host_network(spec: dict[str, Any]) -> None:
    spec["hostNetwork"] = True
    spec.pop("hostUsers", None)  # with it the server refuses the pod as invalid, before any policy is asked


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
    own = next((one for one in known if one.namespace == namespace and _whole(one.spec)), None)
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


def _whole(spec: Mapping[str, Any]) -> bool:
    """Whether every container has an image: what is none yet can't be changed into one that breaks a rail."""
    containers = spec.get("containers")
    if not isinstance(containers, list) or not containers:
        return False
    return all(isinstance(c, dict) and isinstance(c.get("image"), str) and c["image"] for c in containers)


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
    query = {"dryRun": "All", "fieldManager": "kfm-checks"}
    try:
        made = connection.call("POST", path_of(_POD, namespace), pod, query=query)
    except Refusal as refusal:
        return Attempt(namespace, breaks, _refused(refusal, breaks), refusal.reason)
    limits = made["spec"]["containers"][0].get("resources", {}).get("limits", {})
    completed = breaks == "no-limits" and {"cpu", "memory"} <= set(limits)
    message = "admitted: the namespace's LimitRange set the limits" if completed else "admitted"
    return Attempt(namespace, breaks, True, message, completed)


def _refused(refusal: Refusal, breaks: str) -> bool | None:
    """False where admission refused the pod, None where it was not asked: then nothing is known of the policies.

    RBAC, a missing namespace and the server's own validation come first (Kubernetes documentation, Controlling Access
    to the Kubernetes API); a quota comes last, and one that is used up says nothing of any policy. Of the conforming
    pod it counts that it was refused, by whatever else.
    """
    reason, status = refusal.reason, refusal.status
    if " cannot create resource" in reason or " exceeded quota: " in reason:
        return None
    by_webhook = "admission webhook" in reason and "denied the request" in reason
    by_policy = status == 403 or (status == 422 and " is invalid: " not in reason)
    return False if by_webhook or by_policy or (breaks == CONFORMING and status in (400, 422)) else None
