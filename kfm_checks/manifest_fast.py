"""The fast way to read a renderer's output: document by document by a YAML 1.2 reader written in Rust (yaml-rs).

YAML 1.1, as Kubernetes reads it, and 1.2 differ on few things: some words and numbers written without quotes, keys that
are no text, anchors, tags, odd line breaks. A document in which a scan finds any of them goes to the exact reader, as
does one that the fast reader refuses. The scan may take harmless text for such a thing, never the other way round;
the tests hold both readers equal on generated documents.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from kfm_checks.errors import ManifestError
from kfm_checks.manifest_yaml import documents

PLACE = "rendered objects"
_SEPARATOR = re.compile(r"^---(?=[ \n])", re.MULTILINE)
#: Unquoted words and numbers on which the two versions differ, or may; a plain whole number is not among them.
_WORDS = r"[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF|True|TRUE|False|FALSE|Null|NULL|~|=|<<"
_NUMBERS = (
    r"(?!-?(?:0|[1-9][0-9]{0,17})(?:[ \n]|\Z))"
    r"[-+]?(?:[0-9][0-9a-fA-FxXoObB_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?"
    r"|0b[-+][01_]+|\.[0-9_]*(?:[eE][-+]?[0-9_]*)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
)
#: Where an unquoted value or key begins, what is risky there, and where it ends.
_START = r"[:\-?,\[{\n](?:(?<=[:\-?]) +|(?<![:\-?]) *)(?=[-+.0-9yYnNoOtTfF~=<&*!?%@`|>:])"
_END = r"(?= *(?:\n|\Z|: |:\n|:\Z|[,\]}]| #))"
_KEYS = r"(?:true|false|null|-?[0-9]+) *(?=:(?:[ \n]|\Z))"
_MARKS = r":(?:[ \n]|\Z)|[&*!](?=[^ \n]|\Z)|[&*!?](?=[ \n])|[%@`]|\?\Z|[|>]-?[0-9+]"
_RISKY = re.compile(rf"{_START}(?:(?:{_WORDS}|{_NUMBERS}){_END}|{_KEYS}|{_MARKS})")
_RISKY_CHARACTERS = re.compile("[\t\r\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_RISKY_ESCAPES = re.compile(r"\\(?:u[dD]|/|\n)")
#: Markers, blank lines of spaces, an empty line where a block scalar begins; keys that are no text.
_RISKY_LINES = re.compile(
    r"\n(?:\.\.\.|---| +(?:\n|\Z))|[|>]-? *(?:#.*)?\n(?:\n|\Z)"
    r"|[\]}] *:(?:[ \n]|\Z)|[{,] *:"
    r"|\{ *(?:null|true|false|-?[0-9]+) *[,}]|, *(?:null|true|false|-?[0-9]+) *\}"
)


def risky(body: str) -> bool:
    """Whether the two YAML versions might read a document's text differently."""
    text = "\n" + body
    return bool(
        _RISKY.search(text)
        or _RISKY_CHARACTERS.search(text)
        or _RISKY_LINES.search(text)
        or ("\\" in text and _RISKY_ESCAPES.search(text))
    )


def fast_documents(text: str) -> Iterator[tuple[Any, int]]:
    """Each document's value and the line of its first character. Raises ManifestError."""
    loads = _reader()
    line = 1
    for part in _parts(text):
        value, found = _fast(loads, part) if loads is not None else (None, False)
        if found:
            yield value, line
        else:
            yield from _exact(part, line)
        line += part.count("\n")


def _parts(text: str) -> Iterator[str]:
    """The text cut before each ``---``; joined again they are the text."""
    at = 0
    for mark in _SEPARATOR.finditer(text):
        if mark.start() > at:
            yield text[at : mark.start()]
        at = mark.start()
    yield text[at:]


def _reader() -> Callable[..., Any] | None:
    """The fast reader, where it is installed: it changes the time that reading takes, never the result.

    Only on the main thread: yaml-rs 0.1.6 keeps what belongs to the thread that called it first, and crashes the
    process when it is called from another one after that has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        return None
    try:
        from yaml_rs import loads
    except ImportError:
        return None
    return loads


def _fast(loads: Callable[..., Any], part: str) -> tuple[Any, bool]:
    body = part
    if part.startswith("---"):
        first, _, body = part.partition("\n")
        if first.strip() != "---":
            return None, False
    if not body.endswith("\n") or risky(body):
        return None, False
    try:
        value = loads(body, parse_datetime=False)
    except ValueError:  # YAMLDecodeError is one; the exact reader says what is wrong, and where
        return None, False
    return value, isinstance(value, dict) and bool(value)


def _exact(part: str, line: int) -> Iterator[tuple[Any, int]]:
    try:
        for document in documents(part, file=PLACE, lines=False):
            yield document.value, document.line + line - 1
    except ManifestError as error:
        at = None if error.line is None else error.line + line - 1
        raise ManifestError(error.message, file=error.file, line=at, remedy=error.remedy) from error
