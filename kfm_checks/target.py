"""What a run was given: paths relative to the repository, so that no result carries an absolute one."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kfm_checks.errors import ManifestError, UsageError
from kfm_checks.render import entrypoint

if TYPE_CHECKING:
    from kfm_checks.model import Manifest


@dataclass(frozen=True)
class Target:
    """An overlay folder, or plain manifests.

    ``root`` is the repository's root (the nearest parent with ``.git``), else the working directory where the folder
    lies below it, else the folder's parent; ``path`` is relative to it.
    """

    folder: Path
    root: Path
    path: str
    is_overlay: bool
    in_git: bool


def locate(path: str | Path) -> Target:
    """Say what a path is. Raises UsageError where there is nothing."""
    given = Path(path)
    if not given.exists():
        raise UsageError("no such file or folder", file=str(path), remedy="give an overlay folder or manifests")
    if given.is_file() and given.name in {"kustomization.yaml", "kustomization.yml", "Kustomization"}:
        given = given.parent
    folder = given.resolve()
    git = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)
    root = git or _root_without_git(folder)
    is_overlay = folder.is_dir() and entrypoint(folder) is not None
    return Target(folder, root, relative(folder, root), is_overlay, git is not None)


def _root_without_git(folder: Path) -> Path:
    cwd = Path.cwd().resolve()
    return cwd if cwd == folder or cwd in folder.parents else folder.parent


def manifests_of(path: str | Path, root: Path) -> list[Manifest]:
    """The manifests of a file or folder, their files named from the repository's root as results name every file.

    Raises ManifestError, which names files so too where ``path`` is absolute: its text may become a row's reason.
    """
    from kfm_checks.manifests import load_manifests

    given = Path(path)
    try:
        found = load_manifests(given)
    except ManifestError as error:
        if not Path(error.file).is_absolute():
            raise
        file = relative(Path(error.file), root)
        raise ManifestError(error.message, file=file, line=error.line, remedy=error.remedy) from error
    folder = relative((given if given.is_dir() else given.parent).resolve(), root)
    for manifest in found:
        file = os.path.normpath(f"{folder}/{manifest.origin.file}").replace(os.sep, "/")
        manifest.origin = replace(manifest.origin, file=file)
    return found


def relative(path: Path, root: Path) -> str:
    """A path relative to the root, with forward slashes; "." for the root itself."""
    return os.path.relpath(path, root).replace(os.sep, "/")
