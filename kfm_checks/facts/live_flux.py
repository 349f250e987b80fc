"""What Flux is told not to take for drift, by a Kustomization or a HelmRelease of the render.

Source: Flux documentation, *Kustomization* and *HelmRelease* (drift detection: ``ignore`` with ``paths``, ``target``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items, labels_of
from kfm_checks.model import Manifest, Path

_RELEASE = ("helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace")


def flux_ignores(
    inventory: Inventory, reconcilers: Iterable[Reconciler], obj: Manifest, live: Manifest, path: Path
) -> str:
    """Why Flux leaves a difference alone, "" where it doesn't."""
    for by, entry in _entries(inventory, reconcilers, obj, live):
        if _targets(entry.get("target"), obj):
            for pointer in entry.get("paths") or []:
                if under(path, str(pointer)):
                    return f"{by.key.kind} {by.key.name} ignores {pointer}"
    return ""


def under(path: Path, pointer: str) -> bool:
    """Whether a path is at an RFC 6901 pointer or below it; the pointer to the root covers everything."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return [str(step) for step in path[: len(steps)]] == steps


def _entries(
    inventory: Inventory, reconcilers: Iterable[Reconciler], obj: Manifest, live: Manifest
) -> Iterator[tuple[Manifest, Mapping[str, Any]]]:
    for one in reconcilers:
        made = obj.origin.render
        if one.tool == "Flux" and (not made or any(source.path == made for source in one.sources)):
            yield from ((one.obj, entry) for entry in items(one.obj, "spec", "ignore"))
    labels = labels_of(live)
    for release in inventory.of("HelmRelease", "helm.toolkit.fluxcd.io"):
        if (labels.get(_RELEASE[0]), labels.get(_RELEASE[1])) == (release.key.name, release.key.namespace):
            yield from ((release, entry) for entry in items(release, "spec", "driftDetection", "ignore"))


def _targets(target: Any, obj: Manifest) -> bool:
    """A kustomize target: names are expressions over the whole name, selectors are texts."""
    if not isinstance(target, dict):
        return True
    key = obj.key
    exact = {"group": key.group, "version": key.api_version.rpartition("/")[2], "kind": key.kind}
    if any(target.get(name) and target[name] != value for name, value in exact.items()):
        return False
    named = {"name": key.name, "namespace": key.namespace}
    if any(target.get(name) and not _matches(str(target[name]), value) for name, value in named.items()):
        return False
    return _selected(dig(target, "labelSelector"), labels_of(obj)) and _selected(
        dig(target, "annotationSelector"), annotations_of(obj)
    )


def _matches(expression: str, value: str) -> bool:
    try:
        return re.fullmatch(expression, value) is not None
    except re.error:
        return False


def _selected(text: Any, values: Mapping[str, str]) -> bool:
    """Equality alone is read; what else a selector says selects nothing, so that nothing is let off by it."""
    if not text:
        return True
    pairs = [part.strip().partition("=") for part in str(text).split(",")]
    return all(
        sign and not name.endswith("!") and values.get(name.strip()) == value.lstrip("=").strip()
        for name, sign, value in pairs
    )
