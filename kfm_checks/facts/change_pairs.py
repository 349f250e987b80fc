"""Which object of one render is which of the other: by identity, and by stem where kustomize generated the name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from kfm_checks.facts.change_fields import field_changes
from kfm_checks.facts.change_model import Diff, ObjectChange
from kfm_checks.model import Manifest, ObjectKey

#: The suffix that kustomize appends to what it generates (its ``hasher``: ten of these characters).
_SUFFIX = re.compile(r"^(?P<stem>.+)-[2456789bcdfghkmt]{10}$")
_GENERATED = frozenset({("", "ConfigMap"), ("", "Secret")})
_Identity = tuple[str, str, str, str]


def compare(base: Iterable[Manifest], head: Iterable[Manifest]) -> Diff:
    """What differs, without risks. Both sides have their namespaces filled in (the fact ``inventory``)."""
    old, new = {_identity(obj.key): obj for obj in base}, {_identity(obj.key): obj for obj in head}
    gone = [obj for identity, obj in old.items() if identity not in new]
    come = [obj for identity, obj in new.items() if identity not in old]
    twins = [(old[identity], new[identity]) for identity in old if identity in new]
    moved = _generated(gone, come) + _regrouped(gone, come)
    taken = {id(obj) for pair in moved for obj in pair}
    renamed = _renamed(moved)
    changes = [ObjectChange("removed", obj, None) for obj in gone if id(obj) not in taken]
    changes += [ObjectChange("added", None, obj) for obj in come if id(obj) not in taken]
    for before, after in (*twins, *moved):
        if repr(before) == repr(after):  # to Python 1 equals true; what is equal in another order is compared
            continue
        fields = field_changes(before, after, _same_name(renamed, after.key.namespace))
        if fields:
            changes.append(ObjectChange("changed", before, after, fields))
    compared = len(old) + len(come) - len(moved)
    return Diff(tuple(sorted(changes, key=_order)), compared=compared, renamed=renamed)


def _order(change: ObjectChange) -> tuple[str, ...]:
    key = change.key
    return key.namespace, key.kind, key.name, key.api_version, change.change


def _identity(key: ObjectKey) -> _Identity:
    """The API version is none of it: autoscaling/v1 and v2 are views of one object."""
    return key.group, key.kind, key.namespace, key.name


def stem(name: str) -> str:
    """The name without the suffix of a generator, "" where it has none."""
    found = _SUFFIX.match(name)
    return found["stem"] if found else ""


def _generated(gone: list[Manifest], come: list[Manifest]) -> list[tuple[Manifest, Manifest]]:
    """Generated objects whose content, and so whose name, changed; one that gains or loses its suffix as well."""
    return _paired(gone, come, _stem_of)


def _stem_of(obj: Manifest) -> tuple[str, ...] | None:
    key = obj.key
    if (key.group, key.kind) not in _GENERATED:
        return None
    return key.kind, key.namespace, stem(key.name) or key.name


def _regrouped(gone: list[Manifest], come: list[Manifest]) -> list[tuple[Manifest, Manifest]]:
    """Objects that moved to another API group under one kind and name: Ingress of extensions, then of networking."""
    return [
        pair
        for pair in _paired(gone, come, lambda obj: (obj.key.kind, obj.key.namespace, obj.key.name))
        if pair[0].key.group != pair[1].key.group
    ]


def _paired(
    gone: list[Manifest], come: list[Manifest], key: Callable[[Manifest], tuple[str, ...] | None]
) -> list[tuple[Manifest, Manifest]]:
    """One to one alone: where several share a key nobody can tell which is which."""
    sides: list[dict[tuple[str, ...], list[Manifest]]] = []
    for objects in (gone, come):
        found: dict[tuple[str, ...], list[Manifest]] = defaultdict(list)
        for obj in objects:
            if (name := key(obj)) is not None:
                found[name].append(obj)
        sides.append(found)
    old, new = sides
    return [(old[k][0], new[k][0]) for k in sorted(old) if len(old[k]) == 1 and len(new.get(k, ())) == 1]


def _renamed(moved: list[tuple[Manifest, Manifest]]) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for before, after in moved:
        if before.key.name != after.key.name:
            found[after.key.kind, after.key.namespace][before.key.name] = after.key.name
    return dict(found)


def _same_name(renamed: Mapping[tuple[str, str], Mapping[str, str]], namespace: str) -> Callable[[str, str], bool]:
    """Whether two texts name one renamed object; only names of the object's own namespace can be referred to."""
    known = {old: new for (_, home), names in renamed.items() if home == namespace for old, new in names.items()}
    return lambda old, new: known.get(old) == new if known else False
