"""Access asked in two ways, by reviews for others and by impersonation: a real API server gives the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kfm_checks.facts.cluster import Answer
from kfm_checks.live.client import connect
from kfm_checks.live.reviews import ask
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.cluster.test_docs import grant

pytestmark = pytest.mark.cluster
HOME = "/apis/rbac.authorization.k8s.io/v1/namespaces/small"
#: Who may list deployments by the role of the small overlay, and by which subject of a binding.
SUBJECTS = {
    "Group:deployers": {"kind": "Group", "name": "deployers"},
    "User:ada": {"kind": "User", "name": "ada"},
    "ServiceAccount:small/robot": {"kind": "ServiceAccount", "name": "robot", "namespace": "small"},
    "ServiceAccount:small/any": {"kind": "Group", "name": "system:serviceaccounts:small"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with the small overlay and a binding of its role to each sort of subject."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        small.apply(plane, small.write(tmp_path_factory.mktemp("overlay")))
        yield plane


def bound(server: ControlPlane, subject: str) -> None:
    """Bind the role to this subject alone."""
    named = SUBJECTS[subject]
    group = {} if named["kind"] == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"}
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "more"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "deployer"},
        "subjects": [{**group, **named}],
    }  # fmt: skip
    server.request("DELETE", f"{HOME}/rolebindings/more")
    assert server.request("POST", f"{HOME}/rolebindings", body)[0] == 201


@pytest.mark.parametrize("subject", SUBJECTS)
def test_both_ways_agree(subject: str, server: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes where it was granted, no beside it; and the second way was really taken."""
    bound(server, subject)
    grant(server, {("impersonate", name) for name in ("users", "groups", "serviceaccounts")})
    tokens = {"admin": USERS["admin"][0], "nobody": USERS["nobody"][0]}
    monkeypatch.setenv("KUBECONFIG", str(server.write_kubeconfig(tmp_path / "config", tokens)))
    asked = [
        Answer(subject, verb, "deployments", "apps", place) for verb in ("list", "delete") for place in ("small", "")
    ]
    expected = [True, False, False, False]
    for context in ("admin", "nobody"):
        connection = connect(context, tmp_path / "overlay")
        server.wait(context, lambda c=connection: [one.allowed for one in ask(c, asked)] == expected, 20)
    events = [event for event in server.audit() if "impersonatedUser" in event]
    assert {event["objectRef"]["resource"] for event in events} == {"selfsubjectaccessreviews"}
