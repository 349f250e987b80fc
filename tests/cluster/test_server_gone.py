"""The API server dies, or hangs, while a run looks at it: the run ends soon, and what was not read is not verified."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfm_checks.judged import Judged
from kfm_checks.live import client
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.cluster.proxy import Proxy, proxy
from tests.cluster.test_faults import ACCESS, DRIFT, ENFORCED, no_row_is_wrong, unread

pytestmark = pytest.mark.cluster
#: Seconds that a run may take after the server went away, the limit of one call being one second.
SOON = 30.0


@pytest.fixture
def server() -> Iterator[ControlPlane]:
    """One for each test, since it does not outlive it."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


def gone_at(call: str, plane: ControlPlane, between: Proxy, number: signal.Signals) -> threading.Thread:
    """Send the server this signal when the first such call arrives."""
    [process] = [process for name, process in plane.processes if name == "kube-apiserver"]

    def watch() -> None:
        deadline = time.monotonic() + 60
        while not any(one.startswith(call) for one in between.calls):
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)
        os.kill(process.pid, number)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def run(server: ControlPlane, tmp_path: Path, call: str, number: signal.Signals) -> tuple[Judged, float, int]:
    """A run in which that happens; the seconds it took, and how many calls reached the proxy."""
    overlay = small.write(tmp_path / "overlay")
    small.apply(server, overlay)
    with proxy(server.port, server.authority) as between:
        config = server.write_kubeconfig(tmp_path / "config", {"admin": USERS["admin"][0]}, server=between.url)
        thread = gone_at(call, server, between, number)
        started = time.monotonic()
        judged = small.look(config, overlay)
        took = time.monotonic() - started
        thread.join(5)
        calls = len(between.calls)
    for name, process in server.processes:
        if name == "kube-apiserver":
            process.kill()  # one that was halted would not hear anything else
    no_row_is_wrong(judged)
    return judged, took, calls


def test_killed_while_it_lists(server: ControlPlane, tmp_path: Path) -> None:
    """Some kinds were read, the others carry the reason; the dry runs and reviews that were to come are given up."""
    judged, took, calls = run(server, tmp_path, "GET /api/v1/pods", signal.SIGKILL)
    assert took < SOON
    assert calls < 120, "a dead server is asked on and on"
    assert unread(judged)
    found = small.outcomes(judged)
    assert (found[ENFORCED], found[ACCESS]) == ("not-verified", "not-verified")
    assert any("given up after" in text for text in small.messages(judged, ENFORCED))


def test_killed_while_it_is_asked_who_may_what(server: ControlPlane, tmp_path: Path) -> None:
    """Drift and enforcement, which were read before, are judged."""
    judged, took, _ = run(server, tmp_path, "POST /apis/authorization.k8s.io", signal.SIGKILL)
    assert took < SOON
    found = small.outcomes(judged)
    assert (found[DRIFT], found[ENFORCED], found[ACCESS]) == ("pass", "fail", "not-verified")


def test_it_hangs(server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes every call and answers none is given up after a few limits, not after one for each call."""
    monkeypatch.setattr(client, "READ", 1.0)
    monkeypatch.setattr(client, "CONNECT", 1.0)
    judged, took, calls = run(server, tmp_path, "POST /apis/authorization.k8s.io", signal.SIGSTOP)
    assert took < SOON
    assert calls < 120
    assert small.outcomes(judged)[ACCESS] == "not-verified"
    assert any("did not answer within 1 s" in text for text in small.messages(judged, ACCESS))
