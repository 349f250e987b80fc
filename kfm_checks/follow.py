"""Follow what GitOps objects reconcile from this repository: each source once; what can't be had is named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kfm_checks.ahead import Ahead
from kfm_checks.config import Config
from kfm_checks.delivery import changed
from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.gitops import GitSource, reconcilers, same_repository
from kfm_checks.facts.objects import Delivery, dig, inventory, placed, scopes_of
from kfm_checks.facts.substitution import substituted, substitution
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.overrides import overrides
from kfm_checks.render import Render, Renderer, entrypoint
from kfm_checks.sources import Job, is_overlay, overlay_path, remote, sources
from kfm_checks.target import Target

#: Sources of sources are followed so deep: deeper is a loop that changes its parameters.
DEPTH = 8


@dataclass(frozen=True)
class Followed:
    """One source of a reconciler and what became of it."""

    subject: ObjectKey
    tool: str
    repository: str
    path: str
    revision: str
    #: ``overlay``: it is the overlay itself · ``rendered`` · ``unavailable`` · ``missing``: the path isn't there.
    state: Literal["overlay", "rendered", "unavailable", "missing"]
    reason: str = ""
    objects: int = 0

    @property
    def id(self) -> str:
        """What tells the sources of one object apart."""
        return f"{self.repository}#{self.path}@{self.revision}"


@dataclass(frozen=True)
class _Following:
    config: Config
    target: Target
    tool: Renderer | None
    repository: str
    ahead: Ahead
    #: The namespaces of the overlay's objects, "" for those that name none.
    namespaces: frozenset[str]

    def seen(self) -> set[str]:
        """What is not rendered again: the overlay, to begin with."""
        return {_identity(GitSource("", overlay_path(self.config, self.target), ""), "")}


def look_ahead(ahead: Ahead, objects: tuple[Manifest, ...], config: Config, target: Target, tool: Renderer) -> None:
    """Begin to render the sources that ``follow`` will want if the overlay renders to these objects, as it may not."""
    context = _Following(config, target, tool, config.gitops.repository or remote(target), ahead, _namespaces(objects))
    seen = context.seen()
    jobs = [job for reconciler in reconcilers(inventory(objects), ()) for job in sources(reconciler, target)]
    for job in jobs:
        _, folder = _plan(job, context, seen)
        if folder is not None and entrypoint(folder) is not None and len(ahead) < AT_ONCE:
            ahead.begin(tool, folder, overrides(job[1]))


def follow(
    objects: tuple[Manifest, ...],
    outside: tuple[Manifest, ...],
    config: Config,
    target: Target,
    tool: Renderer | None,
    ahead: Ahead | None = None,
    delivery: Delivery | None = None,
) -> tuple[tuple[Followed, ...], tuple[Manifest, ...]]:
    """Render the in-repository sources of the overlay's GitOps objects, recursively, each once.

    Returns what became of each source, and the objects that they render to. ``ahead`` has renders already begun;
    ``delivery`` says where those of the overlay's objects go that name no namespace.
    """
    repository = config.gitops.repository or remote(target)
    context = _Following(config, target, tool, repository, ahead or Ahead(), _namespaces(objects))
    seen = context.seen()
    followed: list[Followed] = []
    more: list[Manifest] = []
    level: tuple[Manifest, ...] = objects
    for _ in range(DEPTH):
        first = level is objects
        found = reconcilers(inventory(level, delivery if first else None), outside if first else ())
        jobs = [job for reconciler in found for job in sources(reconciler, target)]
        # An object outside the overlay is followed only where it reconciles this overlay: the rest is others' business.
        jobs = [job for job in jobs if job[0] not in {o.key for o in outside} or is_overlay(job[1], config, target)]
        done = list(_rendered(jobs, context, seen))
        followed.extend(item for item, _ in done)
        level = tuple(obj for _, made in done for obj in made)
        more.extend(level)
        if not level:
            break
    followed.extend(_charts((*objects, *more)))
    return tuple(followed), tuple(more)


#: What makes a controller inflate a Helm chart in the cluster: (group, kind) -> tool, and where the chart is named.
_CHARTS = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): ("Flux", (("chart", "spec", "chart"), ("chartRef", "name"))),
    ("helm.cattle.io", "HelmChart"): ("Helm controller", (("chart",),)),
}


def _charts(objects: Iterable[Manifest]) -> Iterator[Followed]:
    """Charts that a controller inflates in the cluster: what they make is not here to be judged."""
    for obj in objects:
        tool, places = _CHARTS.get((obj.key.group, obj.key.kind), ("", ()))
        if tool:
            chart = next((str(name) for place in places if (name := dig(obj, "spec", *place))), obj.key.name)
            reason = f"the Helm chart {chart} is inflated in the cluster, not here"
            yield Followed(obj.key, tool, "", "", "", "unavailable", reason)


def _identity(source: GitSource, namespace: str) -> str:
    return json.dumps([source.path, namespace, source.kustomize], sort_keys=True, default=str)


#: Renders under way at once.
AT_ONCE = 4


def _rendered(jobs: list[Job], context: _Following, seen: set[str]) -> Iterator[tuple[Followed, tuple[Manifest, ...]]]:
    """Render what can be had, a few at a time; the order is that of the jobs."""
    plans = [(job, *_plan(job, context, seen)) for job in jobs]
    for begin in range(0, len(plans), AT_ONCE):
        part = plans[begin : begin + AT_ONCE]
        started = [(job, item, _start(folder, job[1], context) if folder else None) for job, item, folder in part]
        try:
            for job, item, render in started:
                yield _made(job, item, render, context)
        finally:
            for _, _, render in started:
                if render is not None and render[1] is not None:
                    render[1].stop()


def _made(
    job: Job, item: Followed, render: _Started | None, context: _Following
) -> tuple[Followed, tuple[Manifest, ...]]:
    if render is None:
        return item, ()
    try:
        made = _objects(*render, job, context)
    except KfmChecksError as error:
        return replace(item, state="unavailable", reason=str(error)), ()
    return replace(item, objects=len(made)), made


#: The folder, and the render of it under way (None: it holds plain manifests).
_Started = tuple[Path, Render | None]


def _plan(job: Job, context: _Following, seen: set[str]) -> tuple[Followed, Path | None]:
    """What becomes of a source, and the folder to be read or rendered for it."""
    key, source, namespace, why = job

    def item(state: Any, reason: str = "") -> Followed:
        tool = "Flux" if key.group.endswith("fluxcd.io") else "Argo CD"
        return Followed(key, tool, source.repository, source.path, source.revision, state, reason)

    if why or source.chart:
        return item("unavailable", why or f"a chart or bucket ({source.chart}) can't be had here"), None
    if not same_repository(source.repository, context.repository):
        return item("unavailable", _elsewhere(source, context)), None
    if is_overlay(source, context.config, context.target):
        why = changed(source, context.namespaces)
        return (item("unavailable", why) if why else item("overlay")), None
    folder = (context.target.root / source.path).resolve()
    if context.target.root not in (folder, *folder.parents) or not folder.is_dir():
        return item("missing", f"{source.path} is not in this repository"), None
    if (folder / "Chart.yaml").is_file() and entrypoint(folder) is None:
        return item("unavailable", f"{source.path} is a Helm chart"), None
    if entrypoint(folder) is not None and context.tool is None:
        return item("unavailable", "a render made elsewhere was given, so sources are not rendered"), None
    identity = _identity(source, namespace)
    if identity in seen:
        return item("rendered", "already rendered for another reconciler"), None
    seen.add(identity)
    return item("rendered"), folder


def _namespaces(objects: Iterable[Manifest]) -> frozenset[str]:
    """The namespaces of the objects, and those that are objects: kustomize's setting renames them as well."""
    from kfm_checks.facts.scopes import is_cluster_scoped

    named = {obj.key.name for obj in objects if (obj.key.group, obj.key.kind) == ("", "Namespace")}
    return frozenset(named) | frozenset(
        obj.key.namespace for obj in objects if not is_cluster_scoped(obj.key.group, obj.key.kind)
    )


def _elsewhere(source: GitSource, context: _Following) -> str:
    if not source.repository:
        return "its source object is not in this repository"
    if not context.repository:
        return "nothing says whether its repository is this one; declare gitops.repository"
    return f"another repository ({source.repository}) can't be had here"


def _start(folder: Path, source: GitSource, context: _Following) -> _Started:
    if entrypoint(folder) is None or context.tool is None:
        return folder, None
    return folder, context.ahead.start(context.tool, folder, overrides(source))


def _objects(folder: Path, render: Render | None, job: Job, context: _Following) -> tuple[Manifest, ...]:
    """The objects of one source; Argo CD puts those without a namespace into the destination's."""
    from kfm_checks.facts.references import references
    from kfm_checks.facts.tree import Tree
    from kfm_checks.provenance import Provenance
    from kfm_checks.target import manifests_of

    if render is None:
        return _applied(manifests_of(folder, context.target.root), job)
    tree = Tree(folder, context.target.root)
    origins = Provenance(tree, references(tree), job[1].path)
    return _applied(origins.parse(render.text(), job[1].path), job)


def _applied(objects: Iterable[Manifest], job: Job) -> tuple[Manifest, ...]:
    """Objects as the controller applies them: Flux fills in variables, Argo CD puts objects without a namespace into
    the destination's. The overlay's own namespace is not that of its sources.
    """
    known = substitution([job[1].kustomize])
    made = tuple(substituted(obj, known) for obj in objects)
    scopes = scopes_of(made)
    return tuple(placed(obj, job[2] or "default", scopes) for obj in made)
