"""The PostGIS loader against a real server: loads, rolls back, survives kills, refuses what it must."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.data.fetch import Fetcher
from kfm_checks.data.manifest import load
from kfm_checks.data.reconcile import Done, Options, reconcile
from tests.conftest import ROOT
from tests.data.postgres import programs, server

psycopg = pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.postgis,
    pytest.mark.skipif(programs() is None, reason="no PostgreSQL with PostGIS here (tools/ci_postgis.sh installs it)"),
]
OVERLAY = ROOT / "infra/clusters/prod"
#: How often the load is killed. Each kill falls at another moment; the seed makes a failure repeatable.
KILLS = 12


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A server for the tests of this file."""
    with server() as conninfo:
        yield conninfo


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """An empty database with PostGIS."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS kfm WITH (FORCE)")
        connection.execute("CREATE DATABASE kfm")
    yield postgres.replace("dbname=postgres", "dbname=kfm")


def run(manifest: Path, conninfo: str, folder: Path, **options: Any) -> list[Done]:
    """Reconcile the PostGIS loads of a manifest."""
    credentials = folder / "credentials"
    credentials.mkdir(exist_ok=True)
    (credentials / "postgis-writer").write_text(conninfo)
    loaded = load(str(manifest))
    given = {"apply": True, "loaders": ("postgis",), "settings": {"credentials": credentials}, **options}
    return reconcile(loaded, Fetcher(loaded.folder), Options(**given))


def query(conninfo: str, text: str) -> list[Any]:
    """The rows of a query."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(text).fetchall()


def copied(tmp_path: Path) -> Path:
    """The shipped data, to be changed."""
    shutil.copytree(OVERLAY / "data", tmp_path / "overlay" / "data")
    return tmp_path / "overlay"


def test_the_shipped_datasets_are_loaded_promoted_and_rolled_back(database: str, tmp_path: Path) -> None:
    """GeoJSON, GeoParquet and a table arrive in PostGIS; an older release replaces a newer one and back."""
    overlay = copied(tmp_path)
    manifest = overlay / "data/manifest.yaml"
    done = {one.dataset: one for one in run(overlay, database, tmp_path)}
    assert {name: one.status for name, one in done.items()} == {
        "historical-railways": "done",
        "county-boundaries-1890": "done",
        "homestead-claims": "done",
        "archaeological-sites": "done",
    }
    rows = query(database, "SELECT properties->>'name', ST_AsText(geom) FROM kfm.county_boundaries_1890 ORDER BY 1")
    assert [name for name, _ in rows] == ["Ellis", "Ford", "Riley"]
    assert rows[1][1].startswith("POLYGON((-100.2 37.5,")
    assert query(database, "SELECT count(*), sum(ST_NPoints(geom)) FROM kfm.historical_railways") == [(2, 10)]
    assert all(one.status == "current" for one in run(overlay, database, tmp_path))

    newer = manifest.read_text()
    old = (overlay / "data/releases/data-2026.08.2/historical-railways.geojson").read_bytes()
    now = (overlay / "data/releases/data-2026.10.1/historical-railways.geojson").read_bytes()
    entry, rest = newer.split("  - id: county", 1)
    older = entry.replace("data-2026.10.1", "data-2026.08.2").replace("2026.3", "2026.2")
    older = older.replace(hashlib.sha256(now).hexdigest(), hashlib.sha256(old).hexdigest())
    manifest.write_text(f"{older.replace('929', str(len(old)))}  - id: county{rest}")
    assert [one.dataset for one in run(overlay, database, tmp_path) if one.status == "done"] == ["historical-railways"]
    assert query(database, "SELECT count(*), min(release) FROM kfm.historical_railways") == [(1, "data-2026.08.2")]
    manifest.write_text(newer)
    run(overlay, database, tmp_path)
    history = query(
        database, "SELECT release FROM kfm.data_ledger WHERE dataset = 'historical-railways' ORDER BY entry"
    )
    assert [release for (release,) in history] == ["data-2026.10.1", "data-2026.08.2", "data-2026.10.1"]


def test_the_ledger_can_not_be_changed(database: str, tmp_path: Path) -> None:
    """Entries are added; neither changed nor taken away."""
    run(copied(tmp_path), database, tmp_path)
    for text in ("UPDATE kfm.data_ledger SET rows = 0", "DELETE FROM kfm.data_ledger", "TRUNCATE kfm.data_ledger"):
        with pytest.raises(psycopg.errors.RaiseException):
            query(database, text)


def test_a_dry_run_writes_nothing(database: str, tmp_path: Path) -> None:
    """Without apply every load is planned, and no row is written."""
    assert {one.status for one in run(copied(tmp_path), database, tmp_path, apply=False)} == {"planned"}
    assert query(database, "SELECT count(*) FROM kfm.data_ledger") == [(0,)]


def test_other_bytes_under_the_same_tag_are_refused(database: str, tmp_path: Path) -> None:
    """A release tag that was loaded once never stands for other bytes."""
    overlay = copied(tmp_path)
    run(overlay, database, tmp_path)
    file = overlay / "data/releases/data-2026.11.1/homestead-claims.csv"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_bytes(file.read_bytes().replace(b"41", b"42"))
    manifest = overlay / "data/manifest.yaml"
    manifest.write_text(manifest.read_text().replace(before, hashlib.sha256(file.read_bytes()).hexdigest()))
    refused = [one for one in run(overlay, database, tmp_path) if one.status == "refused"]
    assert [(one.dataset, "other bytes" in one.reason) for one in refused] == [("homestead-claims", True)]


def test_what_is_broken_changes_nothing(database: str, tmp_path: Path) -> None:
    """A geometry that PostGIS refuses leaves the old rows and no entry; the reason quotes no value."""
    overlay, data = big(tmp_path, 10)
    assert run(overlay, database, tmp_path)[0].status == "done"
    text = data.read_text().replace('"Point"', '"Pnt"')
    promote(overlay, data, text, "data-2")
    failed = run(overlay, database, tmp_path)[0]
    assert (failed.status, "PostgreSQL refuses" in failed.reason) == ("failed", True)
    assert query(database, "SELECT count(*), min(release) FROM kfm.points") == [(10, "data-1")]
    assert query(database, "SELECT count(*) FROM kfm.data_ledger") == [(1,)]


def test_unloading_needs_to_be_asked_for(database: str, tmp_path: Path) -> None:
    """What the manifest no longer names stays until --prune, and is then recorded as unloaded."""
    overlay, _ = big(tmp_path, 5)
    run(overlay, database, tmp_path)
    manifest = overlay / "data/manifest.yaml"
    text = manifest.read_text()
    other = text.replace("id: points", "id: others").replace("into: points", "into: others")
    manifest.write_text(other)
    assert [(d.action, d.status) for d in run(overlay, database, tmp_path) if d.dataset == "points"] == [
        ("unload", "planned")
    ]
    assert query(database, "SELECT count(*) FROM kfm.points") == [(5,)]
    assert [d.status for d in run(overlay, database, tmp_path, prune=True) if d.dataset == "points"] == ["done"]
    assert query(database, "SELECT count(*) FROM kfm.points") == [(0,)]


def big(folder: Path, number: int) -> tuple[Path, Path]:
    """An overlay with one dataset of so many points."""
    overlay = folder / "big"
    data = overlay / "data/points.geojson"
    data.parent.mkdir(parents=True, exist_ok=True)
    promote(overlay, data, points(number, 1), "data-1")
    return overlay, data


def points(number: int, release: int) -> str:
    """GeoJSON of so many points, each naming its release."""
    features = [
        {
            "type": "Feature",
            "properties": {"n": n, "release": release},
            "geometry": {"type": "Point", "coordinates": [-97 + n / 1e6, 38]},
        }
        for n in range(number)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def promote(overlay: Path, data: Path, text: str, release: str) -> None:
    """Write bytes and a manifest that names them."""
    data.write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (overlay / "data/manifest.yaml").write_text(
        f"""schema: kfm-checks/data-manifest/v1
datasets:
  - id: points
    version: "{release[-1]}"
    release: {release}
    uris: [{data.name}]
    sha256: {digest}
    media-type: application/geo+json
    licence: CC0-1.0
    provenance: made by a test
    sensitivity: public
    steward: test
    approval: {{by: test, role: data-steward, date: "2026-01-01"}}
    load: [{{loader: postgis, into: points}}]
"""
    )


def agreement(conninfo: str) -> tuple[str | None, str | None, int]:
    """(release of the ledger's last entry, release of the rows, number of rows): rows of two releases are told."""
    there = query(conninfo, "SELECT to_regclass('kfm.data_ledger') IS NOT NULL, to_regclass('kfm.points') IS NOT NULL")[
        0
    ]
    entries = (
        query(conninfo, "SELECT release, rows FROM kfm.data_ledger ORDER BY entry DESC LIMIT 1") if there[0] else []
    )
    rows = (
        query(conninfo, "SELECT string_agg(DISTINCT release, '+'), count(*) FROM kfm.points")
        if there[1]
        else [(None, 0)]
    )
    if entries:
        assert entries[0][1] == rows[0][1], "the ledger counts other rows than there are"
    return (entries[0][0] if entries else None, rows[0][0], rows[0][1])


def start(overlay: Path, folder: Path) -> subprocess.Popen[bytes]:
    """The command itself, as the CronJob runs it."""
    command = [
        sys.executable,
        "-c",
        "from kfm_checks.cli import main; main()",
        "data",
        "reconcile",
        str(overlay),
        "--apply",
        "--credentials",
        str(folder / "credentials"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder)


def test_a_kill_never_parts_ledger_and_database(database: str, tmp_path: Path) -> None:
    """Killed at random moments, the rows are always those of the ledger's last entry; a last run completes the load."""
    overlay, data = big(tmp_path, 4000)
    run(overlay, database, tmp_path)
    chance = random.Random(20261122)
    promote(overlay, data, points(4000, 2), "data-2")
    begun = time.monotonic()
    assert start(overlay, tmp_path).wait(120) == 0
    whole = time.monotonic() - begun
    seen = set()
    for number in range(KILLS):
        release = f"data-{3 + number}"
        promote(overlay, data, points(4000, 3 + number), release)
        process = start(overlay, tmp_path)
        # Most of the run is Python's start; kills are drawn from all of it, the later half twice as often.
        time.sleep(whole * chance.choice((chance.uniform(0, 1), chance.uniform(0.5, 1.05))))
        process.kill()
        process.wait(30)
        settled(database)
        ledger, rows, count = agreement(database)
        assert (ledger, count) == (rows, 4000)
        seen.add(ledger == release)
    assert start(overlay, tmp_path).wait(120) == 0
    assert agreement(database) == (f"data-{2 + KILLS}", f"data-{2 + KILLS}", 4000)
    assert seen, "no kill was tried"


def settled(conninfo: str) -> None:
    """Wait until the server has noticed that the killed client is gone."""
    for _ in range(100):
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        if query(conninfo, others) == [(0,)]:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("step", ["_make", "_copy", "_record"])
def test_a_failure_at_each_step_leaves_both_as_they_were(
    step: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after each step of the transaction the process may end: nothing of it is kept."""
    from kfm_checks.data.loaders import postgis

    overlay, data = big(tmp_path, 50)
    run(overlay, database, tmp_path)
    promote(overlay, data, points(50, 2), "data-2")
    real = getattr(postgis, step)

    def broken(*arguments: Any) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(postgis, step, broken)
    with pytest.raises(KeyboardInterrupt):
        run(overlay, database, tmp_path)
    assert agreement(database) == ("data-1", "data-1", 50)


def test_two_runs_at_once_load_once(database: str, tmp_path: Path) -> None:
    """The second waits for the first, and finds nothing left to do."""
    overlay, _ = big(tmp_path, 2000)
    run(overlay, database, tmp_path, apply=False)
    both = [start(overlay, tmp_path) for _ in range(3)]
    assert [process.wait(120) for process in both] == [0, 0, 0]
    assert query(database, "SELECT count(*) FROM kfm.data_ledger") == [(1,)]
    assert agreement(database)[2] == 2000


def test_a_wrong_password_is_not_told(tmp_path: Path) -> None:
    """A connection that fails says so without the connection string."""
    from kfm_checks.errors import UsageError

    overlay, _ = big(tmp_path, 1)
    with pytest.raises(UsageError) as raised:
        run(overlay, "host=127.0.0.1 port=1 user=x password=hunter2", tmp_path)
    assert "hunter2" not in str(raised.value)
