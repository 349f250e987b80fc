"""The shipped overlay, reconciled from git by the real Argo CD onto a real API server; then changed by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kfm_checks.facts.live_drift import Drift
from kfm_checks.judged import Judged
from kfm_checks.run import Options, judge
from tests.cluster.absent import controllers_played
from tests.cluster.argocd import Repository, applications, argocd, prepare, repository, states
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.parity import PAGE
from tests.conftest import AS_OF

pytestmark = pytest.mark.cluster
MERGE_PATCH = "application/merge-patch+json"
DONE = ("Synced", "Healthy")


@dataclass(frozen=True)
class Production:
    """A cluster in which Argo CD reconciles the overlay from a repository."""

    plane: ControlPlane
    repository: Repository

    def judge(self) -> Judged:
        """What a run with ``--context`` says of it."""
        os.environ["KUBECONFIG"] = str(self.plane.kubeconfig)
        folder = self.repository.folder / "infra/clusters/prod"
        return judge(folder, Options(context="admin", as_of=AS_OF))

    def settled(self) -> bool:
        """Whether every Application is Synced and Healthy."""
        known = states(self.plane)
        return len(known) == 3 and set(known.values()) == {DONE}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Started once: the changes of the tests below are each taken back."""
    with control_plane() as plane:
        prepare(plane)
        found = Production(plane, repository(tmp_path_factory.mktemp("git") / "repository"))
        with argocd(plane), controllers_played(plane):
            apps = str(found.repository.folder / "infra/clusters/prod/apps")
            # In Argo CD's name, so that it may take away later what git no longer says.
            plane.kubectl("apply", "--server-side", "--field-manager=argocd-controller", "-k", apps)
            settle(found)
            yield found


def settle(production: Production, seconds: float = 600) -> None:
    """Wait until every Application is Synced and Healthy, or say what Argo CD says instead."""
    try:
        production.plane.wait("every Application Synced and Healthy", production.settled, seconds)
    except AssertionError as error:
        raise AssertionError(f"{unwell(production.plane)}\n{error}") from None


def unwell(plane: ControlPlane) -> list[str]:
    """What Argo CD does not find Synced and Healthy."""
    return [
        f"{name}: {r['kind']} {r.get('namespace', '')}/{r['name']} {r.get('status')} {r.get('health')}"
        for name, a in applications(plane).items()
        for r in a.get("status", {}).get("resources", [])
        if r.get("status") != "Synced" or r.get("health", {}).get("status", "Healthy") != "Healthy"
    ]


def rows(judged: Judged) -> dict[str, str]:
    """Each row's status."""
    return {row.id: row.status for row in judged.report.requirements}


def drifted(judged: Judged) -> set[tuple[str, str]]:
    """What was found changed, missing or extra: the change and the object."""
    found: tuple[Drift, ...] = judged.facts.get("drift")
    return {(one.change, str(one.key)) for one in found if one.change != "same"}


@pytest.fixture(scope="module")
def untouched(production: Production) -> dict[str, str]:
    """The rows before anybody changes anything."""
    judged = production.plane.wait("a rollout that is done", lambda: _healthy(production), 180)
    return rows(judged)


def _healthy(production: Production) -> Judged | None:
    judged = production.judge()
    return judged if rows(judged)["GIT-05"] == "met" else None


def test_git_is_what_runs(production: Production, untouched: dict[str, str]) -> None:
    """Every object was accepted, nothing drifted, the controller's word is believed, and every live row is met."""
    live = ("GIT-04", "GIT-05", "OPS-02", "OPS-03", "OPS-04", "META-03", "META-04")
    halves = ("MEM-01", "MEM-02", "MEM-05", "MEM-07", "SEC-03", "RAIL-08", "RAIL-09", "DAT-08")
    assert {id: untouched[id] for id in (*live, *halves)} == dict.fromkeys((*live, *halves), "met")


def test_self_heal_puts_a_scaled_deployment_back(production: Production) -> None:
    """A hand on the replicas is undone by Argo CD in seconds."""
    path = "/apis/apps/v1/namespaces/kfm-app/deployments/opa"
    before = production.plane.request("GET", path)[1]["spec"]["replicas"]
    production.plane.kubectl("scale", "-n", "kfm-app", "deployment/opa", f"--replicas={before + 2}")
    production.plane.wait(
        "self-heal", lambda: production.plane.request("GET", path)[1]["spec"]["replicas"] == before, 60
    )


@pytest.fixture(scope="module")
def unhealed(production: Production, untouched: dict[str, str]) -> dict[str, str]:
    """Self-heal switched off, by git, so that a change by hand stays to be seen; the rows before one is made."""
    for path in (production.repository.folder / "infra/clusters/prod/apps").glob("*.yaml"):
        path.write_text(re.sub(r" *selfHeal: true\n", "", path.read_text(encoding="utf-8")), "utf-8")
    production.repository.git("commit", "-qam", "no self-heal, for the tests of drift")
    production.plane.wait("the new revision", lambda: _at_head(production), 240)
    judged = production.plane.wait("a rollout that is done", lambda: _healthy(production), 180)
    before = rows(judged)
    assert drifted(judged) == set(), [one for one in judged.facts.get("drift") if one.change != "same"]
    assert {id for id in before if before[id] != untouched[id]} == {"GIT-02"}
    return before


def _at_head(production: Production) -> bool:
    head = production.repository.git("rev-parse", "HEAD")
    known = applications(production.plane).values()
    refresh(production.plane)
    return production.settled() and all(a["status"]["sync"].get("revision") == head for a in known)


def refresh(plane: ControlPlane) -> None:
    """Let Argo CD compare now."""
    for name in applications(plane):
        path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        plane.request("PATCH", path, body, content_type=MERGE_PATCH)


def out_of_sync(plane: ControlPlane) -> set[str]:
    """What Argo CD's own diff names, by ``namespace/kind/name``."""
    return {
        "/".join(part for part in (r.get("namespace", ""), r["kind"], r["name"]) if part)
        for a in applications(plane).values()
        for r in a["status"].get("resources", [])
        if r.get("status") == "OutOfSync"
    }


def patch(path: str, body: Any) -> Callable[[ControlPlane], object]:
    """A change by merge patch; the server has to take it."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("PATCH", path, body, content_type=MERGE_PATCH)
        assert status == 200, answer

    return make


def delete(path: str) -> Callable[[ControlPlane], object]:
    """A deletion."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("DELETE", path)
        assert status == 200, answer

    return make


def create(path: str, body: Any) -> Callable[[ControlPlane], object]:
    """A creation."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("POST", path, body)
        assert status == 201, answer

    return make


def sync(plane: ControlPlane) -> None:
    """Take a change back: Argo CD is told to sync."""
    for name in applications(plane):
        path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        body = {"operation": {"initiatedBy": {"username": "tests"}, "sync": {"syncOptions": ["ServerSideApply=true"]}}}
        plane.request("PATCH", path, body, content_type=MERGE_PATCH)


def opened(plane: ControlPlane) -> None:
    """A NodePort to the database: the overlay's own policy and quota have to be out of the way for a moment."""
    admission, quotas = "/apis/admissionregistration.k8s.io/v1", "/api/v1/namespaces/kfm-data/resourcequotas"
    barring = (
        (f"{admission}/validatingadmissionpolicybindings/services-stay-inside", "ValidatingAdmissionPolicyBinding"),
        (f"{quotas}/kfm-data", "ResourceQuota"),
    )
    kept = [(path, kind, plane.request("GET", path)[1]) for path, kind in barring]
    try:
        for path, _, _ in kept:
            assert plane.request("DELETE", path)[0] == 200
        services = "/api/v1/namespaces/kfm-data/services"
        plane.wait("a door", lambda: plane.request("POST", services, NODE_PORT)[0] == 201, 60)
    finally:
        for path, kind, obj in kept:
            _put_back(plane, path, kind, obj)


def _put_back(plane: ControlPlane, path: str, kind: str, obj: dict[str, Any]) -> None:
    """Apply an object anew, as Argo CD would."""
    told = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields")
    metadata = {name: value for name, value in obj["metadata"].items() if name not in told}
    body = {"apiVersion": obj["apiVersion"], "kind": kind, "metadata": metadata, "spec": obj["spec"]}
    query = "?fieldManager=argocd-controller&force=true"
    assert plane.request("PATCH", path + query, body, content_type="application/apply-patch+yaml")[0] in (200, 201)


@dataclass(frozen=True)
class Change:
    """One change by hand: how it is made and taken back, what drifts, and which rows turn."""

    name: str
    make: Callable[[ControlPlane], object]
    undo: Callable[[ControlPlane], object]
    drift: frozenset[tuple[str, str]]
    turns: frozenset[str]
    #: Whether Argo CD's own diff tells it, too: what is beyond git it does not count as out of sync.
    argo: bool = True


_APPS = "/apis/apps/v1/namespaces/kfm-app/deployments"
_POLICIES = "/apis/networking.k8s.io/v1/namespaces/kfm-data/networkpolicies"
_ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/kfm-app/rolebindings"
_ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
IMAGE = "ghcr.io/bartytime4life/opa@sha256:" + "f" * 64
NODE_PORT = {
    "metadata": {"name": "shadow"},
    "spec": {"type": "NodePort", "selector": {"app.kubernetes.io/name": "postgis"}, "ports": [{"port": 5432}]},
}
BINDING = {
    "metadata": {"name": "more-for-auditors"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kfm-auditors"}],
}
CHANGES = (
    Change(
        "replicas scaled by hand",
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/opa", "--replicas=4"),
        sync,
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "another image",
        lambda plane: plane.kubectl("set", "image", "-n", "kfm-app", "deployment/opa", f"*={IMAGE}"),
        sync,
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "a NetworkPolicy deleted",
        delete(f"{_POLICIES}/default-deny"),
        sync,
        frozenset({("missing", "kfm-data/NetworkPolicy/default-deny")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "a NodePort to the database",
        opened,
        delete("/api/v1/namespaces/kfm-data/services/shadow"),
        frozenset({("extra", "kfm-data/Service/shadow")}),
        frozenset({"GIT-04", "MEM-01", "MEM-02", "MEM-07", "OPS-03", "DOD-03"}),
        argo=False,
    ),
    Change(
        "one more RoleBinding",
        create(_ROLE_BINDINGS, BINDING),
        delete(f"{_ROLE_BINDINGS}/more-for-auditors"),
        frozenset({("extra", "kfm-app/RoleBinding/more-for-auditors")}),
        frozenset({"GIT-04", "MEM-05"}),
        argo=False,
    ),
    Change(
        "a namespace made privileged",
        patch(
            "/api/v1/namespaces/kfm-app", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
        ),
        sync,
        frozenset({("changed", "Namespace/kfm-app")}),
        # Not OPS-04: a privileged pod that is tried there is still refused, by the overlay's own policy.
        frozenset({"GIT-04", "GIT-05", "RAIL-08", "GATE-03", "DOD-02"}),
    ),
    Change(
        "a policy unbound",
        delete(f"{_BINDINGS}/images-are-pinned"),
        sync,
        frozenset({("missing", "ValidatingAdmissionPolicyBinding/images-are-pinned")}),
        frozenset({"GIT-04", "GIT-05", "RAIL-09", "OPS-04"}),
    ),
    Change(
        "a controller's sync stopped",
        patch(f"{_ARGO}/kfm-prod", {"spec": {"syncPolicy": {"automated": None}}}),
        sync,
        frozenset({("changed", "argocd/Application/kfm-prod")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "replicas under an autoscaler",
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/kfm-api", "--replicas=5"),
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/kfm-api", "--replicas=3"),
        frozenset(),
        frozenset(),
    ),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_by_hand_turns_its_rows(production: Production, unhealed: dict[str, str], change: Change) -> None:
    """Exactly the rows that the change is about, the drift names the object and who did it, and Argo CD agrees."""
    change.make(production.plane)
    try:
        if change.drift and change.argo:
            names = {name for _, name in change.drift}
            production.plane.wait("Argo CD's own diff", lambda: _seen(production, names), 60)
        judged = production.plane.wait("a rollout", lambda: _judged(production, change), 120)
        assert drifted(judged) == set(change.drift)
        assert {id for id, status in rows(judged).items() if status != unhealed[id]} == set(change.turns)
        told = [one for one in judged.facts.get("drift") if one.change == "extra" or one.live is not None]
        owners = [one.owner for one in told if one.change != "same"]
        assert all(owner is not None and owner.manager != "argocd-controller" for owner in owners)
        named = out_of_sync(production.plane)
        assert named == ({name for _, name in change.drift} if change.argo else set())
    finally:
        change.undo(production.plane)
        production.plane.wait("the change taken back", lambda: _back(production), 180)


def test_the_page_shows_each_change() -> None:
    """docs/agreement/api-server.md has a line for each change, as it is asserted here."""
    for change in CHANGES:
        drift = " ".join(next(iter(change.drift), ("none",)))
        turns, argo = ", ".join(sorted(change.turns)) or "none", "the same" if change.argo else "silent"
        assert f"| {change.name} | {drift} | {turns} | {argo} |" in PAGE.read_text(encoding="utf-8")


def _seen(production: Production, names: set[str]) -> bool:
    refresh(production.plane)
    return out_of_sync(production.plane) >= names


def _judged(production: Production, change: Change) -> Judged | None:
    """A run whose rollouts are done, so that what moves after a change is not taken for its effect."""
    judged = production.judge()
    result = judged.report.result("controller-reports-healthy")
    moving = any("rolled out" in e.message for e in result.evidence if e.holds is not True)
    return None if moving else judged


def _back(production: Production) -> bool:
    refresh(production.plane)
    if not production.settled():
        return False
    result = production.judge().report.result
    return all(result(name).outcome == "pass" for name in ("live-matches-render", "controller-reports-healthy"))
