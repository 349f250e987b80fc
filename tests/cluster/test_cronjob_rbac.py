"""The account of the run in the cluster, on a real API server: it reads all it lists, writes one report, and no more."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.admission.resources import pluralised
from kfm_checks.cli import main
from kfm_checks.errors import KfmChecksError
from kfm_checks.exports.openreports import stored
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live import namespaces_of
from kfm_checks.facts.objects import is_cluster_scoped
from kfm_checks.judged import Judged, Options
from kfm_checks.live.client import connect
from kfm_checks.live.kinds import SERVED
from kfm_checks.live.listing import wanted_kinds
from kfm_checks.live.look import look_at
from kfm_checks.live.reports import KIND, store
from kfm_checks.run import judge
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.conftest import AS_OF, ROOT

pytestmark = pytest.mark.cluster

NAME = "kfm-conformance"
USER = f"system:serviceaccount:{NAME}:{NAME}"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
OVERLAY = ROOT / "infra/clusters/prod"
#: Rows that read kinds which nothing but a cluster shows.
LIVE = ("GIT-04", "META-02", "MEM-01", "RAIL-09", "SEC-03")


@pytest.fixture(scope="module")
def overlay() -> Judged:
    """The shipped overlay, rendered once."""
    return judge(OVERLAY, Options(as_of=AS_OF, only=("GATE-01",)))


@pytest.fixture(scope="module")
def server(overlay: Judged) -> Iterator[ControlPlane]:
    """An API server with every kind that is asked for, the overlay's namespaces, and the account with its grants."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        asked = {(group, kind, version) for group, kind, version in wanted_kinds(overlay.objects)}
        for group, kind, version in sorted({*asked, (KIND.group, KIND.kind, KIND.version)}):
            define(plane, group, kind, version or "v1")
        for group, kind, version in sorted(asked):
            plane.wait(f"{kind}.{group}", lambda g=group, k=kind, v=version: is_served(plane, g, k, v or "v1"))
        for name in namespaces_of(overlay.facts.get("inventory")):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            assert plane.request("POST", "/api/v1/namespaces", body)[0] == 201
        for obj in overlay.objects:
            if obj.key.name.startswith(NAME) and obj.key.kind in PATHS:
                status, answer = plane.request(
                    "POST", PATHS[obj.key.kind].format(namespace=obj.key.namespace), dict(obj)
                )
                assert status == 201, answer
        yield plane


PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
    "RoleBinding": f"{RBAC}/namespaces/{{namespace}}/rolebindings",
}


def define(plane: ControlPlane, group: str, kind: str, version: str) -> None:
    """A definition of a custom kind, of any content: here only who may list it is in question."""
    if "." not in group or (group.endswith(".k8s.io") and group not in {"gateway.networking.k8s.io"}):
        return
    plural = pluralised(kind)
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "scope": "Cluster" if is_cluster_scoped(group, kind) or kind == KIND.kind else "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
    status, answer = plane.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    assert status == 201, answer


def is_served(plane: ControlPlane, group: str, kind: str, version: str) -> bool:
    """Whether a list of the kind is answered."""
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    return plane.request("GET", f"{root}/{pluralised(kind)}?limit=1")[0] == 200


@pytest.fixture
def inside(server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    """As in the pod: the account's own token and the server's certificate, where the client looks for them."""
    from kubernetes.config import incluster_config

    spec = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    status, answer = server.request("POST", f"/api/v1/namespaces/{NAME}/serviceaccounts/{NAME}/token", spec)
    assert status == 201, answer
    (tmp_path / "token").write_text(answer["status"]["token"], encoding="utf-8")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(server.authority))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
    return server


def look(overlay: Judged) -> Cluster:
    """What the run in the cluster sees."""
    return look_at(Options(in_cluster=True), overlay.facts, "")


def refused(cluster: Cluster) -> set[str]:
    """Kinds that could not be listed, each for want of permission."""
    assert all("forbidden" in each.problem for each in cluster.listings if each.problem)
    return {pluralised(each.kind.kind) for each in cluster.listings if each.problem}


def test_it_reads_all_that_it_lists_and_asks_for_nothing_else(inside: ControlPlane, overlay: Judged) -> None:
    """No list is refused in the end; the audit log has lists and discovery by the account, no dry run and no review."""
    cluster = look(overlay)
    assert cluster.problem == ""
    assert refused(cluster) == set()
    unserved = {(each.kind.group, each.kind.kind) for each in cluster.listings if each.unserved}
    assert unserved == {(group, kind or "*") for group, kind in SERVED}
    assert not any(each.kind.kind == "Secret" for each in cluster.listings)
    events = [event for event in inside.audit() if event["user"]["username"] == USER]
    assert {event["verb"] for event in events if "objectRef" in event} == {"list"}
    assert {event["verb"] for event in events if "objectRef" not in event} == {"get"}
    assert not any("dryRun" in event["requestURI"] for event in events)


def rules() -> list[tuple[int, str]]:
    """Each rule of the role that reads: its place, and its group for the test's name."""
    path = ROOT / "infra/platform/conformance/base/clusterrole.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [(place, rule["apiGroups"][0] or "core") for place, rule in enumerate(content["rules"])]


@pytest.mark.parametrize(("place", "group"), rules(), ids=lambda value: str(value))
def test_each_rule_is_needed(place: int, group: str, inside: ControlPlane, overlay: Judged) -> None:
    """Without it the kinds that it names are not read, and say so: forbidden, never absent."""
    path = f"{RBAC}/clusterroles/{NAME}"
    whole = inside.request("GET", path)[1]
    less = copy.deepcopy(whole)
    gone: dict[str, Any] = less["rules"].pop(place)
    assert gone["apiGroups"] == ["" if group == "core" else group]
    try:
        assert inside.request("PUT", path, less)[0] == 200
        inside.wait("the role without the rule", lambda: refused(look(overlay)) == set(gone["resources"]), 20)
        report = judge(OVERLAY, Options(as_of=AS_OF, in_cluster=True, only=LIVE)).report
        doubted = [
            e.message for r in report.results for e in r.evidence if e.holds is None and "forbidden" in e.message
        ]
        assert doubted, "no row says that something could not be read"
    finally:
        whole["metadata"].pop("resourceVersion")
        assert inside.request("PUT", path, whole)[0] == 200


def test_the_command_of_the_cronjob(inside: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    """On a cluster that has nothing of the overlay it exits 1, says why, and keeps the whole report."""
    [run] = [
        w for w in judge(OVERLAY, Options(as_of=AS_OF, only=("GATE-01",))).facts.get("workloads") if w.name == NAME
    ]
    arguments = [word.replace("$(KFM_OVERLAY)", str(OVERLAY)) for word in run.spec["containers"][0]["args"]]
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--as-of", AS_OF])
    assert stop.value.code == 1
    told = capsys.readouterr()
    name = told.err.partition("kept as clusterreport/")[2].strip()
    kept = inside.request("GET", f"/apis/{KIND.api_version}/{KIND.resource}/{name}")[1]
    missing = [each for each in kept["results"] if each["policy"] == "live-matches-render" and each["result"] == "fail"]
    assert len(missing) > 100
    assert "GIT-04" in told.out


def test_it_keeps_one_report_under_its_name_and_no_other(inside: ControlPlane, overlay: Judged, tmp_path: Path) -> None:
    """Made by the first run, replaced by the second; another name is refused, and so is making one without a name."""
    connection = connect(None, OVERLAY)
    documents = stored([overlay.report])
    inside.wait("the role", lambda: store(documents, connection))
    [name] = store(documents, connection)
    kept = inside.request("GET", f"/apis/{KIND.api_version}/{KIND.resource}/{name}")[1]
    assert kept["summary"] == documents[0]["summary"]
    other = {**documents[0], "metadata": {"name": "another"}}
    with pytest.raises(KfmChecksError, match="could not be stored: forbidden"):
        store([other], connection)
    token = (tmp_path / "token").read_text(encoding="utf-8")
    status, _ = inside.request("POST", f"/apis/{KIND.api_version}/{KIND.resource}", documents[0], token=token)
    assert status == 403
