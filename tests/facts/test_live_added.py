"""What is added by hand to an object that a controller applies is drift, though a dry run of git keeps it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kfm_checks.config import Config
from kfm_checks.facts.cluster import Cluster, Comparison
from kfm_checks.facts.live_drift import drift
from kfm_checks.facts.objects import inventory
from kfm_checks.model import Manifest, Overlay

WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "app"},
    "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web@sha256:1"}]}}},
}
CONTROLLER = {"manager": "argocd-controller", "operation": "Apply", "time": "2026-11-20T00:00:00Z", "fieldsV1": {}}


def found(
    added: dict[str, Any], fields: dict[str, Any], manager: str, *, applied: bool = True
) -> list[tuple[str, str]]:
    """The drift of ``WEB`` with more in its pod spec, owned by a manager: pointer and owner."""
    live = copy.deepcopy(WEB)
    live["spec"]["template"]["spec"] |= added
    owned = {"f:spec": {"f:template": {"f:spec": fields}}}
    hand = {"manager": manager, "operation": "Update", "time": "2026-11-21T00:00:00Z", "fieldsV1": owned}
    live["metadata"]["managedFields"] = [CONTROLLER, hand] if applied else [hand]
    obj, seen = Manifest(WEB), Manifest(live)
    cluster = Cluster(comparisons=(Comparison(obj.key, seen, seen, "server-side-apply"),))
    everything = drift(cluster, inventory([obj]), Config(), Overlay("", "", "", 1, "2026-11-22"), (), ())
    return [(one.pointer, one.owner.manager if one.owner else "") for one in everything if one.change == "changed"]


SIDECAR = {"containers": [{"name": "web", "image": "web@sha256:1"}, {"name": "spy", "image": "spy:1"}]}
OF_SIDECAR = {"f:containers": {'k:{"name":"spy"}': {".": {}, "f:name": {}, "f:image": {}}}}


@pytest.mark.parametrize(
    ("added", "fields", "pointer"),
    [
        ({"hostNetwork": True}, {"f:hostNetwork": {}}, "/spec/template/spec/hostNetwork"),
        (SIDECAR, OF_SIDECAR, "/spec/template/spec/containers/1"),
    ],
)
def test_what_a_hand_added_is_drift(added: dict[str, Any], fields: dict[str, Any], pointer: str) -> None:
    """The field and who added it."""
    assert found(added, fields, "kubectl-edit") == [(pointer, "kubectl-edit")]


def test_what_a_program_added_is_its_own() -> None:
    """An injected sidecar is no drift."""
    assert found(SIDECAR, OF_SIDECAR, "sidecar-injector") == []


def test_without_a_controller_that_applies_nobody_can_tell() -> None:
    """Who created the object by other means owns the server's defaults, too."""
    assert found({"hostNetwork": True}, {"f:hostNetwork": {}}, "kubectl-create", applied=False) == []
