"""Variables that Flux fills in: the syntax, what stays open, and text that is nobody's variable."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.evidence import fails, holds
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.substitution import Substitution, substituted, substitution, variables
from kfm_checks.model import Evidence, Manifest
from kfm_checks.unsettled import settled

KNOWN = {"A": "one", "N": "3", "EMPTY": "", "BAD": "[: }"}


def build(values: dict[str, Any] | None = None, *, others: bool = False) -> dict[str, Any]:
    """The settings of a Kustomization with these variables."""
    more = {"substituteFrom": [{"kind": "ConfigMap", "name": "settings"}]} if others else {}
    return {"postBuild": {"substitute": KNOWN if values is None else values, **more}}


def filled(text: Any, given: Substitution | None) -> tuple[Any, bool]:
    """A field of an object after it was filled in, and whether it stays open."""
    obj = substituted(
        Manifest({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"f": text}}), given
    )
    return obj["spec"]["f"], bool(obj.origin.variables)


@pytest.mark.parametrize(
    ("text", "alone", "with_others"),
    [
        ("${A}", ("one", False), ("one", False)),
        ("a-${A}-${A}", ("a-one-one", False), ("a-one-one", False)),
        ("${N}", (3, False), (3, False)),  # it is done on YAML
        ("${A:=two}", ("one", False), ("one", False)),
        ("${X:=two}", ("two", False), ("${X:=two}", True)),  # the cluster's value would go first
        ("${X:-two}", ("two", False), ("${X:-two}", True)),
        ("${X=two}", ("two", False), ("${X=two}", True)),
        ("${X:=}", (None, False), ("${X:=}", True)),
        ("${EMPTY:=two}", ("two", False), ("two", False)),
        ("a${EMPTY}b", ("ab", False), ("ab", False)),
        ("${EMPTY}", (None, False), (None, False)),
        ("${X}", ("${X}", True), ("${X}", True)),
        ("${A}/${X}", ("one/${X}", True), ("one/${X}", True)),
        ("${A^^}", ("${A^^}", True), ("${A^^}", True)),  # functions are not evaluated
        ("${A:0:1}", ("${A:0:1}", True), ("${A:0:1}", True)),
        ("$${A}", ("${A}", False), ("${A}", False)),
        ("$A $(A) {A}", ("$A $(A) {A}", False), ("$A $(A) {A}", False)),
        ("b\n${A}\n", ("b\none\n", False), ("b\none\n", False)),
    ],
)
def test_the_syntax(text: str, alone: tuple[Any, bool], with_others: tuple[Any, bool]) -> None:
    """Inline values, defaults and the escape are filled in; all else stays as it is written, and open."""
    assert filled(text, substitution([build()])) == alone
    assert filled(text, substitution([build(others=True)])) == with_others


def test_a_value_that_is_no_yaml_at_its_place_leaves_all_open() -> None:
    """Flux would refuse the object; nobody knows what would become of it."""
    assert filled("${BAD}", substitution([build()])) == ("${BAD}", True)


def test_without_a_variable_nothing_is_substituted() -> None:
    """As Flux does it: then ${X} is text."""
    for each in ({}, {"postBuild": {}}, build({}), None):
        assert substitution([each]) is None
        assert filled("${X}", substitution([each])) == ("${X}", False)


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_an_object_can_be_left_out(where: str) -> None:
    """By Flux's own label or annotation."""
    marks = {where: {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}
    obj = Manifest({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x", **marks}, "spec": "${A} ${X}"})
    assert substituted(obj, substitution([build()])) is obj


def test_what_reconcilers_do_not_agree_on_stays_open() -> None:
    """The same overlay with two sets of values: what they share is known."""
    shared = substitution([build({"A": "1", "B": "2"}), build({"A": "1", "B": "3"})])
    assert (filled("${A}", shared), filled("${B}", shared)) == ((1, False), ("${B}", True))
    assert filled("${X:=two}", shared) == ("${X:=two}", True)
    assert filled("${A}", substitution([build(), None])) == ("${A}", True)
    assert substitution([build(), build()]) == substitution([build()])


def test_keys_are_filled_in_too() -> None:
    """And a key that stays open is a place of its own."""
    obj = Manifest(
        {"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x", "labels": {"a/${A}": "y", "b/${X}": "n"}}}
    )
    found = substituted(obj, substitution([build()]))
    assert found["metadata"]["labels"] == {"a/one": "y", "b/${X}": "n"}
    assert found.origin.variables == (("metadata", "labels", "b/${X}"),)
    assert variables(inventory([found]))[inventory([found]).objects[0].key][0].names == ("X",)


@pytest.mark.parametrize("text", ["\ue000", "\ue000{A}", "\ue000${X}\ue001"])
def test_no_text_is_taken_for_a_mark(text: str) -> None:
    """Whatever characters somebody writes, only what is written as a variable is one."""
    assert filled(text, substitution([build()])) == (text, "${X}" in text)
    assert filled("${V}", substitution([build({"V": text.replace("${X}", "")})])) == (text.replace("${X}", ""), False)


SCALARS = st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.sampled_from(["y", "no", "1e3", "0644", "~", "2026-01-01", "a: b", "#", "|", "on"]))  # fmt: skip
KEYS = st.one_of(st.text(min_size=1), st.sampled_from(["y", "no", "1", "null", "true", "a: b"]))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_text_that_is_no_variable_stays_what_it_is(value: Any) -> None:
    """Whatever an object holds: filling in one field leaves all others alone, or the whole object is left alone."""
    obj = Manifest({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"v": value, "f": "${A}"}})
    found = substituted(obj, Substitution({"A": "one"}))
    if "${" not in repr(value):
        assert found["spec"]["v"] == value
        assert found["spec"]["f"] == ("${A}" if found.origin.variables else "one")


def opened(
    paths: dict[str, Any], reached: set[str], item: Evidence | None, kind: str = "Deployment"
) -> list[bool | None]:
    """What becomes of evidence, and of what is added, for an object with ``${X}`` at these places."""
    group = {"NetworkPolicy": "networking.k8s.io/v1", "Role": "rbac.authorization.k8s.io/v1"}.get(kind, "apps/v1")
    obj = Manifest({"apiVersion": group, "kind": kind, "metadata": {"name": "x", "namespace": "n"}, "spec": paths})
    known = variables(inventory([substituted(obj, Substitution({}, True))]))
    assert known
    return [each.holds for each in settled([item] if item else [], known, reached)]


KEY = Manifest({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n"}}).key


@pytest.mark.parametrize(
    ("path", "ok", "after"),
    [
        (("spec", "replicas"), True, None),  # it is the field
        (("spec", "replicas"), False, None),
        (("spec",), True, None),  # it holds the field, which decides
        (("spec",), False, None),
        ((), True, None),
        ((), False, False),  # the whole object fails, whatever the field is
        (("spec", "template"), True, True),  # another field
        (("spec", "template"), False, False),
    ],
)
def test_evidence_that_reads_a_variable_is_not_verified(path: tuple[str, ...], ok: bool, after: bool | None) -> None:
    """Neither red nor green; evidence that does not read it stays."""
    item = (holds if ok else fails)(KEY, path, message="m")
    found = list(settled([item], {}, {"inventory"}))
    assert found == [item]
    assert opened({"replicas": "${X}", "template": {}}, {"inventory"}, item) == [after]


def test_text_decides_nothing_of_the_object_around_it() -> None:
    """An image or a host with a variable leaves the pod's other rows alone; who points to it reads it."""
    whole, field = holds(KEY, ("spec",), message="m"), fails(KEY, ("spec", "image"), message="m")
    assert opened({"image": "a:${X}", "host": "${X}"}, {"inventory"}, whole) == [True]
    assert opened({"image": "a:${X}"}, {"inventory"}, field) == [None]


def test_what_is_judged_as_written_stays() -> None:
    """A credential in a file is one, whatever is filled in beside it."""
    item = fails(KEY, ("spec", "url"), message="m")
    assert opened({"url": "https://u:pw@${X}"}, {"inventory", "object_credentials"}, item) == [False]
    assert opened({"url": "https://u:pw@${X}"}, {"inventory"}, item) == [None]


@pytest.mark.parametrize(
    ("kind", "fact", "outcome"),
    [("NetworkPolicy", "network", [None, None]), ("Role", "access", [True, None]), ("NetworkPolicy", "access", [True])],
)
def test_what_is_computed_from_many_objects_is_open_with_one_of_them(
    kind: str, fact: str, outcome: list[bool | None]
) -> None:
    """A policy with an unknown address leaves the isolation of its namespace open; a role what it grants."""
    assert opened({"cidr": "${X}"}, {"inventory", fact}, holds(KEY, message="m"), kind) == outcome
    aside = opened({"tls": {"secretName": "${X}"}}, {"inventory", fact}, holds(KEY, ("kind",), message="m"), kind)
    assert aside == [True]
    elsewhere = holds(KEY._replace(namespace="other"), message="m")
    assert opened({"cidr": "${X}"}, {"inventory", fact}, elsewhere, kind)[0] is True


def test_values_alone_are_all_that_is_known() -> None:
    """Where nothing comes from the cluster a default holds."""
    assert filled("${X:=two}", Substitution({"A": "one"})) == ("two", False)


def test_only_fields_with_a_variable_are_open() -> None:
    """In lists as in mappings, and also where a value is no YAML at its place."""
    spec = {"a": "plain", "l": ["x", "${X}", "${A}"], "m": {"k": "${X}"}}
    obj = Manifest({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec})
    found = substituted(obj, substitution([build()]))
    assert found["spec"] == {"a": "plain", "l": ["x", "${X}", "one"], "m": {"k": "${X}"}}
    assert found.origin.variables == (("spec", "l", 1), ("spec", "m", "k"))
    [names] = variables(inventory([found])).values()
    assert [(one.path, one.names) for one in names] == [(path, ("X",)) for path in found.origin.variables]
    broken = Manifest({**obj, "spec": {**spec, "b": "${BAD}"}})
    assert substituted(broken, substitution([build()])).origin.variables == (
        ("spec", "l", 1),
        ("spec", "l", 2),
        ("spec", "m", "k"),
        ("spec", "b"),
    )
