"""The fast way to read a renderer's output: line by line, while every line has one of the few forms that it writes.

Kustomize writes one dialect: block style, a key or an item a line, strings quoted where there is any doubt, literal
blocks. A document in which any line has another form goes to the exact reader, so that this one never has to guess. The
tests hold both equal. See docs/decisions/0002-schemas.md for what else was tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kfm_checks.errors import ManifestError
from kfm_checks.manifest_scalars import WORDS, Scalar, ScalarError, json_value, plain
from kfm_checks.manifest_yaml import documents

PLACE = "rendered objects"
_SEPARATOR = re.compile(r"^---(?=[ \n])", re.MULTILINE)
#: What this reader leaves to the exact one: control characters, odd line breaks, markers.
_ODD = re.compile(
    "[\t\r\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]|^(?:\\.\\.\\.|---)", re.MULTILINE
)
_KEY_LINE = re.compile(r"( *)([A-Za-z_][A-Za-z0-9_./-]*):(?: (.+))?")
_DOUBLE = re.compile(r'"(?:[^"\\]|\\["\\nt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*"')
_SINGLE = re.compile(r"'(?:[^']|'')*'")
_PLAIN = re.compile(r"(?:[A-Za-z0-9_./+~(^$;\\]|-(?=[^ ]))(?:[^ :]| +(?=[^ #])|:(?=[^ ]))*")
_DEEPEST = 150


class _Unsure(Exception):  # noqa: N818 - no error: the exact reader decides
    """A line of a form that this reader does not know."""


def fast_documents(text: str) -> Iterator[tuple[Any, int]]:
    """Each document's value and the line of its first character. Raises ManifestError."""
    line = 1
    for part in _parts(text):
        try:
            yield fast_document(part), line
        except (_Unsure, ScalarError):
            yield from exact_documents(part, line)
        line += part.count("\n")


def _parts(text: str) -> Iterator[str]:
    """The text cut before each ``---``; joined again they are the text."""
    at = 0
    for mark in _SEPARATOR.finditer(text):
        if mark.start() > at:
            yield text[at : mark.start()]
        at = mark.start()
    yield text[at:]


def exact_documents(part: str, line: int) -> Iterator[tuple[Any, int]]:
    """The same by the exact reader; ``line`` is that of the part's first line."""
    try:
        for document in documents(part, file=PLACE, lines=False):
            yield document.value, document.line + line - 1
    except ManifestError as error:
        at = None if error.line is None else error.line + line - 1
        raise ManifestError(error.message, file=error.file, line=at, remedy=error.remedy) from error


def fast_document(part: str) -> dict[str, Any]:
    """The mapping that one document is. Raises an exception of its own where it is not sure, which is no error."""
    body = part.removeprefix("---\n")
    if not body.endswith("\n") or _ODD.search(body):
        raise _Unsure
    lines = body.split("\n")
    lines.pop()
    value, at = _mapping(lines, 0, 0)
    if at != len(lines) or not value:
        raise _Unsure
    return value


def _indent(line: str) -> int:
    """How far a line is indented; an empty one is none that this reader expects."""
    rest = line.lstrip(" ")
    if not rest:
        raise _Unsure
    return len(line) - len(rest)


def _mapping(lines: list[str], at: int, indent: int) -> tuple[dict[str, Any], int]:
    """The mapping whose keys stand at this column, and the line after it."""
    if indent > _DEEPEST:
        raise _Unsure
    found: dict[str, Any] = {}
    while at < len(lines):
        match = _KEY_LINE.fullmatch(lines[at])
        if match is None:
            if _indent(lines[at]) < indent:
                break
            raise _Unsure
        spaces, key, rest = match.groups()
        if len(spaces) != indent:
            if len(spaces) < indent:
                break
            raise _Unsure
        if key in found or key in WORDS:
            raise _Unsure
        at += 1
        if rest is None:
            found[key], at = _below(lines, at, indent)
        elif rest[0] == "|":
            found[key], at = _literal(lines, at, indent, rest)
        else:
            found[key] = _value(rest)
    return found, at


def _below(lines: list[str], at: int, indent: int) -> tuple[Any, int]:
    """The value of a key that has nothing on its line."""
    if at == len(lines):
        return None, at
    inner = _indent(lines[at])
    if inner >= indent and lines[at].startswith("- ", inner):
        return _sequence(lines, at, inner)
    return _mapping(lines, at, inner) if inner > indent else (None, at)


def _sequence(lines: list[str], at: int, indent: int) -> tuple[list[Any], int]:
    """The sequence whose dashes stand at this column, and the line after it."""
    found: list[Any] = []
    item: Any
    while at < len(lines):
        inner = _indent(lines[at])
        if inner != indent or not lines[at].startswith("- ", indent):
            if inner > indent:
                raise _Unsure
            break
        rest = lines[at][indent + 2 :]
        if rest and rest[0] != " " and _KEY_LINE.fullmatch(rest):
            lines[at] = " " * (indent + 2) + rest
            item, at = _mapping(lines, at, indent + 2)
        elif rest[:1] == "|":
            item, at = _literal(lines, at + 1, indent, rest)
        else:
            item, at = _value(rest), at + 1
        found.append(item)
    return found, at


def _literal(lines: list[str], at: int, indent: int, header: str) -> tuple[str, int]:
    """A literal block (``|`` or ``|-``) and the line after it."""
    if header not in ("|", "|-") or at == len(lines):
        raise _Unsure
    column = _indent(lines[at])
    if column <= indent:
        raise _Unsure
    margin, taken = " " * column, []
    while at < len(lines):
        line = lines[at]
        if line.startswith(margin) and line != margin:
            taken.append(line[column:])
        elif not line:
            taken.append("")
        else:
            break
        if line.isspace():
            raise _Unsure
        at += 1
    text = "\n".join(taken).rstrip("\n")
    return (text if header == "|-" else text + "\n"), at


def _value(text: str) -> Any:
    if text == "{}":
        return {}
    return [] if text == "[]" else _scalar(text)


@lru_cache(maxsize=16384)
def _scalar(text: str) -> Scalar:
    """A scalar that stands whole on its line; the values of plain ones are the exact reader's."""
    first = text[:1]
    if first == '"' and _DOUBLE.fullmatch(text):
        return text[1:-1] if "\\" not in text else str(json.loads(text))
    if first == "'" and _SINGLE.fullmatch(text):
        return text[1:-1].replace("''", "'")
    if not _PLAIN.fullmatch(text):
        raise _Unsure
    return json_value(plain(text))
