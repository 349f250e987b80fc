"""Read a data manifest entry by entry, so that ten thousand of them are read in seconds and each text but once.

The list ``datasets`` is cut at its items; each is read by the reader of rendered objects, which is fast where every
line has a simple form and exact elsewhere. What can't be cut so is read whole by the exact reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kfm_checks.errors import ConfigError, ManifestError
from kfm_checks.manifest_fast import fast_documents
from kfm_checks.model import Path
from kfm_checks.yamlfile import YamlFile, parse_yaml

_LIST = re.compile(r"^datasets:[ ]*(?:#.*)?\n", re.MULTILINE)
_TOP = re.compile(r"^[A-Za-z]", re.MULTILINE)
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)
_KEY = re.compile(r"^( *)([a-z0-9-]+):")
#: A plain or quoted text that goes on in the next line, as programs fold long ones.
_FOLDED = re.compile(
    r"^( *(?:- )?[A-Za-z_][\w-]*: (?![|>&*{\[!#]).*)\n((?:(?! *(?:- |[A-Za-z_][\w-]*:(?: |$)|#)) +\S.*\n?)+)",
    re.MULTILINE,
)
#: Block texts, in which a line that looks like a comment is none.
_BLOCK = re.compile(r"[:-] [|>][-+0-9]*[ ]*(?:#.*)?$", re.MULTILINE)
#: Below this many characters the exact reader alone is fast enough, and knows the line of every field.
SMALL = 20_000


def read_manifest(text: str, shown: str) -> YamlFile:
    """A manifest's value and lines. Raises ConfigError as the exact reader does."""
    cut = _cut(text) if len(text) > SMALL else None
    if cut is None:
        return parse_yaml(text, shown=shown)
    rest, items, start = cut
    document = parse_yaml(rest, shown=shown)
    if not isinstance(document.value, dict):
        return parse_yaml(text, shown=shown)
    lines: dict[Path, int] = {path: line for path, line in document.lines.items() if len(path) < 2}
    datasets = []
    for index, (item, line) in enumerate(items):
        datasets.append(_entry(item, shown, start + line))
        lines["datasets", index] = start + line
        for name, at in _keys(item):
            lines["datasets", index, name] = start + line + at
    return YamlFile(shown, {**document.value, "datasets": datasets}, lines)


def _cut(text: str) -> tuple[str, list[tuple[str, int]], int] | None:
    """(the manifest without its datasets, (item, line within the list), line of the list); None: it can't be cut."""
    heads = list(_LIST.finditer(text))
    if len(heads) != 1 or "\t" in text or "\r" in text:
        return None
    start = heads[0].end()
    after = _TOP.search(text, start)
    body = text[start : after.start() if after else len(text)]
    first = _ITEM.search(body)
    if first is None or body[: first.start()].strip():
        return None
    marks = [mark.start() for mark in re.finditer(rf"^{first[1]}- ", body, re.MULTILINE)]
    ends = [*marks[1:], len(body)]
    items, line, at = [], 1, 0
    for begin, end in zip(marks, ends, strict=True):
        line += body.count("\n", at, begin)
        at = begin
        items.append((body[begin:end], line))
    rest = text[: heads[0].start()] + "datasets: []\n" + (text[after.start() :] if after else "")
    return rest, items, text.count("\n", 0, start)


def _entry(item: str, shown: str, line: int) -> Any:
    try:
        return _parsed(item)
    except ManifestError as error:
        at = line + (error.line or 1) - 1
        raise ConfigError(f"not valid YAML: {error.message}", file=shown, line=at, remedy="mend the syntax") from error


@lru_cache(maxsize=100_000)
def _parsed(item: str) -> Any:
    """The value of one item; an item met before is not read again. Callers never change it."""
    indent = len(item) - len(item.lstrip(" ")) + 2
    margin = " " * indent
    body = "\n".join(row.removeprefix(margin) for row in (margin + item[indent:]).splitlines()) + "\n"
    if not _BLOCK.search(body):
        body = "\n".join(row for row in body.split("\n") if row.strip() and not row.lstrip().startswith("#")) + "\n"
        body = _FOLDED.sub(_joined, body)
    found = [value for value, _ in fast_documents(body)]
    return found[0] if len(found) == 1 else None


def _joined(found: re.Match[str]) -> str:
    """A folded text in one line; a blank line in it would be a line break, and the caller has none."""
    return " ".join([found[1].rstrip(), *(row.strip() for row in found[2].splitlines())]) + "\n"


def _keys(item: str) -> Iterator[tuple[str, int]]:
    rows = item.split("\n")
    column = len(item) - len(item.lstrip(" ")) + 2
    for at, row in enumerate(rows):
        found = _KEY.match(row.replace("- ", "  ", 1) if at == 0 else row)
        if found and len(found[1]) == column:
            yield found[2], at
