"""Differences that are no drift, each because somebody else rightly owns the field, and what is close to them and is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kfm_checks.facts.gitops import reconcilers
from kfm_checks.facts.live_flux import under
from kfm_checks.facts.live_ignored import Ignored, ignored, passing, reconciles
from kfm_checks.facts.objects import inventory
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest, Origin, Path

WEB = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app, labels: {app: web, tier: front}, annotations: {team: maps}}
spec: {replicas: 2}
"""


def rules(*texts: str) -> Ignored:
    """What a render with these objects excuses."""
    known = inventory([obj for text in texts for obj in parse_manifests(text)])
    return ignored(known, reconcilers(known, ()))


def one(text: str) -> Manifest:
    """One object."""
    [found] = parse_manifests(text)
    return found


def why(path: Path, *texts: str, obj: str = WEB, live: Any = None, absent: bool = False) -> str:
    """Why a difference of one object is none."""
    wanted = one(obj)
    return rules(*texts).why(wanted, Manifest(live or wanted), path, absent=absent)


REPLICAS: Path = ("spec", "replicas")
MARKS = [
    "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/refresh", "reconcile.fluxcd.io/requestedAt",
    "app.kubernetes.io/instance", "kustomize.toolkit.fluxcd.io/name", "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration", "pv.kubernetes.io/bind-completed",
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "absent", "excused"),
    [
        (("status",), False, True), (("status", "replicas"), True, True), (("spec", "status"), True, False),
        (("operation",), True, False),
        *((("metadata", "annotations", mark), True, True) for mark in MARKS),
        # What git says of such a mark itself is git's; and elsewhere the word is another.
        *((("metadata", "annotations", mark), False, False) for mark in MARKS),
        (("spec", "app.kubernetes.io/instance"), True, False), (("metadata", "annotations", "team"), True, False),
        (("metadata", "finalizers"), True, True), (("metadata", "finalizers", 0), True, True),
        (("metadata", "finalizers"), False, False), (("spec", "finalizers"), True, False),
        (("rules", 0), False, False), (REPLICAS, False, False),
    ],
)  # fmt: skip
def test_marks_of_controllers(path: Path, absent: bool, excused: bool) -> None:
    """Status, finalizers and marks that git does not have; what git says of them is held."""
    assert bool(why(path, absent=absent)) is excused


@pytest.mark.parametrize(("api", "excused"), [("argoproj.io/v1alpha1", True), ("example.org/v1", False)])
def test_an_operation_is_argo_cds(api: str, excused: bool) -> None:
    """What it is asked to do now, of its own objects alone."""
    app = f"apiVersion: {api}\nkind: Application\nmetadata: {{name: app, namespace: argocd}}\n"
    assert bool(why(("operation", "sync"), obj=app, absent=True)) is excused
    assert not why(("spec", "operation"), obj=app, absent=True)


AGGREGATED = "apiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata: {name: a}\n%s"


@pytest.mark.parametrize(
    ("kind", "more", "path", "excused"),
    [
        ("ClusterRole", "aggregationRule: {}", ("rules", 0, "verbs"), True),
        ("ClusterRole", "rules: []", ("rules",), False),
        ("ClusterRole", "aggregationRule: {}", ("metadata", "labels", "rules"), False),
        ("Role", "aggregationRule: {}", ("rules",), False),
    ],
)
def test_rules_of_an_aggregated_role(kind: str, more: str, path: Path, excused: bool) -> None:
    """Its controller gathers them."""
    assert bool(why(path, obj=AGGREGATED % (kind, more))) is excused


WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: a, annotations: {%s}}
webhooks: [{name: w.example.org, clientConfig: {caBundle: eA==, url: u}}]
"""
CA: Path = ("webhooks", 0, "clientConfig", "caBundle")


@pytest.mark.parametrize(
    ("annotation", "manager", "path", "excused"),
    [
        *((f"{name}: a/b", "kubectl", CA, True) for name in
          ("cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret",
           "cert-manager.io/inject-apiserver-ca", "service.beta.openshift.io/inject-cabundle")),
        ("", "cainjector", CA, True), ("", "cert-manager-cainjector", CA, True),
        ("", "kubectl", CA, False), ("team: maps", "kubectl", CA, False),
        ("cert-manager.io/inject-ca-from: a/b", "cainjector", (*CA[:-1], "url"), False),
    ],
)  # fmt: skip
def test_a_bundle_that_is_injected(annotation: str, manager: str, path: Path, excused: bool) -> None:
    """By the annotation in git, or by who wrote this very field."""
    wanted = one(WEBHOOK % annotation)
    fields = {"f:webhooks": {'k:{"name":"w.example.org"}': {"f:clientConfig": {}}}}
    entry = {"manager": manager, "operation": "Update", "time": "2026", "fieldsV1": fields}
    live = {**wanted, "metadata": {**wanted["metadata"], "managedFields": [entry]}}
    assert bool(rules().why(wanted, Manifest(live), path, absent=False)) is excused
    assert not rules().why(one(WEBHOOK % ""), one(WEBHOOK % ""), path, absent=False)
    # Who wrote elsewhere in the object last did not inject it.
    beside = {**wanted, "metadata": {**wanted["metadata"], "managedFields": [{**entry, "fieldsV1": {"f:x": {}}}]}}
    assert not rules().why(one(WEBHOOK % ""), Manifest(beside), path, absent=False)


SCALER = """---
apiVersion: %s
kind: %s
metadata: {name: scaler, namespace: %s}
spec: {scaleTargetRef: {%s}, %s}
"""
HPA = ("autoscaling/v2", "HorizontalPodAutoscaler")
KEDA = ("keda.sh/v1alpha1", "ScaledObject")


@pytest.mark.parametrize(
    ("kind", "home", "target", "more", "replicas", "excused"),
    [
        (HPA, "app", "kind: Deployment, name: web", "minReplicas: 1", 5, True),
        # It leaves a workload alone that somebody scaled to nothing, unless it may go so low itself.
        (HPA, "app", "kind: Deployment, name: web", "minReplicas: 1", 0, False),
        (HPA, "app", "kind: Deployment, name: web", "minReplicas: 0", 0, True),
        (HPA, "app", "kind: StatefulSet, name: web", "minReplicas: 1", 5, False),
        (HPA, "app", "kind: Deployment, name: other", "minReplicas: 1", 5, False),
        (HPA, "other", "kind: Deployment, name: web", "minReplicas: 1", 5, False),
        (KEDA, "app", "name: web", "triggers: []", 5, True),
        (KEDA, "app", "name: web", "triggers: []", 0, True),
        (("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"), "app", "kind: Deployment, name: web", "x: 1", 5, False),
    ],
)  # fmt: skip
def test_replicas_that_an_autoscaler_sets(
    kind: tuple[str, str], home: str, target: str, more: str, replicas: int, excused: bool
) -> None:
    """Of this very workload, and never anything else of it."""
    scaler = SCALER % (*kind, home, target, more)
    wanted = one(WEB)
    live = {**wanted, "spec": {"replicas": replicas, "paused": True}}
    assert bool(why(REPLICAS, scaler, live=live)) is excused
    assert not why(("spec", "paused"), scaler, live=live)


@pytest.mark.parametrize(
    ("metadata", "spec", "kind", "gone"),
    [
        ("annotations: {argocd.argoproj.io/hook: PreSync}", "", "batch/v1 Job", True),
        ("annotations: {helm.sh/hook: test}", "", "v1 Pod", True),
        ("annotations: {team: maps}", "", "batch/v1 Job", False),
        ("labels: {}", "ttlSecondsAfterFinished: 0", "batch/v1 Job", True),
        ("labels: {}", "ttlSecondsAfterFinished: 60", "batch/v1 CronJob", False),
        ("labels: {}", "ttlSecondsAfterFinished: 60", "x.io/v1 Job", False),
        ("labels: {}", "", "batch/v1 Job", False),
    ],
)
def test_what_may_rightly_be_gone(metadata: str, spec: str, kind: str, gone: bool) -> None:
    """Hooks, and Jobs that say so themselves."""
    api, name = kind.split()
    text = f"apiVersion: {api}\nkind: {name}\nmetadata: {{name: a, {metadata}}}\nspec: {{{spec}}}\n"
    assert bool(passing(one(text))) is gone


@pytest.mark.parametrize(
    ("value", "whole"), [("Ignore", True), ("IfNotPresent", True), ("Merge", False), ("Override", False), ("", False)]
)
def test_what_flux_does_not_apply_again(value: str, whole: bool) -> None:
    """By its annotation in git, in any spelling."""
    text = WEB.replace("team: maps", f"kustomize.toolkit.fluxcd.io/ssa: '{value}'")
    assert bool(rules().whole(one(text))) is whole


APP = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: argocd}
spec:
  source: {repoURL: "https://git.example.org/a/b.git", path: %s}
  ignoreDifferences: [{%s}]
"""
POINTER = "jsonPointers: [/spec/paused, /spec/replicas]"


@pytest.mark.parametrize(
    ("rule", "path", "excused"),
    [
        (f"group: apps, kind: Deployment, {POINTER}", REPLICAS, True),
        (f"group: 'a*', kind: '*', {POINTER}", REPLICAS, True),
        (f"group: apps, kind: Deployment, name: web, namespace: app, {POINTER}", REPLICAS, True),
        (f"group: apps, kind: Deployment, name: '*', namespace: '*', {POINTER}", REPLICAS, True),
        (f"group: apps, kind: Deployment, name: other, {POINTER}", REPLICAS, False),
        (f"group: apps, kind: Deployment, name: w*, {POINTER}", REPLICAS, False),
        (f"group: apps, kind: Deployment, namespace: other, {POINTER}", REPLICAS, False),
        (f"kind: Deployment, {POINTER}", REPLICAS, False),
        (f"group: apps, kind: StatefulSet, {POINTER}", REPLICAS, False),
        (f"group: apps, {POINTER}", REPLICAS, False),
        ("group: apps, kind: Deployment, jsonPointers: [/spec/paused]", REPLICAS, False),
        ("group: apps, kind: Deployment, jsonPointers: [/spec/replicas/x]", REPLICAS, False),
        ("group: apps, kind: Deployment, managedFieldsManagers: [kubectl, scaler]", REPLICAS, True),
        ("group: apps, kind: Deployment, managedFieldsManagers: [kubectl]", REPLICAS, False),
        ("group: apps, kind: Deployment, managedFieldsManagers: [scaler]", ("spec", "paused"), False),
    ],
)
def test_what_argo_cd_is_told_to_ignore(rule: str, path: Path, excused: bool) -> None:
    """By the pointer to the field, or by who wrote it; group and kind by pattern, names as they are."""
    entry = {"manager": "scaler", "operation": "Update", "time": "2026", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    wanted = one(WEB)
    live = {**wanted, "metadata": {**wanted["metadata"], "managedFields": [entry]}}
    assert bool(why(path, APP % ("overlay", rule), live=live)) is excused


@pytest.mark.parametrize(
    ("render", "path", "applies"),
    [("overlay", "overlay", True), ("overlay", "other", False), ("overlay", '"{{path}}"', True), ("", "other", True)],
)
def test_only_who_applies_an_object_excuses_it(render: str, path: str, applies: bool) -> None:
    """By the folder that it was rendered from; a path that a generator fills in may be it."""
    rule = f"group: apps, kind: Deployment, {POINTER}, jqPathExpressions: [.spec.x]"
    known = inventory(parse_manifests(APP % (path, rule)))
    [reconciler] = reconcilers(known, ())
    obj = Manifest(one(WEB), replace(Origin(), render=render))
    found = ignored(known, (reconciler,))
    assert reconciles(reconciler, obj) is applies
    assert bool(found.why(obj, obj, REPLICAS, absent=False)) is applies
    assert found.unread(obj) == ([".spec.x"] if applies else [])
    assert found.unread(one(WEB.replace("Deployment", "StatefulSet"))) == []


FLUX = """---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec:
  path: ./overlay
  sourceRef: {kind: GitRepository, name: fleet}
  ignore: [{paths: [/spec/paused, /spec/replicas]%s}]
"""


@pytest.mark.parametrize(
    ("target", "excused"),
    [
        ("", True), ("kind: Deployment", True), ("kind: StatefulSet", False), ("group: apps, version: v1", True),
        ("group: batch", False), ("version: v2", False), ("name: web", True), ("name: w.*", True), ("name: w", False),
        ("name: '('", False), ("namespace: app", True), ("namespace: other", False), ("labelSelector: app=web", True),
        ("labelSelector: 'app==web, tier = front'", True), ("labelSelector: 'app=web,tier=back'", False),
        ("labelSelector: app!=web", False), ("labelSelector: app", False), ("labelSelector: 'app in (web)'", False),
        ("annotationSelector: team=maps", True), ("annotationSelector: team=other", False),
        ("labelSelector: app=web, annotationSelector: team=other", False),
    ],
)  # fmt: skip
def test_what_flux_is_told_to_ignore(target: str, excused: bool) -> None:
    """Of the objects that a target selects; a selector that is not read here selects nothing."""
    kustomization = FLUX % (f", target: {{{target}}}" if target else "")
    assert bool(why(REPLICAS, kustomization)) is excused
    assert not why(("spec", "template"), kustomization)


@pytest.mark.parametrize(("render", "excused"), [("overlay", True), ("other", False), ("", True)])
def test_flux_excuses_what_it_applies(render: str, excused: bool) -> None:
    """By the folder that it was rendered from."""
    known = inventory(parse_manifests(FLUX % ""))
    obj = Manifest(one(WEB), replace(Origin(), render=render))
    assert bool(ignored(known, reconcilers(known, ())).why(obj, obj, REPLICAS, absent=False)) is excused


RELEASE = """---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: maps, namespace: flux-system}
spec: {driftDetection: {mode: enabled, ignore: [{paths: [/spec/replicas]}]}}
"""


@pytest.mark.parametrize(
    ("name", "home", "excused"),
    [("maps", "flux-system", True), ("maps", "other", False), ("other", "flux-system", False)],
)
def test_what_a_helm_release_is_told_to_ignore(name: str, home: str, excused: bool) -> None:
    """Of the objects that bear its own labels in the cluster."""
    labels = {"helm.toolkit.fluxcd.io/name": name, "helm.toolkit.fluxcd.io/namespace": home}
    wanted = one(WEB)
    live = {**wanted, "metadata": {**wanted["metadata"], "labels": labels}}
    assert bool(why(REPLICAS, RELEASE, live=live)) is excused
    assert not why(REPLICAS, RELEASE)


@pytest.mark.parametrize(
    ("path", "pointer", "found"),
    [
        (("spec", "a/b"), "/spec/a~1b", True), (("spec", "a~b"), "/spec/a~0b", True),
        (("spec", "ports", 0), "/spec/ports/0", True), (("spec", "ports", 0, "x"), "/spec/ports", True),
        (("spec",), "/spec/ports", False), (("spec", "portsX"), "/spec/ports", False), (("spec", "x"), "", True),
    ],
)  # fmt: skip
def test_a_pointer_covers_what_is_below_it(path: Path, pointer: str, found: bool) -> None:
    """RFC 6901: steps as they are, escaped; the pointer to the root covers everything."""
    assert under(path, pointer) is found
