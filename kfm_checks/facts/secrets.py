"""The credentials written out in the render and in the tree, as facts that checks share."""

from __future__ import annotations

from collections.abc import Mapping

from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.secrets_walk import Exposure, exposures_in, exposures_of
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.model import Manifest
from kfm_checks.values import Value


class ObjectCredentials(Value, frozen=True):
    """Every object that was looked at, and what was found in it."""

    looked_at: tuple[tuple[Manifest, tuple[Exposure, ...]], ...]


class FileCredentials(Value, frozen=True):
    """Every file of the overlay that was looked at, and what was found in it; ``by_path`` has paths of the overlay."""

    looked_at: tuple[tuple[TreeFile, tuple[Exposure, ...]], ...]
    by_path: Mapping[str, tuple[Exposure, ...]]


def object_credentials(inventory: Inventory) -> ObjectCredentials:
    """Look for credentials in every rendered object: names, forms, encodings (see ``kfm_checks.credentials``)."""
    objects = tuple(inventory)
    return ObjectCredentials(tuple(zip(objects, exposures_of(objects), strict=True)))


def file_credentials(tree: Tree) -> FileCredentials:
    """Look for credentials in every file under the overlay, of whatever type."""
    found = tuple(zip(tree.files, exposures_in(tree.files), strict=True))
    return FileCredentials(found, {file.path: exposures for file, exposures in found})
