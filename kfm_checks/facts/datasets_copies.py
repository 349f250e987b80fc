"""Where restricted data turns up among the rendered objects: copies, dashboards and log pipelines that name it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import Located
from kfm_checks.facts.datasets_manifest import SCHEMA
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: Datasets larger than this (bytes) can't lie in a ConfigMap; their features still may.
_LIMIT = 16 * 1024 * 1024
#: Lines of a table shorter than this say too little to tell that it was copied.
_LINE = 12
_LOG_PIPELINE = re.compile(
    r"\[(?:INPUT|OUTPUT|FILTER)\]|^\s*(?:receivers|exporters|scrape_configs|sinks)\s*:", re.MULTILINE
)
_PUBLIC_ACL = re.compile(r"^public-?read|^public$", re.IGNORECASE)


class Copy(Value, frozen=True):
    """Restricted data, or a reader of it, in an object. ``dataset`` None: any dataset that lies there."""

    dataset: Dataset | None
    obj: Manifest
    path: Path
    what: str


class Copies(Value, frozen=True):
    """What was found, and among how many ConfigMaps it was looked for."""

    found: tuple[Copy, ...]
    looked: int


class _Marks(Value, frozen=True):
    """By what a dataset is recognised: its checksum, its geometries, the lines of its table, its names."""

    dataset: Dataset
    sha256: str
    pieces: frozenset[str]
    names: re.Pattern[str]


def copies(inventory: Inventory, datasets: tuple[Dataset, ...], located: tuple[Located, ...]) -> Copies:
    """Copies and direct readers of data that is not public."""
    marks = [_marks(dataset, located) for dataset in datasets if dataset.is_sensitive]
    maps = inventory.of("ConfigMap")
    found = [copy for obj in maps for copy in _in_map(obj, marks)] if marks else []
    if marks:
        found += [copy for obj in inventory for copy in _public_bucket(obj)]
        found += [copy for obj in inventory.of_group("grafana.integreatly.org") for copy in _dashboard(obj, marks)]
    return Copies(tuple(found), len(maps))


def _marks(dataset: Dataset, located: tuple[Located, ...]) -> _Marks:
    content = next((one.file.raw(_LIMIT) for one in located if one.dataset is dataset and one.file), None) or b""
    loads = dataset.raw.get("load")
    into = [str(load.get("into")) for load in loads if isinstance(load, dict)] if isinstance(loads, list) else []
    names = {name for name in (dataset.id, dataset.id.replace("-", "_"), *into) if len(name) > 3}
    alternatives = "|".join(re.escape(name) for name in sorted(names)) or r"(?!)"
    pattern = re.compile(rf"(?<![\w-])(?:{alternatives})(?![\w-])")
    return _Marks(dataset, dataset.sha256, frozenset(_pieces(content)), pattern)


def _pieces(content: bytes) -> Iterator[str]:
    """Geometries of GeoJSON in one spelling, or the lines of a table but its first."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        try:
            lines = content.decode("utf-8").splitlines()[1:]
        except UnicodeDecodeError:
            return
        yield from (line.strip() for line in lines if len(line.strip()) >= _LINE)
        return
    yield from _geometries(value)


def _geometries(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        coordinates = value.get("coordinates")
        if isinstance(coordinates, list) and coordinates:
            yield msgspec.json.encode(coordinates).decode()
        for item in value.values():
            yield from _geometries(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _geometries(item)


def _in_map(obj: Manifest, marks: list[_Marks]) -> Iterator[Copy]:
    for field in ("data", "binaryData"):
        values = obj.get(field)
        for name, value in values.items() if isinstance(values, dict) else ():
            content = _bytes(value, binary=field == "binaryData")
            if content is None or SCHEMA.encode() in content:
                continue
            digest, pieces = hashlib.sha256(content).hexdigest(), frozenset(_pieces(content))
            for mark in marks:
                what = _recognised(obj, content, digest, pieces, mark)
                if what:
                    yield Copy(mark.dataset, obj, (field, str(name)), what)


def _bytes(value: Any, *, binary: bool) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True) if binary else value.encode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return None


def _recognised(obj: Manifest, content: bytes, digest: str, pieces: frozenset[str], mark: _Marks) -> str:
    if digest == mark.sha256:
        return "holds a copy of it"
    if pieces & mark.pieces:
        return "holds records of it"
    text = content.decode("utf-8", "replace")
    if not mark.names.search(text):
        return ""
    labels = dig(obj, "metadata", "labels")
    board = any("dashboard" in str(label) for label in labels) if isinstance(labels, dict) else False
    if board or ('"panels"' in text and '"targets"' in text):
        return "is a dashboard that reads it past the API's policy"
    return "is a log pipeline that carries it" if _LOG_PIPELINE.search(text) else ""


def _dashboard(obj: Manifest, marks: list[_Marks]) -> Iterator[Copy]:
    text = dig(obj, "spec", "json")
    for mark in marks:
        if isinstance(text, str) and mark.names.search(text):
            yield Copy(mark.dataset, obj, ("spec", "json"), "is a dashboard that reads it past the API's policy")


def _public_bucket(obj: Manifest) -> Iterator[Copy]:
    """Buckets that operators make (ACK, Crossplane, Rook): one that anybody may read."""
    if "Bucket" not in obj.key.kind:
        return
    for path in (("spec", "acl"), ("spec", "forProvider", "acl")):
        acl = dig(obj, *path)
        if isinstance(acl, str) and _PUBLIC_ACL.match(acl):
            yield Copy(None, obj, path, "is a bucket that anybody may read")
    for path in (("spec", "policy"), ("spec", "forProvider", "policy")):
        if _lets_everybody(dig(obj, *path)):
            yield Copy(None, obj, path, "is a bucket that anybody may read")


def _lets_everybody(policy: Any) -> bool:
    """Whether a statement of a bucket's policy allows something to everybody; it is JSON, or what JSON says."""
    if isinstance(policy, str):
        try:
            policy = msgspec.json.decode(policy)
        except (msgspec.DecodeError, RecursionError):
            return False
    statements = dig(policy, "Statement")
    return any(
        dig(one, "Effect") == "Allow" and "*" in _named(dig(one, "Principal"))
        for one in (statements if isinstance(statements, list) else [statements])
    )


def _named(principal: Any) -> list[Any]:
    """Whom a statement names: everybody, an account, or several."""
    named = dig(principal, "AWS") if isinstance(principal, dict) else principal
    return named if isinstance(named, list) else [named]
