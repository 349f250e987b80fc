"""RAIL-06, GATE-04: every image is pinned."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.evidence import fails, judged, unknown
from kfm_checks.facts.image_updaters import Updater
from kfm_checks.facts.images import ImageUse
from kfm_checks.model import Evidence


def images_are_not_latest(
    image_uses: tuple[ImageUse, ...], image_updaters: tuple[Updater, ...], config: Config
) -> Iterator[Evidence]:
    """No image is `latest` or without a tag.

    `latest` is whatever was pushed last: nobody can say what runs, and a restart may change it. An image without a tag
    means `latest`. A digest overrules the tag, so `name:latest@sha256:…` is fixed. Kubernetes documentation, *Images*:
    "You should avoid using the :latest tag when deploying containers in production".

    Remedy: write the image as `name:version@sha256:…`; in an overlay, by `images:` of the kustomization.
    """
    for use in image_uses:
        undecided = _undecided(use, image_updaters, config, digests=False)
        if undecided:
            yield unknown(use.obj, use.path, message=f"{use.user}: {undecided}", observed=use.text)
        elif use.reference is None:
            yield _malformed(use)
        else:
            ok = not use.reference.latest
            tag = "`latest`" if use.reference.tag else "no tag, which means `latest`"
            text = "names a fixed version" if ok else f"has {tag}: what runs can change at any restart"
            expected = "a version or a digest"
            yield judged(
                ok, use.obj, use.path, message=f"{use.user} {text}", expected=expected, observed=use.text or "absent"
            )


def images_are_pinned_by_digest(
    image_uses: tuple[ImageUse, ...], image_updaters: tuple[Updater, ...], config: Config
) -> Iterator[Evidence]:
    """Every image is pinned by its digest.

    A tag can be moved to other bytes; a digest can't, since it is computed from them. A tag counts where the team
    declares that its registry never moves tags (`images.immutable-tags`). A digest that is declared to stand for an
    image not yet built, and an image that an updater changes outside git, are not verified. A digest of zeros alone is
    no image's: undeclared, it fails.
    Kubernetes documentation, *Images*, on image digests.

    Remedy: write the image as `name:version@sha256:…`; in an overlay, by `images:` of the kustomization with `digest:`.
    A digest that stands for an image not yet built is declared under `images.placeholders`.
    """
    for use in image_uses:
        undecided = _undecided(use, image_updaters, config, digests=True)
        if undecided:
            yield unknown(use.obj, use.path, message=f"{use.user}: {undecided}", observed=use.text)
        elif use.reference is None:
            yield _malformed(use)
        else:
            yield _pinned(use, config)


def _pinned(use: ImageUse, config: Config) -> Evidence:
    reference = use.reference
    assert reference is not None
    expected = "name@sha256:…"
    if reference.pinned:
        return judged(
            True, use.obj, use.path, message=f"{use.user} is pinned by digest", expected=expected, observed=use.text
        )
    if reference.blank:
        text = f"{use.user} has a digest of zeros, which no image has: it stands for one that is yet to be filled in"
        return fails(use.obj, use.path, message=text, expected="the digest of an image", observed=use.text)
    registry = next((p for p in config.images.immutable_tags if reference.within(p)), None)
    if registry is not None and reference.tag and not reference.latest:
        text = f"{use.user} has a tag of {registry}, whose tags are declared immutable"
        return judged(True, use.obj, use.path, message=text, expected=expected, observed=use.text)
    text = f"{use.user} is named by a tag alone, which can be moved" if reference.tag else f"{use.user} has no digest"
    return fails(use.obj, use.path, message=text, expected=expected, observed=use.text)


def _malformed(use: ImageUse) -> Evidence:
    text = f"{use.user}: {use.problem}"
    return fails(use.obj, use.path, message=text, expected="an image reference", observed=use.text or "absent")


def _undecided(use: ImageUse, updaters: tuple[Updater, ...], config: Config, *, digests: bool) -> str:
    """Why nobody can tell what will run, "" where it is written."""
    if use.open:
        return use.problem
    placeholder = any(stand_in and stand_in in use.text for stand_in in config.images.placeholders)
    if placeholder and (digests or use.reference is None):
        return "a declared placeholder stands here for an image that is not built yet"
    for updater in updaters:
        if use.reference is not None and updater.changes(use.reference):
            return f"{updater.obj.key.kind} {updater.obj.key.name} changes this image outside git"
    return ""
