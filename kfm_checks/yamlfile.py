"""YAML files that are ours (configuration, records, examples): plain data, with the line of every field."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path as FilePath
from typing import Any

import yaml

from kfm_checks.errors import ConfigError
from kfm_checks.model import Path
from kfm_checks.values import Value

#: Nothing that people write by hand is larger; a larger file is a mistake or an attack.
LIMIT = 4 * 1024 * 1024
#: What PyYAML raises where a value isn't what its tag says (``!!int ""``, ``!!bool x``, ``!!timestamp x``).
CONSTRUCTORS = (ValueError, LookupError, AttributeError)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without timestamps: a date stays the text that was written."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


class YamlFile(Value, frozen=True):
    """One document: its value, and the 1-based line of each path in it."""

    file: str
    value: Any
    lines: dict[Path, int]

    def line(self, path: Path = ()) -> int | None:
        """The line of a field, or of its nearest parent."""
        return next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)


def read_yaml(path: FilePath, *, shown: str) -> YamlFile:
    """Read one YAML document; ``shown`` is the path as messages give it. Raises ConfigError."""
    try:
        if path.stat().st_size > LIMIT:
            raise ConfigError(f"the file is larger than {LIMIT // 1024 // 1024} MiB", file=shown, remedy="split it")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("the file is not UTF-8 text", file=shown, remedy="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            f"can't be read: {error.strerror}", file=shown, remedy="check path and permissions"
        ) from error
    return parse_yaml(text, shown=shown)


def parse_yaml(text: str, *, shown: str) -> YamlFile:
    """Parse one YAML document: no aliases, no duplicate keys, no tags of its own. Raises ConfigError."""
    try:
        _refuse_aliases(text, shown)
        node = yaml.compose(text, Loader=_Loader)
        lines: dict[Path, int] = {}
        if node is not None:
            _walk(node, (), lines, shown)
        return YamlFile(shown, yaml.load(text, Loader=_Loader), lines)  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise ConfigError("nested too deeply", file=shown, remedy="flatten it") from error
    except (yaml.YAMLError, *CONSTRUCTORS) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or _said(error)
        line = mark.line + 1 if mark is not None else None
        raise ConfigError(f"not valid YAML: {problem}", file=shown, line=line, remedy="mend the syntax") from error


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else "a value is not what its tag says"


def _refuse_aliases(text: str, shown: str) -> None:
    """Aliases let a short file grow without bound; nothing of ours needs them."""
    if "*" not in text:
        return
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else None
            raise ConfigError("YAML aliases are not accepted here", file=shown, line=line, remedy="write the value out")


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int], shown: str) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"the key {name!r} is given twice", file=shown, line=line, remedy="remove one")
            seen.add(name)
            _walk(value, (*path, name), lines, shown)
            lines[*path, name] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, shown)
