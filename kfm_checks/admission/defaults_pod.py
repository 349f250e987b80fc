"""Defaults of a pod spec, wherever it stands (API reference: Pod v1 core)."""

from __future__ import annotations

from typing import Any

from kfm_checks.facts.objects import items

Obj = dict[str, Any]
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def sub(obj: Any, name: str) -> Obj | None:
    """The mapping under a name; None where it is absent or no mapping."""
    value = obj.get(name) if isinstance(obj, dict) else None
    return value if isinstance(value, dict) else None


def fill(obj: Obj | None, **values: Any) -> None:
    """Set what is absent; nothing happens to None."""
    if obj is not None:
        for name, value in values.items():
            if name not in obj:
                obj[name] = value


def pod_spec(spec: Obj | None) -> None:
    """Fill in the defaults of a pod spec, in place."""
    if spec is None:
        return
    fill(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    fill(spec, terminationGracePeriodSeconds=30, securityContext={})
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        fill(spec, serviceAccountName=name, serviceAccount=name)
    for field in _CONTAINERS:
        for container in items(spec, field):
            _container(container, host_network=spec.get("hostNetwork") is True)
    for volume in items(spec, "volumes"):
        _volume(volume)


def running_pod(spec: Obj | None) -> None:
    """What only a Pod gets, not a template: service links, and what the ServiceAccount plugin adds."""
    if spec is None:
        return
    fill(spec, enableServiceLinks=True)
    fill(spec, serviceAccountName="default")
    fill(spec, serviceAccount=spec["serviceAccountName"])


def _container(container: Obj, *, host_network: bool) -> None:
    fill(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
    fill(container, imagePullPolicy=_pull_policy(container.get("image")))
    resources = sub(container, "resources")
    limits = sub(resources, "limits")
    if resources is not None and limits:
        fill(resources, requests={})
        fill(sub(resources, "requests"), **{str(name): value for name, value in limits.items()})
    for port in items(container, "ports"):
        fill(port, protocol="TCP")
        if host_network and "containerPort" in port:
            fill(port, hostPort=port["containerPort"])
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := sub(container, name)) is not None:
            fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _handler(probe)
    for name in ("postStart", "preStop"):
        _handler(sub(sub(container, "lifecycle"), name))
    for variable in items(container, "env"):
        fill(sub(sub(variable, "valueFrom"), "fieldRef"), apiVersion="v1")


def _pull_policy(image: Any) -> str:
    """``Always`` for ``latest`` and for an image without tag or digest (Kubernetes documentation, Images)."""
    if not isinstance(image, str) or "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _handler(handler: Obj | None) -> None:
    if handler is not None:
        fill(sub(handler, "httpGet"), path="/", scheme="HTTP")
        fill(sub(handler, "grpc"), service="")


def _volume(volume: Obj) -> None:
    if len(volume) == 1 and "name" in volume:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        fill(sub(volume, source), defaultMode=420)
    fill(sub(volume, "hostPath"), type="")
    for projected in items(sub(volume, "projected"), "sources"):
        fill(sub(projected, "serviceAccountToken"), expirationSeconds=3600)
    for field in items(sub(volume, "downwardAPI"), "items"):
        fill(sub(field, "fieldRef"), apiVersion="v1")
