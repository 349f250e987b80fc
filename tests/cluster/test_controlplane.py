"""The control plane itself: without it nothing in this folder proves anything."""

from __future__ import annotations

import pytest

from tests.cluster.controlplane import ControlPlane
from tests.cluster.programs import KUBERNETES

pytestmark = pytest.mark.cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example/web:1}]}
"""


def test_it_is_the_version_asked_for(plane: ControlPlane) -> None:
    """The server says which Kubernetes it is."""
    assert plane.request("GET", "/version")[1]["gitVersion"] == KUBERNETES


def test_a_deployment_is_rolled_out(plane: ControlPlane) -> None:
    """Controller manager, scheduler and kwok bring three replicas to ready."""
    plane.kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    plane.wait("three replicas", lambda: plane.request("GET", path)[1]["status"].get("readyReplicas") == 3)
    plane.kubectl("delete", "deployment", "web")


def test_a_stranger_is_refused_and_the_audit_log_knows(plane: ControlPlane) -> None:
    """RBAC is in force, and each request is written down."""
    status, answer = plane.request("GET", "/api/v1/secrets", token="token-of-nobody")
    assert (status, answer["reason"]) == (403, "Forbidden")
    last = [e for e in plane.audit() if e["user"]["username"] == "nobody"]
    assert last[-1]["requestURI"] == "/api/v1/secrets"
