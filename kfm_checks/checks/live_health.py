"""GIT-05: the controller itself reports Synced and Healthy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged, unknown
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.gitops import Reconciler, clean_path
from kfm_checks.facts.live_health import controllers
from kfm_checks.facts.live_rollouts import ROLLING, rollouts
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Evidence, Manifest, Overlay

#: What GitOps controllers report on.
KINDS = (
    "Application.argoproj.io",
    "Kustomization.kustomize.toolkit.fluxcd.io",
    "GitRepository.source.toolkit.fluxcd.io",
)


def controller_reports_healthy(
    cluster: Cluster,
    inventory: Inventory,
    reconcilers: tuple[Reconciler, ...],
    followed: tuple[Any, ...],
    gitops_objects: tuple[Manifest, ...],
    overlay: Overlay,
    config: Config,
) -> Iterator[Evidence]:
    """The GitOps controller reports the overlay as Synced and Healthy, or as Ready in Flux, and the rollouts are done.

    The controller's own word is read: Argo CD's sync and health status, its revision and its errors; Flux's Ready,
    suspension and applied revision. A status that is stale, or of another commit than the one looked at, is not
    believed. Beside it stand the rollouts of the workloads, as `kubectl rollout status` judges them (Argo CD
    documentation, Resource Health; Flux documentation, Kustomization; Kubernetes documentation, Deployment status).

    Remedy: read the controller's conditions, mend what is degraded, and sync again.
    """
    path = clean_path(config.gitops.path or overlay.path)
    # What stands beside the reconciler, outside the overlay, is other teams' business.
    own = [r for r in reconcilers if r.obj not in gitops_objects or any(s.path == path for s in r.sources)]
    said = controllers(cluster, own, followed)
    rolling = [f"{kind}.apps" for kind in ROLLING if inventory.of(kind, "apps")]
    for listing in cluster.unread((*KINDS, *rolling)):
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
