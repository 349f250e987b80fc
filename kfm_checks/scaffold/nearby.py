"""The GitOps objects of the whole repository that reconcile an overlay, wherever they live."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kfm_checks.applicationsets import CannotExpandError, expand
from kfm_checks.facts.gitops import ARGO, FLUX, FLUX_SOURCES, GitSource, Reconciler, application, reconcilers
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.tree_yaml import load
from kfm_checks.model import Manifest, Origin

#: Larger files hold no GitOps object that a person wrote; more files than this are no repository of manifests.
SIZE_LIMIT = 1_000_000
FILE_LIMIT = 20_000
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "vendor", "__pycache__", "build", "dist"})
_GITOPS = re.compile(rb"argoproj\.io/|toolkit\.fluxcd\.io/")


@dataclass(frozen=True)
class Found:
    """One source of one reconciler that is this overlay. ``files``: what ``gitops.manifests`` has to name."""

    reconciler: Reconciler
    source: GitSource
    file: str
    line: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Search:
    """What was found, and what could not be read on the way."""

    found: tuple[Found, ...]
    unread: tuple[str, ...]


def search(root: Path, path: str) -> Search:
    """Every Argo CD Application or ApplicationSet and Flux Kustomization of a repository whose source is ``path``."""
    unread: list[str] = []
    objects: list[Manifest] = []
    for file in _candidates(root):
        shown = file.relative_to(root).as_posix()
        documents = load(file.read_text(encoding="utf-8", errors="replace"))
        if documents.problem:
            unread.append(f"{shown} is not valid YAML")
        for document in documents.documents:
            for index, value in enumerate(_members(document.value)):
                line = document.line_of("items", index) if value is not document.value else document.line
                objects.append(Manifest(value, Origin(shown, line)))
    wiring = tuple(o for o in objects if o.key.group in {ARGO, FLUX, FLUX_SOURCES})
    found: list[Found] = []
    for reconciler in reconcilers(Inventory(wiring), ()):
        try:
            found.extend(_matches(reconciler, path, root))
        except CannotExpandError as why:
            unread.append(f"{reconciler.obj.origin.file} has an ApplicationSet of which {why}")
    return Search(tuple(_with_sources(item, wiring) for item in found), tuple(sorted(unread)))


def _candidates(root: Path) -> Iterator[Path]:
    """Files of YAML and JSON that mention a GitOps API, in order; symbolic links are not followed."""
    seen = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix.lower() not in {".yaml", ".yml", ".json"} or path.is_symlink():
                continue
            seen += 1
            if seen > FILE_LIMIT:
                return
            if path.stat().st_size <= SIZE_LIMIT and os.access(path, os.R_OK) and _GITOPS.search(path.read_bytes()):
                yield path


def _members(value: object) -> list[dict[str, object]]:
    listed = value.get("items") if isinstance(value, dict) and str(value.get("kind")).endswith("List") else None
    values = listed if isinstance(listed, list) else [value]
    return [item for item in values if isinstance(item, dict) and isinstance(item.get("kind"), str)]


def _matches(reconciler: Reconciler, path: str, root: Path) -> Iterator[Found]:
    obj = reconciler.obj
    sources = reconciler.sources
    if obj.key.kind == "ApplicationSet":
        sources = tuple(source for spec in expand(obj, root) for source in application(obj, spec, ()))
    for source in sources:
        if source.path == path and not source.chart:
            yield Found(reconciler, source, obj.origin.file, obj.origin.line or 1, (obj.origin.file,))
            return


def _with_sources(found: Found, wiring: tuple[Manifest, ...]) -> Found:
    """Add the file of the GitRepository that a Flux Kustomization refers to."""
    obj = found.reconciler.obj
    if found.reconciler.tool != "Flux":
        return found
    wanted = (
        dig(obj, "spec", "sourceRef", "kind"),
        dig(obj, "spec", "sourceRef", "namespace", default=obj.key.namespace),
        dig(obj, "spec", "sourceRef", "name"),
    )
    sources = (o for o in wiring if o.key.group == FLUX_SOURCES)
    files = {o.origin.file for o in sources if (o.key.kind, o.key.namespace, o.key.name) == wanted}
    return Found(found.reconciler, found.source, found.file, found.line, tuple(sorted({found.file, *files})))
