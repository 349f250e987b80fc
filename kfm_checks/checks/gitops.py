"""GIT-01 … GIT-03 and META-04: who reconciles this overlay, from where, and whether drift is healed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks import remedies
from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.gitops import GitSource, Reconciler, clean_path, other_controllers, same_repository
from kfm_checks.facts.gitops_blind import blind_spots
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.repository import Repository
from kfm_checks.model import Evidence, Manifest, Overlay

_ABSENT = "no object in this repository reconciles this path; say under `gitops.manifests` where it lives"


def overlay_is_reconciled(
    reconcilers: tuple[Reconciler, ...],
    overlay: Overlay,
    config: Config,
    followed: tuple[Any, ...],
    gitops_objects: tuple[Manifest, ...],
    inventory: Inventory,
) -> Iterator[Evidence]:
    """A controller object reconciles this very path.

    Desired state is in force only where a controller pulls it (OpenGitOps principles v1.0.0, 3). The object may live
    outside the overlay: `gitops.manifests` says where.

    Remedy: point an Argo CD Application's `spec.source.path`, or a Flux Kustomization's `spec.path`, at this folder.
    """
    path = _path(overlay, config)
    own = [(r, s) for r in reconcilers for s in r.sources if s.path == path and not s.chart]
    for reconciler, source in own:
        yield holds(reconciler.obj, source.at, message=f"{reconciler.tool} reconciles {path}", observed=source.path)
    for item in followed:
        if item.state == "missing":
            text = f"it reconciles a path that isn't there: {item.path}"
            yield fails(
                item.subject, message=text, expected="a folder of this repository", observed=item.path, about=item.id
            )
    if own:
        return
    if gitops_objects:
        for obj in gitops_objects:
            if any(r.obj is obj for r in reconcilers):
                text = f"it stands where the reconciler should, and does not reconcile {path}"
                yield fails(obj, message=text, expected=path, observed="another path")
    yield from _others(inventory)
    raise NotVerified(_ABSENT)


def reconciliation_self_heals(
    reconcilers: tuple[Reconciler, ...],
    inventory: Inventory,
    gitops_objects: tuple[Manifest, ...],
    overlay: Overlay,
    config: Config,
) -> Iterator[Evidence]:
    """Reconciliation is automatic and heals drift.

    Argo CD: `syncPolicy.automated` with `selfHeal` and `prune` (Argo CD documentation, Automated Sync Policy), not told
    to skip the Application, nor to ignore whole objects or what kubectl changes (Diff Customization). Flux: neither it
    nor its source suspended, no object left alone by annotation, and `prune: true` (Kustomization API). Each
    defaults to off where it is absent.

    Remedy: turn on `automated`, `selfHeal` and `prune`; take off `suspend`.
    """
    path = _path(overlay, config)
    # What stands beside the reconciler, outside the overlay, is other teams' business.
    own = [r for r in reconcilers if r.obj not in gitops_objects or any(s.path == path for s in r.sources)]
    for reconciler in own:
        yield from _argo_heals(reconciler) if reconciler.tool == "Argo CD" else _flux_heals(reconciler)
    if any(reconciler.tool == "Flux" for reconciler in own):
        yield from _left_alone(inventory)
    yield from _others(inventory)
    if not own:
        raise NotVerified(_ABSENT)


def _argo_heals(reconciler: Reconciler) -> Iterator[Evidence]:
    obj, spec = reconciler.obj, reconciler.spec
    policy = (*spec, "syncPolicy", "automated")
    automated = dig(obj, *policy)
    on = isinstance(automated, dict) and automated.get("enabled") is not False
    message = "it syncs by itself" if on else "it is synced by hand"
    patch = "" if on else remedies.merge(obj, policy, {"enabled": True, "selfHeal": True, "prune": True})
    yield judged(on, obj, policy, message=message, expected="automated", observed=automated, patch=patch)
    if not on:
        return
    for name, good, bad in (
        ("selfHeal", "it puts back what was changed by hand", "what was changed by hand stays"),
        ("prune", "it removes what git no longer has", "what git no longer has stays"),
    ):
        ok = automated.get(name) is True
        path = (*policy, name)
        details = {"expected": "true", "observed": automated.get(name)}
        patch = "" if ok else remedies.merge(obj, path, True)
        yield judged(ok, obj, path, message=good if ok else bad, patch=patch, **details)
    for spot in blind_spots(reconciler):
        message = f"{spot.words}: what was changed by hand stays"
        patch = remedies.merge(obj, spot.field, spot.mended)
        yield fails(obj, spot.path, message=message, expected="absent", observed=spot.observed, patch=patch)


def _flux_heals(reconciler: Reconciler) -> Iterator[Evidence]:
    obj = reconciler.obj
    suspended, prune = dig(obj, "spec", "suspend") is True, dig(obj, "spec", "prune") is True
    yield judged(
        not suspended,
        obj,
        ("spec", "suspend"),
        message="it is suspended" if suspended else "it reconciles by itself",
        expected="false or absent",
        observed=dig(obj, "spec", "suspend"),
        patch=remedies.merge(obj, ("spec", "suspend"), False) if suspended else "",
    )
    if dig(reconciler.source, "spec", "suspend") is True and reconciler.source is not None:
        yield fails(
            reconciler.source,
            ("spec", "suspend"),
            message="it is suspended, so no commit is fetched any more",
            expected="false or absent",
            observed=True,
            patch=remedies.merge(reconciler.source, ("spec", "suspend"), False),
        )
    message = "it removes what git no longer has" if prune else "what git no longer has stays"
    patch = "" if prune else remedies.merge(obj, ("spec", "prune"), True)
    observed = dig(obj, "spec", "prune")
    yield judged(prune, obj, ("spec", "prune"), message=message, expected="true", observed=observed, patch=patch)


def _left_alone(inventory: Inventory) -> Iterator[Evidence]:
    """Objects that Flux is told not to touch once they are there, by an annotation or a label."""
    for obj in inventory:
        for place in ("annotations", "labels"):
            for name, word in _LEFT_ALONE:
                path = ("metadata", place, name)
                if str(dig(obj, *path, default="")).lower() == word:
                    message = "Flux is told to leave it alone: what was changed by hand stays"
                    patch = remedies.merge(obj, path, None)
                    yield fails(obj, path, message=message, expected="absent", observed=dig(obj, *path), patch=patch)


_LEFT_ALONE = (
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
    ("kustomize.toolkit.fluxcd.io/ssa", "ignore"),
)


def reconciliation_tracks_main(
    reconcilers: tuple[Reconciler, ...],
    overlay: Overlay,
    config: Config,
    repository: Repository | None,
    inventory: Inventory,
) -> Iterator[Evidence]:
    """Reconciliation follows main of the declared repository.

    A pull request to main means nothing where the controller follows another branch, or another repository. A fixed tag
    or commit is an alternative that the configuration declares (`gitops.branch`).

    Remedy: set `targetRevision` (Flux: the GitRepository's `ref.branch`) to the declared branch, and the URL to the
    declared repository.
    """
    path, declared = _path(overlay, config), config.gitops.repository
    judged_any = False
    for reconciler in reconcilers:
        for source in reconciler.sources:
            own = source.path == path or (declared and same_repository(source.repository, declared))
            if source.chart or not own:
                continue
            judged_any = True
            yield _revision(reconciler, source, config.gitops.branch)
            yield _repository(reconciler, source, declared)
    yield from _others(inventory)
    if not judged_any:
        raise NotVerified(_ABSENT)


def _revision(reconciler: Reconciler, source: GitSource, branch: str) -> Evidence:
    at = (*source.at, "targetRevision") if reconciler.tool == "Argo CD" else source.at
    revision = source.revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
    details = {"expected": branch, "observed": source.revision}
    if not source.repository and reconciler.tool == "Flux":
        return unknown(reconciler.obj, at, message="its source object is not in this repository", **details)
    if revision == branch:
        return holds(reconciler.obj, at, message=f"it follows {branch}", **details)
    if revision == "HEAD":
        message = "it follows HEAD: whatever the repository's default branch is at the moment"
        return unknown(reconciler.obj, at, message=message, **details)
    return fails(reconciler.obj, at, message=f"it follows {revision}, not {branch}", **details)


def _repository(reconciler: Reconciler, source: GitSource, declared: str) -> Evidence:
    at = (*source.at, "repoURL") if reconciler.tool == "Argo CD" else source.at
    details: dict[str, Any] = {"observed": source.repository or "unknown", "about": "repository"}
    if not declared:
        message = "nobody declares which repository is the right one (gitops.repository)"
        return unknown(reconciler.obj, at, message=message, expected="gitops.repository", **details)
    if not source.repository:
        return unknown(
            reconciler.obj, at, message="its source object is not in this repository", expected=declared, **details
        )
    ok = same_repository(source.repository, declared)
    message = "it pulls from the declared repository" if ok else "it pulls from another repository"
    return judged(ok, reconciler.obj, at, message=message, expected=declared, **details)


def gitops_controller_is_known(
    reconcilers: tuple[Reconciler, ...], overlay: Overlay, config: Config, inventory: Inventory
) -> Iterator[Evidence]:
    """The GitOps controller is known.

    Read from the object that reconciles this path; other GitOps objects in the render are no proof of who does it.

    Remedy: keep the reconciling object in this repository, and say under `gitops.manifests` where it lives.
    """
    path = _path(overlay, config)
    found = False
    for reconciler in reconcilers:
        if any(source.path == path and not source.chart for source in reconciler.sources):
            found = True
            yield holds(reconciler.obj, message=f"{reconciler.tool} reconciles this path", observed=reconciler.tool)
    if not found:
        yield from _others(inventory)
        raise NotVerified(_ABSENT)


def _others(inventory: Inventory) -> Iterator[Evidence]:
    """Controllers that are neither Argo CD nor Flux: named, not judged."""
    for obj, name in other_controllers(inventory):
        yield unknown(obj, message=f"{name} is a GitOps controller that is not evaluated", observed=name)


def _path(overlay: Overlay, config: Config) -> str:
    return clean_path(config.gitops.path or overlay.path)
