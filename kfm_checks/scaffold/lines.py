"""Write YAML by hand: values with their evidence as comments, and proposals commented out until somebody decides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kfm_checks.errors import one_line
from kfm_checks.redaction import redact

#: What needs no quotes in YAML, whatever its version: a word that is no number, boolean, null or date.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./:@-]*[A-Za-z0-9]|[a-zA-Z]{4,}")
_SPECIAL = frozenset({"true", "false", "null", "yes", "no", "on", "off", "none"})


def scalar(value: Any) -> str:
    """A value as YAML: plain where that is safe, else in double quotes (JSON is YAML)."""
    text = str(value)
    safe = _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL and ": " not in text and "  " not in text
    if isinstance(value, str) and safe:
        return text
    # YAML counts more characters as line breaks than JSON does, and has an escape for every one.
    return "".join(c if c.isprintable() else _escape(c) for c in json.dumps(value, ensure_ascii=False))


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def note(text: str) -> str:
    """Evidence as a comment: one line, whatever the manifests say, and no credential in it."""
    return f"  # {one_line(redact(text))}" if text else ""


@dataclass
class Section:
    """One top-level key. A line is active, or a proposal: commented out by a ``#`` in its first column."""

    key: str
    lines: list[str] = field(default_factory=list)
    active: bool = False

    def value(self, name: str, value: Any, evidence: str, *, on: bool = True) -> None:
        """``name: value``, indented once."""
        self._add(f"  {name}: {_flow(value)}{note(evidence)}", on)

    def items(self, name: str, values: Iterable[tuple[Any, str]], *, on: bool = True, evidence: str = "") -> None:
        """``name:`` with a list below it, each item with its evidence."""
        listed = list(values)
        self._add(f"  {name}:{'' if listed else ' []'}{note(evidence)}", on)
        for value, why in listed:
            self._add(f"    - {scalar(value)}{note(why)}", on)

    def raw(self, line: str) -> None:
        """A line as it is: a proposal where it begins with ``#``."""
        self.active = self.active or not line.startswith("#")
        self.lines.append(line)

    def say(self, text: str) -> None:
        """A sentence for the reader."""
        self.lines.append(f"# {one_line(text)}")

    def _add(self, line: str, on: bool) -> None:
        self.active = self.active or on
        self.lines.append(line if on else f"#{line}")

    def text(self) -> list[str]:
        """The lines; a section in which nothing is active is commented out as a whole."""
        return [f"{'' if self.active else '#'}{self.key}:", *self.lines] if self.lines else []


def _flow(value: Any) -> str:
    return f"[{', '.join(map(scalar, value))}]" if isinstance(value, list | tuple) else scalar(value)
