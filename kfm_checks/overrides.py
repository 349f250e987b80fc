"""The controllers' own kustomize settings, as the kustomization that does the same."""

from __future__ import annotations

import re
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.gitops import GitSource


def overrides(source: GitSource) -> dict[str, object] | None:
    """Fields of the wrapping kustomization that do what the controller's own kustomize settings do.

    Raises KfmChecksError for a setting that is not evaluated.
    """
    settings = source.kustomize or {}
    found: dict[str, object] = {}
    for name in ("namePrefix", "nameSuffix", "patches", "namespace"):
        if settings.get(name):
            found[name] = settings[name]
    if settings.get("targetNamespace"):
        found["namespace"] = settings["targetNamespace"]
    images = [_image(image) for image in settings.get("images") or []]
    if images:
        found["images"] = images
    if settings.get("components"):
        raise KfmChecksError("components added by the reconciler are not evaluated")
    return found or None


def _image(image: Any) -> dict[str, str]:
    """Argo CD writes ``old=new:tag`` or ``name@digest``; Flux writes kustomize's own fields."""
    if isinstance(image, dict):
        return {str(key): str(value) for key, value in image.items()}
    old, _, new = str(image).rpartition("=")
    found = re.match(r"(?P<name>.+?)(?:@(?P<digest>sha256:[0-9a-f]+)|:(?P<tag>[\w.-]+))?$", new)
    values = found.groupdict() if found else {}
    entry = {"name": old or values.get("name") or new, "newName": values.get("name") or new}
    entry |= {"digest": values["digest"]} if values.get("digest") else {}
    entry |= {"newTag": values["tag"]} if values.get("tag") else {}
    return entry
