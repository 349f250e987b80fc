"""What the controllers say of themselves, statement by statement, and what nobody says."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.gitops import reconcilers
from kfm_checks.facts.live_health import controllers
from kfm_checks.facts.live_rollouts import rollouts
from kfm_checks.facts.objects import inventory
from kfm_checks.follow import Followed
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import ObjectKey
from tests.live.wellrun import of_example

APP = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: argocd}
spec: {source: {repoURL: "https://git.example.org/a/b.git", path: overlay}}
"""
FRESH = 'reconciledAt: "2026-11-22T07:55:00Z"'
FLUX = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system, generation: 3}
spec: {path: ./overlay, sourceRef: {kind: GitRepository, name: fleet}%s}
"""


def said(rendered: str, live: str, head: str = "", followed: tuple[Followed, ...] = ()) -> dict[str, bool | None]:
    """Statement -> whether it is good, of the controllers in the cluster."""
    objects = parse_manifests(rendered)
    known = inventory(objects)
    found = controllers(of_example({"live": live}, objects), reconcilers(known, ()), followed, head)
    return {f"{one.obj.key.name} {one.what}": one.ok for one in found}


def argo(status: str, head: str = "") -> dict[str, bool | None]:
    """Of one Application with a status."""
    found = said(APP, f"{APP}status: {{{status}}}", head)
    return {what.removeprefix("app "): ok for what, ok in found.items()}


def flux(status: str, spec: str = "", head: str = "") -> dict[str, bool | None]:
    """Of one Kustomization with a status."""
    found = said(FLUX % "", f"{FLUX % spec}status: {{{status}}}", head)
    return {what.removeprefix("app "): ok for what, ok in found.items()}


GOOD = f"sync: {{status: Synced, revision: abc}}, health: {{status: Healthy}}, {FRESH}"


@pytest.mark.parametrize(
    ("status", "head", "found"),
    [
        (GOOD, "", {"sync": True, "health": True, "revision": True}),
        (GOOD, "abc", {"sync": True, "health": True, "revision": True}),
        (GOOD, "def", {"sync": True, "health": True, "revision": None}),
        ("health: {status: Healthy}", "", {"status": None}),
        ("sync: {status: Synced}", "", {"status": None}),
        (f"sync: {{status: Synced}}, health: {{status: Healthy}}, {FRESH}", "",
         {"sync": True, "health": True, "revision": None}),
        (f"{GOOD}, operationState: {{phase: Failed}}", "",
         {"sync": True, "health": True, "revision": True, "operation": False}),
        (f"{GOOD}, operationState: {{phase: Error}}", "",
         {"sync": True, "health": True, "revision": True, "operation": False}),
        (f"{GOOD}, operationState: {{phase: Succeeded}}", "", {"sync": True, "health": True, "revision": True}),
        (f"{GOOD}, conditions: [{{type: OrphanedResourceWarning}}, {{type: ComparisonError}}]", "",
         {"sync": True, "health": True, "revision": True, "condition": False}),
        (f"{GOOD}, conditions: [{{type: OrphanedResourceWarning}}, {{}}]", "",
         {"sync": True, "health": True, "revision": True}),
        # Compared every three minutes: what it said an hour ago holds, what it said before does not.
        (GOOD.replace("07:55:00", "07:00:00"), "", {"sync": True, "health": True, "revision": True}),
        (GOOD.replace("07:55:00", "06:59:59"), "",
         {"reconciledAt": None, "sync": None, "health": None, "revision": None}),
        (GOOD.replace(FRESH, "x: y"), "", {"reconciledAt": None, "sync": None, "health": None, "revision": None}),
        # What it says against itself is believed, however old it is.
        (GOOD.replace("07:55:00", "06:00:00").replace("Synced", "OutOfSync").replace("Healthy", "Degraded"), "",
         {"reconciledAt": None, "sync": False, "health": False, "revision": None}),
    ],
)  # fmt: skip
def test_what_argo_cd_says(status: str, head: str, found: dict[str, bool | None]) -> None:
    """Sync, health and revision each by itself; what is old or unsaid is no good word."""
    assert argo(status, head) == found


READY = '{type: Ready, status: "True", lastTransitionTime: "2026-11-21T08:00:00Z"}'
SETTLED = "observedGeneration: 3, lastAppliedRevision: main@sha1:abc"
OLD = "2026-11-21T07:59:59Z"


@pytest.mark.parametrize(
    ("status", "spec", "found"),
    [
        (f"{SETTLED}, conditions: [{READY}]", "", {"Ready": True, "revision": True}),
        (f"{SETTLED}, conditions: [{{type: Healthy}}, {READY}]", ", suspend: true",
         {"suspend": False, "Ready": True, "revision": True}),
        (f"{SETTLED}, conditions: []", "", {"Ready": None}),
        ("", "", {"Ready": None}),
        (f"{SETTLED}, conditions: [{READY}, {{type: Stalled, status: \"True\"}}]", "",
         {"Ready": True, "Stalled": False, "revision": True}),
        (f"{SETTLED}, conditions: [{READY}, {{type: Stalled, status: \"False\"}}]", "", {"Ready": True, "revision": True}),
        (f"{SETTLED}, conditions: [{READY.replace('True', 'False')}]", "", {"Ready": False, "revision": True}),
        (f"{SETTLED}, conditions: [{READY.replace('True', 'Unknown')}]", "", {"Ready": False, "revision": True}),
        (f"observedGeneration: 3, conditions: [{READY}]", "", {"Ready": True, "revision": None}),
        # Ready of an earlier generation, or of the day before, is no good word.
        (f"observedGeneration: 2, conditions: [{READY}]", "", {"observedGeneration": None, "Ready": None, "revision": None}),
        (f"{SETTLED}, conditions: [{READY.replace('2026-11-21T08:00:00Z', OLD)}]", "",
         {"observedGeneration": None, "Ready": None, "revision": None}),
        # Its history tells when it looked last; a condition keeps the time of its last change.
        (f"{SETTLED}, conditions: [{READY.replace('2026-11-21T08:00:00Z', OLD)}], "
         'history: [{lastReconciled: "2026-11-22T07:00:00Z"}, {lastReconciled: "2026-01-01T00:00:00Z"}]', "",
         {"Ready": True, "revision": True}),
        (f"{SETTLED}, conditions: [{READY}], history: [{{}}]", "", {"Ready": True, "revision": True}),
    ],
)  # fmt: skip
def test_what_flux_says(status: str, spec: str, found: dict[str, bool | None]) -> None:
    """Ready of the present generation and of today, and neither suspended nor stalled."""
    assert flux(status, spec) == found


@pytest.mark.parametrize(
    ("name", "spec", "condition", "found"),
    [
        ("fleet", "", 'conditions: [{type: Artifact}, {type: Ready, status: "True"}]', True),
        ("fleet", "", 'conditions: [{type: Ready, status: "False"}]', False),
        ("fleet", "suspend: true", 'conditions: [{type: Ready, status: "True"}]', False),
        ("fleet", "suspend: true", "", None),
        ("fleet", "", 'conditions: [{type: Artifact, status: "True"}]', None),
        ("other", "", 'conditions: [{type: Ready, status: "False"}]', "nothing of it"),
    ],
)
def test_what_flux_says_of_its_source(name: str, spec: str, condition: str, found: Any) -> None:
    """The source that a Kustomization of git names; another one is nobody's here."""
    source = f"""
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: {name}, namespace: flux-system}}
spec: {{{spec}}}
status: {{{condition}}}
"""
    live = f"{FLUX % ''}status: {{{SETTLED}, conditions: [{READY}]}}\n{source}"
    assert said(FLUX % "", live).get(f"{name} Ready", "nothing of it") is found or found == "nothing of it"


def test_a_source_in_another_namespace_is_the_one_that_is_named() -> None:
    """One of that name beside the Kustomization is another one; others' objects hide nothing."""
    named = (FLUX % "").replace("name: fleet}", "name: fleet, namespace: sources}")
    source = """---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: %s}
status: {conditions: [{type: Ready, status: "False"}]}
"""
    ready = f"status: {{{SETTLED}, conditions: [{READY}]}}\n"
    unknown = f"---\n{(FLUX % '').replace('name: app', 'name: another')}"
    for home, told in (("sources", True), ("flux-system", False)):
        found = said(named, f"{named}{ready}{source % home}{unknown}")
        assert found["app Ready"] is True
        assert (found.get("fleet Ready") is False) is told


SET = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: apps, namespace: argocd}
spec: {template: {spec: {source: {repoURL: "https://git.example.org/a/b.git", path: "{{path}}"}}}}
"""
MADE = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: made
  namespace: %s
  ownerReferences: [%s{apiVersion: argoproj.io/v1alpha1, kind: %s, name: %s}]
spec: {source: {repoURL: "https://git.example.org/a/b.git", path: web}}
status: {%s}
"""


def follows(path: str, state: Any = "rendered", name: str = "apps") -> Followed:
    """One source that was followed from the set."""
    return Followed(ObjectKey("argoproj.io/v1alpha1", "ApplicationSet", "argocd", name), "Argo CD", "", path, "", state)


@pytest.mark.parametrize(
    ("home", "before", "kind", "name", "told"),
    [
        ("argocd", "", "ApplicationSet", "apps", True),
        ("argocd", "{kind: Team, name: a}, ", "ApplicationSet", "apps", True),
        ("argocd", "", "ApplicationSet", "others", False),
        ("elsewhere", "", "ApplicationSet", "apps", False),
        ("argocd", "", "Team", "apps", False),
    ],
)
def test_what_a_set_made_speaks_for_it(home: str, before: str, kind: str, name: str, told: bool) -> None:
    """An Application that an ApplicationSet of git made, in its own namespace; no other one."""
    found = said(SET, SET + MADE % (home, before, kind, name, GOOD.replace("Synced", "OutOfSync")))
    assert (found.get("made sync") is False) is told


@pytest.mark.parametrize(
    ("followed", "absent"),
    [
        ((follows("web"),), []),
        ((follows("web"), follows("api"), follows("gone", "missing"), follows("more", name="others")), ["api"]),
        ((), []),
    ],
)
def test_a_source_that_nothing_reconciles_is_told(followed: tuple[Followed, ...], absent: list[str]) -> None:
    """Each source that the set leads to has a live Application of it, or nobody says anything of it."""
    found = said(SET, SET + MADE % ("argocd", "", "ApplicationSet", "apps", GOOD), followed=followed)
    told = [what.partition("reconciles ")[2] for what, ok in found.items() if "reconciles" in what and ok is None]
    assert told == absent


def test_an_application_of_another_namespace_or_set_reconciles_nothing_for_it() -> None:
    """Though it leads to the same place."""
    good = MADE % ("argocd", "", "ApplicationSet", "apps", GOOD)
    web = follows("web")
    for other in (
        MADE % ("elsewhere", "", "ApplicationSet", "apps", GOOD),
        MADE % ("argocd", "", "ApplicationSet", "others", GOOD),
    ):
        own = good.replace("path: web", "path: own")
        found = said(SET, SET + own + other.replace("name: made", "name: other"), followed=(web,))
        assert "apps reconciles web" in found


def test_the_commit_that_was_looked_at_is_that_of_the_run_or_of_the_snapshot() -> None:
    """The run's goes first."""
    objects = parse_manifests(APP)
    known = inventory(objects)
    for given, kept, ok in (("", "def", None), ("", "abc", True), ("abc", "def", True), ("def", "abc", None)):
        seen = of_example({"live": f"{APP}status: {{{GOOD}}}", "cluster": {"head": kept}}, objects)
        found = {one.what: one.ok for one in controllers(seen, reconcilers(known, ()), (), given)}
        assert found["revision"] is ok
        live = f"{FLUX % ''}status: {{{SETTLED}, conditions: [{READY}]}}"
        flux_objects = parse_manifests(FLUX % "")
        seen = of_example({"live": live, "cluster": {"head": kept}}, flux_objects)
        by_flux = controllers(seen, reconcilers(inventory(flux_objects), ()), (), given)
        assert {one.what: one.ok for one in by_flux}["revision"] is ok


def test_a_kustomization_that_the_cluster_does_not_have_is_told() -> None:
    """Beside one that it has; where it has none at all, there is nobody to believe."""
    other = FLUX.replace("name: app", "name: other") % ""
    live = f"{FLUX % ''}status: {{{SETTLED}, conditions: [{READY}]}}"
    assert said(f"{FLUX % ''}---{other}", live)["other reconciles its source"] is None
    assert said(f"{FLUX % ''}---{other}", "") == {}


WORKLOAD = """
apiVersion: apps/v1
kind: %s
metadata: {name: web, namespace: app, generation: 2}
spec: {%s}
status: {observedGeneration: 2, %s}
"""
DONE = "updatedReplicas: 2, availableReplicas: 2"


@pytest.mark.parametrize(
    ("kind", "spec", "status", "ok"),
    [
        ("Deployment", "replicas: 2", DONE, True),
        ("Deployment", "replicas: 2", f"{DONE}, replicas: 2", True),
        ("Deployment", "replicas: 2", f"{DONE}, replicas: 3", False),
        ("Deployment", "replicas: 2", "updatedReplicas: 1, availableReplicas: 2", False),
        ("Deployment", "replicas: 2", "updatedReplicas: 2, availableReplicas: 1", False),
        ("Deployment", "replicas: 2", "updatedReplicas: 3, availableReplicas: 3, replicas: 3", True),
        ("Deployment", "", "updatedReplicas: 1, availableReplicas: 1", True),
        ("Deployment", "", "", False),
        ("Deployment", "replicas: 0", "", True), ("Deployment", "replicas: 0", "replicas: 1", False),
        ("Deployment", "replicas: 2", f"{DONE}, conditions: [{{type: Progressing, status: \"False\"}}]", False),
        ("Deployment", "replicas: 2", f"{DONE}, conditions: [{{type: Progressing, status: \"True\"}}]", True),
        ("Deployment", "replicas: 2", f"{DONE}, conditions: [{{type: Available, status: \"False\"}}]", True),
        ("StatefulSet", "replicas: 2", f"{DONE}, currentRevision: a, updateRevision: a", True),
        ("StatefulSet", "replicas: 2", f"{DONE}, currentRevision: a, updateRevision: b", False),
        ("StatefulSet", "replicas: 2, updateStrategy: {rollingUpdate: {partition: 1}}",
         f"{DONE}, currentRevision: a, updateRevision: b", True),
        # Pods that only go when somebody deletes them: no pod has to be of the latest version.
        ("StatefulSet", "replicas: 2, updateStrategy: {type: OnDelete}",
         "updatedReplicas: 0, availableReplicas: 2, currentRevision: a, updateRevision: b", True),
        ("StatefulSet", "replicas: 2, updateStrategy: {type: OnDelete}", "updatedReplicas: 0, availableReplicas: 1", False),
        ("StatefulSet", "replicas: 2, updateStrategy: {type: RollingUpdate}", "availableReplicas: 2", False),
        ("DaemonSet", "", "desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3", True),
        ("DaemonSet", "", "desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 3", False),
        ("DaemonSet", "", "desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2", False),
        ("DaemonSet", "replicas: 9", "", True),
        ("DaemonSet", "", f"desiredNumberScheduled: 2, {DONE}", False),
        ("DaemonSet", "updateStrategy: {type: OnDelete}", "desiredNumberScheduled: 1, numberAvailable: 1", True),
    ],
)  # fmt: skip
def test_whether_a_workload_is_rolled_out(kind: str, spec: str, status: str, ok: bool) -> None:
    """As ``kubectl rollout status`` says it."""
    text = WORKLOAD % (kind, spec, status)
    [found] = rollouts(of_example({"live": text}, ()), inventory(parse_manifests(text)))
    assert found.ok is ok
    assert ("is rolled out" in found.message) is ok


@pytest.mark.parametrize(("observed", "ok"), [("1", None), ("2", True), ("3", True)])
def test_a_rollout_of_an_earlier_generation_says_nothing(observed: str, ok: bool | None) -> None:
    """What its controller has not looked at yet."""
    text = (WORKLOAD % ("Deployment", "replicas: 2", DONE)).replace(
        "observedGeneration: 2", f"observedGeneration: {observed}"
    )
    [found] = rollouts(of_example({"live": text}, ()), inventory(parse_manifests(text)))
    assert found.ok is ok


def test_a_rollout_that_no_controller_looked_at_says_nothing() -> None:
    """Neither of the first generation; without any, there is none to be behind."""
    text = (WORKLOAD % ("Deployment", "replicas: 0", DONE)).replace("observedGeneration: 2, ", "")
    for generation, ok in (("generation: 1", None), ("labels: {}", True)):
        live = text.replace("generation: 2", generation)
        [found] = rollouts(of_example({"live": live}, ()), inventory(parse_manifests(live)))
        assert found.ok is ok


def test_a_rollout_past_its_deadline_is_told_as_such() -> None:
    """And one that goes on is not."""
    late = 'conditions: [{type: Progressing, status: "False"}]'
    for status, words in ((late, "exceeded its progress deadline"), ("replicas: 1", "is not rolled out")):
        text = WORKLOAD % ("Deployment", "replicas: 2", status)
        [found] = rollouts(of_example({"live": text}, ()), inventory(parse_manifests(text)))
        assert words in found.message


def test_only_rendered_workloads_are_watched() -> None:
    """One of that name in another namespace is another one."""
    text = WORKLOAD % ("Deployment", "replicas: 2", DONE)
    rendered = inventory(parse_manifests(text.replace("namespace: app", "namespace: other")))
    assert rollouts(of_example({"live": text}, ()), rendered) == ()
