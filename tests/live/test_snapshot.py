"""Snapshots: what is kept comes back, and what is no snapshot is said in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.facts.cluster import ApiKind, Attempt, Cluster, Listing, Probe, from_plain, to_plain
from kfm_checks.live.snapshot import NAME, SCHEMA, encoded, read_snapshot, write_snapshot
from kfm_checks.model import ObjectKey
from tests.cli.helper import run
from tests.conftest import AS_OF
from tests.live import sample


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """Equal in all but its origin, and with the same bytes when it is written again."""
    kept = sample.cluster(problem="", render="sha256:" + "b" * 64)
    path = write_snapshot(kept, tmp_path / "deep" / "er")
    found = read_snapshot(path.parent)
    assert found.origin == "snapshot"
    assert found == Cluster(**{**vars(kept), "origin": "snapshot"})
    assert encoded(kept) == path.read_text(encoding="utf-8")
    assert found.comparisons[0].key == kept.comparisons[0].key


_TEXT = st.text(max_size=8)


@given(
    st.lists(
        st.builds(
            Probe, _TEXT, st.integers(0, 65535), st.sampled_from(["https", "tcp"]), st.sampled_from([True, False, None]),
            st.integers(0, 599), st.sampled_from([True, False, None]), _TEXT, _TEXT,
        ),
        max_size=3,
    ),
    _TEXT,
    st.dictionaries(_TEXT, _TEXT, max_size=2),
)  # fmt: skip
def test_any_text_comes_back(probes: list[Probe], taken: str, version: dict[str, str]) -> None:
    """Through JSON and back: nothing is lost, whatever it says."""
    kept = Cluster(taken=taken, version=version, probes=tuple(probes))
    assert from_plain(json.loads(json.dumps(to_plain(kept)))) == kept


def test_what_is_at_its_default_is_left_out() -> None:
    """A snapshot says only what differs, of the run, of a listing, of an answer; and what a listing is about."""
    pods, sets = Listing(ApiKind("", "v1", "Pod", "pods")), Listing(ApiKind("apps", "v1", "DaemonSet"), "a")
    tried = (Attempt("a", "privileged"), Attempt("a", "latest-tag", admitted=True, completed=True))
    kept = Cluster(context="x", listings=(pods, sets), attempts=tried, probes=(Probe("h.example"),))
    assert to_plain(kept) == {
        "origin": "cluster",
        "context": "x",
        "listings": [
            {"kind": ["", "v1", "Pod", "pods", True]},
            {"kind": ["apps", "v1", "DaemonSet", "", True], "namespace": "a"},
        ],
        "attempts": [
            {"namespace": "a", "breaks": "privileged"},
            {"namespace": "a", "breaks": "latest-tag", "admitted": True, "completed": True},
        ],
        "probes": [{"host": "h.example"}],
    }
    keys = [listing.key for listing in (pods, sets)]
    assert keys == [ObjectKey("v1", "Pod", "", "*"), ObjectKey("apps/v1", "DaemonSet", "a", "*")]
    assert [key.api_version for key in keys] == ["v1", "apps/v1"]


def test_what_is_left_out_means_this() -> None:
    """An older snapshot means the same tomorrow: a kind that is served, a rendered field, HTTPS at its own port."""
    kind, key = ["apps", "v1", "DaemonSet"], ["apps/v1", "DaemonSet", "a", "b"]
    read = from_plain({"listings": [{"kind": kind}], "comparisons": [{"key": key}], "probes": [{"host": "h"}]})
    (listing,), (comparison,), (probe,) = read.listings, read.comparisons, read.probes
    assert (listing.unserved, listing.kind.namespaced, comparison.how) == (False, True, "field-subset")
    assert (probe.port, probe.asks, probe.status, probe.answered) == (443, "https", 0, None)


def broken() -> dict[str, Any]:
    """What is wrong -> the file's content."""
    good = {"schema": SCHEMA, **to_plain(sample.cluster())}
    pods = {"kind": ["", "v1", "Pod", "pods", True]}
    return {
        "empty": "",
        "no JSON": "{",
        "not UTF-8": b"\xff\xfe",
        "deep": "[" * 100_000,
        "a list": "[]",
        "no schema": {},
        "another schema": {**good, "schema": "kfm-checks/snapshot/v2"},
        "a schema that is no text": {**good, "schema": ["x"]},
        "unknown field": {**good, "more\nnot-met": 1},
        "time is a number": {**good, "taken": 5},
        "version is a list": {**good, "version": []},
        "listings is a map": {**good, "listings": {"a": 1}},
        "a listing of text": {**good, "listings": ["pods"]},
        "a listing without kind": {**good, "listings": [{}]},
        "a short kind": {**good, "listings": [{"kind": [""]}]},
        "an object of text": {**good, "listings": [{**pods, "objects": ["a"]}]},
        "an object without name": {
            **good,
            "listings": [{**pods, "objects": [{"apiVersion": "v1", "kind": "Pod", "metadata": {}}]}],
        },
        "a name that is a number": {
            **good,
            "listings": [{**pods, "objects": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 1}}]}],
        },
        "a comparison without key": {**good, "comparisons": [{}]},
        "an unknown way": {**good, "comparisons": [{"key": ["v1", "Pod", "", "a"], "how": "guessed"}]},
        "an answer that is text": {**good, "answers": [{"subject": "a", "verb": "b", "resource": "c", "allowed": "yes"}]},
        "an attempt without pod": {**good, "attempts": [{"namespace": "a"}]},
        "a port that is text": {**good, "probes": [{"host": "a", "port": "b"}]},
    }  # fmt: skip


@pytest.mark.parametrize("name", broken())
def test_what_is_no_snapshot_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 2, nothing on stdout, the file and a remedy on stderr."""
    overlay, _ = sample.write(tmp_path)
    content = broken()[name]
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    ran = run("check", str(overlay), "--snapshot", "kept", "--as-of", AS_OF)
    assert (ran.status, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert line.startswith(f"kfm-checks: kept/{NAME}: is no snapshot")
    assert "; make one with `kfm-checks snapshot" in line
    assert "Traceback" not in line


def test_a_folder_without_a_snapshot(tmp_path: Path) -> None:
    """And one that is not there at all: usage, not a verdict."""
    overlay, _ = sample.write(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("empty", "gone"):
        ran = run("check", str(overlay), "--snapshot", str(tmp_path / name))
        assert (ran.status, ran.out, len(ran.err.splitlines())) == (2, "", 1)
