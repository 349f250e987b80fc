"""What a change puts at risk, seen from the whole render: ways in, permissions, who can connect to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from kfm_checks.facts.access.frames import permission_rows
from kfm_checks.facts.access.grants import Access
from kfm_checks.facts.access.rules import Request, Rule
from kfm_checks.facts.change_model import RISKS, Diff, ObjectChange, Pair, Risk, RiskName
from kfm_checks.facts.change_network import compare_networks
from kfm_checks.facts.change_pairs import compare
from kfm_checks.facts.change_risks_fields import field_risks
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.ports import PortSet, intersection, normal, text
from kfm_checks.facts.network.reach import STRANGER, Network
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Manifest
from kfm_checks.values import Value, replace

RBAC = "rbac.authorization.k8s.io"
_NETWORKING = frozenset({"NetworkPolicy", "Namespace"})
#: So many of one kind are written out; the rest are counted.
_SHOWN = 4


class View(Value, frozen=True):
    """One side of a comparison: its objects and what was computed from them."""

    inventory: Inventory
    network: Network
    exposures: tuple[Exposure, ...]
    access: Access
    datastores: tuple[Datastore, ...]
    #: Sources of GitOps objects that could not be rendered, one sentence each.
    unseen: tuple[str, ...] = ()


def compare_views(base: View, head: View) -> Diff:
    """Everything that differs between two sides, each change with its risks."""
    found = compare(base.inventory, head.inventory)
    if not found.changes:
        return replace(found, unseen=tuple(sorted({*base.unseen, *head.unseen})))
    pairs = compare_networks(base.network, head.network)
    risks: dict[int, list[Risk]] = defaultdict(list)
    places = _Places(found.changes)
    for number, change in enumerate(found.changes):
        risks[number] += field_risks(change)
    _exposed(base, head, places, risks)
    _permitted(base, head, places, risks)
    _reached(replace(found, pairs=pairs), head, places, risks)
    changes = tuple(replace(change, risks=_ordered(risks[number])) for number, change in enumerate(found.changes))
    return replace(found, changes=changes, pairs=pairs, unseen=tuple(sorted({*base.unseen, *head.unseen})))


def _ordered(risks: Iterable[Risk]) -> tuple[Risk, ...]:
    unique = dict.fromkeys(risks)
    return tuple(sorted(unique, key=lambda risk: (RISKS.index(risk.name), risk.message)))


class _Places:
    """Finds the change that an object or a workload belongs to."""

    def __init__(self, changes: tuple[ObjectChange, ...]) -> None:
        self.changes = changes
        self._by_name: dict[str, int] = {}
        for number, change in enumerate(changes):
            for obj in (change.base, change.head):
                if obj is not None:
                    self._by_name.setdefault(_name(obj), number)

    def of(self, name: str) -> int | None:
        """The number of the change of ``namespace/Kind/name``, None where that did not change."""
        return self._by_name.get(name)


def _name(obj: Manifest) -> str:
    key = obj.key
    return f"{key.namespace}/{key.kind}/{key.name}"


# -- ways in ---------------------------------------------------------------------------------------------------------


def _exposed(base: View, head: View, places: _Places, risks: dict[int, list[Risk]]) -> None:
    """New ways in from outside: told at the object that opens it, else at whatever changed on the way."""
    known = {_door(exposure) for exposure in base.exposures}
    stores = {store.id for store in (*base.datastores, *head.datastores)}
    for exposure in head.exposures:
        if _door(exposure) in known:
            continue
        hosts = f" for {', '.join(exposure.hosts)}" if exposure.hosts else ""
        target = exposure.destination or exposure.note or exposure.service
        store = "the datastore " if exposure.destination in stores else ""
        ports = f" on {text(exposure.ports)}" if exposure.ports else ""
        message = f"opens a way in from outside ({exposure.means}{hosts}) to {store}{target}{ports}"
        for name in (_name(exposure.entry), exposure.service, exposure.destination):
            if (number := places.of(name)) is not None:
                path = exposure.path if name == _name(exposure.entry) else ()
                risks[number].append(Risk("exposure", message, path))
                break
        else:
            for number, change in enumerate(places.changes):
                if change.key.kind in _NETWORKING or change.key.namespace == exposure.entry.key.namespace:
                    risks[number].append(Risk("exposure", message))


def _door(exposure: Exposure) -> tuple[object, ...]:
    return (
        _name(exposure.entry),
        exposure.means,
        exposure.hosts,
        exposure.service,
        exposure.destination,
        exposure.ports,
    )


# -- permissions -----------------------------------------------------------------------------------------------------


def _permitted(base: View, head: View, places: _Places, risks: dict[int, list[Risk]]) -> None:
    """Permissions that nobody of that name had. What an earlier ``*`` already covered is none."""
    known = set(permission_rows(base.access))
    gained: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in permission_rows(head.access):
        if row in known:
            continue
        subject, namespace, group, resource, name, url, verb = row
        request = Request(verb, group, resource, name, url)
        if any(grant.allows(request, namespace) for grant in base.access.by_subject.get(subject, ())):
            continue
        what = _permission(verb, url or resource, group, name)
        where = f"in {namespace}" if namespace else "in the whole cluster"
        for number in _granting(head.access, subject, namespace, request, places):
            gained[number][f"{subject} {where}"].append(what)
    for number, subjects in gained.items():
        risks[number] += [Risk("permission", f"{who} may now {_some(what)}") for who, what in sorted(subjects.items())]
    for number, change in enumerate(places.changes):
        if number not in gained:
            risks[number] += _unbound(change, base.access, head.access)


def _permission(verb: str, what: str, group: str, name: str) -> str:
    """``delete deployments.apps``; the star in words."""
    place = f"{what}{f'.{group}' if group and group != '*' else ''}" if what != "*" else "everything"
    of = f" of {group}" if what == "*" and group not in {"", "*"} else ""
    return f"{'do all to' if verb == '*' else verb} {place}{of}{f' {name}' if name else ''}"


def _granting(access: Access, subject: str, namespace: str, request: Request, places: _Places) -> set[int]:
    """The changes that grant it: of the binding, or of the role."""
    found: set[int] = set()
    for grant in access.by_subject.get(subject, ()):
        if grant.namespace == namespace and grant.allows(request, namespace):
            home = namespace if grant.role_kind == "Role" else ""
            for name in (_name(grant.binding), f"{home}/{grant.role_kind}/{grant.role_name}"):
                if (number := places.of(name)) is not None:
                    found.add(number)
    return found


def _unbound(change: ObjectChange, base: Access, head: Access) -> Iterator[Risk]:
    """A role that grants more, to whoever is bound to it outside this render."""
    key = change.key
    if key.group != RBAC or key.kind not in {"Role", "ClusterRole"} or change.change == "removed":
        return
    before, after = _rules(base, change), _rules(head, change)
    gained = [
        _permission(verb, url or resource, group, name)
        for rule in after
        for group, resource, name, url, verb in rule.tuples()
        if not any(known.allows(Request(verb, group, resource, name, url)) for known in before)
    ]
    if gained:
        yield Risk("permission", f"whoever is bound to {key.kind} {key.name} may now {_some(gained)}")


def _rules(access: Access, change: ObjectChange) -> tuple[Rule, ...]:
    key = change.key
    book = access.roles
    found = book.cluster_rules(key.name) if key.kind == "ClusterRole" else book.role_rules(key.namespace, key.name)
    return found or ()


def _some(what: list[str]) -> str:
    words = sorted(set(what))
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


# -- who can connect -------------------------------------------------------------------------------------------------


def _reached(diff: Diff, head: View, places: _Places, risks: dict[int, list[Risk]]) -> None:
    """Pairs that become reachable, told at each change that can have made them so."""
    stores = {store.id for store in head.datastores}
    for number, pairs in _touching(diff.opened, head, places).items():
        risks[number] += _sentences(pairs, stores)
    present = {endpoint.id for endpoint in head.network.endpoints}
    lost = [pair for pair in diff.closed if pair.destination in present and pair.source in present]
    for number, pairs in _touching(tuple(lost), head, places).items():
        risks[number] += _sentences(pairs, stores, lost=True)


def _touching(pairs: tuple[Pair, ...], head: View, places: _Places) -> dict[int, list[Pair]]:
    """The pairs that each change can have opened or closed."""
    touching: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for end in (pair.source, pair.destination):
            if (number := places.of(end)) is not None and _labels_or_new(places.changes[number]):
                touching[number].append(pair)
    for number, change in enumerate(places.changes):
        if change.key.kind in _NETWORKING:
            touching[number] += _of_namespace(change, pairs, head)
    return touching


def _labels_or_new(change: ObjectChange) -> bool:
    """Whether a workload's change can decide who connects: it is new, or its pods' labels or ports are others."""
    if change.change != "changed":
        return change.change == "added"
    return any("labels" in item.path or "ports" in item.path or "hostNetwork" in item.path for item in change.fields)


def _of_namespace(change: ObjectChange, opened: Iterable[Pair], head: View) -> list[Pair]:
    """The pairs with an end in the namespace that a policy, or a namespace's labels, decides on."""
    key = change.key
    if key.kind == "Namespace":
        if change.change == "changed" and not any("labels" in item.path for item in change.fields):
            return []
        prefix = f"{key.name}/"
        return [pair for pair in opened if pair.source.startswith(prefix) or pair.destination.startswith(prefix)]
    chosen = _selected(change, head.network)
    return [pair for pair in opened if pair.source in chosen or pair.destination in chosen]


def _selected(change: ObjectChange, network: Network) -> set[str]:
    """The workloads that a NetworkPolicy selects, before or after."""
    from kfm_checks.facts.disruption import selects
    from kfm_checks.facts.objects import dig

    selectors = [dig(obj, "spec", "podSelector", default={}) for obj in (change.base, change.head) if obj is not None]
    return {
        endpoint.id
        for endpoint in network.endpoints
        if endpoint.namespace == change.key.namespace
        and any(selects(selector, endpoint.labels) for selector in selectors)
    }


def _sentences(pairs: Iterable[Pair], stores: set[str], *, lost: bool = False) -> list[Risk]:
    """One sentence for each destination, datastores named as such."""
    risk: RiskName = "disruption" if lost else "network-reach"
    word = "no longer" if lost else "now"
    by_destination: dict[str, dict[str, str]] = defaultdict(dict)
    for pair in pairs:
        by_destination[pair.destination][pair.source] = text(
            _gained(pair.after, pair.before) if lost else _gained(pair.before, pair.after)
        )
    found = []
    for destination, sources in sorted(by_destination.items()):
        names = sorted((n for n in sources if not n.startswith(_OUTSIDE)), key=lambda name: (name == STRANGER, name))
        outside = ["addresses outside"] if len(names) < len(sources) else []
        more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
        who = ", ".join([*names[:_SHOWN], *more, *outside])
        store = "the datastore " if destination in stores else ""
        ports = sorted(set(sources.values()))
        where = f" on {ports[0]}" if len(ports) == 1 else ""
        found.append(f"{who} can {word} connect to {store}{destination}{where}")
    shown = [Risk(risk, message) for message in found[:_LINES]]
    if len(found) > _LINES:
        shown.append(Risk(risk, f"and the same of {len(found) - _LINES} more destinations"))
    return shown


_LINES = 25
_OUTSIDE = "external:"


def _gained(before: PortSet, after: PortSet) -> PortSet:
    """The ports that are in the second set and not in the first."""
    left = []
    for protocol, first, last in after:
        at = first
        for _, start, end in sorted(intersection(before, ((protocol, first, last),))):
            if at < start:
                left.append((protocol, at, start - 1))
            at = end + 1
        if at <= last:
            left.append((protocol, at, last))
    return normal(left)


def view_of(facts: Mapping[str, object], unseen: tuple[str, ...] = ()) -> View:
    """A view from facts by name."""
    return View(
        facts["inventory"],  # type: ignore[arg-type]
        facts["network"],  # type: ignore[arg-type]
        facts["exposures"],  # type: ignore[arg-type]
        facts["access"],  # type: ignore[arg-type]
        facts["datastores"],  # type: ignore[arg-type]
        unseen,
    )
