"""What docs/how-to/look-at-a-cluster.md says is asked of the server is what the audit log has, verb by verb."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.cluster.test_only_reads import of_the_run
from tests.conftest import ROOT

pytestmark = pytest.mark.cluster
PAGE = ROOT / "docs/how-to/look-at-a-cluster.md"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: small}\nstringData: {key: abc}\n"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
DRIFT, ENFORCED, ACCESS = "live-matches-render", "live-policies-are-enforced", "rbac-roles-are-separated-live"
#: A verb of the table -> the check that is touched without it, what becomes of it, and what its evidence says.
WITHOUT = {
    ("list", "*"): (DRIFT, "not-verified", 'cannot list resource "services"'),
    ("get", "secrets"): (DRIFT, "not-verified", 'cannot get resource "secrets"'),
    ("patch", "*"): (DRIFT, "pass", "by the fields that git gives"),
    ("create", "pods"): (ENFORCED, "not-verified", 'cannot create resource "pods"'),
    ("create", "subjectaccessreviews.authorization.k8s.io"): (
        ACCESS, "not-verified", 'cannot create resource "subjectaccessreviews"'
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server of this module's own."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


@pytest.fixture(scope="module")
def overlay(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small overlay with a Secret, applied."""
    folder = small.write(tmp_path_factory.mktemp("overlay"), SECRET)
    small.apply(server, folder)
    return folder


def documented() -> set[tuple[str, str]]:
    """The table's verbs, each with the first word of what it is for; kinds of the overlay as ``*``."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    found = set()
    for verb, on in rows:
        names = re.findall(r"`([^`]+)`", on)
        found |= {(verb, name) for name in names} if not on.startswith("every kind") else {(verb, "*")}
    return found


def asked(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """The same of the audit log."""
    found = set()
    for event in events:
        named = event.get("objectRef")
        if named is None:
            found.add((event["verb"], event["requestURI"].partition("?")[0]))
        elif event["verb"] in ("list", "patch"):
            found.add((event["verb"], "*"))
        else:
            group = f".{named['apiGroup']}" if named.get("apiGroup") else ""
            found.add((event["verb"], named["resource"] + group))
    return found


def test_each_verb_is_in_the_table(server: ControlPlane, overlay: Path) -> None:
    """And the table has no other."""
    before = len(server.audit())
    small.look(server.kubeconfig, overlay, only=())
    assert asked(of_the_run(server, before)) == documented()


def grant(server: ControlPlane, verbs: set[tuple[str, str]]) -> None:
    """Give the user `nobody` these and no others."""
    rules = []
    for verb, name in sorted(verbs):
        resource, _, group = name.partition(".")
        rules.append({"verbs": [verb], "apiGroups": ["*" if name == "*" else group], "resources": [resource]})
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}
    query = "?fieldManager=test&force=true"
    kind = "application/apply-patch+yaml"
    path = f"{RBAC}/clusterroles/reader{query}"
    assert server.request("PATCH", path, {**body, "rules": rules}, content_type=kind)[0] < 300
    binding = {
        **body, "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}],
    }  # fmt: skip
    path = f"{RBAC}/clusterrolebindings/reader{query}"
    assert server.request("PATCH", path, binding, content_type=kind)[0] < 300


def test_the_table_is_enough(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """Who has these verbs and no others sees all, by the server's own word."""
    grant(server, {one for one in documented() if not one[1].startswith("/")})
    config = server.write_kubeconfig(tmp_path / "config", {"nobody": USERS["nobody"][0]})

    def all_seen() -> bool:
        judged = small.look(config, overlay)
        found = small.outcomes(judged)
        texts = small.messages(judged, DRIFT)
        ways = sum("by server-side apply in dry run" in text for text in texts)
        return (found[DRIFT], found[ENFORCED], found[ACCESS], ways) == ("pass", "fail", "pass", 6)

    assert server.wait("all seen", all_seen, 30)


@pytest.mark.parametrize("left_out", WITHOUT, ids=" ".join)
def test_each_verb_is_needed(left_out: tuple[str, str], server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """Without it its own check, and what the last column of the table says."""
    assert left_out in documented()
    grant(server, {one for one in documented() if not one[1].startswith("/")} - {left_out})
    config = server.write_kubeconfig(tmp_path / "config", {"nobody": USERS["nobody"][0]})
    check, outcome, says = WITHOUT[left_out]

    def less_seen() -> bool:
        judged = small.look(config, overlay)
        said = any(says in text for text in small.messages(judged, check))
        return small.outcomes(judged)[check] == outcome and said

    assert server.wait("less seen", less_seen, 30)
