"""The rendered objects as people may see them: with their source, values withheld."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kfm_checks.model import Manifest, Path
from kfm_checks.redaction import WITHHELD, redact, withheld
from kfm_checks.run import Options, judge


def shown_objects(path: str, options: Options) -> list[tuple[str, dict[str, Any]]]:
    """Source and content of each object of an overlay, sorted. Raises KfmChecksError."""
    return [(str(obj.origin.source()), shown(obj)) for obj in in_order(_objects(path, options))]


def listed(path: str, options: Options) -> Iterator[str]:
    """One line an object: where it is, and where it comes from."""
    for obj in in_order(_objects(path, options)):
        yield f"{redact(str(obj.key))}\t{obj.origin.source()}"


def in_order(objects: Iterable[Manifest]) -> list[Manifest]:
    """Objects by namespace, kind and name."""
    return sorted(objects, key=lambda obj: (obj.key.namespace, obj.key.kind, obj.key.name, obj.key.api_version))


def _objects(path: str, options: Options) -> tuple[Manifest, ...]:
    from dataclasses import replace

    # Any one cheap check: the run is wanted for its objects.
    return judge(path, replace(options, only=("overlay-renders",))).objects


def shown(obj: Manifest) -> dict[str, Any]:
    """An object with Secret values and recognised credentials withheld.

    What SEC-01 finds is withheld where it finds it: a password is often recognised by the name of its field alone.
    """
    from kfm_checks.facts.ciphertext import unsealed
    from kfm_checks.facts.secrets_walk import exposures_of

    found_at = (*(exposure.path for exposure in exposures_of([obj])[0]), *unsealed(obj))
    places = frozenset(tuple(map(str, path)) for path in found_at)
    found = _shown(obj, obj, (), places)
    assert isinstance(found, dict)
    return found


def _shown(value: Any, obj: Manifest, path: Path, places: frozenset[tuple[str, ...]]) -> Any:
    if isinstance(value, dict):
        return {str(key): _shown(item, obj, (*path, str(key)), places) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, obj, (*path, index), places) for index, item in enumerate(value)]
    if withheld(obj.key, path):
        return WITHHELD
    text = redact(value) if isinstance(value, str) else value
    if tuple(map(str, path)) in places and (text == value or "\n" not in str(value)):
        return WITHHELD  # of a whole file in a ConfigMap the rest may be shown
    return text
