"""How reconcilers deliver this very overlay: into which namespace, with which variables filled in, changed by what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kfm_checks.config import Config
from kfm_checks.facts.gitops import GitSource, reconcilers, same_repository
from kfm_checks.facts.objects import Delivery, inventory, placed, scopes_of
from kfm_checks.facts.substitution import substituted, substitution
from kfm_checks.model import Manifest
from kfm_checks.sources import Job, is_overlay, remote, sources
from kfm_checks.target import Target

#: The setting that makes kustomize put objects into a namespace: Argo CD's, Flux's.
_NAMESPACE = ("namespace", "targetNamespace")
#: What a reconciler may do to the overlay on its way into the cluster, so that the render is not what is applied.
_CHANGES = (
    *("patches", "patchesStrategicMerge", "patchesJson6902", "images", "replicas", "components"),
    *("namePrefix", "nameSuffix"),
)


def delivering(
    objects: tuple[Manifest, ...], outside: tuple[Manifest, ...], config: Config, target: Target
) -> tuple[Job, ...]:
    """The sources of reconcilers that are this very overlay: what they say decides how its objects are applied."""
    repository = config.gitops.repository or remote(target)

    def delivers(job: Job) -> bool:
        _, source, _, why = job
        return not why and is_overlay(source, config, target) and same_repository(source.repository, repository)

    jobs = (job for one in reconcilers(inventory(objects), outside) for job in sources(one, target))
    return tuple(job for job in jobs if delivers(job))


def postbuild(jobs: Iterable[Job]) -> Callable[[Manifest], Manifest]:
    """What Flux does to the variables in the objects of these sources when it applies them."""
    known = substitution(job[1].kustomize for job in jobs)
    return lambda obj: substituted(obj, known)


def _delivery(source: GitSource, namespace: str) -> Delivery | None:
    """How objects of a source without a namespace get one: by a setting of kustomize, else from the destination."""
    by_kustomize = next((str(value) for name in _NAMESPACE if (value := (source.kustomize or {}).get(name))), "")
    found = by_kustomize or namespace
    return Delivery(found, bool(by_kustomize)) if found else None


def delivery_of(jobs: Iterable[Job], objects: tuple[Manifest, ...]) -> Delivery | None:
    """Where these sources put objects without a namespace; None where there is none, or no reconciler says."""
    scopes = scopes_of(objects)
    homeless = [obj for obj in objects if placed(obj, "default", scopes) is not obj]
    ways = [(str(key), _delivery(source, namespace)) for key, source, namespace, _ in jobs]
    known = [way for _, way in ways if way]
    if not homeless or not known:
        return None
    number = f"objects that name no namespace ({len(homeless)}) are judged in"
    if any(way != known[0] for _, way in ways):
        where = ", ".join(sorted({f"{name}: {way.namespace if way else 'default'}" for name, way in ways}))
        return Delivery("default", note=f"{number} default, and reconcilers disagree on it ({where})", doubtful=True)
    names = ", ".join(sorted({name for name, _ in ways}))
    return Delivery(
        known[0].namespace, known[0].by_kustomize, f"{number} {known[0].namespace}, where {names} puts them"
    )


def changed(source: GitSource, namespaces: frozenset[str]) -> str:
    """Why the overlay's render is not what its reconciler applies; "" where it is."""
    settings = source.kustomize or {}
    given = [name for name in _CHANGES if settings.get(name)]
    for name in _NAMESPACE:
        if settings.get(name) and namespaces - {settings[name], ""}:
            given.append(name)
    return f"the reconciler changes what the overlay renders to ({', '.join(given)}); put it into git" if given else ""
