"""One validate rule of a Kyverno policy on one candidate: preconditions, patterns, deny, foreach, podSecurity, CEL.

https://kyverno.io/docs/policy-types/cluster-policy/validate/. What is supported is a table in
docs/reference/admission-support.md; anything else is not evaluated, by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.kyverno_context import Context, Unresolved, substitute
from kfm_checks.admission.kyverno_pattern import Check, Mismatch, match, prepared
from kfm_checks.admission.kyverno_values import compare
from kfm_checks.admission.model import NotEvaluated, PolicyError, Result
from kfm_checks.facts.objects import items
from kfm_checks.model import Path
from kfm_checks.values import Value

_DEEPEST = 8
_VARIABLE = re.compile(r"\{\{|\$\(")
_JUDGES = ("pattern", "anyPattern", "deny", "foreach", "podSecurity", "cel", "assert", "manifests")


class Answer(Value, frozen=True):
    """What a rule says: result, message, and the path where it was broken."""

    result: Result
    message: str = ""
    path: Path = ()


def conditions(context: Context, given: Any, *, empty: bool) -> bool:
    """Conditions: an old-style list is ``all``. Raises Unresolved, PolicyError or NotEvaluated."""
    if isinstance(given, list):
        if given and all(isinstance(item, dict) and ("any" in item or "all" in item) for item in given):
            return all(conditions(context, item, empty=empty) for item in given)
        return all(_condition(context, item, empty) for item in given)
    if not isinstance(given, dict):
        return True
    some, every = items(given, "any"), items(given, "all")
    if some and not any(_condition(context, item, empty) for item in some):
        return False
    return all(_condition(context, item, empty) for item in every)


def _condition(context: Context, item: Any, empty: bool) -> bool:
    if not isinstance(item, dict):
        raise PolicyError("a condition is no mapping")
    key = substitute(context, item.get("key"), empty=empty)
    value = substitute(context, item.get("value"), empty=empty)
    return compare(item.get("operator"), key, value)


def patterns(spec: Any) -> Iterator[tuple[int, Check]]:
    """The patterns of a validation that hold no variable, made ready, by their identity."""
    if not isinstance(spec, dict):
        return
    anys = spec.get("anyPattern")
    for pattern in (spec.get("pattern"), *(anys if isinstance(anys, list) else ())):
        try:
            if isinstance(pattern, dict) and not _VARIABLE.search(json.dumps(pattern, default=str)):
                yield id(pattern), prepared(pattern)
        except RecursionError:
            continue  # the rule says so when it is judged
    for loop in items(spec, "foreach"):
        yield from patterns(loop)


def judge(context: Context, rule: Mapping[str, Any]) -> Answer:
    """A whole rule that already matches the candidate."""
    name, spec = str(rule.get("name") or ""), rule.get("validate")
    if not isinstance(spec, dict):
        return Answer("skip")
    try:
        if rule.get("preconditions") and not conditions(context, rule["preconditions"], empty=True):
            return Answer("skip", "preconditions not met")
        return _validated(context, spec, name, str(spec.get("message") or ""), context.candidate.obj, 0)
    except NotEvaluated as reason:
        return Answer("not-evaluated", str(reason))
    except PolicyError as error:
        return Answer("error", f"rule {name} execution error: {error}")


def _validated(context: Context, spec: Mapping[str, Any], name: str, message: str, resource: Any, depth: int) -> Answer:
    judges = [key for key in _JUDGES if spec.get(key) is not None]
    if not judges:
        raise NotEvaluated("the rule has no validation that is known here")
    if judges[0] in ("assert", "manifests"):
        raise NotEvaluated(f"validate.{judges[0]} is not evaluated")
    if "deny" in judges:
        return _denied(context, spec["deny"], name, message)
    if "pattern" in judges:
        return _pattern(context, spec["pattern"], name, message, resource)
    if "anyPattern" in judges:
        return _any_pattern(context, spec["anyPattern"], name, message, resource)
    if "foreach" in judges:
        return _for_each(context, spec["foreach"], name, message, depth)
    if "podSecurity" in judges:
        from kfm_checks.admission.kyverno_pods import pod_security

        return pod_security(context.candidate, spec["podSecurity"], name, message)
    raise NotEvaluated("validate.cel inside a loop is not evaluated")


def _message(context: Context, message: str) -> str:
    try:
        return str(substitute(context, message))
    except (PolicyError, NotEvaluated):
        return message


def _denied(context: Context, deny: Any, name: str, message: str) -> Answer:
    if not isinstance(deny, dict):
        raise PolicyError("deny is no mapping")
    refused = conditions(context, deny["conditions"], empty=False) if deny.get("conditions") else True
    if refused:
        return Answer("fail", _message(context, message) or f"validation error: rule {name} failed")
    return Answer("pass")


def _worded(context: Context, message: str, name: str, mismatch: Mismatch) -> str:
    text = _message(context, message)
    if text and not text.endswith("."):
        text += "."
    return f"validation error: {text + ' ' if text else ''}rule {name} failed at path {mismatch.pointer}"


def _pattern(context: Context, pattern: Any, name: str, message: str, resource: Any) -> Answer:
    ready = context.patterns.get(id(pattern))
    try:
        if ready is not None:
            ready(resource, ())
        else:
            match(resource, substitute(context, pattern))
    except Mismatch as mismatch:
        if mismatch.skip:
            return Answer("skip", str(mismatch))
        return Answer("fail", _worded(context, message, name, mismatch), mismatch.path)
    except RecursionError as error:
        raise NotEvaluated("the pattern is nested too deeply") from error
    return Answer("pass")


def _any_pattern(context: Context, patterns: Any, name: str, message: str, resource: Any) -> Answer:
    if not isinstance(patterns, list):
        raise PolicyError("failed to deserialize anyPattern, expected type array")
    answers = [_pattern(context, pattern, name, message, resource) for pattern in patterns]
    if any(answer.result == "pass" for answer in answers):
        return Answer("pass")
    failed = [(index, answer) for index, answer in enumerate(answers) if answer.result == "fail"]
    if not failed:
        return Answer("skip" if answers else "pass")
    places = " ".join(f"rule {name}[{i}] failed at path /{''.join(f'{s}/' for s in a.path)}" for i, a in failed)
    text = f"{message}{'' if message.endswith('.') or not message else '.'} " if message else ""
    return Answer("fail", f"validation error: {text}{places}", failed[0][1].path)


def _for_each(context: Context, loops: Any, name: str, message: str, depth: int) -> Answer:
    """Every element of every list; none judged means that the rule is skipped."""
    if depth >= _DEEPEST or not isinstance(loops, list):
        raise NotEvaluated("foreach is nested too deeply or is no list")
    judged = 0
    for loop in loops:
        if not isinstance(loop, dict):
            raise PolicyError("foreach holds something that is no mapping")
        elements = _elements(context, loop)
        for index, element in enumerate(elements):
            if element is None:
                continue
            answer = _element(context, loop, name, message, element, index, depth)
            if answer.result == "error" and index < len(elements) - 1:
                continue
            if answer.result in ("fail", "error", "not-evaluated"):
                return answer
            judged += answer.result == "pass"
    return Answer("pass" if judged else "skip")


def _elements(context: Context, loop: Mapping[str, Any]) -> list[Any]:
    try:
        found = context.query(str(substitute(context, loop.get("list"))))
    except Unresolved:
        return []
    return found if isinstance(found, list) else [found]


def _element(
    context: Context, loop: Mapping[str, Any], name: str, message: str, element: Any, index: int, depth: int
) -> Answer:
    values = {"element": element, "elementIndex": index, f"element{depth}": element, f"elementIndex{depth}": index}
    inner = context.inner(items(loop, "context"), **values)
    try:
        if loop.get("preconditions") and not conditions(inner, loop["preconditions"], empty=True):
            return Answer("skip")
        scoped = loop.get("elementScope", isinstance(element, dict))
        resource = element if scoped else context.candidate.obj
        answer = _validated(inner, loop, name, message, resource, depth + 1)
    except NotEvaluated as reason:
        return Answer("not-evaluated", str(reason))
    except PolicyError as error:
        return Answer("error", f"rule {name} execution error: {error}")
    if answer.result == "fail":
        return Answer("fail", f"validation failure: {answer.message}", ())
    return answer
