"""Two versions of an object field by field: which item is which, where order counts, what is written and what is meant."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.change_fields import field_changes
from kfm_checks.facts.change_model import Diff, Pair, Risk
from kfm_checks.facts.change_network import compare_networks
from kfm_checks.facts.change_owners import LIMIT, OwnerRules, readable
from kfm_checks.facts.change_pairs import compare, stem
from kfm_checks.facts.change_schema import root
from kfm_checks.facts.network.facts import network
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest, Origin
from kfm_checks.values import replace

OBJECT = "apiVersion: %s\nkind: %s\nmetadata: {name: x, namespace: a}\n%s\n"


def changes(kind: str, base: str, head: str) -> list[tuple[str, Any, Any]]:
    """Each change: its place, and both values; a place of the base alone has a minus."""
    api, _, word = kind.rpartition(" ")
    [old], [new] = (parse_manifests(OBJECT % (api, word, side)) for side in (base, head))
    found = field_changes(old, new, lambda a, b: (a, b) == ("old-name", "new-name"))
    return [(f"{'' if one.in_head else '-'}{'/'.join(map(str, one.path))}", one.base, one.head) for one in found]


POD, THING, ROLE, SERVICE = "v1 Pod", "example.org/v1 Thing", "rbac.authorization.k8s.io/v1 Role", "v1 Service"
ENV = "spec: {containers: [{name: c, image: i, env: [%s]}]}"
AT = "spec/containers/0/env"


@pytest.mark.parametrize(
    ("kind", "base", "head", "found"),
    [
        # Items of keyed lists are found by their keys, wherever they stand.
        (POD, ENV % "{name: A, value: x}", ENV % "{name: B, value: u}, {name: A, value: z}",
         [(f"{AT}/0", None, {"name": "B", "value": "u"}), (f"{AT}/1/value", "x", "z")]),
        (POD, ENV % "{name: A, value: x}, {name: B, value: u}", ENV % "{name: B, value: u}", [(f"-{AT}/0", {"name": "A", "value": "x"}, None)]),
        (POD, ENV % "{name: A, value: x}, {name: B, value: u}", ENV % "{name: B, value: u}, {name: A, value: x}", []),
        (POD, ENV % "{name: A, value: x}, {name: B, value: $(A)}", ENV % "{name: B, value: $(A)}, {name: A, value: x}",
         [(AT, ["A", "B"], ["B", "A"])]),
        # Two of one name can't be told apart: then the list is read as a sequence.
        (POD, ENV % "{name: A, value: x}, {name: A, value: u}", ENV % "{name: A, value: x}, {name: A, value: z}", [(f"{AT}/1/value", "u", "z")]),
        (POD, "spec: {initContainers: [{name: a}, {name: b}]}", "spec: {initContainers: [{name: b}, {name: a}]}",
         [("spec/initContainers", ["a", "b"], ["b", "a"])]),
        (SERVICE, "spec: {ports: [{port: 53, name: a}, {port: 53, protocol: UDP, name: b}]}",
         "spec: {ports: [{port: 53, protocol: UDP, name: b}, {port: 53, protocol: TCP, name: a}]}", []),
        (SERVICE, "spec: {ports: [{port: 53, name: a}]}", "spec: {ports: [{port: 53, name: a, protocol: UDP}]}",
         [("-spec/ports/0", {"port": 53, "name": "a"}, None), ("spec/ports/0", None, {"port": 53, "name": "a", "protocol": "UDP"})]),
        # Lists whose order means nothing: what has no equal is paired, the rest is gone or come.
        (ROLE, "rules: [{verbs: [get, list], resources: [pods]}]", "rules: [{resources: [pods], verbs: [list, get]}]", []),
        (ROLE, "rules: [{verbs: [get]}, {verbs: [list]}]", "rules: [{verbs: [list]}, {verbs: [get, watch]}]", [("rules/1/verbs/1", None, "watch")]),
        (ROLE, "rules: [{verbs: [get]}, {verbs: [list]}]", "rules: [{verbs: [list]}]", [("-rules/0", {"verbs": ["get"]}, None)]),
        (ROLE, "rules: [{verbs: [get, get]}]", "rules: [{verbs: [get]}]", [("-rules/0/verbs/1", "get", None)]),
        (ROLE, "rules: [{verbs: [get, list]}]", "rules: [{verbs: [watch, list]}]", [("-rules/0/verbs/0", "get", None), ("rules/0/verbs/0", None, "watch")]),
        ("v1 Node", "spec: {podCIDRs: [a, b]}", "spec: {podCIDRs: [b, a]}", []),
        # Which family comes first is the Service's own.
        (SERVICE, "spec: {ipFamilies: [IPv4, IPv6]}", "spec: {ipFamilies: [IPv6, IPv4]}", None),
        # Sequences: what stays is found as a text's comparison finds it.
        (THING, "spec: {l: [a, b, c]}", "spec: {l: [a, c]}", [("-spec/l/1", "b", None)]),
        (THING, "spec: {l: [a, c]}", "spec: {l: [a, b, c]}", [("spec/l/1", None, "b")]),
        (THING, "spec: {l: [a, b, c]}", "spec: {l: [a, d, e, c]}", [("spec/l/1", "b", "d"), ("spec/l/2", None, "e")]),
        (THING, "spec: {l: [a, b, c, d]}", "spec: {l: [x, d]}", [("spec/l/0", "a", "x"), ("-spec/l/1", "b", None), ("-spec/l/2", "c", None)]),
        (THING, "spec: {l: [a, b, z]}", "spec: {l: [c, d, z]}", [("spec/l/0", "a", "c"), ("spec/l/1", "b", "d")]),
        (THING, "spec: {verbs: [a, b]}", "spec: {verbs: [b, a]}", None),
        (THING, "spec: {l: [{name: a, v: 1}, {name: b}]}", "spec: {l: [{name: b}, {name: a, v: 2}]}",
         [("spec/l", ["a", "b"], ["b", "a"]), ("spec/l/1/v", 1, 2)]),
        (THING, "spec: {l: [{v: 1}, x]}", "spec: {l: [{v: 2}, x]}", [("spec/l/0/v", 1, 2)]),
        # Values: as Kubernetes means them, never across types.
        (THING, "spec: {v: 1}", "spec: {v: 1.0}", []), (THING, "spec: {v: 1}", "spec: {v: true}", [("spec/v", 1, True)]),
        (THING, "spec: {v: '1'}", "spec: {v: 1}", [("spec/v", "1", 1)]), (THING, "spec: {v: {}}", "spec: {v: []}", [("spec/v", {}, [])]),
        (THING, "spec: {a: null, v: 1}", "spec: {a: null, v: 2}", [("spec/v", 1, 2)]),
        (POD, "spec: {initContainers: [{name: a}]}", "spec: {initContainers: [{name: a}, {name: b}]}", [("spec/initContainers/1", None, {"name": "b"})]),
        (POD, "spec: {initContainers: [{name: a}, {name: b}]}", "spec: {initContainers: [{name: b}]}", [("-spec/initContainers/0", {"name": "a"}, None)]),
        (THING, "spec: {a: b, v: null}", "spec: {a: b}", []), (THING, "spec: {a: b, v: 0}", "spec: {a: b}", [("-spec/v", 0, None)]),
        (THING, "spec: {l: [{v: 1.0}, a]}", "spec: {l: [{v: 1, n: null}, a]}", []), (THING, "spec: {l: [1.5, 2]}", "spec: {l: [1, 2]}", [("spec/l/0", 1.5, 1)]),
        (THING, "spec: {requests: {cpu: 1000m}}", "spec: {requests: {cpu: 1}}", []), (THING, "spec: {other: {cpu: 1000m}}", "spec: {other: {cpu: 1}}", [("spec/other/cpu", "1000m", 1)]),
        (THING, "spec: {requests: {cpu: 1000m}}", "spec: {requests: {cpu: 2}}", [("spec/requests/cpu", "1000m", 2)]),
        (THING, "spec: {requests: {cpu: many}}", "spec: {requests: {cpu: more}}", [("spec/requests/cpu", "many", "more")]),
        ("v1 PersistentVolumeClaim", "spec: {resources: {requests: {storage: 1Gi}}}", "spec: {resources: {requests: {storage: 1024Mi}}}", []),
        (THING, "spec: {ref: old-name}", "spec: {ref: new-name}", []), (THING, "spec: {ref: new-name}", "spec: {ref: old-name}", [("spec/ref", "new-name", "old-name")]),
        # What only a server writes is nobody's change.
        (THING, "status: {a: b}", "status: {a: c}", []), (THING, "spec: {status: a}", "spec: {status: b}", [("spec/status", "a", "b")]),
        (THING, "spec: {uid: a}", "spec: {uid: b}", [("spec/uid", "a", "b")]),
    ],
)  # fmt: skip
def test_what_differs(kind: str, base: str, head: str, found: list[Any] | None) -> None:
    """By place and by both values; None: something, whatever it is called."""
    told = changes(kind, base, head)
    assert bool(told) if found is None else told == found, told


@pytest.mark.parametrize(
    "name", ["creationTimestamp", "managedFields", "resourceVersion", "uid", "generation", "selfLink"]
)
def test_metadata_of_the_server(name: str) -> None:
    """No reconciler applies it; labels are somebody's."""
    [old], [new] = (
        parse_manifests(f"apiVersion: v1\nkind: X\nmetadata: {{name: x, labels: {{{name}: '{v}'}}, {name}: '{v}'}}\n")
        for v in "12"
    )
    assert ["/".join(map(str, one.path)) for one in field_changes(old, new, lambda *_: False)] == [
        f"metadata/labels/{name}"
    ]


def test_a_field_that_moved_has_both_places() -> None:
    """Where it stood and where it stands."""
    [old], [new] = (
        parse_manifests(OBJECT % ("v1", "Pod", ENV % side))
        for side in ("{name: A, value: x}", "{name: B}, {name: A, value: u}")
    )
    moved = next(one for one in field_changes(old, new, lambda *_: False) if one.path[-1] == "value")
    assert (moved.path[-2], moved.base_path[-2], moved.in_head) == (1, 0, True)


@pytest.mark.parametrize(
    ("api", "kind", "path", "known", "merged"),
    [
        ("v1", "Pod", ("spec", "containers"), True, True), ("v1", "Pod", ("spec", "containers", 0, "args"), True, False),
        ("v1", "Pod", ("metadata", "finalizers"), True, True), ("rbac.authorization.k8s.io/v1", "Role", ("rules",), True, False),
        ("example.org/v1", "Pod", ("spec", "containers"), False, False), ("v2", "Pod", ("spec", "containers"), False, False),
    ],
)  # fmt: skip
def test_what_a_schema_says_of_a_list(api: str, kind: str, path: Any, known: bool, merged: bool) -> None:
    """Whether others may add items of their own; of a kind that nobody knows, nothing."""
    node = root(api, kind)
    for step in path:
        node = node.child(step)
    assert (node.known, node.merged) == (known, merged)


# -- which object is which -------------------------------------------------------------------------------------------


def objects(*named: str) -> str:
    """ConfigMaps, or other kinds where a name begins with one; ``kind group name``."""
    made = []
    for one in named:
        kind, api, name = one.split() if " " in one else ("ConfigMap", "v1", one)
        made.append(
            f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: a}}\ndata: {{k: v-{name}}}\n"
        )
    return "---\n".join(made)


@pytest.mark.parametrize(
    ("base", "head", "found"),
    [
        (["a-6ct58987ht"], ["a-b4mm9cmd4h"], ["changed a-b4mm9cmd4h"]), (["a"], ["a-b4mm9cmd4h"], ["changed a-b4mm9cmd4h"]),
        (["a-6ct58987ht"], ["a"], ["changed a"]), (["a-6ct58987ht"], ["b-b4mm9cmd4h"], ["removed a-6ct58987ht", "added b-b4mm9cmd4h"]),
        (["a-6ct58987ht"], ["a-aaaaaaaaaa"], ["removed a-6ct58987ht", "added a-aaaaaaaaaa"]),
        (["Secret v1 a-6ct58987ht"], ["Secret v1 a-b4mm9cmd4h"], ["changed a-b4mm9cmd4h"]),
        (["Role v1 a-6ct58987ht"], ["Role v1 a-b4mm9cmd4h"], ["removed a-6ct58987ht", "added a-b4mm9cmd4h"]),
        (["Secret v1 a-6ct58987ht"], ["ConfigMap v1 a-b4mm9cmd4h"], ["added a-b4mm9cmd4h", "removed a-6ct58987ht"]),
        (["Ingress extensions/v1beta1 a"], ["Ingress networking.k8s.io/v1 a"], ["changed a"]),
        (["Ingress x.io/v1 a", "Ingress y.io/v1 a"], ["Ingress z.io/v1 a"], ["removed a", "removed a", "added a"]),
        (["a", "b"], ["b", "c"], ["removed a", "added c"]), (["a"], ["a"], []),
    ],
)  # fmt: skip
def test_which_object_is_which(base: list[str], head: list[str], found: list[str]) -> None:
    """By identity, by the stem of a generated name, by kind and name under another group; one to one alone."""
    sides = (inventory(parse_manifests(objects(*side))) for side in (base, head))
    diff = compare(*sides)
    assert sorted(f"{change.change} {change.key.name}" for change in diff.changes) == sorted(found)
    assert diff.compared == len({*base, *head}) - sum(one.startswith("changed") for one in found)


def test_the_stem_of_a_generated_name() -> None:
    """Ten of kustomize's characters after a dash."""
    assert [
        stem(name) for name in ("a-6ct58987ht", "a-b-6ct58987ht", "a", "6ct58987ht", "a-6ct58987h", "a-6ct58987hz")
    ] == ["a", "a-b", "", "", "", ""]


# -- owners, and pairs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("* @a # more", "* @a"), ("# all", ""), ("*.js @a/b/c x@y.org", "*.js @a/b/c x@y.org"), ("!x @a", ""), ("[s] @a", ""), ("^[s] @a", ""),
        ("a[b] @a", ""), ("x y", ""), ("x @a y@z", ""), ("x", "x"), ("a\\ b @a", "a\\ b @a"), ("", ""),
    ],
)  # fmt: skip
def test_lines_that_github_reads(line: str, kept: str) -> None:
    """Those that it skips are empty, so that the numbers of lines stay."""
    assert readable(f"{line}\n* @z") == f"{kept}\n* @z"


def test_a_file_of_owners_that_is_too_long_names_nobody() -> None:
    """GitHub does not read it."""
    assert readable("#" * LIMIT) == ""
    assert readable("* @a\n" + "#" * (LIMIT - 5)).startswith("* @a")
    assert readable("* @a\n" + "#" * (LIMIT - 4)) == ""


def test_who_owns_a_path_and_which_line_says_so() -> None:
    """And the teams that own anything."""
    rules = OwnerRules("CODEOWNERS", "* @a\n\n/docs/ @org/team ann@example.org\n", "the base")
    assert (rules.owners("docs/x"), rules.line("docs/x"), rules.line("x")) == (("@org/team", "ann@example.org"), 3, 1)
    assert rules.teams == {"@org/team"}
    assert OwnerRules("", "/docs/ @a", "").line("x") is None


PODS = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: a}
spec: {template: {metadata: {labels: {app: %s}}, spec: {containers: [{name: c, image: i}]}}}
"""
POLICY = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: n, namespace: a}
spec: {podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], ingress: [{from: [%s], ports: [{port: %s}]}]}
"""


def pairs(base: str, head: str) -> list[tuple[str, str, Any, Any]]:
    """The pairs that differ, within the cluster or by address."""
    sides = []
    for text in (base, head):
        known = inventory(parse_manifests(text))
        sides.append(network(known, workloads(known), ()))
    found = compare_networks(*sides)
    return [(one.source.rpartition("/")[2], one.destination.rpartition("/")[2], one.before, one.after) for one in found]


BOTH = PODS % ("w", "w") + PODS % ("b", "b")


def test_pairs_that_can_connect_on_other_ports() -> None:
    """Each with its ports before and after, and no others."""
    source = "{podSelector: {matchLabels: {app: w}}}"
    found = pairs(BOTH + POLICY % (source, 80), BOTH + POLICY % (source, 81))
    assert found == [("w", "b", (("TCP", 80, 80),), (("TCP", 81, 81),))]
    assert pairs(BOTH + POLICY % (source, 80), BOTH + POLICY % (source, 80)) == []


def test_what_connects_to_itself_is_no_pair() -> None:
    """Two pods of one workload are one name."""
    found = pairs(BOTH + POLICY % ("{podSelector: {}}", 80), BOTH + POLICY % ("{podSelector: {}}", 81))
    assert [(source, target) for source, target, _, _ in found] == [("w", "b")]


def test_pairs_by_address_are_cut_where_either_side_cuts() -> None:
    """The part of the addresses that is on one side alone."""
    block = "{ipBlock: {cidr: %s}}"
    found = pairs(BOTH + POLICY % (block % "10.0.0.0/24", 80), BOTH + POLICY % (block % "10.0.0.0/25", 80))
    assert [(one[0], one[2], one[3]) for one in found] == [("external:10.0.0.128-10.0.0.255", (("TCP", 80, 80),), ())]
    six = pairs(BOTH + POLICY % (block % "fd00::/126", 80), BOTH + POLICY % (block % "fd00::/127", 80))
    assert [one[0] for one in six] == ["external:fd00::2-fd00::3"]


def test_where_a_change_was_made() -> None:
    """In the head's file; what is gone, in the base's; of an object without a file nobody can tell."""
    [old], [new] = ([Manifest(one, Origin(f"{side}.yaml", 3, {("spec", "b"): 7})) for one in parse_manifests(OBJECT % ("x.io/v1", "Thing", f"spec: {{{text}}}"))]
                    for side, text in (("base", "a: 1, b: 1"), ("head", "a: 2, c: 1")))  # fmt: skip
    [change] = compare([old], [new]).changes
    told = {str(item.path[-1]): str(change.source(item)) for item in change.fields}
    assert told == {"a": "head.yaml:3", "b": "base.yaml:7", "c": "head.yaml:3"}
    assert str(change.source()) == "head.yaml:3"
    [gone] = compare([old], []).changes
    assert (str(gone.source()), gone.renamed_from) == ("base.yaml:3", "")
    [bare] = compare([], parse_manifests(OBJECT % ("x.io/v1", "Thing", ""))).changes
    assert (bare.source(), bare.renamed_from) == (None, "")


def test_risks_by_name_and_pairs_by_direction() -> None:
    """A pair that gains a port and loses another is opened and closed."""
    risks = (Risk("image", "a"), Risk("capacity", "b"), Risk("image", "c"))
    [change] = (
        replace(one, risks=risks) for one in compare([], parse_manifests(OBJECT % ("x.io/v1", "Thing", ""))).changes
    )
    assert [risk.message for risk in change.of("image", "exposure")] == ["a", "c"]
    one, two = (("TCP", 1, 1),), (("TCP", 1, 2),)
    more, less, other = Pair("a", "b", one, two), Pair("a", "b", two, one), Pair("a", "b", one, (("TCP", 2, 2),))
    found = Diff((), (more, less, other))
    assert (found.opened, found.closed) == ((more, other), (less, other))


def test_a_renamed_object_is_known_by_its_new_name_in_its_own_namespace() -> None:
    """A reference to it is no change; the same text in another namespace is another name."""
    user = "---\napiVersion: x.io/v1\nkind: User\nmetadata: {name: u, namespace: %s}\nspec: {ref: %s}\n"
    one, two = "a-6ct58987ht", "a-b4mm9cmd4h"
    for home, told in (("a", []), ("b", ["u"])):
        sides = [inventory(parse_manifests(objects(name) + user % (home, name))) for name in (one, two)]
        assert [change.key.name for change in compare(*sides).changes if change.key.kind == "User"] == told
