"""What counts as denied by default: which rule undoes it, how much is everybody, and whether names can be looked up."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.network.endpoints import endpoints
from kfm_checks.facts.network.isolation import Isolation, isolation
from kfm_checks.facts.network.policies import Direction
from kfm_checks.facts.network.reach import Network
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a", "labels": {"app": "p"}}, "spec": {"containers": [{"name": "c"}]}}  # fmt: skip
DENY: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]


def policy(name: str, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy of the namespace a."""
    meta = {"name": name, "namespace": "a"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": {**DENY, **spec}}


def judged(direction: Direction, *policies: dict[str, Any]) -> Isolation:
    """How the one pod is isolated."""
    found = inventory([POD, *policies])
    return isolation(Network(found, endpoints(found, workloads(found))), 0, direction)


def blocks(*cidrs: str, **more: Any) -> list[dict[str, Any]]:
    """Peers outside."""
    return [{"ipBlock": {"cidr": cidr, **more}} for cidr in cidrs]


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ({}, "undone"),
        ({"from": [{"namespaceSelector": {}}]}, "undone"),  # any other pod of the cluster
        ({"from": [{"podSelector": {}}]}, "denied"),  # of its own namespace
        ({"from": [{"namespaceSelector": {"matchLabels": {"x": "y"}}}]}, "denied"),
        ({"from": blocks("0.0.0.0/0")}, "undone"),
        ({"from": blocks("::/0")}, "undone"),
        ({"from": blocks(*HALVES)}, "undone"),
        ({"from": blocks("0.0.0.0/1")}, "denied"),
        (
            {"from": blocks("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/4")},
            "undone",
        ),  # 81 in a hundred, and every private one
        ({"from": blocks("0.0.0.0/0", **{"except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]})}, "denied"),
        ({"from": blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")}, "denied"),  # private alone
        ({"from": blocks("fc00::/7")}, "denied"),
        ({"ports": [{"port": 1, "endPort": 40000}]}, "undone"),
        ({"ports": [{"port": 1, "endPort": 40000, "protocol": "UDP"}]}, "undone"),
        ({"ports": [{"port": 1, "endPort": 32768}]}, "undone"),  # more than half
        ({"ports": [{"port": 1, "endPort": 32767}]}, "denied"),  # half, rounded down
        ({"ports": [{"port": 30000, "endPort": 60000}]}, "denied"),
        ({"ports": [{"port": 1, "endPort": 65535, "protocol": "SCTP"}]}, "denied"),
        ({"ports": [{"port": 1, "endPort": 30000}, {"port": 30001, "endPort": 65535}]}, "undone"),
        ({"ports": [{"port": 443}]}, "denied"),
        ({"ports": [{"port": 1, "endPort": 20000}, {"port": 1, "endPort": 20000, "protocol": "UDP"}]}, "denied"),
    ],
)
def test_what_lets_everybody_in(rule: dict[str, Any], state: str) -> None:
    """Everybody is any other pod, or most addresses with private ones, on most ports of TCP or of UDP."""
    assert judged("Ingress", policy("deny"), policy("more", policyTypes=["Ingress"], ingress=[rule])).state == state


def test_no_policy_is_open_and_one_direction_is_one_direction() -> None:
    """Isolation is asked by direction."""
    only = policy("in", policyTypes=["Ingress"])
    assert judged("Ingress").state == "open"
    assert (judged("Ingress", only).state, judged("Egress", only).state) == ("denied", "open")
    assert judged("Ingress", only).policy is None


@pytest.mark.parametrize(
    ("ingress", "index"),
    [
        ([{"ports": [{"port": 443}]}, {}], 1),
        ([{"from": blocks("0.0.0.0/1")}, {"from": blocks("0.0.0.0/0")}], 1),  # the wider one
        ([{"from": blocks("0.0.0.0/0")}, {"from": blocks("0.0.0.0/1")}], 0),
        ([{"from": blocks("0.0.0.0/0")}, {"from": [{"namespaceSelector": {}}]}], 1),  # any pod before any address
        ([{"from": [{"namespaceSelector": {}}]}, {"from": blocks("0.0.0.0/0")}], 0),
        ([{"ports": [{"port": 1, "endPort": 40000}]}, {}], 1),  # the same people, more ports
        ([{}, {"ports": [{"port": 1, "endPort": 40000}]}], 0),
        ([{"from": blocks("10.0.0.0/8")}, {"from": blocks(*HALVES)}], 1),
    ],
)
def test_the_rule_to_mend_is_the_widest(ingress: list[dict[str, Any]], index: int) -> None:
    """Of the rules that let everybody in together, the one that lets in most is named."""
    found = judged("Ingress", policy("deny"), policy("more", policyTypes=["Ingress"], ingress=ingress))
    assert found.state == "undone" and found.policy is not None and found.rule is not None
    assert (found.policy.obj.key.name, found.rule.path) == ("more", ("spec", "ingress", index))


def test_of_two_alike_the_last_by_name_is_named() -> None:
    """The order of objects changes nothing."""
    pair = [policy("b", ingress=[{}]), policy("c", ingress=[{}])]
    for policies in (pair, pair[::-1]):
        found = judged("Ingress", *policies)
        assert found.policy is not None and found.policy.obj.key.name == "c"


@pytest.mark.parametrize(
    ("ports", "dns"),
    [
        ([{"port": 53, "protocol": "UDP"}], True),
        ([{"port": 53}], True),
        ([{"port": 5353, "protocol": "UDP"}], True),
        ([{"port": 5353}], True),
        ([{"port": 50, "endPort": 60, "protocol": "UDP"}], True),
        *(
            ([{"port": number, "protocol": protocol}], number in (53, 5353))
            for number in (52, 53, 54, 5352, 5353, 5354)
            for protocol in ("TCP", "UDP")
        ),
        ([{"port": 53, "protocol": "SCTP"}], False),
        ([{"port": "dns", "protocol": "UDP"}], True),  # a name can't be looked up here
        ([{"protocol": "UDP"}], True),
        ([{"port": 54, "protocol": "UDP"}], False),
        ([{"port": 52}], False),
        ([{"port": 53, "protocol": "SCTP"}], False),
        ([{"port": 443}], False),
    ],
)
def test_whether_names_can_be_looked_up(ports: list[dict[str, Any]], dns: bool) -> None:
    """Port 53, or 5353 where the cluster's DNS listens, of UDP or TCP; asked of what goes out alone."""
    out = policy("out", policyTypes=["Egress"], egress=[{"to": blocks("10.0.0.10/32"), "ports": ports}])
    assert judged("Egress", policy("deny"), out) == Isolation("denied", dns=dns)
    assert judged("Ingress", policy("deny"), out) == Isolation("denied", dns=True)


def test_a_rule_for_all_ports_lets_names_be_looked_up() -> None:
    """Without ports, every port."""
    out = policy("out", policyTypes=["Egress"], egress=[{"to": blocks("10.0.0.10/32")}])
    assert judged("Egress", policy("deny"), out) == Isolation("denied", dns=True)
    assert judged("Egress", policy("deny")) == Isolation("denied", dns=False)
