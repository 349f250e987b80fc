"""The schemas of Kubernetes' own kinds, one compressed file a minor version; see docs/decisions/0002-schemas.md."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from kfm_checks.errors import UsageError

_FILE = re.compile(r"v(\d+)\.(\d+)\.json\.xz")
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:[.+-].*)?")


class Kind(NamedTuple):
    """A kind of one API version."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` of the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


@cache
def bundled_versions() -> tuple[str, ...]:
    """The minor versions with schemas in this package, oldest first: ("1.25", …)."""
    found = (_FILE.fullmatch(entry.name) for entry in files("kfm_checks").joinpath("schemas").iterdir())
    numbers = sorted((int(match[1]), int(match[2])) for match in found if match)
    return tuple(f"{major}.{minor}" for major, minor in numbers)


def minor_version(text: str) -> str:
    """``1.34`` from ``1.34``, ``v1.34.2``, ``v1.34.2+k3s1``. Raises UsageError."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no Kubernetes version", remedy="write it as 1.34")
    return f"{int(match[1])}.{int(match[2])}"


def as_numbers(version: str) -> tuple[int, int]:
    """A minor version to compare: (1, 34)."""
    major, _, minor = version.partition(".")
    return int(major), int(minor)


@cache
def definitions(version: str) -> Mapping[str, Mapping[str, Any]]:
    """The definitions of a minor version, by OpenAPI name. Raises UsageError where the package has none."""
    if version not in bundled_versions():
        known = bundled_versions()
        raise UsageError(
            f"there are no schemas of Kubernetes {version} here", remedy=f"choose one from {known[0]} to {known[-1]}"
        )
    content = files("kfm_checks").joinpath("schemas", f"v{version}.json.xz").read_bytes()
    found: dict[str, Mapping[str, Any]] = json.loads(lzma.decompress(content))
    return found


@cache
def kinds(version: str) -> Mapping[Kind, str]:
    """The OpenAPI name of each kind that a version serves."""
    return {
        Kind(entry["group"], entry["version"], entry["kind"]): name
        for name, definition in definitions(version).items()
        for entry in definition.get("x-kubernetes-group-version-kind") or ()
    }
