"""What the API server refuses of workloads beyond the schema (API reference, Workload Resources)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.schemas_metadata import template_problems
from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    LABEL,
    Clause,
    Clauses,
    label,
    mappings,
    needs,
    no_less_than_0,
    refuse,
    unset,
    words,
)
from kfm_checks.facts.schemas_values_pods import mounts
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Path

_PROFILE = re.compile(r"runtime/default|docker/default|unconfined|localhost/.+")
_PROFILES = {
    "seccomp": ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"),
    "AppArmor": ("container.apparmor.security.beta.kubernetes.io/",),
}


def part(found: Any, *names: str) -> dict[str, Any]:
    """The mapping at a place, {} where there is none."""
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _selected(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """The selector is not empty and matches the template's labels."""
    selector = part(spec, "selector")
    if unset(selector.get("matchLabels")) and unset(selector.get("matchExpressions")):
        refuse(problems, (*path, "selector"), "the selector is empty", "labels of the template", "empty")
        return
    labels = {str(k): "" if v is None else str(v) for k, v in part(spec, "template", "metadata", "labels").items()}
    if not matches(selector, labels):
        place = (*path, "template", "metadata", "labels")
        shown = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items())) or "no label"
        refuse(
            problems, place, "the selector does not match the template's labels", "the labels of the selector", shown
        )


def _map_selected(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """As above, for a ReplicationController."""
    labels = part(spec, "template", "metadata", "labels")
    if any(labels.get(key) != found for key, found in part(spec, "selector").items()):
        place = (*path, "template", "metadata", "labels")
        shown = ", ".join(f"{key}: {value}" for key, value in sorted(labels.items())) or "no label"
        refuse(
            problems, place, "the selector does not match the template's labels", "the labels of the selector", shown
        )


def _always(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Pods of these workloads are restarted, for ever."""
    pod, place = part(spec, "template", "spec"), (*path, "template", "spec")
    if pod.get("restartPolicy") not in (None, "", "Always"):
        refuse(problems, (*place, "restartPolicy"), "its pods are always restarted", "Always", pod["restartPolicy"])
    if pod.get("activeDeadlineSeconds") is not None:
        refuse(problems, (*place, "activeDeadlineSeconds"), "its pods have no deadline", "nothing", "present")


def own_pods(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """The template's pod, whose volumes its mounts name."""
    mounts(part(spec, "template", "spec"), (*path, "template", "spec"), problems)


def _with_claims(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """As above, with the claims that a StatefulSet makes."""
    names = set()
    for index, claim in mappings(spec.get("volumeClaimTemplates")):
        name = part(claim, "metadata").get("name")
        names.add(str(name))
        if unset(name) or not label(name):
            place = (*path, "volumeClaimTemplates", index, "metadata", "name")
            refuse(problems, place, "a claim is named as its volume", LABEL, name or "absent")
    mounts(part(spec, "template", "spec"), (*path, "template", "spec"), problems, frozenset(names))


def _template(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Labels and annotations of a template are valid."""
    template_problems(obj, path, problems)
    annotated(obj, path, problems)


def annotated(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Profiles as older clusters have them in annotations: no longer read, and validated still."""
    for key, found in sorted(part(obj, "metadata", "annotations").items(), key=str):
        kind = next((kind for kind, prefix in _PROFILES.items() if str(key).startswith(prefix)), "")
        if kind and not _PROFILE.fullmatch(str(found)) and not (kind == "AppArmor" and found == ""):
            place = (*path, "metadata", "annotations", key)
            refuse(problems, place, f"it is no {kind} profile", "runtime/default, unconfined or localhost/…", found)


def _pod(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    annotated(obj, path, problems)
    mounts(obj.get("spec"), (*path, "spec"), problems)


def _share(found: Any, whole: Any) -> int | None:
    """A number or percentage as a number; None where it can't be read."""
    chosen = whole if found is None else found
    text = str(chosen).removesuffix("%")
    return int(text) if re.fullmatch(r"-?\d+", text, re.ASCII) else None


def _rolling(unavailable: Any, surge: Any, *, only_one: bool) -> Clause:
    """How many pods may be missing or too many: at least 0, at most all, not both none (``only_one``: not both)."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        amounts = {"maxUnavailable": unavailable, "maxSurge": surge}
        found = {name: _share(obj.get(name), default) for name, default in amounts.items()}
        for name, amount in found.items():
            if amount is None:
                continue
            too_much = str(obj.get(name)).endswith("%") and amount > 100 and (only_one or name != "maxSurge")
            if amount < 0 or too_much:
                refuse(problems, (*path, name), "an amount out of bounds", "at least 0, at most 100%", obj.get(name))
        if found["maxUnavailable"] == 0 and found["maxSurge"] == 0:
            refuse(problems, (*path, "maxUnavailable"), "nothing could be rolled out", "maxSurge or maxUnavailable", 0)
        if only_one and found["maxUnavailable"] and found["maxSurge"]:
            refuse(problems, (*path, "maxSurge"), "only one of maxSurge and maxUnavailable", "one of them", "both")

    return check


def _no_rolling(kind: str) -> Clause:
    """Settings of a rolling update belong to one."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        if obj.get("type") == kind and obj.get("rollingUpdate") is not None:
            refuse(problems, (*path, "rollingUpdate"), f"it does not belong to {kind}", "type: RollingUpdate", kind)

    return check


def _patience(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A Deployment waits longer for progress than for a pod to be available."""
    written, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    limit = 600 if written is None else written
    if limit <= ready:
        place = (*path, "progressDeadlineSeconds")
        refuse(problems, place, "it has to be more than minReadySeconds", f"more than {ready}", limit)


_HELD: tuple[Clause, ...] = (_always, *no_less_than_0("replicas", "minReadySeconds", "revisionHistoryLimit"))
WORKLOADS: Clauses = {
    "core.v1.Pod": (needs("spec"), _pod),
    "core.v1.PodTemplateSpec": (needs("spec"), _template),
    "core.v1.ReplicationController": (needs("spec"),),
    **{f"apps.v1.{kind}": (needs("spec"),) for kind in ("ReplicaSet", "Deployment", "DaemonSet", "StatefulSet")},
    "core.v1.ReplicationControllerSpec": (_map_selected, own_pods, *_HELD),
    "apps.v1.ReplicaSetSpec": (_selected, own_pods, *_HELD),
    "apps.v1.DeploymentSpec": (_selected, own_pods, _patience, *_HELD),
    "apps.v1.DeploymentStrategy": (_no_rolling("Recreate"),),
    "apps.v1.RollingUpdateDeployment": (_rolling("25%", "25%", only_one=False),),
    "apps.v1.DaemonSetSpec": (_selected, own_pods, *_HELD),
    "apps.v1.DaemonSetUpdateStrategy": (_no_rolling("OnDelete"),),
    "apps.v1.RollingUpdateDaemonSet": (_rolling(1, 0, only_one=True),),
    "apps.v1.StatefulSetSpec": (_selected, _with_claims, *_HELD),
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": (
        words("whenDeleted", "Retain", "Delete"), words("whenScaled", "Retain", "Delete"),
    ),
    "apps.v1.StatefulSetUpdateStrategy": (_no_rolling("OnDelete"),),
    "apps.v1.RollingUpdateStatefulSetStrategy": (*no_less_than_0("partition"), _rolling(1, 0, only_one=False)),
}  # fmt: skip
