"""Changes that somebody makes by hand in the cluster: what drifts by each, and which rows turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.cluster.controlplane import ControlPlane
from tests.cluster.production import MERGE_PATCH, sync


@dataclass(frozen=True)
class Change:
    """One change by hand: how it is made and taken back, what drifts, and which rows turn."""

    name: str
    make: Callable[[ControlPlane], object]
    undo: Callable[[ControlPlane], object]
    drift: frozenset[tuple[str, str]]
    turns: frozenset[str]
    #: Whether Argo CD's own diff tells it, too: what is beyond git it does not count as out of sync.
    argo: bool = True


def patch(path: str, body: Any) -> Callable[[ControlPlane], object]:
    """A change by merge patch; the server has to take it."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("PATCH", path, body, content_type=MERGE_PATCH)
        assert status == 200, answer

    return make


def delete(path: str) -> Callable[[ControlPlane], object]:
    """A deletion."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("DELETE", path)
        assert status == 200, answer

    return make


def create(path: str, body: Any) -> Callable[[ControlPlane], object]:
    """A creation."""

    def make(plane: ControlPlane) -> None:
        status, answer = plane.request("POST", path, body)
        assert status == 201, answer

    return make


_APPS = "/apis/apps/v1/namespaces/kfm-app/deployments"
_POLICIES = "/apis/networking.k8s.io/v1/namespaces/kfm-data/networkpolicies"
_ROLE_BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/kfm-app/rolebindings"
_ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
_BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
IMAGE = "ghcr.io/bartytime4life/opa@sha256:" + "f" * 64
NODE_PORT = {
    "metadata": {"name": "shadow"},
    "spec": {"type": "NodePort", "selector": {"app.kubernetes.io/name": "postgis"}, "ports": [{"port": 5432}]},
}
BINDING = {
    "metadata": {"name": "more-for-auditors"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "kfm-auditors"}],
}
_RBAC = "rbac.authorization.k8s.io"
_AUDITOR = f"/apis/{_RBAC}/v1/namespaces/kfm-app/rolebindings/kfm-auditor"
_APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/kfm-prod"
_OPA = "/apis/apps/v1/namespaces/kfm-app/deployments/opa"
AUDITORS = {"apiGroup": _RBAC, "kind": "Group", "name": "kfm-auditors"}
MALLORY = {"apiGroup": _RBAC, "kind": "User", "name": "mallory"}
#: No External Secrets runs here: what matters is that somebody else than it wrote an entry of the Secret.
MADE = {"metadata": {"name": "postgis-admin"}, "stringData": {"password": "none"}}


def opened(plane: ControlPlane) -> None:
    """A NodePort to the database: the overlay's own policy and quota have to be out of the way for a moment."""
    admission, quotas = "/apis/admissionregistration.k8s.io/v1", "/api/v1/namespaces/kfm-data/resourcequotas"
    barring = (
        (f"{admission}/validatingadmissionpolicybindings/services-stay-inside", "ValidatingAdmissionPolicyBinding"),
        (f"{quotas}/kfm-data", "ResourceQuota"),
    )
    kept = [(path, kind, plane.request("GET", path)[1]) for path, kind in barring]
    try:
        for path, _, _ in kept:
            assert plane.request("DELETE", path)[0] == 200
        services = "/api/v1/namespaces/kfm-data/services"
        plane.wait("a door", lambda: plane.request("POST", services, NODE_PORT)[0] == 201, 60)
    finally:
        for path, kind, obj in kept:
            _put_back(plane, path, kind, obj)


def _put_back(plane: ControlPlane, path: str, kind: str, obj: dict[str, Any]) -> None:
    """Apply an object anew, as Argo CD would."""
    told = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields")
    metadata = {name: value for name, value in obj["metadata"].items() if name not in told}
    body = {"apiVersion": obj["apiVersion"], "kind": kind, "metadata": metadata, "spec": obj["spec"]}
    query = "?fieldManager=argocd-controller&force=true"
    assert plane.request("PATCH", path + query, body, content_type="application/apply-patch+yaml")[0] in (200, 201)


def again(plane: ControlPlane) -> None:
    """The object deleted and made anew by hand, with a variable more: who made it owns all of it."""
    status, obj = plane.request("GET", _OPA)
    assert status == 200, obj
    told = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields")
    obj["metadata"] = {name: value for name, value in obj["metadata"].items() if name not in told}
    obj.pop("status")
    obj["spec"]["template"]["spec"]["containers"][0].setdefault("env", []).append({"name": "MORE", "value": "1"})
    plane.kubectl("delete", "-n", "kfm-app", "deployment/opa", "--cascade=foreground")
    plane.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", **obj}))


#: Each is made, looked at, and taken back.
CHANGES = (
    Change(
        "replicas scaled by hand",
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/opa", "--replicas=4"),
        sync,
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "another image",
        lambda plane: plane.kubectl("set", "image", "-n", "kfm-app", "deployment/opa", f"*={IMAGE}"),
        sync,
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "a NetworkPolicy deleted",
        delete(f"{_POLICIES}/default-deny"),
        sync,
        frozenset({("missing", "kfm-data/NetworkPolicy/default-deny")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "a NodePort to the database",
        opened,
        delete("/api/v1/namespaces/kfm-data/services/shadow"),
        frozenset({("extra", "kfm-data/Service/shadow")}),
        frozenset({"GIT-04", "MEM-01", "MEM-02", "MEM-07", "OPS-03", "DOD-03"}),
        argo=False,
    ),
    Change(
        "one more RoleBinding",
        create(_ROLE_BINDINGS, BINDING),
        delete(f"{_ROLE_BINDINGS}/more-for-auditors"),
        frozenset({("extra", "kfm-app/RoleBinding/more-for-auditors")}),
        frozenset({"GIT-04", "MEM-05"}),
        argo=False,
    ),
    Change(
        "a namespace made privileged",
        patch(
            "/api/v1/namespaces/kfm-app", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
        ),
        sync,
        frozenset({("changed", "Namespace/kfm-app")}),
        # Not OPS-04: a privileged pod that is tried there is still refused, by the overlay's own policy.
        frozenset({"GIT-04", "GIT-05", "RAIL-08", "GATE-03", "DOD-02"}),
    ),
    Change(
        "a policy unbound",
        delete(f"{_BINDINGS}/images-are-pinned"),
        sync,
        frozenset({("missing", "ValidatingAdmissionPolicyBinding/images-are-pinned")}),
        frozenset({"GIT-04", "GIT-05", "RAIL-09", "OPS-04"}),
    ),
    Change(
        "a controller's sync stopped",
        patch(f"{_ARGO}/kfm-prod", {"spec": {"syncPolicy": {"automated": None}}}),
        sync,
        frozenset({("changed", "argocd/Application/kfm-prod")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "replicas under an autoscaler",
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/kfm-api", "--replicas=5"),
        lambda plane: plane.kubectl("scale", "-n", "kfm-app", "deployment/kfm-api", "--replicas=3"),
        frozenset(),
        frozenset(),
    ),
    # What Argo CD's own diff and a dry run do not show: only managed fields tell.
    Change(
        "a variable that git does not have",
        lambda plane: plane.kubectl("set", "env", "-n", "kfm-app", "deployment/opa", "MORE=1"),
        lambda plane: plane.kubectl("set", "env", "-n", "kfm-app", "deployment/opa", "MORE-"),
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04"}),
        argo=False,
    ),
    Change(
        "made anew by hand, with a variable more",
        again,
        lambda plane: plane.kubectl("set", "env", "-n", "kfm-app", "deployment/opa", "MORE-"),
        frozenset({("changed", "kfm-app/Deployment/opa")}),
        frozenset({"GIT-04"}),
        argo=False,
    ),
    Change(
        "one subject more in a RoleBinding",
        patch(_AUDITOR, {"subjects": [AUDITORS, MALLORY]}),
        sync,
        frozenset({("changed", "kfm-app/RoleBinding/kfm-auditor")}),
        frozenset({"GIT-04", "GIT-05"}),
    ),
    Change(
        "an exception that stands only in the cluster",
        patch(_APPLICATION, {"spec": {"ignoreDifferences": [{"kind": "ConfigMap", "jsonPointers": ["/data"]}]}}),
        patch(_APPLICATION, {"spec": {"ignoreDifferences": None}}),
        frozenset({("changed", "argocd/Application/kfm-prod")}),
        frozenset({"GIT-04"}),
        argo=False,
    ),
    Change(
        "a Secret that External Secrets makes, changed by hand",
        create("/api/v1/namespaces/kfm-data/secrets", MADE),
        delete("/api/v1/namespaces/kfm-data/secrets/postgis-admin"),
        frozenset({("changed", "kfm-data/Secret/postgis-admin")}),
        frozenset({"GIT-04"}),
        argo=False,
    ),
)
