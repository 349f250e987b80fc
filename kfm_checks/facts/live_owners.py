"""Who owns a field of a live object, and since when, as its ``managedFields`` tell.

Source: Kubernetes documentation, *Server-Side Apply*: ``fieldsV1`` names fields by ``f:name``, items of keyed lists by
``k:{key}``, of sets by ``v:value`` and of other lists by ``i:index``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Path


@dataclass(frozen=True, order=True)
class Owner:
    """One manager of a field. ``since`` is the time of its last change to the object (ISO 8601), "" where unknown."""

    since: str
    manager: str
    operation: str

    def __str__(self) -> str:
        return f"{self.manager} ({self.operation}{', ' + self.since if self.since else ''})"


def owner_of(obj: Mapping[str, Any], path: Path) -> Owner | None:
    """The manager that changed a field last; the object's last manager where no entry names the field."""
    entries = items(obj, "metadata", "managedFields")
    named = [entry for entry in entries if _owns(entry.get("fieldsV1"), obj, path)]
    return max((_owner(entry) for entry in named), default=None) or last_owner(obj)


#: Managers that apply what git says, by server-side apply.
CONTROLLERS = ("argocd-controller", "kustomize-controller")
#: Programs that rightly write into what others made: their names say so.
_MACHINES = re.compile(
    "controller|operator|injector|manager|kubelet|scheduler|provisioner|webhook|autoscaler|kwok", re.I
)


def by_hand(obj: Mapping[str, Any], path: Path) -> Owner | None:
    """Who wrote a field that git does not have, where a GitOps controller applies the object and no program did.

    Only then do ``managedFields`` tell: who creates an object by other means owns the server's defaults, too.
    """
    entries = items(obj, "metadata", "managedFields")
    if not any(e.get("manager") in CONTROLLERS and e.get("operation") == "Apply" for e in entries):
        return None
    named = [e for e in entries if not e.get("subresource") and _owns(e.get("fieldsV1"), obj, path)]
    hands = [e for e in named if not _MACHINES.search(str(e.get("manager") or ""))]
    return max((_owner(e) for e in hands), default=None) if len(hands) == len(named) else None


def last_owner(obj: Mapping[str, Any]) -> Owner | None:
    """Who changed the object last, its status apart."""
    entries = items(obj, "metadata", "managedFields")
    return max((_owner(entry) for entry in entries if entry.get("subresource") != "status"), default=None)


def first_owner(obj: Mapping[str, Any]) -> Owner | None:
    """Who made the object: the manager whose entry is the oldest."""
    entries = items(obj, "metadata", "managedFields")
    return min((_owner(entry) for entry in entries if entry.get("subresource") != "status"), default=None)


def _owner(entry: Mapping[str, Any]) -> Owner:
    return Owner(
        str(entry.get("time") or ""), str(entry.get("manager") or "unknown"), str(entry.get("operation") or "")
    )


def _owns(fields: Any, obj: Any, path: Path) -> bool:
    """Whether an entry names a field or something below it."""
    at: Any = obj
    for step in path:
        if not isinstance(fields, dict):
            return False
        found = next((name for name in _names(step, at) if name in fields), None)
        if found is None:
            return False
        fields, at = fields[found], dig(at, step)
    return isinstance(fields, dict)


def _names(step: str | int, at: Any) -> Iterator[str]:
    """How ``fieldsV1`` may name a step; the keys of a keyed list are the item's own fields."""
    if isinstance(step, str):
        yield f"f:{step}"
        return
    item = dig(at, step)
    if isinstance(item, dict):
        scalars = {key: value for key, value in item.items() if isinstance(value, str | int | bool)}
        for names in _KEYS:
            if all(name in scalars for name in names):
                key = {name: scalars[name] for name in names}
                yield "k:" + json.dumps(key, separators=(",", ":"), sort_keys=True)
        if "containerPort" in scalars or "port" in scalars:
            port = "containerPort" if "containerPort" in scalars else "port"
            yield f'k:{{"{port}":{scalars[port]},"protocol":"{scalars.get("protocol", "TCP")}"}}'
    else:
        yield "v:" + json.dumps(item, separators=(",", ":"))
    yield f"i:{step}"


#: Keys of the API's keyed lists (``x-kubernetes-list-map-keys``), several where several are needed.
_KEYS = (
    ("name",),
    ("type",),
    ("mountPath",),
    ("devicePath",),
    ("ip",),
    ("uid",),
    ("key",),
    ("topologyKey", "whenUnsatisfiable"),
)
