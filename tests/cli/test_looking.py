"""Which cluster is looked at: by a context, from inside, by a snapshot; what contradicts itself is one line and exit 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.helper import Ran, run
from tests.conftest import AS_OF
from tests.live import sample
from tests.live.test_client import config


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an overlay and a snapshot, and a kubeconfig with the context `here` that nobody answers."""
    sample.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(config(tmp_path / "home", "http://127.0.0.1:1")))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return tmp_path


def refused(ran: Ran, says: str) -> None:
    """Exit status 2, one line on stderr, nothing on stdout."""
    assert (ran.status, ran.out) == (2, "")
    [line] = ran.err.splitlines()
    assert says in line
    assert "; " in line, "a remedy"
    assert "Traceback" not in line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--context", "here", "--in-cluster"), "exclude each other"),
        (("--context", "here", "--snapshot", "snapshot"), "exclude each other"),
        (("--in-cluster", "--snapshot", "snapshot"), "exclude each other"),
        (("--probe",), "--probe asks a cluster's hosts, and none is looked at"),
        (("--probe", "--snapshot", "snapshot"), "--probe asks a cluster's hosts, and none is looked at"),
        (("--store-reports",), "--store-reports needs a cluster"),
        (("--store-reports", "--snapshot", "snapshot"), "--store-reports needs a cluster"),
        (("--context", "gone"), "the context 'gone' can't be used"),
        (("--context", ""), "the context '' can't be used"),
        (("--context", "a\nb\x1b[31m"), "the context 'a\\nb\\x1b[31m' can't be used"),
        (("--in-cluster",), "this is no pod of a cluster"),
    ],
)
def test_check_refuses(here: Path, arguments: tuple[str, ...], says: str) -> None:
    """Before anything is judged."""
    refused(run("check", "overlay", "--as-of", AS_OF, *arguments), says)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "a snapshot is of one cluster"),
        (("--context", "here", "--in-cluster"), "a snapshot is of one cluster"),
        (("--context", "gone"), "the context 'gone' can't be used"),
        (("--in-cluster",), "this is no pod of a cluster"),
        (("--context", "here"), "the cluster could not be read: the server can't be reached"),
    ],
)
def test_snapshot_refuses(here: Path, arguments: tuple[str, ...], says: str) -> None:
    """And writes nothing: a snapshot of a cluster that nobody saw is none."""
    refused(run("snapshot", "overlay", *arguments, "-o", "kept"), says)
    assert not (here / "kept").exists()


def test_a_cluster_that_nobody_answers_for_is_a_verdict(here: Path) -> None:
    """Not exit status 2: the rows say why, and none is judged by it."""
    ran = run("check", "overlay", "--as-of", AS_OF, "--context", "here", "--only", "GIT-04", "--format", "json")
    assert ran.status == 0
    assert ran.err == ""
    assert "the cluster could not be read: the server can't be reached" in ran.out


def test_without_a_context_nothing_is_contacted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig is there and its current context answers to nobody: it is not even read."""
    monkeypatch.setattr("kfm_checks.live.client.connect", lambda *_: pytest.fail("a connection was made"))
    ran = run("check", "overlay", "--as-of", AS_OF, "--only", "GIT-04", "--format", "json")
    [row] = json.loads(ran.out)["requirements"]
    assert (row["id"], row["status"]) == ("GIT-04", "not-verified")


def test_a_stale_snapshot_is_not_judged(here: Path) -> None:
    """Its rows say when it was taken; with a longer limit in the settings they are judged."""
    arguments = ("check", "overlay", "--snapshot", "snapshot", "--only", "GIT-04", "--format", "json", "--as-of")
    fresh, stale = run(*arguments, "2026-11-22"), run(*arguments, "2026-11-25")
    assert (fresh.status, stale.status) == (1, 0)
    assert "the snapshot was taken at 2026-11-22T08:30:00Z, more than 24h before the end of 2026-11-25" in stale.out
    settings = here / "overlay/kfm-checks.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "thresholds: {snapshot-age: 7d}\n", encoding="utf-8")
    assert run(*arguments, "2026-11-25").status == 1
