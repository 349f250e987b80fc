"""The ways in from outside: those that git has and those that are there, and what the public hosts answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kfm_checks.engine import Facts
from kfm_checks.facts.live import namespaces_of
from kfm_checks.facts.live_ways import Ways
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.ports import text
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest, ObjectKey

Known = Literal["cluster", "git", "both", "elsewhere"]


@dataclass(frozen=True)
class Door:
    """One way in: the object that opens it, what it leads to, and who knows of it."""

    entry: ObjectKey
    means: str
    hosts: tuple[str, ...]
    leads_to: str
    ports: str
    #: ``both``; ``git``: rendered and not there; ``cluster``: nobody committed it; ``elsewhere``: in a namespace that
    #: git does not have, and leading to none that it has.
    known: Known
    #: Addresses that the cluster assigned.
    addresses: tuple[str, ...] = ()


def doors(facts: Facts) -> tuple[Door, ...]:
    """Every way in, what nobody committed first. Raises NotVerified where no cluster was looked at."""
    ways: Ways = facts.get("live_ways")
    homes = namespaces_of(facts.get("inventory"))
    live = {_key(each): each for each in ways.exposures}
    rendered = {_key(each): each for each in facts.get("exposures")}
    there = {obj.key: obj for obj in facts.get("cluster").objects}
    found = [
        _door(each, "both" if key in rendered else "cluster" if _touches(each, homes) else "elsewhere", there)
        for key, each in live.items()
    ]
    found += [_door(each, "git", there) for key, each in rendered.items() if key not in live]
    order = ("cluster", "git", "both", "elsewhere")
    return tuple(sorted(found, key=lambda door: (order.index(door.known), door.entry, door.leads_to, door.ports)))


def _key(exposure: Exposure) -> tuple[Any, ...]:
    """What tells two ways in apart, whether rendered or live."""
    return exposure.entry.key[1:], exposure.means, exposure.hosts, exposure.service, exposure.destination


def _touches(exposure: Exposure, homes: frozenset[str]) -> bool:
    """Whether a way starts in a namespace of the overlay, or leads into one."""
    places = {exposure.entry.key.namespace, exposure.destination.partition("/")[0], exposure.service.partition("/")[0]}
    return bool(places & homes)


def _door(exposure: Exposure, known: Known, there: Mapping[ObjectKey, Manifest]) -> Door:
    return Door(
        exposure.entry.key,
        exposure.means,
        exposure.hosts,
        exposure.destination or exposure.service or exposure.note,
        text(exposure.ports),
        known,
        _addresses(there.get(exposure.entry.key)),
    )


def _addresses(obj: Manifest | None) -> tuple[str, ...]:
    """Addresses in the status of a Service, an Ingress or a Gateway."""
    if obj is None:
        return ()
    given = [*items(obj, "status", "loadBalancer", "ingress"), *items(obj, "status", "addresses")]
    found = [dig(each, name) for each in given for name in ("ip", "hostname", "value")]
    return tuple(sorted({value for value in found if isinstance(value, str) and value}))
