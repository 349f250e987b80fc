"""STAC records held against their schemas, the files beside them and the manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_stac import invalid, stac_records
from kfm_checks.facts.tree import Tree

SHA = "ab" * 32
ITEM: dict[str, Any] = {
    "type": "Feature", "stac_version": "1.1.0", "id": "a", "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 2]]]},
    "bbox": [1, 2, 3, 4], "links": [], "properties": {"datetime": "2026-01-01T00:00:00Z", "version": "1", "kfm:release": "r1",
    "license": "CC-BY-4.0", "providers": [{"name": "KFM"}]}, "assets": {"data": {"href": "x", "file:checksum": f"1220{SHA}", "file:size": 5}},
}  # fmt: skip
MANIFEST = {
    "id": "a",
    "version": "1",
    "release": "r1",
    "licence": "CC-BY-4.0",
    "sha256": SHA,
    "bytes": 5,
    "stac": "./stac/a.json",
}
COLLECTION = {
    "type": "Collection", "stac_version": "1.1.0", "id": "c", "description": "d", "links": [], "license": "CC-BY-4.0", "providers": [{"name": "KFM"}],
    "extent": {"spatial": {"bbox": [[1, 2, 3, 4]]}, "temporal": {"interval": [["2026-01-01T00:00:00Z", None]]}},
}  # fmt: skip


def item(**changed: Any) -> dict[str, Any]:
    """The good item with other fields; None leaves one out."""
    return {key: value for key, value in {**ITEM, **changed}.items() if value is not None}


def properties(**changed: Any) -> dict[str, Any]:
    """The good item with other properties."""
    said = {key.replace("_", ":", key == "kfm_release"): value for key, value in changed.items()}
    return item(properties={key: value for key, value in {**ITEM["properties"], **said}.items() if value is not None})


def faults(folder: Path, content: Any, **changed: Any) -> list[tuple[str, str]]:
    """The faults of one record: where, and the first words."""
    (folder / "data/stac").mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "data/stac/a.json").write_bytes(raw)
    (folder / "data/stac/there.json").write_text("{}")
    manifest = {key: value for key, value in {**MANIFEST, **changed}.items() if value is not None}
    [record] = stac_records(Tree(folder, folder), (Dataset(manifest, "data/manifest.yaml", ("datasets", 0)),))
    return [("/".join(map(str, one.path)), one.message) for one in record.faults]


def asset(**changed: Any) -> dict[str, Any]:
    """The good item with another asset."""
    said = {key.replace("_", ":"): value for key, value in changed.items()}
    return item(
        assets={"data": {key: value for key, value in {**ITEM["assets"]["data"], **said}.items() if value is not None}}
    )


def link(rel: str, href: Any) -> dict[str, Any]:
    """The good item with one link after another."""
    return item(links=[{"rel": "self", "href": "./gone.json"}, {"rel": rel, "href": href}])


BOX = "the bounding box is not that of the geometry"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (ITEM, []), (item(stac_version="1.0.0"), []), (item(stac_version="1.1.0-beta.1"), []),
        (item(bbox=[1, 2, 3, 5]), [("bbox", BOX)]), (item(bbox=[0.5, 2, 3, 4]), [("bbox", BOX)]), (item(bbox=[1, 2, 0, 3, 4, 9]), []),
        (item(bbox=[1, 2, 0, 3, 5, 9]), [("bbox", BOX)]), (item(bbox=[1, 2, 3, 4.0000005]), []), (item(bbox=[170, 2, -170, 4]), []),
        (link("item", "./there.json"), []), (link("item", "./gone.json"), [("links/1/href", "this link leads to no file")]),
        *((link(rel, "./gone.json"), [("links/1/href", "this link leads to no file")]) for rel in ("child", "parent", "root")),
        (item(links=[{"rel": "item", "href": "https://x.org/a"}, {"rel": "license", "href": "./x"}, {"rel": "item", "href": "./gone.json"}]), [("links/2/href", "leads to no file")]),
        (link("license", "./gone.txt"), []), (link("item", "https://example.org/x.json"), []), (link("item", "gone.json"), []),
        (asset(file_checksum="5"), [("assets/data/file:checksum", "the checksum is no multihash"), ("assets/data/file:checksum", "no asset has the checksum")]),
        (asset(file_checksum=f"1220{'cd' * 32}"), [("assets/data/file:checksum", "no asset has the checksum")]),
        (asset(file_checksum=5), [("assets/data/file:checksum", "the checksum is no multihash"), ("assets", "no asset has a checksum")]),
        (asset(file_checksum=None), [("assets", "no asset has a checksum")]), (asset(file_size=6), [("assets/data/file:size", "its size is not that")]),
        (asset(file_size=None), []), (asset(file_size=-1), [("assets/data/file:size", "the size is no number"), ("assets/data/file:size", "its size is not that")]),
        (asset(file_size=True), [("assets/data/file:size", "the size is no number"), ("assets/data/file:size", "its size is not that")]),
        (item(assets={"b": {"href": "y", "file:checksum": f"1220{'cd' * 32}", "file:size": 9}, **ITEM["assets"]}), []), (item(assets={}), []),
        (item(id="b"), [("id", "its id is not that of the dataset")]), (properties(version="2"), [("properties/version", "its version is not that")]),
        (properties(version=None), []), (properties(kfm_release="r2"), [("properties/kfm:release", "its release is not that")]),
        (properties(license="CC0-1.0"), [("properties/license", "its licence is not that")]), (properties(license="other"), []), (properties(license="various"), []), (properties(license="proprietary"), []),
        (properties(license=None), [("properties/license", "it names no licence")]), (properties(providers=None), [("properties/providers", "it names no provider")]),
        (properties(providers=[]), [("properties/providers", "it names no provider")]),
        ({**item(), "properties": {"datetime": "2026-01-01T00:00:00Z"}, "collection": "c", "links": [{"rel": "collection", "href": "./there.json"}]}, []),
        (b"{", [("", "it is not valid JSON")]), (b"\xff", [("", "it is not valid JSON")]), (b"[" * 100_000, [("", "it is not valid JSON")]),
        ([1], [("", "it is no STAC object")]), (item(stac_version="2.0.0"), [("stac_version", "no schema of STAC 2.0.0")]),
        (item(stac_version="0.9.0"), [("stac_version", "no schema of STAC 0.9.0")]),
    ],
)  # fmt: skip
def test_a_record_of_a_dataset(tmp_path: Path, content: Any, found: list[tuple[str, str]]) -> None:
    """What it says of itself, of files beside it, and what the manifest says, too."""
    told = faults(tmp_path, content)
    assert [at for at, _ in told] == [at for at, _ in found]
    assert all(words in message for (_, message), (_, words) in zip(told, found, strict=True)), told


def test_a_geometry_that_is_not_in_degrees_was_not_read(tmp_path: Path) -> None:
    """Nobody can tell; it is no fault by itself."""
    far = item(
        geometry={"type": "Point", "coordinates": [500_000, 4_000_000]}, bbox=[500_000, 4_000_000, 500_000, 4_000_000]
    )
    (tmp_path / "data/stac").mkdir(parents=True)
    (tmp_path / "data/stac/a.json").write_text(json.dumps(far))
    [record] = stac_records(Tree(tmp_path, tmp_path), (Dataset(MANIFEST, "", ()),))
    assert [(one.path, one.unknown) for one in record.faults] == [(("geometry",), True)]


@pytest.mark.parametrize("box", [[10**400, 2, 3, 4], ["1", 2, 3, 4], [1, 2, 3], {"a": 1}])
def test_a_box_that_is_none_is_measured_against_nothing(tmp_path: Path, box: Any) -> None:
    """The schemas say what is wrong with it, where they do."""
    assert BOX not in [message for _, message in faults(tmp_path, item(bbox=box))]


@pytest.mark.parametrize(
    ("changed", "at"),
    [({"sha256": "cd" * 32}, "assets/data/file:checksum"), ({"bytes": 6}, "assets/data/file:size"), ({"bytes": None}, ""), ({"licence": "x"}, "properties/license")],
)  # fmt: skip
def test_what_the_manifest_says_otherwise(tmp_path: Path, changed: dict[str, Any], at: str) -> None:
    """A size that it does not say is none."""
    assert [where for where, _ in faults(tmp_path, ITEM, **changed)] == ([at] if at else [])


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (ITEM, []), (item(geometry=None), [("geometry",)]), (item(links="x"), [("links",)]), (COLLECTION, []),
        ({"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "d", "links": []}, []),
        ({"type": "Catalog", "stac_version": "1.0.0", "id": "c", "links": []}, [()]), ({"type": "Thing", "stac_version": "1.0.0"}, [("type",)]),
        ({"type": "Feature", "stac_version": "1.2.0"}, [("stac_version",)]),
    ],
)  # fmt: skip
def test_what_the_schemas_say(content: dict[str, Any], where: list[Any]) -> None:
    """Of items, collections and catalogues; a version that nobody here knows is not judged."""
    found = list(invalid(content))
    assert bool(found) is bool(where)
    assert all(not fault.unknown for fault in found) or where == [("stac_version",)]
    assert where in ([], [()]) or {fault.path for fault in found} & {*where, ()}
    assert all(len(fault.message) < 160 for fault in found)


def test_records_that_no_dataset_names(tmp_path: Path) -> None:
    """Every other STAC file below ``data`` is looked at; what is none is left, and what is named and gone is told."""
    folder = tmp_path / "data/stac"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(ITEM))
    (folder / "bare.json").write_text(json.dumps({**COLLECTION, "providers": []}))
    (folder / "good.json").write_text(json.dumps(COLLECTION))
    (folder / "other.json").write_text("{}")
    (folder / "text.txt").write_text('"stac_version"')
    (folder / "unread.json").write_text('{"stac_version": ')
    (folder / "loose.json").write_text(
        json.dumps({**ITEM, "properties": {"datetime": "2026-01-01T00:00:00Z"}, "assets": {}})
    )
    sets = tuple(
        Dataset({**MANIFEST, "id": id, "stac": stac}, "", ())
        for id, stac in (("a", "stac/a.json"), ("b", "stac/gone.json"), ("n", ""))
    )
    found = {
        one.path: (one.dataset.id if one.dataset else "", [fault.message for fault in one.faults])
        for one in stac_records(Tree(tmp_path, tmp_path), sets)
    }
    assert found == {
        "data/stac/a.json": ("a", []), "data/stac/gone.json": ("b", ["the manifest names this STAC record, and it is not there"]),
        "data/stac/bare.json": ("", ["it names no provider"]), "data/stac/good.json": ("", []), "data/stac/loose.json": ("", []),
        "data/stac/unread.json": ("", ["it is not valid JSON"]),
    }  # fmt: skip
