"""The rules that compiled schemas are made of: objects, lists, scalars, quantities."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.schemas_formats import FORMATS, int32
from kfm_checks.model import Path
from kfm_checks.values import Value


class Problem(Value, frozen=True):
    """One thing that the API server would refuse; ``observed`` may hold the value and is withheld for Secrets."""

    path: Path
    message: str
    expected: str = ""
    observed: Any = ""
    #: Whether nobody can tell: a validation rule that can't be evaluated here.
    unknown: bool = False
    #: Whether the value alone is wrong: its type is that of the schema.
    of_value: bool = False


Schema = Mapping[str, Any]
Problems = list[Problem]
Rule = Callable[[Any, Path, Problems], None]


def accept(value: Any, path: Path, problems: Problems) -> None:
    """Anything goes."""


def kind_of(value: Any) -> str:
    """The JSON type in plain words."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a mapping")


def wrong_type(value: Any, path: Path, expected: str) -> Problem:
    """The problem of a value of another type."""
    scalar = isinstance(value, bool | int | float | str)
    return Problem(path, f"{kind_of(value)} where {expected} belongs", expected, value if scalar else kind_of(value))


def all_of(rules: Iterable[Rule]) -> Rule:
    """Every rule, one after the other."""
    listed = tuple(rules)

    def every(value: Any, path: Path, problems: Problems) -> None:
        for rule in listed:
            rule(value, path, problems)

    return every


def object_rule(
    fields: Mapping[str, Rule], other: Rule | None, required: tuple[str, ...], nullable: tuple[str, ...] = ()
) -> Rule:
    """A mapping: its fields, the rule of others (None: refused), what is required (null will do if ``nullable``)."""

    def check(value: Any, path: Path, problems: Problems) -> None:
        if value.__class__ is not dict and not isinstance(value, dict):
            if value is not None:
                problems.append(wrong_type(value, path, "a mapping"))
            return
        for name, item in value.items():
            rule = fields.get(name, other)
            if rule is None:
                problems.append(Problem((*path, name), f"unknown field {name!r}", _suggest(name, fields), "present"))
            elif rule is not accept:
                rule(item, (*path, name), problems)
        for name in required:
            if value.get(name) is None and not (name in nullable and name in value):
                problems.append(Problem((*path, name), f"required field {name!r} is missing", "a value", "absent"))

    return check


def _suggest(name: str, fields: Mapping[str, Rule]) -> str:
    """The known field that an unknown one was probably meant to be, else all of them."""
    near = difflib.get_close_matches(name, fields, 1, 0.75)
    near = near or [field for field in fields if field.lower() == name.lower()]
    return f"perhaps {near[0]!r}" if near else "one of " + ", ".join(sorted(fields)[:40])


def list_rule(rule: Rule, keys: tuple[str, ...] | None, defaults: Mapping[str, Any]) -> Rule:
    """``keys`` None: items may repeat; (): a set of values; else the fields that tell items apart."""

    def check(value: Any, path: Path, problems: Problems) -> None:
        if not isinstance(value, list):
            if value is not None:
                problems.append(wrong_type(value, path, "a list"))
            return
        for index, item in enumerate(value):
            rule(item, (*path, index), problems)
        if keys is not None and len(value) > 1:
            _unique(value, keys, defaults, path, problems)

    return check


def _unique(
    value: list[Any], keys: tuple[str, ...], defaults: Mapping[str, Any], path: Path, problems: Problems
) -> None:
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        if keys and not isinstance(item, dict):
            continue
        identity = {key: item.get(key, defaults.get(key)) for key in keys} if keys else item
        if keys and None in identity.values():
            continue  # a key is missing, which is a finding of its own
        first = seen.setdefault(repr(identity), index)
        if first != index:
            shown = ", ".join(f"{key} {val}" for key, val in identity.items()) if keys else str(identity)
            message = f"duplicate item: {shown} is there already, at index {first}"
            problems.append(Problem((*path, index), message, "each item once", shown))


_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
}


def scalar(kind: str, form: Any = None) -> Rule:
    """A scalar of a type, with the format that a decoder enforces."""
    if kind not in _SCALARS:
        return accept
    types, expected = _SCALARS[kind]
    quick = frozenset(types)
    form_rule = FORMATS.get(form) if isinstance(form, str) else None

    def check(value: Any, path: Path, problems: Problems) -> None:
        if value.__class__ in quick:
            if form_rule is not None and (wanted := form_rule(value)):
                problems.append(Problem(path, f"it is not {wanted}", wanted, value))
        elif value is not None:
            problems.append(wrong_type(value, path, expected))

    return check


#: Marks a closed set of words in which an empty text says nothing.
UNSET = "kfm-checks/empty-is-unset"


def enum_rules(schema: Schema) -> list[Rule]:
    """The closed set of values, where there is one."""
    allowed = schema.get("enum")
    if not isinstance(allowed, list):
        return []
    nothing = (None, "") if schema.get(UNSET) else (None,)

    def check(value: Any, path: Path, problems: Problems) -> None:
        if value not in nothing and isinstance(value, str) and value not in allowed:
            words = ", ".join(str(word) or '""' for word in allowed)
            problems.append(Problem(path, f"{value!r} is none of the values allowed", f"one of {words}", value))

    return [check]


def any_int_or_string(value: Any, path: Path, problems: Problems) -> None:
    """The same in a custom resource, where a number may have 64 bits."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | str)):
        problems.append(wrong_type(value, path, "a whole number or text"))


def int_or_string(value: Any, path: Path, problems: Problems) -> None:
    """``intstr.IntOrString``."""
    if value is None or isinstance(value, str):
        return
    if not isinstance(value, int) or isinstance(value, bool):
        problems.append(wrong_type(value, path, "a whole number or text"))
    elif int32(value):
        problems.append(Problem(path, "the number is larger than 32 bits", "a 32-bit whole number or text", value))


#: Fields of Kubernetes' own kinds that count or take a share: as text only a percentage is valid (API reference,
#: PodDisruptionBudgetSpec, RollingUpdateDeployment, RollingUpdateDaemonSet, RollingUpdateStatefulSetStrategy).
_SHARES = frozenset({"maxUnavailable", "minAvailable", "maxSurge"})


def int_or_share(value: Any, path: Path, problems: Problems) -> None:
    """``intstr.IntOrString`` of a built-in kind: a port may be a name, an amount as text is a percentage."""
    int_or_string(value, path, problems)
    if isinstance(value, str) and _SHARES.intersection(path[-1:]) and not re.fullmatch("[0-9]+%", value):
        problems.append(Problem(path, "text that is no percentage", "a whole number or a percentage", value))


def quantity_rule(value: Any, path: Path, problems: Problems) -> None:
    """``resource.Quantity``."""
    if value is not None and quantity(value) is None:
        problems.append(Problem(path, "it is not a quantity", "a quantity such as 500m or 256Mi", value))
