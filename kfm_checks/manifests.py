"""Manifests from files and text, read as the Kubernetes API server reads them.

YAML and JSON, several documents a file, List kinds flattened. Whatever can't be read is one ManifestError with the
file, the line, the cause and the remedy.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from kfm_checks.errors import ManifestError
from kfm_checks.model import Manifest, Origin, Path

#: The largest file that is read, in bytes.
MAX_BYTES = 32 * 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")
#: Files that steer a tool and hold no object of a cluster; a folder's kustomization is never a manifest of its own.
NOT_MANIFESTS = frozenset({"kustomization.yaml", "kustomization.yml", "kfm-checks.yaml", "kfm-checks.yml"})
_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MAX_LISTS = 10


def load_manifests(path: str | os.PathLike[str]) -> list[Manifest]:
    """Every object of a file, or of a folder's ``*.yaml``, ``*.yml`` and ``*.json`` files in sorted order.

    Folders are walked whole, hidden ones apart; kustomization files and kfm-checks' configuration are no manifests.
    Origins name files relative to ``path``. Raises ManifestError, also where there is no file to read.
    """
    return [
        manifest
        for file, name in files_of(FilePath(path))
        for manifest in parse_manifests(read_text(file), file=name, shown=str(file))
    ]


def files_of(root: FilePath) -> list[tuple[FilePath, str]]:
    """The file, or the manifest files of the folder, each with its name relative to what was given."""
    if stat.S_ISDIR(_mode(root)):
        return [(file, file.relative_to(root).as_posix()) for file in _files(root)]
    return [(root, root.name)]


def _mode(path: FilePath) -> int:
    try:
        return path.stat().st_mode
    except FileNotFoundError as error:
        raise ManifestError("there is no such file or folder", file=str(path), remedy="check the path") from error
    except PermissionError as error:
        raise ManifestError("no permission to read it", file=str(path), remedy="grant read permission") from error
    except (OSError, ValueError) as error:
        raise ManifestError(
            f"can't be read: {_cause(error)}", file=_printable(path), remedy="check the path"
        ) from error


def _printable(path: FilePath) -> str:
    return str(path).encode("utf-8", "replace").decode("utf-8")


def _cause(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _files(root: FilePath) -> list[FilePath]:
    """The manifest files below a folder. Raises ManifestError where there is none, or one leads out of the folder."""
    found: list[FilePath] = []
    home = root.resolve()
    for folder, names, files in os.walk(root, onerror=_unreadable):
        names[:] = sorted(name for name in names if not name.startswith("."))
        links = [FilePath(folder, name) for name in names if FilePath(folder, name).is_symlink()]
        for path in links:
            _inside(path, home)
        wanted = (name for name in files if name.endswith(SUFFIXES) and not name.startswith("."))
        for name in wanted:
            file = FilePath(folder, name)
            _inside(file, home)
            if name not in NOT_MANIFESTS:
                found.append(file)
    if not found:
        raise ManifestError(
            "the folder holds no manifest", file=str(root), remedy="give a folder with YAML or JSON files"
        )
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def _unreadable(error: OSError) -> None:
    raise ManifestError(f"can't be read: {_cause(error)}", file=str(error.filename), remedy="grant read permission")


def _inside(path: FilePath, home: FilePath) -> None:
    if not path.is_symlink():
        return
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ManifestError(
            "a symbolic link that leads nowhere", file=str(path), remedy="remove it or mend it"
        ) from error
    if not target.is_relative_to(home):
        raise ManifestError(
            "a symbolic link that leads out of the folder", file=str(path), remedy="copy the file into the folder"
        )


def read_text(path: FilePath) -> str:
    """The text of a manifest file: UTF-8, at most 32 MiB, no binary. Raises ManifestError."""
    shown = str(path)
    if not stat.S_ISREG(_mode(path)):
        raise ManifestError("not a regular file", file=shown, remedy="write the manifests into a file")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except PermissionError as error:
        raise ManifestError("no permission to read it", file=shown, remedy="grant read permission") from error
    except OSError as error:
        raise ManifestError(f"can't be read: {_cause(error)}", file=shown, remedy="check the file") from error
    if len(content) > MAX_BYTES:
        raise ManifestError(
            f"larger than {MAX_BYTES // 2**20} MiB", file=shown, remedy="a manifest is far smaller: check what this is"
        )
    return decode(content, file=shown)


def decode(content: bytes, *, file: str = "") -> str:
    """Bytes to text. Raises ManifestError for what is not UTF-8 text."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            raise ManifestError(f"the file is {name}", file=file, remedy="save it as UTF-8")
    at = content.find(b"\0")
    if at >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise ManifestError("a binary file: it holds a NUL byte", file=file, line=line, remedy="remove it or rename it")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ManifestError("not UTF-8 text", file=file, line=line, remedy="save it as UTF-8") from error


def parse_manifests(text: str, *, file: str = "", source_lines: bool = True, shown: str = "") -> list[Manifest]:
    """The objects of a YAML or JSON text, List kinds flattened, empty documents left out.

    ``file`` goes into each object's origin, ``shown`` (else ``file``) into errors. ``source_lines`` False leaves out
    the lines of the fields, which is faster. Raises ManifestError.
    """
    place = shown or file
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ManifestError(
            "a binary file: it holds a NUL byte", file=place, line=line, remedy="remove it or rename it"
        )
    return [
        Manifest(content, Origin(file=file, line=line, fields=lines))
        for value, line, lines in _documents(text, place, source_lines)
        if value is not None
        for content, line, lines in _flat(value, line, lines, place)
    ]


def parse_rendered(text: str) -> list[dict[str, Any]]:
    """The objects of a renderer's output, as plain dicts without lines.

    Equal to what ``parse_manifests`` gives, several times faster. Raises ManifestError.
    """
    from kfm_checks.manifest_fast import fast_documents

    return [
        content
        for value, line in fast_documents(text)
        if value is not None
        for content, _, _ in _flat(value, line, {}, "rendered objects")
    ]


def _documents(text: str, place: str, lines: bool) -> Iterator[tuple[Any, int, Mapping[Path, int]]]:
    from kfm_checks.manifest_json import json_documents, looks_like_json
    from kfm_checks.manifest_yaml import documents

    if looks_like_json(text):
        found = json_documents(text, file=place, lines=lines)
        if found is not None:
            yield from found
            return
    for document in documents(text, file=place, lines=lines):
        yield document.value, document.line, document.lines


def _flat(
    value: Any, line: int, lines: Mapping[Path, int], place: str, depth: int = 0
) -> Iterator[tuple[dict[str, Any], int, Mapping[Path, int]]]:
    """An object, or the objects of a List; each with its own place."""
    _require_object(value, line, place)
    items = _list_items(value)
    if items is None:
        yield value, line, lines
        return
    if depth >= _MAX_LISTS:
        raise ManifestError(f"Lists nested deeper than {_MAX_LISTS}", file=place, line=line, remedy="flatten them")
    below = _split(lines) if items and lines else {}
    for index, item in enumerate(items):
        item_line = lines.get(("items", index), line)
        yield from _flat(_with_type(item, value), item_line, below.get(index, {}), place, depth + 1)


def _split(lines: Mapping[Path, int]) -> dict[int, dict[Path, int]]:
    """The lines of each item of a List, by its index."""
    found: dict[int, dict[Path, int]] = {}
    for path, line in lines.items():
        if len(path) > 2 and path[0] == "items" and isinstance(path[1], int):
            found.setdefault(path[1], {})[path[2:]] = line
    return found


def _list_items(value: Mapping[str, Any]) -> list[Any] | None:
    kind, items = value["kind"], value.get("items")
    if kind == "List" and value["apiVersion"] == "v1" and items is None:
        return []
    return items if kind.endswith("List") and isinstance(items, list) else None


def _with_type(item: Any, parent: Mapping[str, Any]) -> Any:
    """Items of a typed list (``ConfigMapList``) need not repeat their type."""
    if not isinstance(item, dict) or parent["kind"] == "List" or "kind" in item or "apiVersion" in item:
        return item
    return {"apiVersion": parent["apiVersion"], "kind": parent["kind"].removesuffix("List"), **item}


def _require_object(value: Any, line: int, place: str) -> None:
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a single value"
        raise ManifestError(
            f"the document is {kind}, not an object",
            file=place,
            line=line,
            remedy="write apiVersion, kind and metadata",
        )
    for name in ("apiVersion", "kind"):
        found = value.get(name)
        if found is None or found == "":
            raise ManifestError(f"the object has no {name}", file=place, line=line, remedy=f"add {name}")
        if not isinstance(found, str):
            raise ManifestError(f"{name} is no text", file=place, line=line, remedy=f"write {name} as text")


def manifests(objects: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """Objects as Manifests; those that are already keep their origin."""
    return [obj if isinstance(obj, Manifest) else Manifest(obj) for obj in objects]
