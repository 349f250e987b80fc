"""Risks that the fields of one object tell by themselves: images, capacity, disruption, data loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.change_irreversible import irreversible, kept
from kfm_checks.facts.change_model import FieldChange, ObjectChange, Risk
from kfm_checks.facts.image_kinds import IMAGE_FIELDS
from kfm_checks.facts.objects import dig, items
from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Manifest, Path

_SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "ReplicaSet", "Pod"})
#: Kinds whose removal takes something from those who are served.
_SERVES = frozenset(
    {
        ("", "Service"), ("networking.k8s.io", "Ingress"), ("policy", "PodDisruptionBudget"),
        ("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "Gateway"),
        ("route.openshift.io", "Route"), ("", "ServiceAccount"), ("autoscaling", "HorizontalPodAutoscaler"),
        ("autoscaling", "VerticalPodAutoscaler"),
    }
)  # fmt: skip
_BACKUPS = frozenset({("velero.io", "Schedule"), ("postgresql.cnpg.io", "ScheduledBackup"), ("k8up.io", "Schedule")})
_CAPACITY_KINDS = frozenset({("", "ResourceQuota"), ("", "LimitRange"), ("autoscaling", "HorizontalPodAutoscaler")})
_CAPACITY_FIELDS = frozenset({"replicas", "parallelism", "minReplicas", "maxReplicas"})


def field_risks(change: ObjectChange) -> Iterator[Risk]:
    """The risks of one change that need no look at other objects."""
    for step in irreversible(change):
        yield Risk("data-loss" if step.what == "data" else "disruption", step.message, step.path)
    if change.change == "changed":
        for item in change.fields:
            yield from _field(change, item)
    else:
        yield from _whole(change)


# -- whole objects ---------------------------------------------------------------------------------------------------


def _whole(change: ObjectChange) -> Iterator[Risk]:
    obj, key = change.obj, change.obj.key
    identity = key.group, key.kind
    if identity in POD_TEMPLATES:
        yield from _workload(change, obj)
    if change.change == "added":
        if identity in _CAPACITY_KINDS or identity == ("", "PersistentVolumeClaim"):
            yield Risk("capacity", f"a new {key.kind} {key.name}{_size(obj)}")
        return
    if kept(obj):
        return
    if identity in _SERVES:
        yield Risk("disruption", f"{key.kind} {key.name} goes: what relies on it loses it")
    if identity in _BACKUPS:
        yield Risk("data-loss", f"{key.kind} {key.name} goes: what it backed up is backed up no longer")
    if identity in _CAPACITY_KINDS:
        yield Risk("capacity", f"{key.kind} {key.name} goes: nothing holds its limits any more")


def _size(obj: Manifest) -> str:
    size = dig(obj, "spec", "resources", "requests", "storage")
    return f" of {size}" if size is not None else ""


def _workload(change: ObjectChange, obj: Manifest) -> Iterator[Risk]:
    key = obj.key
    path = POD_TEMPLATES[key.group, key.kind]
    spec = dig(obj, *path, "spec", default={})
    if change.change == "removed":
        if key.kind in _SERVING:
            yield Risk("disruption", f"{key.kind} {key.name} stops")
        yield Risk("capacity", f"{key.kind} {key.name} gives back what it requests")
        return
    for image in sorted({str(c.get("image")) for n in ("initContainers", "containers") for c in items(spec, n)}):
        yield Risk("image", f"a new image runs: {image}")
    count = dig(obj, "spec", "replicas", default=1)
    yield Risk("capacity", f"{key.kind} {key.name} is new: {count} × {_requests(spec)}")


def _requests(spec: Any) -> str:
    """The sum of the containers' requests, in words."""
    parts = []
    for name in ("cpu", "memory"):
        values = [dig(c, "resources", "requests", name) for c in items(spec, "containers")]
        known = [str(value) for value in values if quantity(value) is not None]
        parts.append(f"{name} {' + '.join(known)}" if known else f"no {name} request")
    return ", ".join(parts)


# -- fields ----------------------------------------------------------------------------------------------------------


def _field(change: ObjectChange, item: FieldChange) -> Iterator[Risk]:
    yield from _image(change, item)
    yield from _capacity(change, item)
    yield from _disruption(change, item)
    yield from _data(change, item)


def _image(change: ObjectChange, item: FieldChange) -> Iterator[Risk]:
    key, path = change.key, item.path
    if (key.group, key.kind) in POD_TEMPLATES:
        if path[-1] == "image" and len(path) > 2 and str(path[-3]).lower().endswith("containers"):
            yield Risk("image", f"image {item.base or 'absent'} becomes {item.head or 'absent'}", path)
        elif isinstance(path[-1], int) and str(path[-2]).lower().endswith("containers") and isinstance(item.head, dict):
            yield Risk("image", f"a new container runs {item.head.get('image')}", path)
    elif (key.group, key.kind) in IMAGE_FIELDS and "image" in str(path[-1]).lower():
        yield Risk("image", f"image {item.base or 'absent'} becomes {item.head or 'absent'}", path)


def _capacity(change: ObjectChange, item: FieldChange) -> Iterator[Risk]:
    key, path = change.key, item.path
    name = "/".join(map(str, path))
    if (key.group, key.kind) in _CAPACITY_KINDS and path[:1] == ("spec",):
        yield Risk("capacity", f"{key.kind} {key.name}: {name} {_was(item)}", path)
    elif path[:1] == ("spec",) and path[-1] in _CAPACITY_FIELDS:
        yield Risk("capacity", f"{path[-1]} {_was(item)}", path)
    elif "resources" in path and path[:1] == ("spec",):
        yield Risk("capacity", f"{'/'.join(map(str, path[path.index('resources') :]))} {_was(item)}", path)


def _was(item: FieldChange) -> str:
    def word(value: Any) -> str:
        return "absent" if value is None else str(value) if not isinstance(value, dict | list) else "set"

    return f"{word(item.base)} becomes {word(item.head)}"


def _disruption(change: ObjectChange, item: FieldChange) -> Iterator[Risk]:
    key, path = change.key, item.path
    if path == ("spec", "replicas") and _less(item):
        yield Risk("disruption", f"fewer replicas of {key.kind} {key.name}: {_was(item)}", path)
    elif path[:2] == ("spec", "strategy") or path[:2] == ("spec", "updateStrategy"):
        yield Risk("disruption", f"the rollout of {key.kind} {key.name} changes: {_was(item)}", path)
    elif path[-1] in {"readinessProbe", "livenessProbe", "startupProbe"} and item.head is None:
        yield Risk("disruption", f"{key.kind} {key.name} loses a {path[-1]}", path)
    elif key.kind == "PodDisruptionBudget" and path[:1] == ("spec",):
        yield Risk("disruption", f"the budget {key.name} changes: {path[-1]} {_was(item)}", path)
    elif key.kind == "Service" and path[:2] in {("spec", "selector"), ("spec", "ports")}:
        yield Risk("disruption", f"Service {key.name} leads elsewhere: {'/'.join(map(str, path))} {_was(item)}", path)
    elif key.kind == "Ingress" and item.head is None and path[:1] == ("spec",):
        yield Risk("disruption", f"Ingress {key.name} no longer serves /{'/'.join(map(str, path))}", path)


def _less(item: FieldChange) -> bool:
    before, after = item.base if item.base is not None else 1, item.head if item.head is not None else 1
    return isinstance(before, int) and isinstance(after, int) and after < before


def _data(change: ObjectChange, item: FieldChange) -> Iterator[Risk]:
    key, path = change.key, item.path
    if (
        key.kind == "StatefulSet"
        and path[:2] == ("spec", "persistentVolumeClaimRetentionPolicy")
        and item.head == "Delete"
    ):
        yield Risk("data-loss", f"StatefulSet {key.name} now deletes its claims ({path[-1]})", path)
    elif path[-1] in {"reclaimPolicy", "persistentVolumeReclaimPolicy"} and item.head == "Delete":
        yield Risk("data-loss", f"{key.kind} {key.name} now deletes volumes that nobody claims any more", path)
    elif (key.group, key.kind) in _BACKUPS and path[:1] == ("spec",):
        yield Risk("data-loss", f"the backup {key.name} changes: {path[-1]} {_was(item)}", path)
    elif (key.group, key.kind) in POD_TEMPLATES and "volumes" in path and _held_a_claim(change, item):
        yield Risk("data-loss", f"{key.kind} {key.name} no longer uses the claim of a volume", path)
    elif path[-1] in {"emptyDir"} and item.base is None and "volumes" in path:
        yield Risk("data-loss", f"a volume of {key.kind} {key.name} now lives and dies with its pod", path)


def _held_a_claim(change: ObjectChange, item: FieldChange) -> bool:
    """Whether the field was a volume's claim, or a volume with one, and now is another or none."""
    at: Path = item.path[item.path.index("volumes") + 1 :]
    if "persistentVolumeClaim" in at:
        return item.base is not None and item.path[-1] in {"claimName", "persistentVolumeClaim"}
    return item.head is None and isinstance(item.base, dict) and "persistentVolumeClaim" in item.base
