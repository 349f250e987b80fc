"""What of a working tree is in no commit. ``git status`` would run filters that a repository names; this reads only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kfm_checks.change.git import Clone, Entry

#: What a large file's blob begins with where git-lfs keeps the file elsewhere.
_POINTER = b"version https://git-lfs"


def dirty(clone: Clone, path: str) -> tuple[str, ...]:
    """Files below ``path`` that are new, gone or other than in HEAD; () in a bare repository, or before any commit."""
    head = clone.find("HEAD")
    if head is None or clone.text("rev-parse", "--is-bare-repository") == "true":
        return ()
    where = ["--", path] if path else []
    others = clone.text("ls-files", "--others", "--exclude-standard", "-z", *where).split("\0")
    return tuple(sorted({*filter(None, others), *_differing(clone, head, path)}))


def _differing(clone: Clone, head: str, path: str) -> Iterator[str]:
    suspects = [
        entry
        for entry in clone.entries(head, path)
        if entry.mode != "160000" and not _same(clone.folder / entry.path, entry)
    ]
    # Line ends and large files are kept otherwise in a blob than in a working tree: that is no difference.
    for entry, (_, content) in zip(suspects, clone.blobs(entry.sha for entry in suspects), strict=True):
        file = clone.folder / entry.path
        if content.startswith(_POINTER) and file.is_file():
            continue
        if not file.is_file() or file.read_bytes().replace(b"\r\n", b"\n") != content.replace(b"\r\n", b"\n"):
            yield entry.path


def _same(file: Path, entry: Entry) -> bool:
    """Whether a file is the blob, byte for byte."""
    try:
        content = os.fsencode(file.readlink()) if entry.mode == "120000" else file.read_bytes()
    except OSError:
        return False
    name = hashlib.sha256 if len(entry.sha) == 64 else hashlib.sha1
    return name(b"blob %d\0" % len(content) + content).hexdigest() == entry.sha
