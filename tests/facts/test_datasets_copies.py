"""Where restricted data turns up among the objects: copies, records, boards, pipelines and open buckets."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import located
from kfm_checks.facts.datasets_copies import copies
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Manifest

SITES: dict[str, Any] = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-97.1, 39.2]}, "properties": {"a": 1}},
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-98.1, 38.2]}, "properties": {"a": 2}},
]}  # fmt: skip
TABLE = "name,place\nAnn Miller,Fort Riley\nx,y\n"


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """What is found in objects of a restricted dataset with these bytes: field and words."""

    def look(content: bytes, *objects: dict[str, Any], sensitivity: str = "restricted") -> list[tuple[str, str]]:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data/x").write_bytes(content)
        raw = {"id": "old-sites", "uris": ["x"], "sha256": hashlib.sha256(content).hexdigest(),
               "sensitivity": sensitivity, "load": [{"into": "survey.sites"}, {"into": "abc"}, "x"]}  # fmt: skip
        datasets = (Dataset(raw, "data/manifest.yaml", ("datasets", 0)),)
        known = inventory([Manifest(one) for one in objects])
        seen = copies(known, datasets, located(Tree(tmp_path, tmp_path), datasets))
        assert seen.looked == len(known.of("ConfigMap"))
        return [("/".join(map(str, one.path)), one.what.split(" ")[1]) for one in seen.found]

    return look


def config(data: dict[str, Any], field: str = "data", **metadata: Any) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}, field: data}


def encoded(content: bytes) -> str:
    """As ``binaryData`` holds it."""
    return base64.b64encode(content).decode()


PLACES = json.dumps(SITES).encode()
FIRST = json.dumps({"a": [[{"geometry": {"coordinates": [-97.1, 39.2]}}]]}, indent=4)


@pytest.mark.parametrize(
    ("content", "field", "value", "told"),
    [
        (PLACES, "data", PLACES.decode(), "copy"), (PLACES, "binaryData", encoded(PLACES), "copy"),
        (b"\xff\xfe\x00", "binaryData", encoded(b"\xff\xfe\x00"), "copy"),
        # One place of it, in another spelling, and one line of a table; a heading and a short line say too little.
        (PLACES, "data", FIRST, "records"), (PLACES, "binaryData", encoded(FIRST.encode()), "records"),
        (PLACES, "data", '{"coordinates": [-97.1, 39.3]}', ""), (PLACES, "data", '{"coordinates": []}', ""),
        (PLACES, "data", '{"coordinates": "old"}', ""),
        (TABLE.encode(), "data", "h\n  Ann Miller,Fort Riley\nother", "records"), (TABLE.encode(), "data", "h\nx,y\n", ""),
        (TABLE.encode(), "data", "name,place\nother,line of it", ""),
        (PLACES, "binaryData", "not base64!", ""), (PLACES, "data", 5, ""),
        # The manifest that is delivered names every dataset, and is no copy.
        (PLACES, "data", "schema: kfm-checks/data-manifest/v1\n[INPUT] old-sites", ""),
    ],
)  # fmt: skip
def test_copies_and_records(found: Any, content: bytes, field: str, value: Any, told: str) -> None:
    """By the checksum, by a geometry, by a line of a table; told with the field, and only of restricted data."""
    fields = {"z": "other", "k": value}
    assert found(content, config(fields, field)) == ([(f"{field}/k", "a" if told == "copy" else told)] if told else [])
    assert found(content, config(fields, field), sensitivity="public") == []
    assert found(content, {**config({}), "data": "text"}) == []


BOARD = '{"panels": [{"targets": ["select * from %s"]}]}'
PIPELINE = "receivers:\n  sql: {query: 'select * from %s'}\n"


@pytest.mark.parametrize(
    ("text", "metadata", "told"),
    [
        (BOARD % "survey.sites", {}, "dashboard"), (BOARD % "old-sites", {}, "dashboard"), (BOARD % "old_sites", {}, "dashboard"),
        (BOARD % "old_sites_2", {}, ""), (BOARD % "more-old-sites", {}, ""), (BOARD % "abc", {}, ""),
        ("select * from old_sites", {"labels": {"grafana_dashboard": "1"}}, "dashboard"),
        ("select * from old_sites", {"labels": {"app": "grafana_dashboard"}}, ""), ("select * from old_sites", {}, ""),
        ("select * from old_sites", {"labels": "x"}, ""), (BOARD.replace("targets", "x") % "old_sites", {}, ""),
        (BOARD.replace("panels", "x") % "old_sites", {}, ""),
        (PIPELINE % "survey.sites", {}, "log"), (PIPELINE.replace("receivers", "scrape_configs") % "old-sites", {}, "log"),
        ("[INPUT]\n  Name old-sites\n", {}, "log"), ("[FILTER]\n  Match old-sites\n", {}, "log"), (PIPELINE % "other", {}, ""),
        (PIPELINE.replace("receivers", "x.sinks") % "old-sites", {}, ""),
    ],
)  # fmt: skip
def test_boards_and_pipelines_that_name_it(found: Any, text: str, metadata: dict[str, Any], told: str) -> None:
    """By its id or by what it is loaded into, as a whole word; its name alone, in settings, is nothing."""
    what = [("data/k", "a")] if told else []
    assert found(PLACES, config({"k": text}, **metadata)) == what


@pytest.mark.parametrize(
    ("api", "spec", "told"),
    [
        ("grafana.integreatly.org/v1beta1", {"json": BOARD % "survey.sites"}, True),
        ("grafana.integreatly.org/v1beta1", {"json": BOARD % "other"}, False),
        ("grafana.integreatly.org/v1beta1", {"json": 5}, False), ("example.org/v1", {"json": BOARD % "survey.sites"}, False),
    ],
)  # fmt: skip
def test_boards_of_an_operator(found: Any, api: str, spec: dict[str, Any], told: bool) -> None:
    """A GrafanaDashboard with the board in it."""
    board = {"apiVersion": api, "kind": "GrafanaDashboard", "metadata": {"name": "b"}, "spec": spec}
    assert found(PLACES, board) == ([("spec/json", "a")] if told else [])


def policy(principal: Any, effect: str = "Allow", *, several: bool = True) -> dict[str, Any]:
    """A bucket's policy with one statement."""
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*"}, statement] if several else statement,
    }


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        ("Bucket", {"acl": "public-read"}, "spec/acl"), ("Bucket", {"acl": "publicReadWrite"}, "spec/acl"),
        ("Bucket", {"acl": "private"}, ""), ("Bucket", {"acl": "not-public-read"}, ""), ("Bucket", {"acl": ["public-read"]}, ""),
        ("Bucket", {"forProvider": {"acl": "public-read"}}, "spec/forProvider/acl"), ("Disk", {"acl": "public-read"}, ""),
        ("BucketACL", {"forProvider": {"acl": "public-read-write"}}, "spec/forProvider/acl"),
        ("Bucket", {"policy": json.dumps(policy("*"))}, "spec/policy"),
        ("Bucket", {"policy": json.dumps(policy({"AWS": "*"}), indent=4)}, "spec/policy"),
        ("Bucket", {"policy": json.dumps(policy({"AWS": ["arn:a", "*"]}))}, "spec/policy"),
        ("Bucket", {"policy": json.dumps(policy("*", several=False))}, "spec/policy"),
        ("BucketPolicy", {"forProvider": {"policy": policy("*")}}, "spec/forProvider/policy"),
        # Everybody is refused something, and one account is allowed it.
        ("Bucket", {"policy": json.dumps(policy({"AWS": "arn:a"}))}, ""), ("Bucket", {"policy": json.dumps(policy("*", "Deny"))}, ""),
        ("Bucket", {"policy": json.dumps(policy({"Service": "*"}))}, ""), ("Bucket", {"policy": "no JSON"}, ""),
        ("Bucket", {"policy": "[" * 100_000}, ""), ("Bucket", {"policy": "[]"}, ""), ("Bucket", {}, ""), ("Disk", {"policy": policy("*")}, ""),
    ],
)  # fmt: skip
def test_buckets_that_anybody_may_read(found: Any, kind: str, spec: dict[str, Any], told: str) -> None:
    """By the canned list of its rights, or by a statement of its policy, however that is written."""
    bucket = {"apiVersion": "s3.example.org/v1", "kind": kind, "metadata": {"name": "b"}, "spec": spec}
    assert found(PLACES, bucket) == ([(told, "a")] if told else [])
    assert found(PLACES, bucket, sensitivity="public") == []
