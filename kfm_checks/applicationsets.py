"""The Applications that an ApplicationSet makes, as far as a repository tells what its generators give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest


class CannotExpandError(Exception):
    """A generator or template that needs what is not here."""


def expand(applicationset: Manifest, root: Path) -> list[dict[str, Any]]:
    """The Application specs that an ApplicationSet makes, from its list, git and matrix generators."""
    if dig(applicationset, "spec", "templatePatch"):
        raise CannotExpandError("its templatePatch is not evaluated")
    template = dig(applicationset, "spec", "template", "spec", default={})
    parameters = [p for generator in items(applicationset, "spec", "generators") for p in _generated(generator, root)]
    return [_filled(template, values) for values in parameters]


def _generated(generator: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    if "list" in generator:
        if dig(generator, "list", "elementsYaml"):
            raise CannotExpandError("its generator list has elementsYaml, which is not evaluated")
        return [dict(element) for element in items(generator, "list", "elements")]
    if "git" in generator:
        return _git_generated(generator["git"], root)
    if "matrix" in generator:
        parts = [_generated(part, root) for part in items(generator, "matrix", "generators")]
        combined: list[dict[str, Any]] = [{}]
        for part in parts:
            combined = [{**one, **other} for one in combined for other in part]
        return combined
    raise CannotExpandError(f"its generator {', '.join(sorted(generator))} needs what is not in this repository")


def _git_generated(git: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    if items(git, "files"):
        return [values for entry in items(git, "files") for values in _files(str(entry.get("path")), root)]
    # What one entry excludes stays out, whatever the others say and in whatever order.
    found: dict[bool, set[str]] = {False: set(), True: set()}
    for entry in items(git, "directories"):
        matched = (p.relative_to(root).as_posix() for p in _glob(root, str(entry.get("path") or "")) if p.is_dir())
        found[bool(entry.get("exclude"))].update(matched)
    return [_path_values(path) for path in sorted(found[False] - found[True])]


def _glob(root: Path, pattern: str) -> Iterable[Path]:
    if "{{" in pattern:
        raise CannotExpandError("a generator's path is a template, which is not evaluated")
    if not pattern or ".." in pattern.split("/") or pattern.startswith("/"):
        return []
    return sorted(root.glob(pattern))


def _path_values(path: str) -> dict[str, Any]:
    segments = path.split("/")
    plain = {f"path[{index}]": segment for index, segment in enumerate(segments)}
    basename = segments[-1]
    normalized = re.sub(r"[^a-z0-9.-]", "-", basename.lower())
    nested = {"path": path, "basename": basename, "basenameNormalized": normalized, "segments": segments}
    return {
        **plain,
        "path": nested,
        "path.basename": basename,
        "path.basenameNormalized": normalized,
        "path.path": path,
    }


def _files(pattern: str, root: Path) -> Iterator[dict[str, Any]]:
    from kfm_checks.yamlfile import read_yaml

    for file in _glob(root, pattern):
        shown = file.relative_to(root).as_posix()
        value = read_yaml(file, shown=shown).value
        yield {**(value if isinstance(value, dict) else {}), **_path_values(shown.rpartition("/")[0] or ".")}


_PLACEHOLDER = re.compile(r"\{\{-?\s*\.?([\w.\[\]-]+)\s*-?\}\}")


def _filled(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    filled = _PLACEHOLDER.sub(lambda found: _value(found[1], values), value)
    if "{{" in filled:
        raise CannotExpandError("its template uses functions that are not evaluated")
    return filled


def _value(name: str, values: dict[str, Any]) -> str:
    found: Any = values.get(name)
    if found is None:
        found = dig(values, *name.split("."))
    if isinstance(found, dict) and "path" in found:
        found = found["path"]  # {{path}} of a git generator without goTemplate
    if found is None or isinstance(found, dict | list):
        raise CannotExpandError(f"its template needs {name}, which its generators don't give")
    return str(found)
