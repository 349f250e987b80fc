"""Defaults of a pod spec, wherever it stands (API reference: Pod v1 core)."""

from __future__ import annotations

from typing import Any

from kfm_checks.facts.objects import items

Obj = dict[str, Any]
#: The volume with a token, whose name ends in what the server makes up, and where it is mounted.
_TOKEN, _SUFFIX = "kube-api-access", "00000"
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105
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


def pod_spec(spec: Obj | None, *, runs: bool = False) -> None:
    """Fill in the defaults of a pod spec, in place; ``runs``: of a Pod itself, not of a template."""
    if spec is None:
        return
    fill(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    fill(spec, terminationGracePeriodSeconds=30, securityContext={})
    name = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if name:
        fill(spec, serviceAccountName=name, serviceAccount=name)
    for field in _CONTAINERS:
        for container in items(spec, field):
            _container(container, host_network=runs and spec.get("hostNetwork") is True)
    for volume in items(spec, "volumes"):
        _volume(volume)


def running_pod(spec: Obj | None, *, mounts_token: bool = True) -> None:
    """What only a Pod gets, not a template: service links, and what the server's admission plugins add.

    ``mounts_token``: what its service account says, where the pod itself says nothing.
    """
    if spec is None:
        return
    fill(spec, enableServiceLinks=True)
    fill(spec, serviceAccountName="default")
    fill(spec, serviceAccount=spec["serviceAccountName"])
    if spec.get("automountServiceAccountToken", mounts_token) is not False:
        _token(spec)
    _tolerations(spec)


def _token(spec: Obj) -> None:
    """The plugin ServiceAccount mounts a token into every container that has nothing at its place."""
    known = (str(volume.get("name") or "") for volume in items(spec, "volumes"))
    there = next((name for name in known if name.startswith(f"{_TOKEN}-")), "")
    mount = {"name": there or f"{_TOKEN}-{_SUFFIX}", "readOnly": True, "mountPath": _TOKEN_PATH}
    without = [
        container
        for field in ("initContainers", "containers")
        for container in items(spec, field)
        if all(known.get("mountPath") != _TOKEN_PATH for known in items(container, "volumeMounts"))
    ]
    for container in without:
        container["volumeMounts"] = [*items(container, "volumeMounts"), dict(mount)]
    if without and not there:
        field = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
        authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
        sources = [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": authority},
            {"downwardAPI": {"items": [field]}},
        ]
        projected = {"defaultMode": 420, "sources": sources}
        spec["volumes"] = [*items(spec, "volumes"), {"name": mount["name"], "projected": projected}]


def _tolerations(spec: Obj) -> None:
    """The plugin DefaultTolerationSeconds lets a pod stay for five minutes on a node that is gone."""
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        said = any(
            one.get("key") in (None, "", key) and one.get("effect") in (None, "", "NoExecute")
            for one in items(spec, "tolerations")
        )
        if not said:
            added = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            spec["tolerations"] = [*items(spec, "tolerations"), added]


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
    for mount in items(container, "volumeMounts"):
        if mount.get("readOnly") is False:
            del mount["readOnly"]
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := sub(container, name)) is not None:
            fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            _handler(probe)
    for name in ("postStart", "preStop"):
        _handler(sub(sub(container, "lifecycle"), name))
    for variable in items(container, "env"):
        if variable.get("value") == "":
            del variable["value"]
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
    fill(sub(volume, "scaleIO"), storageMode="ThinProvisioned", fsType="xfs")
    claim = sub(sub(volume, "ephemeral"), "volumeClaimTemplate")
    fill(claim, metadata={})
    fill(sub(claim, "spec"), volumeMode="Filesystem")
    for projected in items(sub(volume, "projected"), "sources"):
        fill(sub(projected, "serviceAccountToken"), expirationSeconds=3600)
        for field in items(sub(projected, "downwardAPI"), "items"):
            fill(sub(field, "fieldRef"), apiVersion="v1")
    for field in items(sub(volume, "downwardAPI"), "items"):
        fill(sub(field, "fieldRef"), apiVersion="v1")
