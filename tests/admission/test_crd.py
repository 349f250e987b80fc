"""Validation rules of CustomResourceDefinitions: what they see, what they say, what can't be told."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from kfm_checks import check_objects
from kfm_checks.admission import crd
from kfm_checks.admission.crd import broken_rules
from kfm_checks.facts.schemas_custom import has_rules

SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "n": {"type": "integer"},
        "ratio": {"type": "number"},
        "a-b": {"type": "string"},
        "namespace": {"type": "string"},
        "when": {"type": "string", "format": "date-time"},
        "raw": {"type": "string", "format": "byte"},
        "maybe": {"type": "string", "nullable": True},
        "given": {"type": "string", "default": "d"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": True},
    },
}


def said(rule: dict[str, Any], **spec: Any) -> list[tuple[str, bool]]:
    """Message and whether nobody can tell, of a rule on the spec."""
    schema = {"type": "object", "properties": {"spec": {**SPEC, "x-kubernetes-validations": [rule]}}}
    obj = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}, "spec": spec}
    return [(broken.message, broken.unknown) for broken in broken_rules(obj, schema)]


@pytest.mark.parametrize(
    ("rule", "spec", "ok"),
    [
        ("self.n > 1", {"n": 2}, True),
        ("self.n > 1", {"n": 1}, False),
        ("self.ratio + 0.5 == 1.5", {"ratio": 1}, True),
        ("self.a__dash__b == 'x'", {"a-b": "x"}, True),
        ("self.__namespace__ == 'x'", {"namespace": "y"}, False),
        ("self.raw == b'abc'", {"raw": "YWJj"}, True),
        ("has(self.given) && self.given == 'd'", {}, True),
        ("has(self.given) && self.given == 'd'", {"given": None}, True),
        ("self.map['a-b'] == 1", {"map": {"a-b": 1}}, True),
        ("self.pod.metadata.name == 'p'", {"pod": {"metadata": {"name": "p", "labels": {}}}}, True),
        ("has(self.pod.metadata.labels)", {"pod": {"metadata": {"name": "p", "labels": {}}}}, False),
        ("!has(self.undeclared)", {"undeclared": 1}, True),
        ("self.map.all(k, self.map[k] > 0)", {"map": {"a": 1, "b": 0}}, False),
        ("quantity(self.a__dash__b).isLessThan(quantity('1Gi'))", {"a-b": "512Mi"}, True),
    ],
)
def test_rule(rule: str, spec: dict[str, Any], ok: bool) -> None:
    """Rules see the fields that the schema names, with defaults and with its types."""
    assert (said({"rule": rule}, **spec) == []) is ok


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"message": "no"}, "no"),
        ({"message": "no", "reason": "FieldValueForbidden"}, "forbidden: no"),
        ({"message": "no", "messageExpression": "'n is ' + string(self.n)"}, "n is 1"),
        ({"message": "no", "messageExpression": "self.map['nope']"}, "no"),
        ({"message": "no", "messageExpression": "'two\\nlines'"}, "no"),
        ({}, "failed rule: self.n > 1"),
    ],
)
def test_message(rule: dict[str, Any], message: str) -> None:
    """messageExpression, else message, else the rule; the reason before it."""
    assert said({"rule": "self.n > 1", **rule}, n=1) == [(message, False)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": "self.n == oldSelf.n"}, []),
        ({"rule": "oldSelf.hasValue() || self.n > 1", "optionalOldSelf": True, "message": "m"}, [("m", False)]),
        ({"rule": "!oldSelf.hasValue()", "optionalOldSelf": True}, []),
        ({"rule": "self.n > 1 || 'oldSelf' == ''", "message": "a text is no name"}, [("a text is no name", False)]),
    ],
)
def test_transition(rule: dict[str, Any], expected: list[Any]) -> None:
    """On a creation there is no old value: only a rule that allows for that is judged."""
    assert said(rule, n=1) == expected


@pytest.mark.parametrize(
    ("rule", "unknown"),
    [
        ("self.map['nope'] > 0", False),
        ("self.when < timestamp('2030-01-01T00:00:00Z')", True),
        ("self.`a-b` == 'x'", True),
        ("self.n > 'a' +", True),
        ("", True),
        ("self.n", True),
    ],
)
def test_errors_refuse_and_doubts_are_said(rule: str, unknown: bool) -> None:
    """An error refuses the object; what can't be evaluated or the server refuses makes no verdict."""
    ((message, doubt),) = said({"rule": rule}, n=1, when="2026-01-01T00:00:00Z", map={})
    assert message and doubt is unknown


def test_null_is_for_the_rules_around_it() -> None:
    """A rule on a nullable field isn't run on null."""
    field = {"type": "string", "nullable": True, "x-kubernetes-validations": [{"rule": "size(self) > 0"}]}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"f": field}}}}
    assert broken_rules({"spec": {"f": None}}, schema) == ()
    assert len(broken_rules({"spec": {"f": ""}}, schema)) == 1


@pytest.mark.parametrize(
    ("written", "path"), [(".n", ("n",)), (".map['a.b'].c", ("map", "a.b", "c")), ("['x']", ("x",)), (None, ())]
)
def test_field_path(written: Any, path: tuple[str, ...]) -> None:
    """The place is the one that the rule names."""
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "false", "fieldPath": written}]}
    assert [broken.path for broken in broken_rules({}, schema)] == [path]


def test_rules_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rules than the server would pay for are no verdict."""
    monkeypatch.setattr(crd, "_MOST", 10)
    items = {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= 0"}]}
    schema = {"type": "object", "properties": {"spec": {"type": "array", "items": items}}}
    assert broken_rules({"spec": list(range(10))}, schema) == ()
    (last,) = broken_rules({"spec": list(range(20))}, schema)
    assert last.unknown and "more than 10 rules" in last.message


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "xs.x.io"},
    "spec": {"group": "x.io", "scope": "Namespaced", "names": {"kind": "X", "plural": "xs"}},
}


@pytest.mark.parametrize(("rules", "outcome"), [([], "pass"), ([{"rule": "self.n > 1"}], "error")])
def test_no_rule_no_engine(monkeypatch: pytest.MonkeyPatch, rules: list[Any], outcome: str) -> None:
    """A run without rules never loads the engine."""
    schema = {"type": "object", "properties": {"spec": {**SPEC, "x-kubernetes-validations": rules}}}
    assert has_rules(schema) is bool(rules)
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {**CRD, "spec": {**CRD["spec"], "versions": [version]}}  # type: ignore[dict-item]
    monkeypatch.setitem(sys.modules, "kfm_checks.admission.crd", None)
    obj = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x", "namespace": "n"}, "spec": {"n": 1}}
    assert check_objects([crd, obj], only=["objects-match-schema"]).results[0].outcome == outcome


def test_rules_wait_for_a_valid_object() -> None:
    """What its schema refuses already isn't held against the rules, as the server doesn't."""
    schema = {"type": "object", "properties": {"spec": {**SPEC, "x-kubernetes-validations": [{"rule": "self.n > 1"}]}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {**CRD, "spec": {**CRD["spec"], "versions": [version]}}  # type: ignore[dict-item]
    obj = {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x", "namespace": "n"}, "spec": {"n": "one"}}
    found = check_objects([crd, obj], only=["objects-match-schema"]).results[0]
    assert [item.pointer for item in found.evidence if item.holds is False] == ["/spec/n"]
