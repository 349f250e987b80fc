"""Effective RBAC: the table of permissions and single questions, by case and against a plain evaluator."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.errors import UsageError
from kfm_checks.facts.access import can, identities, permissions
from kfm_checks.facts.access.frames import COLUMNS
from kfm_checks.facts.access.grants import canonical
from tests.facts.rbac_oracle import answers

RBAC = "rbac.authorization.k8s.io"
Object = dict[str, Any]


def role(name: str, *rules: Object, namespace: str = "", labels: dict[str, str] | None = None, **more: Any) -> Object:
    """A Role where a namespace is given, else a ClusterRole."""
    metadata: Object = {"name": name, "labels": labels or {}} | ({"namespace": namespace} if namespace else {})
    kind = "Role" if namespace else "ClusterRole"
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "rules": list(rules), **more}


def rule(verbs: str, resources: str = "", groups: str = "core", names: str = "", urls: str = "") -> Object:
    """A rule from words; "core" stands for the group ""."""
    found: Object = {"verbs": verbs.split()}
    if urls:
        return {**found, "nonResourceURLs": urls.split()}
    found |= {"apiGroups": ["" if g == "core" else g for g in groups.split()], "resources": resources.split()}
    return found | ({"resourceNames": names.split()} if names else {})


def binding(ref: str, *subjects: str, namespace: str = "", kind: str = "ClusterRole", name: str = "b") -> Object:
    """A RoleBinding where a namespace is given, else a ClusterRoleBinding; subjects as in the public API."""
    metadata: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": ref},
        "subjects": [_subject(text) for text in subjects],
    }


def _subject(text: str) -> Object:
    kind, _, name = text.partition(":")
    if kind == "ServiceAccount":
        home, slash, account = name.rpartition("/")
        return {"kind": kind, "name": account} | ({"namespace": home} if slash and home else {})
    return {"kind": kind, "name": name, "apiGroup": RBAC}


def test_permissions_have_the_columns_of_the_contract() -> None:
    """Fixed columns of dtype string, never null, sorted, without duplicates, a RangeIndex - and so when empty."""
    objects = [
        role("r", rule("get *", "pods pods/exec", names="a b")),
        binding("r", "Group:g"),
        binding("r", "Group:g"),
    ]
    for frame in (permissions(objects), permissions([])):
        assert list(frame.columns) == list(COLUMNS)
        assert all(str(dtype) == "string" for dtype in frame.dtypes)
        assert not frame.isna().any().any()
        assert list(frame.index) == list(range(len(frame)))
    rows = list(permissions(objects).itertuples(index=False, name=None))
    assert rows == sorted(set(rows))
    assert ("Group:g", "", "", "pods/exec", "b", "", "*") in rows
    assert len(rows) == 8


def test_a_service_account_without_namespace_is_of_the_binding() -> None:
    """A RoleBinding may leave it out; a ClusterRoleBinding may not, and then grants that subject nothing."""
    objects = [
        role("r", rule("get", "pods")),
        binding("r", "ServiceAccount:x", namespace="a"),
        binding("r", "ServiceAccount:y"),
    ]
    assert set(permissions(objects)["subject"]) == {"ServiceAccount:a/x"}


def test_urls_are_granted_by_cluster_role_bindings_alone() -> None:
    """NonResourceURLs have no namespace; a trailing * is a prefix."""
    objects = [
        role("r", rule("get", urls="/metrics /logs/*")),
        binding("r", "User:u"),
        binding("r", "User:v", namespace="a"),
    ]
    assert list(permissions(objects)["non_resource_url"]) == ["/logs/*", "/metrics"]
    assert can(objects, "User:u", "get", non_resource_url="/logs/api/x")
    assert not can(objects, "User:u", "get", non_resource_url="/log")
    assert not can(objects, "User:v", "get", non_resource_url="/metrics", namespace="a")


def test_names_limit_requests_that_have_one() -> None:
    """ResourceNames never match create or an unfiltered list, whose name the API server doesn't know."""
    objects = [role("r", rule("get list create", "secrets", names="one")), binding("r", "User:u", namespace="a")]
    assert can(objects, "User:u", "get", "secrets", namespace="a", name="one")
    assert not can(objects, "User:u", "get", "secrets", namespace="a", name="two")
    assert not can(objects, "User:u", "list", "secrets", namespace="a")
    assert can(objects, "User:u", "list", "secrets", namespace="a", name="one")


def test_subresources_are_resources_of_their_own() -> None:
    """Pods doesn't hold pods/exec; */exec does, and so does *; pods/* is nothing special."""
    for granted, allowed in (("pods", False), ("pods/exec", True), ("*/exec", True), ("*", True), ("pods/*", False)):
        objects = [role("r", rule("create", granted)), binding("r", "User:u")]
        assert can(objects, "User:u", "create", "pods/exec", namespace="a") is allowed


@pytest.mark.parametrize(
    ("subject", "groups"),
    [
        ("ServiceAccount:a/x", {"system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"}),
        (
            "User:system:serviceaccount:a:x",
            {"system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"},
        ),
        ("User:u", {"system:authenticated"}),
        ("User:system:anonymous", {"system:unauthenticated"}),
        ("Group:devs", {"devs", "system:authenticated"}),
        (
            "Group:system:serviceaccounts:a",
            {"system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"},
        ),
        ("Group:system:unauthenticated", {"system:unauthenticated"}),
    ],
)
def test_groups_are_implied(subject: str, groups: set[str]) -> None:
    """The groups that the API server adds by itself."""
    assert {name.removeprefix("Group:") for name in identities(subject) if name.startswith("Group:")} == groups


def test_masters_may_do_everything() -> None:
    """system:masters passes before any authorizer is asked."""
    assert can([], "Group:system:masters", "delete", "nodes")


def test_built_in_roles_are_resolved_though_absent() -> None:
    """View reads no Secrets, edit opens pods, admin binds roles, cluster-admin does everything: only where bound."""
    objects = [binding(name, f"Group:{name}", namespace="a") for name in ("view", "edit", "admin", "cluster-admin")]
    assert can(objects, "Group:view", "list", "deployments", api_group="apps", namespace="a")
    assert not can(objects, "Group:view", "get", "secrets", namespace="a")
    assert not can(objects, "Group:view", "list", "pods", namespace="b")
    assert can(objects, "Group:edit", "create", "pods/exec", namespace="a")
    assert not can(objects, "Group:edit", "create", "rolebindings", api_group=RBAC, namespace="a")
    assert can(objects, "Group:admin", "create", "rolebindings", api_group=RBAC, namespace="a")
    assert can(objects, "Group:cluster-admin", "anything", "widgets", api_group="example.org", namespace="a")
    assert not can(objects, "Group:cluster-admin", "get", "nodes")


def test_a_rendered_role_adds_to_the_built_in_ones() -> None:
    """Labelled for view, a role reaches edit and admin too, as the control plane aggregates."""
    extra = role("w", rule("get", "widgets", "x.org"), labels={f"{RBAC}/aggregate-to-view": "true"})
    for name in ("view", "edit", "admin"):
        objects = [extra, binding(name, "User:u", namespace="a")]
        assert can(objects, "User:u", "get", "widgets", api_group="x.org", namespace="a")


def test_aggregation_overwrites_rules() -> None:
    """The rules of an aggregating role are its controller's; where that finds none, what was written stays in force."""
    selecting = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"l": "2"}}]}}
    whole = role("whole", rule("get", "nodes"), **selecting)
    objects = [whole, role("leaf", rule("get", "pods"), labels={"l": "2"}), binding("whole", "User:u")]
    assert can(objects, "User:u", "get", "pods")
    assert not can(objects, "User:u", "get", "nodes")
    assert can([whole, binding("whole", "User:u")], "User:u", "get", "nodes")


def test_roles_that_select_each_other_may_keep_everything() -> None:
    """Which of the written rules stay depends on which role the controller saw first: all count."""
    one = role(
        "one",
        rule("get", "nodes"),
        labels={"l": "1"},
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"l": "2"}}]},
    )
    two = role(
        "two",
        rule("get", "secrets"),
        labels={"l": "2"},
        aggregationRule={"clusterRoleSelectors": [{"matchExpressions": [{"key": "l", "operator": "Exists"}]}]},
    )
    leaf = role("leaf", rule("get", "pods"), labels={"l": "3"})
    objects = [one, two, leaf, binding("two", "User:u")]
    for resource in ("pods", "nodes", "secrets"):
        assert can(objects, "User:u", "get", resource)


def test_a_role_that_nobody_knows_grants_nothing() -> None:
    """Nor does a ClusterRoleBinding to a Role, nor a Role of another namespace."""
    objects = [
        role("r", rule("get", "pods"), namespace="a"),
        binding("gone", "User:u"),
        binding("r", "User:u", kind="Role"),
        binding("r", "User:u", kind="Role", namespace="b"),
    ]
    assert permissions(objects).empty


@pytest.mark.parametrize("subject", ["", "bob", "User:", "ServiceAccount:x", "ServiceAccount:/x", "Robot:x"])
def test_a_malformed_subject_is_an_error(subject: str) -> None:
    """And says how to write one."""
    with pytest.raises(UsageError, match="write User:NAME"):
        can([], subject, "get", "pods")


@pytest.mark.parametrize("name", ["system:serviceaccount::x", "system:serviceaccount:a:", "system:serviceaccount:a"])
def test_half_a_user_name_of_a_service_account_is_a_users(name: str) -> None:
    """Without its namespace or its own name it is no service account's."""
    assert canonical(f"User:{name}") == f"User:{name}"
    assert canonical("User:system:serviceaccount:a:x") == "ServiceAccount:a/x"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab*/", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "kind", "verbs", "matchLabels"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    json_values,
    st.sampled_from(["rules", "subjects", "roleRef", "metadata", "aggregationRule", "apiVersion"]),
    st.data(),
)
def test_hostile_shapes_are_survived(value: Any, field: str, data: st.DataObject) -> None:
    """Wrong types anywhere in a role or binding end in no grant, never in a crash."""
    good = [role("r", rule("get", "pods")), binding("r", "User:u"), binding("r", "User:u", namespace="a")]
    victim = data.draw(st.sampled_from(good))
    permissions([{**victim, field: value}, *(o for o in good if o is not victim)])


words = st.sampled_from
rules = st.builds(
    lambda verbs, groups, resources, names, urls: (
        {"verbs": verbs, "nonResourceURLs": urls}
        if urls
        else {"verbs": verbs, "apiGroups": groups, "resources": resources} | ({"resourceNames": names} if names else {})
    ),
    st.lists(words(["get", "list", "create", "*"]), max_size=2),
    st.lists(words(["", "apps", "*"]), max_size=2),
    st.lists(words(["pods", "pods/exec", "*/exec", "*", "pods/*"]), max_size=2),
    words([[], ["one"], ["two"]]),
    words([[], [], ["/a"], ["/a/*"], ["*"]]),
)
subjects = st.lists(
    words(
        [
            "User:u",
            "Group:g",
            "ServiceAccount:a/x",
            "ServiceAccount:x",
            "Group:system:serviceaccounts:a",
            "Group:system:authenticated",
        ]
    ),
    max_size=2,
)
marks: list[dict[str, str]] = [{"l": "1"}, {"l": "2"}, {"m": "1"}, {"l": "1", "m": "1"}]
labels = words([{}, *marks])


@st.composite
def worlds(draw: st.DrawFn) -> list[Object]:
    """A few roles and bindings with names that meet."""
    found = []
    for name in ("p", "q", "r"):
        more: Object = {}
        if draw(st.booleans()):
            more["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": draw(words(marks))}]}
        found.append(role(name, *draw(st.lists(rules, max_size=2)), labels=draw(labels), **more))
    found.append(role("p", *draw(st.lists(rules, max_size=2)), namespace="a"))
    for number in range(draw(st.integers(0, 3))):
        home = draw(words(["", "a", "b"]))
        kind = draw(words(["ClusterRole", "Role"])) if home else "ClusterRole"
        people = [s for s in draw(subjects) if home or s != "ServiceAccount:x"]
        found.append(binding(draw(words(["p", "q", "r"])), *people, namespace=home, kind=kind, name=f"b{number}"))
    return found


requests = st.tuples(
    words(["User:u", "Group:g", "ServiceAccount:a/x", "ServiceAccount:b/x"]),
    words(["get", "list", "create", "watch"]),
    words(["", "apps"]),
    words(["pods", "pods/exec", "nodes"]),
    words(["", "a", "b"]),
    words(["", "one"]),
    words(["", "", "/a", "/a/b", "/b"]),
)


def _asked(objects: list[Object], request: tuple[str, ...]) -> bool:
    subject, verb, group, resource, namespace, name, url = request
    return can(
        objects,
        subject,
        verb,
        "" if url else resource,
        api_group=group,
        namespace=namespace,
        name=name,
        non_resource_url=url,
    )


@settings(max_examples=400, deadline=None)
@given(worlds(), requests)
def test_can_answers_as_the_documentation_reads(objects: list[Object], request: tuple[str, ...]) -> None:
    """Against an evaluator written from the documentation, one sentence at a time."""
    subject, verb, group, resource, namespace, name, url = request
    kind, _, who = subject.partition(":")
    groups = {"system:authenticated"} | ({who} if kind == "Group" else set())
    user = who if kind == "User" else ""
    if kind == "ServiceAccount":
        home, _, account = who.partition("/")
        user = f"system:serviceaccount:{home}:{account}"
        groups |= {"system:serviceaccounts", f"system:serviceaccounts:{home}"}
    wanted = answers(objects, user, groups, verb, group, resource, namespace, name, url)
    assert _asked(objects, request) == wanted


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_changes_nothing(objects: list[Object], shuffle: random.Random) -> None:
    """Objects, subjects and rules in any order give the same table."""
    before = permissions(objects)
    for item in objects:
        for field in ("rules", "subjects"):
            shuffle.shuffle(item.get(field, []))
    shuffle.shuffle(objects)
    assert permissions(objects).equals(before)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.data())
def test_splitting_a_role_changes_nothing(objects: list[Object], data: st.DataObject) -> None:
    """Two roles with half the rules each, bound alike, grant what one does."""
    before = permissions(objects)
    whole = data.draw(st.sampled_from([o for o in objects if o["kind"] == "Role"]))
    half = {**whole, "metadata": {**whole["metadata"], "name": "half"}, "rules": whole["rules"][1:]}
    rest = [o if o is not whole else {**whole, "rules": whole["rules"][:1]} for o in objects]
    same = [
        o
        for o in objects
        if o.get("roleRef") == {"apiGroup": RBAC, "kind": "Role", "name": "p"} and o["metadata"].get("namespace") == "a"
    ]
    copies = [
        {
            **o,
            "metadata": {**o["metadata"], "name": o["metadata"]["name"] + "-half"},
            "roleRef": {**o["roleRef"], "name": "half"},
        }
        for o in same
    ]
    assert permissions([*rest, half, *copies]).equals(before)


@settings(max_examples=60, deadline=None)
@given(worlds(), worlds(), requests)
def test_a_binding_only_adds(objects: list[Object], others: list[Object], request: tuple[str, ...]) -> None:
    """What was allowed stays allowed, whatever is bound besides."""
    more = [o for o in others if o["kind"].endswith("Binding")]
    rows = set(permissions(objects).itertuples(index=False, name=None))
    assert rows <= set(permissions([*objects, *more]).itertuples(index=False, name=None))
    assert not _asked(objects, request) or _asked([*objects, *more], request)
