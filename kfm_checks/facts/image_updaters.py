"""Updaters that change images in the cluster without a commit, so that the render doesn't say what runs."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.facts.images import ImageReference, parse_image
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value

_PREFIX = "argocd-image-updater.argoproj.io/"


class Updater(Value, frozen=True):
    """An object that makes an updater write new images elsewhere than to git, and the names of those images."""

    obj: Manifest
    names: frozenset[str]

    def changes(self, reference: ImageReference) -> bool:
        """Whether an image is one of those."""
        return reference.name in self.names


def image_updaters(inventory: Inventory) -> tuple[Updater, ...]:
    """Argo CD Image Updater with its default write-back (``argocd``). Flux's automation commits to git: it is none."""
    return tuple(updater for updater in _all(inventory) if updater.names)


def _all(inventory: Inventory) -> Iterator[Updater]:
    templates = [(obj, dig(obj, "spec", "template")) for obj in inventory.of("ApplicationSet", "argoproj.io")]
    for obj, application in (*((obj, obj) for obj in inventory.of("Application", "argoproj.io")), *templates):
        notes = annotations_of(application) if isinstance(application, dict) else {}
        if not notes.get(_PREFIX + "write-back-method", "argocd").startswith("git"):
            listed = notes.get(_PREFIX + "image-list", "").split(",")
            yield Updater(obj, _names([item.partition("=")[2] or item for item in listed]))
    for obj in inventory.of("ImageUpdater", "argocd-image-updater.argoproj.io"):
        whole = dig(obj, "spec", "writeBackConfig", "method", default="argocd")
        for reference in items(obj, "spec", "applicationRefs"):
            method = dig(reference, "writeBackConfig", "method", default=whole)
            if not str(method).startswith("git"):
                yield Updater(obj, _names([str(i.get("imageName")) for i in items(reference, "images")]))


def _names(listed: list[str]) -> frozenset[str]:
    found = set()
    for text in listed:
        name = text.strip().split("@")[0]
        slash, colon = name.rfind("/"), name.rfind(":")
        try:
            found.add(parse_image(name[:colon] if colon > slash else name).name)
        except ValueError:
            continue  # a malformed name matches no image, so it changes none
    return frozenset(found)
