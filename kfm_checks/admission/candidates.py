"""The objects that admission is tried on: the rendered ones as the server completes them, and the Pods they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kfm_checks.admission.defaults import built_in, completed
from kfm_checks.admission.defaults_pod import running_pod, sub
from kfm_checks.admission.model import Candidate
from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Manifest, Path

#: What stands between a workload and its Pods: (group, kind) -> kind, path of its template of that kind.
_BETWEEN: Mapping[tuple[str, str], tuple[str, str, Path]] = {
    ("apps", "Deployment"): ("apps/v1", "ReplicaSet", ("spec",)),
    ("batch", "CronJob"): ("batch/v1", "Job", ("spec", "jobTemplate")),
}


def candidate(obj: Manifest, inventory: Inventory, resources: Resources) -> Candidate:
    """One rendered object as admission sees it."""
    done = completed(obj)
    key = obj.key
    if key.kind == "Pod" and key.group == "":
        running_pod(sub(done, "spec"), mounts_token=_mounts_token(done, inventory))
    schema = resources.schemas.get((key.group, key.api_version.rpartition("/")[2], key.kind))
    if schema is not None:
        from kfm_checks.admission.crd_values import with_defaults

        done = with_defaults(done, schema)
    known = built_in(key.group) or schema is not None
    made = Candidate(obj, done, resources.plural(key.group, key.kind), defaults_known=known)
    return _in_namespace(made, inventory)


def _in_namespace(made: Candidate, inventory: Inventory) -> Candidate:
    name = made.name if made.kind == "Namespace" and made.group == "" else made.namespace
    if not name:
        return made
    declared = inventory.namespaces.get(name)
    return replace(
        made,
        namespace_labels=inventory.namespace_labels(name),
        namespace_annotations=annotations_of(declared) if declared is not None else {},
        namespace_known=declared is not None,
    )


def expanded(obj: Manifest, inventory: Inventory, resources: Resources) -> Iterator[Candidate]:
    """The object, then what its controller makes of it: a ReplicaSet or a Job, and a Pod, not yet ``limited``."""
    own = candidate(obj, inventory, resources)
    yield own
    key = (own.group, own.kind)
    path = POD_TEMPLATES.get(key)
    if not path or own.kind == "PodTemplate":
        return
    owner = own
    if key in _BETWEEN and (between := _between(own)) is not None:
        yield between
        owner = between
    pod = _pod(own, owner, path, inventory)
    if pod is not None:
        yield pod


def _between(own: Candidate) -> Candidate | None:
    api_version, kind, path = _BETWEEN[own.group, own.kind]
    template = dig(own.obj, *path)
    if not isinstance(template, dict):
        return None
    if kind == "ReplicaSet":
        spec = {k: template[k] for k in ("replicas", "selector", "template", "minReadySeconds") if k in template}
        metadata = {"labels": dig(template, "template", "metadata", "labels", default={})}
    else:
        spec, metadata = dig(template, "spec", default={}), dig(template, "metadata", default={})
    obj = {"apiVersion": api_version, "kind": kind, "metadata": _metadata(metadata, own), "spec": spec}
    made = replace(own, obj=completed(obj), resource=f"{kind.lower()}s", origin_path=path, derived=True)
    return replace(made, defaults_known=True)


def _pod(own: Candidate, owner: Candidate, path: Path, inventory: Inventory) -> Candidate | None:
    template = dig(own.obj, *path)
    if not isinstance(template, dict) or not isinstance(template.get("spec"), dict):
        return None
    metadata = _metadata(dig(template, "metadata", default={}), owner)
    obj = completed({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    running_pod(obj["spec"], mounts_token=_mounts_token(obj, inventory))
    return replace(own, obj=obj, resource="pods", origin_path=path, derived=True, defaults_known=True)


def _mounts_token(pod: Mapping[str, Any], inventory: Inventory) -> bool:
    """Whether the pod's service account lets its token be mounted; one that is not rendered does."""
    name = str(dig(pod, "spec", "serviceAccountName", default="default"))
    account = inventory.get("ServiceAccount", name, str(dig(pod, "metadata", "namespace", default="default")))
    return account is None or account.get("automountServiceAccountToken") is not False


def _metadata(found: Any, owner: Candidate) -> dict[str, Any]:
    """Metadata of what a controller makes; the generated part of the name is a placeholder."""
    kept = {
        k: found[k] for k in ("labels", "annotations") if isinstance(found, dict) and isinstance(found.get(k), dict)
    }
    reference = {"apiVersion": owner.key.api_version, "kind": owner.kind, "name": owner.name, "controller": True}
    name = f"{owner.name}-00000"
    made = {**kept, "name": name, "generateName": f"{owner.name}-", "ownerReferences": [reference]}
    return {**made, "namespace": owner.namespace} if owner.namespace else made


def limited(pod: Candidate, inventory: Inventory) -> Candidate:
    """The Pod with what its namespace's LimitRanges give its containers (Kubernetes documentation, *Limit Ranges*)."""
    found = [obj for obj in inventory.of("LimitRange") if obj.key.namespace == pod.namespace]
    limits = [limit for obj in found for limit in items(obj, "spec", "limits") if limit.get("type") == "Container"]
    spec = pod.obj.get("spec")
    if pod.kind != "Pod" or not limits or not isinstance(spec, dict):
        return pod
    fields = {name: _with_limits(spec[name], limits) for name in ("containers", "initContainers") if name in spec}
    return replace(pod, obj={**pod.obj, "spec": {**spec, **fields}})


def _with_limits(containers: Any, limits: list[dict[str, Any]]) -> Any:
    if not isinstance(containers, list):
        return containers
    return [_with_limit(c, limits) if isinstance(c, dict) else c for c in containers]


def _with_limit(container: dict[str, Any], limits: list[dict[str, Any]]) -> dict[str, Any]:
    resources = dict(sub(container, "resources") or {})
    for limit in limits:
        for kind, source in (("limits", "default"), ("requests", "defaultRequest")):
            given, own = sub(limit, source) or {}, resources.get(kind)
            if given:
                resources[kind] = {**given, **(own if isinstance(own, dict) else {})}
    return {**container, "resources": resources}


def candidates(inventory: Inventory, resources: Resources) -> tuple[Candidate, ...]:
    """Every object of the render, and the Pods of its workloads, before any LimitRange."""
    return tuple(found for obj in inventory for found in expanded(obj, inventory, resources))
