"""CEL expressions, compiled once: refused as the API server's type check refuses them, run within limits.

Limits: the runtime stops after 10,000 iterations of comprehensions, at 32 levels of nesting and at 100,000 characters;
the API server counts cost instead (1,000,000 units an expression). An expression that ends at one of these limits is
not evaluated: whether it would end in the server isn't known here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from kfm_checks.admission import cel_env
from kfm_checks.admission.cel_env import KUBERNETES_PROFILE, Profile
from kfm_checks.admission.cel_scan import Token, calls, chains, rewrite
from kfm_checks.admission.lib_lists import FORMATS
from kfm_checks.admission.lib_resource import UNKNOWN
from kfm_checks.admission.model import NotEvaluated, PolicyError
from kfm_checks.values import Value

_LIMITS = ("Iteration budget", "recursion limit", "recursion depth", "codepoint limit", "expression size")
#: How the runtime says that a Python value is none of its own.
_UNFIT = ("Non-CEL value type", "Invalid map key type", "out of range for '", "construction from null")
#: Functions that some version of Kubernetes or an engine may have, and the environment here has not.
_ELSEWHERE = frozenset(
    {"bind", "sort", "sortBy", "distinct", "flatten", "slice", "range", "first", "last", "reverse", "unwrap",
     "unwrapOpt", "encode", "decode", "greatest", "least", "ceil", "floor", "round", "abs", "escape", "named",
     "validate"}
)  # fmt: skip
_REFERENCE = re.compile(r"undeclared reference to '([^']*)'")


class Refused(Exception):  # noqa: N818 - the server's verdict on an expression
    """The type check refuses the expression: a policy with it could not be created."""


class Program(Value, frozen=True):
    """A compiled expression. ``type`` is the CEL type of its result, such as ``BOOL``."""

    text: str
    type: str
    names: frozenset[tuple[str, ...]]
    _expression: Any
    _env: Any

    def activation(self, values: dict[str, Any]) -> Any:
        """Bindings that several programs of one environment can share."""
        return self._env.Activation(values)

    @property
    def environment(self) -> Any:
        """Programs of the same environment may share an activation."""
        return self._env

    def run(self, activation: Any) -> Any:
        """The plain value of the expression. Raises PolicyError on an error, NotEvaluated at a limit."""
        try:
            value = self._expression.eval(activation)
            plain = value.value()
            if plain is True or plain is False:
                return plain
            if isinstance(plain, str) and value.type().name() != "STRING":
                raise _failure(plain)
            return value.plain_value()
        except RuntimeError as error:
            raise _failure(str(error)) from error
        except TypeError as error:
            raise NotEvaluated(f"the result of {self.text[:60]!r} has a type that can't be read") from error


def _failure(text: str) -> Exception:
    if UNKNOWN in text:
        return NotEvaluated(text.partition(UNKNOWN)[2].partition("\n")[0].removesuffix(" [UNKNOWN]"))
    if any(unfit in text for unfit in _UNFIT):
        return NotEvaluated("the object holds a value that the runtime here can't take")
    if any(limit in text for limit in _LIMITS):
        return NotEvaluated(f"the expression does not end within the limits: {text.partition(chr(10))[0]}")
    return PolicyError(_worded(text))


def _worded(text: str) -> str:
    """The runtime's error in the words of the API server's runtime."""
    text = re.sub(r" \[[A-Z_]+\]$", "", text.partition("\n")[0])
    _, _, detail = text.partition(": ")
    key = re.match(r'Key not found in map : "?([^"]*)"?', detail)
    if key:
        return f"no such key: {key[1]}"
    if detail.startswith(("No matching overloads", "Applying SELECT", "No such overload")):
        return "no such overload"
    if detail.startswith("divide by zero"):
        return "division by zero"
    return detail or text


@lru_cache(maxsize=4096)
def compile_cel(
    text: str, variables: frozenset[tuple[str, str]], profile: Profile = KUBERNETES_PROFILE, result: str = ""
) -> Program:
    """Compile; ``result`` is the CEL type that the place demands (``BOOL``), "" for any.

    Raises Refused where the server's check refuses, NotEvaluated where the environment here lacks something.
    """
    prepared = _prepared(text)
    try:
        if calls(prepared) & cel_env.own_functions(profile):
            env = cel_env.running(profile)
            checked = cel_env.checking(profile, variables).compile(prepared)
            expression = env.deserialize(checked.serialize())
        else:
            env = cel_env.plain(profile, variables)
            expression = checked = env.compile(prepared)
    except RuntimeError as error:
        raise _refusal(str(error), text, profile) from error
    except (TypeError, UnicodeError) as error:
        raise Refused("the expression is no text that can be compiled") from error
    kind = checked.return_type().name()
    if result and kind not in result.split("|"):
        raise Refused(f"must evaluate to {result.replace('|', ' or ').lower()} but got {kind.lower()}")
    return Program(text, kind, chains(prepared), expression, env)


def _refusal(text: str, expression: str, profile: Profile) -> Exception:
    if any(limit in text for limit in _LIMITS):
        return NotEvaluated(f"the expression is beyond the limits of the runtime here: {text.partition(chr(10))[0]}")
    missing = {name.rpartition(".")[2] for name in _REFERENCE.findall(text)}
    unknown = missing & calls(expression)
    if profile.open_ended and unknown:
        return NotEvaluated(f"the function {sorted(unknown)[0]} is not evaluated here")
    if missing & _ELSEWHERE:
        return NotEvaluated(f"the function {sorted(missing & _ELSEWHERE)[0]} is not evaluated here")
    if "reference resolve step" in text or "overload for 'string' applied to '(kubernetes." in text:
        return NotEvaluated(f"not evaluated here: {text.partition(chr(10))[0]}")
    first = text.partition("\n")[0].removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: ")
    return Refused(re.sub(r"^<input>:\d+:\d+: ", "", first).removesuffix(" (in container '')"))


@lru_cache(maxsize=4096)
def _prepared(text: str) -> str:
    """Calls that the runtime can't take as they are, under names of ours."""
    called = calls(text)
    if called & {"indexOf", "lastIndexOf"}:
        text = rewrite(text, _index_calls)
    if "format" in {chain[0] for chain in chains(text)}:
        text = rewrite(text, _format_calls)
    return text


def _index_calls(found: list[Token], at: int) -> tuple[int, str] | None:
    if found[at].text in ("indexOf", "lastIndexOf") and at and found[at - 1].text == ".":
        return 1, f"kfm_{found[at].text}"
    return None


def _format_calls(found: list[Token], at: int) -> tuple[int, str] | None:
    """``format.NAME().validate(TEXT)`` as an optional list of what is wrong."""
    shape = [token.text for token in found[at : at + 8]]
    if len(shape) < 8 or shape[:2] != ["format", "."] or shape[3:] != ["(", ")", ".", "validate", "("]:
        return None
    if shape[2] not in FORMATS:
        return None
    depth, end = 1, at + 8
    while end < len(found) and depth:
        depth += {"(": 1, ")": -1}.get(found[end].text, 0)
        end += 1
    inner = "".join(token.text for token in found[at + 8 : end - 1])
    return end - at, f'optional.ofNonZeroValue(kfm_format("{shape[2]}", {inner}))'
