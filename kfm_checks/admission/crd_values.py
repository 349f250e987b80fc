"""Custom resources as their CustomResourceDefinition has them: with defaults, and as CEL sees them.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting and
https://kubernetes.io/docs/reference/using-api/cel/#escaping
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

DEEPEST = 60
Schema = Mapping[str, Any]
_RESERVED = frozenset(
    ["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"]
) | {"let", "loop", "package", "namespace", "return"}
_IDENTIFIER = re.compile(r"[A-Za-z_.\-/][A-Za-z0-9_.\-/]*")
#: What every object has; of its metadata, rules see the name alone.
_OBJECT: Schema = {
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"properties": {"name": {"type": "string"}, "generateName": {"type": "string"}}},
    }
}


def with_defaults(value: Any, schema: Schema, depth: int = 0) -> Any:
    """A copy of a value with the defaults of its schema, as the server fills them in."""
    if depth > DEEPEST:
        return value
    if isinstance(value, dict):
        known = properties(schema)
        kept = {k: v for k, v in value.items() if v is not None or not _replaced(known.get(k))}
        given = {k: v["default"] for k, v in known.items() if k not in kept and isinstance(v, dict) and "default" in v}
        extra = schema.get("additionalProperties")
        fallback: Schema = extra if isinstance(extra, dict) else {}
        return {k: with_defaults(v, _schema(known.get(k), fallback), depth + 1) for k, v in {**kept, **given}.items()}
    if isinstance(value, list):
        return [with_defaults(item, _schema(schema.get("items"), {}), depth + 1) for item in value]
    return value


def _replaced(schema: Any) -> bool:
    """Whether null gives way to a default."""
    return isinstance(schema, dict) and "default" in schema and schema.get("nullable") is not True


def properties(schema: Schema) -> Mapping[str, Any]:
    """The named fields of a schema."""
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _schema(found: Any, fallback: Schema) -> Schema:
    return found if isinstance(found, dict) else fallback


def as_object(schema: Schema) -> Schema:
    """The schema of a whole object, or of one that is embedded: its metadata shows the name alone."""
    return {**schema, "properties": {**properties(schema), **properties(_OBJECT)}}


def seen(value: Any, schema: Schema) -> Any:
    """A value as CEL sees it.

    Properties stand under the names by which CEL reaches them (``a-b`` is ``a__dash__b``), fields that the schema
    doesn't name can't be reached, keys of plain maps stay, and numbers have the type of the schema.
    """
    if isinstance(value, dict):
        schema = as_object(schema) if schema.get("x-kubernetes-embedded-resource") is True else schema
        known, extra = properties(schema), schema.get("additionalProperties")
        if known:
            return {name_of(k): seen(v, _schema(known[k], {})) for k, v in value.items() if k in known}
        return {k: seen(v, _schema(extra, {})) for k, v in value.items()}
    if isinstance(value, list):
        return [seen(item, _schema(schema.get("items"), {})) for item in value]
    return _scalar(value, schema)


def _scalar(value: Any, schema: Schema) -> Any:
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.get("format") == "byte" and isinstance(value, str):
        try:
            return base64.b64decode(value)
        except (binascii.Error, ValueError):
            return value
    return value


def name_of(key: str) -> str:
    """A property's name in CEL."""
    if key in _RESERVED:
        return f"__{key}__"
    if not _IDENTIFIER.fullmatch(key):
        return key
    made = key.replace("__", "__underscores__")
    return made.replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__")


def dated(schema: Schema, depth: int = 0) -> frozenset[str]:
    """Names of fields that CEL has as a time or a duration; "" for the value itself."""
    found = {""} if schema.get("format") in ("date-time", "datetime", "date", "duration") else set()
    if depth > DEEPEST:
        return frozenset(found)
    for name, inner in properties(schema).items():
        if isinstance(inner, dict):
            found |= {name_of(name) if below == "" else below for below in dated(inner, depth + 1)}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found |= dated(schema[key], depth + 1)
    return frozenset(found)
