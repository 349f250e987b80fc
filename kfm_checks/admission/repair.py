"""The other way round: changes that make a spec keep the rails, so that an attempt starts from what is admitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.admission.defaults_pod import pod_spec
from kfm_checks.admission.patterns import name_of
from kfm_checks.facts.objects import dig, items

Spec = dict[str, Any]
_CONTAINERS = ("containers", "initContainers")
_AMOUNTS = {"cpu": "100m", "memory": "128Mi"}
_DIGEST = f"sha256:{'0123456789abcdef' * 4}"
_LABELS = dict.fromkeys(
    ["app", "team", "owner", *(f"app.kubernetes.io/{n}" for n in ("name", "instance", "version", "component"))], "kfm"
) | {"app.kubernetes.io/part-of": "kfm", "app.kubernetes.io/managed-by": "kfm"}


def _each(spec: Spec, change: Callable[[Spec], Spec], fields: tuple[str, ...] = _CONTAINERS) -> Spec:
    made = {
        field: [change(c) if isinstance(c, dict) else c for c in spec[field]]
        for field in fields
        if isinstance(spec.get(field), list)
    }
    return {**spec, **made}


def _probed(spec: Spec) -> Spec:
    def change(container: Spec) -> Spec:
        port = next((p["containerPort"] for p in items(container, "ports") if "containerPort" in p), 8080)
        probe = {"httpGet": {"path": "/", "port": port, "scheme": "HTTP"}, "timeoutSeconds": 1}
        probe |= {"periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
        return {"livenessProbe": probe, "readinessProbe": probe, **container}

    return _each(spec, change, ("containers",))


def _measured(spec: Spec) -> Spec:
    def change(container: Spec) -> Spec:
        given = container.get("resources")
        made = dict(given) if isinstance(given, dict) else {}
        limits = {**_AMOUNTS, **(made["limits"] if isinstance(made.get("limits"), dict) else {})}
        requests = {**limits, **(made["requests"] if isinstance(made.get("requests"), dict) else {})}
        return {**container, "resources": {**made, "limits": limits, "requests": requests}}

    return _each(spec, change)


def _pinned(spec: Spec) -> Spec:
    def change(container: Spec) -> Spec:
        image = str(container.get("image") or "")
        if "@sha256:" in image:
            return container
        bare = name_of(image)
        tag = image[len(bare) :] if image.startswith(bare) else ""
        kept = "" if tag == ":latest" else tag
        return {**container, "image": f"{bare}{kept}@{_DIGEST}", "imagePullPolicy": "IfNotPresent"}

    return _each(spec, change)


def _unprivileged(spec: Spec) -> Spec:
    """What the rail about Pod Security tries: no host's network, no host's folder, no privileged container."""
    listed = spec.get("volumes")
    volumes = listed if isinstance(listed, list) else []
    gone = {dig(v, "name") for v in volumes if dig(v, "hostPath") is not None}
    made = {k: v for k, v in spec.items() if k != "hostNetwork" or v is not True}
    if gone:
        made["volumes"] = [v for v in volumes if dig(v, "hostPath") is None]

    def change(container: Spec) -> Spec:
        out, context = dict(container), container.get("securityContext")
        if isinstance(context, dict) and context.get("privileged") is True:
            out["securityContext"] = {**context, "privileged": False}
        if gone and isinstance(out.get("volumeMounts"), list):
            out["volumeMounts"] = [m for m in out["volumeMounts"] if dig(m, "name") not in gone]
        return out

    return _each(made, change)


def _inside(spec: Spec) -> Spec:
    """A Service that only the cluster reaches."""
    if spec.get("type") != "NodePort":
        return spec
    kept = {k: v for k, v in spec.items() if k not in ("externalTrafficPolicy", "healthCheckNodePort")}
    ports = [{k: v for k, v in port.items() if k != "nodePort"} for port in items(spec, "ports")]
    return {**kept, "type": "ClusterIP", "ports": ports}


#: Row -> what makes a spec keep it.
REPAIRS: Mapping[str, Callable[[Spec], Spec]] = {
    "RAIL-02": _probed, "RAIL-03": _measured, "RAIL-06": _pinned, "RAIL-07": _inside, "RAIL-08": _unprivileged,
}  # fmt: skip
_SAFE = {
    "allowPrivilegeEscalation": False, "privileged": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip


def hardened(spec: Spec) -> Spec:
    """A pod spec that keeps every rail and the restricted level, whatever it was."""
    for row in ("RAIL-02", "RAIL-03", "RAIL-06", "RAIL-08"):
        spec = REPAIRS[row](spec)
    kept = {k: v for k, v in spec.items() if k not in ("hostPID", "hostIPC", "ephemeralContainers")}
    kept["securityContext"] = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": _SAFE["seccompProfile"]}
    kept["automountServiceAccountToken"] = False
    return _each(kept, lambda c: {**c, "securityContext": _SAFE, "ports": _plain_ports(c)})


def _plain_ports(container: Spec) -> list[Any]:
    return [{k: v for k, v in port.items() if k != "hostPort"} for port in items(container, "ports")]


def smallest(spec: Spec) -> Spec:
    """A pod spec of one container and nothing else, as safe as the rails want it."""
    container = spec["containers"][-1] if spec.get("containers") else {}
    bare = {k: container[k] for k in ("name", "image", "imagePullPolicy", "resources") if k in container}
    made: Spec = {k: spec[k] for k in ("serviceAccountName", "serviceAccount", "restartPolicy") if k in spec}
    made["containers"] = [bare]
    pod_spec(made)
    return hardened(made)


def labelled(metadata: Any) -> Spec:
    """Metadata with the labels that are recommended, and with its own."""
    given = metadata if isinstance(metadata, dict) else {}
    own = given.get("labels")
    return {**given, "labels": {**_LABELS, **(own if isinstance(own, dict) else {})}}
