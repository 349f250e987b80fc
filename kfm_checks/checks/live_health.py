"""GIT-05: the controller itself reports Synced and Healthy."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged, unknown
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.live_health import controllers, rollouts
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Evidence

#: What GitOps controllers report on.
KINDS = (
    "Application.argoproj.io",
    "Kustomization.kustomize.toolkit.fluxcd.io",
    "GitRepository.source.toolkit.fluxcd.io",
)


def controller_reports_healthy(
    cluster: Cluster, inventory: Inventory, reconcilers: tuple[Reconciler, ...]
) -> Iterator[Evidence]:
    """The GitOps controller reports the overlay as Synced and Healthy, or as Ready in Flux, and the rollouts are done.

    The controller's own word is read: Argo CD's sync and health status, its revision and its errors; Flux's Ready,
    suspension and applied revision. A status that is stale, or of another commit than the one looked at, is not
    believed. Beside it stand the rollouts of the workloads, as `kubectl rollout status` judges them (Argo CD
    documentation, Resource Health; Flux documentation, Kustomization; Kubernetes documentation, Deployment status).

    Remedy: read the controller's conditions, mend what is degraded, and sync again.
    """
    said = controllers(cluster, inventory, reconcilers)
    for listing in cluster.unread(KINDS):
        yield unknown(listing.key, message=listing.refusal)
    for one in (*said, *rollouts(cluster, inventory)):
        yield judged(
            one.ok,
            one.obj,
            ("status",),
            message=one.message,
            expected=one.expected,
            observed=one.observed,
            about=one.what,
        )
    if not said:
        raise NotVerified("the cluster shows no Argo CD Application and no Flux Kustomization of this overlay")
