"""The folder map: drawn as a tree in a code block, or listed in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.readme.model import Folder, Table

#: The branches that `tree` and people draw: ├─ └── |-- +-- `-- \--
_BRANCH = re.compile(r"^(?P<lead>[\s│┃|┆┊]*)(?P<branch>[├└┣┗╰]\W*|[|`+\\]-+\s*)(?P<rest>\S.*)$")
_REMARK = re.compile(r"\s+(?:#|//|<-+|←|--|—|–)\s*(?P<about>.*)$|\s{2,}(?P<aside>\S.*)$")
_PATH_HEADER = re.compile(r"\b(path|folder|director(y|ies)|dir|file|location|where)\b", re.IGNORECASE)
_PATHLIKE = re.compile(r"[\w.@-]+(/[\w.@*-]+)*/?")


def tree_folders(code: str, first_line: int) -> Iterator[Folder]:
    """The entries of a drawn tree; nothing where the block draws none."""
    lines = code.splitlines()
    if not any(_BRANCH.match(line) for line in lines):
        return
    # None: an entry that is no path, such as <name>/ or "..."; what hangs below it is none either.
    stack: list[tuple[int, str | None]] = []
    for number, line in enumerate(lines, first_line):
        found = _BRANCH.match(line)
        column = found.start("rest") if found else len(line) - len(line.lstrip())
        rest = (found["rest"] if found else line).strip()
        if not rest or rest.startswith("#"):
            continue
        remark = _REMARK.search(rest)
        name = (rest[: remark.start()] if remark else rest).strip()
        while stack and stack[-1][0] >= column:
            stack.pop()
        parent = stack[-1][1] if stack else ""
        path = None if parent is None or not _is_path(name) else _join(parent, name)
        stack.append((column, path))
        if path and (found or name.endswith("/")):
            about = (remark["about"] or remark["aside"] or "").strip() if remark else ""
            yield Folder(path, number, about, "tree")


def _is_path(name: str) -> bool:
    return name not in ("...", "…") and _PATHLIKE.fullmatch(name.removeprefix("./") or ".") is not None


def _join(parent: str, name: str) -> str:
    name = name.removeprefix("./")
    if name in (".", ""):
        return parent
    if not parent:
        return name
    return f"{parent.rstrip('/')}/{name}"


def table_folders(table: Table) -> Iterator[Folder]:
    """The first column's paths of a table that says what lies where."""
    if not table.header or not _PATH_HEADER.search(table.header[0]):
        return
    for row in table.rows:
        if not row:
            continue
        paths = row[0].paths or ((row[0].text,) if row[0].text.endswith("/") else ())
        bound = tuple(dict.fromkeys(id for cell in row for id in cell.bindings))
        about = row[1].text if len(row) > 1 else ""
        for path in paths:
            if _is_path(path):
                yield Folder(path.removeprefix("./"), row[0].line, about, "table", bound)
