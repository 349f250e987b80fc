"""Defaults of autoscalers, limits, admission policies and webhooks (API reference of each kind)."""

from __future__ import annotations

from typing import Any

from kfm_checks.admission.defaults_pod import fill, sub
from kfm_checks.facts.objects import items

Obj = dict[str, Any]


def autoscaler(obj: Obj) -> None:
    """``autoscaling/v2``: what is aimed at, and how fast."""
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, minReplicas=1)
    if obj.get("apiVersion") != "autoscaling/v2":
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = sub(spec, "behavior")
    fill(behavior, scaleUp={}, scaleDown={})
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    pods = {"type": "Pods", "value": 4, "periodSeconds": 15}
    fill(sub(behavior, "scaleUp"), stabilizationWindowSeconds=0, selectPolicy="Max", policies=[pods, percent])
    fill(sub(behavior, "scaleDown"), selectPolicy="Max", policies=[percent])


def limit_range(obj: Obj) -> None:
    """What a container gets: the most where no default is given, that where no request is."""
    for limit in items(obj, "spec", "limits"):
        if limit.get("type") == "Container":
            fill(limit, default={}, defaultRequest={})
            default, request = sub(limit, "default"), sub(limit, "defaultRequest")
            fill(default, **(sub(limit, "max") or {}))
            fill(request, **(default or {}))
            fill(request, **(sub(limit, "min") or {}))
            for name in ("default", "defaultRequest"):
                if limit[name] == {}:
                    del limit[name]


def policy(obj: Obj) -> None:
    """A ValidatingAdmissionPolicy."""
    spec = sub(obj, "spec")
    fill(spec, failurePolicy="Fail")
    _matched(sub(spec, "matchConstraints"))


def policy_binding(obj: Obj) -> None:
    """Its binding."""
    _matched(sub(sub(obj, "spec"), "matchResources"))


def _matched(found: Obj | None) -> None:
    fill(found, matchPolicy="Equivalent", namespaceSelector={}, objectSelector={})
    for name in ("resourceRules", "excludeResourceRules"):
        for rule in items(found, name):
            fill(rule, scope="*")


def webhooks(obj: Obj) -> None:
    """Validating and mutating webhooks."""
    for webhook in items(obj, "webhooks"):
        fill(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        fill(webhook, namespaceSelector={}, objectSelector={})
        if obj.get("kind") == "MutatingWebhookConfiguration":
            fill(webhook, reinvocationPolicy="Never")
        fill(sub(sub(webhook, "clientConfig"), "service"), port=443)
        for rule in items(webhook, "rules"):
            fill(rule, scope="*")


def ingress_class(obj: Obj) -> None:
    """Whose parameters are of the cluster unless said otherwise."""
    fill(sub(sub(obj, "spec"), "parameters"), scope="Cluster")


def service(obj: Obj) -> None:
    """A Service."""
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, type="ClusterIP", sessionAffinity="None")
    external = spec["type"] in ("NodePort", "LoadBalancer")
    if external or spec["type"] == "ClusterIP":
        fill(spec, internalTrafficPolicy="Cluster")
    if external:
        fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)
    if spec["sessionAffinity"] == "ClientIP":
        fill(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    for port in items(spec, "ports"):
        fill(port, protocol="TCP")
        if "port" in port:
            fill(port, targetPort=port["port"])


def network_policy(obj: Obj) -> None:
    """A NetworkPolicy."""
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, policyTypes=["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    for direction in ("ingress", "egress"):
        for rule in items(spec, direction):
            for port in items(rule, "ports"):
                fill(port, protocol="TCP")
