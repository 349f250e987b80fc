"""RAIL-01, META-06: namespaces are known, and each has its quota and its limit range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from kfm_checks import remedies
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.resources import RESOURCES, quota_bounds, range_bounds
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, ObjectKey

ByNamespace = Mapping[str, tuple[Manifest, ...]]


def namespaces_have_quota(
    inventory: Inventory, quotas: ByNamespace, quota_governors: tuple[Manifest, ...]
) -> Iterator[Evidence]:
    """Every namespace has a ResourceQuota that bounds CPU and memory.

    Without one, a single namespace can take the whole cluster. Several quotas count together; one with scopes bounds
    only the pods of its scope. A quota of objects alone (pods, services) bounds neither CPU nor memory. Where another
    object makes quotas (a tenant operator, a generating policy), a namespace without one is not verified.
    Kubernetes documentation, *Resource Quotas*.

    Remedy: add a ResourceQuota whose `spec.hard` has `requests.cpu`, `requests.memory`, `limits.cpu`, `limits.memory`.
    """
    return _governed(inventory, quotas, quota_governors, "ResourceQuota", quota_bounds)


def namespaces_have_limit_range(
    inventory: Inventory, limit_ranges: ByNamespace, quota_governors: tuple[Manifest, ...]
) -> Iterator[Evidence]:
    """Every namespace has a LimitRange that gives containers bounds for CPU and memory.

    It catches the container that says nothing. A maximum counts as a default, since Kubernetes uses it as one; a bound
    for volume claims alone doesn't. For CPU a default request is enough. Where another object makes limit ranges, a
    namespace without one is not verified. Kubernetes documentation, *Limit Ranges*.

    Remedy: add a LimitRange of `type: Container` with `default` and `defaultRequest` for cpu and memory.
    """

    def bounds(found: tuple[Manifest, ...]) -> frozenset[str]:
        return frozenset().union(*(range_bounds(obj) for obj in found))

    return _governed(inventory, limit_ranges, quota_governors, "LimitRange", bounds)


def _governed(
    inventory: Inventory,
    found: ByNamespace,
    governors: tuple[Manifest, ...],
    kind: str,
    bounds: Callable[[tuple[Manifest, ...]], frozenset[str]],
) -> Iterator[Evidence]:
    names = sorted(name for name in {*inventory.namespaces, *found} if not name.startswith("kube-"))
    if not names:
        raise NotVerified(_none_declared(inventory))
    expected = f"a {kind} that bounds cpu and memory"
    for name in names:
        subject = inventory.namespaces.get(name) or (
            found[name][0] if name in found else ObjectKey("v1", "Namespace", "", name)
        )
        objects = found.get(name, ())
        missing = [resource for resource in RESOURCES if resource not in bounds(objects)]
        what = ", ".join(obj.key.name for obj in objects) or "absent"
        if not missing:
            text = f"namespace {name} has a {kind} for CPU and memory"
            yield holds(subject, message=text, expected=expected, observed=what)
        elif governors:
            by = f"{governors[0].key.kind} {governors[0].key.name}"
            text = f"namespace {name} has no {kind} for {' and '.join(missing)}; {by} may make one in the cluster"
            yield unknown(subject, message=text, expected=expected, observed=what)
        else:
            text = f"namespace {name} has no {kind}"
            if objects:
                text = f"the {kind} of namespace {name} bounds no {' and no '.join(missing)}"
            place = ("spec", "hard" if kind == "ResourceQuota" else "limits") if objects else ()
            add = remedies.quota(name) if kind == "ResourceQuota" else remedies.limit_range(name)
            at = objects[0] if objects else subject
            yield fails(at, place, message=text, expected=expected, observed=what, patch=add)


def _none_declared(inventory: Inventory) -> str:
    used = ", ".join(used_namespaces(inventory))
    return "no namespace is declared here" + (f"; used: {used}" if used else "")


def used_namespaces(inventory: Inventory) -> dict[str, int]:
    """The namespaces that objects lie in and the number of those objects, without Kubernetes' own."""
    count = Counter(obj.key.namespace for obj in inventory if obj.key.namespace)
    return {name: count[name] for name in sorted(count) if not name.startswith("kube-")}


def namespaces_are_known(inventory: Inventory, workloads: tuple[Workload, ...]) -> Iterator[Evidence]:
    """The primary namespaces are known: each that is used is declared, or shown as declared elsewhere.

    What a namespace holds and who may reach it starts with knowing that it exists. A namespace that is used and not
    declared here may be made by another overlay: it is shown, and not judged by the rows on namespaces. Workloads in
    `default` beside namespaces that are declared have most likely lost theirs: nobody governs that one.

    Remedy: declare each namespace that this overlay owns as a Namespace object, with its Pod Security labels.
    """
    used = used_namespaces(inventory)
    if not used and not inventory.namespaces:
        raise NotVerified("no namespace is declared or used")
    for name, obj in sorted(inventory.namespaces.items()):
        text = f"namespace {name} is declared here and holds {used.get(name, 0)} objects"
        yield holds(obj, ("metadata", "name"), message=text, observed=name)
    stray = [workload for workload in workloads if workload.namespace == "default"]
    for name, count in used.items():
        if name == "default" and stray and inventory.namespaces and name not in inventory.namespaces:
            for workload in stray:
                text = f"{workload.kind} {workload.name} lies in `default`, which is not declared here"
                yield fails(
                    workload.obj,
                    ("metadata", "namespace"),
                    message=text,
                    expected="a declared namespace",
                    observed=name,
                )
        elif name not in inventory.namespaces:
            text = f"namespace {name} is used by {count} objects and declared elsewhere"
            yield holds(ObjectKey("v1", "Namespace", "", name), message=text, observed=name)
