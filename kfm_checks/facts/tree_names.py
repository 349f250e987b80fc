"""The names of the objects in a file, by a scan: parsing every file of an overlay would cost more than all checks."""

from __future__ import annotations

import re

from kfm_checks.facts.tree import TreeFile
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.values import Value

_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?([\w.-]+)", re.MULTILINE)
_VERSION = re.compile(r"^apiVersion:[ \t]*[\"']?([\w./-]+)", re.MULTILINE)
_METADATA = re.compile(r"^metadata:[ \t]*\n((?:[ \t]+.*\n?|[ \t]*#.*\n|\n)*)", re.MULTILINE)
_FIRST = re.compile(r"^[^\s#-]", re.MULTILINE)
_FLOW = re.compile(r"^[{\[]", re.MULTILINE)


class Named(Value, frozen=True):
    """An object in a file: its identity as written there, and the line on which it begins."""

    key: ObjectKey
    line: int


def names(file: TreeFile) -> tuple[Named, ...]:
    """The objects of a file, in order. What is not in plain block style is parsed; a list's items are listed.

    A file is scanned once: the answer stays with it, and goes with it.
    """
    known: tuple[Named, ...] | None = file.__dict__.get("names")
    if known is None:
        known = file.__dict__["names"] = _names(file)
    return known


def _names(file: TreeFile) -> tuple[Named, ...]:
    if not file.is_manifest_file:
        return ()
    found: list[Named] = []
    text, line, at = file.text, 1, 0
    for end in [mark.start() for mark in _DOCUMENT.finditer(text)] + [len(text)]:
        part = text[at:end]
        if _KIND.search(part):
            named = _scanned(part, line)
            if named is None:
                return _parsed(file)
            found.append(named)
        elif _FLOW.search(part):
            return _parsed(file)
        line, at = line + part.count("\n"), end
    return tuple(found)


def _scanned(part: str, line: int) -> Named | None:
    kind, version, metadata = _KIND.search(part), _VERSION.search(part), _METADATA.search(part)
    if kind is None or kind[1].endswith("List") or part.count("\nkind:") > 1:
        return None
    block = metadata[1] if metadata else ""
    name = _child(block, "name")
    if not name and kind[1] not in {"Kustomization", "Component"}:
        return None
    first = line + _FIRST.split(part, maxsplit=1)[0].count("\n")
    return Named(ObjectKey(version[1] if version else "", kind[1], _child(block, "namespace"), name), first)


def _child(block: str, name: str) -> str:
    indent = re.match(r"(?:[ \t]*#.*\n|\n)*([ \t]+)", block)
    found = re.search(rf"^{indent[1] if indent else ''}{name}:[ \t]*(.+?)[ \t]*(?: #.*)?$", block, re.MULTILINE)
    return found[1].strip("\"'") if found else ""


def _parsed(file: TreeFile) -> tuple[Named, ...]:
    places = []
    for document in file.documents:
        value = document.value if isinstance(document.value, dict) else {}
        listed = value.get("items") if str(value.get("kind", "")).endswith("List") else None
        for index, item in enumerate(listed if isinstance(listed, list) else [value]):
            line = document.line_of("items", index) if isinstance(listed, list) else document.line
            if isinstance(item, dict) and isinstance(item.get("kind"), str):
                places.append(Named(Manifest(item).key, line))
    return tuple(places)
