"""Secrets that leave their namespace without RBAC, and which rules of a role are in force."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.access import can
from kfm_checks.facts.access.roles import role_book
from kfm_checks.facts.access.sharing import shared_secrets
from kfm_checks.facts.objects import inventory
from tests.facts.test_access import binding, role, rule

ESO = "external-secrets.io/v1"
REFLECTOR, REPLICATOR = "reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/"


def obj(api: str, kind: str, namespace: str = "", notes: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    """An object called x."""
    metadata: dict[str, Any] = {"name": "x", "annotations": notes or {}}
    return {"apiVersion": api, "kind": kind, "metadata": metadata | ({"namespace": namespace} if namespace else {}), **body}  # fmt: skip


def verdicts(*objects: dict[str, Any]) -> list[bool | None]:
    """What each way of sharing comes to."""
    return [shared.ok for shared in shared_secrets(inventory(objects))]


NOTES: list[tuple[dict[str, str], list[bool | None]]] = [
    ({f"{REFLECTOR}reflects": "other/s"}, [False]), ({f"{REFLECTOR}reflects": "app/s"}, []), ({f"{REFLECTOR}reflects": "s"}, []),
    ({f"{REPLICATOR}replicate-from": "other/s"}, [False]), ({f"{REPLICATOR}replicate-from": "app/s"}, []),
    ({f"{REFLECTOR}reflection-allowed": "true"}, [False]), ({f"{REFLECTOR}reflection-allowed": "false"}, []),
    ({f"{REPLICATOR}replication-allowed": "true", f"{REPLICATOR}replication-allowed-namespaces": "a,b"}, [False]),
    ({f"{REPLICATOR}replicate-to": "other"}, [False]), ({f"{REPLICATOR}replicate-to-matching": "a=b"}, [False]),
    ({"kubed.appscode.com/sync": ""}, [False]), ({"kubed.appscode.com/sync": "a=b"}, [False]), ({"example.org/reflects": "other/s"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("notes", "wanted"), NOTES)
def test_annotations_of_replicators(notes: dict[str, str], wanted: list[bool | None]) -> None:
    """On a Secret, and on whatever writes one with annotations of its own."""
    assert verdicts(obj("v1", "Secret", "app", notes)) == wanted
    template = {"template": {"metadata": {"annotations": notes}}}
    assert verdicts(obj(ESO, "ExternalSecret", "app", spec={"target": template})) == wanted
    assert verdicts(obj("bitnami.com/v1alpha1", "SealedSecret", "app", spec=template)) == wanted
    assert verdicts(obj("cert-manager.io/v1", "Certificate", "app", spec={"secretTemplate": {"annotations": notes}})) == wanted  # fmt: skip
    assert verdicts(obj("v1", "ConfigMap", "app", notes)) == []
    for_many = obj(ESO, "ClusterExternalSecret", spec={"externalSecretSpec": {"target": template}})
    inner = ("spec", "externalSecretSpec", "target", "template", "metadata", "annotations")
    found = [(shared.path[:-1], shared.ok) for shared in shared_secrets(inventory([for_many]))]
    away = [ok for ok in wanted if f"{REFLECTOR}reflects" not in notes and f"{REPLICATOR}replicate-from" not in notes]
    assert not away or found == [(inner, ok) for ok in away]


def test_what_a_copy_is_said_to_be() -> None:
    """Where from, where to, and which namespaces may."""
    notes = {
        f"{REFLECTOR}reflects": "other/s", f"{REPLICATOR}replicate-to": "b", f"{REPLICATOR}replication-allowed": "true",
        f"{REPLICATOR}replication-allowed-namespaces": "team-.*", "kubed.appscode.com/sync": "team=a",
    }  # fmt: skip
    found = shared_secrets(inventory([obj("v1", "Secret", "app", notes)]))
    assert sorted(shared.message for shared in found) == [
        "a replicator copies a Secret of the namespace other here",
        "a replicator copies this Secret to b",
        "a syncer copies this Secret to namespaces with team=a",
        "namespaces that match team-.* may copy this Secret",
    ]


VAULT: dict[str, Any] = {"vault": {"server": "https://v"}}
IDENTITIES: list[tuple[Any, bool]] = [
    (VAULT, False),
    ({"vault": {"auth": {"kubernetes": {"serviceAccountRef": {"name": "caller"}}}}}, True),
    ({"vault": {"auth": {"kubernetes": {"serviceAccountRef": {"name": "one", "namespace": "ops"}}}}}, False),
    ({"vault": {"auth": {"tokenSecretRef": {"name": "t", "key": "k"}}}}, True),
    ({"vault": {"auth": {"tokenSecretRef": {"name": "t", "key": "k", "namespace": "ops"}}}}, False),
    ({"aws": {"auth": {"secretRef": {"accessKeyIDSecretRef": {"name": "a", "key": "k"}, "secretAccessKeySecretRef": {"name": "a", "key": "s", "namespace": "ops"}}}}}, False),
    ({"vault": {"caProvider": {"name": "ca", "key": "k"}, "server": {"name": "x", "key": "k"}}}, False),  # no identity
    ({"x": {"auth": [{"serviceAccountRef": {"name": "caller"}}]}}, True),
    ({"x": {"serviceAccount": {"name": "caller"}}}, True),
    ({"x": {"role": {"name": "caller"}}}, False),
    ({"x": {"password": {"name": "caller", "key": "k"}}}, True),
    (None, False),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "own"), IDENTITIES)
def test_a_store_without_conditions(provider: Any, own: bool) -> None:
    """Fine only where each caller logs in as itself: every identity leaves the namespace open."""
    assert verdicts(obj(ESO, "ClusterSecretStore", spec={"provider": provider})) == [own]
    assert verdicts(obj(ESO, "ClusterSecretStore", spec={"provider": provider, "conditions": []})) == [own]


CONDITIONS: list[tuple[Any, bool | None]] = [
    ({"namespaces": ["app"]}, True), ({"namespaceRegexes": ["^team-"]}, True), ({"namespaceRegexes": [".*"]}, False), ({"namespaceRegexes": [""]}, False),
    ({"namespaceRegexes": ["("]}, None), ({"namespaceSelector": {}}, False), ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, True),
    ({"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]}}, False),
    ({"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]}}, False),
    ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Is"}]}}, None), ({"namespaceSelector": "all"}, False), ("all", None),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "ok"), CONDITIONS)
def test_a_condition_of_a_store(condition: Any, ok: bool | None) -> None:
    """Namespaces that somebody named pass; what lets in one that nobody named fails; what can't be read is unknown."""
    assert verdicts(obj(ESO, "ClusterSecretStore", spec={"provider": VAULT, "conditions": [condition]})) == [ok]
    both = [{"namespaces": ["app"]}, condition]
    assert verdicts(obj(ESO, "ClusterSecretStore", spec={"provider": VAULT, "conditions": both})) == [True, ok]


def test_an_external_secret_for_many_namespaces() -> None:
    """Each selector is judged where it stands."""
    spec = {"namespaceSelector": {}, "namespaceSelectors": [{"matchLabels": {"a": "b"}}, {}]}
    found = shared_secrets(inventory([obj(ESO, "ClusterExternalSecret", spec=spec)]))
    assert [(shared.path, shared.ok) for shared in found] == [
        (("spec", "namespaceSelector"), False),
        (("spec", "namespaceSelectors", 0), True),
        (("spec", "namespaceSelectors", 1), False),
    ]
    assert verdicts(obj(ESO, "ClusterExternalSecret", spec={"namespaces": ["a"]})) == []


REMOTES: list[tuple[Any, list[bool | None]]] = [
    ({"remoteNamespace": "app"}, [True]), ({"remoteNamespace": "data"}, [False]), ({}, [False]),
    ({"remoteNamespace": "data", "server": {"url": "https://kubernetes.default"}}, [False]),
    ({"remoteNamespace": "data", "server": {"url": "https://far.example"}}, [None]), (None, []),
]  # fmt: skip


@pytest.mark.parametrize(("kubernetes", "wanted"), REMOTES)
def test_a_store_that_reads_this_very_cluster(kubernetes: Any, wanted: list[bool | None]) -> None:
    """Its own namespace is no sharing; another one is; another cluster can't be told. "default" where it says nothing."""
    assert verdicts(obj(ESO, "SecretStore", "app", spec={"provider": {"kubernetes": kubernetes}})) == wanted
    if kubernetes == {}:
        assert verdicts(obj(ESO, "SecretStore", "default", spec={"provider": {"kubernetes": kubernetes}})) == [True]


GENERATES: list[tuple[Any, int]] = [
    ({"kind": "Secret", "clone": {"namespace": "a", "name": "s"}}, 1), ({"kind": "ConfigMap", "clone": {"namespace": "a"}}, 0), ({"kind": "Secret", "data": {}}, 0),
    ({"cloneList": {"namespace": "a", "kinds": ["v1/Secret", "v1/ConfigMap"]}}, 1), ({"cloneList": {"namespace": "a", "kinds": ["v1/ConfigMap"]}}, 0), (None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("generate", "count"), GENERATES)
@pytest.mark.parametrize(("kind", "namespace"), [("ClusterPolicy", ""), ("Policy", "app")])
def test_a_policy_that_copies(generate: Any, count: int, kind: str, namespace: str) -> None:
    """Kyverno's clone and cloneList, of Secrets alone."""
    policy = obj("kyverno.io/v1", kind, namespace, spec={"rules": [{"name": "n"}, {"generate": generate}]})
    found = [(shared.path, shared.ok) for shared in shared_secrets(inventory([policy]))]
    assert found == [(("spec", "rules", 1, "generate"), False)] * count


# -- roles -----------------------------------------------------------------------------------------------------------------


def test_a_frozen_built_in_role_has_the_rules_of_the_render_alone() -> None:
    """``autoupdate: "false"`` keeps the API server from adding what is missing; anything else doesn't."""
    for value, reads in (("false", False), ("true", True), ("", True)):
        mine = role("view", rule("get", "widgets", "example.org"))
        mine["metadata"]["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": value}
        objects = [mine, binding("view", "User:u")]
        assert can(objects, "User:u", "get", "widgets", api_group="example.org")
        assert can(objects, "User:u", "get", "pods") is reads


def test_the_object_behind_a_role_reference() -> None:
    """A ClusterRole by name, a Role by namespace and name, none for a built-in one."""
    one, two = role("r", rule("get", "pods")), role("r", rule("get", "pods"), namespace="a")
    book = role_book(inventory([one, two]))
    assert [obj.key.kind for obj in book.objects("ClusterRole", "a", "r")] == ["ClusterRole"]
    assert [obj.key.kind for obj in book.objects("Role", "a", "r")] == ["Role"]
    assert book.objects("Role", "b", "r") == () and book.objects("ClusterRole", "", "view") == ()


@pytest.mark.parametrize(
    ("selector", "aggregated"),
    [({"matchLabels": {"x": "1"}}, True), ({"matchLabels": {"x": "2"}}, False), ({}, True), ("all", False), ({"matchExpressions": [{"key": "x", "operator": "Is"}]}, False)],
)  # fmt: skip
def test_aggregation_by_selector(selector: Any, aggregated: bool) -> None:
    """What a selector selects is added; one that can't be read selects nothing."""
    objects = [
        role("whole", aggregationRule={"clusterRoleSelectors": [selector]}),
        role("part", rule("list", "widgets", "example.org"), labels={"x": "1"}),
        binding("whole", "User:u"),
    ]
    assert can(objects, "User:u", "list", "widgets", api_group="example.org") is aggregated


def test_which_fields_are_wildcards() -> None:
    """Each by its own name, in the order of the API."""
    (given,) = role_book(inventory([role("r", rule("*", "* */scale", "*"))])).cluster["r"][0].rules
    assert given.wildcards == ("verbs", "apiGroups", "resources")
    (urls,) = role_book(inventory([role("r", rule("get", urls="*"))])).cluster["r"][0].rules
    assert urls.wildcards == ("nonResourceURLs",)


@pytest.mark.parametrize(
    ("spec", "ok", "message", "observed"),
    [
        ({"conditions": [{"namespaces": ["app"], "namespaceRegexes": ["^a"]}]}, True, "the condition names who may use the store", "namespaceRegexes, namespaces"),
        ({"conditions": [{"namespaceSelector": {}}]}, False, "the condition lets namespaces use the store that nobody named", "namespaceSelector"),
        ({"conditions": ["all"]}, None, "the condition can't be read", "unreadable"),
        ({}, False, "every namespace may read what the store can read: it has no conditions", "absent"),
        ({"provider": {"x": {"auth": {"secretRef": {"name": "a"}}}}}, True, "every namespace may use the store, each with an identity of its own", "absent"),
        ({"provider": {"x": {"Ref": {"name": "a"}}}}, True, "every namespace may use the store, each with an identity of its own", "absent"),
        ({"provider": {"x": {"url": {"tokenRef": {"name": "a"}}}}}, False, "every namespace may read what the store can read: it has no conditions", "absent"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_store(spec: dict[str, Any], ok: bool | None, message: str, observed: str) -> None:
    """Who may use it, and what is there."""
    (found,) = shared_secrets(inventory([obj(ESO, "ClusterSecretStore", spec=spec)]))
    assert (found.ok, found.message, found.observed) == (ok, message, observed)


def test_what_is_said_of_a_selector_and_of_another_cluster() -> None:
    """The place, and the namespace that is read."""
    (spread,) = shared_secrets(inventory([obj(ESO, "ClusterExternalSecret", spec={"namespaceSelectors": [{}]})]))
    assert (spread.path, spread.observed) == (("spec", "namespaceSelectors", 0), "selector")
    far = {"remoteNamespace": "data", "server": {"url": "https://far.example"}}
    for server, more in ((far, " of a cluster that can't be told"), ({"remoteNamespace": "data"}, "")):
        (found,) = shared_secrets(
            inventory([obj(ESO, "SecretStore", "app", spec={"provider": {"kubernetes": server}})])
        )
        assert (found.message, found.observed) == (f"the store reads Secrets of the namespace data{more}", "data")
        assert found.path == ("spec", "provider", "kubernetes", "remoteNamespace")
