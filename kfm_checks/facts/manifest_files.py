"""Which files of the overlay are manifests: known before the overlay renders."""

from __future__ import annotations

from kfm_checks.config import NAME
from kfm_checks.facts.tree import ENTRYPOINTS, Tree, TreeFile

#: Folders whose files are no manifests, whatever they look like.
NO_MANIFESTS = ("governance/", "data/")


def manifest_files(tree: Tree) -> tuple[TreeFile, ...]:
    """The files that Kubernetes or kustomize would read; our own configuration and plain data are none."""
    return tuple(file for file in tree.files if _is_manifest(file))


def _is_manifest(file: TreeFile) -> bool:
    own = file.path.startswith(NO_MANIFESTS) or file.name == NAME or file.name.startswith(".")
    if own or not file.is_manifest_file:
        return False
    values = [document.value for document in file.documents]
    return file.name in ENTRYPOINTS or any(
        isinstance(value, list) or (isinstance(value, dict) and "kind" in value) for value in values
    )
