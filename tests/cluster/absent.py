"""In place of controllers that are not here: they write the statuses that the real ones document.

ingress-nginx gives Ingresses an address; cert-manager, External Secrets and Kyverno report Ready; a provisioner binds
claims; the metrics pipeline lets autoscalers see their targets. Nothing else of them is played.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.controlplane import ControlPlane

_READY = {"type": "Ready", "status": "True", "reason": "Played", "message": "played by the tests"}
#: Path of a list -> the status that its objects are given.
STATUSES: dict[str, dict[str, Any]] = {
    "/apis/networking.k8s.io/v1/ingresses": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}},
    "/apis/cert-manager.io/v1/certificates": {"conditions": [_READY]},
    "/apis/cert-manager.io/v1/clusterissuers": {"conditions": [_READY]},
    "/apis/external-secrets.io/v1/externalsecrets": {"conditions": [_READY]},
    "/apis/external-secrets.io/v1/clustersecretstores": {"conditions": [_READY]},
    "/apis/kyverno.io/v1/clusterpolicies": {"conditions": [_READY], "ready": True},
    "/apis/autoscaling/v2/horizontalpodautoscalers": {
        "conditions": [
            {"type": "AbleToScale", "status": "True", "reason": "Played"},
            {"type": "ScalingActive", "status": "True", "reason": "Played"},
        ],
        "currentReplicas": 3,
        "desiredReplicas": 3,
        "currentMetrics": None,
    },
}


@contextmanager
def controllers_played(plane: ControlPlane, every: float = 1.0) -> Iterator[None]:
    """Write statuses, again and again, until the context ends."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(every):
            play(plane)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def play(plane: ControlPlane) -> None:
    """One round."""
    for path, status in STATUSES.items():
        code, listed = plane.request("GET", path)
        for item in listed["items"] if code == 200 else ():
            if not _has(item.get("status") or {}, status):
                _write(plane, path, item, status)
    code, claims = plane.request("GET", "/api/v1/persistentvolumeclaims")
    for claim in claims["items"] if code == 200 else ():
        if claim["status"].get("phase") == "Pending" and not claim["spec"].get("volumeName"):
            _provide(plane, claim)


def _has(status: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "conditions" in wanted:
        known = {c["type"]: c["status"] for c in status.get("conditions") or []}
        return all(known.get(c["type"]) == c["status"] for c in wanted["conditions"])
    return bool(status.get("loadBalancer", {}).get("ingress"))


def _write(plane: ControlPlane, path: str, item: dict[str, Any], status: dict[str, Any]) -> None:
    root, _, plural = path.rpartition("/")
    namespace = item["metadata"].get("namespace")
    place = f"{root}/namespaces/{namespace}/{plural}" if namespace else path
    now = "2026-11-22T00:00:00Z"
    conditions = [{"lastTransitionTime": now, **condition} for condition in status.get("conditions", [])]
    if plural == "certificates":
        conditions = [{"observedGeneration": item["metadata"]["generation"], **c} for c in conditions]
    whole = {**status, **({"conditions": conditions} if conditions else {})}
    body = {"status": {key: value for key, value in whole.items() if value is not None}}
    plane.request(
        "PATCH", f"{place}/{item['metadata']['name']}/status", body, content_type="application/merge-patch+json"
    )


def _provide(plane: ControlPlane, claim: dict[str, Any]) -> None:
    metadata, spec = claim["metadata"], claim["spec"]
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pv-{metadata['uid']}"},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "hostPath": {"path": "/nowhere"},
            "storageClassName": spec.get("storageClassName") or "",
            "claimRef": {"namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]},
        },
    }
    plane.request("POST", "/api/v1/persistentvolumes", volume)
