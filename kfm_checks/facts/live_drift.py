"""Drift: what is missing, changed or extra in the cluster, field by field, and who changed it when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from kfm_checks.config import Config
from kfm_checks.evidence import json_pointer
from kfm_checks.facts.change_model import FieldChange
from kfm_checks.facts.cluster import WITHHELD, Cluster, Comparison
from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.live import own_namespaces
from kfm_checks.facts.live_extra import extras, is_exposure, tampered
from kfm_checks.facts.live_fields import differences
from kfm_checks.facts.live_ignored import Ignored, ignored, passing
from kfm_checks.facts.live_owners import Owner, applied, first_owner, owner_of, taker_of
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.secrets_makers import Maker
from kfm_checks.model import Manifest, ObjectKey, Overlay, Path

Change = Literal["same", "missing", "changed", "extra", "unknown"]


@dataclass(frozen=True)
class Drift:
    """What was found of one object, or of one field of it.

    ``same``: it is as git says · ``missing`` · ``changed``: one field · ``extra``: git does not know it · ``unknown``.
    """

    change: Change
    key: ObjectKey
    obj: Manifest | None = None
    path: Path = ()
    wanted: Any = None
    live: Any = None
    owner: Owner | None = None
    how: str = ""
    note: str = ""

    @property
    def pointer(self) -> str:
        """JSON pointer of the field, "" for the object."""
        return json_pointer(self.path)


def drift(
    cluster: Cluster,
    inventory: Inventory,
    config: Config,
    overlay: Overlay,
    reconcilers: tuple[Reconciler, ...],
    secret_makers: tuple[Maker, ...],
) -> tuple[Drift, ...]:
    """Every rendered object held against the cluster, then what is there beyond them, sorted by object and field."""
    rules = ignored(inventory, reconcilers)
    same = cluster.render in ("", overlay.digest)
    comparisons = cluster.comparisons if same else tuple(_anew(cluster, inventory))
    reconciled = any(applied(item.live) for item in comparisons if item.live is not None)
    found = [one for item in comparisons for one in _compared(item, inventory, rules, reconciled)]
    compared = {item.key for item in comparisons}
    for obj in inventory:
        if obj.key not in compared:
            found.append(Drift("unknown", obj.key, obj, note="it was not compared with the cluster"))
    homes = own_namespaces(inventory, config)
    found += [_extra(obj, doubt) for obj, doubt in extras(cluster, inventory, homes, secret_makers)]
    for obj, entry, owner in tampered(cluster, inventory, secret_makers):
        note = "a controller makes this Secret, and somebody else wrote this entry"
        found.append(Drift("changed", obj.key, obj, ("data", entry), WITHHELD, WITHHELD, owner, "managed-fields", note))
    return tuple(sorted(found, key=lambda one: (one.key, one.change, [str(step) for step in one.path])))


def _anew(cluster: Cluster, inventory: Inventory) -> Iterator[Comparison]:
    """What was compared is another render (a snapshot, and git went on): the fields that git gives now are compared."""
    live = {(o.key.group, o.key.kind, o.key.namespace, o.key.name): o for o in cluster.objects}
    unread = {(x.kind.group, x.kind.kind, x.namespace): x.problem for x in cluster.listings if x.problem}
    listed = {(x.kind.group, x.kind.kind, x.namespace) for x in cluster.listings}
    for obj in inventory:
        key = obj.key
        kind = (key.group, key.kind)
        problem = unread.get((*kind, key.namespace)) or unread.get((*kind, "")) or ""
        if not problem and not {(*kind, ""), (*kind, key.namespace)} & listed:
            problem = "objects of this kind were not listed there"
        elif kind == ("", "Secret"):
            problem = "a Secret's values were compared with another render"
        yield Comparison(key, live.get((*kind, key.namespace, key.name)), obj, "field-subset", problem)


def _compared(item: Comparison, inventory: Inventory, rules: Ignored, reconciled: bool) -> Iterator[Drift]:
    key = item.key
    obj = inventory.get(key.kind, key.name, key.namespace, key.group)
    if obj is None:
        return
    if item.problem:
        yield Drift("unknown", key, obj, note=item.problem)
    elif item.live is None and (why := passing(obj)):
        yield Drift("same", key, obj, note=f"it is not in the cluster, and need not be: {why}")
    elif item.live is None:
        yield Drift("missing", key, obj, note=item.refused if item.refused != "not found" else "")
    elif item.wanted is None:
        yield Drift("unknown", key, obj, note=item.refused or "nothing to compare with")
    elif why := rules.whole(obj):
        yield Drift("same", key, obj, how=item.how, note=why)
    else:
        subset = item.how == "field-subset"
        found = differences(obj, item.wanted, item.live, subset=subset, reconciled=reconciled)
        yield from _fields(item, item.live, found, obj, rules)


def _fields(
    item: Comparison, live: Manifest, found: list[FieldChange], obj: Manifest, rules: Ignored
) -> Iterator[Drift]:
    drifted, others = [], set[str]()
    for change in found:
        if why := rules.why(obj, live, change.path, absent=change.base is None):
            others.add(why)
            continue
        added = change.base is None
        owner = owner_of(live, change.path, named=added) if change.in_head else taker_of(live, change.path)
        note = "git does not have it" if added else ""
        drifted.append(Drift("changed", item.key, obj, change.path, change.base, change.head, owner, item.how, note))
    unread = ", ".join(rules.unread(obj))
    for one in drifted:
        # Whether Argo CD overlooks this very field, nobody here can say.
        note = f"Argo CD may ignore it: jq expressions are not evaluated here ({unread})"
        yield replace(one, change="unknown", note=note) if unread else one
    if not drifted:
        yield Drift("same", item.key, obj, how=item.how, note="; ".join(sorted(others)))


def _extra(obj: Manifest, doubt: str) -> Drift:
    if doubt:
        return Drift("unknown", obj.key, obj, note=f"git does not know it; {doubt}")
    what = "a shadow exposure: it opens a door to the outside" if is_exposure(obj) else ""
    observed = dig(obj, "spec", "type", default="") if obj.key.kind == "Service" else ""
    return Drift("extra", obj.key, obj, live=observed or None, owner=first_owner(obj), note=what)
