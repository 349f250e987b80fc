"""The keywords of structural schemas beyond types: bounds, patterns, enumerations and logical junctors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from functools import lru_cache
from typing import Any

from kfm_checks.facts.schemas_formats import dns_label, dns_subdomain
from kfm_checks.facts.schemas_rules import Problem, Problems, Rule, kind_of
from kfm_checks.model import Path

#: A text this long is not matched against a pattern: Python's matcher backtracks, Go's does not.
_LONGEST_MATCHED = 10_000


def keyword_rules(schema: Mapping[str, Any], branch: Callable[[Mapping[str, Any]], Rule]) -> list[Rule]:
    """The rules of a schema's keywords, types apart."""
    found = [make(schema[word]) for word, make in _SIMPLE.items() if word in schema]
    if schema.get("format") in _NAMES:
        found.append(_named(schema["format"]))
    found.extend(_bounds(schema))
    found.extend(_junctors(schema, branch))
    return [rule for rule in found if rule is not None]


def _problem(path: Path, message: str, expected: str, value: Any, problems: Problems) -> None:
    scalar = isinstance(value, bool | int | float | str)
    problems.append(Problem(path, message, expected, value if scalar else kind_of(value)))


def _valid(holds: Callable[[Any], bool], expected: str) -> Rule:
    def check(value: Any, path: Path, problems: Problems) -> None:
        if value is not None and not holds(value):
            _problem(path, f"it is not {expected}", expected, value, problems)

    return check


def _named(form: str) -> Rule:
    wrong = _NAMES[form]
    return _valid(lambda value: not isinstance(value, str) or not wrong(value), f"a name of the form {form}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _enum(allowed: Any) -> Rule | None:
    if not isinstance(allowed, list):
        return None
    words = ", ".join(str(word) or '""' for word in allowed)
    return _valid(lambda value: any(_same(value, word) for word in allowed), f"one of {words}")


#: Parts of a pattern: an escape, a class of characters, the end of the text.
_PARTS = re.compile(r"\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|\$", re.DOTALL)
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "digit": "0-9", "lower": "a-z", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
    "space": r"\s", "word": r"\w",
}  # fmt: skip


def _translated(part: re.Match[str]) -> str:
    """``$`` is the very end in Go, and before a last line break too in Python; named classes are unknown to Python."""
    if part[0] in ("$", r"\z"):
        return "$" if "(?m" in part.string else r"\Z"
    return re.sub(r"\[:(\w+):\]", lambda named: _CLASSES.get(named[1], r"\p"), part[0])


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of Go's RE2 as Python has it; None where Python can't read it."""
    pattern = re.sub(r"\A\^\(\?i\)", "(?i)^", pattern)  # a flag comes first in Python
    try:
        return re.compile(_PARTS.sub(_translated, pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None


def _pattern(pattern: Any) -> Rule | None:
    if not isinstance(pattern, str):
        return None
    found = _compiled(pattern)

    def matches(value: Any) -> bool:
        if not isinstance(value, str) or found is None or len(value) > _LONGEST_MATCHED:
            return True
        return found.search(value) is not None

    return _valid(matches, f"text of the form {pattern}")


def _size(kind: type[Sized], test: Callable[[int, int], bool], words: str) -> Callable[[Any], Rule | None]:
    def make(limit: Any) -> Rule | None:
        if not isinstance(limit, int) or isinstance(limit, bool):
            return None
        return _valid(lambda value: not isinstance(value, kind) or test(len(value), limit), words.format(limit))

    return make


def _at_most(size: int, limit: int) -> bool:
    return size <= limit


def _at_least(size: int, limit: int) -> bool:
    return size >= limit


def _multiple(step: Any) -> Rule | None:
    if not _is_number(step) or not step:
        return None
    return _valid(lambda value: not _is_number(value) or float(value / step).is_integer(), f"a multiple of {step}")


def _bounds(schema: Mapping[str, Any]) -> list[Rule]:
    found: list[Rule] = []
    least, most = schema.get("minimum"), schema.get("maximum")
    if _is_number(least):
        strict = schema.get("exclusiveMinimum") is True
        found.append(
            _valid(
                lambda value: not _is_number(value) or (value > least if strict else value >= least),
                f"{'more than' if strict else 'at least'} {least}",
            )
        )
    if _is_number(most):
        below = schema.get("exclusiveMaximum") is True
        found.append(
            _valid(
                lambda value: not _is_number(value) or (value < most if below else value <= most),
                f"{'less than' if below else 'at most'} {most}",
            )
        )
    return found


def _junctors(schema: Mapping[str, Any], branch: Callable[[Mapping[str, Any]], Rule]) -> list[Rule]:
    found: list[Rule] = []
    branches = {word: _branches(schema.get(word), branch) for word in ("allOf", "anyOf", "oneOf")}
    found.extend(branches["allOf"])
    if branches["anyOf"]:
        found.append(_count(branches["anyOf"], lambda n: n >= 1, "what one of the alternatives allows"))
    if branches["oneOf"]:
        found.append(_count(branches["oneOf"], lambda n: n == 1, "what exactly one of the alternatives allows"))
    if isinstance(schema.get("not"), Mapping) and schema["not"]:
        found.append(_count([branch(schema["not"])], lambda n: n == 0, "anything but what the schema excludes"))
    return found


def _branches(value: Any, branch: Callable[[Mapping[str, Any]], Rule]) -> list[Rule]:
    return [branch(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _count(rules: list[Rule], enough: Callable[[int], bool], expected: str) -> Rule:
    def fits(value: Any) -> bool:
        passed = 0
        for rule in rules:
            problems: Problems = []
            rule(value, (), problems)
            passed += not problems
        return enough(passed)

    return _valid(fits, expected)


_NAMES: dict[Any, Callable[[str], str]] = {"k8s-short-name": dns_label, "k8s-long-name": dns_subdomain}
_SIMPLE: dict[str, Callable[[Any], Rule | None]] = {
    "enum": _enum,
    "pattern": _pattern,
    "multipleOf": _multiple,
    "maxLength": _size(str, _at_most, "text of at most {} characters"),
    "minLength": _size(str, _at_least, "text of at least {} characters"),
    "maxItems": _size(list, _at_most, "a list of at most {} items"),
    "minItems": _size(list, _at_least, "a list of at least {} items"),
    "maxProperties": _size(dict, _at_most, "a mapping of at most {} fields"),
    "minProperties": _size(dict, _at_least, "a mapping of at least {} fields"),
}
