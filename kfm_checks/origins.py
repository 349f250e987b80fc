"""Where rendered objects come from: kustomize's annotations, read and taken off; lines found when somebody asks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.model import Manifest, Origin, Path

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"


def with_origins(objects: Iterable[dict[str, Any]], base: FilePath, root: FilePath, render: str) -> list[Manifest]:
    """The objects without kustomize's own annotations, each with its origin; ``base`` is what paths are relative to."""
    files: dict[str, _File] = {}
    return [_with_origin(obj, base, root, render, files) for obj in objects]


def _with_origin(obj: dict[str, Any], base: FilePath, root: FilePath, render: str, files: dict[str, _File]) -> Manifest:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    origin, transformed = annotations.get(ORIGIN, ""), annotations.get(TRANSFORMATIONS, "")
    plain = _without(obj, annotations)
    named = _field(origin, "path") or _field(origin, "configuredIn")
    if not named:
        return Manifest(plain, Origin(render=render))
    file = _resolved(named, base, root)
    known = files.setdefault(file, _File(root / file))
    transformers = tuple(dict.fromkeys(_resolved(name, base, root) for name in _fields(transformed, "configuredIn")))
    manifest = Manifest(plain)
    manifest.origin = Origin(file, None, _Lines(known, manifest), transformers, render)
    return manifest


def _without(obj: dict[str, Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    if ORIGIN not in annotations and TRANSFORMATIONS not in annotations:
        return obj
    kept = {key: value for key, value in annotations.items() if key not in {ORIGIN, TRANSFORMATIONS}}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    if kept:
        metadata["annotations"] = kept
    return {**obj, "metadata": metadata}


def _field(text: str, name: str) -> str:
    return next(_fields(text, name), "")


def _fields(text: str, name: str) -> Iterator[str]:
    """Values of a key in kustomize's small annotation documents: one scalar a line, never quoted by kustomize."""
    for found in re.finditer(rf"^[\s-]*{name}: (.*)$", text, re.MULTILINE):
        yield found[1].strip().strip("'\"")


def _resolved(named: str, base: FilePath, root: FilePath) -> str:
    return os.path.relpath(os.path.normpath(base / named), root).replace(os.sep, "/")


class _File:
    """A source file, read at most once, when the first line of it is asked for."""

    def __init__(self, path: FilePath) -> None:
        self.path = path

    @cached_property
    def documents(self) -> list[Manifest]:
        from kfm_checks.manifests import parse_manifests

        try:
            return parse_manifests(self.path.read_text(encoding="utf-8"), file=self.path.name)
        except (OSError, UnicodeDecodeError, KfmChecksError):
            return []  # a kustomization or a generator's input: the file alone is known


class _Lines(Mapping[Path, int]):
    """Lines of an object's fields in its source file, found on first use."""

    def __init__(self, file: _File, obj: Manifest) -> None:
        self._file, self._object = file, obj

    @cached_property
    def _found(self) -> Mapping[Path, int]:
        key = self._object.key
        same = [
            d for d in self._file.documents if d.key.kind == key.kind and d.key.name and key.name.endswith(d.key.name)
        ]
        exact = [d for d in same if d.key.name == key.name] or same
        if not exact:
            return {}
        origin = exact[0].origin
        return {**origin.lines, (): origin.line} if origin.line is not None else dict(origin.lines)

    def __getitem__(self, path: Path) -> int:
        return self._found[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
