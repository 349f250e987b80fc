"""What the overlay's kustomizations refer to: each file, folder and remote source, with the line that names it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from kfm_checks.facts.objects import dig
from kfm_checks.facts.tree import ENTRYPOINTS, Tree, TreeFile
from kfm_checks.facts.tree_yaml import Document
from kfm_checks.model import Path, Source
from kfm_checks.values import Value

Role = Literal["file", "folder", "remote", "inline", "missing", "outside"]

#: Fields of a kustomization that list paths (kubectl.docs.kubernetes.io, "The Kustomization File").
PATH_LISTS = (
    "resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators",
    "patchesStrategicMerge",
)  # fmt: skip
#: Lists of mappings whose ``path`` names a file.
PATH_ITEMS = ("patches", "patchesJson6902", "replacements")
GENERATORS = ("configMapGenerator", "secretGenerator")
_REMOTE = re.compile(r"^(?:[a-z][a-z0-9+.-]*://|git@|[\w.-]+@[\w.-]+:|git::|github\.com[/:])|[?&]ref=|\.git(?:$|[/?])")


@dataclass(frozen=True)
class Reference:
    """One reference, made by the field ``name`` of a kustomization.

    ``target`` is the path from the repository's root, or the remote address; "" for what is inline.
    """

    name: str
    path: Path
    source: Source
    #: The reference as written, "" for what is inline.
    written: str
    target: str
    role: Role
    #: What the entry says, for an inline patch or a generator's literal; it may hold a credential, so no repr shows it.
    inline: str = field(default="", repr=False)


class Kustomization(Value, frozen=True):
    """One kustomization file that the overlay reaches, its content and its references."""

    file: TreeFile
    document: Document
    folder: str
    references: tuple[Reference, ...]

    @property
    def content(self) -> dict[str, Any]:
        """The file's mapping."""
        return self.document.value if isinstance(self.document.value, dict) else {}


class References(Value, frozen=True):
    """The kustomization graph from the overlay's entrypoint, in the order met; cycles are followed once."""

    kustomizations: tuple[Kustomization, ...]

    def __iter__(self) -> Iterator[Reference]:
        return (reference for kustomization in self.kustomizations for reference in kustomization.references)

    @cached_property
    def reached(self) -> dict[str, Source | None]:
        """Every file reached, by its path from the repository's root, and the place that names it first."""
        found: dict[str, Source | None] = {}
        for kustomization in self.kustomizations:
            found.setdefault(kustomization.file.source_path, None)
            for reference in kustomization.references:
                if reference.role == "file":
                    found.setdefault(reference.target, reference.source)
        return found

    def of(self, *fields: str) -> tuple[Reference, ...]:
        """The references made by some fields (``resources``, ``patches``, ``secretGenerator``…)."""
        return tuple(reference for reference in self if reference.name in fields)


def references(tree: Tree) -> References:
    """Follow the kustomization files from the overlay's entrypoint, through every folder within the repository."""
    found: list[Kustomization] = []
    queue, seen = [tree.source_path], {tree.source_path}
    while queue:
        kustomization = _kustomization(tree, queue.pop(0))
        if kustomization is None:
            continue
        found.append(kustomization)
        for reference in kustomization.references:
            if reference.role == "folder" and reference.target not in seen:
                seen.add(reference.target)
                queue.append(reference.target)
    return References(tuple(found))


def _kustomization(tree: Tree, folder: str) -> Kustomization | None:
    for name in ENTRYPOINTS:
        file = tree.read(posixpath.join(folder, name))
        if file is not None:
            document = file.documents[0] if file.documents else Document({}, 1)
            return Kustomization(file, document, folder, tuple(_references(tree, file, document, folder)))
    return None


def _references(tree: Tree, file: TreeFile, document: Document, folder: str) -> Iterator[Reference]:
    def place(path: Path) -> Source:
        return file.at(document.line_of(*path))

    for path, written in _paths(document.value):
        target, role = _resolve(tree, folder, written)
        yield Reference(
            str(path[0]),
            path,
            place(path),
            "" if role == "inline" else written,
            target,
            role,
            written if role == "inline" else "",
        )
    for path, text in _inline(document.value):
        yield Reference(str(path[0]), path, place(path), "", "", "inline", text)


def _paths(content: Any) -> Iterator[tuple[Path, str]]:
    for name in PATH_LISTS:
        for index, item in enumerate(_list(content, name)):
            if isinstance(item, str):
                yield (name, index), item
    for name in PATH_ITEMS:
        for index, item in enumerate(_list(content, name)):
            if isinstance(dig(item, "path"), str):
                yield (name, index, "path"), item["path"]
    yield from _generated(content)
    if isinstance(dig(content, "openapi", "path"), str):
        yield ("openapi", "path"), content["openapi"]["path"]
    for index, item in enumerate(_list(content, "helmCharts")):
        for path, value in (("valuesFile",), dig(item, "valuesFile")), *_numbered("additionalValuesFiles", item):
            if isinstance(value, str):
                yield ("helmCharts", index, *path), value


def _generated(content: Any) -> Iterator[tuple[Path, str]]:
    for name in GENERATORS:
        for index, item in enumerate(_list(content, name)):
            for path, value in (("env",), dig(item, "env")), *_numbered("envs", item), *_numbered("files", item):
                if isinstance(value, str):
                    # "key=path" names the key that the file gets; a bare path names itself
                    yield (
                        (name, index, *path),
                        value.partition("=")[2] if path[0] == "files" and "=" in value else value,
                    )


def _inline(content: Any) -> Iterator[tuple[Path, str]]:
    for name in ("patches", "patchesJson6902"):
        for index, item in enumerate(_list(content, name)):
            if isinstance(dig(item, "patch"), str):
                yield (name, index, "patch"), item["patch"]
    for name in GENERATORS:
        for index, item in enumerate(_list(content, name)):
            for path, value in _numbered("literals", item):
                yield (name, index, *path), str(value)
            if isinstance(dig(item, "literals"), str):
                yield (name, index, "literals"), item["literals"]


def _list(content: Any, name: str) -> list[Any]:
    found = dig(content, name)
    return found if isinstance(found, list) else []


def _numbered(name: str, item: Any) -> list[tuple[Path, Any]]:
    return [((name, index), value) for index, value in enumerate(_list(item, name))]


def _resolve(tree: Tree, folder: str, written: str) -> tuple[str, Role]:
    """Where a path leads: patchesStrategicMerge, transformers and their like may also hold YAML itself."""
    if "\n" in written or written.lstrip().startswith("{"):
        return "", "inline"
    target = posixpath.normpath(posixpath.join(folder, written))
    target = "" if target == "." else target
    if target == ".." or target.startswith(("../", "/")):
        return (written, "remote") if _REMOTE.search(written) else (target, "outside")
    if tree.is_folder(target):
        return target, "folder"
    if tree.read(target) is not None:
        return target, "file"
    return (written, "remote") if _REMOTE.search(written) else (target, "missing")
