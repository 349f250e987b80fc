"""More changes by hand on the cluster that Argo CD reconciles: those that its own diff and a dry run do not show."""

from __future__ import annotations

import json

import pytest

from tests.cluster import test_reconciled as reconciled
from tests.cluster.controlplane import ControlPlane
from tests.cluster.test_reconciled import Change, Production, create, delete, patch, sync

pytestmark = pytest.mark.cluster
# The same cluster, started for these tests once more.
production, untouched, unhealed = reconciled.production, reconciled.untouched, reconciled.unhealed

_RBAC = "rbac.authorization.k8s.io"
_AUDITOR = f"/apis/{_RBAC}/v1/namespaces/kfm-app/rolebindings/kfm-auditor"
_APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/kfm-prod"
_OPA = "/apis/apps/v1/namespaces/kfm-app/deployments/opa"
AUDITORS = {"apiGroup": _RBAC, "kind": "Group", "name": "kfm-auditors"}
MALLORY = {"apiGroup": _RBAC, "kind": "User", "name": "mallory"}
#: No External Secrets runs here: what matters is that somebody else than it wrote an entry of the Secret.
MADE = {"metadata": {"name": "postgis-admin"}, "stringData": {"password": "none"}}


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


CHANGES = (
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


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_what_only_managed_fields_tell(production: Production, unhealed: dict[str, str], change: Change) -> None:
    """As for every change by hand: the rows that it is about, the object, who did it, and what Argo CD says of it."""
    reconciled.test_a_change_by_hand_turns_its_rows(production, unhealed, change)


def test_the_page_shows_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/agreement/api-server.md has a line for each change, as it is asserted here."""
    monkeypatch.setattr(reconciled, "CHANGES", CHANGES)
    reconciled.test_the_page_shows_each_change()


def test_scaled_to_nothing_under_an_autoscaler(production: Production, unhealed: dict[str, str]) -> None:
    """It leaves the workload alone then, and so does Argo CD. Who did it, the server does not keep."""
    scale = ("scale", "-n", "kfm-app", "deployment/kfm-api")
    production.plane.kubectl(*scale, "--replicas=0")
    try:
        judged = production.judge()
        told = [(str(one.key), one.pointer, one.live) for one in judged.facts.get("drift") if one.change != "same"]
        assert told == [("kfm-app/Deployment/kfm-api", "/spec/replicas", 0)]
        assert reconciled.rows(judged)["GIT-04"] == "not-met"
        assert reconciled.out_of_sync(production.plane) == set()
    finally:
        production.plane.kubectl(*scale, "--replicas=3")
