"""Validation rules of CustomResourceDefinitions (``x-kubernetes-validations``), judged as on the object's creation.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.cel import Program, Refused, compile_cel
from kfm_checks.admission.cel_scan import Token, rewrite, tokens
from kfm_checks.admission.crd_values import DEEPEST, Schema, as_object, dated, properties, seen, with_defaults
from kfm_checks.admission.model import NotEvaluated, PolicyError
from kfm_checks.facts.objects import items
from kfm_checks.model import Path
from kfm_checks.values import Value

_SELF = frozenset({("self", "dyn")})
#: How many rules are run on one object; the server has a budget of cost for all of them together.
_MOST = 5_000
_STEP = re.compile(r"\.([^.\[\]]+)|\['([^']*)'\]")
_REASONS = {
    "FieldValueForbidden": "forbidden", "FieldValueRequired": "a required value is missing",
    "FieldValueDuplicate": "a duplicate value",
}  # fmt: skip


class Broken(Value, frozen=True):
    """A rule that an object breaks, or (``unknown``) one that can't be evaluated. ``path`` starts at the object."""

    path: Path
    rule: str
    message: str
    unknown: bool = False


def broken_rules(obj: Mapping[str, Any], schema: Schema) -> tuple[Broken, ...]:
    """Every rule that a custom resource breaks on its creation."""
    whole = as_object(schema)
    found: list[Broken] = []
    for count, one in enumerate(_walk(with_defaults(dict(obj), schema), whole, (), 0)):
        if count == _MOST:
            found.append(Broken((), "", f"more than {_MOST} rules would have to be run on it", True))
            break
        if one is not None:
            found.append(one)
    return tuple(found)


def _walk(value: Any, schema: Schema, path: Path, depth: int) -> Iterator[Broken | None]:
    """What each rule says, None where it holds. A null is for the rules of what surrounds it."""
    if depth > DEEPEST or value is None:
        return
    rules = items(schema, "x-kubernetes-validations")
    if rules:
        view, times = seen(value, schema), dated(schema)
        for rule in rules:
            answer = _judge(rule, view, times)
            at = (*path, *_field_path(rule))
            yield Broken(at, str(rule.get("rule") or ""), *answer) if answer is not None else None
    if isinstance(value, dict):
        known, extra = properties(schema), schema.get("additionalProperties")
        for key, inner in value.items():
            deeper = known.get(key, extra)
            if isinstance(deeper, dict):
                yield from _walk(inner, deeper, (*path, str(key)), depth + 1)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, inner in enumerate(value):
            yield from _walk(inner, schema["items"], (*path, index), depth + 1)


def _field_path(rule: Mapping[str, Any]) -> Path:
    written = rule.get("fieldPath")
    return tuple(a or b for a, b in _STEP.findall(written)) if isinstance(written, str) else ()


def _judge(rule: Mapping[str, Any], view: Any, times: frozenset[str]) -> tuple[str, bool] | None:
    """The message and whether nobody can tell; None where the rule holds or says nothing of a creation."""
    written = rule.get("rule")
    try:
        if not isinstance(written, str) or not written.strip():
            raise Refused("the rule is empty or no text")
        if _reads_old(written) and rule.get("optionalOldSelf") is not True:
            return None  # a rule about a transition says nothing of a creation
        program = _compiled(written, "BOOL", times)
        activation = program.activation({"self": view})
        if program.run(activation) is True:
            return None
        return _worded(rule, _message(rule, activation, written, times)), False
    except Refused as error:
        return f"the server refuses the rule, and with it the definition: {error}", True
    except NotEvaluated as reason:
        return str(reason), True
    except PolicyError as error:
        return f"the rule ends in an error: {error}", False


def _compiled(text: str, result: str, times: frozenset[str]) -> Program:
    """On a creation there is no old value: ``oldSelf`` of a rule that allows for that is an empty optional."""
    names = {token.text for token in tokens(text) if token.kind == "name"}
    if names & times or ("" in times and "self" in names):
        raise NotEvaluated("the rule reads a time or a duration, which is not evaluated here")
    if any(name.startswith("`") for name in names):
        raise NotEvaluated("names in backquotes are not evaluated here")
    return compile_cel(rewrite(text, _no_old) if "oldSelf" in names else text, _SELF, result=result)


def _no_old(found: list[Token], at: int) -> tuple[int, str] | None:
    if found[at].text != "oldSelf" or found[at].kind != "name" or (at and found[at - 1].text == "."):
        return None
    return 1, "optional.none()"


def _reads_old(text: str) -> bool:
    return any(token.kind == "name" and token.text == "oldSelf" for token in tokens(text))


def _message(rule: Mapping[str, Any], activation: Any, text: str, times: frozenset[str]) -> str:
    """messageExpression, else message, else the rule: as the server composes it."""
    written = rule.get("messageExpression")
    if isinstance(written, str) and written.strip():
        try:
            made = _compiled(written, "STRING", times).run(activation)
        except (Refused, NotEvaluated, PolicyError):
            made = ""  # the server too falls back to the message
        if isinstance(made, str) and made.strip() and "\n" not in made.strip():
            return made.strip()
    return str(rule.get("message") or f"failed rule: {text.strip()}").strip()


def _worded(rule: Mapping[str, Any], message: str) -> str:
    reason = _REASONS.get(str(rule.get("reason") or ""))
    return f"{reason}: {message}" if reason else message
