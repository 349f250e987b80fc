"""Pods that controllers make of custom resources: the known ones read as pods, the others named.

Where each kind has its containers is in ``image_kinds``. What is written is judged as the pod that the controller makes
of it; what stands elsewhere (a Tekton Task's pod settings come with its run) nobody knows here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.image_kinds import IMAGE_FIELDS, ImageField
from kfm_checks.facts.images import reach
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Fields beside containers, or above them, that are the pod's.
_OF_THE_POD = ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "securityContext")
#: Groups whose controller makes the pod of what is written and little else; a patch of it is text, and not evaluated.
_WHOLE = frozenset({"argoproj.io"})
#: Groups that hold containers to match, to change or to describe them, and make no pod.
_NO_PODS = frozenset(
    {
        *("kyverno.io", "policies.kyverno.io", "apiextensions.k8s.io", "admissionregistration.k8s.io"),
        *("helm.toolkit.fluxcd.io", "helm.cattle.io", "kustomize.toolkit.fluxcd.io", "policies.kubewarden.io"),
    }
)
_NO_PODS_KINDS = frozenset({("argoproj.io", "Application"), ("argoproj.io", "ApplicationSet")})
_GATEKEEPER = "gatekeeper.sh"
#: Fields that hold containers wherever somebody designs a kind around pods.
_CONTAINERS = ("containers", "initContainers", "container", "sidecars")


#: Fields of a pod or a container that baseline forbids where they are true.
_FORBIDDEN = frozenset({"privileged", "hostNetwork", "hostPID", "hostIPC", "hostProcess"})


class MadePod(Value, frozen=True):
    """A pod, or a part of one, in a custom resource. ``places`` says where a path in ``pod`` stands in the object."""

    obj: Manifest
    pod: dict[str, Any]
    #: Where its spec, or its containers, stand in the object.
    path: Path
    places: Mapping[Path, Path]
    #: What nobody knows of it, "" where it is whole.
    missing: str = ""

    def place(self, path: Path) -> Path:
        """The place in the object of a path that starts at the pod."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return (*self.places[path[:end]], *path[end:])
        return self.path


def made_pods(inventory: Inventory) -> tuple[MadePod, ...]:
    """Every pod that a known custom resource holds, whole or in part, and the unknown ones that hold containers."""
    found: list[MadePod] = []
    for (group, kind), fields in IMAGE_FIELDS.items():
        for obj in inventory.of(kind, group):
            found += [pod for field in fields for pod in _of_field(obj, field)]
    known: dict[int, list[Path]] = {}
    for pod in found:
        known.setdefault(id(pod.obj), []).extend((pod.path, *pod.places.values()))
    for obj in inventory:
        if _may_make_pods(obj):
            found += _unread(obj, known.get(id(obj), []))
    return tuple(found)


def _unread(obj: Manifest, known: list[Path]) -> Iterator[MadePod]:
    """What looks like a part of a pod in a custom resource, outside the places that are known."""
    content = {key: value for key, value in obj.items() if key not in {"metadata", "status"}}
    containers = [] if (obj.key.group, obj.key.kind) in IMAGE_FIELDS else list(_hidden(content, ()))
    for path in containers:
        yield MadePod(obj, {}, path, {}, "nothing here knows how this kind makes pods")
    for path in _telling(content, ()):
        if not any(path[: len(place)] == place for place in (*known, *containers)):
            missing = f"nothing here knows what its controller makes of {path[-1]}"
            yield MadePod(obj, {}, path, {}, missing)


def _of_field(obj: Manifest, field: ImageField) -> Iterator[MadePod]:
    for path, value in reach(obj, field.path, ()) if field.what != "image" else ():
        if field.what == "pod" and isinstance(value, dict):
            around = dig(obj, *path[:-1]) if path[-1] == "spec" else {}
            metadata = dig(around, "metadata", default={})
            yield MadePod(obj, {"metadata": metadata, "spec": value}, path, {("spec",): path})
        elif field.what == "containers":
            yield from _of_containers(obj, path, value)


def _of_containers(obj: Manifest, path: Path, value: Any) -> Iterator[MadePod]:
    """The containers at a path, with what of their pod stands beside them and above."""
    many = isinstance(value, list)
    listed = value if many else [value]
    if not any(isinstance(item, dict) for item in listed):
        return  # no container is there
    spec: dict[str, Any] = {"containers": listed}
    places: dict[Path, Path] = {("spec", "containers"): path} if many else {("spec", "containers", 0): path}
    volumes: list[Any] = []
    patched = False
    for end in range(len(path) - 1, 0, -1):  # the nearest first: it goes before what is above
        above = dig(obj, *path[:end])
        if not isinstance(above, dict):
            continue
        for name in _OF_THE_POD:
            if name in above and name not in spec:
                spec[name], places["spec", name] = above[name], (*path[:end], name)
        for index, volume in enumerate(above["volumes"] if isinstance(above.get("volumes"), list) else ()):
            places["spec", "volumes", len(volumes)] = (*path[:end], "volumes", index)
            volumes.append(volume)
        patched = patched or bool(above.get("podSpecPatch"))
    spec["volumes"] = volumes
    whole = obj.key.group in _WHOLE and not patched
    missing = "" if whole else "its podSpecPatch is text" if patched else "the rest of its pods stands elsewhere"
    yield MadePod(obj, {"spec": spec}, path, places, missing)


def _may_make_pods(obj: Manifest) -> bool:
    """Whether it is a custom resource that may hold a part of a pod where nobody here knows of one."""
    group, kind = obj.key.group, (obj.key.group, obj.key.kind)
    known = "." not in group or kind in POD_TEMPLATES
    return not known and kind not in _NO_PODS_KINDS and group not in _NO_PODS and not group.endswith(_GATEKEEPER)


def _hidden(value: Any, path: Path) -> Iterator[Path]:
    """Where an object holds containers: the first place of each branch."""
    if isinstance(value, dict):
        if any(_are_containers(value.get(name)) for name in _CONTAINERS):
            yield path
            return
        for key, item in value.items():
            yield from _hidden(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _hidden(item, (*path, index))


def _telling(value: Any, path: Path) -> Iterator[Path]:
    """Fields that mean the same in whatever kind they stand, and that baseline forbids."""
    if isinstance(value, dict):
        for key, item in value.items():
            if (key in _FORBIDDEN and item is True) or (
                key == "hostPath" and isinstance(item, dict) and "path" in item
            ):
                yield (*path, key)
            else:
                yield from _telling(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _telling(item, (*path, index))


def _are_containers(value: Any) -> bool:
    """Whether it is a container or a list of them, and not their names or settings for them."""
    listed = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and item.keys() & {"image", "securityContext"} for item in listed)
