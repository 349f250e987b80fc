"""What the rails forbid, each as a change that makes a pod spec do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kfm_checks.facts.objects import dig

#: Kinds whose containers the rail about probes is for.
SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"})
Spec = dict[str, Any]
Edit = Callable[[Spec, int], Spec]


@dataclass(frozen=True)
class Pattern:
    """One thing that a rail forbids, and the change that makes a pod spec do it."""

    row: str
    words: str
    edit: Edit
    serving: bool = False


def _container(change: Callable[[Spec], Spec]) -> Edit:
    """A change of the last container: a policy that only looks at the first misses it."""

    def edit(spec: Spec, index: int) -> Spec:
        listed = list(spec["containers"])
        listed[index] = change(listed[index])
        return {**spec, "containers": listed}

    return edit


def _without(name: str) -> Edit:
    return _container(lambda c: {k: v for k, v in c.items() if k != name})


def _resources(kinds: tuple[str, ...], resource: str) -> Edit:
    def change(container: Spec) -> Spec:
        given = container.get("resources")
        made = dict(given) if isinstance(given, dict) else {}
        for kind in kinds:
            if isinstance(made.get(kind), dict):
                made[kind] = {k: v for k, v in made[kind].items() if k != resource}
        return {**container, "resources": {k: v for k, v in made.items() if v}}

    inner = _container(change)
    return lambda spec, index: {k: v for k, v in inner(spec, index).items() if k != "resources"}


def _image(change: Callable[[str], str], pull: str) -> Edit:
    return _container(lambda c: {**c, "image": change(_name(c.get("image"))), "imagePullPolicy": pull})


def _name(image: Any) -> str:
    """The image without tag and digest."""
    bare = str(image or "registry.example/app").partition("@")[0]
    head, slash, last = bare.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _privileged(container: Spec) -> Spec:
    context = container.get("securityContext")
    return {**container, "securityContext": {**(context if isinstance(context, dict) else {}), "privileged": True}}


def _host_path(spec: Spec, _index: int) -> Spec:
    listed = spec.get("volumes")
    if isinstance(listed, list) and any(dig(volume, "hostPath") is not None for volume in listed):
        return spec
    volume = {"name": "kfm-attempt", "hostPath": {"path": "/", "type": ""}}
    return {**spec, "volumes": [*(listed if isinstance(listed, list) else []), volume]}


PATTERNS: tuple[Pattern, ...] = (
    Pattern("RAIL-02", "has no liveness probe", _without("livenessProbe"), serving=True),
    Pattern("RAIL-02", "has no readiness probe", _without("readinessProbe"), serving=True),
    Pattern("RAIL-03", "sets neither request nor limit for CPU", _resources(("requests", "limits"), "cpu")),
    Pattern("RAIL-03", "sets neither request nor limit for memory", _resources(("requests", "limits"), "memory")),
    Pattern("RAIL-03", "sets no CPU limit", _resources(("limits",), "cpu")),
    Pattern("RAIL-03", "sets no memory limit", _resources(("limits",), "memory")),
    Pattern("RAIL-06", "has an image with the tag latest", _image(lambda name: f"{name}:latest", "Always")),
    Pattern("RAIL-06", "has an image with a tag and no digest", _image(lambda name: f"{name}:1.0.0", "IfNotPresent")),
    Pattern("RAIL-08", "is privileged", _container(_privileged)),
    Pattern("RAIL-08", "shares the host's network", lambda spec, _: {**spec, "hostNetwork": True}),
    Pattern("RAIL-08", "mounts the host's root folder", _host_path),
)
