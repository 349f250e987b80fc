"""Requests and limits as written, and what quotas and limit ranges of a namespace bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.quantities import positive, quantity
from kfm_checks.facts.workloads import Container
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

Section = Literal["requests", "limits"]
RESOURCES = ("cpu", "memory")


class Setting(Value, frozen=True):
    """One request or limit as it holds for a container. ``path`` is where it is written, or where it would be."""

    ok: bool
    value: Any
    path: Path
    #: Whether the pod, not the container, sets it (pod-level resources, Kubernetes 1.34).
    of_pod: bool = False


def setting(container: Container, section: Section, resource: str) -> Setting:
    """What a container or its pod sets; a value that is no quantity above zero bounds nothing and doesn't count."""
    path = (*container.path, "resources", section, resource)
    value = dig(container.spec, "resources", section, resource)
    if value is None:
        whole = dig(container.workload.spec, "resources", section, resource)
        if whole is not None:
            return Setting(positive(whole), whole, (*container.workload.path, "resources", section, resource), True)
    return Setting(positive(value), value, path)


def limit_ranges(inventory: Inventory) -> Mapping[str, tuple[Manifest, ...]]:
    """The LimitRanges of each namespace."""
    return _by_namespace(inventory.of("LimitRange"))


def quotas(inventory: Inventory) -> Mapping[str, tuple[Manifest, ...]]:
    """The ResourceQuotas of each namespace."""
    return _by_namespace(inventory.of("ResourceQuota"))


def _by_namespace(objects: list[Manifest]) -> Mapping[str, tuple[Manifest, ...]]:
    found: dict[str, list[Manifest]] = defaultdict(list)
    for obj in objects:
        found[obj.key.namespace].append(obj)
    return {namespace: tuple(objs) for namespace, objs in sorted(found.items())}


def default_of(ranges: tuple[Manifest, ...], section: Section, resource: str) -> tuple[Manifest, Any] | None:
    """The value that a LimitRange gives a container which sets none, and the LimitRange; None where none does.

    As the API server fills it in: a limit defaults to the maximum, a request to the default limit, else to the minimum.
    https://kubernetes.io/docs/concepts/policy/limit-range/
    """
    order = ("default", "max") if section == "limits" else ("defaultRequest", "default", "max", "min")
    for obj in ranges:
        for item in items(obj, "spec", "limits"):
            values = (dig(item, field, resource) for field in order) if item.get("type") == "Container" else ()
            for value in values:
                if positive(value):
                    return obj, value
    return None


def range_bounds(obj: Manifest) -> frozenset[str]:
    """Which of cpu and memory a LimitRange gives containers or pods a value for."""
    return frozenset(resource for resource in RESOURCES if _range_bounds(obj, resource))


def _range_bounds(obj: Manifest, resource: str) -> bool:
    if default_of((obj,), "limits", resource) is not None:
        return True
    if any(item.get("type") == "Pod" and positive(dig(item, "max", resource)) for item in items(obj, "spec", "limits")):
        return True
    # Teams that run without CPU limits give containers a default request instead.
    containers = (item for item in items(obj, "spec", "limits") if item.get("type") == "Container")
    return resource == "cpu" and any(positive(dig(item, "defaultRequest", "cpu")) for item in containers)


def quota_bounds(found: tuple[Manifest, ...]) -> frozenset[str]:
    """Which of cpu and memory these quotas of one namespace bound together, for all of its pods.

    A quota with scopes bounds the pods of its scope alone, so it counts only beside one for the opposite scope.
    https://kubernetes.io/docs/concepts/policy/resource-quotas/
    """
    scoped: dict[str, set[str]] = defaultdict(set)
    for obj in found:
        for scope in _scopes(obj):
            scoped[scope] |= _hard(obj)
    whole = scoped[""]
    for scope, opposite in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        whole |= scoped[scope] & scoped[opposite]
    return frozenset(whole)


def _scopes(obj: Manifest) -> tuple[str, ...]:
    scopes = dig(obj, "spec", "scopes")
    named = [str(scope) for scope in scopes] if isinstance(scopes, list) else []
    selected = [str(e.get("scopeName")) for e in items(obj, "spec", "scopeSelector", "matchExpressions")]
    plain = all(e.get("operator") == "Exists" for e in items(obj, "spec", "scopeSelector", "matchExpressions"))
    every = [*named, *selected]
    if not every:
        return ("",)
    return (every[0],) if len(every) == 1 and plain else ()


def _hard(obj: Manifest) -> set[str]:
    return {resource for resource in RESOURCES for _ in _bounded(obj, resource)}


def _bounded(obj: Manifest, resource: str) -> Iterator[str]:
    hard = dig(obj, "spec", "hard")
    for key in (resource, f"requests.{resource}", f"limits.{resource}"):
        value = quantity(dig(hard, key))
        if value is not None and value >= 0:
            yield key
