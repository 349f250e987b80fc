"""Properties of the checks on pods, namespaces and availability: hostile input, order, splitting, speed."""

from __future__ import annotations

import copy
import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks import check_objects
from kfm_checks.config import parse_settings
from kfm_checks.model import Report

CHECKS = (
    "namespaces-have-quota",
    "namespaces-have-limit-range",
    "workloads-have-liveness-probe",
    "workloads-have-readiness-probe",
    "containers-set-requests",
    "containers-set-limits",
    "critical-workloads-have-disruption-budget",
    "critical-workloads-are-spread",
    "images-are-not-latest",
    "images-are-pinned-by-digest",
    "services-avoid-node-port",
    "namespaces-enforce-pod-security",
    "pods-meet-baseline",
    "pods-meet-restricted",
    "critical-workloads-roll-out-progressively",
    "workloads-are-observed",
    "datastores-are-backed-up",
    "namespaces-are-known",
)
KINDS = (
    ("v1", "Pod"),
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("argoproj.io/v1alpha1", "Rollout"),
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1alpha1", "WorkflowTemplate"),
    ("velero.io/v1", "Schedule"),
    ("k8up.io/v1", "Schedule"),
    ("config.kio.kasten.io/v1alpha1", "Policy"),
    ("postgresql.cnpg.io/v1", "Cluster"),
    ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("monitoring.coreos.com/v1", "Probe"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("kyverno.io/v1", "ClusterPolicy"),
)
WORDS = [
    *("spec", "template", "metadata", "labels", "annotations", "containers", "initContainers", "volumes", "ports"),
    *("image", "name", "port", "type", "resources", "limits", "requests", "cpu", "memory", "hard", "scopes"),
    *("selector", "labelSelector", "matchLabels", "matchExpressions", "namespaces", "topologyKey", "hostPath"),
    *("strategy", "updateStrategy", "rollingUpdate", "maxUnavailable", "minAvailable", "canary", "steps"),
    *("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "topologySpreadConstraints"),
    *("rules", "groups", "endpoints", "backup", "schedule", "repos"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.sampled_from(["", "a", "50%", "RollingUpdate", "1Gi", "data"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=14,
)


def judged(objects: list[dict[str, Any]], config: dict[str, Any] | None = None) -> Report:
    """Our checks on these objects."""
    return check_objects(objects, only=CHECKS, config=parse_settings(config or {}).config, as_of="2026-11-22")


def outcomes(report: Report) -> dict[str, str]:
    """The outcome of each check."""
    return {result.check: result.outcome for result in report.results}


def overlay(count: int) -> list[dict[str, Any]]:
    """A render of about six objects for each of ``count`` workloads."""
    objects: list[dict[str, Any]] = []
    for n in range(count):
        labels, meta = {"app": f"a{n}"}, {"name": f"a{n}", "namespace": f"ns{n % 10}"}
        container = {
            "name": "c",
            "image": f"ghcr.io/kfm/a{n}:1.{n}",
            "ports": [{"name": "metrics", "containerPort": 9090}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
            "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
        }
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container, {**container, "name": "d"}]}}
        objects += [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": meta,
                "spec": {"replicas": 3, "template": template},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {**meta, "labels": labels},
                "spec": {"selector": labels, "ports": [{"name": "metrics", "port": 9090}]},
            },
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": meta,
                "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
            },
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "ServiceMonitor",
                "metadata": meta,
                "spec": {"selector": {"matchLabels": labels}, "endpoints": [{"port": "metrics"}]},
            },
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        ]
    for n in range(10):
        meta = {"name": "q", "namespace": f"ns{n}"}
        objects += [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"ns{n}"}},
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": meta,
                "spec": {"hard": {"cpu": 1, "memory": "1Gi"}},
            },
        ]
    return objects


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), VALUES, VALUES), min_size=1, max_size=4))
def test_hostile_objects_never_break_a_check(parts: list[tuple[tuple[str, str], Any, Any]]) -> None:
    """Wrong types anywhere end in a verdict, never in ``error``."""
    objects = [
        {
            "apiVersion": version,
            "kind": kind,
            "metadata": {
                "name": "o",
                "namespace": "n",
                "labels": {"conformance.kfm/critical": "true"},
                "annotations": meta,
            },
            "spec": {"template": {"spec": spec, "metadata": meta}, **(spec if isinstance(spec, dict) else {"x": spec})},
        }
        for (version, kind), spec, meta in parts
    ]
    broken = {result.check: result.reason for result in judged(objects).results if result.outcome == "error"}
    assert not broken


def test_order_changes_no_verdict() -> None:
    """Objects and keys in another order: the same outcomes."""
    objects = overlay(6)
    before = outcomes(judged(objects))
    mixed = copy.deepcopy(objects)
    random.Random(1).shuffle(mixed)
    assert outcomes(judged([dict(reversed(list(obj.items()))) for obj in mixed])) == before


def test_an_unrelated_namespace_changes_no_other_verdict() -> None:
    """What is said of the objects that were there stays the same."""
    objects = overlay(4)
    other = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}

    def said(report: Report) -> set[tuple[str, str, str, bool | None]]:
        return {(r.check, str(e.subject), e.pointer, e.holds) for r in report.results for e in r.evidence}

    assert said(judged(objects)) <= said(judged([*objects, other]))


@pytest.mark.parametrize("parts", [[{"cpu": 1, "memory": "1Gi"}], [{"cpu": 1}, {"memory": "1Gi"}]])
def test_a_quota_may_be_split(parts: list[dict[str, Any]]) -> None:
    """One quota or its halves: the same verdict."""
    quotas = [
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": f"q{n}", "namespace": "a"},
            "spec": {"hard": hard},
        }
        for n, hard in enumerate(parts)
    ]
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}, *quotas]
    assert judged(objects).result("namespaces-have-quota").outcome == "pass"


def test_a_restricted_failure_is_a_must_where_the_namespace_enforces_it() -> None:
    """The evidence says so, and only there."""
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": label}},
        *(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p", "namespace": n},
                "spec": {"containers": [{"name": "c"}]},
            }
            for n in ("strict", "free")
        ),
    ]
    found = judged(objects).result("pods-meet-restricted").evidence
    assert {e.subject.namespace: e.must for e in found} == {"strict": True, "free": False}


def test_nothing_to_paste_is_missing_where_criticality_is_undeclared() -> None:
    """Undeclared is not verified, with what would be found and a configuration to paste."""
    report = judged(overlay(2))
    for check in ("critical-workloads-are-spread", "critical-workloads-have-disruption-budget"):
        result = report.result(check)
        assert result.outcome == "not-verified"
        assert all("workloads:\n  critical:" in e.patch for e in result.evidence)


def test_a_thousand_objects_are_judged_quickly() -> None:
    """Facts and checks on a thousand objects; the bound is loose, since the machine is shared."""
    objects = overlay(165)
    config = {"workloads": {"critical": [f"ns{n % 10}/Deployment/a{n}" for n in range(165)]}}
    judged(objects[:60])
    start = time.perf_counter()
    report = judged(objects, config)
    assert time.perf_counter() - start < 5
    assert all(result.outcome != "error" for result in report.results)
