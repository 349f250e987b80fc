"""What the rails forbid, each as a change that makes a pod spec do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kfm_checks.facts.objects import dig
from kfm_checks.values import Value

#: Kinds whose containers the rail about probes is for.
SERVING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout"})
IMAGE = frozenset({"image", "imagePullPolicy"})
Spec = dict[str, Any]
Edit = Callable[[Spec, int], Spec]


class Pattern(Value, frozen=True):
    """One thing that a rail forbids, and the changes that make a pod spec do it.

    ``edits``: each is a way to do it, and each has to be refused; where the rail is silent about a field beside it,
    that field is tried with every value. ``keys``: names of the fields that the changes touch.
    """

    row: str
    words: str
    edits: tuple[Edit, ...]
    keys: frozenset[str]
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


def _images(change: Callable[[str], str]) -> tuple[Edit, ...]:
    """With both pull policies: a policy that only minds the one forbids no image."""

    def edit(pull: str) -> Edit:
        return _container(lambda c: {**c, "image": change(name_of(c.get("image"))), "imagePullPolicy": pull})

    return edit("IfNotPresent"), edit("Always")


def name_of(image: Any) -> str:
    """The image without tag and digest."""
    bare = str(image or "registry.example/app").partition("@")[0]
    head, slash, last = bare.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _privileged(container: Spec) -> Spec:
    """The API refuses a privileged container that may not escalate, so that goes."""
    context = container.get("securityContext")
    kept = {k: v for k, v in context.items() if k != "allowPrivilegeEscalation"} if isinstance(context, dict) else {}
    return {**container, "securityContext": {**kept, "privileged": True}}


def _host_path(spec: Spec, _index: int) -> Spec:
    listed = spec.get("volumes")
    if isinstance(listed, list) and any(dig(volume, "hostPath") is not None for volume in listed):
        return spec
    volume = {"name": "kfm-attempt", "hostPath": {"path": "/", "type": ""}}
    return {**spec, "volumes": [*(listed if isinstance(listed, list) else []), volume]}


def _one(row: str, words: str, edit: Edit, *keys: str, serving: bool = False) -> Pattern:
    return Pattern(row, words, (edit,), frozenset(keys), serving)


_BOTH = ("requests", "limits")
PATTERNS: tuple[Pattern, ...] = (
    _one("RAIL-02", "has no liveness probe", _without("livenessProbe"), "livenessProbe", serving=True),
    _one("RAIL-02", "has no readiness probe", _without("readinessProbe"), "readinessProbe", serving=True),
    _one("RAIL-03", "sets neither request nor limit for CPU", _resources(_BOTH, "cpu"), "resources"),
    _one("RAIL-03", "sets neither request nor limit for memory", _resources(_BOTH, "memory"), "resources"),
    _one("RAIL-03", "sets no CPU limit", _resources(("limits",), "cpu"), "resources"),
    _one("RAIL-03", "sets no memory limit", _resources(("limits",), "memory"), "resources"),
    Pattern("RAIL-06", "has an image with the tag latest", _images(lambda name: f"{name}:latest"), IMAGE),
    Pattern("RAIL-06", "has an image with a tag and no digest", _images(lambda name: f"{name}:1.0.0"), IMAGE),
    _one("RAIL-08", "is privileged", _container(_privileged), "securityContext"),
    _one("RAIL-08", "shares the host's network", lambda spec, _: {**spec, "hostNetwork": True}, "hostNetwork"),
    _one("RAIL-08", "mounts the host's root folder", _host_path, "volumes"),
)


def _node_port(spec: Spec, policy: str) -> Spec:
    kept = {k: v for k, v in spec.items() if k != "allocateLoadBalancerNodePorts"}
    return {**kept, "type": "NodePort", "externalTrafficPolicy": policy}


#: The one pattern for Services: its changes are those of a Service's spec.
NODE_PORT = Pattern(
    "RAIL-07",
    "is of type NodePort",
    (lambda spec, _: _node_port(spec, "Cluster"), lambda spec, _: _node_port(spec, "Local")),
    frozenset({"type", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"}),
)
