"""What a manifest names on a real API server: no name makes a write of a dry run, or drift of what is none."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kfm_checks.judged import Judged
from kfm_checks.run import Options, judge
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.conftest import AS_OF

pytestmark = pytest.mark.cluster
DRIFT, ENFORCED = "live-matches-render", "live-policies-are-enforced"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nrules: []\nmetadata: {name: %s}\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\nmetadata: {namespace: small, name: %s}\n"
HOSTILE = {
    "a query": ROLE % '"evil?x="',
    "a fragment": ROLE % '"evil#"',
    "another collection": NAMESPACE % '"small/pods?x="',
    "another path": MAP % '"../../../../apis/rbac.authorization.k8s.io/v1/clusterroles/evil"',
    "dots": MAP % '".."',
    "encoded": MAP % '"evil%3Fx="',
}


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server of this module's own."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


def looked(server: ControlPlane, folder: Path) -> tuple[Judged, list[dict[str, Any]]]:
    """A run by the plain manifests of a folder, and what it asked of the server."""
    before = len(server.audit())
    os.environ["KUBECONFIG"] = str(server.kubeconfig)
    judged = judge(folder, Options(context="admin", as_of=AS_OF, only=small.ROWS))
    events = [event for event in server.audit()[before:] if event["userAgent"] == "kfm-checks"]
    assert events
    return judged, events


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_undoes_the_dry_run(server: ControlPlane, tmp_path: Path, name: str) -> None:
    """By the server's own log: whatever would write is a dry run, at the path of the object itself."""
    (tmp_path / "all.yaml").write_text(f"{small.OVERLAY}---\n{HOSTILE[name]}", encoding="utf-8")
    _, events = looked(server, tmp_path)
    written = [e for e in events if e["verb"] not in ("get", "list") and "reviews" not in e["requestURI"]]
    queries = [parse_qs(urlsplit(e["requestURI"]).query) for e in written]
    assert written
    assert [e["requestURI"] for e, q in zip(written, queries, strict=True) if q.get("dryRun") != ["All"]] == []
    assert [e["requestURI"] for e, q in zip(written, queries, strict=True) if "x" in q] == []


def test_a_strange_name_that_the_server_allows(server: ControlPlane, tmp_path: Path) -> None:
    """Roles may be called almost anything: such a one is found and compared."""
    role = ROLE % '"team:reader?x=#1"'
    (tmp_path / "all.yaml").write_text(role, encoding="utf-8")
    server.kubectl("apply", "--server-side", "-f", str(tmp_path / "all.yaml"))
    judged, _ = looked(server, tmp_path)
    assert small.outcomes(judged)[DRIFT] == "pass"
    [one] = judged.facts.inputs["seen"].comparisons
    assert (one.how, one.refused, one.problem) == ("server-side-apply", "", "")


def test_a_name_that_the_server_makes(server: ControlPlane, tmp_path: Path) -> None:
    """Nobody can tell which live object it is: neither missing nor as git says."""
    job = """
apiVersion: v1
kind: ConfigMap
metadata: {generateName: settings-, namespace: small}
"""
    (tmp_path / "all.yaml").write_text(job, encoding="utf-8")
    judged, events = looked(server, tmp_path)
    assert small.outcomes(judged)[DRIFT] == "not-verified"
    assert any("the server makes its name (generateName)" in text for text in small.messages(judged, DRIFT))
    assert not [e for e in events if e["verb"] == "patch"]


def test_a_secret_in_lines_is_no_drift(server: ControlPlane, tmp_path: Path) -> None:
    """Base64 in several lines, as tools print it, is the same value to the server."""
    lines = base64.encodebytes(b"x" * 100).decode().replace("\n", "\n    ")
    secret = f"""
apiVersion: v1
kind: Secret
metadata: {{name: folded, namespace: small}}
data:
  empty:
  key: |
    {lines}
"""
    folder = small.write(tmp_path / "overlay", secret)
    small.apply(server, folder)
    judged = small.look(server.kubeconfig, folder)
    assert small.outcomes(judged)[DRIFT] == "pass"


def test_a_secret_that_may_be_read_and_not_listed(server: ControlPlane, tmp_path: Path) -> None:
    """One right is enough for the Secrets that git has; what else there may be stays unknown."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: small}\nstringData: {a: b}\n"
    folder = small.write(tmp_path / "overlay", secret)
    small.apply(server, folder)
    rights = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: one-secret}
rules:
  - {apiGroups: [""], resources: [secrets], resourceNames: [key], verbs: [get]}
  - {apiGroups: [""], resources: [namespaces], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: one-secret}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: one-secret}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: nobody}]
"""
    server.kubectl("apply", "-f", "-", stdin=rights)
    try:
        judged = small.look(server.write_kubeconfig(tmp_path / "config", {"nobody": USERS["nobody"][0]}), folder)
    finally:
        server.kubectl("delete", "-f", "-", stdin=rights)
    evidence = judged.report.result(DRIFT).evidence
    assert {one.holds for one in evidence if "Secret/key" in str(one.subject)} == {True}
    assert small.outcomes(judged)[DRIFT] == "not-verified"


def test_a_pod_that_is_invalid_proves_nothing(server: ControlPlane, tmp_path: Path) -> None:
    """A namespace without any policy: what the server refuses as invalid is no enforcement."""
    pod = """
apiVersion: v1
kind: Namespace
metadata: {name: open}
---
apiVersion: v1
kind: Pod
metadata: {name: own, namespace: open}
spec: {hostUsers: false, containers: [{name: a, image: "registry.example.org/a:1"}]}
"""
    folder = small.write(tmp_path / "overlay", pod)
    small.apply(server, folder)
    judged = small.look(server.kubeconfig, folder)
    tried = {one.breaks: one.admitted for one in judged.facts.inputs["seen"].attempts if one.namespace == "open"}
    # Without `hostUsers` it is valid, and nothing here refuses it.
    assert tried == dict.fromkeys(("conforming", "privileged", "no-limits", "latest-tag", "host-network"), True)
    assert small.outcomes(judged)[ENFORCED] == "fail"
