"""A cluster in which the real Argo CD reconciles the shipped overlay, and what is seen of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from kfm_checks.facts.live_drift import Drift
from kfm_checks.judged import Judged
from kfm_checks.run import Options, judge
from tests.cluster.argocd import Repository, applications, states
from tests.cluster.controlplane import ControlPlane
from tests.conftest import AS_OF

MERGE_PATCH = "application/merge-patch+json"
DONE = ("Synced", "Healthy")


@dataclass(frozen=True)
class Production:
    """A cluster in which Argo CD reconciles the overlay from a repository."""

    plane: ControlPlane
    repository: Repository

    def judge(self) -> Judged:
        """What a run with ``--context`` says of it."""
        os.environ["KUBECONFIG"] = str(self.plane.kubeconfig)
        folder = self.repository.folder / "infra/clusters/prod"
        return judge(folder, Options(context="admin", as_of=AS_OF))

    def settled(self) -> bool:
        """Whether every Application is Synced and Healthy."""
        known = states(self.plane)
        return len(known) == 3 and set(known.values()) == {DONE}


def settle(production: Production, seconds: float = 600) -> None:
    """Wait until every Application is Synced and Healthy, or say what Argo CD says instead."""
    try:
        production.plane.wait("every Application Synced and Healthy", production.settled, seconds)
    except AssertionError as error:
        raise AssertionError(f"{unwell(production.plane)}\n{error}") from None


def unwell(plane: ControlPlane) -> list[str]:
    """What Argo CD does not find Synced and Healthy."""
    return [
        f"{name}: {r['kind']} {r.get('namespace', '')}/{r['name']} {r.get('status')} {r.get('health')}"
        for name, a in applications(plane).items()
        for r in a.get("status", {}).get("resources", [])
        if r.get("status") != "Synced" or r.get("health", {}).get("status", "Healthy") != "Healthy"
    ]


def rows(judged: Judged) -> dict[str, str]:
    """Each row's status."""
    return {row.id: row.status for row in judged.report.requirements}


def drifted(judged: Judged) -> set[tuple[str, str]]:
    """What was found changed, missing or extra: the change and the object."""
    found: tuple[Drift, ...] = judged.facts.get("drift")
    return {(one.change, str(one.key)) for one in found if one.change != "same"}


def refresh(plane: ControlPlane) -> None:
    """Let Argo CD compare now."""
    for name in applications(plane):
        path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        plane.request("PATCH", path, body, content_type=MERGE_PATCH)


def out_of_sync(plane: ControlPlane) -> set[str]:
    """What Argo CD's own diff names, by ``namespace/kind/name``."""
    return {
        "/".join(part for part in (r.get("namespace", ""), r["kind"], r["name"]) if part)
        for a in applications(plane).values()
        for r in a["status"].get("resources", [])
        if r.get("status") == "OutOfSync"
    }


def sync(plane: ControlPlane) -> None:
    """Take a change back: Argo CD is told to sync."""
    for name in applications(plane):
        path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        body = {"operation": {"initiatedBy": {"username": "tests"}, "sync": {"syncOptions": ["ServerSideApply=true"]}}}
        plane.request("PATCH", path, body, content_type=MERGE_PATCH)
