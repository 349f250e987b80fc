"""Whose a field is, as ``managedFields`` tell it, down to items of lists and entries of Secrets."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.live_owners import (
    Owner,
    applied,
    data_by_hand,
    first_owner,
    hands,
    last_owner,
    owner_of,
    people,
    taker_of,
)
from kfm_checks.model import Path


def entry(manager: str, fields: Any, when: str = "2026-11-21", **more: Any) -> dict[str, Any]:
    """One entry of managed fields."""
    return {"manager": manager, "operation": "Update", "time": when, "fieldsV1": fields, **more}


def live(*entries: dict[str, Any], **content: Any) -> dict[str, Any]:
    """A live object."""
    return {"metadata": {"managedFields": list(entries)}, **content}


SPEC = {"args": ["a", "b"], "finalizers": ["x", "y"], "ports": [{"port": 1, "protocol": "TCP"}, {"port": 2}]}


@pytest.mark.parametrize(
    ("fields", "path", "owned"),
    [
        ({"f:spec": {"f:args": {}}}, ("spec", "args", 1), True),
        ({"f:spec": {"f:args": {"i:1": {}}}}, ("spec", "args", 1), True),
        ({"f:spec": {"f:args": {"i:1": {}}}}, ("spec", "args", 0), False),
        ({"f:spec": {"f:finalizers": {'v:"y"': {}}}}, ("spec", "finalizers", 1), True),
        ({"f:spec": {"f:finalizers": {'v:"y"': {}}}}, ("spec", "finalizers", 0), False),
        ({"f:spec": {"f:ports": {'k:{"port":2}': {}}}}, ("spec", "ports", 1, "port"), True),
        ({"f:spec": {"f:ports": {'k:{"port":2}': {}}}}, ("spec", "ports", 0, "port"), False),
        ({"f:spec": {"f:ports": {'k:{"port":1,"protocol":"UDP"}': {}}}}, ("spec", "ports", 0), False),
        # What is no name of an item, whatever it means.
        ({"f:spec": {"f:args": {"f:1": {}}}}, ("spec", "args", 1), False),
        ({"f:spec": {"f:args": {"v:nonsense": {}}}}, ("spec", "args", 1), False),
        ({"f:spec": {"f:args": {'k:"b"': {}}}}, ("spec", "args", 1), False),
        ({"f:spec": {"f:args": {'x:"b"': {}}}}, ("spec", "args", 1), False),
        # A part of what is asked for, the object as a whole, and what is no set of fields.
        ({"f:spec": {"f:args": {}}}, ("spec",), True),
        ({"f:spec": {}}, ("spec", "args"), True),
        ({}, ("spec",), False),
        (None, ("spec",), False),
        ({"f:spec": {"f:args": "all"}}, ("spec", "args"), False),
        ({"f:spec": {"f:args": "all"}}, ("spec", "args", 0), False),
        ({"f:spec": {"f:other": {}}}, ("spec", "args"), False),
    ],
)
def test_what_an_entry_owns(fields: Any, path: Path, owned: bool) -> None:
    """Fields by name, items by key, by value or by place; what is above a field owns it as a whole."""
    assert (owner_of(live(entry("kubectl", fields), spec=SPEC), path, named=True) is not None) is owned


def test_the_last_of_several_owners_is_named() -> None:
    """By time; where none owns the field, the last of the object, unless only a named one will do."""
    spec = {"f:spec": {"f:args": {}}}
    obj = live(entry("a", spec, "2026-11-20"), entry("c", {}, "2026-11-22"), entry("b", spec, "2026-11-21"), spec=SPEC)
    found = owner_of(obj, ("spec", "args"))
    assert found == Owner("2026-11-21", "b", "Update")
    assert str(found) == "b (Update, 2026-11-21)"
    assert str(Owner("", "b", "Apply")) == "b (Apply)"
    last = owner_of(obj, ("spec", "ports"))
    assert last is not None
    assert last.manager == "c"
    assert owner_of(obj, ("spec", "ports"), named=True) is None


def test_status_tells_nobody_who_changed_the_object() -> None:
    """Who wrote the status last is neither its maker nor its last hand; an object without entries has neither."""
    status = {"subresource": "status"}
    obj = live(
        entry("early", {}, "2026-11-01", **status), entry("maker", {}, "2026-11-02"),
        entry("hand", {}, "2026-11-03"), entry("late", {}, "2026-11-04", **status),
    )  # fmt: skip
    first, last = first_owner(obj), last_owner(obj)
    assert first is not None
    assert last is not None
    assert (first.manager, last.manager) == ("maker", "hand")
    assert (first_owner({}), last_owner({})) == (None, None)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"f:data": {"f:password": {}, ".": {}}}, ["password"]),
        ({"f:type": {}}, []),
        ({"f:data": "all"}, []),
        (None, []),
    ],
)
def test_entries_of_a_secret_that_a_tool_wrote(fields: Any, found: list[str]) -> None:
    """By name, and never those of a program of the cluster."""
    obj = live(entry("kubectl", fields), entry("external-secrets", {"f:data": {"f:other": {}}}))
    assert [(name, owner.manager) for name, owner in data_by_hand(obj)] == [(name, "kubectl") for name in found]


def test_an_entry_without_a_manager_is_somebodys() -> None:
    """Nobody is taken for a program by saying nothing."""
    unnamed = {"operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}
    assert people(live(unnamed)) == {"unknown"}
    assert [owner.manager for _, owner in data_by_hand(live(unnamed))] == ["unknown"]
    program = entry("argocd-controller", {"f:spec": {"f:args": {}}}, operation="Apply")
    assert hands(live(program, unnamed, spec=SPEC), [("spec", "args")]) == {"unknown"}


def test_who_applies_an_object_without_a_name_is_no_hand() -> None:
    """Whoever holds most of what git gives."""
    fields = {"f:spec": {"f:args": {}}}
    others = entry("kube-controller-manager", {"f:spec": {"f:x": {}}})
    assert (
        hands(live({"operation": "Update", "fieldsV1": fields}, others, spec=SPEC), [("spec", "args")]) == frozenset()
    )


@pytest.mark.parametrize(
    ("manager", "operation", "found"),
    [("argocd-controller", "Apply", True), ("argocd-controller", "Update", False), ("kubectl", "Apply", False)],
)
def test_whether_a_gitops_controller_applies(manager: str, operation: str, found: bool) -> None:
    """On the server's side, and nobody else."""
    assert applied(live(entry(manager, {}, operation=operation))) is found


@pytest.mark.parametrize(("held", "hand"), [(("args",), True), (("args", "ports"), False)])
def test_who_holds_more_than_half_applies_the_object(held: tuple[str, ...], hand: bool) -> None:
    """Half of what git gives is not most of it; his entry of the status says nothing either way."""
    rendered: list[Path] = [("spec", "args"), ("spec", "ports"), ("spec", "finalizers")]
    mine = entry("kubectl", {"f:spec": {f"f:{name}": {} for name in held}})
    status = entry("someone", {"f:status": {}}, subresource="status")
    others = entry("kube-controller-manager", {"f:spec": {"f:x": {}}})
    found = hands(live(mine, status, others, spec=SPEC), rendered)
    assert ("kubectl" in found) is hand
    assert "someone" not in found
    assert hands(live(mine, status, spec=SPEC), rendered) == frozenset()
    assert ("kubectl" in hands(live(mine, others, spec=SPEC), [("spec", "args"), ("spec", "x")])) is True


@pytest.mark.parametrize(("fields", "taker"), [({"f:spec": {"f:args": {}}}, "kubectl"), ({"f:data": {}}, "")])
def test_who_took_a_field_away_wrote_around_it(fields: Any, taker: str) -> None:
    """Whoever wrote elsewhere in the object is not accused."""
    found = taker_of(live(entry("kubectl", fields), spec=SPEC), ("spec", "gone"))
    assert (found.manager if found else "") == taker
