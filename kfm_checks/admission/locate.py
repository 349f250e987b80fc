"""Which container breaks a rule, found by asking the engine again with the others taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kfm_checks.admission.model import Candidate
from kfm_checks.facts.objects import dig
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Path

_FIELDS = ("containers", "initContainers", "ephemeralContainers")
_MOST = 40


def breaking_containers(candidate: Candidate, breaks: Callable[[dict[str, Any]], bool]) -> list[tuple[str, Path]]:
    """(name, path from the candidate's object) of each container that breaks the rule by itself.

    ``breaks`` judges a variant of the object. [] where the rule is about something else: then it is broken without
    any container too.
    """
    path = pod_path(candidate)
    spec = dig(candidate.obj, *path) if path is not None else None
    if path is None or not isinstance(spec, dict):
        return []
    present = [(field, i, c) for field in _FIELDS for i, c in enumerate(_list(spec.get(field))) if isinstance(c, dict)]
    if len(present) > _MOST or breaks(_with(candidate.obj, path, _only(spec, None, None))):
        return []
    return list(_each(candidate, path, spec, present, breaks))


def _each(
    candidate: Candidate, path: Path, spec: dict[str, Any], present: list[Any], breaks: Callable[[dict[str, Any]], bool]
) -> Iterator[tuple[str, Path]]:
    for field, index, container in present:
        if breaks(_with(candidate.obj, path, _only(spec, field, container))):
            yield str(container.get("name") or index), (*path, field, index)


def pod_path(candidate: Candidate) -> Path | None:
    """The path of the pod spec in the candidate's object; None where it makes no pods."""
    template = POD_TEMPLATES.get((candidate.group, candidate.kind))
    return None if template is None else (*template, "spec")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _only(spec: dict[str, Any], field: str | None, container: Any) -> dict[str, Any]:
    kept = {k: v for k, v in spec.items() if k not in _FIELDS}
    kept["containers"] = []
    if field is not None:
        kept[field] = [container]
    return kept


def _with(obj: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    if not path:
        return value  # type: ignore[no-any-return]
    head = str(path[0])
    return {**obj, head: _with(obj[head], path[1:], value)}
