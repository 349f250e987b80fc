"""Drift as a property of the shipped render: a cluster made of it shows none, and one changed leaf shows that object."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.admission.defaults import completed
from kfm_checks.config import Config
from kfm_checks.facts.cluster import ApiKind, Cluster, Comparison, Listing
from kfm_checks.facts.live_drift import Drift, drift
from kfm_checks.facts.live_fields import leaves
from kfm_checks.facts.live_owners import hands, owner_of, taker_of
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.model import Manifest, Overlay, Path
from tests.live.test_live_mutations import offline

HOWS = ("server-side-apply", "field-subset")
OVERLAY = Overlay("", "", "", 0, "2026-11-22")


@cache
def rendered() -> tuple[Manifest, ...]:
    """The shipped overlay's objects."""
    objects: tuple[Manifest, ...] = offline().facts.get("inventory").objects
    return objects


def found(obj: Manifest, live: Manifest, how: Any, wanted: Manifest | None = None) -> tuple[Drift, ...]:
    """What is found of one rendered object beside a live one."""
    cluster = Cluster(comparisons=(Comparison(obj.key, live, wanted or obj, how),))
    return drift(cluster, Inventory((obj,)), Config(), OVERLAY, (), ())


def shuffled(value: Any, order: random.Random) -> Any:
    """The same value with the keys of its mappings in another order."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


def owned(value: Any) -> Any:
    """``fieldsV1`` of a manager that owns everything; lists as a whole."""
    return {f"f:{key}": owned(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def stored(obj: Manifest, order: random.Random, manager: str) -> Manifest:
    """A rendered object as the server keeps it: with defaults, identity, status and managed fields."""
    made = shuffled(completed(obj), order)
    fields = owned({key: value for key, value in made.items() if key not in ("apiVersion", "kind")})
    entry = {"manager": manager, "operation": "Apply", "time": "2026-11-20T08:00:00Z", "fieldsV1": fields}
    made["metadata"] |= {"uid": "u1", "resourceVersion": "7", "generation": 3, "managedFields": [entry]}
    made["status"] = {"observedGeneration": 3}
    return Manifest(made)


def places(obj: Manifest) -> list[Path]:
    """The leaves that make a difference: neither what names an object nor an empty one."""
    told = [path for path in leaves(obj) if path[0] not in ("apiVersion", "kind", "status")]
    kept = [path for path in told if path[:2] not in (("metadata", "name"), ("metadata", "namespace"))]
    return [path for path in kept if isinstance(dig(obj, *path), str | int)]


def other(value: Any) -> Any:
    """Another value of the same type."""
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}x"


def changed(obj: Manifest, path: Path, value: Any) -> Manifest:
    """A copy with another value at a path."""

    def copy(at: Any, steps: Path) -> Any:
        if not steps:
            return value
        kept = dict(at) if isinstance(at, dict) else list(at)
        kept[steps[0]] = copy(at[steps[0]], steps[1:])
        return kept

    return Manifest(copy(obj, path))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_cluster_made_of_the_render_shows_no_drift(data: st.DataObject) -> None:
    """Defaults, managed fields of any applier and another order of keys are no difference, whatever way is compared."""
    obj = data.draw(st.sampled_from(rendered()))
    manager = data.draw(st.sampled_from(["argocd-controller", "kustomize-controller", "kubectl", "terraform"]))
    live = stored(obj, data.draw(st.randoms(use_true_random=False)), manager)
    how = data.draw(st.sampled_from(HOWS))
    assert {one.change for one in found(obj, live, how)} == {"same"}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_changed_leaf_shows_that_object(data: st.DataObject) -> None:
    """Any rendered leaf, changed in the cluster, is a difference of that object, whatever way is compared."""
    obj = data.draw(st.sampled_from([one for one in rendered() if places(one)]))
    path = data.draw(st.sampled_from(places(obj)))
    live = stored(changed(obj, path, other(dig(obj, *path))), random.Random(1), "argocd-controller")
    how = data.draw(st.sampled_from(HOWS))
    seen = found(obj, live, how)
    assert seen
    assert {one.change for one in seen} == {"changed"}


@pytest.mark.parametrize(
    ("namespace", "problem", "change"),
    [("", "", "missing"), ("app", "", "missing"), ("other", "", "unknown"), ("app", "forbidden", "unknown")],
)
def test_absence_is_told_only_where_somebody_looked(namespace: str, problem: str, change: str) -> None:
    """A snapshot of another render: what it did not list in the object's own namespace is not taken for gone."""
    obj = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "app"}})
    listing = Listing(ApiKind("", "v1", "ConfigMap"), namespace, problem=problem)
    cluster = Cluster(render="sha256:other", listings=(listing,))
    [one] = drift(cluster, Inventory((obj,)), Config(), OVERLAY, (), ())
    assert one.change == change


def edited(how: Any) -> tuple[Drift, ...]:
    """What is found where somebody added a container, which a dry run of server-side apply keeps."""
    obj = next(one for one in rendered() if one.key.kind == "Deployment" and one.key.name == "opa")
    content = stored(obj, random.Random(1), "argocd-controller")
    more = {"name": "more", "image": "registry.example/more:1"}
    content["spec"]["template"]["spec"]["containers"].append(more)
    by = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"more"}': {".": {}, "f:image": {}}}}}}}
    # Who applies owns each container by its name, as the real server writes it.
    applied = content["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    applied["f:containers"] = {'k:{"name":"opa"}': {}}
    when = "2026-11-21T09:00:00Z"
    entry = {"manager": "kubectl-edit", "operation": "Update", "time": when, "fieldsV1": by}
    content["metadata"]["managedFields"].append(entry)
    return found(obj, content, how, content if how == "server-side-apply" else obj)


@pytest.mark.parametrize("how", HOWS)
def test_what_somebody_added_is_drift_whatever_way_is_compared(how: str) -> None:
    """A dry run keeps what others added, so it is looked for by who manages it; he is named."""
    one = next(iter(edited(how)))
    assert (one.change, one.path) == ("changed", ("spec", "template", "spec", "containers", 1))
    assert one.owner is not None
    assert (one.owner.manager, one.owner.since) == ("kubectl-edit", "2026-11-21T09:00:00Z")


def test_a_field_within_what_is_owned_as_a_whole_has_its_owner() -> None:
    """``f:selector: {}`` owns all of the selector; an item of a list is told by its keys, in any order of them."""
    ports = {'k:{"port":80,"protocol":"TCP"}': {"f:nodePort": {}}}
    fields = {"f:spec": {"f:selector": {}, "f:ports": ports}}
    entries = [{"manager": "kubectl-patch", "operation": "Update", "time": "2026", "fieldsV1": fields}]
    spec = {
        "selector": {"app": "web"},
        "ports": [{"protocol": "TCP", "port": 80, "nodePort": 30000}],
        "type": "NodePort",
    }
    live = {"metadata": {"managedFields": entries}, "spec": spec}
    for path in (("spec", "selector", "app"), ("spec", "ports", 0, "nodePort")):
        owner = owner_of(live, path, named=True)
        assert owner is not None
        assert owner.manager == "kubectl-patch"
    assert owner_of(live, ("spec", "type"), named=True) is None


@pytest.mark.parametrize(
    ("manager", "by_hand"),
    [("kubectl-edit", True), ("Mozilla", True), ("kube-controller-manager", False), ("keda-operator", False)],
)
def test_programs_of_a_cluster_are_no_hands(manager: str, by_hand: bool) -> None:
    """What a controller adds is its own; what any other tool adds is somebody's."""
    applied = {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    added = {"manager": manager, "fieldsV1": {"f:spec": {"f:paused": {}}}}
    live = {"metadata": {"managedFields": [applied, added]}}
    assert (manager in hands(live, [("spec", "replicas")])) is by_hand


def owning(manager: str, fields: dict[str, Any], operation: str = "Update", when: str = "2026-11-21") -> dict[str, Any]:
    """One entry of managed fields."""
    return {"manager": manager, "operation": operation, "time": when, "fieldsV1": fields}


EVERYTHING = {"f:spec": {"f:replicas": {}, "f:paused": {}}}
RENDERED: list[Path] = [("spec", "replicas")]


@pytest.mark.parametrize(
    ("entries", "theirs", "people"),
    [
        # Somebody made the object anew in a cluster that Argo CD reconciles: what it has beside git is theirs.
        ([owning("kubectl-create", EVERYTHING)], True, True),
        ([owning("argocd-controller", EVERYTHING, "Apply"), owning("kubectl-create", EVERYTHING)], True, True),
        # Nobody else than kubectl applies it; a controller's own entry changes nothing.
        ([owning("kubectl-create", EVERYTHING), owning("kube-controller-manager", {"f:metadata": {}})], False, False),
        ([owning("kubectl-create", {"f:spec": {"f:paused": {}}})], False, False),
    ],
)
def test_who_applies_an_object_is_no_hand(entries: list[dict[str, Any]], theirs: bool, people: bool) -> None:
    """Who owns most of what git gives applies it, unless a program of the cluster does."""
    live = {"metadata": {"managedFields": entries}, "spec": {"replicas": 1, "paused": True}}
    assert ("kubectl-create" in hands(live, RENDERED, theirs=theirs)) is people


@pytest.mark.parametrize(
    ("entry", "taker"),
    [
        (owning("kubectl-edit", EVERYTHING), "kubectl-edit"),
        (owning("argocd-server", EVERYTHING), "argocd-server"),
        (owning("kube-controller-manager", EVERYTHING), ""),
        (owning("kubectl", EVERYTHING, "Apply"), ""),
    ],
)
def test_who_took_a_field_away_is_told_where_a_tool_wrote_beside_it(entry: dict[str, Any], taker: str) -> None:
    """The field itself leaves no mark; a program, and who applies the rest, say nothing of it."""
    live = {"metadata": {"managedFields": [entry]}, "spec": {"replicas": 1, "paused": True}}
    owner = taker_of(live, ("spec", "minReadySeconds"))
    assert (owner.manager if owner else "") == taker


@pytest.mark.parametrize(("kind", "told"), [("Deployment", True), ("ExternalSecret", False)])
def test_what_is_made_anew_by_hand_counts_where_its_defaults_are_known(kind: str, told: bool) -> None:
    """A cluster that Argo CD reconciles, and in it an object that somebody made anew, with one field more."""
    obj = next(one for one in rendered() if one.key.kind == kind)
    live = stored(obj, random.Random(1), "kubectl-create")
    live["spec"]["paused"] = True
    live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:paused"] = {}
    other = next(one for one in rendered() if one.key.kind == "ConfigMap")
    applied = stored(other, random.Random(1), "argocd-controller")
    pairs = ((obj, live, live), (other, applied, applied))
    cluster = Cluster(comparisons=tuple(Comparison(a.key, b, c, "server-side-apply") for a, b, c in pairs))
    seen = drift(cluster, Inventory((obj, other)), Config(), OVERLAY, (), ())
    assert [one.pointer for one in seen if one.change == "changed"] == (["/spec/paused"] if told else [])


def test_who_stops_a_workload_by_its_scale_leaves_no_mark() -> None:
    """The real server keeps no owner of ``replicas`` that is written by the subresource: nobody is named."""
    obj = next(one for one in rendered() if one.key.kind == "Deployment" and "replicas" not in one["spec"])
    live = stored(obj, random.Random(1), "argocd-controller")
    live["spec"]["replicas"] = 0
    del live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    [one] = found(obj, live, "server-side-apply", live)
    assert (one.change, one.pointer, one.owner) == ("changed", "/spec/replicas", None)
