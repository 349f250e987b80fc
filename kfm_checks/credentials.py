"""Recognise credentials in text: by their form, by the name that they stand under, and behind base64.

Nothing here gives a value away: a Finding has a kind and a place, and neither its repr nor an error has the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kfm_checks.credential_keys import is_literal, strength
from kfm_checks.credential_patterns import (
    ARGUMENT,
    CODE,
    COLON,
    ENTRY,
    ENTRY_NAME,
    ENTRY_REVERSED,
    ENVIRON,
    EQUALS,
    HEADER,
    HEADER_VALUE,
    LEADS_WORD,
    MATCHERS,
    TYPED,
    UNSET,
    WORD_AFTER,
)
from kfm_checks.credential_shapes import decode_base64, has_hint, hints_in, spans
from kfm_checks.values import Value

WITHHELD = "(withheld)"
#: Text that was hidden in base64 twice is looked at; deeper is not.
_DEPTH = 2
#: A value longer than this (characters) under a name is no password but a document: its lines are looked at.
_LONGEST_VALUE = 4_096

#: Every name that says something of its value holds one of these; found in text that was lowered first.
_WORD = re.compile(r"pass|pwd|pw|psk|secret|token|key|cred|cookie|jwt|j_auth|bearer")
_NAME_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
#: Names longer than this on either side of the word are no names: hostile text must not make the search slow.
_LONGEST_NAME = 64
#: How far to the left of a name the labels that a metric is asked for with are looked for.
_LONGEST_MATCHERS = 400
_RUN64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_RUN64_BOUND = frozenset("_.-=")
_COMMENT = re.compile(r"[ \t]#.*$|[ \t]*$")


class Finding(Value, frozen=True):
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
    line, counted = 1, 0
    for kind, start, end in found:
        if not findings or start >= findings[-1].end:
            line, counted = line + text.count("\n", counted, start), start
            findings.append(Finding(kind, start, end, line))
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
    if key and text.strip() and (_holds_value(key, text, names_objects) or _own_name(key, text, names_objects)):
        yield f"value of {_kind(key)}", 0, len(text)
        return
    yield from spans(text)
    yield from _assignments(text, prose)
    if depth:
        yield from _encoded(text, key, depth)


def _own_name(key: str, text: str, names_objects: bool) -> bool:
    """Whether the whole value of a variable is its name once more: PASSWORD=password. In code that passes one on."""
    return not names_objects and strength(key) == "strong" and text.strip().lower() == key.lower()


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


def telling_names(text: str) -> Iterator[tuple[int, int]]:
    """Where a text has names that say that their value is a credential (start and end of each)."""
    done = -1
    for word in _WORD.finditer(text.lower()):
        start, end = word.span()
        if start < done or end > len(text):
            continue
        low, high = max(0, start - _LONGEST_NAME), min(len(text), end + _LONGEST_NAME)
        while start > low and text[start - 1] in _NAME_CHARS:
            start -= 1
        while end < high and text[end] in _NAME_CHARS:
            end += 1
        done = end
        if strength(text[start:end]):
            yield start, end


def _assignments(text: str, prose: bool) -> Iterator[Span]:
    for start, end in telling_names(text):
        key = text[start:end]
        equals = EQUALS.match(text, end)
        if equals:
            asked = bool(MATCHERS.search(text, max(0, start - _LONGEST_MATCHERS), start))
            yield from _assigned(key, text, *equals.span(1), names_objects=asked, prose=prose)
            continue
        before = text[max(text.rfind("\n", 0, start) + 1, start - 200) : start]
        colon = COLON.match(text, end)
        if colon and _starts_item(before):
            unsure = (prose and not colon[1]) or "#" in before
            yield from _assigned(key, text, *colon.span(2), names_objects=True, prose=unsure)
        elif before.endswith("`") and (code := CODE.match(text, end)):
            yield from _assigned(key, text, *code.span(1), names_objects=True, prose=True)
        elif ENTRY_NAME.search(before) or (key == "password" and TYPED.search(before)):
            yield from _entry(key, text, start, end)
        elif value := _after_mark(before + key, text, end, before):
            yield from _assigned(key, text, *value.span(1), names_objects=False, prose=False)
        elif not prose and key[0] != "-" and LEADS_WORD.match(before) and (value := WORD_AFTER.match(text, end)):
            if _looks_real(value[1]):
                yield from _assigned(key, text, *value.span(1), names_objects=True, prose=False)
        elif key.startswith("-") and (value := ARGUMENT.match(text, end)) and _looks_real(value[1]):
            yield from _assigned(key.lstrip("-"), text, *value.span(1), names_objects=False, prose=False)


def _after_mark(lead: str, text: str, end: int, before: str) -> re.Match[str] | None:
    """The value of a header among a command's arguments, or what code takes where a variable is not set."""
    if HEADER.search(before):
        return HEADER_VALUE.match(text, end)
    return UNSET.match(text, end) if ENVIRON.search(lead) else None


def _starts_item(before: str) -> bool:
    """Whether a name is the key of a mapping: nothing stands before it in its line or in its braces."""
    lead = before.rstrip(" \t>#-\"'\\")
    return not lead or lead[-1] in "{,"


def _entry(key: str, text: str, start: int, end: int) -> Iterator[Span]:
    value = ENTRY.match(text, end)
    if value:
        yield from _assigned(key, text, *value.span(1), names_objects=False, prose=False)
        return
    offset = max(0, start - 600)
    value = ENTRY_REVERSED.search(text[offset:start])
    if value:
        yield from _assigned(key, text, *(offset + at for at in value.span(1)), names_objects=False, prose=False)


def _assigned(key: str, text: str, start: int, end: int, *, names_objects: bool, prose: bool) -> Iterator[Span]:
    """Judge one assignment, the quotes, the comment and the block mark taken off its value."""
    value = text[start:end]
    if value[:1] in "|>":
        start += value.find("\n") + 1
        value = text[start:end]
    if escaped := re.match(r"(\\+)\"", value):
        start, end = start + escaped.end(), end - escaped.end()
    elif value[:1] in "\"'" and len(value) > 1:
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
    for start, end, decoded in encoded_runs(text):
        if any(True for _ in _spans(decoded, key, False, False, depth - 1)):
            yield "credential in base64", start, end
    if "\n" in text.strip():
        whole = decode_base64(text)
        if whole is not None and any(True for _ in _spans(whole, key, False, False, depth - 1)):
            yield "credential in base64", 0, len(text)


def encoded_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """The runs of base64 in a text that stand for printable text: start, end, what they stand for."""
    for match in _RUN64.finditer(text):
        start, end = match.span()
        if (start and text[start - 1] in _RUN64_BOUND and text[start - 1] != "=") or text[
            end : end + 1
        ] in _RUN64_BOUND:
            continue
        decoded = decode_base64(match[0])
        if decoded is not None:
            yield start, end, decoded


_SUSPECT_NEXT = re.compile(r"\\*[\"']?[ \t]*[:=]|[ \t]+\S+[ \t]*(?:#[^\n]*)?(?:\n|\"|$)")


def quiet(texts: Sequence[str]) -> list[bool]:
    """One quick look at many texts (objects as JSON, files): True where ``find`` finds nothing in any part."""
    hints = hints_in(texts)
    return [not _may_hold(text, hints) for text in texts]


def _may_hold(text: str, hints: tuple[str, ...]) -> bool:
    if has_hint(text, hints) or any(True for _ in encoded_runs(text)):
        return True
    plain = text.replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t") if "\\" in text else text
    return any(
        _SUSPECT_NEXT.match(plain, end)
        or "-" in (plain[start - 1 : start], plain[start])  # a flag, whose value may be the next argument
        or any(mark.search(plain[max(0, start - 200) : start]) for mark in (ENTRY_NAME, TYPED))
        or ENVIRON.search(plain[max(0, start - 200) : end])
        for start, end in telling_names(plain)
    )
