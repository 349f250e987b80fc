"""The data manifest as the loader reads it: strictly, since what is loaded must be exactly what was reviewed."""

from __future__ import annotations

import hashlib
import posixpath
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfm_checks.errors import ConfigError, UsageError, one_line
from kfm_checks.facts.datasets import LIMIT, Dataset, withdrawals
from kfm_checks.facts.datasets_manifest import PATH, json_schema
from kfm_checks.facts.datasets_reader import read_manifest
from kfm_checks.model import Source


@dataclass(frozen=True)
class LoadedManifest:
    """A manifest that is valid. ``folder`` is what relative addresses start from, None where it came out of git."""

    shown: str
    datasets: tuple[Dataset, ...]
    folder: Path | None
    digest: str
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by_id(self) -> dict[str, Dataset]:
        """The datasets by their ids, which are unique."""
        return {dataset.id: dataset for dataset in self.datasets}

    @property
    def withdrawn(self) -> frozenset[tuple[str, str]]:
        """(dataset, release) of each governed withdrawal."""
        return frozenset(withdrawals(self.raw))


def load(given: str, *, files: Path | None = None, strict: bool = True) -> LoadedManifest:
    """The manifest of an overlay folder, of a file, or of ``REVISION:PATH`` in git.

    ``files`` replaces the folder that relative addresses start from. ``strict`` False takes entries that the schema of
    today refuses: an earlier revision is what it is. Raises UsageError and ConfigError.
    """
    path = Path(given)
    if path.is_dir():
        path = path / PATH if (path / PATH).exists() else path / "manifest.yaml"
    if path.is_file():
        text, read, folder = _text(path), _beside(path.parent), path.parent
        return _checked(text, str(path), read, files or folder, strict)
    revision, colon, name = given.partition(":")
    if colon and name:
        return _from_git(revision, name, files, strict)
    raise UsageError(
        "there is no data manifest", file=given, remedy=f"give an overlay with {PATH}, a file, or REV:PATH"
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LIMIT:
            raise ConfigError(f"larger than {LIMIT // 1024 // 1024} MiB", file=str(path), remedy="use shards")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("not UTF-8 text", file=str(path), remedy="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", file=str(path), remedy="check path and rights") from error


def _beside(folder: Path) -> Callable[[str], str]:
    root = folder.resolve()

    def read(name: str) -> str:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise ConfigError(f"the shard {name} leads out of the folder", file=str(folder), remedy="move it inside")
        return _text(path)

    return read


def _from_git(revision: str, name: str, files: Path | None, strict: bool) -> LoadedManifest:
    if not name.endswith((".yaml", ".yml", ".json")):
        name = posixpath.join(name, PATH)

    def read(shard: str) -> str:
        return _show(revision, posixpath.normpath(posixpath.join(posixpath.dirname(name), shard)))

    return _checked(_show(revision, name), f"{revision}:{name}", read, files, strict)


def _show(revision: str, name: str) -> str:
    command = ["git", "show", "--end-of-options", f"{revision}:{name}"]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise UsageError(
            "git can't be asked", file=f"{revision}:{name}", remedy="install git or give a file"
        ) from error
    if done.returncode:
        cause = one_line(done.stderr.decode("utf-8", "replace"))[:200]
        raise UsageError(
            f"git refuses: {cause}", file=f"{revision}:{name}", remedy="give an overlay, a file or REV:PATH"
        )
    return done.stdout.decode("utf-8", "replace")


def _checked(text: str, shown: str, read: Callable[[str], str], folder: Path | None, strict: bool) -> LoadedManifest:
    digest = hashlib.sha256(text.encode())
    document = _valid(text, shown, strict)
    datasets = _datasets(document.value, shown, document.lines)
    for name in document.value.get("shards") or []:
        shard = read(name)
        digest.update(shard.encode())
        found = _valid(shard, f"{shown} ({name})", strict)
        datasets += _datasets(found.value, name, found.lines)
    twice = sorted(id for id, count in Counter(dataset.id for dataset in datasets).items() if count > 1)
    if twice:
        raise ConfigError(f"two entries have the id {twice[0]}", file=shown, remedy="give each dataset one entry")
    return LoadedManifest(shown, tuple(datasets), folder, digest.hexdigest(), document.value)


def _valid(text: str, shown: str, strict: bool) -> Any:
    import jsonschema_rs

    document = read_manifest(text, shown)
    if not strict and isinstance(document.value, dict):
        return document
    error = next(iter(jsonschema_rs.validator_for(json_schema()).iter_errors(document.value)), None)
    if error is not None:
        path = tuple(error.instance_path)
        place = "/".join(map(str, path)) or "the manifest"
        message = one_line(str(error.message))
        message = message if len(message) < 200 else "it has not the form that the schema wants"
        remedy = "see docs/reference/data-manifest.md"
        raise ConfigError(f"{place}: {message}", file=shown, line=document.line(path), remedy=remedy)
    return document


def _datasets(value: Mapping[str, Any], shown: str, lines: Mapping[Any, int]) -> list[Dataset]:
    return [
        Dataset(raw, shown, ("datasets", index), Source(shown, lines.get(("datasets", index))))
        for index, raw in enumerate(value.get("datasets") or [])
        if isinstance(raw, dict)
    ]
