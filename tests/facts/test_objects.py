"""The index of the objects: namespaces as the API server fills them in, and ways to a value that never raise."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.objects import Delivery, dig, inventory, items, labels_of


def crd(**spec: Any) -> dict[str, Any]:
    """A CustomResourceDefinition."""
    api = "apiextensions.k8s.io/v1"
    return {"apiVersion": api, "kind": "CustomResourceDefinition", "metadata": {"name": "d"}, "spec": spec}


def obj(api: str, kind: str, name: str = "x", **metadata: Any) -> dict[str, Any]:
    """An object of some kind."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}}


@pytest.mark.parametrize(
    ("definition", "namespace"),
    [
        ({"group": "x.io", "names": {"kind": "Thing"}, "scope": "Cluster"}, ""),
        ({"group": "x.io", "names": {"kind": "Thing"}, "scope": "Namespaced"}, "default"),
        ({"group": "y.io", "names": {"kind": "Thing"}, "scope": "Cluster"}, "default"),
        ({"group": "x.io", "names": {"kind": "Other"}, "scope": "Cluster"}, "default"),
        ({"group": "x.io", "names": "Thing", "scope": "Cluster"}, "default"),
        ({"group": "x.io", "names": ["Thing"], "scope": "Cluster"}, "default"),
        ({"group": "x.io", "scope": "Cluster"}, "default"),
        ({}, "default"),
    ],
)
def test_a_definition_says_where_its_kind_lives(definition: dict[str, Any], namespace: str) -> None:
    """A CustomResourceDefinition of the render decides for its own group and kind, whatever shape it has."""
    found = inventory([obj("x.io/v1", "Thing"), crd(**definition)])
    (thing,) = found.of("Thing", "x.io")
    assert thing.key.namespace == namespace
    assert found.get("Thing", "x", namespace, "x.io") is thing


def test_only_a_definition_defines() -> None:
    """A ``spec`` of the same shape in an object of another kind says nothing, and one without a spec does no harm."""
    same = {**obj("x.io/v1", "Definition"), "spec": {"group": "x.io", "names": {"kind": "Thing"}, "scope": "Cluster"}}
    found = inventory([same, {**crd(), "spec": None}, obj("x.io/v1", "Thing")])
    assert found.of("Thing", "x.io")[0].key.namespace == "default"


def test_a_definition_in_the_render_is_believed_first() -> None:
    """Even against what is known of a project's kinds."""
    mine = crd(group="kyverno.io", names={"kind": "ClusterPolicy"}, scope="Namespaced")
    assert inventory([obj("kyverno.io/v1", "ClusterPolicy")]).objects[0].key.namespace == ""
    assert inventory([mine, obj("kyverno.io/v1", "ClusterPolicy")]).objects[1].key.namespace == "default"


def test_ways_to_find() -> None:
    """By kind whatever the version, by group, and by name; an unknown kind has no objects."""
    found = inventory(
        [obj("apps/v1", "Deployment", namespace="a"), obj("apps/v1beta1", "Deployment"), obj("v1", "Secret")]
    )
    assert [one.key.namespace for one in found.of("Deployment", "apps")] == ["a", "default"]
    assert (len(found), [one.key.kind for one in found]) == (3, ["Deployment", "Deployment", "Secret"])
    assert [one.key.kind for one in found.of_group("")] == ["Secret"]
    assert found.of("Deployment") == [] and found.get("Deployment", "x", "a") is None
    assert found.get("Secret", "x", "default") is found.objects[2]


def test_labels_of_a_namespace() -> None:
    """Each has its name as a label, declared or not; an OpenShift Project counts as one."""
    declared = [obj("v1", "Namespace", "a", labels={"team": "x", "kubernetes.io/metadata.name": "lie"}),
                obj("project.openshift.io/v1", "Project", "p", labels={"team": "y"})]  # fmt: skip
    found = inventory(declared)
    assert found.namespace_labels("a") == {"team": "x", "kubernetes.io/metadata.name": "a"}
    assert found.namespace_labels("p")["team"] == "y"
    assert found.namespace_labels("gone") == {"kubernetes.io/metadata.name": "gone"}
    assert labels_of({"metadata": {"labels": {"n": 1}}}) == {"n": "1"}
    assert labels_of({"metadata": {"labels": ["n"]}}) == labels_of({"metadata": "n"}) == {}


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("a", "b"), 0), (("a", "c"), "else"), (("a", "n"), "else"), (("l", 1), "y"), (("l", 2), "else"),
        (("l", "b"), "else"), (("a", "b", "c"), "else"), ((), {"a": {"b": 0, "n": None}, "l": ["x", "y"]}),
    ],
)  # fmt: skip
def test_dig(steps: tuple[str | int, ...], found: Any) -> None:
    """A value at a path; the default where a step is missing, null, or of another type."""
    assert dig({"a": {"b": 0, "n": None}, "l": ["x", "y"]}, *steps, default="else") == found


def test_items() -> None:
    """The mappings of a list, and nothing else."""
    assert items({"a": [{"x": 1}, "y", None, {}]}, "a") == [{"x": 1}, {}]
    assert items({"a": {"x": 1}}, "a") == items({}, "a") == []


def test_who_is_bound_where_kustomize_delivers() -> None:
    """It fills in the namespace of accounts that it knows, in bindings alone; a reconciler that only applies doesn't."""
    told: list[Any] = [
        {"kind": "ServiceAccount", "name": "own"}, {"kind": "ServiceAccount", "name": "default"},
        {"kind": "ServiceAccount", "name": "away"}, {"kind": "ServiceAccount", "name": "gone"},
        {"kind": "ServiceAccount", "name": "own", "namespace": "x"}, {"kind": "User", "name": "own"}, 5,
    ]  # fmt: skip
    rbac = "rbac.authorization.k8s.io/v1"
    given = [
        {**obj(rbac, "RoleBinding"), "subjects": told},
        {**obj(rbac, "ClusterRoleBinding"), "subjects": told},
        {**obj("x.io/v1", "Thing"), "subjects": told},
        {**obj(rbac, "RoleBinding", "text"), "subjects": "own"},
        obj("v1", "ServiceAccount", "own"),
        obj("v1", "ServiceAccount", "away", namespace="else"),
        obj("v1", "ConfigMap", "gone"),
    ]
    filled = [{**one, "namespace": "prod"} for one in told[:2]] + told[2:]
    found = [one.get("subjects") for one in inventory(given, Delivery("prod", by_kustomize=True))]
    assert found == [filled, filled, told, "own", None, None, None]
    plain = inventory(given, Delivery("prod"))
    assert [one.get("subjects") for one in plain] == [told, told, told, "own", None, None, None]
    assert [one.key.namespace for one in plain] == ["prod", "", "prod", "prod", "prod", "else", "prod"]
