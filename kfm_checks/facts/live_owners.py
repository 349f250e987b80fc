"""Who owns a field of a live object, and since when, as its ``managedFields`` tell.

Source: Kubernetes documentation, *Server-Side Apply*: ``fieldsV1`` names fields by ``f:name``, items of keyed lists by
``k:{key}``, of sets by ``v:value`` and of other lists by ``i:index``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Path

#: Managers that apply what git says, by server-side apply.
CONTROLLERS = ("argocd-controller", "kustomize-controller")
#: Managers that are programs of a cluster: what they write beside the render is theirs. ``argocd-server`` is none: it
#: writes what people do in Argo CD's own pages and on its command line.
_PROGRAMS = re.compile(
    r"controller|operator|manager|injector|scheduler|kubelet|apiserver|autoscaler|provisioner|webhook|external-?secrets|csi-"
    r"|^(argocd(?!-server)|kubeadm|kyverno|velero|keda|vault|istio|pilot|cilium|calico|prometheus|cert-manager|gatekeeper|kwok"
    r"|metallb|kube-vip|linkerd|reloader|kopf)",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Owner:
    """One manager of a field. ``since`` is the time of its last change to the object (ISO 8601), "" where unknown."""

    since: str
    manager: str
    operation: str

    def __str__(self) -> str:
        return f"{self.manager} ({self.operation}{', ' + self.since if self.since else ''})"


def owner_of(obj: Mapping[str, Any], path: Path, *, named: bool = False) -> Owner | None:
    """The manager that changed a field last; where none is named, the object's last manager, or None (``named``)."""
    entries = items(obj, "metadata", "managedFields")
    owning = [entry for entry in entries if _owns(entry.get("fieldsV1"), obj, path)]
    return max((_owner(entry) for entry in owning), default=None if named else last_owner(obj))


def hands(obj: Mapping[str, Any], rendered: Sequence[Path], *, theirs: bool = False) -> frozenset[str]:
    """Managers that write by hand: no program of a cluster, nor who applies what git gives (``rendered``).

    Who alone ever wrote the object, or wrote most of it, is who applies it. ``theirs``: a program of the cluster does
    that, so whoever else wrote as much made the object anew, and what it has beside git is theirs.
    """
    entries = [entry for entry in items(obj, "metadata", "managedFields") if entry.get("subresource") != "status"]
    names = {str(entry.get("manager") or "unknown") for entry in entries}
    people = frozenset(name for name in names if not _PROGRAMS.search(name))
    if theirs:
        return people
    most = {name for name in people if _held(entries, name, obj, rendered) * 2 > len(rendered)}
    return people - most if len(names) > 1 else frozenset()


def applied(obj: Mapping[str, Any]) -> bool:
    """Whether a GitOps controller applies the object on the server's side."""
    entries = items(obj, "metadata", "managedFields")
    return any(e.get("manager") in CONTROLLERS and e.get("operation") == "Apply" for e in entries)


def _held(entries: Sequence[Mapping[str, Any]], manager: str, obj: Mapping[str, Any], paths: Sequence[Path]) -> int:
    own = [entry.get("fieldsV1") for entry in entries if str(entry.get("manager") or "unknown") == manager]
    return sum(any(_owns(fields, obj, path) for fields in own) for path in paths)


def people(obj: Mapping[str, Any]) -> frozenset[str]:
    """Managers that are no program of a cluster."""
    names = {str(entry.get("manager") or "unknown") for entry in items(obj, "metadata", "managedFields")}
    return frozenset(name for name in names if not _PROGRAMS.search(name))


def data_by_hand(obj: Mapping[str, Any]) -> list[tuple[str, Owner]]:
    """Entries of a Secret that somebody's tool owns, sorted; told without any value, by who manages which."""
    found = {}
    for entry in items(obj, "metadata", "managedFields"):
        fields = dig(entry, "fieldsV1", "f:data", default={})
        if isinstance(fields, dict) and not _PROGRAMS.search(str(entry.get("manager") or "unknown")):
            found.update({name.removeprefix("f:"): _owner(entry) for name in fields if name.startswith("f:")})
    return sorted(found.items())


def taker_of(obj: Mapping[str, Any], path: Path) -> Owner | None:
    """Who took a field away, as far as anybody can tell: whose tool updated the part around it last.

    Who only takes away leaves no mark, and who applies it or runs as a program says nothing of it.
    """
    owner = owner_of(obj, path[:-1], named=True)
    return owner if owner and owner.operation == "Update" and not _PROGRAMS.search(owner.manager) else None


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
    """Whether an entry names a field, something below it, or something above it that is owned as a whole."""
    at: Any = obj
    for index, step in enumerate(path):
        if not isinstance(fields, dict):
            return False
        if not fields:
            return index > 0
        item = dig(at, step)
        name = f"f:{step}" if isinstance(step, str) else next((n for n in fields if _names(n, step, item)), "")
        if name not in fields:
            return False
        fields, at = fields[name], item
    return isinstance(fields, dict)


def _names(entry: str, index: int, item: Any) -> bool:
    """Whether a name of ``fieldsV1`` means this item of a list."""
    kind, _, text = entry.partition(":")
    if kind == "i":
        return text == str(index)
    if kind not in ("k", "v"):
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if kind == "v":
        return bool(value == item)
    return isinstance(value, dict) and isinstance(item, dict) and all(item.get(k) == v for k, v in value.items())
