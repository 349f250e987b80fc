"""NetworkPolicy objects, read as networking.k8s.io/v1 defines them; what the API server would refuse is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from kfm_checks.facts.network.addresses import Block, network_range
from kfm_checks.facts.network.ports import FIRST, LAST, PROTOCOLS, PortRange
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

Direction = Literal["Ingress", "Egress"]
DIRECTIONS: tuple[Direction, ...] = ("Ingress", "Egress")
GROUP = "networking.k8s.io"
#: The peers' field of a rule, by direction.
PEERS: Mapping[Direction, str] = {"Ingress": "from", "Egress": "to"}
#: IANA_SVC_NAME: a letter in it, no hyphen at an end or twice in a row.
_PORT_NAME = re.compile(r"(?=[0-9-]*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


class Unreadable(ValueError):  # noqa: N818 - a verdict on a policy, caught in this package
    """A policy that the API server would refuse: it isolates nothing and allows nothing."""


class Peer(Value, frozen=True):
    """Who is at the other end. ``pods`` and ``namespaces`` are LabelSelectors, or None where they are absent."""

    pods: Mapping[str, Any] | None
    namespaces: Mapping[str, Any] | None
    block: Block | None


class Rule(Value, frozen=True):
    """One ingress or egress rule. ``peers`` None: everybody; ``ports`` None: every port of every protocol."""

    peers: tuple[Peer, ...] | None
    ports: tuple[PortRange, ...] | None
    #: (port name, protocol), to be resolved at the destination.
    named: tuple[tuple[str, str], ...]
    path: Path


class Policy(Value, frozen=True):
    """A NetworkPolicy: which pods of its namespace it isolates in which directions, and what it then allows."""

    obj: Manifest
    selector: Mapping[str, Any]
    rules: Mapping[Direction, tuple[Rule, ...]]

    @property
    def namespace(self) -> str:
        return self.obj.key.namespace

    @property
    def id(self) -> str:
        return str(self.obj.key)


def read_policies(inventory: Inventory) -> tuple[tuple[Policy, ...], tuple[tuple[Manifest, str], ...]]:
    """The policies in force, and those that can't be, each with the reason."""
    read, unread = [], []
    for obj in sorted(inventory.of("NetworkPolicy", GROUP), key=lambda obj: obj.key):
        try:
            read.append(policy(obj))
        except Unreadable as reason:
            unread.append((obj, str(reason)))
    unread += [(obj, "extensions/v1beta1 was removed in 1.16") for obj in inventory.of("NetworkPolicy", "extensions")]
    return tuple(read), tuple(unread)


def policy(obj: Manifest) -> Policy:
    """Read one policy. Raises Unreadable."""
    spec = _mapping(obj.get("spec"), "spec")
    written: dict[Direction, list[Any]] = {
        "Ingress": _list(spec.get("ingress"), "spec.ingress"),
        "Egress": _list(spec.get("egress"), "spec.egress"),
    }
    types = _list(spec.get("policyTypes"), "spec.policyTypes")
    if not types:  # the API server's default: Ingress always, Egress where there is an egress rule
        types = ["Ingress", *(["Egress"] if written["Egress"] else [])]
    if not set(map(str, types)) <= set(DIRECTIONS):
        raise Unreadable("spec.policyTypes names something else than Ingress and Egress")
    rules = {
        direction: tuple(_rule(rule, direction, index) for index, rule in enumerate(written[direction]))
        for direction in DIRECTIONS
    }
    active = {direction: rules[direction] for direction in DIRECTIONS if direction in types}
    return Policy(obj, selector(spec.get("podSelector"), "spec.podSelector") or {}, active)


def blocks(inventory: Inventory) -> tuple[Block, ...]:
    """Every ipBlock that a policy draws, also one in a section that its policyTypes leave out."""
    found = []
    for obj in inventory.of("NetworkPolicy", GROUP):
        for direction in DIRECTIONS:
            try:
                written = _list(_mapping(obj.get("spec"), "spec").get(direction.lower()), direction)
                rules = [_rule(rule, direction, index) for index, rule in enumerate(written)]
            except Unreadable:
                continue
            found += [peer.block for rule in rules for peer in rule.peers or () if peer.block]
    return tuple(found)


def _rule(rule: Any, direction: Direction, index: int) -> Rule:
    field = direction.lower()
    where = f"spec.{field}[{index}]"
    rule = _mapping(rule, where)
    peers = _list(rule.get(PEERS[direction]), f"{where}.{PEERS[direction]}")
    ports = _list(rule.get("ports"), f"{where}.ports")
    numbered, named = _ports(ports, where)
    return Rule(
        peers=tuple(_peer(peer, where) for peer in peers) or None,
        ports=numbered if ports else None,
        named=named,
        path=("spec", field, index),
    )


def _peer(peer: Any, where: str) -> Peer:
    peer = _mapping(peer, where)
    block = peer.get("ipBlock")
    pods, namespaces = selector(peer.get("podSelector"), where), selector(peer.get("namespaceSelector"), where)
    if block is None and pods is None and namespaces is None:
        raise Unreadable(f"{where} has a peer without a selector and without an ipBlock")
    if block is not None and (pods is not None or namespaces is not None):
        raise Unreadable(f"{where} has a peer with an ipBlock beside a selector")
    return Peer(pods, namespaces, None if block is None else _block(block, where))


def _block(block: Any, where: str) -> Block:
    block = _mapping(block, where)
    try:
        whole = network_range(str(block.get("cidr")))
        excluded = tuple(network_range(str(hole)) for hole in _list(block.get("except"), f"{where}.ipBlock.except"))
    except ValueError as error:
        raise Unreadable(f"{where} has an ipBlock that is no CIDR") from error
    if not all(hole.size < whole.size and Block(whole).holds(hole) for hole in excluded):
        raise Unreadable(f"{where} has an ipBlock with an exception that does not lie within it")
    return Block(whole, excluded)


def _ports(ports: Iterable[Any], where: str) -> tuple[tuple[PortRange, ...], tuple[tuple[str, str], ...]]:
    numbered: list[PortRange] = []
    named: list[tuple[str, str]] = []
    for entry in ports:
        entry = _mapping(entry, f"{where}.ports")
        protocol, port, end = str(entry.get("protocol") or "TCP"), entry.get("port"), entry.get("endPort")
        if protocol not in PROTOCOLS:
            raise Unreadable(f"{where} names a protocol that Kubernetes doesn't know")
        if end is not None and not (_number(port) and _number(end) and port <= end):
            raise Unreadable(f"{where} has an endPort that is no port at or above its port")
        if port is None:
            numbered.append((protocol, FIRST, LAST))
        elif _number(port):
            numbered.append((protocol, port, end or port))
        elif isinstance(port, str) and _PORT_NAME.fullmatch(port) and len(port) <= 15:
            named.append((port, protocol))
        else:
            raise Unreadable(f"{where} has a port that is neither a port's number nor a port's name")
    return tuple(numbered), tuple(named)


def _number(port: Any) -> bool:
    return isinstance(port, int) and not isinstance(port, bool) and FIRST <= port <= LAST


def selector(value: Any, where: str) -> Mapping[str, Any] | None:
    """A LabelSelector whose shape is sound, or None where it is absent. Raises Unreadable."""
    if value is None:
        return None
    read = _mapping(value, where)
    _mapping(read.get("matchLabels"), where)
    for expression in _list(read.get("matchExpressions"), where):
        operator = _mapping(expression, where).get("operator")
        if operator not in _OPERATORS:
            raise Unreadable(f"{where} has a selector operator that Kubernetes doesn't know")
        if bool(_list(expression.get("values"), where)) is not (operator in ("In", "NotIn")):
            raise Unreadable(f"{where} has a selector whose operator and values don't go together")
    return read


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{where} is no mapping")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{where} is no list")
    return value
