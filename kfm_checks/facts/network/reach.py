"""Who can connect to whom, by all NetworkPolicies together; both ends' policies have to allow it.

Semantics: networking.k8s.io/v1 ``NetworkPolicySpec`` and the Kubernetes documentation, *Network Policies*. Sets of
endpoints are bit masks, so that a thousand objects cost milliseconds; nothing is expanded to pairs before it is asked.
An ipBlock stands for addresses outside the cluster: the render knows no pod's address. Policies are applied to pods in
the node's network as to any other, the first of the two behaviours that the documentation allows; checks that rely on
isolation say so themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from kfm_checks.facts.network.addresses import AddressRange, cut
from kfm_checks.facts.network.endpoints import Endpoint
from kfm_checks.facts.network.policies import Direction, Peer, Policy, Rule, blocks, read_policies
from kfm_checks.facts.network.ports import EVERYTHING, NOTHING, PortSet, intersection, normal, union
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Manifest

Mask = int
#: Ports to the mask of those at the other end; the masks are disjoint and cover everybody.
Partition = Mapping[PortSet, Mask]
#: A pod without labels in a namespace that no policy can name: whoever else may run in the cluster.
STRANGER = "any other pod"
_STRANGER = Endpoint(STRANGER, "\0", {}, frozenset(), False, None)


class Flow(NamedTuple):
    """Each of ``sources`` can connect to each of ``destinations`` on ``ports``."""

    sources: Mask
    destinations: Mask
    ports: PortSet


class Network:
    """The reachability of one set of objects. Bits: the endpoints in order, the stranger, then the address ranges."""

    def __init__(self, inventory: Inventory, endpoints: Iterable[Endpoint]) -> None:
        self.endpoints: tuple[Endpoint, ...] = (*endpoints, _STRANGER)
        self.policies: tuple[Policy, ...]
        self.unread: tuple[tuple[Manifest, str], ...]
        self.policies, self.unread = read_policies(inventory)
        self.ranges: tuple[AddressRange, ...] = cut(blocks(inventory))
        self._inventory = inventory
        self._matched: dict[str, Mask] = {}
        self._partitions: dict[tuple[object, ...], Partition] = {}

    @property
    def stranger(self) -> int:
        """The index of the stranger."""
        return len(self.endpoints) - 1

    @cached_property
    def pods(self) -> Mask:
        """Everything inside, the stranger included."""
        return (1 << len(self.endpoints)) - 1

    @cached_property
    def outside(self) -> Mask:
        """Every address range."""
        return ((1 << len(self.ranges)) - 1) << len(self.endpoints)

    def name(self, bit: int) -> str:
        """The id of an endpoint or address range."""
        inside = len(self.endpoints)
        return self.endpoints[bit].id if bit < inside else self.ranges[bit - inside].id

    def find(self, id: str) -> list[int]:
        """Indexes of the endpoints of a workload."""
        return self._index.get(id, [])

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        for position, endpoint in enumerate(self.endpoints):
            index[endpoint.id].append(position)
        return index

    # -- selection ---------------------------------------------------------------------------------------------------

    @cached_property
    def _in_namespace(self) -> dict[str, Mask]:
        masks: dict[str, Mask] = defaultdict(int)
        for position, endpoint in enumerate(self.endpoints):
            masks[endpoint.namespace] |= 1 << position
        return dict(masks)

    def _select(self, pods: Mapping[str, Any] | None, among: Mask) -> Mask:
        """Endpoints of a mask that a pod selector selects; an absent one selects all."""
        if not pods:
            return among
        key = f"{pods!r}|{among:x}"
        if key not in self._matched:
            found = 0
            for position in bits(among):
                if matches(pods, self.endpoints[position].labels):
                    found |= 1 << position
            self._matched[key] = found
        return self._matched[key]

    def _namespaces(self, selector: Mapping[str, Any]) -> Mask:
        found = 0
        for name, mask in self._in_namespace.items():
            labels = {} if name == _STRANGER.namespace else self._inventory.namespace_labels(name)
            if matches(selector, labels):
                found |= mask
        return found

    def _peer(self, peer: Peer, namespace: str) -> Mask:
        if peer.block is not None:
            inside = len(self.endpoints)
            return sum(1 << (inside + i) for i, part in enumerate(self.ranges) if peer.block.holds(part))
        among = self._in_namespace.get(namespace, 0) if peer.namespaces is None else self._namespaces(peer.namespaces)
        return self._select(peer.pods, among)

    def selected(self, policy: Policy) -> Mask:
        """The pods that a policy applies to."""
        return self._select(policy.selector, self._in_namespace.get(policy.namespace, 0))

    @cached_property
    def _selecting(self) -> dict[Direction, list[list[int]]]:
        """For each direction and endpoint the policies that isolate it."""
        found: dict[Direction, list[list[int]]] = {"Ingress": [], "Egress": []}
        for direction, by_endpoint in found.items():
            by_endpoint += [[] for _ in self.endpoints]
            for number, policy in enumerate(self.policies):
                if direction in policy.rules:
                    for position in bits(self.selected(policy)):
                        by_endpoint[position].append(number)
        return found

    def isolating(self, endpoint: int, direction: Direction) -> list[Policy]:
        """The policies that isolate an endpoint in a direction; none: every connection is allowed."""
        return [self.policies[number] for number in self._selecting[direction][endpoint]]

    # -- what is allowed ---------------------------------------------------------------------------------------------

    @cached_property
    def _masks(self) -> dict[tuple[int, Direction, int], Mask]:
        """Who a rule names, by policy, direction and rule."""
        masks = {}
        for number, policy in enumerate(self.policies):
            for direction, rules in policy.rules.items():
                for position, rule in enumerate(rules):
                    masks[number, direction, position] = self._rule_mask(rule, policy.namespace)
        return masks

    def _rule_mask(self, rule: Rule, namespace: str) -> Mask:
        if rule.peers is None:
            return self.pods | self.outside
        mask = 0
        for peer in rule.peers:
            mask |= self._peer(peer, namespace)
        return mask

    @cached_property
    def _named(self) -> dict[tuple[str, str], dict[int, Mask]]:
        named: dict[tuple[str, str], dict[int, Mask]] = defaultdict(lambda: defaultdict(int))
        for position, endpoint in enumerate(self.endpoints):
            for name, protocol, number in endpoint.named:
                named[name, protocol][number] |= 1 << position
        return named

    def grants(self, endpoint: int, direction: Direction) -> Iterator[tuple[Policy, Rule, Mask, PortSet]]:
        """What each rule of the policies that isolate an endpoint allows it: with whom, on which ports."""
        for number in self._selecting[direction][endpoint]:
            policy = self.policies[number]
            for position, rule in enumerate(policy.rules[direction]):
                mask = self._masks[number, direction, position]
                for part, ports in self._resolved(rule, mask, direction, endpoint):
                    yield policy, rule, part, ports

    def _resolved(self, rule: Rule, mask: Mask, direction: Direction, endpoint: int) -> Iterator[tuple[Mask, PortSet]]:
        if rule.ports is None:
            yield mask, EVERYTHING
            return
        numbered = list(rule.ports)
        for key in rule.named:  # a name is looked up at the destination; an address outside has none
            for number, holders in self._named.get(key, {}).items():
                if direction == "Egress":
                    yield mask & holders, ((key[1], number, number),)
                elif holders >> endpoint & 1:
                    numbered.append((key[1], number, number))
        yield mask, normal(numbered)

    def allowed(self, endpoint: int, direction: Direction) -> Partition:
        """By one end's policies alone: on which ports with whom."""
        key = self._group(endpoint, direction)
        if key not in self._partitions:
            everybody = self.pods | self.outside
            parts: dict[PortSet, Mask] = {NOTHING: everybody}
            if not self._selecting[direction][endpoint]:
                parts = {EVERYTHING: everybody}
            for _, _, mask, ports in self.grants(endpoint, direction):
                parts = _refined(parts, mask, ports)
            self._partitions[key] = parts
        return self._partitions[key]

    def _group(self, endpoint: int, direction: Direction) -> tuple[object, ...]:
        """Endpoints of one group are allowed the same."""
        numbers = tuple(self._selecting[direction][endpoint])
        named = self.endpoints[endpoint].named if direction == "Ingress" and numbers else frozenset()
        return direction, numbers, named

    # -- both ends ---------------------------------------------------------------------------------------------------

    def ports(self, source: int, destination: int) -> PortSet:
        """The ports on which one bit can connect to another."""
        inside = len(self.endpoints)
        out = _at(self.allowed(source, "Egress"), destination) if source < inside else EVERYTHING
        into = _at(self.allowed(destination, "Ingress"), source) if destination < inside else EVERYTHING
        return intersection(out, into)

    def flows(self) -> Iterator[Flow]:
        """All that is reachable, in few blocks; connections to oneself are in it, outside to outside is not."""
        senders, receivers = self._groups("Egress"), self._groups("Ingress")
        for position, group in receivers:
            for into, sources in self.allowed(position, "Ingress").items():
                if into and sources & self.outside:
                    yield Flow(sources & self.outside, group, into)
        for position, group in senders:
            for out, destinations in self.allowed(position, "Egress").items():
                if out and destinations & self.outside:
                    yield Flow(group, destinations & self.outside, out)
        for to, receiving in receivers:
            entering = [(p, m) for p, m in self.allowed(to, "Ingress").items() if p and m & self.pods]
            for from_, sending in senders if entering else ():
                for out, destinations in self.allowed(from_, "Egress").items():
                    if out and (reached := destinations & receiving):
                        for into, sources in entering:
                            if (sent := sources & sending) and (both := intersection(into, out)):
                                yield Flow(sent, reached, both)

    def _groups(self, direction: Direction) -> list[tuple[int, Mask]]:
        groups: dict[tuple[object, ...], tuple[int, Mask]] = {}
        for position in range(len(self.endpoints)):
            first, mask = groups.get(key := self._group(position, direction), (position, 0))
            groups[key] = (first, mask | 1 << position)
        return list(groups.values())


def _refined(parts: Mapping[PortSet, Mask], mask: Mask, ports: PortSet) -> dict[PortSet, Mask]:
    refined: dict[PortSet, Mask] = defaultdict(int)
    for known, members in parts.items():
        if rest := members & ~mask:
            refined[known] |= rest
        if met := members & mask:
            refined[union(known, ports)] |= met
    return dict(refined)


def _at(partition: Partition, bit: int) -> PortSet:
    return next((ports for ports, mask in partition.items() if mask >> bit & 1), NOTHING)


def bits(mask: Mask) -> Iterator[int]:
    """Positions of the set bits, in order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
