"""YAML text to plain values with the line of each field: a stack machine over libyaml's events.

No recursion and no constructor of Python objects: hostile nesting, aliases and tags are limits and errors, no crash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from kfm_checks.errors import ManifestError
from kfm_checks.manifest_scalars import MERGE, ScalarError, json_value, key_text, plain, tagged
from kfm_checks.model import Path

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError as missing:  # pragma: no cover - every wheel of PyYAML carries libyaml
    raise ImportError("PyYAML was built without libyaml; install PyYAML from a wheel") from missing

MAX_DEPTH = 250
#: Values that aliases may add to a file, counted after expansion.
MAX_ALIASED = 100_000
_REMEDY_YAML = "mend the YAML"


class Document:
    """One YAML document: its value, the line where it begins, and the line of each field."""

    __slots__ = ("line", "lines", "value")

    def __init__(self, value: Any, line: int, lines: dict[Path, int]) -> None:
        self.value = value
        self.line = line
        self.lines = lines


class _Frame:
    """A collection under construction."""

    __slots__ = ("anchor", "explicit", "key", "key_line", "line", "merged", "merging", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None, line: int) -> None:
        self.value = value
        self.anchor = anchor
        self.line = line
        self.key: str | None = None
        self.key_line = line
        #: Keys written out in this mapping, with their lines; a merge never replaces them.
        self.explicit: dict[str, int] = {}
        self.merged: set[str] = set()
        self.merging = False


def documents(text: str, *, file: str = "", lines: bool = True) -> Iterator[Document]:
    """Each document of a YAML stream. Raises ManifestError with file and line.

    ``lines`` False leaves the fields' lines out, which takes about a third off the time.
    """
    parser = _Parser(text)
    try:
        while not parser.check_event(yaml.StreamEndEvent):
            event = parser.get_event()
            if isinstance(event, yaml.DocumentStartEvent):
                _check_version(event, file)
                yield _Builder(parser, file, lines).build()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, file) from error
    except yaml.YAMLError as error:
        raise ManifestError(f"not YAML: {error}", file=file, remedy=_REMEDY_YAML) from error
    finally:
        parser.dispose()


def _check_version(event: Any, file: str) -> None:
    if event.version not in (None, (1, 1)):
        raise ManifestError(
            "a %YAML directive other than 1.1, which Kubernetes refuses",
            file=file,
            line=event.start_mark.line + 1,
            remedy="remove the directive",
        )


def _syntax(error: yaml.MarkedYAMLError, file: str) -> ManifestError:
    mark = error.problem_mark or error.context_mark
    problem = f"{error.context}: {error.problem}" if error.context and error.problem else error.problem or error.context
    return ManifestError(
        f"not valid YAML: {problem}", file=file, line=mark.line + 1 if mark is not None else None, remedy=_REMEDY_YAML
    )


class _Builder:
    """Builds one document from the parser's events."""

    def __init__(self, parser: Any, file: str, lines: bool) -> None:
        self.parser = parser
        self.file = file
        self.want_lines = lines
        self.lines: dict[Path, int] = {}
        self.stack: list[_Frame] = []
        self.path: list[str | int] = []
        self.anchors: dict[str, Any] = {}
        self.open_anchors: set[str] = set()
        self.aliased = 0
        #: How many of the open mappings are the value of a ``<<``, whose fields have no place of their own.
        self.unlined = 0
        self.value: Any = None

    def build(self) -> Document:
        first: int | None = None
        while True:
            event = self.parser.get_event()
            if isinstance(event, yaml.DocumentEndEvent):
                return Document(self.value, first or 1, self.lines)
            line = event.start_mark.line + 1
            first = first or line
            try:
                self.handle(event, line)
            except ScalarError as error:
                raise self.error(str(error), line, error.remedy) from error

    def handle(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self.anchors[event.anchor] = value
            merge = event.value == MERGE and event.tag is None and not event.style
            self.add(value, line, merge=merge)
        elif isinstance(event, yaml.MappingStartEvent):
            self.open({}, event.anchor, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.open([], event.anchor, line)
        elif isinstance(event, yaml.AliasEvent):
            self.add(self.expand(event.anchor or "", line), line)
        else:  # MappingEnd, SequenceEnd
            frame = self.stack.pop()
            if frame.anchor:
                self.anchors[frame.anchor] = frame.value
                self.open_anchors.discard(frame.anchor)
            self.add(frame.value, frame.line, closed=True)

    def open(self, value: dict[str, Any] | list[Any], anchor: str | None, line: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels", line, "no manifest needs that: check the file")
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise self.error("a mapping key is no scalar", line, "write the key as text; quote {{ }} of templates")
        self.place(line)
        if anchor:
            self.open_anchors.add(anchor)
        self.stack.append(_Frame(value, anchor, line))

    def place(self, line: int) -> None:
        """Enter the child's path and note its line."""
        if not self.stack:
            return
        parent = self.stack[-1]
        if isinstance(parent.value, list):
            self.path.append(len(parent.value))
        else:
            self.path.append(parent.key or "")
            line = parent.key_line
        self.unlined += parent.merging
        if self.want_lines and not self.unlined:
            self.lines[tuple(self.path)] = line

    def add(self, value: Any, line: int, *, merge: bool = False, closed: bool = False) -> None:
        if not self.stack:
            self.value = value if closed else json_value(value)
            return
        parent = self.stack[-1]
        if isinstance(parent.value, dict) and parent.key is None:
            self.take_key(parent, value, line, merge)
            return
        if not closed:
            value = json_value(value) if value.__class__ in (float, int) else value
            self.place(line)
        self.path.pop()
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.merging:
            self.merge(parent, value, line)
            parent.merging = False
            self.unlined -= 1
        else:
            parent.value[parent.key or ""] = value
        parent.key = None

    def take_key(self, parent: _Frame, value: Any, line: int, merge: bool) -> None:
        if isinstance(value, dict | list):
            raise self.error("a mapping key is no scalar", line, "write the key as text")
        key = key_text(value)
        parent.key, parent.key_line, parent.merging = key, line, merge
        earlier = parent.explicit.get(key)
        if earlier is not None:
            raise self.error(f"duplicate key {key!r}, first on line {earlier}", line, "keep one of the two")
        parent.explicit[key] = line

    def merge(self, parent: _Frame, value: Any, line: int) -> None:
        """``<<``: keys below it win over merged ones, earlier merged mappings over later ones.

        A key above it with another value is refused: YAML keeps that key, Kubernetes replaces it.
        """
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.error("<< merges what is no mapping", line, "merge an anchor of a mapping")
        target: Any = parent.value
        for source in sources:
            for key, item in source.items():
                if key in parent.merged:
                    continue
                if key in target and target[key] != item:
                    raise self.error(f"<< below the key {key!r}, which it merges too", line, "write << first")
                target.setdefault(key, item)
                parent.merged.add(key)

    def expand(self, anchor: str, line: int) -> Any:
        if anchor in self.open_anchors:
            raise self.error(f"anchor {anchor!r} contains itself", line, "write the value out")
        if anchor not in self.anchors:
            # Not named: what is meant as text and begins with a star may be a password.
            raise self.error("unknown anchor after a *", line, "quote the text, or define the anchor above")
        return self.copy(self.anchors[anchor], line, len(self.stack))

    def copy(self, value: Any, line: int, depth: int) -> Any:
        """A deep copy, counted: a bomb is refused before it grows."""
        if depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH} levels", line, "write the values out")
        self.aliased += 1 + (len(value) >> 8 if isinstance(value, str) else 0)
        if self.aliased > MAX_ALIASED:
            raise self.error(f"aliases expand to more than {MAX_ALIASED} values", line, "write the values out")
        if isinstance(value, dict):
            return {key: self.copy(item, line, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, line, depth + 1) for item in value]
        return value

    def error(self, message: str, line: int, remedy: str) -> ManifestError:
        return ManifestError(message, file=self.file, line=line, remedy=remedy)


def _scalar(event: Any) -> Any:
    tag = event.tag
    if tag is None:
        return plain(event.value) if event.implicit[0] and not event.style else event.value
    return event.value if tag == "!" else tagged(tag, event.value)
