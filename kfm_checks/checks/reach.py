"""LAY-09 and LAY-10: what comes from elsewhere is pinned; what lies here is used and tracked."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.config import Config
from kfm_checks.evidence import fails, file_key, holds, judged
from kfm_checks.facts.gitops import GitSource, Reconciler, same_repository
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.references import References
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.model import Evidence, Path

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_EXACT_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)*")
_DIGEST = re.compile(r"@?sha256:[0-9a-f]{64}")


def remote_bases_are_pinned(
    tree: Tree, references: References, inventory: Inventory, reconcilers: tuple[Reconciler, ...], config: Config
) -> Iterator[Evidence]:
    """Every remote base or chart is pinned to a revision that can't move.

    A branch, a tag or a version range lets others change production without a pull request here. A full commit id or a
    digest can't be moved; a chart's exact version is taken as the chart repository's promise (SLSA v1.0, Dependency
    tracks, calls this pinning).

    Remedy: write `?ref=` with the full commit id, the chart's exact version, or vendor the base.
    """
    for reference in references:
        if reference.role == "remote":
            ok = _pinned_address(reference.target)
            yield judged(
                ok,
                file_key(reference.source.file),
                reference.path,
                message="pinned" if ok else "a remote base that is not pinned to a commit",
                expected="a full commit id or digest",
                observed=reference.target,
                source=reference.source,
            )
    for kustomization in references.kustomizations:
        for index, chart in enumerate(_charts(kustomization.content)):
            path: Path = ("helmCharts", index, "version")
            version = str(dig(chart, "version", default=""))
            place = kustomization.file.at(kustomization.document.line_of(*path))
            yield _chart(file_key(kustomization.file.source_path), path, version, source=place)
    for reconciler in reconcilers:
        for source in reconciler.sources:
            yield from _gitops_source(reconciler, source, config)
    for release in inventory.of("HelmRelease", "helm.toolkit.fluxcd.io"):
        if dig(release, "spec", "chart", "spec", "sourceRef", "kind") != "GitRepository":
            version = str(dig(release, "spec", "chart", "spec", "version", default=""))
            if not dig(release, "spec", "chartRef"):
                yield _chart(release, ("spec", "chart", "spec", "version"), version)


def _charts(content: dict[str, Any]) -> list[Any]:
    charts = content.get("helmCharts")
    return charts if isinstance(charts, list) else []


def _chart(subject: Any, path: Path, version: str, **more: Any) -> Evidence:
    ok = bool(_EXACT_VERSION.fullmatch(version) or _DIGEST.search(version))
    message = "the chart's version is exact" if ok else "the chart's version may move"
    return judged(ok, subject, path, message=message, expected="an exact version", observed=version or "absent", **more)


def _gitops_source(reconciler: Reconciler, source: GitSource, config: Config) -> Iterator[Evidence]:
    own = not source.repository or same_repository(source.repository, config.gitops.repository)
    if source.chart and source.chart != "helm" and reconciler.tool == "Argo CD":
        yield _chart(reconciler.obj, (*source.at, "targetRevision"), source.revision)
    elif not own and config.gitops.repository and not source.chart:
        ok = bool(_COMMIT.fullmatch(source.revision))
        yield judged(
            ok,
            reconciler.obj,
            (*source.at, "targetRevision") if reconciler.tool == "Argo CD" else source.at,
            message="another repository, pinned to a commit"
            if ok
            else "another repository, followed at a name that moves",
            expected="a full commit id",
            observed=f"{source.repository} {source.revision}",
        )


def _pinned_address(address: str) -> bool:
    ref = re.search(r"[?&](?:ref|version)=([^&]+)", address)
    if ref:
        return bool(_COMMIT.fullmatch(ref[1]))
    return bool(_DIGEST.search(address) or re.search(r"/[0-9a-f]{40}/", address))


def no_orphan_manifests(
    manifest_files: tuple[TreeFile, ...],
    references: References,
    tracked_files: frozenset[str],
    ignored_files: frozenset[str],
    followed: tuple[Any, ...],
    config: Config,
) -> Iterator[Evidence]:
    """Every manifest in the folder is tracked by git, and reached from the entrypoint or from a GitOps object.

    A manifest that nothing reaches looks as if it were in force; one that git does not track is on one machine only.
    `governance/`, `data/` and configuration are no manifests. What `gitops.manifests` names is where the controller's
    own objects live: they are applied once, by hand or by a bootstrap, and nothing else has to reach them.

    Remedy: list the file in a kustomization or point a GitOps object at it, `git add` it, or delete it.
    """
    reached, sources = references.reached, [f.path for f in followed if f.state == "rendered"]
    wired = [posixpath.normpath(name) for name in config.gitops.manifests]
    for file in manifest_files:
        if file.source_path in ignored_files:
            continue
        used = file.source_path in reached or any(file.source_path.startswith(f"{path}/") for path in sources)
        used = used or any(file.path == name or file.path.startswith(f"{name}/") for name in wired)
        tracked = file.source_path in tracked_files
        message = "reached and tracked" if used and tracked else _problem(used, tracked)
        make = holds if used and tracked else fails
        seen = f"{'reached' if used else 'not reached'}, {'tracked' if tracked else 'not tracked'}"
        yield make(
            file_key(file.path), message=message, expected="reached and tracked", observed=seen, source=file.at(1)
        )


def _problem(used: bool, tracked: bool) -> str:
    if not used and not tracked:
        return "nothing reaches it, and git does not track it"
    return "git does not track it" if used else "nothing reaches it from the entrypoint or a GitOps object"
