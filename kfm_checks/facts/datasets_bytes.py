"""Where the bytes of each dataset lie, and the checksum of those that lie in the repository."""

from __future__ import annotations

import posixpath
import re
from typing import Literal
from urllib.parse import unquote, urlsplit

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_manifest import PATH
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.values import Value

_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
#: A git-lfs pointer is never longer than this (its specification: 1024 bytes).
_POINTER_SIZE = 1024


class Located(Value, frozen=True):
    """One address of one dataset. ``index`` is its place among the addresses.

    ``here``: the file is in the repository. ``missing``: it should be and is not. ``elsewhere``: it has to be fetched.
    ``outside``: a path that leads out of the repository, or no address at all.
    """

    dataset: Dataset
    index: int
    uri: str
    where: Literal["here", "missing", "elsewhere", "outside"]
    file: TreeFile | None = None
    #: The checksum that a git-lfs pointer stands for, where the file is one: the bytes themselves are not here.
    pointer: str = ""


def scheme_of(uri: str) -> str:
    """The scheme in lower case, ``file`` for a relative path, "" for what is no address."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return parts.scheme.lower() or ("file" if parts.path and not parts.netloc else "")


def relative_path(uri: str) -> str | None:
    """The path of a ``file:`` address relative to the manifest's folder; None for any other address."""
    if scheme_of(uri) != "file":
        return None
    path = unquote(urlsplit(uri).path)
    return None if path.startswith("/") or "\0" in path or urlsplit(uri).netloc else path


def located(tree: Tree, datasets: tuple[Dataset, ...]) -> tuple[Located, ...]:
    """Every address of every dataset."""
    return tuple(_located(tree, one, index, uri) for one in datasets for index, uri in enumerate(one.uris))


def _located(tree: Tree, dataset: Dataset, index: int, uri: str) -> Located:
    scheme, path = scheme_of(uri), relative_path(uri)
    if scheme not in ("", "file"):
        return Located(dataset, index, uri, "elsewhere")
    if path is None:
        return Located(dataset, index, uri, "outside")
    place = posixpath.normpath(posixpath.join(tree.source_path, posixpath.dirname(PATH), path))
    if place.startswith("../") or place == "..":
        return Located(dataset, index, uri, "outside")
    file = tree.read(place)
    if file is None or file.leads_out:
        return Located(dataset, index, uri, "missing")
    return Located(dataset, index, uri, "here", file, lfs_pointer(file))


def lfs_pointer(file: TreeFile) -> str:
    """The checksum that a git-lfs pointer stands for, "" for any other file."""
    content = file.raw(_POINTER_SIZE) or b""
    found = _POINTER.match(content)
    return found[1].decode() if found else ""
