"""What watches each workload: monitors that scrape it, probes that call it, alerts that name it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.disruption import selects
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items, labels_of
from kfm_checks.facts.selectors import matches_map
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest
from kfm_checks.values import Value

#: Monitors of Services and of pods: (group, kind) -> the field that lists their endpoints.
SERVICE_MONITORS = {
    ("monitoring.coreos.com", "ServiceMonitor"): "endpoints",
    ("operator.victoriametrics.com", "VMServiceScrape"): "endpoints",
}
POD_MONITORS = {
    ("monitoring.coreos.com", "PodMonitor"): "podMetricsEndpoints",
    ("operator.victoriametrics.com", "VMPodScrape"): "podMetricsEndpoints",
    ("monitoring.googleapis.com", "PodMonitoring"): "endpoints",
    ("monitoring.googleapis.com", "ClusterPodMonitoring"): "endpoints",
}
RULES = (("monitoring.coreos.com", "PrometheusRule"), ("operator.victoriametrics.com", "VMRule"))
PROBES = (("monitoring.coreos.com", "Probe"), ("operator.victoriametrics.com", "VMProbe"))
#: Annotations of pods by which an agent, not a monitor object, collects from them.
_AGENTS = ("ad.datadoghq.com/", "instrumentation.opentelemetry.io/inject-", "sidecar.opentelemetry.io/inject")
#: Metrics that the cluster gives of a workload. An alert on a workload's own metrics is blind where nothing scrapes it.
_FROM_OUTSIDE = re.compile(r"\b(kube|container|probe)_")
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


class Monitoring(Value, frozen=True):
    """``by`` gives what watches each workload id, in words; ``present`` says whether the render monitors anything."""

    present: bool
    by: Mapping[str, tuple[str, ...]]


def monitoring(inventory: Inventory, workloads: tuple[Workload, ...]) -> Monitoring:
    """Who watches what. A monitor counts only if it has an endpoint whose port exists on what it selects."""
    services = defaultdict(list)
    for service in inventory.of("Service"):
        services[service.key.namespace].append(service)
    watchers = _Watchers(inventory)
    by = {
        workload.id: tuple(dict.fromkeys(watchers.of(workload, _behind(services[workload.namespace], workload))))
        for workload in workloads
    }
    return Monitoring(watchers.present or any(by.values()), by)


def _behind(services: list[Manifest], workload: Workload) -> list[Manifest]:
    return [s for s in services if matches_map(_mapping(dig(s, "spec", "selector")), workload.pod_labels)]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class _Watchers:
    """The monitors, probes and alerts of a render, read once."""

    def __init__(self, inventory: Inventory) -> None:
        self.services = _by_namespace(inventory, SERVICE_MONITORS)
        self.pods = _by_namespace(inventory, POD_MONITORS)
        self.probed = [(obj, _targets(obj)) for group, kind in PROBES for obj in inventory.of(kind, group)]
        rules = [obj for group, kind in RULES for obj in inventory.of(kind, group)]
        self.words: dict[str, Manifest] = {}
        for obj in rules:
            for word in _WORD.findall(" ".join(_expressions(obj))):
                self.words.setdefault(word, obj)
        self.present = bool(self.services or self.pods or self.probed or rules)

    def of(self, workload: Workload, services: list[Manifest]) -> Iterator[str]:
        """What watches one workload that stands behind these Services."""
        for obj, field in _looking_into(self.services, workload.namespace):
            selector = dig(obj, "spec", "selector")
            chosen = [service for service in services if selects(selector, labels_of(service))]
            if any(_has_endpoint(obj, field, _names_of(items(service, "spec", "ports"))) for service in chosen):
                yield f"{obj.key.kind} {obj.key.name}"
        ports = _names_of([port for container in workload.containers for port in items(container.spec, "ports")])
        for obj, field in _looking_into(self.pods, workload.namespace):
            if selects(dig(obj, "spec", "selector"), workload.pod_labels) and _has_endpoint(obj, field, ports):
                yield f"{obj.key.kind} {obj.key.name}"
        yield from _annotated(workload, services)
        for obj, hosts in self.probed:
            if any(_names(hosts, service) for service in services):
                yield f"{obj.key.kind} {obj.key.name}"
        if workload.name in self.words:
            yield f"alert in {self.words[workload.name].key.kind} {self.words[workload.name].key.name}"


#: Monitors with the field of their endpoints, by the namespace that they look into; "" for all.
Monitors = Mapping[str, list[tuple[Manifest, str]]]


def _by_namespace(inventory: Inventory, kinds: Mapping[tuple[str, str], str]) -> Monitors:
    found: dict[str, list[tuple[Manifest, str]]] = defaultdict(list)
    for (group, kind), field in kinds.items():
        for obj in inventory.of(kind, group):
            for namespace in _namespaces(obj):
                found[namespace].append((obj, field))
    return dict(found)


def _namespaces(obj: Manifest) -> tuple[str, ...]:
    """The namespaces that a monitor looks into; without a selector its own."""
    selector = dig(obj, "spec", "namespaceSelector")
    if obj.key.kind.startswith("Cluster") or (isinstance(selector, dict) and selector.get("any") is True):
        return ("",)
    names = dig(selector, "matchNames")
    listed = tuple(dict.fromkeys(str(name) for name in names)) if isinstance(names, list) else ()
    return listed or (obj.key.namespace,)


def _looking_into(monitors: Monitors, namespace: str) -> list[tuple[Manifest, str]]:
    return [*monitors.get("", ()), *monitors.get(namespace, ())]


def _has_endpoint(obj: Manifest, field: str, names: set[str]) -> bool:
    """Whether an endpoint's port exists; a number, a targetPort or no port at all can't be told from names."""
    endpoints = items(obj, "spec", field)
    return any(not isinstance(e.get("port"), str) or e["port"] in names for e in endpoints)


def _names_of(ports: list[dict[str, Any]]) -> set[str]:
    return {str(port.get("name")) for port in ports}


def _annotated(workload: Workload, services: list[Manifest]) -> Iterator[str]:
    if workload.pod_annotations.get("prometheus.io/scrape") == "true":
        yield "annotation prometheus.io/scrape on its pods"
    for service in services:
        if annotations_of(service).get("prometheus.io/scrape") == "true":
            yield f"annotation prometheus.io/scrape on Service {service.key.name}"
    for key, value in sorted(workload.pod_annotations.items()):
        if key.startswith(_AGENTS) and value != "false":
            yield f"annotation {key} on its pods"


def _targets(obj: Manifest) -> tuple[str, ...]:
    found = dig(obj, "spec", "targets", "staticConfig", "static") or dig(obj, "spec", "targets", "static", "targets")
    return tuple(str(target) for target in found) if isinstance(found, list) else ()


def _names(targets: tuple[str, ...], service: Manifest) -> bool:
    host = f"{service.key.name}.{service.key.namespace}"
    for target in targets:
        name = target.split("://")[-1].split("/")[0].split(":")[0]
        if name == host or name.startswith(f"{host}."):
            return True
    return False


def _expressions(obj: Manifest) -> Iterator[str]:
    for group in items(obj, "spec", "groups"):
        for rule in items(group, "rules"):
            if rule.get("alert") and _FROM_OUTSIDE.search(str(rule.get("expr"))):
                yield str(rule["expr"])
