"""Validation rules of CustomResourceDefinitions (``x-kubernetes-validations``) and the defaults of their schemas.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfm_checks.admission.cel import Refused, compile_cel
from kfm_checks.admission.model import NotEvaluated, PolicyError
from kfm_checks.admission.resources import resources
from kfm_checks.facts.objects import Inventory, items
from kfm_checks.model import Manifest, Path

_SELF = frozenset({("self", "dyn"), ("oldSelf", "dyn")})
_DEEPEST = 60
_RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
    ]
)
_IDENTIFIER = re.compile(r"[A-Za-z_.\-/][A-Za-z0-9_.\-/]*")
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Broken:
    """A rule that an object breaks, or (``unknown``) one that can't be evaluated. ``path`` starts at the object."""

    obj: Manifest
    path: Path
    rule: str
    message: str
    unknown: bool = False


def with_defaults(value: Any, schema: Schema, depth: int = 0) -> Any:
    """A copy of a value with the defaults of its schema, as the server fills them in."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        properties = schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        given = {k: v["default"] for k, v in known.items() if k not in value and isinstance(v, dict) and "default" in v}
        extra = schema.get("additionalProperties")
        fallback: Schema = extra if isinstance(extra, dict) else {}
        return {k: with_defaults(v, _schema(known.get(k), fallback), depth + 1) for k, v in {**value, **given}.items()}
    if isinstance(value, list):
        return [with_defaults(item, _schema(schema.get("items"), {}), depth + 1) for item in value]
    return value


def _schema(found: Any, fallback: Schema) -> Schema:
    return found if isinstance(found, dict) else fallback


def broken_rules(inventory: Inventory) -> tuple[Broken, ...]:
    """Every validation rule that a custom resource of the render breaks, on its creation."""
    schemas = resources(inventory).schemas
    found: list[Broken] = []
    for obj in inventory:
        group, _, version = obj.key.api_version.rpartition("/")
        schema = schemas.get((group, version, obj.key.kind))
        if schema is not None:
            found.extend(Broken(obj, *rest) for rest in _walk(with_defaults(dict(obj), schema), schema, (), 0))
    return tuple(found)


def _walk(value: Any, schema: Schema, path: Path, depth: int) -> Iterator[tuple[Path, str, str, bool]]:
    if depth > _DEEPEST:
        return
    for rule in items(schema, "x-kubernetes-validations"):
        answer = _judge(rule, value, schema)
        if answer is not None:
            yield (*path, *_field_path(rule)), str(rule.get("rule") or ""), *answer
    if isinstance(value, dict):
        properties, extra = schema.get("properties"), schema.get("additionalProperties")
        for key, inner in value.items():
            known = properties.get(key) if isinstance(properties, dict) else None
            deeper = known if isinstance(known, dict) else extra
            if isinstance(deeper, dict):
                yield from _walk(inner, deeper, (*path, str(key)), depth + 1)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, inner in enumerate(value):
            yield from _walk(inner, schema["items"], (*path, index), depth + 1)


def _field_path(rule: Mapping[str, Any]) -> Path:
    written = rule.get("fieldPath")
    return tuple(part for part in written.strip(".").split(".") if part) if isinstance(written, str) else ()


def _judge(rule: Mapping[str, Any], value: Any, schema: Schema) -> tuple[str, bool] | None:
    text = rule.get("rule")
    if not isinstance(text, str) or "oldSelf" in text:
        return None  # a rule about a transition says nothing of a creation
    try:
        program = compile_cel(text, _SELF, result="BOOL")
        activation = program.activation({"self": _escaped(value, schema)})
        if program.run(activation) is True:
            return None
        return _message(rule, activation, text), False
    except Refused as error:
        return f"the server refuses the rule: {error}", True
    except NotEvaluated as reason:
        return str(reason), True
    except PolicyError as error:
        return f"rule resulted in error: {error}", False


def _message(rule: Mapping[str, Any], activation: Any, text: str) -> str:
    written = rule.get("messageExpression")
    if isinstance(written, str) and written:
        try:
            made = compile_cel(written, _SELF, result="STRING").run(activation)
            if isinstance(made, str) and made.strip() and "\n" not in made:
                return made.strip()
        except (Refused, NotEvaluated, PolicyError):
            return str(rule.get("message") or f"failed rule: {text}").strip()
    return str(rule.get("message") or f"failed rule: {text}").strip()


def _escaped(value: Any, schema: Schema) -> Any:
    """Properties under the names by which CEL reaches them: ``a-b`` is ``a__dash__b``. Keys of plain maps stay."""
    if isinstance(value, dict):
        properties = schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        return {(_name(k) if k in known else k): _escaped(v, _schema(known.get(k), {})) for k, v in value.items()}
    if isinstance(value, list):
        return [_escaped(item, _schema(schema.get("items"), {})) for item in value]
    return value


def _name(key: str) -> str:
    if key in _RESERVED:
        return f"__{key}__"
    if not _IDENTIFIER.fullmatch(key):
        return key
    made = key.replace("__", "__underscores__")
    return made.replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__")
