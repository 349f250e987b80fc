"""The shipped overlay, reconciled from git by the real Argo CD onto a real API server; then changed by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kfm_checks.judged import Judged
from tests.cluster.absent import controllers_played
from tests.cluster.argocd import applications, argocd, prepare, repository
from tests.cluster.by_hand import CHANGES, Change
from tests.cluster.controlplane import control_plane
from tests.cluster.parity import PAGE
from tests.cluster.production import Production, drifted, out_of_sync, refresh, rows, settle

pytestmark = pytest.mark.cluster


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


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_by_hand_turns_its_rows(production: Production, unhealed: dict[str, str], change: Change) -> None:
    """Exactly the rows that the change is about, the drift names the object and who did it, and Argo CD agrees."""
    change.make(production.plane)
    try:
        if change.drift and change.argo:
            names = {name for _, name in change.drift}
            production.plane.wait("Argo CD's own diff", lambda: _seen(production, names), 60)
        judged = _looked(production, change, unhealed)
        told = [one for one in judged.facts.get("drift") if one.change == "extra" or one.live is not None]
        owners = [one.owner for one in told if one.change != "same"]
        assert all(owner is not None and owner.manager != "argocd-controller" for owner in owners)
        named = {name for _, name in change.drift} if change.argo else set()
        # Waited for, since what takes a change back makes Argo CD look again at the Applications themselves.
        production.plane.wait("no more in Argo CD's own diff", lambda: _alone(production, named), 60)
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


def _alone(production: Production, names: set[str]) -> bool:
    refresh(production.plane)
    return out_of_sync(production.plane) == names


def turned(judged: Judged, before: dict[str, str]) -> set[str]:
    """The rows that are no longer as they were."""
    return {id for id, status in rows(judged).items() if status != before[id]}


def _looked(production: Production, change: Change, before: dict[str, str]) -> Judged:
    """A look at what came of a change; another, for two minutes, where a controller is still busy."""
    looks: list[Judged] = []

    def as_told() -> Judged | None:
        looks.append(production.judge())
        judged = looks[-1]
        return judged if drifted(judged) == change.drift and turned(judged, before) == change.turns else None

    try:
        judged: Judged = production.plane.wait("the rows of the change", as_told, 120)
    except AssertionError as error:
        turns = turned(looks[-1], before)
        raise AssertionError(f"{drifted(looks[-1])} {turns} {_said(looks[-1])}\n{error}") from None
    return judged


def _said(judged: Judged) -> list[str]:
    """What spoke against the controllers' health."""
    result = judged.report.result("controller-reports-healthy")
    return [f"{e.subject}: {e.message} {e.observed}" for e in result.evidence if e.holds is not True]


def _back(production: Production) -> bool:
    refresh(production.plane)
    if not production.settled():
        return False
    result = production.judge().report.result
    return all(result(name).outcome == "pass" for name in ("live-matches-render", "controller-reports-healthy"))


def test_scaled_to_nothing_under_an_autoscaler(production: Production, unhealed: dict[str, str]) -> None:
    """It leaves the workload alone then, and so does Argo CD. Who did it, the server does not keep."""
    scale = ("scale", "-n", "kfm-app", "deployment/kfm-api")
    production.plane.kubectl(*scale, "--replicas=0")
    try:
        judged = production.judge()
        told = [(str(one.key), one.pointer, one.live) for one in judged.facts.get("drift") if one.change != "same"]
        assert told == [("kfm-app/Deployment/kfm-api", "/spec/replicas", 0)]
        assert rows(judged)["GIT-04"] == "not-met"
        assert out_of_sync(production.plane) == set()
    finally:
        production.plane.kubectl(*scale, "--replicas=3")
