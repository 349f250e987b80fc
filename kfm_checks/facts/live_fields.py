"""In what a live object differs from what git says, before anybody asks whose the difference is.

Compared is what the server would make of the render (server-side apply in dry run), or the rendered object itself. A
dry run keeps what others added, and so does a comparison of the fields that git gives: what somebody added by hand is
therefore looked for apart, by ``managedFields``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.change_fields import field_changes
from kfm_checks.facts.change_model import FieldChange
from kfm_checks.facts.change_schema import root
from kfm_checks.facts.cluster import DIFFERS
from kfm_checks.facts.live_owners import hands, owner_of
from kfm_checks.facts.objects import dig
from kfm_checks.model import Manifest, Path

_MAPS = (("metadata", "annotations"), ("metadata", "labels"))
#: Fields whose false or 0 the server leaves out when it writes the object down: no pointers in Kubernetes' own types
#: (``k8s.io/api``). Of any other field it says something: ``automountServiceAccountToken`` is true unless false.
_NO_ZERO = frozenset(
    {"chapAuthDiscovery", "chapAuthSession", "failureThreshold", "globalDefault", "healthCheckNodePort", "hostIPC",
     "hostNetwork", "hostPID", "hostPort", "initialDelaySeconds", "insecureSkipTLSVerifyBackend", "minReadySeconds",
     "nodePort", "paused", "periodSeconds", "publishNotReadyAddresses", "readOnly", "sslEnabled", "stdin", "stdinOnce",
     "successThreshold", "timeoutSeconds", "tty", "unschedulable"}
)  # fmt: skip
_IDENTITY = frozenset({"apiVersion", "kind", "status"})


def differences(
    rendered: Manifest, wanted: Manifest, live: Manifest, *, subset: bool, reconciled: bool
) -> list[FieldChange]:
    """Every field that differs, git's side as ``base``. ``subset``: only what git says of it counts.

    ``reconciled``: a GitOps controller applies what git gives in this cluster, and nobody else should.
    """
    found = [part for change in field_changes(wanted, live, _never) for part in _parts(change)]
    if subset:
        found = [change for change in found if _said(wanted, change) and not _left_out(wanted, change)]
    seen = {change.path for change in found}
    beside = (*_stopped(rendered, live), *_by_hand(rendered, live, reconciled))
    return found + [change for change in beside if change.path not in seen]


def _never(_old: str, _new: str) -> bool:
    return False


def _parts(change: FieldChange) -> Iterator[FieldChange]:
    """Labels and annotations one by one, also where one side has none at all: each has an owner of its own."""
    if change.path in _MAPS and (change.base is None or change.head is None):
        for key in sorted({*(change.base or {}), *(change.head or {})}):
            path = (*change.path, key)
            yield FieldChange(path, (change.base or {}).get(key), (change.head or {}).get(key), change.in_head, path)
    else:
        yield change


def _said(wanted: Manifest, change: FieldChange) -> bool:
    """Whether git says something of it: a field of its own, or the length of a list that is a whole.

    What git does not say is the server's default or somebody's right; one subject more in a binding is neither.
    """
    if change.base is not None or DIFFERS in str(change.head):
        return True
    if not isinstance(change.path[-1], int):
        return False
    node = root(wanted.key.api_version, wanted.key.kind)
    for step in change.path[:-1]:
        node = node.child(step)
    return not node.merged


def _left_out(wanted: Manifest, change: FieldChange) -> bool:
    """Whether git says an empty value, which the server leaves out when it writes the object down."""
    if change.head is not None:
        return False
    if change.base in ({}, [], ""):
        return True
    known = root(wanted.key.api_version, wanted.key.kind).known
    return change.base in (False, 0) and change.path[-1] in _NO_ZERO and known


def _stopped(rendered: Manifest, live: Manifest) -> Iterator[FieldChange]:
    """A workload that runs no pod at all where git gives no number: who scales it leaves no mark in the object."""
    path = ("spec", "replicas")
    scales = rendered.key.group == "apps" and rendered.key.kind in ("Deployment", "StatefulSet", "ReplicaSet")
    if scales and dig(live, *path) == 0 and dig(rendered, *path) is None:
        yield FieldChange(path, None, 0, True, path)


def _by_hand(rendered: Manifest, live: Manifest, reconciled: bool) -> Iterator[FieldChange]:
    """Fields beside the render that somebody's tool wrote: no program of the cluster, and not who applied the rest.

    Who makes an object anew owns the server's defaults in it, too: of custom resources these are not known here.
    """
    theirs = reconciled and root(rendered.key.api_version, rendered.key.kind).known
    people = hands(live, [path for path in leaves(_managed(rendered)) if path], theirs=theirs)
    if not people:
        return
    for change in field_changes(rendered, live, _never):
        for path in _added(change) if change.base is None and change.head is not None else ():
            owner = owner_of(live, path, named=True)
            if owner is not None and owner.manager in people:
                yield FieldChange(path, None, dig(live, *path), True, path)


def _managed(rendered: Manifest) -> dict[str, Any]:
    """What of a rendered object managers own: neither identity nor status."""
    kept = {key: value for key, value in rendered.items() if key not in _IDENTITY}
    metadata = rendered.get("metadata")
    names = ("labels", "annotations")
    kept["metadata"] = {key: metadata[key] for key in names if key in metadata} if isinstance(metadata, dict) else {}
    return kept


def _added(change: FieldChange) -> list[Path]:
    """The places of an addition: an item of a list as a whole, else its leaves."""
    if isinstance(change.path[-1], int):
        return [change.path]
    return [(*change.path, *path) for path in leaves(change.head)]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of each leaf; an empty mapping or list is one."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for step, inner in steps:
        found = True
        yield from leaves(inner, (*path, step))
    if not found:
        yield path
