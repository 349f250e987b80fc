"""Steps of a change that a revert in git does not take back, by the documented behaviour of the API server.

Storage that was deleted comes back empty; a namespace or a CustomResourceDefinition takes all its objects with it; a
field that the API refuses to update has to be recreated, both on the way there and on the way back. Sources: Kubernetes
API reference (fields "cannot be updated", "immutable"), *StatefulSets*, *Persistent Volumes*, *Namespaces*, *CRDs*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from kfm_checks.facts.change_model import FieldChange, ObjectChange
from kfm_checks.facts.datastore_operators import OPERATORS
from kfm_checks.facts.objects import annotations_of, dig
from kfm_checks.facts.quantities import quantity
from kfm_checks.model import Manifest, ObjectKey, Path
from kfm_checks.values import Value

#: Fields below ``spec`` that the API server lets a StatefulSet update.
_STATEFULSET = frozenset(
    {
        "replicas", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
        "ordinals", "revisionHistoryLimit",
    }
)  # fmt: skip
#: Those of a PersistentVolume; what it is made of (its source, mode and nodes) stays.
_VOLUME = frozenset(
    {
        "accessModes", "capacity", "claimRef", "mountOptions", "persistentVolumeReclaimPolicy", "storageClassName",
        "volumeAttributesClassName",
    }
)  # fmt: skip
#: (group, kind) -> paths that can't be updated, everything below them included.
_FIXED: dict[tuple[str, str], tuple[Path, ...]] = {
    ("apps", "Deployment"): (("spec", "selector"),),
    ("apps", "DaemonSet"): (("spec", "selector"),),
    ("apps", "ReplicaSet"): (("spec", "selector"),),
    ("batch", "Job"): (
        ("spec", "template"), ("spec", "selector"), ("spec", "completionMode"), ("spec", "podFailurePolicy"),
        ("spec", "backoffLimitPerIndex"), ("spec", "successPolicy"), ("spec", "managedBy"),
    ),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("storage.k8s.io", "StorageClass"): (
        ("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",),
    ),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("node.k8s.io", "RuntimeClass"): (("handler",),),
    ("", "Secret"): (("type",),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        ("spec", "group"), ("spec", "scope"), ("spec", "names", "kind"), ("spec", "names", "plural"),
    ),
}  # fmt: skip
#: What an annotation says so that a reconciler leaves the object in the cluster.
_KEPT = {
    "argocd.argoproj.io/sync-options": ("Prune=false", "Delete=false"),
    "kustomize.toolkit.fluxcd.io/prune": ("disabled",),
    "helm.sh/resource-policy": ("keep",),
}


class Step(Value, frozen=True):
    """One step that a revert does not take back. ``what`` is ``data`` or ``immutable``."""

    change: ObjectChange
    path: Path
    what: Literal["data", "immutable"]
    message: str


def irreversible(change: ObjectChange) -> tuple[Step, ...]:
    """The steps of one object's change that a revert does not take back; () where it takes back all."""
    if change.change == "removed":
        message = _lost(change.obj)
        return (Step(change, (), "data", message),) if message else ()
    if change.change == "added":
        return ()
    return tuple(_once(_changed(change)))


def _once(steps: Iterator[Step]) -> Iterator[Step]:
    seen = set()
    for step in steps:
        if (step.path, step.message) not in seen:
            seen.add((step.path, step.message))
            yield step


def _lost(obj: Manifest) -> str:
    """What goes with an object that is removed, "" where its return brings all back."""
    key = obj.key
    if kept(obj):
        return ""
    if (key.group, key.kind) == ("", "Namespace"):
        return f"with the namespace {key.name} everything in it is deleted; a revert brings back no data"
    if (key.group, key.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        kind = dig(obj, "spec", "names", "kind", default="that kind")
        return f"with the CustomResourceDefinition every {kind} of the cluster is deleted; a revert brings none back"
    if (key.group, key.kind) == ("", "PersistentVolumeClaim"):
        return (
            f"the claim {key.name} is deleted, and its volume as the reclaim policy says; a revert brings an empty one"
        )
    if (key.group, key.kind) == ("", "PersistentVolume"):
        retained = dig(obj, "spec", "persistentVolumeReclaimPolicy", default="Retain") == "Retain"
        return "" if retained else f"the volume {key.name} is deleted with its bytes (reclaim policy)"
    if key.kind == "StatefulSet" and _deletes_claims(obj):
        return (
            f"StatefulSet {key.name} deletes its claims with itself (whenDeleted: Delete); a revert brings empty ones"
        )
    if (key.group, key.kind) in OPERATORS:
        return f"the operator deletes the volumes of {key.kind} {key.name} with it; a revert brings an empty datastore"
    return ""


def kept(obj: Manifest) -> bool:
    """Whether an annotation tells the reconciler to leave the object in the cluster."""
    written = annotations_of(obj)
    return any(word in written.get(name, "") for name, words in _KEPT.items() for word in words)


def _deletes_claims(obj: Manifest) -> bool:
    return bool(dig(obj, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete")


def _changed(change: ObjectChange) -> Iterator[Step]:
    base = change.base
    if base is None or change.renamed_from:
        return
    key = base.key
    for item in change.fields:
        if key.kind == "StatefulSet" and key.group == "apps":
            yield from _of_statefulset(change, item)
        elif (key.group, key.kind) == ("", "PersistentVolumeClaim"):
            yield from _of_claim(change, item)
        elif _fixed(key, base, item):
            yield _refused(change, item.path, f"/{'/'.join(map(str, item.path))}")


def _refused(change: ObjectChange, path: Path, name: str) -> Step:
    key = change.key
    message = f"{name} of {key.kind} {key.name} can't be updated: it has to be deleted and made again, there and back"
    return Step(change, path, "immutable", message)


def _of_statefulset(change: ObjectChange, item: FieldChange) -> Iterator[Step]:
    path = item.path
    if path[:1] != ("spec",) or len(path) < 2 or path[1] in _STATEFULSET:
        return
    if path[1] != "volumeClaimTemplates":
        yield _refused(change, path[:2], f"spec.{path[1]}")
        return
    name = change.key.name
    claim = _claim_names(change, item)
    if len(path) <= 3 and item.head is None:
        yield Step(change, path, "data", f"StatefulSet {name} loses its volume {claim}: what is on it is left behind")
    elif len(path) <= 3 and item.base is None:
        yield Step(
            change, path, "immutable", f"StatefulSet {name} gets the volume {claim}: the API server refuses that"
        )
    else:
        message = (
            f"the volume {claim} of StatefulSet {name} can't be updated: the set has to be made again, there and back"
        )
        yield Step(change, path, "immutable", message)


def _claim_names(change: ObjectChange, item: FieldChange) -> str:
    """The name of the claim that a field belongs to; of all of them where the field is the whole list."""
    if len(item.path) < 3:
        templates = item.base if item.head is None else item.head
        found = [str(dig(each, "metadata", "name", default="")) for each in templates or () if isinstance(each, dict)]
        return ", ".join(filter(None, found))
    side = change.head if item.in_head else change.base
    return str(dig(side, *item.path[:3], "metadata", "name", default=""))


def _of_claim(change: ObjectChange, item: FieldChange) -> Iterator[Step]:
    path, name = item.path, change.key.name
    if path[:1] != ("spec",) or path[1:2] == ("volumeAttributesClassName",):
        return
    if path[1:] == ("resources", "requests", "storage"):
        before, after = quantity(item.base), quantity(item.head)
        grows = before is not None and after is not None and after > before
        word = "grew: a revert would shrink it, which" if grows else "shrinks, which"
        yield Step(change, path, "immutable", f"the claim {name} {word} Kubernetes refuses")
    elif path[1:2] != ("resources",):
        yield _refused(change, path, f"spec.{path[1]}" if len(path) > 1 else "spec")


def _fixed(key: ObjectKey, base: Manifest, item: FieldChange) -> bool:
    if (key.group, key.kind) in {("", "ConfigMap"), ("", "Secret")} and base.get("immutable") is True:
        return item.path[:1] in {("data",), ("stringData",), ("binaryData",), ("immutable",)}
    if (key.group, key.kind) == ("", "Service") and item.path == ("spec", "clusterIP"):
        return _address(item.base) != _address(item.head)
    if (key.group, key.kind) == ("", "Pod"):
        return item.path[:1] == ("spec",) and item.path[-1:] != ("image",) and item.path[1:2] != ("tolerations",)
    if (key.group, key.kind) == ("", "PersistentVolume"):
        return item.path[:1] == ("spec",) and not set(item.path[1:2]) & _VOLUME
    return any(item.path[: len(path)] == path for path in _FIXED.get((key.group, key.kind), ()))


def _address(value: Any) -> str:
    return "None" if value == "None" else "one"
