"""OpenAPI schemas compiled to functions that say what is wrong with a value, as the API server's strict decoding does.

One compiler serves Kubernetes' own kinds and custom resources. Own kinds are decoded into Go structures: null counts
as absent, unknown fields are refused. Structural schemas of CustomResourceDefinitions add their keywords: patterns,
bounds, ``nullable``, ``x-kubernetes-preserve-unknown-fields``. CEL rules (``x-kubernetes-validations``) are evaluated
elsewhere: ``kfm_checks.admission.crd``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.schemas_keywords import keyword_rules
from kfm_checks.facts.schemas_rules import (
    UNSET,
    Problems,
    Rule,
    Schema,
    accept,
    all_of,
    any_int_or_string,
    enum_rules,
    int_or_share,
    list_rule,
    object_rule,
    quantity_rule,
    scalar,
    wrong_type,
)
from kfm_checks.facts.schemas_store import as_numbers
from kfm_checks.facts.schemas_values_table import with_values
from kfm_checks.model import Path

QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_OBJECT_WORDS = frozenset({"properties", "additionalProperties", "required"})
#: Closed sets of words in which the server takes an empty text for its default (they are no pointers in its types).
FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "apps.v1.DaemonSetUpdateStrategy": ("type",),
    "apps.v1.DeploymentStrategy": ("type",),
    "apps.v1.StatefulSetSpec": ("podManagementPolicy",),
    "apps.v1.StatefulSetUpdateStrategy": ("type",),
    "batch.v1.CronJobSpec": ("concurrencyPolicy",),
    "core.v1.Container": ("imagePullPolicy", "terminationMessagePolicy"),
    "core.v1.ContainerPort": ("protocol",),
    "core.v1.HTTPGetAction": ("scheme",),
    "core.v1.PersistentVolumeSpec": ("persistentVolumeReclaimPolicy",),
    "core.v1.PodSpec": ("dnsPolicy", "restartPolicy"),
    "core.v1.ServicePort": ("protocol",),
    "core.v1.ServiceSpec": ("externalTrafficPolicy", "sessionAffinity", "type"),
    "storage.v1.StorageClass": ("reclaimPolicy",),
}
#: Fields that OpenAPI calls required and the server doesn't ask for.
NOT_ASKED: Mapping[str, tuple[str, ...]] = {"core.v1.LimitRangeSpec": ("limits",)}
#: Marks them in a schema.
FREE = "kfm-checks/not-asked"
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class Compiler:
    """Rules for the definitions of one Kubernetes version, or for one CRD (``structural``), each compiled once."""

    def __init__(
        self, definitions: Mapping[str, Schema], *, version: str = "0.0", structural: bool = False, meta: Rule = accept
    ) -> None:
        self.definitions = definitions
        self.version = as_numbers(version)
        self.structural = structural
        #: The rule for ``metadata`` of an embedded resource.
        self.meta = meta
        self._named: dict[str, Rule] = {}

    def named(self, name: str) -> Rule:
        """The rule of a definition; a definition may contain itself."""
        if name not in self._named:
            self._named[name] = lambda value, path, problems: self._named[name](value, path, problems)
            special = {QUANTITY: quantity_rule, INT_OR_STRING: int_or_share}.get(name)
            self._named[name] = special or with_values(name, self.rule(self._open(name)), self.version)
        return self._named[name]

    def _open(self, name: str) -> Schema:
        """A definition; where the server fills a word in, an empty text is none."""
        schema = self.definitions.get(name, {})
        short = name.removeprefix("io.k8s.api.")
        filled = FILLED_IN.get(short, ())
        if short in NOT_ASKED:
            return {**schema, FREE: NOT_ASKED[short]}
        if not filled:
            return schema
        fields = schema["properties"]
        marked = {field: {**fields[field], UNSET: True} for field in filled}
        return {**schema, "properties": {**fields, **marked}}

    def rule(self, schema: Schema) -> Rule:
        """The rule of a schema."""
        if isinstance(schema.get("$ref"), str):
            name = schema["$ref"]
            return self.named(name)
        rules = [self._typed(schema), *(keyword_rules(schema, self._values) if self.structural else enum_rules(schema))]
        rules = [rule for rule in rules if rule is not accept]
        found = rules[0] if len(rules) == 1 else all_of(rules) if rules else accept
        return self._nullable(schema, self._pruned(schema, found)) if self.structural else found

    def _values(self, schema: Schema) -> Rule:
        """The rule of a branch of ``allOf``, ``anyOf``, ``oneOf``, ``not``: values alone, fields need not be known."""
        return self.rule({**schema, "x-kubernetes-preserve-unknown-fields": True})

    def _nullable(self, schema: Schema, rule: Rule) -> Rule:
        """In custom resources null is refused unless ``nullable``; of a field it is dropped before (``_pruned``)."""
        if schema.get("nullable") is True or "default" in schema or not schema.get("type"):
            return lambda value, path, problems: None if value is None else rule(value, path, problems)
        expected = {"object": "a mapping", "array": "a list", "string": "text"}.get(str(schema["type"]), "a value")

        def not_null(value: Any, path: Path, problems: Problems) -> None:
            if value is None:
                problems.append(wrong_type(value, path, expected))
            else:
                rule(value, path, problems)

        return not_null

    def _typed(self, schema: Schema) -> Rule:
        if schema.get("x-kubernetes-int-or-string") is True or schema.get("format") == "int-or-string":
            return any_int_or_string
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(schema)
        if kind is None:
            return self._untyped(schema)
        return scalar(str(kind), schema.get("format"))

    def _untyped(self, schema: Schema) -> Rule:
        """Without a type, keywords of mappings bind mappings alone, those of lists lists alone."""
        mappings = self._object(schema) if _OBJECT_WORDS & schema.keys() else accept
        lists = self._array(schema) if "items" in schema else accept
        if mappings is accept and lists is accept:
            return accept

        def check(value: Any, path: Path, problems: Problems) -> None:
            if isinstance(value, dict):
                mappings(value, path, problems)
            elif isinstance(value, list):
                lists(value, path, problems)

        return check

    def _pruned(self, schema: Schema, rule: Rule) -> Rule:
        """The server drops nulls of fields that are not ``nullable`` before it looks at a custom resource."""
        fields, more = _mapping(schema.get("properties")), schema.get("additionalProperties")

        def dropped(name: Any) -> bool:
            field = fields.get(name, more)
            return isinstance(field, Mapping) and field.get("nullable") is not True

        def check(value: Any, path: Path, problems: Problems) -> None:
            if isinstance(value, dict) and any(item is None and dropped(name) for name, item in value.items()):
                value = {name: item for name, item in value.items() if item is not None or not dropped(name)}
            rule(value, path, problems)

        return check

    def _object(self, schema: Schema) -> Rule:
        fields = {
            str(name): self.rule(field)
            for name, field in _mapping(schema.get("properties")).items()
            if isinstance(field, Mapping)
        }
        more = schema.get("additionalProperties")
        other = self.rule(more) if isinstance(more, Mapping) else accept if more is True else None
        open_ended = schema.get("x-kubernetes-preserve-unknown-fields") is True
        if open_ended or ("properties" not in schema and more is None and not self.structural):
            other = other or accept
        required = self._required(schema)
        nullable = required if self.structural else ()  # the nulls that count as absent are gone by then
        if schema.get("x-kubernetes-embedded-resource") is True:
            fields = {"apiVersion": scalar("string"), "kind": scalar("string"), "metadata": self.meta} | fields
            required, nullable = (*required, "apiVersion", "kind"), ()
        return object_rule(fields, other, required, nullable)

    def _required(self, schema: Schema) -> tuple[str, ...]:
        """Required fields; one with a default is there before the object is validated."""
        fields = _mapping(schema.get("properties"))
        names, free = schema.get("required"), schema.get(FREE, ())
        return tuple(
            name
            for name in (names if isinstance(names, list) else [])
            if isinstance(name, str) and name not in free and "default" not in _mapping(fields.get(name))
        )

    def _array(self, schema: Schema) -> Rule:
        items = schema.get("items")
        rule = self.rule(items) if isinstance(items, Mapping) else accept
        keys = schema.get("x-kubernetes-list-map-keys")
        unique = schema.get("x-kubernetes-list-type")
        defaults = _defaults(items) if self.structural else _KEY_DEFAULTS
        if unique == "map" and isinstance(keys, list):
            return list_rule(rule, tuple(str(key) for key in keys), defaults)
        return list_rule(rule, () if unique == "set" else None, {})


#: Keys of list items that the API server fills in before it compares them.
_KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}


def _defaults(items: Any) -> dict[str, Any]:
    fields = _mapping(_mapping(items).get("properties"))
    return {name: field["default"] for name, field in fields.items() if "default" in _mapping(field)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
