"""Values that a schema allows and the API server refuses: the part of its validation that one object tells.

Clauses belong to OpenAPI definitions, so that a container is judged alike in a Pod and in the template of a CronJob.
Each is documented in the API reference of its field, and held against a real API server: docs/agreement/api-server.md.
An empty text counts as not set, as in the server's own types.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from kfm_checks.facts.schemas_formats import dns_label, dns_subdomain, label_key, label_value
from kfm_checks.facts.schemas_metadata import label_problems
from kfm_checks.facts.schemas_rules import Problem, Problems, kind_of
from kfm_checks.model import Path

#: What is wrong with an object beyond its schema.
Clause = Callable[[Mapping[str, Any], Path, Problems], None]
Clauses = Mapping[str, tuple[Clause, ...]]
_PORT_NAME = re.compile(r"(?=[^a-z]*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", re.ASCII)
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}", re.ASCII)


def refuse(problems: Problems, path: Path, message: str, expected: str, observed: Any) -> None:
    """Add a problem; what was found is never left out."""
    scalar = isinstance(observed, bool | int | float | str)
    shown = (observed if observed != "" else "empty text") if scalar else kind_of(observed)
    problems.append(Problem(path, message, expected, shown, of_value=True))


def unset(value: Any) -> bool:
    """Whether a value says nothing: null, empty text, empty list or mapping."""
    return value is None or value in ("", [], {})


def value(name: str, holds: Callable[[Any], bool], expected: str, *, strict: bool = False) -> Clause:
    """A field that is set has to hold; with ``strict`` an empty text is set too (a pointer in the server's types)."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        found = obj.get(name)
        if found is not None and (strict or found != "") and not holds(found):
            refuse(problems, (*path, name), f"it is not {expected}", expected, found)

    return check


def needs(*names: str) -> Clause:
    """Fields that have to say something."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        for name in names:
            if unset(obj.get(name)):
                refuse(problems, (*path, name), f"{name!r} says nothing", "a value", "absent or empty")

    return check


def one_of(*names: str, several: bool = False) -> Clause:
    """Exactly one of the fields is there; with ``several`` at least one. Present and empty counts as there."""
    listed = ", ".join(names)

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        found = [name for name in names if obj.get(name) is not None]
        if not found or (len(found) > 1 and not several):
            words = f"{'none' if not found else 'more than one'} of {listed}"
            refuse(problems, path, f"{words} is there", f"one of {listed}", ", ".join(found) or "none")

    return check


def words(name: str, *allowed: str, strict: bool = False) -> Clause:
    """A closed set of words that OpenAPI gives only in prose, of a text or of each text of a list."""
    expected = "one of " + ", ".join(allowed)

    def holds(found: Any) -> bool:
        return all(one in allowed for one in found) if isinstance(found, list) else found in allowed

    return value(name, holds, expected, strict=strict)


def each_key(name: str, holds: Callable[[str], bool], expected: str) -> Clause:
    """Every key of a mapping has to hold."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        for key in sorted(obj.get(name) or {}, key=str):
            if not holds(str(key)):
                refuse(problems, (*path, name, key), f"{key!r} is not {expected}", expected, str(key))

    return check


def labels(name: str) -> Clause:
    """A mapping of labels, to be matched or carried."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        label_problems(obj.get(name), (*path, name), problems)

    return check


def between(least: int, most: int = 2**31 - 1) -> Callable[[Any], bool]:
    """Whether a whole number lies within bounds; anything else is left to the schema."""
    return lambda found: not isinstance(found, int) or isinstance(found, bool) or least <= found <= most


def no_less_than_0(*names: str) -> tuple[Clause, ...]:
    """Counts and durations."""
    return tuple(value(name, between(0, 2**63 - 1), "a number of at least 0") for name in names)


def more_than_0(*names: str) -> tuple[Clause, ...]:
    """Counts of at least one."""
    return tuple(value(name, between(1, 2**63 - 1), "a number above 0") for name in names)


def port(found: Any) -> bool:
    """A port's number, or its name where the field takes one."""
    if isinstance(found, str):
        return _PORT_NAME.fullmatch(found) is not None
    return between(1, 65535)(found)


PORT = "a port from 1 to 65535"
PORT_OR_NAME = "a port from 1 to 65535, or a name of at most 15 lower-case letters, digits and hyphens"


def label(found: Any) -> bool:
    """An RFC 1123 label."""
    return not isinstance(found, str) or not dns_label(found)


def subdomain(found: Any) -> bool:
    """An RFC 1123 subdomain."""
    return not isinstance(found, str) or not dns_subdomain(found)


def qualified(found: Any) -> bool:
    """A qualified name: the keys of labels."""
    return not isinstance(found, str) or not label_key(found)


def label_text(found: Any) -> bool:
    """The value of a label."""
    return not isinstance(found, str) or not label_value(found)


def config_key(found: str) -> bool:
    """A key of a ConfigMap or Secret."""
    return _CONFIG_KEY.fullmatch(found) is not None and found != "." and not found.startswith("..")


def inside(found: Any) -> bool:
    """A path below another: relative, without a step up."""
    return not isinstance(found, str) or not (found.startswith("/") or ".." in found.split("/"))


def host(found: Any) -> bool:
    """The host of an Ingress: a DNS name, the first part of which may be ``*``."""
    if not isinstance(found, str):
        return True
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return subdomain(found.removeprefix("*."))
    return False


LABEL = "at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit"
SUBDOMAIN = "a DNS name of lower-case letters, digits, '-' and '.'"
QUALIFIED = "an optional DNS prefix and '/', then at most 63 letters, digits, '-', '_' and '.'"
LABEL_VALUE = "at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"


def mappings(found: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The mappings of a list with their index; nothing where there is no list."""
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict):
            yield index, item


def unique(texts: Collection[tuple[Path, Any]], what: str, problems: Problems) -> None:
    """Values that may be there once, each with its place."""
    seen: set[Any] = set()
    for path, found in texts:
        if found in seen:
            refuse(problems, path, f"{what} {found} is there already", "each once", found)
        seen.add(found)
