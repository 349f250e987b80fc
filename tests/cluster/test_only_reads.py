"""By the server's own audit log: a run reads, tries dry runs, asks for access reviews, and does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kfm_checks.live.client import AGENT
from kfm_checks.run import Options, judge
from tests.cli.helper import run
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.conftest import AS_OF

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server of this module's own."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


@pytest.fixture(scope="module")
def overlay(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small overlay, applied, with a Secret of its own."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: small}\nstringData: {key: abc}\n"
    folder = small.write(tmp_path_factory.mktemp("overlay"), secret)
    small.apply(server, folder)
    return folder


def of_the_run(server: ControlPlane, before: int) -> list[dict[str, Any]]:
    """The events of a run: those that name kfm-checks as the client, since then."""
    events = [event for event in server.audit()[before:] if event.get("userAgent") == AGENT]
    assert len(events) > 30, "the run is not in the audit log: nothing is proven"
    return events


def writes(events: list[dict[str, Any]]) -> list[str]:
    """What neither reads nor is a dry run or an access review."""
    return [f"{e['verb']} {e['requestURI']}" for e in events if not (reads(e) or dry(e) or review(e))]


def reads(event: dict[str, Any]) -> bool:
    """Whether it only reads."""
    return event["verb"] in ("get", "list")


def dry(event: dict[str, Any]) -> bool:
    """Whether nothing of it is kept."""
    return parse_qs(urlsplit(event["requestURI"]).query).get("dryRun") == ["All"]


def review(event: dict[str, Any]) -> bool:
    """Whether it asks who may do what: the server keeps no object of this group."""
    named = event.get("objectRef") or {}
    return event["verb"] == "create" and named.get("apiGroup") == "authorization.k8s.io"


def objects(server: ControlPlane) -> dict[str, str]:
    """What is in the namespace, and in which state."""
    found = {}
    for path in ("/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"):
        for resource in ("pods", "services", "secrets", "configmaps", "deployments", "roles", "rolebindings"):
            status, listed = server.request("GET", f"{path}/namespaces/small/{resource}")
            for item in listed["items"] if status == 200 else ():
                found[f"{resource}/{item['metadata']['name']}"] = item["metadata"]["resourceVersion"]
    return found


def test_a_run_by_context(server: ControlPlane, overlay: Path) -> None:
    """It tries and asks, so the log has dry runs and reviews; what is there is the same afterwards."""
    before, was = len(server.audit()), objects(server)
    small.look(server.kubeconfig, overlay, only=())
    events = of_the_run(server, before)
    assert writes(events) == []
    assert {event["verb"] for event in events if dry(event)} == {"patch", "create"}
    assert any(review(event) for event in events)
    assert objects(server) == was
    assert len(was) > 5


def test_a_snapshot(server: ControlPlane, overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that keeps what it sees writes a file, and nothing into the cluster."""
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    before = len(server.audit())
    ran = run("snapshot", str(overlay), "--context", "admin", "-o", str(tmp_path / "kept"))
    assert (ran.status, ran.err) == (0, "")
    assert writes(of_the_run(server, before)) == []


def test_a_run_in_the_cluster(
    server: ControlPlane, overlay: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads, and does not even try: no dry run and no review."""
    from kubernetes.config import incluster_config

    (tmp_path / "token").write_text(USERS["admin"][0], encoding="utf-8")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(server.authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    before = len(server.audit())
    judged = judge(overlay, Options(in_cluster=True, as_of=AS_OF))
    assert judged.facts.inputs["seen"].problem == ""
    assert {event["verb"] for event in of_the_run(server, before)} == {"get", "list"}


def test_a_real_write_would_be_seen(server: ControlPlane) -> None:
    """The test can fail: a write by the same client is found in the log."""
    from kfm_checks.live.client import connect

    before = len(server.audit())
    connection = connect("admin", server.folder / "elsewhere")
    for number in range(31):
        connection.get("/version", n=number)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "written"}}
    connection.call("POST", "/api/v1/namespaces/default/configmaps", body)
    assert writes(of_the_run(server, before)) == ["create /api/v1/namespaces/default/configmaps"]
