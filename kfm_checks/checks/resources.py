"""RAIL-03: containers say what they need and what they may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfm_checks import remedies
from kfm_checks.config import Config
from kfm_checks.evidence import judged
from kfm_checks.facts.resources import RESOURCES, Section, Setting, default_of, setting
from kfm_checks.facts.workloads import Container
from kfm_checks.model import Evidence, Manifest

Ranges = Mapping[str, tuple[Manifest, ...]]


def containers_set_requests(containers: tuple[Container, ...], limit_ranges: Ranges) -> Iterator[Evidence]:
    """Every container sets CPU and memory requests.

    The scheduler places pods by their requests; without them a node is overbooked and pods are evicted. Requests of
    the whole pod count (pod-level resources). What a LimitRange or a limit would fill in is shown and doesn't count:
    it is not what the author said. Ephemeral containers can't have any.
    Kubernetes documentation, *Resource Management for Pods and Containers*.

    Remedy: set `resources.requests.cpu` and `resources.requests.memory` on the container, from measurements.
    """
    for container in containers:
        for resource in RESOURCES:
            if container.role != "ephemeral":
                yield _judged(container, "requests", resource, limit_ranges)


def containers_set_limits(
    containers: tuple[Container, ...], limit_ranges: Ranges, config: Config
) -> Iterator[Evidence]:
    """Every container sets CPU and memory limits.

    A container without a limit can take all of its node, and its neighbours pay. Limits of the whole pod count. What a
    LimitRange would fill in is shown and doesn't count. A team that runs without CPU limits on purpose declares
    `thresholds.cpu-limits: memory-only`; only memory is then judged, and the report says so.
    Kubernetes documentation, *Resource Management for Pods and Containers*.

    Remedy: set `resources.limits.memory` and `resources.limits.cpu` on the container.
    """
    resources = ("memory",) if config.thresholds.cpu_limits == "memory-only" else RESOURCES
    for container in containers:
        for resource in resources:
            if container.role != "ephemeral":
                yield _judged(container, "limits", resource, limit_ranges)


def _judged(container: Container, section: Section, resource: str, ranges: Ranges) -> Evidence:
    found = setting(container, section, resource)
    name = f"{'CPU' if resource == 'cpu' else resource} {section[:-1]}"
    who = f"container {container.name}"
    other = setting(container, "limits" if section == "requests" else "requests", resource)
    given = None
    if found.ok:
        text = f"{who} has a {name}" + (" set for its whole pod" if found.of_pod else "")
    elif found.value is not None:
        text = f"{who} has a {name} that is no amount above zero"
    else:
        text = f"{who} has no {name}"
        given = default_of(ranges.get(container.workload.namespace, ()), section, resource)
        if section == "requests" and other.ok:
            text += f"; Kubernetes would copy the limit, {other.value}"
        elif given is not None:
            text += f"; LimitRange {given[0].key.name} would give it {given[1]}, which the container doesn't say"
    expected = f"an amount of {'CPU' if resource == 'cpu' else resource}"
    return judged(
        found.ok,
        container.workload.obj,
        found.path,
        message=text,
        expected=expected,
        observed=found.value,
        about=container.name,
        patch="" if found.ok else _patch(container, found, other, given[1] if given else None),
    )


def _patch(container: Container, found: Setting, other: Setting, given: object) -> str:
    """The other amount (of the same container) bounds this one, so it goes before what a LimitRange would give."""
    said = other.value if other.ok else given
    return remedies.amount(container.workload.obj, found.path, said)
