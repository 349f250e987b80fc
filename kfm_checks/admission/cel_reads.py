"""Whether a CEL expression can tell two objects apart that differ in some fields of their containers or pod spec.

Where its text shows that it can't, it need not be asked again. Only what is plain counts: fields by name, loops over
lists of containers, indices that are numbers. Anything else may read any field.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from kfm_checks.admission.cel_policy import Block, Expression
from kfm_checks.admission.cel_scan import Token, tokens

_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers"})
#: Fields on the way to those that differ: their values differ too.
_ABOVE = _LISTS | {"object", "spec", "template", "jobTemplate"}
_LOOPS = frozenset({"all", "exists", "exists_one", "existsOne", "map"})
_NO_VALUE = frozenset(
    {"in", "true", "false", "null", "params", "request", "namespaceObject", "oldObject", "variables", "size", "has"}
)
_LIBRARIES = frozenset({"optional", "sets", "math", "strings", "format", "ip", "base64"})


def may_read(expressions: Iterable[Expression], block: Block, keys: frozenset[str]) -> bool:
    """Whether one of the expressions, or a variable of theirs, may hang on a field with one of the names."""
    every = [*expressions, *block.variables.values()]
    return any(one.program is None or not _blind(one.text, keys) for one in every)


@lru_cache(maxsize=8192)
def _blind(text: str, keys: frozenset[str]) -> bool:
    found = [token for token in tokens(text) if token.kind != "space"]
    if any(key in token.text for token in found if token.kind in ("name", "string") for key in keys):
        return False
    return all(_plain(found, at) for at, token in enumerate(found) if token.kind == "name")


def _at(found: list[Token], at: int) -> str:
    return found[at].text if 0 <= at < len(found) else ""


def _plain(found: list[Token], at: int) -> bool:
    """Whether a name stands for nothing that differs, or for something of which only another field is read."""
    name, after = found[at].text, _at(found, at + 1)
    field = _at(found, at - 1) == "." or (_at(found, at - 1) == "?" and _at(found, at - 2) == ".")
    if name.startswith("`") or (_declares(found, at) and name in _NO_VALUE | _LIBRARIES):
        return False
    listed = field and name in _LISTS
    if after == "(" or (field and name not in _ABOVE):
        # A call, whose arguments are looked at by themselves, or a field beside the way.
        return name != "filter"
    if not field and (name in _NO_VALUE or (name in _LIBRARIES and after == ".") or _declares(found, at)):
        return True
    if after == ".":
        return _selects(found, at + 1, listed)
    if listed and _number(found, at):
        return _selects(found, at + 4, False)
    return after == ")" and (_presence(found, at) or (listed and _sized(found, at)))


def _number(found: list[Token], at: int) -> bool:
    """``containers[0].``: one element of a list."""
    kind = found[at + 2].kind if at + 2 < len(found) else ""
    shape = (_at(found, at + 1), kind, _at(found, at + 3), _at(found, at + 4))
    return shape == ("[", "number", "]", ".")


def _selects(found: list[Token], dot: int, of_list: bool) -> bool:
    """A field, or a loop or the length of a list."""
    at = dot + 2 if _at(found, dot + 1) == "?" else dot + 1
    if at >= len(found) or found[at].kind != "name":
        return False
    called = _at(found, at + 1) == "("
    if of_list and called:
        return found[at].text in _LOOPS or found[at].text == "size"
    return not called


def _declares(found: list[Token], at: int) -> bool:
    """The variable of a loop, where it is named."""
    first = _at(found, at - 1) == "(" and _at(found, at - 2) in _LOOPS
    second = _at(found, at - 1) == "," and _at(found, at - 3) == "(" and _at(found, at - 4) in _LOOPS
    return (first or second) and _at(found, at + 1) == ","


def _start(found: list[Token], at: int) -> int:
    """Where the dotted chain begins that ends here."""
    while _at(found, at - 1) == "." and at >= 2 and found[at - 2].kind == "name":
        at -= 2
    return at


def _presence(found: list[Token], at: int) -> bool:
    start = _start(found, at)
    return _at(found, start - 1) == "(" and _at(found, start - 2) == "has" and start != at


def _sized(found: list[Token], at: int) -> bool:
    start = _start(found, at)
    return _at(found, start - 1) == "(" and _at(found, start - 2) == "size"
