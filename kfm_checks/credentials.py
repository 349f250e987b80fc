"""Recognise credentials in text: by their form, by the name that they stand under, and behind base64.

Nothing here gives a value away: a Finding has a kind and a place, and neither its repr nor an error has the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kfm_checks.credential_keys import is_literal, strength
from kfm_checks.credential_shapes import decode_base64, spans

WITHHELD = "(withheld)"
#: Text that was hidden in base64 twice is looked at; deeper is not.
_DEPTH = 2
#: A value longer than this (characters) under a name is no password but a document: its lines are looked at.
_LONGEST_VALUE = 4_096

#: Letters in both cases, because (?i) would cost the regular expressions their speed.
_WORD = (
    "(?:"
    + "|".join(
        "".join(f"[{letter.upper()}{letter}]" for letter in word)
        for word in ("pass", "pw", "secret", "token", "key", "cred", "jwt")
    )
    + ")"
)
_KEYWORD = re.compile(_WORD)
#: Bounded, so that hostile text can't make the search slow.
_NAME = rf"[A-Za-z0-9_.-]{{0,64}}{_WORD}[A-Za-z0-9_.-]{{0,64}}"
_QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'"
_BLOCK = r"[|>][0-9+-]*[ \t]*(?:\#[^\n]*)?\n[ \t]*[^\n]*"
#: name=value, as in a shell, a flag, a properties file, a query, a connection string.
_EQUALS = re.compile(
    rf"(?<![A-Za-z0-9_.-])({_NAME})[ \t]?:?=[ \t]?({_QUOTED}|(?:\$\([^)]*\)|\$?\{{\{{[^}}]*\}}\}}|[^\s,;&\"'`)\]}}])+)"
)
#: name: value, as in YAML, JSON and headers; the value ends the line, or the item in a flow.
_COLON = re.compile(
    rf"(?m)(?:^|[{{,])[ \t>#-]*([\"']?)({_NAME})\1[ \t]*:(?:[ \t]+|(?=\"))(?:[&!][\w!]+[ \t]+)*"
    rf"({_QUOTED}|{_BLOCK}|[^\s\"'{{\[][^\n]*)"
)
#: An entry of env: (or a Helm parameter): a name, and its value on a neighbouring line or in the same braces.
_ENTRY = re.compile(
    rf"[\"']?name[\"']?:[ \t]*[\"']?({_NAME})[\"']?[ \t]*(?:,|#[^\n]*)?\s*(?:[\"']?forceString[\"']?:[^\n]*\n\s*)?"
    rf"[\"']?value[\"']?:[ \t]*({_QUOTED}|{_BLOCK}|[^\s\"'{{\[][^\n}}]*)"
)
_ENTRY_REVERSED = re.compile(
    rf"[\"']?value[\"']?:[ \t]*({_QUOTED}|[^\s\"'{{\[][^\n,}}]*),?\s*[\"']?name[\"']?:[ \t]*[\"']?({_NAME})[\"']?"
    r"[ \t]*(?:$|[\n,}#])"
)
_RUN64 = re.compile(
    r"(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/]{20,}={0,2}(?![A-Za-z0-9+/_=-])"
    r"|(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/]{6,}={1,2}(?![A-Za-z0-9+/_=-])"
)
_COMMENT = re.compile(r"[ \t]#.*$|[ \t]*$")


@dataclass(frozen=True, slots=True)
class Finding:
    """A credential in a text: its kind in words, where it starts and ends (characters), and its line (from 1)."""

    kind: str
    start: int
    end: int
    line: int


def find(text: str, *, key: str = "", names_objects: bool = False, prose: bool = False) -> list[Finding]:
    """Every credential in a text, in order, none inside another.

    ``key`` is the name that the whole text stands under (of a variable, a field, a flag); ``names_objects`` says that
    fields like it often hold names of objects (see ``credential_keys.is_literal``); ``prose`` that the text is for
    people, where "password: none" is a sentence, and only what looks like a real value counts.
    """
    found = sorted(set(_spans(text, key, names_objects, prose, _DEPTH)), key=lambda span: (span[1], -span[2]))
    findings: list[Finding] = []
    for kind, start, end in found:
        if not findings or start >= findings[-1].end:
            findings.append(Finding(kind, start, end, text.count("\n", 0, start) + 1))
    return findings


@lru_cache(maxsize=65_536)
def mask(text: str) -> str:
    """The text with every recognised credential replaced by ``(withheld)``."""
    parts, at = [], 0
    for finding in find(text):
        parts += [text[at : finding.start], WITHHELD]
        at = finding.end
    return "".join((*parts, text[at:])) if parts else text


Span = tuple[str, int, int]


def _spans(text: str, key: str, names_objects: bool, prose: bool, depth: int) -> Iterator[Span]:
    if key and text.strip() and _holds_value(key, text, names_objects):
        yield f"value of {_kind(key)}", 0, len(text)
        return
    yield from spans(text)
    if _KEYWORD.search(text):
        yield from _assignments(text, names_objects, prose)
    if depth:
        yield from _encoded(text, key, depth)


def _holds_value(key: str, text: str, names_objects: bool) -> bool:
    stripped = text.strip()
    if len(stripped) > _LONGEST_VALUE or "\n" in stripped:
        return False
    decoded = decode_base64(stripped) if strength(key) else None
    if decoded is not None and not is_literal(key, decoded, names_objects=names_objects):
        return False
    return is_literal(key, stripped, names_objects=names_objects)


def _kind(key: str) -> str:
    """The kind in general words: a name is shown elsewhere, if at all."""
    lowered = key.lower()
    words = (
        ("pass", "a password"),
        ("pwd", "a password"),
        ("token", "a token"),
        ("secret", "a secret"),
        ("key", "a key"),
    )
    return next((kind for word, kind in words if word in lowered), "a credential")


def _assignments(text: str, names_objects: bool, prose: bool) -> Iterator[Span]:
    for match in _EQUALS.finditer(text):
        yield from _assigned(match[1], text, *match.span(2), names_objects=False, prose=prose)
    if ":" not in text:
        return
    for match in _COLON.finditer(text):
        commented = (prose and not match[1]) or "#" in text[match.start() : match.start(1)]
        yield from _assigned(match[2], text, *match.span(3), names_objects=True, prose=commented)
    if "value" in text:
        for match in _ENTRY.finditer(text):
            yield from _assigned(match[1], text, *match.span(2), names_objects=False, prose=False)
        for match in _ENTRY_REVERSED.finditer(text):
            yield from _assigned(match[2], text, *match.span(1), names_objects=False, prose=False)


def _assigned(key: str, text: str, start: int, end: int, *, names_objects: bool, prose: bool) -> Iterator[Span]:
    """Judge one assignment, the quotes, the comment and the block mark taken off its value."""
    value = text[start:end]
    if value[:1] in "|>":
        start += value.find("\n") + 1
        value = text[start:end]
    if value[:1] in "\"'" and len(value) > 1:
        start, end = start + 1, end - 1
    else:
        end = start + len(_COMMENT.sub("", value.split(", ")[0] if "{" in text else value))
    value = text[start:end].rstrip().rstrip(",")
    lead = len(value) - len(value.lstrip())
    start, value = start + lead, value[lead:]
    if prose and not _looks_real(value):
        return
    if _holds_value(key, value, names_objects):
        yield f"value of {_kind(key)}", start, start + len(value)


def _looks_real(value: str) -> bool:
    """In a sentence, a credential is one word of six characters or more, with a digit among its letters."""
    return len(value) >= 6 and " " not in value and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _encoded(text: str, key: str, depth: int) -> Iterator[Span]:
    """What base64 hides: the whole text, or a long run within it."""
    for match in _RUN64.finditer(text):
        decoded = decode_base64(match[0])
        if decoded is not None and any(True for _ in _spans(decoded, key, False, False, depth - 1)):
            yield "credential in base64", match.start(), match.end()
    if "\n" in text.strip():
        whole = decode_base64(text)
        if whole is not None and any(True for _ in _spans(whole, key, False, False, depth - 1)):
            yield "credential in base64", 0, len(text)
