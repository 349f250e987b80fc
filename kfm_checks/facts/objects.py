"""The rendered objects and ways to find them; namespaces filled in as the API server would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfm_checks.facts.scopes import is_cluster_scoped
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.values import Value


@dataclass(frozen=True)
class Inventory:
    """All objects, in input order, with look-ups by kind and by name."""

    objects: tuple[Manifest, ...]
    _by_kind: Mapping[tuple[str, str], list[Manifest]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_kind: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
        for obj in self.objects:
            by_kind[obj.key.group, obj.key.kind].append(obj)
        object.__setattr__(self, "_by_kind", dict(by_kind))

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def of(self, kind: str, group: str = "") -> list[Manifest]:
        """Objects of one kind, whatever the version; the core group is ""."""
        return self._by_kind.get((group, kind), [])

    def of_group(self, group: str) -> list[Manifest]:
        """Objects of all kinds of one API group."""
        return [obj for (g, _), objs in self._by_kind.items() if g == group for obj in objs]

    def get(self, kind: str, name: str, namespace: str = "", group: str = "") -> Manifest | None:
        """One object, or None."""
        return self._by_name.get((group, kind, namespace, name))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str, str], Manifest]:
        keys = ((obj.key, obj) for obj in self.objects)
        return {(key.group, key.kind, key.namespace, key.name): obj for key, obj in keys}

    @cached_property
    def namespaces(self) -> dict[str, Manifest]:
        """The Namespaces declared, by name; an OpenShift Project counts as one."""
        declared = [*self.of("Namespace"), *self.of("Project", "project.openshift.io")]
        return {obj.key.name: obj for obj in declared}

    def namespace_labels(self, name: str) -> dict[str, str]:
        """Labels of a namespace; every namespace has ``kubernetes.io/metadata.name``, declared or not."""
        declared = self.namespaces.get(name)
        own = labels_of(declared) if declared is not None else {}
        return {**own, "kubernetes.io/metadata.name": name}


class Delivery(Value, frozen=True):
    """Where the reconciler that delivers the overlay puts objects without a namespace."""

    namespace: str
    #: Whether kustomize does it (Flux's ``targetNamespace``), which mends the subjects of bindings as well.
    by_kustomize: bool = False
    #: What the reader has to know of it.
    note: str = ""
    #: Whether reconcilers disagree, so that nobody can tell for all of them.
    doubtful: bool = False


def inventory(objects: Iterable[Mapping[str, Any]], delivery: Delivery | None = None) -> Inventory:
    """Index the objects; an absent namespace of a namespaced kind is the delivery's, else ``default``."""
    manifests = [obj if isinstance(obj, Manifest) else Manifest(obj) for obj in objects]
    scopes = scopes_of(manifests)
    if delivery is None:
        return Inventory(tuple(placed(obj, "default", scopes) for obj in manifests))
    moved = [placed(obj, delivery.namespace, scopes) for obj in manifests]
    return Inventory(tuple(_with_subjects(moved, delivery) if delivery.by_kustomize else moved))


def scopes_of(manifests: Iterable[Manifest]) -> Mapping[tuple[str, str], str]:
    """(group, kind) -> scope, as the CustomResourceDefinitions among these objects have it."""
    return {
        (str(dig(obj, "spec", "group")), str(dig(obj, "spec", "names", "kind"))): str(dig(obj, "spec", "scope"))
        for obj in manifests
        if obj.get("kind") == "CustomResourceDefinition"
    }


def placed(obj: Manifest, namespace: str, scopes: Mapping[tuple[str, str], str]) -> Manifest:
    """The object in this namespace, if it names none itself and its kind lives in one."""
    key: ObjectKey = obj.key
    if key.namespace or is_cluster_scoped(key.group, key.kind, scopes):
        return obj
    metadata = obj.get("metadata")
    return Manifest(
        {**obj, "metadata": {**(metadata if isinstance(metadata, dict) else {}), "namespace": namespace}}, obj.origin
    )


def _with_subjects(objects: list[Manifest], delivery: Delivery) -> list[Manifest]:
    """Bindings with the namespace of service accounts that they name without one, as kustomize fills it in."""
    here = {o.key.name for o in objects if (o.key.kind, o.key.namespace) == ("ServiceAccount", delivery.namespace)}
    known = here | {"default"}

    def filled(subject: Any) -> Any:
        account = isinstance(subject, dict) and subject.get("kind") == "ServiceAccount" and not subject.get("namespace")
        return {**subject, "namespace": delivery.namespace} if account and subject.get("name") in known else subject

    return [
        Manifest({**obj, "subjects": [filled(subject) for subject in obj["subjects"]]}, obj.origin)
        if obj.key.kind in {"RoleBinding", "ClusterRoleBinding"} and isinstance(obj.get("subjects"), list)
        else obj
        for obj in objects
    ]


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """The labels of an object, as text; {} where there are none."""
    return _text_map(obj, "labels")


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of an object, as text; {} where there are none."""
    return _text_map(obj, "annotations")


def _text_map(obj: Mapping[str, Any], name: str) -> dict[str, str]:
    metadata = obj.get("metadata")
    found = metadata.get(name) if isinstance(metadata, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def dig(value: Any, *steps: str | int, default: Any = None) -> Any:
    """The value at a path, or ``default`` where any step is missing, null or of another type."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return default
        if value is None:
            return default
    return value


def items(value: Any, *steps: str | int) -> list[dict[str, Any]]:
    """The mappings of the list at a path; [] where it is missing or no list. Items that are no mappings are dropped."""
    found = dig(value, *steps)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
