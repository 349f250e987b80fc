"""Schemas of custom resources: from CustomResourceDefinitions, and from JSON Schemas as kubeconform names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfm_checks.facts.objects import dig, items
from kfm_checks.facts.schemas_rules import Problem, Problems, Rule, accept
from kfm_checks.facts.schemas_store import Kind
from kfm_checks.facts.schemas_validator import Compiler
from kfm_checks.model import Path

#: The ``kind`` that marks a JSON Schema among the extra schemas: {"kind": JSON_SCHEMA, "name": file stem, "schema": …}.
JSON_SCHEMA = "kfm-checks/JSONSchema"
#: A message longer than this is cut: its beginning is the value.
_LONGEST_SAID = 200


@dataclass
class CustomKinds:
    """The schemas of custom kinds: structural ones by kind, JSON Schemas by the names that kubeconform gives them."""

    structural: Mapping[Kind, Mapping[str, Any]]
    #: Kinds whose CRD carries no schema, or one that is no longer valid: known, and not checkable.
    bare: frozenset[Kind] = frozenset()
    named: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def knows(self, kind: Kind) -> bool:
        """Whether anything was given for the kind."""
        return kind in self.structural or kind in self.bare or self._json_schema(kind) is not None

    def rule(self, kind: Kind, meta: Rule) -> Rule | None:
        """The rule of a kind; ``meta`` is the rule of its metadata. None where there is no schema."""
        if kind in self.structural:
            return _resource_rule(self.structural[kind], meta)
        schema = self._json_schema(kind)
        return None if schema is None else _json_rule(schema)

    def schema(self, kind: Kind) -> Mapping[str, Any] | None:
        """The schema of a kind as it was given, None where there is none."""
        return self.structural.get(kind) or self._json_schema(kind)

    def _json_schema(self, kind: Kind) -> Mapping[str, Any] | None:
        names = _names(kind)
        return next((self.named[name] for name in names if name in self.named), None)


def _names(kind: Kind) -> tuple[str, ...]:
    """The file names, without ending, under which kubeconform and the CRD catalogue keep a kind's schema."""
    lower, first = kind.kind.lower(), kind.group.partition(".")[0].lower()
    return (
        f"{kind.group}/{lower}_{kind.version}",
        f"{lower}-{kind.group}-{kind.version}",
        f"{lower}-{first}-{kind.version}" if first else f"{lower}-{kind.version}",
        f"{lower}_{kind.version}",
    )


def has_rules(schema: Any) -> bool:
    """Whether a schema, or one of its fields, has validation rules in CEL."""
    if not isinstance(schema, Mapping):
        return False
    if schema.get("x-kubernetes-validations"):
        return True
    fields = schema.get("properties")
    inner = [*(fields.values() if isinstance(fields, Mapping) else ()), schema.get("items")]
    return any(has_rules(one) for one in (*inner, schema.get("additionalProperties")))


def custom_kinds(given: Iterable[Mapping[str, Any]]) -> CustomKinds:
    """Index CRDs and JSON Schemas; a later one replaces an earlier one of the same kind."""
    structural: dict[Kind, Mapping[str, Any]] = {}
    bare: set[Kind] = set()
    named: dict[str, Mapping[str, Any]] = {}
    for entry in given:
        if entry.get("kind") == JSON_SCHEMA:
            named[str(entry.get("name"))] = entry.get("schema") or {}
            continue
        for kind, schema in _versions(entry):
            if schema is None:
                bare.add(kind)
            else:
                structural[kind] = schema
    return CustomKinds(structural, frozenset(bare - structural.keys()), named)


def _versions(crd: Mapping[str, Any]) -> Iterable[tuple[Kind, Mapping[str, Any] | None]]:
    if crd.get("kind") != "CustomResourceDefinition":
        return
    group, kind = str(dig(crd, "spec", "group", default="")), str(dig(crd, "spec", "names", "kind", default=""))
    shared = dig(crd, "spec", "validation", "openAPIV3Schema")
    versions = items(crd, "spec", "versions") or [{"name": dig(crd, "spec", "version", default="")}]
    for version in versions:
        if version.get("served", True) is False:
            continue
        schema = dig(version, "schema", "openAPIV3Schema", default=shared)
        yield Kind(group, str(version.get("name") or ""), kind), schema if isinstance(schema, dict) else None


def _resource_rule(schema: Mapping[str, Any], meta: Rule) -> Rule:
    """The rule of a custom resource: its own fields, and those that every object has.

    What its schema says of the latter is not asked: its kind was found by two of them, and ``meta`` judges the third.
    """
    own = schema.get("properties")
    fields = {**(own if isinstance(own, Mapping) else {}), "apiVersion": {}, "kind": {}, "metadata": {}}
    whole = Compiler({}, structural=True, meta=meta).rule({**schema, "properties": fields})

    def check(value: Any, path: Path, problems: Problems) -> None:
        whole(value, path, problems)
        meta(value.get("metadata"), (*path, "metadata"), problems)

    return check


def _no_retrieval(uri: str) -> Any:
    """A reference that leads out of the schema: never fetched, neither from the web nor from a file."""
    raise ValueError(f"it refers to {uri}, outside the file")


def _json_rule(schema: Mapping[str, Any]) -> Rule:
    """The rule of a plain JSON Schema, by jsonschema-rs; references to other files are not followed."""
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(dict(schema), validate_formats=False, retriever=_no_retrieval)
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        return lambda value, path, problems: problems.append(Problem((), f"its JSON Schema is not usable: {reason}"))
    if not schema:
        return accept

    def check(value: Any, path: Path, problems: Problems) -> None:
        for error in validator.iter_errors(value):
            where = (*path, *error.instance_path)
            said = error.message  # which begins with the value
            words = said if len(said) <= _LONGEST_SAID else said.rpartition(" is ")[2][-_LONGEST_SAID:]
            problems.append(Problem(where, f"it is against its JSON Schema: {words}"))

    return check
