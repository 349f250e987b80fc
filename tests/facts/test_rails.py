"""Resources, quotas and limit ranges; other governors; monitors; backups."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.backups import backups_of, target
from kfm_checks.facts.governors import admission_engines, quota_governors
from kfm_checks.facts.monitoring import monitoring
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.resources import default_of, quota_bounds, range_bounds, setting
from kfm_checks.facts.workloads import containers, workloads
from kfm_checks.model import Manifest

BOTH = frozenset({"cpu", "memory"})


def named(kind: str, api: str, spec: Any, name: str = "o", namespace: str = "n", **metadata: Any) -> Manifest:
    """An object."""
    meta = {"name": name, "namespace": namespace, **metadata}
    return Manifest({"apiVersion": api, "kind": kind, "metadata": meta, "spec": spec})


def test_settings_of_container_and_pod() -> None:
    """The container's own value wins; the pod's counts; zero and nonsense don't."""
    spec = {
        "resources": {"limits": {"cpu": "2"}},
        "containers": [
            {"name": "c", "resources": {"requests": {"cpu": "0", "memory": "64MB"}, "limits": {"memory": 1}}}
        ],
    }
    (container,) = containers(workloads(inventory([named("Pod", "v1", spec)])))
    assert setting(container, "limits", "cpu").of_pod
    assert setting(container, "limits", "memory").ok
    assert not setting(container, "requests", "cpu").ok
    assert not setting(container, "requests", "memory").ok


def scoped(scope: str, operator: str) -> dict[str, Any]:
    """A quota on cpu for one scope, by selector."""
    return {"hard": {"cpu": 1}, "scopeSelector": {"matchExpressions": [{"scopeName": scope, "operator": operator}]}}


@pytest.mark.parametrize(
    ("specs", "bounds"),
    [
        ([{"hard": {"cpu": 1, "memory": "1Gi"}}], BOTH),
        ([{"hard": {"requests.cpu": 1}}, {"hard": {"limits.memory": "1Gi"}}], BOTH),
        ([{"hard": {"pods": 10, "requests.storage": "1Gi"}}], frozenset()),
        ([{"hard": {"cpu": "many"}}], frozenset()),
        ([{"hard": {"cpu": 1}, "scopes": ["BestEffort"]}], frozenset()),
        (
            [{"hard": {"cpu": 1}, "scopes": ["Terminating"]}, {"hard": {"cpu": 1}, "scopes": ["NotTerminating"]}],
            {"cpu"},
        ),
        (
            [
                {
                    "hard": {"cpu": 1},
                    "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]},
                }
            ],
            frozenset(),
        ),
        ([{}], frozenset()),
        ([{"hard": "all"}], frozenset()),
        ([{"hard": {"cpu": 0, "requests.memory": "1Gi"}}], BOTH),
        ([{"hard": {"cpu": -1}}], frozenset()),
        ([{"hard": {"cpu": 1}, "scopes": ["BestEffort"]}, {"hard": {"cpu": 1}, "scopes": ["NotBestEffort"]}], {"cpu"}),
        (
            [{"hard": {"cpu": 1}, "scopes": ["BestEffort"]}, {"hard": {"cpu": 1}, "scopes": ["NotTerminating"]}],
            frozenset(),
        ),
        ([scoped("BestEffort", "Exists"), scoped("NotBestEffort", "Exists")], {"cpu"}),
        ([scoped("BestEffort", "In"), scoped("NotBestEffort", "Exists")], frozenset()),
        (
            [{**scoped("BestEffort", "Exists"), "scopes": ["Terminating"]}, scoped("NotBestEffort", "Exists")],
            frozenset(),
        ),
        (
            [{"hard": {"cpu": 1}, "scopes": ["BestEffort", "Terminating"]}, scoped("NotBestEffort", "Exists")],
            frozenset(),
        ),
    ],
)
def test_what_quotas_bound(specs: list[Any], bounds: frozenset[str]) -> None:
    """All quotas of a namespace together; scopes only where they make up the whole."""
    assert quota_bounds(tuple(named("ResourceQuota", "v1", spec) for spec in specs)) == bounds


@pytest.mark.parametrize(
    ("item", "bounds"),
    [
        ({"type": "Container", "default": {"cpu": 1, "memory": 1}}, BOTH),
        ({"type": "Container", "max": {"cpu": 1, "memory": 1}}, BOTH),
        ({"type": "Pod", "max": {"cpu": 1, "memory": 1}}, BOTH),
        ({"type": "Container", "defaultRequest": {"cpu": 1, "memory": 1}}, {"cpu"}),
        ({"type": "Container", "min": {"cpu": 1, "memory": 1}}, frozenset()),
        ({"type": "PersistentVolumeClaim", "max": {"storage": 1}}, frozenset()),
    ],
)
def test_what_a_limit_range_bounds(item: dict[str, Any], bounds: frozenset[str]) -> None:
    """Defaults and maxima for containers or pods; a minimum bounds nothing from above."""
    assert range_bounds(named("LimitRange", "v1", {"limits": [item]})) == bounds


def test_defaults_as_the_api_server_fills_them_in() -> None:
    """A limit defaults to the maximum, a request to the default limit."""
    obj = named(
        "LimitRange", "v1", {"limits": [{"type": "Container", "max": {"cpu": 2}, "default": {"memory": "1Gi"}}]}
    )
    assert default_of((obj,), "limits", "cpu") == (obj, 2)
    assert default_of((obj,), "requests", "memory") == (obj, "1Gi")
    assert default_of((), "limits", "cpu") is None


@pytest.mark.parametrize(
    ("item", "limit", "asked"),
    [
        ({"default": {"cpu": 1}, "max": {"cpu": 2}, "defaultRequest": {"cpu": 3}, "min": {"cpu": 4}}, 1, 3), ({"max": {"cpu": 2}, "min": {"cpu": 4}}, 2, 2),
        ({"default": {"cpu": 1}, "max": {"cpu": 2}, "min": {"cpu": 4}}, 1, 1), ({"min": {"cpu": 4}}, None, 4), ({"defaultRequest": {"cpu": 3}}, None, 3),
        ({"default": {"cpu": 0}, "max": {"cpu": 2}}, 2, 2), ({"default": {"memory": 1}}, None, None),
    ],
)  # fmt: skip
def test_the_order_of_defaults(item: dict[str, Any], limit: int | None, asked: int | None) -> None:
    """SetDefaults_LimitRange: the limit from the maximum, the request from the limit, then from the minimum."""
    obj = named("LimitRange", "v1", {"limits": [{"type": "Pod", "max": {"cpu": 9}}, {"type": "Container", **item}]})
    found = [default_of((obj,), section, "cpu") for section in ("limits", "requests")]
    assert [None if one is None else one[1] for one in found] == [limit, asked]
    assert default_of((named("LimitRange", "v1", {"limits": [{"type": "Pod", **item}]}),), "limits", "cpu") is None
    pods = named("LimitRange", "v1", {"limits": [{"type": "Pod", "defaultRequest": {"cpu": 1}}]})
    assert range_bounds(pods) == frozenset()


def test_other_governors() -> None:
    """Tenant operators and generating policies make quotas; Gatekeeper's PSP family restricts pods."""
    tenant = named("Tenant", "capsule.clastix.io/v1beta2", {})
    generates = named("ClusterPolicy", "kyverno.io/v1", {"rules": [{"generate": {"kind": "ResourceQuota"}}]})
    restricts = named(
        "ClusterPolicy", "kyverno.io/v1", {"rules": [{"validate": {"podSecurity": {"level": "baseline"}}}]}
    )
    psp = named("K8sPSPHostNamespace", "constraints.gatekeeper.sh/v1beta1", {})
    other = named("K8sRequiredLabels", "constraints.gatekeeper.sh/v1beta1", {})
    seen = inventory([tenant, generates, restricts, psp, other])
    assert set(map(id, quota_governors(seen))) <= set(map(id, seen))
    assert [obj.key.kind for obj in quota_governors(seen)] == ["Tenant", "ClusterPolicy"]
    assert [obj.key.kind for obj in admission_engines(seen)] == ["K8sPSPHostNamespace", "ClusterPolicy"]


APP = named(
    "Deployment",
    "apps/v1",
    {
        "template": {
            "metadata": {"labels": {"app": "a"}},
            "spec": {"containers": [{"name": "c", "ports": [{"name": "m"}]}]},
        }
    },
    name="a",
)
SERVICE = named("Service", "v1", {"selector": {"app": "a"}, "ports": [{"name": "m"}]}, name="a", labels={"app": "a"})
MONITORING = "monitoring.coreos.com/v1"
SELECTOR = {"matchLabels": {"app": "a"}}


@pytest.mark.parametrize(
    ("obj", "watched"),
    [
        (named("ServiceMonitor", MONITORING, {"selector": SELECTOR, "endpoints": [{"port": "m"}]}), True),
        (named("ServiceMonitor", MONITORING, {"selector": SELECTOR, "endpoints": []}), False),
        (named("ServiceMonitor", MONITORING, {"selector": SELECTOR, "endpoints": [{"port": "x"}]}), False),
        (named("ServiceMonitor", MONITORING, {"selector": {}, "endpoints": [{"port": "m"}]}, namespace="x"), False),
        (
            named(
                "PodMonitor",
                MONITORING,
                {"selector": {}, "namespaceSelector": {"matchNames": ["n"]}, "podMetricsEndpoints": [{"port": "m"}]},
                namespace="x",
            ),
            True,
        ),
        (named("Probe", MONITORING, {"targets": {"staticConfig": {"static": ["http://a.n.svc:80/health"]}}}), True),
        (named("Probe", MONITORING, {"targets": {"staticConfig": {"static": ["http://a.nn.svc"]}}}), False),
        (
            named(
                "PrometheusRule",
                MONITORING,
                {"groups": [{"rules": [{"alert": "x", "expr": 'kube_x{deployment="a"}'}]}]},
            ),
            True,
        ),
        (named("PrometheusRule", MONITORING, {"groups": [{"rules": [{"alert": "x", "expr": 'up{job="a"}'}]}]}), False),
        (
            named("PrometheusRule", MONITORING, {"groups": [{"rules": [{"record": "x", "expr": 'kube_x{a="a"}'}]}]}),
            False,
        ),
    ],
)
def test_what_watches_a_workload(obj: Manifest, watched: bool) -> None:
    """A monitor counts only if it selects the workload, looks into its namespace, and has a port that exists."""
    seen = inventory([APP, SERVICE, obj])
    found = monitoring(seen, workloads(seen))
    assert found.present
    assert bool(found.by["n/Deployment/a"]) == watched


STORE = named(
    "StatefulSet",
    "apps/v1",
    {
        "template": {"metadata": {"labels": {"app": "pg"}}, "spec": {"containers": [{"name": "c"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": {"app": "pg"}}}],
    },
    name="pg",
)
PG_SERVICE = named("Service", "v1", {"selector": {"app": "pg"}}, name="postgres")


def cron(args: str, namespace: str = "n", **spec: Any) -> Manifest:
    """A CronJob with one container."""
    pod = {"containers": [{"name": "c", "args": [args]}]}
    return named(
        "CronJob", "batch/v1", {"jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec}, namespace=namespace
    )


@pytest.mark.parametrize(
    ("obj", "verdict"),
    [
        (named("Schedule", "velero.io/v1", {"schedule": "@daily", "template": {"includedNamespaces": ["n*"]}}), "kept"),
        (named("Schedule", "velero.io/v1", {"schedule": "@daily", "template": {"excludedNamespaces": ["n"]}}), "none"),
        (named("Schedule", "velero.io/v1", {"schedule": "@daily", "paused": True}), "problem"),
        (
            named(
                "Schedule", "velero.io/v1", {"schedule": "@daily", "template": {"includedResources": ["configmaps"]}}
            ),
            "problem",
        ),
        (
            named(
                "Schedule",
                "velero.io/v1",
                {"schedule": "@daily", "template": {"labelSelector": {"matchLabels": {"app": "pg"}}}},
            ),
            "kept",
        ),
        (cron("pg_dump -h postgres kfm | restic backup --stdin && restic forget --keep-daily 7"), "kept"),
        (cron("pg_dump -h postgres.n.svc kfm > /b", namespace="other"), "endless"),
        (cron("pg_dump -h postgres kfm", namespace="other"), "none"),
        (cron("pg_dump -h postgres-replica kfm"), "none"),
        (cron("pg_dump -h postgres", suspend=True), "problem"),
        (cron("curl postgres"), "none"),
        (
            named(
                "Schedule", "k8up.io/v1", {"backup": {"schedule": "@daily"}, "prune": {"retention": {"keepDaily": 7}}}
            ),
            "kept",
        ),
        (
            named(
                "SnapshotSchedule",
                "snapscheduler.backube/v1",
                {"claimSelector": {"matchLabels": {"app": "pg"}}, "retention": {}},
            ),
            "endless",
        ),
        (
            named(
                "ReplicationSource",
                "volsync.backube/v1alpha1",
                {"sourcePVC": "data-pg-0", "trigger": {"schedule": "@daily"}, "restic": {"retain": {"daily": 7}}},
            ),
            "kept",
        ),
        (
            named(
                "ReplicationSource",
                "volsync.backube/v1alpha1",
                {"sourcePVC": "data-x-0", "trigger": {"schedule": "@daily"}},
            ),
            "none",
        ),
    ],
)
def test_what_covers_a_datastore(obj: Manifest, verdict: str) -> None:
    """Namespace, labels, claims and addresses decide; suspended ones and missing retention are told apart."""
    seen = inventory([STORE, PG_SERVICE, obj])
    found = workloads(seen)
    store = next(workload for workload in found if workload.name == "pg")
    covering = backups_of(seen, found, target(seen, store.obj, store))
    assert len(covering) == (verdict != "none")
    for backup in covering:
        assert verdict == ("problem" if backup.problem else "kept" if backup.retention else "endless")


def test_an_operators_own_schedules() -> None:
    """CloudNativePG, Crunchy and Percona: schedule and retention from their own objects."""
    cluster = named("Cluster", "postgresql.cnpg.io/v1", {"backup": {"retentionPolicy": "30d"}}, name="pg")
    nightly = named("ScheduledBackup", "postgresql.cnpg.io/v1", {"cluster": {"name": "pg"}, "schedule": "0 0 0 * * *"})
    crunchy = named(
        "PostgresCluster",
        "postgres-operator.crunchydata.com/v1beta1",
        {
            "backups": {
                "pgbackrest": {"global": {"repo1-retention-full": "14"}, "repos": [{"schedules": {"full": "@daily"}}]}
            }
        },
    )
    percona = named("PerconaXtraDBCluster", "pxc.percona.com/v1", {"backup": {"schedule": [{"name": "d", "keep": 5}]}})
    seen = inventory([cluster, nightly, crunchy, percona])
    for obj in (cluster, crunchy, percona):
        (backup,) = backups_of(seen, (), target(seen, obj, None))
        assert backup.retention
        assert not backup.problem
