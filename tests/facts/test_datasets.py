"""The data manifest's facts: cells, readers, formats, STAC against others' examples and against pystac."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.facts.datasets_cells import FINEST_LENGTH, coarseness, declared_grid, geohash, grid
from kfm_checks.facts.datasets_history import changed_fields
from kfm_checks.facts.datasets_manifest import json_schema
from kfm_checks.facts.datasets_places import read_places, text_points
from kfm_checks.facts.datasets_reader import SMALL, read_manifest
from kfm_checks.facts.datasets_stac import invalid
from kfm_checks.facts.tree import Tree
from kfm_checks.run import check_overlay
from kfm_checks.yamlfile import parse_yaml
from tests.conftest import ROOT

OVERLAY = ROOT / "infra/clusters/prod"
degrees = st.tuples(st.floats(-180, 179.99), st.floats(-90, 89.99))


@given(degrees, st.integers(1, 7))
def test_the_centre_and_the_corner_of_a_cell_are_found(point: tuple[float, float], length: int) -> None:
    """Whatever the cell, its centre and its corners are spots of it, also when rounded to seven decimals."""
    cells = geohash(length)
    column, row = (point[0] + 180) // cells.width, (point[1] + 90) // cells.height
    west, south = -180 + column * cells.width, -90 + row * cells.height
    for x, y, what in ((0.5, 0.5, "centre"), (0, 0, "corner"), (1, 1, "corner")):
        found = cells.spot((round(west + x * cells.width, 7), round(south + y * cells.height, 7)))
        assert found is not None and found.what == what
    assert cells.spot((west + cells.width / 4, south + cells.height / 2)) is None


@given(st.integers(1, FINEST_LENGTH), st.integers(0, 31), st.integers(0, 31))
def test_a_coarser_cell_is_generalised_for_a_finer_limit(length: int, column: int, row: int) -> None:
    """The centre of a cell is a corner of finer ones: who says less than declared is not blamed."""
    cells = geohash(length)
    centre = (-180 + (column % 8 + 0.5) * cells.width, -90 + (row % 4 + 0.5) * cells.height)
    assert coarseness(centre) <= length
    assert all(geohash(finer).spot(centre) for finer in range(length, FINEST_LENGTH + 1))


def test_exact_places_are_exact() -> None:
    """Of a thousand random places none passes for a geohash of five, with or without few decimals."""
    chance = random.Random(7)
    places = [(chance.uniform(-102, -94), chance.uniform(37, 40)) for _ in range(1000)]
    assert not any(geohash(5).spot(p) for p in places)
    assert sum(geohash(5).spot((round(x, 2), round(y, 2))) is not None for x, y in places) < 5


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"method": "geohash"},
        {"method": "geohash", "length": "5"},
        {"method": "geohash", "length": True},
        {"method": "grid", "degrees": -1},
        {"method": ["geohash"]},
    ],
)
def test_a_grid_that_is_not_well_declared_is_none(said: dict[str, Any]) -> None:
    """Wrong types and values are no grid."""
    assert declared_grid(said) is None


def test_a_grid_is_counted_from_zero() -> None:
    """A tenth of a degree has its corners at tenths."""
    found = grid(0.1).spot((-96.5, 39.1))
    assert found is not None and found.what == "corner"


def test_every_format_is_read() -> None:
    """GeoJSON, GeoParquet, GeoTIFF, CSV and STAC of the shipped overlay tell their places."""
    pytest.importorskip("pyarrow")
    tree = Tree(OVERLAY, ROOT)
    found = {}
    for path, media in (
        ("data-2026.10.1/historical-railways.geojson", "application/geo+json"),
        ("data-2026.11.1/county-boundaries-1890.parquet", "application/vnd.apache.parquet"),
        ("data-2026.11.1/flood-1903.tif", "image/tiff"),
        ("data-2026.10.1/gazetteer.csv", "text/csv"),
        ("data-2026.11.1/aerial-survey-1937.json", "application/geo+json"),
    ):
        file = tree.get(f"data/releases/{path}")
        assert file is not None
        places = read_places(file, media)
        assert not places.why
        found[path.rpartition(".")[2]] = len(list(places.points))
    assert found == {"geojson": 10, "parquet": 15, "tif": 2, "csv": 3, "json": 7}


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(["application/geo+json", "text/csv", "image/tiff", "application/vnd.apache.parquet"]),
)
def test_no_bytes_break_a_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, media: str) -> None:
    """Whatever lies there: places, or a reason why there are none."""
    head = {"image/tiff": b"II*\0\x08\0\0\0", "application/vnd.apache.parquet": b"PAR1"}.get(media, b"")
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "x").write_bytes(head + content)
    file = Tree(folder, folder).get("x")
    assert file is not None
    places = read_places(file, media)
    assert isinstance(places.why, str)


def test_text_geometries_are_read() -> None:
    """Well-known text, and GeoJSON within a column."""
    assert list(text_points("POLYGON((-97 39, -96.5 39.5))")) == [(-97.0, 39.0), (-96.5, 39.5)]
    assert list(text_points('{"type": "Point", "coordinates": [-97, 39]}')) == [(-97.0, 39.0)]


def test_the_fast_reader_reads_what_the_exact_one_reads() -> None:
    """The shipped manifest in four spellings, blown up beyond the limit of the fast one."""
    text = (OVERLAY / "data/manifest.yaml").read_text()
    head, items = text.split("datasets:\n")
    for body in (items, items.replace("steward:", "# a comment\n    steward:")):
        large = (
            head + "datasets:\n" + "".join(body.replace("id: ", f"id: n{n}-") for n in range(SMALL // len(text) + 2))
        )
        exact, fast = parse_yaml(large, shown="x"), read_manifest(large, "x")
        assert fast.value == exact.value
        assert all(exact.lines[path] == line for path, line in fast.lines.items() if path in exact.lines)
    folded = yaml.safe_dump(exact.value, width=60)
    assert read_manifest(folded, "x").value == exact.value


def test_the_schema_is_one() -> None:
    """The published schema judges the shipped manifest, and refuses an unknown key."""
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(json_schema())
    value = yaml.safe_load((OVERLAY / "data/manifest.yaml").read_text())
    assert validator.is_valid(value)
    assert not validator.is_valid({**value, "more": 1})


def test_fields_that_may_be_mended_are_no_change() -> None:
    """Titles, mirrors and approvals; not bytes, classes or cells."""
    from kfm_checks.facts.datasets import Dataset

    one = Dataset({"sha256": "a", "title": "x", "uris": ["u"]}, "", ())
    assert changed_fields(one, Dataset({"sha256": "a", "title": "y", "uris": ["v"], "approval": {}}, "", ())) == []
    assert changed_fields(one, Dataset({"sha256": "b", "sensitivity": "public"}, "", ())) == ["sha256", "sensitivity"]


def test_the_examples_of_the_stac_specification_are_valid(corpora: Path) -> None:
    """All ten of the specification's own; whatever says otherwise is a defect of ours."""
    cases = [json.loads(line) for line in (corpora / "stac.jsonl").read_text().splitlines()]
    told = {
        case["id"]: [f.message for f in invalid(msgspec.json.decode((corpora / case["path"]).read_bytes()))]
        for case in cases
    }
    assert len(told) == 10
    assert not {id: faults for id, faults in told.items() if faults}


def test_broken_stac_is_refused_as_pystac_refuses_it() -> None:
    """An item without datetime, with a wrong type, without links: both say no; the shipped ones: both say yes."""
    pytest.importorskip("pystac")
    from pystac.validation import JsonSchemaSTACValidator
    from pystac.validation.stac_validator import STACObjectType

    validator = JsonSchemaSTACValidator()
    item = json.loads((OVERLAY / "data/stac/gazetteer.json").read_text())

    def refused(value: dict[str, Any]) -> bool:
        try:
            validator.validate_core(value, STACObjectType.ITEM, "1.1.0")
        except Exception as error:
            assert "Validation failed" in str(error)
            return True
        return False

    without = {**item, "properties": {k: v for k, v in item["properties"].items() if k != "datetime"}}
    for value in (
        item,
        without,
        {**item, "links": "x"},
        {**item, "id": ""},
        {k: v for k, v in item.items() if k != "links"},
    ):
        assert bool(list(invalid(value))) is refused(value)


def test_the_shipped_overlay_keeps_every_data_row() -> None:
    """Each row of data promotion and sensitivity is met, with something looked at."""
    rows = [*(f"DAT-0{n}" for n in (1, 2, 4, 6, 7, 8)), *(f"SEN-0{n}" for n in range(1, 5)), "META-07"]
    report = check_overlay(OVERLAY, only=rows, as_of="2026-11-22")
    assert {id: report.requirement(id).status for id in rows} == dict.fromkeys(rows, "met")
