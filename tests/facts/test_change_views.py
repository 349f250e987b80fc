"""What a change opens, seen from the whole render: ways in, permissions, and who can connect to whom."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.change.sides import view
from kfm_checks.config import Config
from kfm_checks.engine import Facts
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_risks import _gained, compare_views
from kfm_checks.manifests import parse_manifests


def compared(base: str, head: str) -> Diff:
    """What differs, with its risks."""
    sides = []
    for text in (base, head):
        objects = tuple(parse_manifests(text))
        sides.append(view(Facts({"objects": objects, "gitops_objects": (), "followed": (), "config": Config()})))
    return compare_views(*sides)


def risks(base: str, head: str, name: str) -> list[tuple[str, str]]:
    """Where a risk of one name is told, and its words."""
    return [
        (str(change.key), risk.message)
        for change in compared(base, head).changes
        for risk in change.risks
        if risk.name == name
    ]


RBAC = "apiVersion: rbac.authorization.k8s.io/v1\n"
ROLE = "---\n" + RBAC + "kind: %s\nmetadata: {name: r%s}\nrules: [%s]\n"
BINDING = (
    "---\n"
    + RBAC
    + "kind: %s\nmetadata: {name: b%s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: %s, name: r}\nsubjects: [%s]\n"
)
PODS = "{apiGroups: [''], resources: [pods], verbs: [%s]}"
ANN = "{kind: User, name: ann, apiGroup: rbac.authorization.k8s.io}"


def granted(rules: str, subjects: str = ANN, *, wide: bool = False) -> str:
    """A role and its binding, in one namespace or for the whole cluster."""
    home, prefix = ("", "Cluster") if wide else (", namespace: a", "")
    return ROLE % (f"{prefix}Role", home, rules) + BINDING % (f"{prefix}RoleBinding", home, f"{prefix}Role", subjects)


GET = granted(PODS % "get")


@pytest.mark.parametrize(
    ("base", "head", "found"),
    [
        (GET, granted(PODS % "get, list"), [("a/Role/r", "User:ann in a may now list pods")]),
        (GET, granted(PODS % "'*'"), [("a/Role/r", "User:ann in a may now do all to pods")]), (granted(PODS % "'*'"), granted(PODS % "get, watch"), []),
        (granted(PODS % "'*'"), granted("{apiGroups: [''], resources: [secrets], verbs: [get]}, " + PODS % "get"), [("a/Role/r", "User:ann in a may now get secrets")]),
        (GET, granted("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"), [("a/Role/r", "User:ann in a may now do all to everything")]),
        (GET, granted("{apiGroups: [apps], resources: ['*'], verbs: [get]}, " + PODS % "get"), [("a/Role/r", "User:ann in a may now get everything of apps")]),
        (GET, granted("{apiGroups: [apps], resources: [deployments], verbs: [get]}, " + PODS % "get"), [("a/Role/r", "User:ann in a may now get deployments.apps")]),
        (GET, granted("{apiGroups: [''], resources: [secrets], resourceNames: [s], verbs: [get]}, " + PODS % "get"), [("a/Role/r", "User:ann in a may now get secrets s")]),
        (GET, granted(PODS % "a, b, c, d, e, f"), [("a/Role/r", "User:ann in a may now a pods, b pods, c pods, d pods and 2 more")]),
        (GET, granted(PODS % "a, b, c, d"), [("a/Role/r", "User:ann in a may now a pods, b pods, c pods, d pods")]),
        (GET, granted(PODS % "get", f"{ANN}, {{kind: User, name: bob, apiGroup: rbac.authorization.k8s.io}}"), [("a/RoleBinding/b", "User:bob in a may now get pods")]),
        ("", GET, [("a/Role/r", "User:ann in a may now get pods"), ("a/RoleBinding/b", "User:ann in a may now get pods")]), (GET, "", []), (GET, GET.replace("'']", "''] ", 1), []),
        ("", granted(PODS % "get", wide=True), [("ClusterRole/r", "User:ann in the whole cluster may now get pods"), ("ClusterRoleBinding/b", "User:ann in the whole cluster may now get pods")]),
        (granted(PODS % "get", wide=True), granted("{nonResourceURLs: [/metrics], verbs: [get]}, " + PODS % "get", wide=True),
         [("ClusterRole/r", "User:ann in the whole cluster may now get /metrics")]),
        # A role that nobody in the render is bound to: whoever is, elsewhere.
        (ROLE % ("ClusterRole", "", PODS % "get"), ROLE % ("ClusterRole", "", PODS % "get, list"), [("ClusterRole/r", "whoever is bound to ClusterRole r may now list pods")]),
        ("", ROLE % ("Role", ", namespace: a", PODS % "get"), [("a/Role/r", "whoever is bound to Role r may now get pods")]),
        (ROLE % ("Role", ", namespace: a", PODS % "'*'"), ROLE % ("Role", ", namespace: a", PODS % "list"), []),
        (ROLE % ("Role", ", namespace: a", PODS % "get"), "", []),
    ],
)  # fmt: skip
def test_permissions_that_nobody_had(base: str, head: str, found: list[tuple[str, str]]) -> None:
    """At the role or at the binding that grants them; what an earlier star covered is none."""
    assert risks(base, head, "permission") == found


SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\nspec: {type: %s, selector: {app: w}, ports: [{port: 80}]}\n"
WORK = """---
apiVersion: apps/v1
kind: %s
metadata: {name: %s, namespace: %s}
spec: {template: {metadata: {labels: {app: %s}}, spec: {containers: [{name: c, image: '%s', ports: [{containerPort: 80}]}]}}}
"""
WEB = WORK % ("Deployment", "w", "a", "w", "i:1")
STORE = WORK % ("StatefulSet", "w", "a", "w", "postgres:17")
INGRESS = """---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: a}
spec: {rules: [{host: %s, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}
"""


@pytest.mark.parametrize(
    ("base", "head", "at", "words"),
    [
        (WEB + SERVICE % "ClusterIP", WEB + SERVICE % "LoadBalancer", ["a/Service/s"], "to a/Deployment/w on TCP 80"),
        (STORE + SERVICE % "ClusterIP", STORE + SERVICE % "NodePort", ["a/Service/s"], "to the datastore a/StatefulSet/w"),
        (WEB + SERVICE % "ClusterIP", WEB + SERVICE % "ClusterIP" + INGRESS % "h.example.org", ["a/Ingress/i"], "(Ingress for h.example.org) to a/Deployment/w"),
        (WEB + SERVICE % "ClusterIP" + INGRESS % "h", WEB + SERVICE % "ClusterIP" + INGRESS % "j", ["a/Ingress/i"], "for j"),
        # The door was there: what it leads to is new, or what selects it.
        (SERVICE % "LoadBalancer", WEB + SERVICE % "LoadBalancer", ["a/Deployment/w"], "to a/Deployment/w"),
        (WEB + SERVICE.replace("app: w", "app: v") % "LoadBalancer", WEB + SERVICE % "LoadBalancer", ["a/Service/s"], "to a/Deployment/w"),
        (WEB + SERVICE % "LoadBalancer", WEB.replace("i:1", "i:2") + SERVICE % "LoadBalancer", [], ""),
        (WEB + SERVICE % "LoadBalancer", WEB + SERVICE % "ClusterIP", [], ""),
        (WEB + SERVICE % "LoadBalancer", WEB + SERVICE % "LoadBalancer" + (SERVICE % "NodePort").replace("name: s", "name: t"), ["a/Service/t"], "on TCP 80"),
    ],
)  # fmt: skip
def test_new_ways_in_from_outside(base: str, head: str, at: list[str], words: str) -> None:
    """Told at the object that opens it, else at what changed on the way."""
    found = risks(base, head, "exposure")
    assert [where for where, _ in found] == at
    assert all(words in message for _, message in found), found


POLICY = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: a}\nspec: {podSelector: {matchLabels: {app: %s}}, policyTypes: [Ingress], ingress: [%s]}\n"
OTHERS = WORK % ("Deployment", "x", "b", "x", "i:1") + WORK % ("Deployment", "v", "b", "v", "i:1")
FROM = "{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: %s}}}], ports: [{port: %s}]}"


@pytest.mark.parametrize(
    ("base", "head", "risk", "found"),
    [
        (WEB + OTHERS + POLICY % ("w", FROM % ("x", 80)), WEB + OTHERS + POLICY % ("w", FROM % ("x", 80) + ", " + FROM % ("v", 81)), "network-reach",
         [("a/NetworkPolicy/open", "b/Deployment/v can now connect to a/Deployment/w on TCP 81")]),
        (WEB + OTHERS + POLICY % ("w", FROM % ("x", 80)), WEB + OTHERS + POLICY % ("w", FROM % ("x", 81)), "network-reach",
         [("a/NetworkPolicy/open", "b/Deployment/x can now connect to a/Deployment/w on TCP 81")]),
        (WEB + OTHERS + POLICY % ("w", FROM % ("x", 80)), WEB + OTHERS + POLICY % ("w", FROM % ("v", 80)), "disruption",
         [("a/NetworkPolicy/open", "b/Deployment/x can no longer connect to a/Deployment/w on TCP 80")]),
        (STORE + OTHERS + POLICY % ("w", ""), STORE + OTHERS + POLICY % ("w", FROM % ("x", 80)), "network-reach",
         [("a/NetworkPolicy/open", "b/Deployment/x can now connect to the datastore a/StatefulSet/w on TCP 80")]),
        # By other labels of the workload itself; an image changes nothing of it.
        (WEB + OTHERS + POLICY % ("w", FROM % ("z", 80)), WEB + OTHERS.replace("{app: v}", "{app: z}") + POLICY % ("w", FROM % ("z", 80)), "network-reach",
         [("b/Deployment/v", "b/Deployment/v can now connect to a/Deployment/w on TCP 80")]),
        (WEB + OTHERS, WEB.replace("i:1", "i:2") + OTHERS, "network-reach", []),
    ],
)  # fmt: skip
def test_who_can_connect(base: str, head: str, risk: str, found: list[tuple[str, str]]) -> None:
    """At the policy or at the workload that decides it, one sentence a destination."""
    assert risks(base, head, risk) == found


def test_a_namespace_s_labels_decide_too() -> None:
    """Its own pods, and nobody's where something else of it changes."""
    space = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b, %s: {team: %s}}\n"
    policy = POLICY % ("w", "{from: [{namespaceSelector: {matchLabels: {team: maps}}}]}")
    base = WEB + OTHERS + policy + space % ("labels", "other")
    found = risks(base, WEB + OTHERS + policy + space % ("labels", "maps"), "network-reach")
    assert [where for where, _ in found] == ["Namespace/b"]
    assert found[0][1].startswith("b/Deployment/v, b/Deployment/x")
    assert risks(base, base + space.replace("name: b", "name: c") % ("annotations", "maps"), "network-reach") == []


def test_many_sources_are_counted() -> None:
    """Four are named, the others counted; addresses outside are told as such."""
    many = "".join(WORK % ("Deployment", f"x{n}", "b", "x", "i:1") for n in range(6))
    opened = POLICY % ("w", FROM % ("x", 80))
    [(_, words)] = risks(WEB + many + POLICY % ("w", ""), WEB + many + opened, "network-reach")
    assert (
        words
        == "b/Deployment/x0, b/Deployment/x1, b/Deployment/x2, b/Deployment/x3, 2 more can now connect to a/Deployment/w on TCP 80"
    )
    outside = POLICY % ("w", "{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 80}]}")
    [(_, words)] = risks(WEB + POLICY % ("w", ""), WEB + outside, "network-reach")
    assert words == "addresses outside can now connect to a/Deployment/w on TCP 80"


@pytest.mark.parametrize(
    ("before", "after", "gained"),
    [
        ((), (("TCP", 1, 9),), (("TCP", 1, 9),)), ((("TCP", 3, 5),), (("TCP", 1, 9),), (("TCP", 1, 2), ("TCP", 6, 9))),
        ((("TCP", 1, 2), ("TCP", 8, 9)), (("TCP", 1, 9),), (("TCP", 3, 7),)), ((("TCP", 1, 9),), (("TCP", 3, 5),), ()),
        ((("UDP", 1, 9),), (("TCP", 3, 5),), (("TCP", 3, 5),)), ((("TCP", 3, 5),), (("TCP", 3, 5), ("UDP", 1, 1)), (("UDP", 1, 1),)),
        ((("TCP", 1, 4),), (("TCP", 3, 5),), (("TCP", 5, 5),)), ((("TCP", 5, 9),), (("TCP", 3, 5),), (("TCP", 3, 4),)),
    ],
)  # fmt: skip
def test_ports_that_are_more_than_before(before: Any, after: Any, gained: Any) -> None:
    """What is in the second set and not in the first."""
    assert _gained(before, after) == gained


MAPS = POLICY % ("w", "{from: [{namespaceSelector: {matchLabels: {team: maps}}}]}")
SPACE = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {team: maps}, annotations: {a: %s}}\n"


def test_each_change_is_told_of_its_own_pairs() -> None:
    """What opens is told at what can have opened it, and at nothing else that changes with it."""
    other = (POLICY % ("x", "")).replace("name: open, namespace: a", "name: other, namespace: b, labels: {v: '%s'}")
    shut, opened = WEB + OTHERS + POLICY % ("w", ""), WEB + OTHERS + POLICY % ("w", FROM % ("v", 80))
    assert [where for where, _ in risks(shut + other % 1, opened + other % 2, "network-reach")] == [
        "a/NetworkPolicy/open"
    ]
    assert [where for where, _ in risks(shut + SPACE % "x", opened + SPACE % "z", "network-reach")] == [
        "a/NetworkPolicy/open"
    ]
    elsewhere = (POLICY % ("w", "")).replace("name: open, namespace: a", "name: same, namespace: b, labels: {v: '%s'}")
    assert [where for where, _ in risks(shut + elsewhere % 1, opened + elsewhere % 2, "network-reach")] == [
        "a/NetworkPolicy/open"
    ]


def test_a_workload_or_a_namespace_that_is_new_opens_pairs() -> None:
    """And one that goes closes none that anybody would miss."""
    base = WEB + OTHERS + MAPS
    assert {where for where, _ in risks(base, base + SPACE % "x", "network-reach")} == {"Namespace/b"}
    new = WORK % ("Deployment", "new", "b", "new", "i:1")
    found = risks(base + SPACE % "x", base + SPACE % "x" + new, "network-reach")
    assert {where for where, _ in found} == {"b/Deployment/new"}
    gone = risks(base + SPACE % "x" + new, base + SPACE % "x", "disruption")
    assert [words for _, words in gone] == ["Deployment new stops"]


def test_a_port_s_name_decides_too() -> None:
    """Where a policy lets in by it."""
    named = WEB.replace("containerPort: 80", "containerPort: 80, name: %s")
    policy = POLICY % ("w", "{ports: [{port: web}]}")
    found = risks(named % "old" + OTHERS + policy, named % "web" + OTHERS + policy, "network-reach")
    assert {where for where, _ in found} == {"a/Deployment/w"}
