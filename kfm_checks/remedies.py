"""Remedies that can be pasted: strategic merge patches for kustomize's ``patches:``, and whole objects to add.

A patch changes only what a finding is about. A number or a path that only the team can know is a starting point, and a
comment says so. The text is YAML that both kustomize and kubectl read; whatever comes from a manifest is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.model import Manifest, ObjectKey, Path

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]")
#: Words that YAML 1.1 reads as something else than text.
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
#: Lists whose items kustomize merges, and the key that names an item (the API's patchMergeKey).
_MERGE_KEYS = {"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name",
               "volumes": "name", "ports": "containerPort", "topologySpreadConstraints": "topologyKey"}  # fmt: skip
AMOUNTS = {"cpu": "100m", "memory": "128Mi"}
_MEASURE = "# a starting point: measure what the container uses"


def merge(obj: Manifest, path: Path, value: Any, note: str = "") -> str:
    """A strategic merge patch that puts a value at a path of an object; "" where kustomize can't say it by a patch.

    A step that is the index of a list needs a merge key; a list without one would be replaced whole.
    """
    content = value
    for depth in range(len(path) - 1, -1, -1):
        step = path[depth]
        if isinstance(step, str):
            content = {step: content}
            continue
        key = _MERGE_KEYS.get(str(path[depth - 1]) if depth else "")
        item = _at(obj, path[: depth + 1])
        if key is None or not isinstance(item, dict) or item.get(key) is None or not isinstance(content, dict):
            return ""
        content = [{key: item[key], **content}]
    return whole(obj.key, content, note) if isinstance(content, dict) else ""


def whole(key: ObjectKey, body: Mapping[str, Any], note: str = "") -> str:
    """An object as YAML, with its identity; ``note`` is a comment on top."""
    metadata = {"name": key.name, **({"namespace": key.namespace} if key.namespace else {})}
    more = body.get("metadata")
    content = {
        "apiVersion": key.api_version,
        "kind": key.kind,
        "metadata": {**metadata, **more} if isinstance(more, dict) else metadata,
        **{name: value for name, value in body.items() if name != "metadata"},
    }
    return (f"{note}\n" if note else "") + "\n".join(_lines(content)) + "\n"


def _at(obj: Any, path: Path) -> Any:
    for step in path:
        try:
            obj = obj[step]
        except (KeyError, IndexError, TypeError):
            return None
    return obj


def _lines(value: Any) -> list[str]:
    """YAML in block style."""
    if isinstance(value, Mapping) and value:
        lines = []
        for key, inner in value.items():
            if isinstance(inner, list | Mapping) and inner:
                lines += [f"{_scalar(key)}:", *(f"  {line}" for line in _lines(inner))]
            else:
                lines.append(f"{_scalar(key)}: {_scalar(inner)}")
        return lines
    if isinstance(value, list) and value:
        lines = []
        for inner in value:
            first, *rest = _lines(inner)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # JSON is YAML too, and quotes what is hostile; characters beyond ASCII are escaped in YAML's way.
    return _BEYOND_ASCII.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(value, ensure_ascii=False))


# -- pods --------------------------------------------------------------------------------------------------------------


def probe(obj: Manifest, path: Path, handlers: list[str]) -> str:
    """A probe by HTTP for the container at ``path[:-1]``, in the place of whatever handlers it has."""
    field, container = str(path[-1]), _at(obj, path[:-1])
    ports = [port for port in (container or {}).get("ports") or [] if isinstance(port, dict)]
    known = next((port.get("name") or port.get("containerPort") for port in ports), None)
    name = "livez" if field == "livenessProbe" else "readyz"
    removed = {handler: None for handler in handlers if handler != "httpGet"}
    asked = f"# put the path{'' if known else ' and the port'} that the container answers on"
    return merge(obj, path, {**removed, "httpGet": {"path": f"/{name}", "port": known or 8080}}, asked)


def amount(obj: Manifest, path: Path, known: Any = None) -> str:
    """A request or limit: what is known already (the other one of the two, a LimitRange's), else a starting point."""
    if isinstance(known, str | int | float):
        return merge(obj, path, known)
    return merge(obj, path, AMOUNTS[str(path[-1])], _MEASURE)


#: Control of the Pod Security Standards -> what to set, relative to the security context of the finding.
_CONTEXT: dict[str, Any] = {
    "allowPrivilegeEscalation": {"allowPrivilegeEscalation": False},
    "privileged": {"privileged": False},
    "capabilities_restricted": {"capabilities": {"drop": ["ALL"], "add": None}},
    "capabilities_baseline": {"capabilities": {"add": None}},
    "runAsNonRoot": {"runAsNonRoot": True},
    "runAsUser": {"runAsUser": None},
    "seccompProfile_restricted": {"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": None}},
    "seccompProfile_baseline": {"seccompProfile": {"type": "RuntimeDefault", "localhostProfile": None}},
    "procMount": {"procMount": None},
    "seLinuxOptions": {"seLinuxOptions": None},
    "appArmorProfile": {"appArmorProfile": {"type": "RuntimeDefault", "localhostProfile": None}},
}


def pod_security(obj: Manifest, path: Path, control: str, pod: Path) -> str:
    """What a control of the Pod Security Standards asks for; "" where leaving it out is a decision of design."""
    if control == "hostNamespaces":
        return merge(obj, path, None)
    if control == "hostPorts":
        port = next((at for at, step in enumerate(path) if step == "ports"), None)
        return "" if port is None else merge(obj, (*path[: port + 2], "hostPort"), None)
    wanted = _CONTEXT.get(control)
    if wanted is None:
        return ""
    at = path[: path.index("securityContext")] if "securityContext" in path else pod
    return merge(obj, (*at, "securityContext"), wanted)


def no_token(obj: Manifest, path: Path) -> str:
    """A pod without the token of its service account."""
    return merge(obj, path, False)


def spread(obj: Manifest, pod: Path, labels: Mapping[str, str]) -> str:
    """Pods on different nodes."""
    if not labels:
        return ""
    rule = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": dict(labels)},
    }
    return merge(obj, (*pod, "topologySpreadConstraints"), [rule])


def rolling(obj: Manifest) -> str:
    """An update of one pod at a time, for the two kinds of which kustomize knows how to say it."""
    if obj.key.kind == "Deployment":
        bounds = {"maxUnavailable": 0, "maxSurge": 1}
        return merge(obj, ("spec", "strategy"), {"type": "RollingUpdate", "rollingUpdate": bounds})
    if obj.key.kind == "StatefulSet":
        return merge(obj, ("spec", "updateStrategy"), {"type": "RollingUpdate", "rollingUpdate": None})
    return ""


# -- whole objects, and patches of others than pods --------------------------------------------------------------------


def default_deny(namespace: str) -> str:
    """A NetworkPolicy that isolates every pod of a namespace in both directions."""
    key = ObjectKey("networking.k8s.io/v1", "NetworkPolicy", namespace, "default-deny")
    return whole(key, {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}})


def quota(namespace: str) -> str:
    """A ResourceQuota that bounds CPU and memory."""
    hard = {"requests.cpu": "4", "requests.memory": "8Gi", "limits.cpu": "8", "limits.memory": "16Gi"}
    key = ObjectKey("v1", "ResourceQuota", namespace, "compute")
    return whole(key, {"spec": {"hard": hard}}, "# starting points: size them by what the namespace runs")


def limit_range(namespace: str) -> str:
    """A LimitRange that fills in for containers that say nothing."""
    amounts = {"default": {"cpu": "500m", "memory": "512Mi"}, "defaultRequest": dict(AMOUNTS)}
    key = ObjectKey("v1", "LimitRange", namespace, "containers")
    return whole(key, {"spec": {"limits": [{"type": "Container", **amounts}]}}, "# starting points")


def budget(name: str, namespace: str, labels: Mapping[str, str]) -> str:
    """A PodDisruptionBudget that lets one pod go at a time; "" where no label selects the pods."""
    if not labels:
        return ""
    key = ObjectKey("policy/v1", "PodDisruptionBudget", namespace, name)
    return whole(key, {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": dict(labels)}}})


def enforce(obj: Manifest, wrong: bool = False) -> str:
    """The label by which a namespace enforces Pod Security; a wrong one loses its version too."""
    labels: dict[str, str | None] = {"pod-security.kubernetes.io/enforce": "baseline"}
    if wrong:
        labels["pod-security.kubernetes.io/enforce-version"] = None
    return merge(obj, ("metadata", "labels"), labels)


def tls(obj: Manifest, host: str) -> str:
    """An Ingress's list of TLS entries with one more: kustomize replaces this list whole."""
    listed = _at(obj, ("spec", "tls"))
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    more = {"secretName": f"{obj.key.name}-tls", **({"hosts": [host]} if host else {})}
    return merge(obj, ("spec", "tls"), [*entries, more])


def cluster_ip(obj: Manifest) -> str:
    """A Service without a port on every node; node ports left over would be refused."""
    listed = _at(obj, ("spec", "ports"))
    ports = [port for port in listed if isinstance(port, dict)] if isinstance(listed, list) else []
    opened = [{"port": port.get("port"), "nodePort": None} for port in ports if port.get("nodePort") is not None]
    return merge(obj, ("spec",), {"type": "ClusterIP", **({"ports": opened} if opened else {})})
