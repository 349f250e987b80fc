"""A door of another project's kind, opened by hand on a real API server: it is seen, or the row says that nobody could."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.judged import Judged
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing

pytestmark = pytest.mark.cluster
PRIVATE, TWIN = "live-datastores-are-private", "datastores-are-private-live"
STORE = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgis, namespace: small}
spec:
  serviceName: postgis
  selector: {matchLabels: {app: postgis}}
  template:
    metadata: {labels: {app: postgis}}
    spec: {containers: [{name: postgis, image: "docker.io/postgis/postgis:17", ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: postgis, namespace: small}
spec: {selector: {app: postgis}, ports: [{port: 5432}]}
"""
READER = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: ["", apps, batch, networking.k8s.io], resources: ["*"], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: nobody}]
"""
DOOR = {
    "apiVersion": "traefik.io/v1alpha1",
    "kind": "IngressRouteTCP",
    "metadata": {"name": "shadow", "namespace": "small"},
    "spec": {"routes": [{"match": "HostSNI(`*`)", "services": [{"name": "postgis", "port": 5432}]}]},
}
PROXY = {
    "apiVersion": "projectcontour.io/v1",
    "kind": "HTTPProxy",
    "metadata": {"name": "shadow", "namespace": "small"},
    "spec": {"tcpproxy": {"services": [{"name": "postgis", "port": 5432}]}},
}
KINDS = {"traefik.io": ("v1alpha1", "IngressRouteTCP", "ingressroutetcps"), "projectcontour.io": ("v1", "HTTPProxy", "httpproxies")}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server that serves the kinds of Traefik and Contour."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        for group, (version, kind, plural) in KINDS.items():
            define(plane, group, version, kind, plural)
        yield plane


def define(plane: ControlPlane, group: str, version: str, kind: str, plural: str) -> None:
    """A definition of a kind, of any content."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"plural": plural, "kind": kind},
            "scope": "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
    assert plane.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)[0] == 201
    plane.wait(kind, lambda: plane.request("GET", f"/apis/{group}/{version}/{plural}")[0] == 200)


@pytest.fixture(scope="module")
def overlay(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small overlay with a datastore, applied."""
    folder = small.write(tmp_path_factory.mktemp("overlay"), STORE)
    small.apply(server, folder)
    return folder


@pytest.fixture
def opened(server: ControlPlane, request: pytest.FixtureRequest) -> Iterator[None]:
    """A door opened by hand, and closed again."""
    body: dict[str, Any] = request.param
    group, version = body["apiVersion"].split("/")
    path = f"/apis/{group}/{version}/namespaces/small/{KINDS[group][2]}"
    assert server.request("POST", path, body)[0] == 201
    yield
    assert server.request("DELETE", f"{path}/shadow")[0] == 200


def looked(server: ControlPlane, overlay: Path, kubeconfig: Path | None = None) -> Judged:
    """A run of the rows on datastores and drift."""
    return small.look(kubeconfig or server.kubeconfig, overlay, ("MEM-01", "MEM-02", "OPS-03", "GIT-04"))


def test_no_door(server: ControlPlane, overlay: Path) -> None:
    """What the tests below rest on: without one the datastore is private."""
    found = small.outcomes(looked(server, overlay))
    assert (found[PRIVATE], found[TWIN]) == ("pass", "pass")


@pytest.mark.parametrize("opened", [DOOR], indirect=True, ids=["Traefik"])
@pytest.mark.usefixtures("opened")
def test_a_door_that_is_read(server: ControlPlane, overlay: Path) -> None:
    """It leads to the datastore: both checks fail, and drift names it as a shadow exposure."""
    judged = looked(server, overlay)
    found = small.outcomes(judged)
    assert (found[PRIVATE], found[TWIN]) == ("fail", "fail")
    assert any("IngressRouteTCP/shadow leads from outside" in text for text in small.messages(judged, PRIVATE))
    assert any("shadow exposure" in text for text in small.messages(judged, "live-matches-render"))


@pytest.mark.parametrize("opened", [PROXY], indirect=True, ids=["Contour"])
@pytest.mark.usefixtures("opened")
def test_a_door_that_nobody_here_can_read(server: ControlPlane, overlay: Path) -> None:
    """Its kind is known and not evaluated: nobody can say that the datastore is private."""
    found = small.outcomes(looked(server, overlay))
    assert (found[PRIVATE], found[TWIN]) == ("not-verified", "not-verified")


def test_a_door_that_may_not_be_listed(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """The kind is served and forbidden: that there is none, nobody saw."""
    server.kubectl("apply", "-f", "-", stdin=READER)
    try:
        kubeconfig = server.write_kubeconfig(tmp_path / "config", {"nobody": USERS["nobody"][0]})
        judged = looked(server, overlay, kubeconfig)
    finally:
        server.kubectl("delete", "-f", "-", stdin=READER)
    found = small.outcomes(judged)
    assert (found[PRIVATE], found[TWIN]) == ("not-verified", "not-verified")
    told = small.messages(judged, PRIVATE)
    assert any(text.startswith("ingressroutetcps could not be listed: forbidden") for text in told)
    assert any(text.startswith("httpproxies could not be listed: forbidden") for text in told)
