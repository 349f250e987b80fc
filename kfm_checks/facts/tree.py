"""The overlay's files. The only fact module that reads files: each at most once, and only when somebody asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.tree_yaml import Document, Documents, load
from kfm_checks.model import Source

#: Files larger than this (bytes) are listed and never read as text; their ``unread`` says so.
TEXT_LIMIT = 5_000_000
#: A folder with more files than this is no overlay: better one clear error than a run without end.
FILE_LIMIT = 50_000
#: The names under which kustomize looks for its entrypoint, in its own order.
ENTRYPOINTS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
#: Where a zero byte within so many leading bytes makes a file binary, as git judges it.
BINARY_PROBE = 8_000


@dataclass(frozen=True)
class TreeFile:
    """One file. ``path`` is relative to the overlay, ``source_path`` to the repository; both with forward slashes."""

    path: str
    source_path: str
    size: int
    absolute: Path = field(repr=False, compare=False)
    #: The target of a symbolic link that leads out of the tree (such a file is not read), "" for any other file.
    leads_out: str = ""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The extension in lower case with its dot, "" where there is none; ``.env`` and its like have none."""
        stem, dot, extension = self.name.rpartition(".")
        return f".{extension.lower()}" if dot and stem else ""

    @cached_property
    def content(self) -> bytes:
        """The bytes; b"" where they were not read, and then ``unread`` says why."""
        if self.unread:
            return b""
        try:
            return self.absolute.read_bytes()
        except OSError as error:
            raise _unreadable(self.source_path, error) from error

    @cached_property
    def sha256(self) -> str:
        """The checksum of the bytes in hexadecimal, whatever their number; read in pieces, in bounded memory.

        "" for a symbolic link that leads out. Raises KfmChecksError where the file can't be read.
        """
        if self.leads_out:
            return ""
        try:
            with self.absolute.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(self.source_path, error) from error

    def raw(self, limit: int) -> bytes | None:
        """The bytes of a file that may exceed TEXT_LIMIT; None where it has more than ``limit`` or leads out."""
        if self.leads_out or self.size > limit:
            return None
        try:
            return self.absolute.read_bytes()
        except OSError as error:
            raise _unreadable(self.source_path, error) from error

    @cached_property
    def unread(self) -> str:
        """Why the content was not looked at, "" where it can be."""
        if self.leads_out:
            return "it is a symbolic link that leads out of the folder"
        if self.size > TEXT_LIMIT:
            return f"it is larger than {TEXT_LIMIT // 1_000_000} MB"
        return "" if self.absolute.is_file() else "it is no regular file"

    @cached_property
    def is_binary(self) -> bool:
        """Whether the content is no text: it has a zero byte or is not UTF-8 (UTF-16 with its mark is text)."""
        return self._decoded is None

    @cached_property
    def _decoded(self) -> str | None:
        content = self.content
        try:
            if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return content.decode("utf-16")
            return None if b"\0" in content[:BINARY_PROBE] else content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    @property
    def text(self) -> str:
        """The content as text; "" for a binary file and for one that was not read."""
        return self._decoded or ""

    @cached_property
    def _yaml(self) -> Documents:
        return load(self.text)

    @property
    def documents(self) -> tuple[Document, ...]:
        """Its YAML or JSON documents, whatever they are; () where it is none, and then ``problem`` says why."""
        return self._yaml.documents

    @property
    def problem(self) -> str:
        """What is wrong with its YAML, in a few words with the line, "" where nothing is."""
        return self._yaml.problem

    @property
    def is_manifest_file(self) -> bool:
        """Whether the name is that of YAML or JSON."""
        return self.suffix in {".yaml", ".yml", ".json"} or self.name == "Kustomization"

    def at(self, line: int | None = None) -> Source:
        """The place of a line of this file, for evidence."""
        return Source(self.source_path, line)


class Tree:
    """The files under an overlay's folder, hidden ones included, ``.git`` left out, in sorted order.

    ``relative_to`` is the root of the repository: paths in evidence are relative to it. Folders behind symbolic
    links are not entered. Raises KfmChecksError where a folder can't be listed or holds more than FILE_LIMIT files.
    """

    def __init__(self, root: Path, relative_to: Path) -> None:
        self.root = root.resolve()
        self.relative_to = relative_to.resolve()
        self._outside: dict[str, TreeFile | None] = {}

    @cached_property
    def source_path(self) -> str:
        """The overlay's folder, relative to the repository; "" where they are the same."""
        path = os.path.relpath(self.root, self.relative_to).replace(os.sep, "/")
        return "" if path == "." else path

    @cached_property
    def files(self) -> tuple[TreeFile, ...]:
        """Every file, sorted by path."""
        found: list[TreeFile] = []
        for file in self._scan(self.root, ""):
            found.append(file)
            if len(found) > FILE_LIMIT:
                raise KfmChecksError(
                    f"holds more than {FILE_LIMIT} files",
                    file=self.source_path or ".",
                    remedy="give the overlay's own folder",
                )
        return tuple(sorted(found, key=lambda file: file.path))

    def _scan(self, folder: Path, prefix: str) -> Iterator[TreeFile]:
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError as error:
            raise _unreadable(self._source(prefix.removesuffix("/")), error) from error
        for entry in listed:
            path = prefix + entry.name
            if entry.is_symlink():
                yield self._link(Path(entry.path), path)
            elif entry.is_dir():
                if entry.name != ".git":
                    yield from self._scan(Path(entry.path), path + "/")
            elif entry.name != ".git":
                yield TreeFile(path, self._source(path), entry.stat().st_size, Path(entry.path))

    def _link(self, absolute: Path, path: str) -> TreeFile:
        target = Path(os.path.realpath(absolute))
        inside = target.is_relative_to(self.root) and target.is_file()
        size = target.stat().st_size if inside else 0
        shown = "" if inside else os.fspath(absolute.readlink()).replace(os.sep, "/")
        return TreeFile(path, self._source(path), size, absolute, leads_out=shown)

    def _source(self, path: str) -> str:
        return "/".join(part for part in (self.source_path, path) if part)

    @cached_property
    def _by_path(self) -> Mapping[str, TreeFile]:
        return {file.path: file for file in self.files}

    def get(self, path: str) -> TreeFile | None:
        """The file at a path relative to the overlay, or None."""
        return self._by_path.get(path)

    def folder(self, name: str) -> tuple[TreeFile, ...]:
        """The files below a folder of the overlay, however deep; () where there is none."""
        prefix = name.strip("/") + "/"
        return tuple(file for file in self.files if file.path.startswith(prefix))

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder of the overlay that holds a file, relative to the overlay."""
        return frozenset(
            "/".join(parts[:end])
            for file in self.files
            for parts in [file.path.split("/")]
            for end in range(1, len(parts))
        )

    @cached_property
    def entrypoint(self) -> TreeFile | None:
        """The kustomization file of the overlay, or None."""
        return next((file for name in ENTRYPOINTS if (file := self.get(name))), None)

    @cached_property
    def kustomization(self) -> dict[str, Any]:
        """The entrypoint's content; {} where there is none or it is no mapping."""
        documents = self.entrypoint.documents if self.entrypoint else ()
        value = documents[0].value if documents else None
        return value if isinstance(value, dict) else {}

    @cached_property
    def links_out(self) -> tuple[TreeFile, ...]:
        """Symbolic links that lead out of the folder (or nowhere, or to a folder): listed and never followed."""
        return tuple(file for file in self.files if file.leads_out)

    def read(self, source_path: str) -> TreeFile | None:
        """Any file of the repository by its path from the repository's root (a base, for one), or None.

        Paths that lead out of the repository, by ``..`` or by a symbolic link, are None.
        """
        if source_path not in self._outside:
            absolute = self.relative_to / source_path
            real = Path(os.path.realpath(absolute))
            inside = real.is_relative_to(self.relative_to) and real.is_file()
            path = os.path.relpath(absolute, self.root).replace(os.sep, "/")
            self._outside[source_path] = TreeFile(path, source_path, real.stat().st_size, absolute) if inside else None
        return self._outside[source_path]

    def listed(self, source_path: str) -> tuple[TreeFile, ...]:
        """The files directly in a folder of the repository, by its path from the root; () where there is none."""
        if not self.is_folder(source_path):
            return ()
        names = sorted(entry.name for entry in os.scandir(self.relative_to / source_path))
        return tuple(file for name in names if (file := self.read(f"{source_path}/{name}")) is not None)

    def is_folder(self, source_path: str) -> bool:
        """Whether a path from the repository's root is a folder within the repository."""
        real = Path(os.path.realpath(self.relative_to / source_path))
        return real.is_relative_to(self.relative_to) and real.is_dir()


def _unreadable(path: str, error: OSError) -> KfmChecksError:
    cause = (error.strerror or "unknown error").lower()
    return KfmChecksError(f"can't be read ({cause})", file=path or ".", remedy="check that it is there and may be read")
