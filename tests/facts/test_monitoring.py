"""What watches a workload: monitors, probes, annotations and alerts, each by what it really selects."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.monitoring import monitoring
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

COREOS, VICTORIA, GOOGLE = (
    "monitoring.coreos.com/v1",
    "operator.victoriametrics.com/v1beta1",
    "monitoring.googleapis.com/v1",
)


def obj(api: str, kind: str, spec: Any, namespace: str = "app", name: str = "m", **metadata: Any) -> dict[str, Any]:
    """An object."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


def api_pods(**annotations: str) -> dict[str, Any]:
    """A Deployment with a port named ``metrics``."""
    template = {"metadata": {"labels": {"app": "api"}, "annotations": annotations},
                "spec": {"containers": [{"name": "c", "ports": [{"name": "metrics", "containerPort": 9}]}]}}  # fmt: skip
    return obj("apps/v1", "Deployment", {"template": template}, name="api")


SERVICE = obj(
    "v1",
    "Service",
    {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80}]},
    name="web",
    labels={"team": "a"},
)
OTHER = obj(
    "v1",
    "Service",
    {"selector": {"app": "other"}, "ports": [{"name": "http", "port": 80}]},
    name="other",
    labels={"team": "a"},
)


def watching(*objects: dict[str, Any], **annotations: str) -> list[str]:
    """What watches the Deployment."""
    found = inventory([api_pods(**annotations), SERVICE, OTHER, *objects])
    seen = monitoring(found, workloads(found))
    assert seen.present is bool(objects or seen.by["app/Deployment/api"])
    return list(seen.by["app/Deployment/api"])


TEAM, POD = {"matchLabels": {"team": "a"}}, {"matchLabels": {"app": "api"}}
HTTP, METRICS = [{"port": "http"}], [{"port": "metrics"}]
MONITORS: list[tuple[dict[str, Any], bool]] = [
    *((obj(api, kind, {"selector": TEAM, "endpoints": HTTP}), True) for api, kind in ((COREOS, "ServiceMonitor"), (VICTORIA, "VMServiceScrape"))),
    *((obj(api, kind, {"selector": POD, field: METRICS}), True) for api, kind, field in (
        (COREOS, "PodMonitor", "podMetricsEndpoints"), (VICTORIA, "VMPodScrape", "podMetricsEndpoints"), (GOOGLE, "PodMonitoring", "endpoints"))),
    (obj(GOOGLE, "ClusterPodMonitoring", {"selector": POD, "endpoints": METRICS}, "far"), True), (obj(GOOGLE, "PodMonitoring", {"selector": POD, "endpoints": METRICS}, "far"), False),
    (obj(COREOS, "ServiceMonitor", {"selector": {}, "endpoints": HTTP}), True), (obj(COREOS, "ServiceMonitor", {"endpoints": HTTP}), False),
    (obj(COREOS, "ServiceMonitor", {"selector": {"matchLabels": {"team": "b"}}, "endpoints": HTTP}), False),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": METRICS}), False), (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": []}), False),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": [{"targetPort": 9}]}), True), (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": [*METRICS, *HTTP]}), True),
    (obj(COREOS, "PodMonitor", {"selector": POD, "podMetricsEndpoints": HTTP}), False), (obj(COREOS, "PodMonitor", {"selector": TEAM, "podMetricsEndpoints": METRICS}), False),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP}, "far"), False),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP, "namespaceSelector": {"any": True}}, "far"), True),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP, "namespaceSelector": {"any": False}}, "far"), False),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP, "namespaceSelector": {"matchNames": ["x", "app", "app"]}}, "far"), True),
    (obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP, "namespaceSelector": {"matchNames": ["x"]}}), False),
]  # fmt: skip


@pytest.mark.parametrize(("monitor", "watches"), MONITORS)
def test_monitors(monitor: dict[str, Any], watches: bool) -> None:
    """By labels of Services or of pods, in the namespaces that it looks into, and with a port that is there."""
    assert watching(monitor) == ([f"{monitor['kind']} m"] if watches else [])


def probe(*targets: str, api: str = COREOS, kind: str = "Probe", old: bool = False) -> dict[str, Any]:
    """A probe of some addresses, as either of the two projects writes them."""
    listed = {"static": {"targets": list(targets)}} if old else {"staticConfig": {"static": list(targets)}}
    return obj(api, kind, {"targets": listed}, "far")


PROBES: list[tuple[dict[str, Any], bool]] = [
    (probe("https://web.app.svc/health"), True), (probe("web.app:80"), True), (probe("web.app"), True), (probe("http://x.app", "web.app.svc.cluster.local"), True),
    (probe("https://web.apple.com"), False), (probe("https://other.app"), False), (probe("https://example.org/web.app"), False), (probe(), False),
    (probe("web.app", api=VICTORIA, kind="VMProbe", old=True), True), (probe("web.app", api=VICTORIA, kind="VMProbe"), True),
    (obj(COREOS, "Probe", {"targets": {"staticConfig": {"static": "web.app"}}}), False),
]  # fmt: skip


@pytest.mark.parametrize(("given", "watches"), PROBES)
def test_probes(given: dict[str, Any], watches: bool) -> None:
    """A target names the Service with its namespace, whatever stands around it."""
    assert watching(given) == ([f"{given['kind']} m"] if watches else [])


def rule(expr: str, api: str = COREOS, kind: str = "PrometheusRule", **more: Any) -> dict[str, Any]:
    """An alert."""
    return obj(
        api,
        kind,
        {
            "groups": [
                {"rules": [{"record": "x", "expr": 'kube_x{deployment="no"}'}, {"alert": "a", "expr": expr, **more}]}
            ]
        },
        "far",
    )


RULES: list[tuple[dict[str, Any], bool]] = [
    (rule('kube_deployment_status_replicas{deployment="api"} < 1'), True), (rule('container_memory{pod=~"api-.*"}'), True),
    (rule('probe_success{instance="api"}'), True), (rule('http_requests{deployment="api"}'), False), (rule('mykube_x{deployment="api"}'), False),
    (rule('kube_x{deployment="api-v2"}'), False), (rule('kube_x{deployment="api"}', VICTORIA, "VMRule"), True), (rule('kube_x{deployment="api"}', alert=""), False),
    (obj(COREOS, "PrometheusRule", {"groups": "x"}), False),
]  # fmt: skip


@pytest.mark.parametrize(("given", "watches"), RULES)
def test_alerts(given: dict[str, Any], watches: bool) -> None:
    """An alert that names the workload, on what the cluster says of it; a record is none."""
    assert watching(given) == ([f"alert in {given['kind']} m"] if watches else [])


@pytest.mark.parametrize(
    ("key", "value", "watches"),
    [
        ("prometheus.io/scrape", "true", True), ("prometheus.io/scrape", "false", False), ("ad.datadoghq.com/c.checks", "{}", True),
        ("instrumentation.opentelemetry.io/inject-java", "true", True), ("sidecar.opentelemetry.io/inject", "false", False), ("sidecar.opentelemetry.io/inject", "true", True),
        ("example.org/scrape", "true", False),
    ],
)  # fmt: skip
def test_annotations_of_pods(key: str, value: str, watches: bool) -> None:
    """Prometheus' own, and those of agents, unless they say no."""
    assert watching(**{key: value}) == ([f"annotation {key} on its pods"] if watches else [])


@pytest.mark.parametrize(("value", "watches"), [("true", True), ("false", False)])
def test_annotations_of_a_service(value: str, watches: bool) -> None:
    """On a Service in front of the pods; once, though two of them say it."""
    notes = {"prometheus.io/scrape": value}
    marked = obj("v1", "Service", {"selector": {"app": "api"}}, name="metrics", annotations=notes)
    elsewhere = obj("v1", "Service", {"selector": {"app": "api"}}, "far", name="metrics", annotations=notes)
    found = inventory([api_pods(), marked, elsewhere])
    seen = monitoring(found, workloads(found))
    assert list(seen.by["app/Deployment/api"]) == (
        ["annotation prometheus.io/scrape on Service metrics"] if watches else []
    )
    assert seen.present is watches


def test_nothing_watches() -> None:
    """A render without any of them; and the order in which they are told, each once."""
    assert watching() == []
    several = [rule('kube_x{deployment="api"}'), probe("web.app"), *(obj(COREOS, "PodMonitor", {"selector": POD, "podMetricsEndpoints": METRICS}) for _ in "ab"),
               obj(COREOS, "ServiceMonitor", {"selector": TEAM, "endpoints": HTTP})]  # fmt: skip
    assert watching(*several, **{"prometheus.io/scrape": "true"}) == [
        "ServiceMonitor m", "PodMonitor m", "annotation prometheus.io/scrape on its pods", "Probe m", "alert in PrometheusRule m",
    ]  # fmt: skip
