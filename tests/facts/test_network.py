"""Reachability: against a brute-force evaluator, by properties, and on the cases that the API reference singles out."""

from __future__ import annotations

import ipaddress
import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netpol_oracle import connects

from kfm_checks.facts.network import reachability
from kfm_checks.facts.network.addresses import network_range
from kfm_checks.facts.network.policies import blocks, read_policies
from kfm_checks.facts.objects import inventory

ALL = (1, 65535)


def rows(objects: list[dict[str, Any]]) -> set[tuple[str, str, str, int, int]]:
    """The table as a set of tuples, after checking its form."""
    frame = reachability(objects)
    assert list(frame.columns) == ["source", "destination", "protocol", "first_port", "last_port"]
    assert [str(kind) for kind in frame.dtypes] == ["string"] * 3 + ["int64"] * 2
    assert list(frame.index) == list(range(len(frame)))
    found = list(frame.itertuples(index=False, name=None))
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    return set(found)


def pod(name: str, namespace: str = "a", labels: dict[str, str] | None = None, ports: Any = ()) -> dict[str, Any]:
    """A bare Pod."""
    listed = [{"name": n, "protocol": proto, "containerPort": number} for n, proto, number in ports]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {"app": name})},
        "spec": {"containers": [{"name": "main", "image": "x", "ports": listed}]},
    }


def netpol(name: str, namespace: str = "a", **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy."""
    spec.setdefault("podSelector", {})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def between(objects: list[dict[str, Any]], source: str, destination: str) -> list[tuple[str, int, int]]:
    """Port ranges from one pod to another, pods named ``namespace/name``."""
    (a, b), (c, d) = source.split("/"), destination.split("/")
    return sorted(row[2:] for row in rows(objects) if row[:2] == (f"{a}/Pod/{b}", f"{c}/Pod/{d}"))


EVERYTHING = [("SCTP", *ALL), ("TCP", *ALL), ("UDP", *ALL)]
PODS = [pod("x"), pod("y"), pod("z", "b")]


# -- generated objects against brute force ---------------------------------------------------------------------------

LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]), max_size=2)
EXPRESSION = st.one_of(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["app", "tier"]),
            "operator": st.sampled_from(["In", "NotIn"]),
            "values": st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {"key": st.sampled_from(["app", "tier"]), "operator": st.sampled_from(["Exists", "DoesNotExist"])}
    ),
)
SELECTOR = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"matchLabels": LABELS}),
    st.fixed_dictionaries({"matchExpressions": st.lists(EXPRESSION, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSION, max_size=1)}),
)
BLOCK = st.sampled_from(
    [
        {"cidr": "0.0.0.0/0"},
        {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]},
        {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.1.2.0/24"]},
        {"cidr": "192.0.2.7/32"},
        {"cidr": "255.255.255.255/32"},
        {"cidr": "::/0", "except": ["fc00::/7"]},
        {"cidr": "2001:db8::/32"},
    ]
)
PEER = st.one_of(
    st.fixed_dictionaries({"podSelector": SELECTOR}),
    st.fixed_dictionaries({"namespaceSelector": SELECTOR}),
    st.fixed_dictionaries({"podSelector": SELECTOR, "namespaceSelector": SELECTOR}),
    st.fixed_dictionaries({"ipBlock": BLOCK}),
)
PROTOCOL = st.sampled_from(["TCP", "UDP", "SCTP"])
PORT = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"protocol": PROTOCOL}),
    st.fixed_dictionaries({"port": st.sampled_from([1, 53, 80, 81, 82, 65535])}),
    st.fixed_dictionaries({"protocol": PROTOCOL, "port": st.sampled_from([80, "web", "dns", "absent"])}),
    st.fixed_dictionaries({"protocol": PROTOCOL, "port": st.just(80), "endPort": st.sampled_from([80, 81, 65535])}),
)


def rule(peers: str) -> st.SearchStrategy[dict[str, Any]]:
    """Rules of one direction, drawn."""
    return st.fixed_dictionaries({}, optional={peers: st.lists(PEER, max_size=2), "ports": st.lists(PORT, max_size=2)})


SPEC = st.fixed_dictionaries(
    {"podSelector": SELECTOR},
    optional={
        "policyTypes": st.sampled_from([[], ["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        "ingress": st.lists(rule("from"), max_size=2),
        "egress": st.lists(rule("to"), max_size=2),
    },
)
NAMED = st.lists(
    st.tuples(st.sampled_from(["web", "dns"]), st.sampled_from(["TCP", "UDP"]), st.sampled_from([53, 80, 82])),
    max_size=2,
    unique_by=lambda port: port[0],
)


@st.composite
def clusters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to four pods in three namespaces (one only named, never declared), and up to four policies."""
    spaces = ["a", "b", "c"]
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": draw(LABELS)}} for name in "ab"
    ]
    for number in range(draw(st.integers(1, 4))):
        objects.append(pod(f"p{number}", draw(st.sampled_from(spaces)), draw(LABELS), draw(NAMED)))
    for number in range(draw(st.integers(0, 4))):
        objects.append(netpol(f"n{number}", draw(st.sampled_from(spaces)), **draw(SPEC)))
    return objects


SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
PROBES = (1, 2, 52, 53, 54, 79, 80, 81, 82, 83, 65534, 65535)


def world(objects: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, dict[str, str]]]:
    """Pods by id, policies, and the labels of all namespaces, as the oracle wants them."""
    pods = {
        f"{obj['metadata']['namespace']}/Pod/{obj['metadata']['name']}": {
            "namespace": obj["metadata"]["namespace"],
            "labels": obj["metadata"]["labels"],
            "ports": [(p["name"], p["protocol"], p["containerPort"]) for p in obj["spec"]["containers"][0]["ports"]],
        }
        for obj in objects
        if obj["kind"] == "Pod"
    }
    declared = {obj["metadata"]["name"]: obj["metadata"]["labels"] for obj in objects if obj["kind"] == "Namespace"}
    namespaces = {name: {**declared.get(name, {}), "kubernetes.io/metadata.name": name} for name in "abc"}
    return pods, [obj for obj in objects if obj["kind"] == "NetworkPolicy"], namespaces


@SLOW
@given(clusters())
def test_reachability_equals_brute_force(objects: list[dict[str, Any]]) -> None:
    """Every pair, protocol and probed port agrees with the evaluator written from the API reference."""
    found = rows(objects)
    pods, policies, namespaces = world(objects)
    ends: dict[str, Any] = dict(pods)
    for name in sorted({end for row in found for end in row[:2] if end.startswith("external:")}):
        ends[name] = ipaddress.ip_address(name.removeprefix("external:").partition("-")[0])
    for source, a in ends.items():
        for destination, b in ends.items():
            if source == destination or not (isinstance(a, dict) or isinstance(b, dict)):
                continue
            ranges = [row[2:] for row in found if row[:2] == (source, destination)]
            for protocol in ("TCP", "UDP", "SCTP"):
                for port in PROBES:
                    said = any(p == protocol and first <= port <= last for p, first, last in ranges)
                    assert said == connects(a, b, protocol, port, policies, namespaces), (source, destination, port)


@SLOW
@given(clusters(), st.sampled_from(["8.8.8.8", "10.0.0.1", "10.1.2.3", "10.1.9.9", "192.0.2.7", "255.255.255.255"]))
def test_any_address_agrees_with_its_range(objects: list[dict[str, Any]], address: str) -> None:
    """An address answers as the one range that holds it does: the ranges are cut finely enough."""
    found = rows(objects)
    pods, policies, namespaces = world(objects)
    outside = ipaddress.ip_address(address)
    for name, inside in pods.items():
        for port in (53, 80, 443):
            said = any(
                destination == name and protocol == "TCP" and first <= port <= last and _holds(source, outside)
                for source, destination, protocol, first, last in found
            )
            assert said == connects(outside, inside, "TCP", port, policies, namespaces)


def _holds(name: str, address: Any) -> bool:
    if not name.startswith("external:"):
        return False
    first, _, last = name.removeprefix("external:").partition("-")
    ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return ends[0].version == address.version and ends[0] <= address <= ends[1]


@SLOW
@given(clusters(), st.randoms(use_true_random=False))
def test_order_changes_nothing(objects: list[dict[str, Any]], order: random.Random) -> None:
    """Objects, list items and map keys in another order give the same table."""
    assert rows(objects) == rows(_shuffled(objects, order))


def _shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: _shuffled(value[key], order) for key in keys}
    if isinstance(value, list):
        mixed = [_shuffled(item, order) for item in value]
        order.shuffle(mixed)
        return mixed
    return value


@SLOW
@given(clusters())
def test_splitting_a_policy_changes_nothing(objects: list[dict[str, Any]]) -> None:
    """Several policies are a union: one policy for each rule says the same as one policy for all."""
    split: list[dict[str, Any]] = []
    for obj in objects:
        if obj["kind"] != "NetworkPolicy":
            split.append(obj)
            continue
        spec = obj["spec"]
        types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
        base = {"podSelector": spec["podSelector"], "policyTypes": types}
        name, space = obj["metadata"]["name"], obj["metadata"]["namespace"]
        split.append(netpol(name, space, **base))
        for field in ("ingress", "egress"):
            for number, one in enumerate(spec.get(field) or []):
                split.append(netpol(f"{name}-{field}-{number}", space, **base, **{field: [one]}))
    assert rows(objects) == rows(split)


@SLOW
@given(clusters())
def test_an_unrelated_namespace_changes_no_other(objects: list[dict[str, Any]]) -> None:
    """A namespace with its own pods and deny-all leaves every other row as it was."""
    more = [*objects, pod("q", "far", {"app": "q"}), netpol("deny", "far", policyTypes=["Ingress", "Egress"])]
    assert rows(objects) == {row for row in rows(more) if not any(end.startswith("far/") for end in row[:2])}


def _spots(found: set[tuple[str, str, str, int, int]]) -> set[tuple[Any, ...]]:
    return {(s, d, p, port) for s, d, p, first, last in found for port in PROBES if first <= port <= last}


@SLOW
@given(clusters(), st.sampled_from("abc"), SELECTOR)
def test_an_isolating_policy_only_removes(objects: list[dict[str, Any]], space: str, who: dict[str, Any]) -> None:
    """One more policy without rules can only take reachability away."""
    more = [*objects, netpol("more", space, podSelector=who, policyTypes=["Ingress", "Egress"])]
    assert _spots(rows(more)) <= _spots(rows(objects))


@SLOW
@given(clusters(), rule("from"), rule("to"))
def test_an_allowing_rule_only_adds(objects: list[dict[str, Any]], into: dict[str, Any], out: dict[str, Any]) -> None:
    """One more rule in every policy that isolates already can only add reachability."""
    block = {"cidr": "0.0.0.0/0"}
    inert = netpol("cuts", "nowhere", ingress=[into], egress=[out, {"to": [{"ipBlock": block}]}])  # same boundaries
    more = []
    for obj in objects:
        if obj["kind"] == "NetworkPolicy":
            spec = obj["spec"]
            types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
            wider = {"ingress": [*(spec.get("ingress") or []), into], "egress": [*(spec.get("egress") or []), out]}
            obj = {**obj, "spec": {**spec, "policyTypes": types, **wider}}
        more.append(obj)
    assert _spots(rows([*objects, inert])) <= _spots(rows([*more, inert]))


# -- cases that the API reference singles out --------------------------------------------------------------------------


def test_without_policies_all_is_open_and_nobody_reaches_themselves() -> None:
    """No policy: every pair, all ports of all protocols, and both address families from and to outside."""
    found = rows(PODS)
    assert between(PODS, "a/x", "b/z") == EVERYTHING
    assert not any(row[0] == row[1] for row in found)
    outside = {row[0] for row in found if row[0].startswith("external:")}
    assert outside == {
        "external:0.0.0.0-255.255.255.255",
        "external:::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    }
    assert len(found) == (3 * 2 + 2 * 3 * 2) * 3


def test_policy_types_default() -> None:
    """Absent: Ingress always, and Egress only where there is an egress rule (an empty list is none)."""
    deny = [*PODS, netpol("n", podSelector={"matchLabels": {"app": "x"}})]
    assert between(deny, "a/y", "a/x") == []
    assert between(deny, "a/x", "a/y") == EVERYTHING
    empty = [*PODS, netpol("n", podSelector={"matchLabels": {"app": "x"}}, egress=[])]
    assert between(empty, "a/x", "a/y") == EVERYTHING
    both = [*PODS, netpol("n", podSelector={"matchLabels": {"app": "x"}}, egress=[{"ports": [{"port": 80}]}])]
    assert between(both, "a/x", "a/y") == [("TCP", 80, 80)]
    assert between(both, "a/y", "a/x") == []


def test_missing_pod_selector_selects_every_pod() -> None:
    """``spec.podSelector`` absent or empty: all pods of the namespace, and of no other."""
    policy = netpol("n")
    del policy["spec"]["podSelector"]
    assert between([*PODS, policy], "a/x", "a/y") == []
    assert between([*PODS, policy], "a/x", "b/z") == EVERYTHING


def test_one_peer_with_two_selectors_and_two_peers() -> None:
    """Two selectors in one peer are ANDed; in two peers they are ORed (documentation, *Behavior of to and from*)."""
    spaces = {"matchLabels": {"kubernetes.io/metadata.name": "b"}}
    label = {"matchLabels": {"app": "y"}}
    pods = [*PODS, pod("y", "b"), pod("w")]
    one = [*pods, netpol("n", ingress=[{"from": [{"namespaceSelector": spaces, "podSelector": label}]}])]
    two = [*pods, netpol("n", ingress=[{"from": [{"namespaceSelector": spaces}, {"podSelector": label}]}])]
    reach = {
        name: (between(one, name, "a/x") != [], between(two, name, "a/x") != [])
        for name in ("b/y", "b/z", "a/y", "a/w")
    }
    assert reach == {"b/y": (True, True), "b/z": (False, True), "a/y": (False, True), "a/w": (False, False)}


def test_an_allow_all_beside_a_deny_all_wins() -> None:
    """Policies are additive: the deny-all takes nothing from the allow-all."""
    beside = [*PODS, netpol("deny", policyTypes=["Ingress"]), netpol("allow", ingress=[{}])]
    assert between(beside, "b/z", "a/x") == EVERYTHING


def test_empty_from_is_everybody_and_a_missing_section_is_nobody() -> None:
    """``from: []`` and an absent ``from`` allow all sources; ``ingress: []`` allows none."""
    assert between([*PODS, netpol("n", ingress=[{"from": []}])], "b/z", "a/x") == EVERYTHING
    assert between([*PODS, netpol("n", ingress=[])], "b/z", "a/x") == []


def test_named_ports_are_resolved_at_the_destination() -> None:
    """A name stands for what the destination calls so, for that protocol; outside nobody has names."""
    pods = [pod("x", ports=[("web", "TCP", 8080)]), pod("y", ports=[("web", "UDP", 9)]), pod("s")]
    into = [*pods, netpol("n", ingress=[{"ports": [{"port": "web"}]}])]
    assert between(into, "a/s", "a/x") == [("TCP", 8080, 8080)]
    assert between(into, "a/s", "a/y") == []
    out = [
        *pods,
        netpol(
            "n",
            podSelector={"matchLabels": {"app": "s"}},
            policyTypes=["Egress"],
            egress=[{"ports": [{"port": "web"}]}],
        ),
    ]
    assert between(out, "a/s", "a/x") == [("TCP", 8080, 8080)]
    assert not [row for row in rows(out) if row[0] == "a/Pod/s" and row[1].startswith("external:")]


def test_port_ranges_join_and_end_ports_count() -> None:
    """Ranges that touch become one row."""
    ports = [{"port": 80, "endPort": 90}, {"port": 91}, {"port": 93}, {"protocol": "UDP", "port": 80}]
    found = between([*PODS, netpol("n", ingress=[{"ports": ports}])], "b/z", "a/x")
    assert found == [("TCP", 80, 91), ("TCP", 93, 93), ("UDP", 80, 80)]


def test_ranges_are_cut_at_every_boundary() -> None:
    """A block and its exception cut the outside in five; the other family stays whole."""
    block = {"cidr": "10.0.0.0/8", "except": ["10.11.0.0/16"]}
    found = rows([pod("x"), netpol("n", ingress=[{"from": [{"ipBlock": block}]}])])
    sources = {row[0] for row in found if row[1] == "a/Pod/x"}
    assert sources == {"external:10.0.0.0-10.10.255.255", "external:10.12.0.0-10.255.255.255"}
    assert {row[1] for row in found if row[0] == "a/Pod/x"} == {
        "external:0.0.0.0-9.255.255.255",
        "external:10.0.0.0-10.10.255.255",
        "external:10.11.0.0-10.11.255.255",
        "external:10.12.0.0-10.255.255.255",
        "external:11.0.0.0-255.255.255.255",
        "external:::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    }


def test_owners_stand_for_their_pods() -> None:
    """Pods go by their controller's name, present or not; pods of one owner that differ are a union."""
    owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "controller": True}]
    one, two = pod("one", labels={"v": "1"}), pod("two", labels={"v": "2"})
    one["metadata"]["ownerReferences"] = two["metadata"]["ownerReferences"] = owner
    policy = netpol("n", podSelector={"matchLabels": {"v": "1"}}, ingress=[{"ports": [{"port": 1}]}])
    other = netpol("m", podSelector={"matchLabels": {"v": "2"}}, ingress=[{"ports": [{"port": 2}]}])
    found = rows([one, two, pod("s", "b"), policy, other])
    assert {row[2:] for row in found if row[:2] == ("b/Pod/s", "a/ReplicaSet/rs")} == {("TCP", 1, 2)}
    assert not any("/Pod/one" in end or "/Pod/two" in end for row in found for end in row[:2])


def test_two_pods_of_one_owner_are_one_row_also_where_nothing_else_is_reached() -> None:
    """The whole table is two connections, which are one: adjacent ports of one owner's pods."""
    owner = [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "controller": True}]
    one, two = pod("one", labels={"v": "1"}), pod("two", labels={"v": "2"})
    one["metadata"]["ownerReferences"] = two["metadata"]["ownerReferences"] = owner
    everything = {"policyTypes": ["Ingress", "Egress"]}
    entering = [
        netpol(f"n{v}", **everything, podSelector={"matchLabels": {"v": f"{v}"}}, ingress=[
            {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}], "ports": [{"port": v}]}])
        for v in (1, 2)
    ]  # fmt: skip
    leaving = netpol("s", "b", **everything, podSelector={}, egress=[{"to": [{"namespaceSelector": {}}]}])
    assert rows([one, two, pod("s", "b"), *entering, leaving]) == {("b/Pod/s", "a/ReplicaSet/rs", "TCP", 1, 2)}


REFUSED: list[dict[str, Any]] = [
    {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Near"}]}},
    {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": []}]}},
    {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists", "values": ["x"]}]}},
    {"policyTypes": ["Both"]},
    {"ingress": [{"from": [{}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "namespaceSelector": {}}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "ten"}}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]}]},
    {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["0.0.0.0/0"]}}]}]},
    {"ingress": [{"ports": [{"protocol": "ICMP"}]}]},
    {"ingress": [{"ports": [{"port": 0}]}]},
    {"ingress": [{"ports": [{"port": 65536}]}]},
    {"ingress": [{"ports": [{"port": True}]}]},
    {"ingress": [{"ports": [{"port": ""}]}]},
    {"ingress": [{"ports": [{"port": "-http"}]}]},
    {"ingress": [{"ports": [{"port": "a-name-of-16-let"}]}]},
    {"ingress": [{"ports": [{"port": "8080"}]}]},
    {"ingress": [{"ports": [{"port": 80, "endPort": 79}]}]},
    {"ingress": [{"ports": [{"port": "http", "endPort": 90}]}]},
    {"ingress": [{"ports": [{"endPort": 90}]}]},
]


#: Where the server's own message would point, too.
REASONS: list[tuple[dict[str, Any], str]] = [
    ({"podSelector": []}, "spec.podSelector"), ({"podSelector": {"matchLabels": ["a"]}}, "spec.podSelector"),
    ({"podSelector": {"matchExpressions": [{"operator": "Near"}]}}, "spec.podSelector"), ({"ingress": {}}, "spec.ingress"),
    ({"egress": {}}, "spec.egress"), ({"policyTypes": "Ingress"}, "spec.policyTypes"), ({"policyTypes": ["Both"]}, "spec.policyTypes"),
    ({"ingress": [1]}, "spec.ingress[0]"), ({"ingress": [{}, {"from": {}}]}, "spec.ingress[1].from"),
    ({"egress": [{"to": {}}]}, "spec.egress[0].to"), ({"egress": [{"ports": {}}]}, "spec.egress[0].ports"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "where"), REASONS)
def test_why_a_policy_is_not_in_force(spec: dict[str, Any], where: str) -> None:
    """The reason begins with the field; a spec that is no mapping is one, too."""
    read, ((_, reason),) = read_policies(inventory([netpol("n", **{"podSelector": {}, **spec})]))
    assert read == () and reason.startswith(f"{where} ")
    _, ((_, reason),) = read_policies(inventory([{**netpol("n"), "spec": [1]}]))
    assert reason.startswith("spec ")


def test_policies_of_long_ago_are_named() -> None:
    """No API server has taken ``extensions/v1beta1`` since 1.16."""
    old = {**netpol("n", podSelector={}), "apiVersion": "extensions/v1beta1"}
    read, ((obj, reason),) = read_policies(inventory([old, netpol("m", podSelector={})]))
    assert [one.obj.key.name for one in read] == ["m"]
    assert (obj.key.name, reason) == ("n", "extensions/v1beta1 was removed in 1.16")


@pytest.mark.parametrize("operator", ["Exists", "DoesNotExist", "In", "NotIn"])
def test_the_four_operators(operator: str) -> None:
    """Each selects as the API reference says: ``a/x`` has the label ``app: x`` or it has not."""
    values = ["x"] if operator in ("In", "NotIn") else []
    objects = [
        pod("x", labels={"app": "x"}),
        pod("y", labels={"tier": "y"}),
        netpol("n", podSelector={"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}),
    ]
    _, unread = read_policies(inventory(objects))
    assert unread == ()
    isolated = {name for name in "xy" if between(objects, "a/" + "yx"["xy".index(name)], f"a/{name}") == []}
    assert isolated == ({"x"} if operator in ("Exists", "In") else {"y"})


def test_every_block_is_drawn() -> None:
    """Also beside a section or a policy that can't be read, and in one that policyTypes leave out."""
    peer = [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    broken = netpol("a", podSelector={}, policyTypes=["Ingress"], ingress=[1], egress=[{"to": peer}])
    other = netpol("b", podSelector={}, egress=[{"to": [{"ipBlock": {"cidr": "11.0.0.0/8"}}, {"podSelector": {}}]}, {}])
    found = blocks(inventory([{**netpol("0"), "spec": []}, broken, other]))
    assert [one.cidr for one in found] == [network_range("10.0.0.0/8"), network_range("11.0.0.0/8")]


@pytest.mark.parametrize("spec", REFUSED)
def test_a_policy_that_the_server_refuses_isolates_nothing(spec: dict[str, Any]) -> None:
    """An object that never gets into a cluster changes nothing there (pkg/apis/networking/validation)."""
    assert between([*PODS, netpol("n", **{"podSelector": {}, **spec})], "b/z", "a/x") == EVERYTHING


@pytest.mark.parametrize(
    ("entry", "ports"),
    [
        ({"port": 1}, [("TCP", 1, 1)]),
        ({"port": 65535}, [("TCP", 65535, 65535)]),
        ({"port": 80, "endPort": 80}, [("TCP", 80, 80)]),
        ({"port": 80, "endPort": 65535, "protocol": "SCTP"}, [("SCTP", 80, 65535)]),
        ({"port": "a-name-of-15-le"}, []),
    ],
)
def test_a_policy_at_the_edge_of_what_is_allowed_counts(entry: dict[str, Any], ports: list[Any]) -> None:
    """The first and last port, a range of one, the longest name: no container has it, so nobody comes in."""
    assert between([*PODS, netpol("n", podSelector={}, ingress=[{"ports": [entry]}])], "b/z", "a/x") == ports


HOSTILE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 70000), st.sampled_from(["", "x", "0.0.0.0/0", "TCP"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                [
                    "podSelector",
                    "matchLabels",
                    "matchExpressions",
                    "from",
                    "to",
                    "ports",
                    "port",
                    "endPort",
                    "protocol",
                    "ipBlock",
                    "cidr",
                    "except",
                    "ingress",
                    "egress",
                    "policyTypes",
                    "key",
                    "operator",
                    "values",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@SLOW
@given(HOSTILE)
def test_no_shape_crashes(spec: Any) -> None:
    """Wrong types anywhere end in a table, not in a traceback."""
    rows([*PODS, {**netpol("n"), "spec": spec}])


def test_a_thousand_objects_are_fast() -> None:
    """500 workloads and 500 policies: the structure that checks use takes well under 0.3 s."""
    from kfm_checks.facts.network import Network
    from kfm_checks.facts.network.endpoints import endpoints
    from kfm_checks.facts.objects import inventory
    from kfm_checks.facts.workloads import workloads

    objects = [pod(f"p{n}", f"ns{n % 20}") for n in range(500)]
    for n in range(500):
        peers = [{"podSelector": {"matchLabels": {"app": f"p{(n + 20) % 500}"}}}, {"namespaceSelector": {}}][
            : 1 + n % 2
        ]
        who = {"matchLabels": {"app": f"p{n}"}}
        objects.append(
            netpol(f"n{n}", f"ns{n % 20}", podSelector=who, ingress=[{"from": peers, "ports": [{"port": 80}]}])
        )
    found = inventory(objects)
    points = endpoints(found, workloads(found))
    best = 9.0
    for _ in range(3):
        begin = time.perf_counter()
        network = Network(found, points)
        for position in range(500):
            network.allowed(position, "Ingress")
        best = min(best, time.perf_counter() - begin)
    assert best < 0.3
