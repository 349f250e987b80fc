"""Which kinds are listed: all that a live check looks for, whoever's they are."""

from __future__ import annotations

import pytest

from kfm_checks.checks import CHECKS
from kfm_checks.engine import Facts, closure
from kfm_checks.errors import NotVerified
from kfm_checks.facts.catalogue import FACTS
from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.live_ways import ENTRY_KINDS, POD_KINDS
from kfm_checks.facts.objects import Inventory
from kfm_checks.live.discovery import Served
from kfm_checks.live.kinds import SERVED, WANTED
from kfm_checks.live.listing import _also_served, _unserved
from kfm_checks.model import Manifest
from tests.live.wellrun import listings
from tests.test_conformance_account import judged

#: What live checks look for among the objects and nobody lists, and why not.
UNLISTED = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "their schemas are megabytes; discovery names the kinds",
    ("extensions", "Ingress"): "no server since 1.22",
    ("extensions", "NetworkPolicy"): "no server since 1.16",
    ("extensions", "PodSecurityPolicy"): "no server since 1.16",
    ("policy", "PodSecurityPolicy"): "no server since 1.25",
    ("project.openshift.io", "Project"): "another view of namespaces",
    ("authorization.openshift.io", ""): "another view of roles and bindings",
}


def test_what_a_live_check_looks_for_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that nobody lists reads as absent: a door of that kind would be no door."""
    asked = set[tuple[str, str]]()
    of, of_group = Inventory.of, Inventory.of_group
    monkeypatch.setattr(
        Inventory, "of", lambda self, kind, group="": (asked.add((group, kind)), of(self, kind, group))[1]
    )
    monkeypatch.setattr(Inventory, "of_group", lambda self, group: (asked.add((group, "")), of_group(self, group))[1])
    inputs = judged().facts.inputs
    live = Facts({**inputs, "cluster": Cluster(listings=listings(judged().objects))}).live()
    asked.clear()
    for name in sorted({name for check in CHECKS if check.live for name in closure(check.function) & set(FACTS)}):
        try:
            live.get(name)
        except NotVerified:
            continue
    assert len(asked) > 50
    rendered = {(obj.key.group, obj.key.kind) for obj in judged().objects}
    missing = {pair for pair in asked if not {pair, (pair[0], "")} & {*WANTED, *SERVED, *rendered}}
    assert missing == set(UNLISTED)


def test_a_kind_that_could_not_be_listed_leaves_its_rows_open() -> None:
    """Every door and every maker of pods that is listed is also one whose refusal counts."""
    named = {*ENTRY_KINDS, *POD_KINDS, *(name for check in CHECKS for name in check.live)}
    listed = {f"{kind or '*'}.{group}" if group else kind for group, kind in {*WANTED, *SERVED}}
    assert {name for name in named if name not in listed} == set()


def test_kinds_of_others_are_asked_for_where_they_are_served() -> None:
    """By kind, or all of a group; what an API that is down may serve is asked for, too: it ends as a problem."""
    kinds = {
        ("projectcontour.io", "HTTPProxy"),
        ("constraints.gatekeeper.sh", "K8sRequiredLabels"),
        ("example.org", "Widget"),
        ("", "Service"),
    }
    served = Served({pair: (ApiKind(*pair, "v1"),) for pair in kinds}, {"skupper.io": "down", "milvus.io": "down"})
    assert _also_served(served, [("", "Service", "v1")]) == [
        ("constraints.gatekeeper.sh", "K8sRequiredLabels", ""),
        ("milvus.io", "Milvus", ""),
        ("projectcontour.io", "HTTPProxy", ""),
        ("skupper.io", "*", ""),
    ]


def test_a_whole_group_is_unread_by_its_name() -> None:
    """Nobody knows beforehand what its kinds are called."""
    down = Listing(ApiKind("skupper.io", "", "*"), problem="its API server does not answer")
    other = Listing(ApiKind("example.org", "v1", "Site"), problem="forbidden")
    read = Listing(ApiKind("", "v1", "Service", "services"))
    assert list(Cluster(listings=(down, other, read)).unread(["*.skupper.io", "Service"])) == [down]


def test_each_kind_by_itself() -> None:
    """Its objects, whether it was asked for, and in how many namespaces alone."""
    pod = Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}})
    service = Manifest({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "a"}})
    pods, services = ApiKind("", "v1", "Pod", "pods"), ApiKind("", "v1", "Service", "services")
    made = Cluster(listings=(Listing(pods, "a", (pod,)), Listing(services, "a", (service,)), Listing(services, "b")))
    assert list(made.of("Pod")) == [pod]
    assert [made.looked_at(kind) for kind in ("Pod", "Secret")] == [True, False]
    assert list(made.partly(["Pod", "Service"])) == [(pods, 1), (services, 2)]


def test_what_nobody_asked_for_is_unread() -> None:
    """A snapshot of an earlier version may lack a kind; one that the server does not serve was asked for."""
    made = Cluster(listings=(Listing(ApiKind("skupper.io", "", "*"), unserved=True),))
    [one] = made.unread(["*.skupper.io", "Service"])
    assert (str(one.kind), one.problem) == ("Service", "nobody asked for them")
    [far] = made.unread(["Ingress.networking.k8s.io"])
    assert far.kind.group == "networking.k8s.io" and far.refusal == "Ingress could not be listed: nobody asked for them"


def test_a_look_asks_for_every_kind() -> None:
    """Of each kind, or of its group, there is a listing: read, refused, or not served."""
    served = Listing(ApiKind("getambassador.io", "v2", "Mapping"))
    asked = {(x.kind.group, x.kind.kind) for x in (served, *_unserved((served,)))}
    known = asked | {(group, "") for group, _ in asked}
    assert known >= SERVED
    assert ("getambassador.io", "*") not in asked
