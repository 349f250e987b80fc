"""Plan, verify and reconcile on the shipped datasets and on stores that need no server."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.cli import cli
from kfm_checks.data.fetch import Fetcher
from kfm_checks.data.ledger import Entry, FileLedger
from kfm_checks.data.loaders import LoadError, Settings, Task
from kfm_checks.data.manifest import load
from kfm_checks.data.plan import natural, plan
from kfm_checks.data.reconcile import Done, Options, reconcile
from kfm_checks.data.verify import verify
from kfm_checks.errors import ConfigError, UsageError
from kfm_checks.facts.datasets import Dataset
from tests.conftest import ROOT

OVERLAY = ROOT / "infra/clusters/prod"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """The shipped data, to be changed."""
    shutil.copytree(OVERLAY / "data", tmp_path / "overlay" / "data")
    return tmp_path / "overlay"


def edited(overlay: Path, which: str, **fields: Any) -> Path:
    """Write the manifest anew with fields of one dataset changed; None takes a field away."""
    path = overlay / "data/manifest.yaml"
    value = yaml.safe_load(path.read_text())
    for entry in value["datasets"]:
        if entry["id"] == which:
            for name, field in fields.items():
                entry.pop(name.replace("_", "-")) if field is None else entry.__setitem__(name.replace("_", "-"), field)
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return overlay


def planned(base: Path, head: Path) -> dict[str, Any]:
    """The plan as JSON."""
    return plan(load(str(base)), load(str(head))).as_json()


def approval(release: str) -> dict[str, str]:
    """An approval of a release."""
    return {"by": "test", "role": "data-steward", "date": "2026-11-01", "release": release}


def test_nothing_changes_between_equals() -> None:
    """The same manifest twice is an empty plan."""
    told = planned(OVERLAY, OVERLAY)
    assert (told["schema"], told["changes"], told["steps"], told["rollback"], told["refused"]) == (
        "kfm-checks/data-plan/v1",
        [],
        [],
        [],
        [],
    )


def test_an_upgrade_is_planned_with_its_way_back(overlay: Path) -> None:
    """Verify, then each load; the old bytes still resolve."""
    edited(overlay, "gazetteer", version="13", release="data-2", approval=approval("data-2"))
    told = planned(OVERLAY, overlay)
    assert [(c["dataset"], c["change"]) for c in told["changes"]] == [("gazetteer", "upgraded")]
    assert [(s["action"], s.get("loader")) for s in told["steps"]] == [
        ("verify", None),
        ("load", "neo4j"),
        ("load", "stac"),
    ]
    assert [(r["dataset"], r["resolves"], r["to"]["release"]) for r in told["rollback"]] == [
        ("gazetteer", True, "data-2026.10.1")
    ]


def test_a_rollback_is_an_older_version(overlay: Path) -> None:
    """Numbers are compared as numbers: 12 is newer than 9."""
    edited(overlay, "gazetteer", version="9", release="data-2026.9", approval=approval("data-2026.9"))
    assert [c["change"] for c in planned(OVERLAY, overlay)["changes"]] == ["rolled-back"]
    assert natural("1.10") > natural("1.9")


def test_a_reused_tag_is_refused(overlay: Path) -> None:
    """Other bytes under the same tag: refused, and no step is planned for it."""
    edited(overlay, "flood-1903", sha256="0" * 64)
    told = planned(OVERLAY, overlay)
    assert [(r["dataset"], "bytes changed under the same release tag" in r["reason"]) for r in told["refused"]] == [
        ("flood-1903", True)
    ]
    assert not told["steps"]


def test_reclassified_removed_and_added(overlay: Path) -> None:
    """What is closed comes before what is loaded; what is opened comes last."""
    edited(
        overlay, "historical-railways", sensitivity="restricted", reason="legal", release="r2", approval=approval("r2")
    )
    edited(overlay, "gazetteer", id="names")
    told = planned(OVERLAY, overlay)
    kinds = {(c["dataset"], c["change"]) for c in told["changes"]}
    assert kinds == {
        ("historical-railways", "upgraded"),
        ("historical-railways", "reclassified"),
        ("gazetteer", "removed"),
        ("names", "added"),
    }
    assert [s["action"] for s in told["steps"]][:2] == ["reclassify", "unload"]


def test_a_release_without_approval_is_refused(overlay: Path) -> None:
    """No steward, no load."""
    edited(overlay, "gazetteer", version="13", release="data-2", approval=None)
    assert "no steward approved" in planned(OVERLAY, overlay)["refused"][0]["reason"]


def test_a_base_whose_bytes_are_gone_is_told(overlay: Path, tmp_path: Path) -> None:
    """A rollback to bytes that are not there is no way back."""
    old = tmp_path / "old"
    shutil.copytree(overlay, old)
    (old / "data/releases/data-2026.10.1/gazetteer.csv").unlink()
    edited(overlay, "gazetteer", version="13", release="data-2", approval=approval("data-2"))
    assert [r["resolves"] for r in planned(old, overlay)["rollback"]] == [False]


def test_ten_thousand_datasets_are_planned_in_seconds(tmp_path: Path) -> None:
    """Two manifests of ten thousand entries, a hundred of them changed: processor seconds, not those of a busy machine."""
    entries = yaml.safe_load((OVERLAY / "data/manifest.yaml").read_text())["datasets"]
    # Each kind of entry is written by a YAML library once, and copied as text.
    blocks = [yaml.safe_dump([{**entry, "id": "dataset-@"}], sort_keys=False) for entry in entries]
    old = [blocks[n % len(blocks)].replace("dataset-@", f"dataset-{n}") for n in range(10_000)]
    new = list(old)
    for n in range(0, 10_000, 100):
        changed = {**entries[n % len(entries)], "id": f"dataset-{n}", "release": "data-9", "version": "9999"}
        new[n] = yaml.safe_dump([{**changed, "approval": approval("data-9")}], sort_keys=False)
    texts = [f"schema: kfm-checks/data-manifest/v1\ndatasets:\n{''.join(many)}" for many in (old, new)]
    paths = [tmp_path / "base.yaml", tmp_path / "head.yaml"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    begun = time.process_time()
    told = plan(load(str(paths[0])), load(str(paths[1])))
    assert len(told.changes) == 100
    assert time.process_time() - begun < 10


def test_the_shipped_datasets_are_verified() -> None:
    """Every address has the bytes that the manifest declares."""
    manifest = load(str(OVERLAY))
    assert {one.status for one in verify(manifest, Fetcher(manifest.folder))} == {"verified"}


def test_each_mismatch_has_both_values(overlay: Path) -> None:
    """The checksum declared and the one found; and offline what lies elsewhere is named."""
    (overlay / "data/releases/data-2026.10.1/gazetteer.csv").write_bytes(b"x" * 153)
    edited(overlay, "flood-1903", uris=["https://data.example.org/flood.tif"])
    manifest = load(str(overlay))
    found = {one.dataset: one for one in verify(manifest, Fetcher(manifest.folder, offline=True))}
    assert found["gazetteer"].status == "mismatch"
    assert found["gazetteer"].observed == hashlib.sha256(b"x" * 153).hexdigest()
    assert (found["flood-1903"].status, found["flood-1903"].uri) == (
        "not-verified",
        "https://data.example.org/flood.tif",
    )


def run(overlay: Path, folder: Path, **options: Any) -> list[Done]:
    """Reconcile the STAC loads."""
    manifest = load(str(overlay))
    settings = {"catalogue": folder / "catalogue", "ledger": folder / "ledger.jsonl"}
    given = {"apply": True, "loaders": ("stac",), "settings": settings, **options}
    return reconcile(manifest, Fetcher(manifest.folder), Options(**given))


def test_the_catalogue_follows_the_manifest(overlay: Path, tmp_path: Path) -> None:
    """Loaded once, current the second time, and nothing at all without apply."""
    assert {one.status for one in run(overlay, tmp_path, apply=False)} == {"planned"}
    assert not (tmp_path / "catalogue/kfm-production").exists()
    assert {one.status for one in run(overlay, tmp_path)} == {"done"}
    assert {one.status for one in run(overlay, tmp_path)} == {"current"}
    collection = json.loads((tmp_path / "catalogue/kfm-production/collection.json").read_text())
    assert len(collection["links"]) == 5


def test_the_catalogue_is_valid_for_pystac(overlay: Path, tmp_path: Path) -> None:
    """pystac reads what was written, item by item."""
    pystac = pytest.importorskip("pystac")
    run(overlay, tmp_path)
    collection = pystac.Collection.from_file(str(tmp_path / "catalogue/kfm-production/collection.json"))
    assert sorted(item.id for item in collection.get_items())[0] == "aerial-survey-1937"


def test_a_kill_between_record_and_ledger_is_mended(overlay: Path, tmp_path: Path) -> None:
    """The record is there, the ledger doesn't know: a second run writes and records it."""
    run(overlay, tmp_path)
    ledger = tmp_path / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert [one.status for one in run(overlay, tmp_path)].count("done") == 1
    assert {one.status for one in run(overlay, tmp_path)} == {"current"}


def test_a_ledger_that_was_changed_is_not_believed(overlay: Path, tmp_path: Path) -> None:
    """Each line carries the checksum of the one before."""
    run(overlay, tmp_path)
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"data-2026.10.1", b"data-2026.10.9", 1))
    with pytest.raises(ConfigError, match="ledger was changed"):
        run(overlay, tmp_path)


def test_two_runs_at_once_load_once(overlay: Path, tmp_path: Path) -> None:
    """The lock lets one in; the other finds everything current."""
    found: list[Done] = []
    threads = [threading.Thread(target=lambda: found.extend(run(overlay, tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status for one in found].count("done") == 5
    assert len(FileLedger(tmp_path / "ledger.jsonl").entries()) == 5


def test_withdrawn_unapproved_and_broken_loads_are_not_done(overlay: Path, tmp_path: Path) -> None:
    """Each is named with its reason, and the others are loaded all the same."""
    edited(overlay, "gazetteer", approval=None)
    path = overlay / "data/manifest.yaml"
    who = {"reason": "r", "by": "b", "role": "data-steward", "date": "2026-01-01"}
    value = yaml.safe_load(path.read_text())
    value["withdrawals"] = [{"dataset": "flood-1903", "release": "data-2026.11.1", **who}]
    path.write_text(yaml.safe_dump(value))
    (overlay / "data/releases/data-2026.10.1/historical-railways.geojson").write_text("{}")
    told = {one.dataset: (one.status, one.reason) for one in run(overlay, tmp_path)}
    assert told["gazetteer"] == ("refused", "no steward approved the release")
    assert told["flood-1903"] == ("refused", "the release was withdrawn")
    assert told["historical-railways"][0] == "failed"
    assert told["aerial-survey-1937"][0] == "done"


def test_what_is_no_longer_named_is_taken_away_when_asked(overlay: Path, tmp_path: Path) -> None:
    """Prune unloads; without it the plan only says so."""
    run(overlay, tmp_path)
    edited(overlay, "gazetteer", load=None)
    assert [(d.dataset, d.status) for d in run(overlay, tmp_path) if d.action == "unload"] == [("gazetteer", "planned")]
    assert [(d.dataset, d.status) for d in run(overlay, tmp_path, prune=True) if d.action == "unload"] == [
        ("gazetteer", "done")
    ]
    assert not (tmp_path / "catalogue/kfm-production/gazetteer.json").exists()


@pytest.mark.parametrize("into", ["..", "../out", ".hidden", "a/b"])
def test_a_collection_can_not_lead_out(overlay: Path, tmp_path: Path, into: str) -> None:
    """A name in a manifest is no path."""
    edited(overlay, "flood-1903", load=[{"loader": "stac", "into": into}])
    assert [one.status for one in run(overlay, tmp_path, only=("flood-1903",))] == ["failed"]


def test_an_unknown_loader_is_named(overlay: Path, tmp_path: Path) -> None:
    """With those that there are."""
    edited(overlay, "flood-1903", load=[{"loader": "oracle"}])
    with pytest.raises(UsageError, match="neo4j, postgis, stac"):
        run(overlay, tmp_path, loaders=(), only=("flood-1903",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema: kfm-checks/data-manifest/v1\ndatasets: [{id: a}]\n", "required"),
        ("datasets: [\n", "not valid YAML"),
        ("- 1\n", "is not of type"),
        ("schema: kfm-checks/data-manifest/v1\nshards: [../../x]\n", "leads out"),
    ],
)
def test_a_wrong_manifest_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """File, what is wrong, what to do."""
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as raised:
        load(str(path))
    assert "\n" not in str(raised.value)


def test_the_command_line(overlay: Path, tmp_path: Path) -> None:
    """Exit statuses: 0 verified and planned, 1 mismatch and refusal."""
    assert cli.main(["data", "verify", str(overlay), "--format", "json"], standalone_mode=False) == 0
    assert cli.main(["data", "plan", str(OVERLAY), str(overlay), "--format", "json"], standalone_mode=False) == 0
    stac = ["--loader", "stac", "--catalogue", str(tmp_path / "c")]
    assert cli.main(["data", "reconcile", str(overlay), *stac], standalone_mode=False) == 0
    edited(overlay, "flood-1903", sha256="0" * 64)
    assert cli.main(["data", "verify", str(overlay)], standalone_mode=False) == 1
    assert cli.main(["data", "plan", str(OVERLAY), str(overlay)], standalone_mode=False) == 1
    assert cli.main(["data", "reconcile", str(overlay), *stac, "--apply"], standalone_mode=False) == 1


class FakeTx:
    """Remembers the queries; answers a look at the ledger with what it was given."""

    def __init__(self, ledger: list[dict[str, Any]]) -> None:
        self.ledger, self.queries = ledger, []  # type: ignore[var-annotated]

    def run(self, query: str, **values: Any) -> Any:
        self.queries.append((query, values))
        if query.startswith("CREATE (l:"):
            self.ledger.append(values["entry"])
        rows = [{"l": entry} for entry in self.ledger] if query.endswith("ORDER BY l.number") else []

        class Result(list):  # type: ignore[type-arg]
            def consume(self) -> None:
                return None

        return Result(rows)


class FakeDriver:
    """One session, one transaction at a time."""

    def __init__(self) -> None:
        self.ledger: list[dict[str, Any]] = []
        self.queries: list[tuple[str, dict[str, Any]]] = []

    def session(self) -> FakeDriver:
        return self

    def __enter__(self) -> FakeDriver:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def close(self) -> None:
        """Nothing to close."""

    def _in(self, function: Any, *arguments: Any) -> Any:
        tx = FakeTx(self.ledger)
        try:
            return function(tx, *arguments)
        finally:
            self.queries += tx.queries

    execute_read = execute_write = _in

    def run(self, query: str) -> Any:
        return FakeTx(self.ledger).run(query)


def task(tmp_path: Path, options: dict[str, str], into: str = "Place") -> Task:
    """A load of the gazetteer."""
    manifest = load(str(OVERLAY))
    dataset = manifest.by_id["gazetteer"]
    path = OVERLAY / "data/releases/data-2026.10.1/gazetteer.csv"
    entry = Entry(dataset.id, dataset.release, "12", dataset.sha256, "neo4j", into, "load", 0, "t", manifest.digest)
    return Task(dataset, path, into, options, entry)


def test_neo4j_merges_under_a_constraint_and_loads_once(tmp_path: Path) -> None:
    """The queries, in one transaction with the ledger; no server here, so no more is claimed."""
    from kfm_checks.data.loaders.neo4j import Neo4jLoader

    driver = FakeDriver()
    with Neo4jLoader(Settings(), driver) as loader:
        done = loader.load(task(tmp_path, {"as": "nodes", "key": "name"}))
        assert done is not None and done.rows == 3
        assert loader.load(task(tmp_path, {"as": "nodes", "key": "name"})) is None
        assert [entry.release for entry in loader.entries()] == ["data-2026.10.1"]
        loader.unload(done)
        assert loader.entries()[-1].action == "unload"
    merged = next(query for query, _ in driver.queries if "MERGE (n:" in query)
    assert "MERGE (n:Place {name: row.name})" in merged


def test_neo4j_edges_name_their_ends(tmp_path: Path) -> None:
    """Labels and columns come from the options, and only as names."""
    from kfm_checks.data.loaders.neo4j import Neo4jLoader

    edges = {"as": "edges", "from": "name", "to": "kind", "from-label": "Place", "to-label": "Kind", "key": "name"}
    driver = FakeDriver()
    with Neo4jLoader(Settings(), driver) as loader:
        loader.load(task(tmp_path, edges, "OF_KIND"))
        with pytest.raises(LoadError, match="no name"):
            loader.load(task(tmp_path, {**edges, "from-label": "P) DETACH DELETE (n"}, "OTHER"))
    assert any("MERGE (a)-[r:OF_KIND" in query for query, _ in driver.queries)


def test_a_dataset_is_safe_to_read_whatever_it_holds() -> None:
    """Wrong types anywhere give empty values."""
    for raw in (
        {},
        {"id": 1, "uris": "x", "bytes": True, "approval": [], "load": {}},
        {"uris": [1], "sensitivity": ["public"]},
    ):
        dataset = Dataset(raw, "f", ("datasets", 0))
        assert (dataset.uris, dataset.size, dataset.sensitivity, dataset.part("approval")) == ((), None, "", {})
