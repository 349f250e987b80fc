"""Variables that Flux fills in when it applies: what its Kustomization says inline is filled in, the rest stays open.

Flux documentation, Kustomization, *Post build variable substitution*. It is done on the YAML of each object, so that
``replicas: ${COUNT}`` becomes a number. What ``substituteFrom`` gives is in the cluster, and nobody knows it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.objects import Inventory, annotations_of, dig, labels_of
from kfm_checks.model import Manifest, ObjectKey, Path
from kfm_checks.values import Value

_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
#: ``$${`` stands for ``${``; an expression ends at the first brace.
_EXPRESSION = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(?::=|:-|=)(.*))?", re.DOTALL)
#: One of these stands for the ``$`` of what stays open: characters of nobody's alphabet, which YAML leaves alone.
_MARKS = tuple(map(chr, range(0xE000, 0xF900)))


class Substitution(Value, frozen=True):
    """What is known of the variables: their values, and whether others come from the cluster."""

    values: Mapping[str, str]
    others: bool = False

    def filled(self, text: str, mark: str) -> str:
        """The text with what is known filled in; what stays open has the mark for its ``$``."""
        return _EXPRESSION.sub(lambda found: self._value(found, mark), text)

    def _value(self, found: re.Match[str], mark: str) -> str:
        if found[1] is None:
            return "${"
        named = _NAME.fullmatch(found[1])
        name, default = (named[1], named[2]) if named else ("", None)
        if name in self.values:  # inline values go before those of the cluster; an empty one leaves it to the default
            return self.values[name] or default or ""
        return mark + found[0][1:] if default is None or self.others else default


def substitution(settings: Iterable[Mapping[str, Any] | None]) -> Substitution | None:
    """What the ``postBuild`` of the reconcilers of one source say together; None where none of them substitutes.

    What they do not agree on stays open.
    """
    found = [_of(each) for each in settings]
    if not any(found):
        return None
    if all(each == found[0] for each in found):
        return found[0]
    first, *rest = (each.values if each else {} for each in found)
    return Substitution({name: v for name, v in first.items() if all(one.get(name) == v for one in rest)}, True)


def _of(settings: Mapping[str, Any] | None) -> Substitution | None:
    given = dig(settings, "postBuild", "substitute", default={})
    others = bool(dig(settings, "postBuild", "substituteFrom"))
    values = {str(k): str(v).replace("\n", "") for k, v in given.items()} if isinstance(given, dict) else {}
    # Without any variable Flux substitutes nothing, and ${…} stays as it is.
    return Substitution(values, others) if values or others else None


def substituted(obj: Manifest, known: Substitution | None) -> Manifest:
    """The object as Flux applies it; ``origin.variables`` says where something stays open."""
    if known is None or not any("${" in text for text in _texts(obj)):
        return obj
    if "disabled" in (labels_of(obj).get(_SWITCH), annotations_of(obj).get(_SWITCH)):
        return obj
    taken = set("".join((*_texts(obj), *known.values.values())))
    mark = next((each for each in _MARKS if each not in taken), "")
    content = _reread(known.filled(_written(obj), mark)) if mark else None
    if content is None:  # a value that is no YAML at its place: Flux would refuse it, and all of it is open
        paths = tuple(path for path, text in _leaves(obj) if "${" in text)
        return Manifest(obj, replace(obj.origin, variables=paths))
    paths = tuple(tuple(_restored(path, mark)) for path, text in _leaves(content) if mark in text)
    return Manifest(_restored(content, mark), replace(obj.origin, variables=paths))


def _written(obj: Manifest) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Text with a variable as Kubernetes' tools write it, so that what is filled in is read as they read it: plain
        where that is possible, several lines as a block. All other text in quotes: it stays what it is.
        """

    def written(dumper: Any, text: str) -> Any:
        style = ("|" if "\n" in text else None) if "${" in text else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, written)
    return yaml.dump(dict(obj), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10**9)


def _reread(text: str) -> dict[str, Any] | None:
    from kfm_checks.manifests import parse_manifests

    try:
        found = parse_manifests(text, source_lines=False)
    except KfmChecksError:
        return None
    return dict(found[0]) if len(found) == 1 else None


def _texts(value: Any) -> Iterator[str]:
    """Every text of a value, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text with its path; a key stands at the path of its value."""
    if isinstance(value, dict):
        for key, item in value.items():
            at = (*path, str(key))
            yield at, str(key)
            yield from _leaves(item, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif isinstance(value, str):
        yield path, value


def _restored(value: Any, mark: str) -> Any:
    """The value, or the path, with ``$`` where the mark stood for it."""
    if isinstance(value, dict):
        return {str(key).replace(mark, "$"): _restored(item, mark) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(item, mark) for item in value]
    return value.replace(mark, "$") if isinstance(value, str) else value


class Variable(Value, frozen=True):
    """A field that holds a variable whose value nobody knows here."""

    obj: Manifest
    path: Path
    names: tuple[str, ...]


def variables(inventory: Inventory) -> Mapping[ObjectKey, tuple[Variable, ...]]:
    """The fields of each object that Flux fills in when it applies, with what nobody knows here."""
    found: dict[ObjectKey, tuple[Variable, ...]] = {}
    for obj in inventory:
        if obj.origin.variables:
            found[obj.key] = tuple(Variable(obj, path, _names(obj, path)) for path in obj.origin.variables)
    return found


def _names(obj: Manifest, path: Path) -> tuple[str, ...]:
    text = " ".join((str(path[-1]) if path else "", *(_texts(dig(obj, *path)))))
    named = (_NAME.match(found[1]) for found in _EXPRESSION.finditer(text) if found[1])
    return tuple(sorted({found[1] for found in named if found}))
