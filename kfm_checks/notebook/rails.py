"""Pictures of notebook 05: which workload and which namespace has which rail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kfm_checks.facts.resources import setting
from kfm_checks.facts.workloads import Container
from kfm_checks.model import Evidence, Outcome
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import grid, honest
from kfm_checks.notebook.pictures import Grid, Said
from kfm_checks.notebook.tables import table

if TYPE_CHECKING:
    import pandas as pd

#: Checks about workloads, with a heading that fits.
WORKLOAD_RAILS: Mapping[str, str] = {
    "workloads-have-liveness-probe": "RAIL-02 liveness probe",
    "workloads-have-readiness-probe": "RAIL-02 readiness probe",
    "containers-set-requests": "RAIL-03 requests",
    "containers-set-limits": "RAIL-03 limits",
    "critical-workloads-have-disruption-budget": "RAIL-04 disruption budget",
    "critical-workloads-are-spread": "RAIL-05 spread",
    "images-are-not-latest": "RAIL-06 not latest",
    "images-are-pinned-by-digest": "RAIL-06 digest",
    "pods-meet-baseline": "RAIL-08 baseline",
    "pods-meet-restricted": "RAIL-08 restricted (should)",
    "service-account-tokens-are-needed": "RAIL-11 token",
    "datastores-are-backed-up": "RAIL-12 backup",
}
NAMESPACE_RAILS: Mapping[str, str] = {
    "namespaces-have-quota": "RAIL-01 quota",
    "namespaces-have-limit-range": "RAIL-01 limit range",
    "services-avoid-node-port": "RAIL-07 no node port",
    "namespaces-enforce-pod-security": "RAIL-08 Pod Security",
}
ADMISSION_RAILS: Mapping[str, str] = {
    "admission-policies-are-enforced": "RAIL-09 enforced",
    "objects-pass-admission-policies": "RAIL-09 objects pass",
    "image-signatures-are-verified": "RAIL-10 signatures",
}

_OUTCOMES: Mapping[Outcome, str] = {
    "pass": "met",
    "fail": "not met",
    "not-applicable": "not applicable",
    "not-verified": "not verified",
    "blocked": "not verified",
    "error": "not verified",
}


@honest
def by_workload(book: Book) -> Grid | Said:
    """Workloads down, rails across."""
    ids = {workload.id for workload in book.fact("workloads")}
    return grid(
        book,
        "Which workload has which rail",
        "A line for each workload; an empty field means that the rail is not asked of it.",
        "workload",
        WORKLOAD_RAILS,
        _among(ids),
        ids,
    )


def _among(ids: set[str]) -> Callable[[Evidence], str | None]:
    def label(item: Evidence) -> str | None:
        return str(item.subject) if str(item.subject) in ids else None

    return label


@honest
def by_namespace(book: Book) -> Grid | Said:
    """Namespaces down, rails across; a Service counts for its namespace."""
    return grid(
        book,
        "Which namespace has which rail",
        "A line for each namespace. A node port would open a Service on every machine of the cluster.",
        "namespace",
        NAMESPACE_RAILS,
        lambda item: item.subject.name if item.subject.kind == "Namespace" else item.subject.namespace or None,
    )


def admission(book: Book) -> pd.DataFrame:
    """The rails at the cluster's door: what refuses a bad object before it is stored."""
    lines = []
    for check, heading in ADMISSION_RAILS.items():
        result = book.results.get(check)
        if result is None:
            lines.append((heading, "not verified", "there is no such check yet"))
            continue
        failing = sum(item.holds is False for item in result.evidence)
        words = f"looked at {result.examined}" + (f", {failing} not as they should be" if failing else "")
        lines.append((heading, _OUTCOMES[result.outcome], result.reason or words))
    return table(lines, ("rail", "outcome", "why"))


@honest
def resources(book: Book) -> pd.DataFrame:
    """What each container asks for, and what it may use at most, as written."""
    lines = [
        (
            container.workload.id,
            container.name,
            container.role,
            _asked(container, "requests"),
            _asked(container, "limits"),
        )
        for workload in sorted(book.fact("workloads"), key=lambda each: str(each.id))
        for container in workload.containers
        if container.role != "ephemeral"
    ]
    return table(lines, ("workload", "container", "role", "asks for (CPU, memory)", "at most (CPU, memory)"))


def _asked(container: Container, section: str) -> str:
    settings = [
        setting(container, "requests" if section == "requests" else "limits", name) for name in ("cpu", "memory")
    ]
    return ", ".join("nothing" if each.value is None else str(each.value) for each in settings)
