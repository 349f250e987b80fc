"""What the API server refuses of claims, quotas, limits, budgets and autoscalers beyond the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    LABEL,
    SUBDOMAIN,
    Clause,
    Clauses,
    between,
    label,
    mappings,
    more_than_0,
    needs,
    no_less_than_0,
    qualified,
    refuse,
    subdomain,
    unique,
    value,
    words,
)
from kfm_checks.facts.schemas_values_pods import STANDARD, container_resource
from kfm_checks.model import Path

_COUNTED = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_QUOTAS = (
    STANDARD
    | _COUNTED
    | {f"{part}.{name}" for part in ("requests", "limits") for name in STANDARD}
    | {"requests.storage"}
)
_STORED = _QUOTAS | {"storage"}


def _claim(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """How much is claimed."""
    amounts = spec.get("resources") or {}
    storage = (amounts.get("requests") or {}).get("storage") if isinstance(amounts, dict) else None
    if (quantity(storage) or 0) <= 0:
        place = (*path, "resources", "requests", "storage")
        refuse(problems, place, "it claims no storage", "an amount above 0", "absent" if storage is None else storage)


def _positive(found: Any) -> bool:
    """An amount above 0."""
    return (quantity(found) or 0) > 0


def _disk(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A volume has a size and one source: of the fields that are mappings, all but these are sources."""
    capacity = spec.get("capacity") or {}
    if capacity and (set(capacity) != {"storage"} or not _positive(capacity["storage"])):
        refuse(problems, (*path, "capacity"), "a volume has a size", "storage above 0, and nothing else", "another")
    others = ("capacity", "claimRef", "nodeAffinity")
    sources = sorted(name for name, found in spec.items() if isinstance(found, dict) and name not in others)
    if len(sources) != 1:
        refuse(problems, path, "a volume has one source", "one source", ", ".join(sources) or "none")


def _quota(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Known names, amounts of at least 0, whole numbers of what is counted."""
    for name, amount in (spec.get("hard") or {}).items():
        place, parsed = (*path, "hard", name), quantity(amount) or Fraction(0)
        counted = name in _COUNTED or "/" in str(name)
        if not qualified(name) or not ("/" in name or name in _QUOTAS or "hugepages-" in name):
            refuse(
                problems,
                place,
                f"no quota is called {name!r}",
                "a resource that quotas know, or one with a prefix",
                name,
            )
        elif parsed < 0 or (counted and parsed.denominator != 1):
            refuse(
                problems,
                place,
                "it is no amount of this resource",
                "at least 0, whole where things are counted",
                amount,
            )


def _limits(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Each type once; what is least, given and most in order."""
    found = list(mappings(spec.get("limits")))
    unique([((*path, "limits", index, "type"), one.get("type")) for index, one in found], "limits of type", problems)
    for index, one in found:
        place, kind = (*path, "limits", index), str(one.get("type") or "")
        if kind not in ("Pod", "Container", "PersistentVolumeClaim") and "/" not in kind:
            refuse(problems, (*place, "type"), "it is no type", "Pod, Container or PersistentVolumeClaim", kind)
        for low, high in (
            ("min", "max"),
            ("min", "defaultRequest"),
            ("min", "default"),
            ("defaultRequest", "default"),
            ("defaultRequest", "max"),
            ("default", "max"),
        ):
            _in_order(one, low, high, place, problems)
        for part in ("min", "max", "default", "defaultRequest"):
            _bounded(one, part, kind, place, problems)


def _in_order(limit: Mapping[str, Any], low: str, high: str, path: Path, problems: Problems) -> None:
    lower, higher = limit.get(low) or {}, limit.get(high) or {}
    for name in sorted(lower.keys() & higher.keys(), key=str):
        if (quantity(lower[name]) or 0) > (quantity(higher[name]) or 0):
            refuse(problems, (*path, low, name), f"{low} is more than {high}", f"at most {higher[name]}", lower[name])


def _bounded(limit: Mapping[str, Any], part: str, kind: str, path: Path, problems: Problems) -> None:
    found = limit.get(part) or {}
    if found and kind == "Pod" and part.startswith("default"):
        refuse(problems, (*path, part), "pods get no defaults", "nothing", "present")
    for name in sorted(found, key=str):
        known = container_resource(str(name)) if kind in ("Pod", "Container") else "/" in name or name in _STORED
        if not known:
            refuse(
                problems,
                (*path, part, name),
                f"there is no resource {name!r} here",
                "a resource of this type",
                str(name),
            )


def _budget(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """One of the two bounds, at least 0 and at most 100 %."""
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        refuse(problems, path, "minAvailable and maxUnavailable exclude each other", "one of them", "both")
    for name in ("minAvailable", "maxUnavailable"):
        found = spec.get(name)
        over = isinstance(found, str) and re.fullmatch(r"\d+%", found, re.ASCII) and int(found[:-1]) > 100
        if over or (isinstance(found, int) and found < 0):
            refuse(problems, (*path, name), "an amount out of bounds", "at least 0, at most 100%", found)


def _scaled(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """At least as many at most as at least."""
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    if isinstance(most, int) and most < (1 if least is None else least):
        refuse(problems, (*path, "maxReplicas"), "it is less than minReplicas", f"at least {least or 1}", most)


def grouped(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """What is scaled is of a group: nothing of the core group is any more."""
    found = str(obj.get("apiVersion") or "")
    if not re.fullmatch(r"[^/]+/[^/]+", found):
        refuse(problems, (*path, "apiVersion"), "it names no API group", "such as apps/v1", found or "absent")


def _metric(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """The source that the type names, and no other."""
    kind = str(obj.get("type") or "")
    wanted = kind[:1].lower() + kind[1:]
    others = {"object", "pods", "resource", "containerResource", "external"} - {wanted}
    if obj.get(wanted) is None:
        refuse(problems, (*path, wanted), f"a metric of type {kind} says which", wanted, "absent")
    for other in sorted(name for name in others if obj.get(name) is not None):
        refuse(problems, (*path, other), f"it does not belong to the type {kind}", "nothing", "present")


def _target(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """What a resource metric aims at."""
    target = obj.get("target") or {}
    if target.get("averageUtilization") is None and target.get("averageValue") is None:
        place = (*path, "target", "averageUtilization")
        refuse(problems, place, "the metric aims at nothing", "averageUtilization or averageValue", "absent")


_MODES = (
    words("accessModes", "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"),
    words("volumeMode", "Block", "Filesystem", strict=True),
)
_ABOVE_0 = "an amount above 0"
_SCALING: tuple[Clause, ...] = (
    value("policies", bool, "a list of at least one policy"),
    value("stabilizationWindowSeconds", between(0, 3600), "from 0 to 3600"),
)
AMOUNTS: Clauses = {
    "core.v1.PersistentVolumeClaim": (needs("spec"),),
    "core.v1.PersistentVolumeClaimTemplate": (needs("spec"),),
    "core.v1.PersistentVolumeClaimSpec": (
        needs("accessModes"), _claim, value("storageClassName", subdomain, SUBDOMAIN),
        *_MODES,
    ),
    "core.v1.PersistentVolume": (needs("spec"),),
    "core.v1.PersistentVolumeSpec": (
        needs("accessModes", "capacity"), _disk, value("storageClassName", subdomain, SUBDOMAIN), *_MODES,
    ),
    "core.v1.ResourceQuotaSpec": (_quota,),
    "core.v1.LimitRangeSpec": (_limits,),
    "policy.v1.PodDisruptionBudgetSpec": (_budget,),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (
        _scaled, *no_less_than_0("minReplicas"), *more_than_0("maxReplicas"),
    ),
    "autoscaling.v2.HorizontalPodAutoscaler": (needs("spec"),),
    "autoscaling.v2.CrossVersionObjectReference": (needs("kind", "name"),),
    "autoscaling.v2.MetricSpec": (_metric,),
    "autoscaling.v2.ResourceMetricSource": (needs("name"), _target),
    "autoscaling.v2.ContainerResourceMetricSource": (
        needs("name", "container"), _target, value("container", label, LABEL),
        value("name", container_resource, "a resource of containers"),
    ),
    "autoscaling.v2.MetricTarget": (
        *more_than_0("averageUtilization"),
        value("averageValue", _positive, _ABOVE_0), value("value", _positive, _ABOVE_0),
    ),
    "autoscaling.v2.HPAScalingRules": (*_SCALING, words("selectPolicy", "Max", "Min", "Disabled", strict=True)),
    "autoscaling.v2.HPAScalingPolicy": (
        words("type", "Pods", "Percent", strict=True), *more_than_0("value"),
        value("periodSeconds", between(1, 1800), "from 1 to 1800"),
    ),
}  # fmt: skip
