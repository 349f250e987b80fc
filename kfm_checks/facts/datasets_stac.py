"""STAC records held against the specification's own schemas (kept here, nothing is fetched) and the manifest."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_places import Places, geometry_points, number, read_places
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.model import Path
from kfm_checks.values import Value

_VERSION = re.compile(r"^(1\.[01])\.0(?:-.+)?$")
_MULTIHASH = re.compile(r"^([0-9a-f]{2}){2,}$")
#: Rounding that a bounding box may have against its geometry, in degrees.
_NEAR = 1e-6
_KINDS = {"Feature": "item", "Collection": "collection", "Catalog": "catalog"}


#: Relations whose links lead to another record.
_RELATED = ("item", "child", "collection", "parent", "root")


class Fault(Value, frozen=True):
    """Something wrong in a record; ``unknown`` where it is only that nobody could tell."""

    path: Path
    message: str
    expected: str = ""
    observed: str = ""
    unknown: bool = False


class Record(Value, frozen=True):
    """One STAC file. ``dataset`` is the entry that names it, None for collections and for records of no dataset."""

    file: TreeFile | None
    path: str
    dataset: Dataset | None
    faults: tuple[Fault, ...]


def stac_records(tree: Tree, datasets: tuple[Dataset, ...]) -> tuple[Record, ...]:
    """Every record that the manifest names, and every other STAC file under ``data/``."""
    named: dict[str, Dataset] = {}
    for dataset in datasets:
        if dataset.text("stac"):
            named[f"data/{dataset.text('stac').removeprefix('./')}"] = dataset
    found = []
    for path, dataset in sorted(named.items()):
        file = tree.get(path)
        missing = (Fault((), "the manifest names this STAC record, and it is not there", "a STAC item", "absent"),)
        found.append(Record(file, path, dataset, tuple(_faults(file, dataset, tree)) if file else missing))
    for file in tree.folder("data"):
        if file.path not in named and file.suffix == ".json" and _is_stac(file):
            found.append(Record(file, file.path, None, tuple(_faults(file, None, tree))))
    return tuple(found)


def _is_stac(file: TreeFile) -> bool:
    return '"stac_version"' in file.text


def _faults(file: TreeFile, dataset: Dataset | None, tree: Tree) -> Iterator[Fault]:
    try:
        value = msgspec.json.decode(file.content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        yield Fault((), "it is not valid JSON")
        return
    if not isinstance(value, dict):
        yield Fault((), "it is no STAC object")
        return
    broken = list(invalid(value))
    yield from broken
    if any(fault.unknown for fault in broken):
        return
    yield from _links(value, file, tree)
    if value.get("type") == "Feature":
        yield from _extent(value)
        yield from _assets(value)
    elif value.get("type") == "Collection":
        yield from _credit(value)
    if dataset is not None:
        yield from _agrees(value, dataset, read_places(file, "application/geo+json"))


def invalid(value: Mapping[str, Any]) -> Iterator[Fault]:
    """What the schemas of STAC 1.0.0 and 1.1.0 say against an object; other versions nobody judges here."""
    kind, version = _KINDS.get(str(value.get("type"))), str(value.get("stac_version"))
    family = _VERSION.match(version)
    if kind is None:
        yield Fault(
            ("type",), "it is neither item, collection nor catalogue", ", ".join(_KINDS), str(value.get("type"))
        )
        return
    if family is None:
        yield Fault(
            ("stac_version",), f"no schema of STAC {version[:20]} is kept here", "1.0.0 or 1.1.0", version, unknown=True
        )
        return
    told = {**value, "stac_version": f"{family[1]}.0"}
    for error in _validator(kind, f"{family[1]}.0").iter_errors(told):
        message = str(error.message).replace("\n", " ")
        yield Fault(
            tuple(error.instance_path), message if len(message) < 160 else "it has not the form that STAC wants"
        )


@cache
def schemas() -> Mapping[str, Any]:
    """The schemas of STAC 1.0.0 and 1.1.0 and of GeoJSON by their addresses (Apache-2.0, as pystac carries them)."""
    packed = files("kfm_checks").joinpath("schemas", "stac.json.xz").read_bytes()
    found: Mapping[str, Any] = msgspec.json.decode(lzma.decompress(packed))
    return found


@cache
def _validator(kind: str, version: str) -> Any:
    import jsonschema_rs

    registry = jsonschema_rs.Registry(list(schemas().items()), draft=jsonschema_rs.Draft7)
    schema = f"https://schemas.stacspec.org/v{version}/{kind}-spec/json-schema/{kind}.json"
    return jsonschema_rs.Draft7Validator(schemas()[schema], registry=registry, validate_formats=False)


def _links(value: Mapping[str, Any], file: TreeFile, tree: Tree) -> Iterator[Fault]:
    """Links to records beside it lead somewhere."""
    links = value.get("links")
    folder = file.path.rpartition("/")[0]
    for index, link in enumerate(links if isinstance(links, list) else []):
        href = link.get("href") if isinstance(link, dict) else None
        if not isinstance(href, str) or not href.startswith("./"):
            continue
        if link.get("rel") not in _RELATED:
            continue
        if tree.get(f"{folder}/{href[2:]}") is None:
            yield Fault(("links", index, "href"), "this link leads to no file", "a file", href)


def _extent(value: Mapping[str, Any]) -> Iterator[Fault]:
    """An item's bounding box is that of its geometry; one that crosses the antimeridian is not measured."""
    box, geometry = value.get("bbox"), value.get("geometry")
    numbers = isinstance(box, list) and len(box) in (4, 6) and all(isinstance(n, int | float) for n in box)
    if geometry is None or not numbers or not isinstance(box, list) or None in map(number, box):
        return
    half = len(box) // 2
    said = (box[0], box[1], box[half], box[half + 1])
    points = list(geometry_points(geometry))
    if not points or said[0] > said[2]:
        return
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    found = (min(xs), min(ys), max(xs), max(ys))
    if any(abs(a - b) > _NEAR for a, b in zip(said, found, strict=True)):
        yield Fault(("bbox",), "the bounding box is not that of the geometry", _numbers(found), _numbers(said))


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _assets(value: Mapping[str, Any]) -> Iterator[Fault]:
    """The file extension: a checksum is a multihash, a size a whole number."""
    assets = value.get("assets")
    for name, asset in sorted(assets.items()) if isinstance(assets, dict) else ():
        if not isinstance(asset, dict):
            continue
        checksum, size = asset.get("file:checksum"), asset.get("file:size")
        if checksum is not None and not (isinstance(checksum, str) and _MULTIHASH.match(checksum)):
            yield Fault(
                ("assets", name, "file:checksum"),
                "the checksum is no multihash in hexadecimal",
                "1220…",
                str(checksum)[:20],
            )
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
            yield Fault(("assets", name, "file:size"), "the size is no number of bytes", "a number", str(size)[:20])


def _credit(value: Mapping[str, Any]) -> Iterator[Fault]:
    """Licence and provider of a collection; an item may leave them to it."""
    for name, word in (("license", "licence"), ("providers", "provider")):
        if not value.get(name):
            yield Fault((name,), f"it names no {word}", f"a {word}", "absent")


def _agrees(value: Mapping[str, Any], dataset: Dataset, places: Places) -> Iterator[Fault]:
    """What the record and the manifest both say is the same."""
    properties = value.get("properties") if value.get("type") == "Feature" else value
    said = properties if isinstance(properties, dict) else {}
    if value.get("id") != dataset.id:
        yield Fault(("id",), "its id is not that of the dataset", dataset.id, str(value.get("id")))
    for name, wanted in (("version", dataset.text("version")), ("kfm:release", dataset.release)):
        if name in said and str(said[name]) != wanted:
            yield Fault(
                ("properties", name),
                f"its {name.removeprefix('kfm:')} is not that of the manifest",
                wanted,
                str(said[name]),
            )
    if "license" not in said and not isinstance(value.get("collection"), str):
        yield Fault(("properties", "license"), "it names no licence", dataset.text("licence"), "absent")
    if said.get("license") not in (None, "other", "various", "proprietary", dataset.text("licence")):
        yield Fault(
            ("properties", "license"),
            "its licence is not that of the manifest",
            dataset.text("licence"),
            str(said["license"]),
        )
    if not said.get("providers") and not isinstance(value.get("collection"), str):
        yield Fault(("properties", "providers"), "it names no provider", "a provider", "absent")
    yield from _bytes_agree(value, dataset)
    if places.why:
        yield Fault(("geometry",), f"its geometry was not read: {places.why}", unknown=True)


def _bytes_agree(value: Mapping[str, Any], dataset: Dataset) -> Iterator[Fault]:
    assets = value.get("assets")
    told = [(name, a) for name, a in (assets.items() if isinstance(assets, dict) else ()) if isinstance(a, dict)]
    checksums = [(name, asset["file:checksum"]) for name, asset in told if isinstance(asset.get("file:checksum"), str)]
    wanted = f"1220{dataset.sha256}"
    if checksums and all(checksum != wanted for _, checksum in checksums):
        yield Fault(
            ("assets", checksums[0][0], "file:checksum"),
            "no asset has the checksum of the manifest",
            wanted,
            checksums[0][1],
        )
    for name, asset in told:
        size = asset.get("file:size")
        if asset.get("file:checksum") == wanted and dataset.size is not None and size not in (None, dataset.size):
            yield Fault(
                ("assets", name, "file:size"), "its size is not that of the manifest", str(dataset.size), str(size)
            )
    if told and not checksums:
        yield Fault(
            ("assets",),
            "no asset has a checksum (file extension), so nobody can tell which bytes it describes",
            wanted,
            "absent",
        )
