"""``kfm-checks.yaml``: what a team declares of its overlay, merged from the git root down, with origins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Literal

import msgspec
from msgspec import Struct

from kfm_checks.config_rules import refuse_unknown
from kfm_checks.errors import ConfigError
from kfm_checks.model import Level, Path
from kfm_checks.yamlfile import YamlFile, read_yaml

NAME = "kfm-checks.yaml"
#: Rows that nobody may declare not applicable, nor waive.
UNWAIVABLE = frozenset({"SEC-01", "MEM-02", "GATE-01"})

Names = tuple[str, ...]


class _Section(Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", omit_defaults=True):
    """Keys are written with hyphens; an unknown one is an error. None means: not declared."""


class Layout(_Section, frozen=True):
    """Folder of each intent, relative to the overlay; null where the overlay has none of its own."""

    patches: str | None = "patches"
    platform: str | None = "platform"
    policies: str | None = "policies"
    apps: str | None = "apps"
    secrets: str | None = "secrets"


class Gitops(_Section, frozen=True):
    """What reconciles this overlay, and where the reconciling object lives when that is outside the overlay."""

    repository: str = ""
    branch: str = "main"
    path: str = ""
    manifests: Names = ()


class Entry(_Section, frozen=True):
    """How outside clients come in. Workloads are written ``namespace/Kind/name``."""

    gateways: Names | None = None
    hosts: Names | None = None
    operator_hosts: Names = ()


class Workloads(_Section, frozen=True):
    """Which workloads are critical, which run once on purpose, which namespaces belong to the platform."""

    critical: Names | None = None
    platform_namespaces: Names = ()
    singletons: Names = ()


class Datastore(_Section, frozen=True):
    """A core datastore, its ports, and the workloads approved to reach it."""

    workload: str
    ports: tuple[int, ...] = ()
    clients: Names | None = None


class Personas(_Section, frozen=True):
    """Subjects (``User:n``, ``Group:n``, ``ServiceAccount:ns/n``) of each persona."""

    platform_operator: Names | None = None
    application_deployer: Names | None = None
    data_steward: Names | None = None
    auditor: Names | None = None
    allowed_overlap: Names = ()


class Images(_Section, frozen=True):
    """Digests that stand for an image not yet built, and registries whose tags can't be moved."""

    placeholders: Names = ()
    immutable_tags: Names = ()


class Data(_Section, frozen=True):
    """The workload that loads data."""

    reconciler: str | None = None


class NotApplicable(_Section, frozen=True):
    """A row that a team declares not applicable, with who says so and until when."""

    requirement: str
    reason: str
    by: str
    date: str
    expires: str


class Thresholds(_Section, frozen=True):
    """Numbers that a team may set."""

    change_objects: int = 20
    snapshot_age: str = "24h"
    cpu_limits: Literal["required", "memory-only"] = "required"


class TeamRequirement(_Section, frozen=True):
    """A row of the team's own, judged by checks of the catalogue."""

    id: str
    level: Level
    statement: str
    checks: Names


class Config(_Section, frozen=True):
    """The settings in force."""

    schema: Literal["kfm-checks/config/v1"] = "kfm-checks/config/v1"
    overlays: Names = ()
    environment: str = "prod"
    readme: str = "README.md"
    layout: Layout = Layout()
    gitops: Gitops = Gitops()
    entry: Entry = Entry()
    workloads: Workloads = Workloads()
    datastores: tuple[Datastore, ...] | None = None
    personas: Personas = Personas()
    attesters: Mapping[str, Names] = {}
    images: Images = Images()
    data: Data = Data()
    levels: Mapping[str, Level] = {}
    not_applicable: tuple[NotApplicable, ...] = ()
    thresholds: Thresholds = Thresholds()
    requirements: tuple[TeamRequirement, ...] = ()


@dataclass(frozen=True)
class Settings:
    """The configuration in force, and where each written value comes from."""

    config: Config = field(default_factory=Config)
    #: The file and line of each value that a file gives, by its path.
    origins: Mapping[Path, tuple[str, int | None]] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[str, Any, str]]:
        """Each setting in force: its dotted key, its value, and its origin (``default`` or ``file:line``)."""
        for path, value in _leaves(msgspec.to_builtins(_with_defaults(self.config)), ()):
            known = self.origins.get(path)  # a section that a file writes leaves its other keys at their defaults
            yield ".".join(map(str, path)), value, f"{known[0]}:{known[1]}" if known else "default"


def load_settings(overlay: FilePath, root: FilePath) -> Settings:
    """Read and merge the ``kfm-checks.yaml`` of ``overlay`` and of its parents up to ``root``; the nearest wins.

    Raises ConfigError: an unknown key or name, a wrong type, a file that can't be read.
    """
    overlay, root = overlay.resolve(), root.resolve()
    folders = [folder for folder in (overlay, *overlay.parents) if folder == root or root in folder.parents]
    merged: dict[str, Any] = {}
    origins: dict[Path, tuple[str, int | None]] = {}
    # A link that leads nowhere, or a folder of that name, is not "no configuration": reading it says what is wrong.
    files = [path for folder in reversed(folders) if os.path.lexists(path := folder / NAME)]
    for path in files:
        document = read_yaml(path, shown=path.relative_to(root).as_posix())
        _validated(document)
        value = _relocated(document.value or {}, path.parent, overlay)
        _merge(merged, value, (), document, origins)
    config = msgspec.convert(merged, Config)
    settings = Settings(config, origins, tuple(path.relative_to(root).as_posix() for path in files))
    refuse_unknown(settings)
    return settings


def parse_settings(value: Mapping[str, Any], shown: str = NAME) -> Settings:
    """Settings from plain data (tests, examples). Raises ConfigError."""
    document = YamlFile(shown, dict(value), {})
    return Settings(_validated(document), {}, (shown,))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``kfm-checks.yaml``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Config)}


def _validated(document: YamlFile) -> Config:
    if document.value is not None and not isinstance(document.value, dict):
        raise ConfigError("the configuration is not a mapping", file=document.file, line=1, remedy="write key: value")
    try:
        config = msgspec.convert(document.value or {}, Config)
    except msgspec.ValidationError as error:
        path = _error_path(str(error))
        unknown = re.search(r"unknown field `([^`]+)`", str(error))
        if unknown:
            path = (*path, unknown[1])
        message = re.sub(r" - at `[^`]*`$", "", str(error))
        place = ".".join(map(str, path)) or "configuration"
        remedy = "see `kfm-checks config --show` for the keys"
        raise ConfigError(f"{place}: {message}", file=document.file, line=document.line(path), remedy=remedy) from error
    _refuse_unwaivable(config, document)
    return config


def _refuse_unwaivable(config: Config, document: YamlFile) -> None:
    for index, declared in enumerate(config.not_applicable):
        if declared.requirement in UNWAIVABLE:
            line = document.line(("not-applicable", index))
            raise ConfigError(
                f"{declared.requirement} can't be declared not applicable",
                file=document.file,
                line=line,
                remedy="remove it",
            )
    for id, level in config.levels.items():
        if level != "must":
            line = document.line(("levels", id))
            raise ConfigError(
                f"levels.{id}: a level is only ever raised", file=document.file, line=line, remedy="write must"
            )


def _error_path(message: str) -> Path:
    found = re.search(r"at `\$([^`]*)`", message)
    steps: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", found[1] if found else ""):
        steps.append(name or (int(index) if index.isdigit() else index))
    return tuple(steps)


def _relocated(value: dict[str, Any], folder: FilePath, overlay: FilePath) -> dict[str, Any]:
    """Paths are written relative to the file that gives them; make them relative to the overlay."""
    gitops = value.get("gitops")
    if folder == overlay or not isinstance(gitops, dict) or "manifests" not in gitops:
        return value
    moved = [_relative(folder / str(path), overlay) for path in gitops["manifests"]]
    return {**value, "gitops": {**gitops, "manifests": moved}}


def _relative(path: FilePath, start: FilePath) -> str:
    return FilePath(os.path.relpath(path, start)).as_posix()


def _merge(
    into: dict[str, Any],
    value: Mapping[str, Any],
    path: Path,
    document: YamlFile,
    origins: dict[Path, tuple[str, int | None]],
) -> None:
    for key, item in value.items():
        at = (*path, key)
        if isinstance(item, dict) and isinstance(into.get(key), dict):
            _merge(into[key], item, at, document, origins)
            continue
        into[key] = item
        for leaf, _ in _leaves(item, at):
            origins[leaf] = (document.file, document.line(leaf))
        origins[at] = (document.file, document.line(at))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def _with_defaults(config: Config) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Struct):
            names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
            return {key: plain(getattr(value, name)) for name, key in names}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return dict(value) if isinstance(value, Mapping) else value

    shown = plain(config)
    assert isinstance(shown, dict)
    return shown
