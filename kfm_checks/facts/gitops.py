"""What GitOps controllers are told to reconcile: Argo CD Applications and ApplicationSets, Flux Kustomizations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any, Literal

from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

ARGO = "argoproj.io"
FLUX = "kustomize.toolkit.fluxcd.io"
FLUX_SOURCES = "source.toolkit.fluxcd.io"
#: Groups of other controllers that reconcile from git: recognised and named, not judged.
OTHER_CONTROLLERS = {
    "fleet.cattle.io": "Rancher Fleet",
    "apps.open-cluster-management.io": "Open Cluster Management",
    "configsync.gke.io": "Config Sync",
    "configmanagement.gke.io": "Config Sync",
}


class GitSource(Value, frozen=True):
    """One source of a reconciler; ``path`` is normalised ("." for the repository's root), "" for a chart."""

    repository: str
    path: str
    revision: str
    chart: str = ""
    #: Where it stands in the object.
    at: Path = ()
    #: Kustomize settings that the reconciler applies on top.
    kustomize: dict[str, Any] | None = None


class Reconciler(Value, frozen=True):
    """One object that makes a controller reconcile; for an ApplicationSet, its template."""

    obj: Manifest
    tool: Literal["Argo CD", "Flux"]
    sources: tuple[GitSource, ...]
    #: Name and server of the destination cluster, and the namespace given to objects without one.
    cluster: str = ""
    server: str = ""
    namespace: str = ""
    #: Where the settings of the controller's loop stand: the Application's spec, or the Kustomization's.
    spec: Path = ("spec",)
    #: Flux: the object that fetches the source, where it is in this repository.
    source: Manifest | None = None


def reconcilers(inventory: Inventory, gitops_objects: tuple[Manifest, ...]) -> tuple[Reconciler, ...]:
    """Every reconciler in the render or in the places that ``gitops.manifests`` names."""
    everything = (*inventory.objects, *gitops_objects)
    found: list[Reconciler] = []
    for obj in everything:
        group, kind = obj.key.group, obj.key.kind
        if (group, kind) == (ARGO, "Application"):
            found.append(_argo(obj, ("spec",)))
        elif (group, kind) == (ARGO, "ApplicationSet"):
            found.append(_argo(obj, ("spec", "template", "spec")))
        elif (group, kind) == (FLUX, "Kustomization"):
            found.append(_flux(obj, everything))
    return tuple(found)


def other_controllers(inventory: Inventory) -> list[tuple[Manifest, str]]:
    """Objects of GitOps controllers that are neither Argo CD nor Flux, with the controller's name."""
    return [(obj, OTHER_CONTROLLERS[obj.key.group]) for obj in inventory if obj.key.group in OTHER_CONTROLLERS]


def application(obj: Manifest, spec: dict[str, Any], at: Path) -> tuple[GitSource, ...]:
    """The sources of an Argo CD Application's spec, one or several."""
    single = dig(spec, "source")
    many = items(spec, "sources")
    listed = [(source, (*at, "sources", index)) for index, source in enumerate(many)]
    if isinstance(single, dict) and not many:
        listed = [(single, (*at, "source"))]
    return tuple(
        GitSource(
            str(source.get("repoURL") or ""),
            "" if source.get("chart") else clean_path(source.get("path")),
            str(source.get("targetRevision") or "HEAD"),
            str(source.get("chart") or ("helm" if source.get("helm") else "")),
            where,
            source.get("kustomize") if isinstance(source.get("kustomize"), dict) else None,
        )
        for source, where in listed
    )


def _argo(obj: Manifest, at: Path) -> Reconciler:
    spec = dig(obj, *at, default={})
    spec = spec if isinstance(spec, dict) else {}
    destination = dig(spec, "destination", default={})
    return Reconciler(
        obj,
        "Argo CD",
        application(obj, spec, at),
        str(dig(destination, "name", default="")),
        str(dig(destination, "server", default="")),
        str(dig(destination, "namespace", default="")),
        at,
    )


def _flux(obj: Manifest, everything: Iterable[Manifest]) -> Reconciler:
    spec = dig(obj, "spec", default={})
    reference = dig(spec, "sourceRef", default={})
    namespace = str(dig(reference, "namespace", default=obj.key.namespace))
    wanted = (str(dig(reference, "kind", default="")), namespace, str(dig(reference, "name", default="")))
    source = next(
        (o for o in everything if o.key.group == FLUX_SOURCES and (o.key.kind, o.key.namespace, o.key.name) == wanted),
        None,
    )
    repository, revision = _flux_source(source)
    git = GitSource(
        repository,
        clean_path(dig(spec, "path")),
        revision,
        "" if wanted[0] == "GitRepository" else wanted[0],
        ("spec", "path"),
        spec,
    )
    kubeconfig = str(dig(spec, "kubeConfig", "secretRef", "name", default=""))
    target = str(dig(spec, "targetNamespace", default=""))
    return Reconciler(obj, "Flux", (git,), kubeconfig, "", target, source=source)


def _flux_source(source: Manifest | None) -> tuple[str, str]:
    """URL and reference of a Flux source; the reference is the first set of commit, name, semver, tag, branch."""
    if source is None:
        return "", ""
    reference = dig(source, "spec", "ref", default={})
    revision = next(
        (str(reference[k]) for k in ("commit", "name", "semver", "tag", "branch") if dig(reference, k)), "master"
    )
    return str(dig(source, "spec", "url", default="")), revision


def clean_path(path: Any) -> str:
    """A repository path without ``./`` and trailing slash; "." for the root."""
    return posixpath.normpath(str(path or ".").lstrip("/") or ".")


def same_repository(one: str, other: str) -> bool:
    """Whether two URLs name the same repository: scheme, user, ``.git`` and case apart."""
    return bool(one) and bool(other) and canonical_url(one) == canonical_url(other)


def canonical_url(url: str) -> str:
    """``host/owner/name`` of a git URL in any of its forms (https, ssh, scp-like, file)."""
    text = re.sub(r"^[a-z+]+://", "", url.strip().lower())
    text = re.sub(r"^[^@/]+@", "", text)
    text = re.sub(r"^([^/:]+):(?!\d+/)", r"\1/", text)
    return text.rstrip("/").removesuffix(".git")
