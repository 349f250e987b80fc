"""Regular expressions as Go and CEL have them (RE2): linear in time, so that a hostile pattern can't hang a check.

https://github.com/google/re2/wiki/Syntax. RE2 comes with the CEL runtime, and is reached through it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

#: A group that captures: an opening bracket, not escaped, followed by no ``?``, or by a name.
_GROUP = re.compile(r"(\\.|\[(?:\\.|\[:\w+:\]|[^\]\\])*\])|\((?:\?P?<\w+>|(?!\?))", re.DOTALL)
_CONFIG = "extensions:\n  - name: optional\n  - name: regex\n  - name: strings\n"


class BadPatternError(ValueError):
    """The pattern is no RE2 expression, or does not end within the runtime's limits."""


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises BadPatternError."""
    return bool(_call("s.matches(p)", text, pattern))


def find_all(text: str, pattern: str) -> list[str]:
    """Every match of the pattern, leftmost first, not overlapping. Raises BadPatternError."""
    found = _call("regex.extractAll(s, p)", text, f"({_GROUP.sub(_uncaptured, pattern)})")
    return [str(item) for item in found]


def replace(text: str, pattern: str, replacement: str, count: int = -1) -> str:
    """Replace matches; ``$1`` and ``${1}`` are groups, as in Go. Raises BadPatternError."""
    rewritten = re.sub(r"\$\{?(\d)\}?", r"\\\1", replacement.replace("\\", "\\\\"))
    return str(_call("regex.replace(s, p, r, n)", text, pattern, rewritten, count))


def replace_literally(text: str, pattern: str, replacement: str) -> str:
    """Replace matches with a text as it stands. Raises BadPatternError."""
    return str(_call("regex.replace(s, p, r, n)", text, pattern, replacement.replace("\\", "\\\\"), -1))


def _uncaptured(found: re.Match[str]) -> str:
    return found[1] if found[1] else "(?:"


@cache
def _program(expression: str) -> Any:
    from cel_expr_python import cel

    types = {"s": cel.Type.STRING, "p": cel.Type.STRING, "r": cel.Type.STRING, "n": cel.Type.INT}
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_CONFIG), variables=types).compile(expression)


@lru_cache(maxsize=8192)
def _call(expression: str, text: str, pattern: str, replacement: str = "", count: int = 0) -> Any:
    program = _program(expression)
    try:
        value = program.eval(data={"s": text, "p": pattern, "r": replacement, "n": count})
        if value.type().name() == "ERROR":
            raise BadPatternError(str(value.value()))
        return value.plain_value()
    except RuntimeError as error:
        raise BadPatternError(str(error).partition("\n")[0]) from error
