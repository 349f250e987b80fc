"""What stands in the overlay's namespaces beyond git, and whose making excuses it."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.live_extra import extras, is_exposure, tampered
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets_makers import secret_makers
from kfm_checks.manifests import parse_manifests
from tests.live.wellrun import of_example

HOMES = frozenset({"app"})


def beyond(rendered: str, live: str, unread: dict[str, str] | None = None) -> list[tuple[str, bool]]:
    """Live objects that are beyond git, each with whether nobody can tell."""
    objects = parse_manifests(rendered)
    known = inventory(objects)
    cluster = of_example({"live": live, "unread": unread or {}}, objects)
    return [(obj.key.name, bool(doubt)) for obj, doubt in extras(cluster, known, HOMES, secret_makers(known))]


def obj(kind: str, name: str, more: str = "", api: str = "v1", namespace: str = "app", metadata: str = "") -> str:
    """One object as YAML."""
    home = f", namespace: {namespace}" if namespace else ""
    return f"---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: '{name}'{home}{metadata}}}\n{more}\n"


RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("api", "kind", "name"),
    [
        ("v1", "ConfigMap", "kube-root-ca.crt"), ("v1", "ConfigMap", "istio-ca-root-cert"),
        ("v1", "ServiceAccount", "default"), ("v1", "ConfigMap", "openshift-service-ca.crt"),
        ("v1", "ServiceAccount", "builder"), ("v1", "ServiceAccount", "deployer"),
        (RBAC, "RoleBinding", "system:deployers"), (RBAC, "RoleBinding", "system:image-builders"),
        (RBAC, "RoleBinding", "system:image-pullers"), ("v1", "Endpoints", "web"), ("v1", "Event", "web.1"),
        ("discovery.k8s.io/v1", "EndpointSlice", "web-1"), ("coordination.k8s.io/v1", "Lease", "web"),
        ("apps/v1", "ControllerRevision", "web-1"),
    ],
)  # fmt: skip
def test_what_every_namespace_has_is_nobodys(api: str, kind: str, name: str) -> None:
    """By kind and name together: a role of that name in another kind is somebody's."""
    assert beyond("", obj(kind, name, api=api)) == []
    assert beyond("", obj("Role", name, api=RBAC)) == [(name, False)]
    assert beyond("", obj(kind, f"{name}-of-mine", api=api)) == ([] if kind in NEVER else [(f"{name}-of-mine", False)])


NEVER = ("Endpoints", "Event", "EndpointSlice", "Lease", "ControllerRevision")


def test_only_the_overlays_namespaces_are_looked_into() -> None:
    """What git renders there, and what stands elsewhere, is not beyond it; what comes after that still is."""
    live = obj("ConfigMap", "a", namespace="other") + obj("ConfigMap", "b") + obj("ConfigMap", "c") + obj("Event", "d")
    assert beyond(obj("ConfigMap", "b"), live + obj("ConfigMap", "z")) == [("c", False), ("z", False)]


@pytest.mark.parametrize(
    ("kind", "subject", "told"),
    [
        ("ClusterRoleBinding", "{kind: ServiceAccount, name: web, namespace: app}", True),
        ("ClusterRoleBinding", "{kind: Group, name: 'system:serviceaccounts:app'}", True),
        ("ClusterRoleBinding", "{kind: ServiceAccount, name: web, namespace: other}", False),
        ("ClusterRoleBinding", "{kind: Group, name: 'system:serviceaccounts:other'}", False),
        ("ClusterRole", "{kind: ServiceAccount, name: web, namespace: app}", False),
    ],
)
def test_a_grant_in_the_whole_cluster_counts_where_it_is_to_the_overlay(kind: str, subject: str, told: bool) -> None:
    """To one of its accounts, or to all of a namespace."""
    live = obj(kind, "grant", f"subjects: [{{kind: User, name: ann}}, {subject}]", RBAC, "")
    assert beyond("", live) == ([("grant", False)] if told else [])


def owner(kind: str, name: str, api: str = "apps/v1", uid: str = "1") -> str:
    """Metadata of what it made."""
    return f", ownerReferences: [{{apiVersion: {api}, kind: {kind}, name: {name}, uid: '{uid}', controller: true}}]"


SET = obj("ReplicaSet", "web-1", api="apps/v1", metadata=f", uid: '2'{owner('Deployment', 'web')}")
POD = obj("Pod", "web-1-a", metadata=owner("ReplicaSet", "web-1", uid="2"))
DEPLOYMENT = obj("Deployment", "web", api="apps/v1", metadata=", uid: '1'")


@pytest.mark.parametrize(
    ("rendered", "live", "unread", "found"),
    [
        (DEPLOYMENT, DEPLOYMENT + SET + POD, {}, []),
        (DEPLOYMENT, SET + POD, {"Deployment.apps": "forbidden"}, []),
        # Nothing of it is in git, and the chain is told from its top to its end.
        ("", DEPLOYMENT + SET + POD, {}, [("web", False), ("web-1", False), ("web-1-a", False)]),
        # Nobody saw the owner: it may be one of git's.
        ("", POD, {"ReplicaSet.apps": "forbidden"}, [("web-1-a", True)]),
        ("", POD, {}, [("web-1-a", False)]),
        # The owner of that name is another object than the one that made it.
        (DEPLOYMENT, DEPLOYMENT.replace("'1'", "'9'") + SET, {}, [("web-1", False)]),
    ],
)
def test_owners_lead_to_something_that_git_knows(
    rendered: str, live: str, unread: dict[str, str], found: list[tuple[str, bool]]
) -> None:
    """From the pod through its set to the Deployment of git; where nobody saw an owner, nobody can tell."""
    assert sorted(beyond(rendered, live, unread)) == found


def test_the_better_of_two_owners_counts() -> None:
    """One that nobody saw, and one that leads to git."""
    two = (
        ", ownerReferences: [{apiVersion: x.io/v1, kind: Thing, name: a, uid: '7'},"
        " {apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: '2'}]"
    )
    assert beyond(DEPLOYMENT, DEPLOYMENT + SET + obj("Pod", "p", metadata=two)) == []
    assert beyond("", obj("Pod", "p", metadata=two)) == [("p", True)]


def test_owners_that_lead_in_a_circle_lead_nowhere() -> None:
    """However long somebody lets them go round."""
    one = obj("Thing", "one", api="x.io/v1", metadata=f", uid: '1'{owner('Thing', 'two', 'x.io/v1', '2')}")
    two = obj("Thing", "two", api="x.io/v1", metadata=f", uid: '2'{owner('Thing', 'one', 'x.io/v1', '1')}")
    assert beyond("", one + two) == [("one", False), ("two", False)]


def test_an_owner_of_that_name_elsewhere_is_looked_for_further() -> None:
    """One in the namespace is another object; the one that stands outside namespaces made it."""
    mesh = obj("Mesh", "m", api="x.io/v1", namespace="", metadata=", uid: '1'")
    near = obj("Mesh", "m", api="x.io/v1", metadata=", uid: '9'")
    assert beyond(mesh, mesh + near + obj("Service", "s", metadata=owner("Mesh", "m", "x.io/v1"))) == [("m", False)]


def test_an_owner_outside_namespaces_counts() -> None:
    """A resource of an operator that stands for the whole cluster, and that git has."""
    mesh = obj("Mesh", "m", api="x.io/v1", namespace="", metadata=", uid: '1'")
    made = obj("Service", "s", metadata=owner("Mesh", "m", "x.io/v1"))
    assert beyond(mesh, mesh + made) == []
    assert beyond("", mesh + made) == [("s", False)]


CLAIMS = """---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: app}
spec: {volumeClaimTemplates: [{metadata: {name: data}}, {metadata: {name: w.al}}]}
"""


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("PersistentVolumeClaim", "data-db-0", False), ("PersistentVolumeClaim", "w.al-db-12", False),
        ("PersistentVolumeClaim", "data-db-x", True), ("PersistentVolumeClaim", "data-db-0-copy", True),
        ("PersistentVolumeClaim", "wxal-db-0", True), ("ConfigMap", "data-db-0", True),
    ],
)  # fmt: skip
def test_claims_of_a_stateful_set_are_its_own(kind: str, name: str, told: bool) -> None:
    """By the names that Kubernetes gives them, in its own namespace."""
    after = obj("Secret", "zz")
    assert beyond(CLAIMS, CLAIMS + obj(kind, name) + after) == [*([(name, False)] if told else []), ("zz", False)]
    elsewhere = CLAIMS.replace("namespace: app", "namespace: other")
    assert beyond(elsewhere, obj(kind, name)) == [(name, False)]


EXTERNAL = """---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: db, namespace: app}
spec: {secretStoreRef: {name: vault, kind: ClusterSecretStore}, target: {name: db-login}}
"""
TOKEN = ", annotations: {kubernetes.io/service-account.name: web}"
ACCOUNT = obj("ServiceAccount", "web", "secrets: [{name: other}, {name: web-token-x}]")


@pytest.mark.parametrize(
    ("rendered", "live", "found"),
    [
        (EXTERNAL, EXTERNAL + obj("Secret", "db-login"), []),
        (EXTERNAL, EXTERNAL + obj("Secret", "db-login2"), ["db-login2"]),
        (EXTERNAL, EXTERNAL + obj("ConfigMap", "db-login"), ["db-login"]),
        # Kubernetes' own token of a service account stands in the account's list.
        (ACCOUNT, ACCOUNT + obj("Secret", "web-token-x", metadata=TOKEN), []),
        (ACCOUNT, ACCOUNT + obj("Secret", "web-token-y", metadata=TOKEN), ["web-token-y"]),
        (ACCOUNT, ACCOUNT + obj("Secret", "web-token-x"), ["web-token-x"]),
    ],
)
def test_secrets_that_something_of_git_makes(rendered: str, live: str, found: list[str]) -> None:
    """A Secret of an ExternalSecret of git, and the token that an account lists; no other one."""
    assert [name for name, _ in beyond(rendered, live)] == found


BUNDLE = obj("Bundle", "roots", "spec: {}", "trust.cert-manager.io/v1alpha1", "")


@pytest.mark.parametrize(
    ("rendered", "name", "told"), [(BUNDLE, "roots", False), (BUNDLE, "x", True), ("", "roots", True)]
)
def test_bundles_of_roots_are_trust_managers(rendered: str, name: str, told: bool) -> None:
    """A ConfigMap of the bundle's name in every namespace."""
    assert beyond(rendered, rendered + obj("ConfigMap", name)) == ([(name, False)] if told else [])


GENERATES = "spec: {rules: [{name: a}, {name: b, generate: {%s}}]}"
OF_POLICY = ", labels: {generate.kyverno.io/policy-name: net}"


@pytest.mark.parametrize(
    ("api", "kind", "spec", "told"),
    [
        ("kyverno.io/v1", "ClusterPolicy", GENERATES % "kind: Role", False),
        ("kyverno.io/v1", "ClusterPolicy", GENERATES % "cloneList: {}", False),
        ("kyverno.io/v1", "ClusterPolicy", GENERATES % "kind: NetworkPolicy", True),
        ("kyverno.io/v1", "ClusterPolicy", "spec: {rules: [{name: a, validate: {}}]}", True),
        ("policies.kyverno.io/v1", "GeneratingPolicy", "spec: {}", False),
        ("policies.kyverno.io/v1", "ValidatingPolicy", "spec: {}", True),
        ("other.io/v1", "GeneratingPolicy", "spec: {}", True),
    ],
)
def test_what_kyverno_generates(api: str, kind: str, spec: str, told: bool) -> None:
    """A policy of git, of the name on the label, that makes objects of this kind."""
    policy = obj(kind, "net", spec, api, "")
    assert beyond(policy, policy + obj("Role", "r", api=RBAC, metadata=OF_POLICY)) == ([("r", False)] if told else [])
    assert beyond(policy, policy + obj("Role", "r", api=RBAC)) == [("r", False)]


CALICO, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


@pytest.mark.parametrize(
    ("api", "name", "other", "told"),
    [
        (CALICO, "knp.default.web", obj("NetworkPolicy", "web", api="networking.k8s.io/v1"), []),
        (CALICO, "knp.default.web", "", ["knp.default.web"]),
        (
            CALICO,
            "knp.default.web",
            obj("NetworkPolicy", "web", api="networking.k8s.io/v1", namespace="b"),
            ["knp.default.web"],
        ),
        (CALICO, "web", obj("NetworkPolicy", "web", api="networking.k8s.io/v1"), ["web"]),
        # Its own, told once: as its API shows it, not as it is stored.
        (STORED, "default.web", obj("NetworkPolicy", "web", api=CALICO), ["web"]),
        (STORED, "web", obj("NetworkPolicy", "web", api=CALICO), ["web"]),
        (STORED, "default.web", "", ["default.web"]),
        ("other.org/v1", "default.web", "", ["default.web"]),
    ],
)
def test_calico_shows_policies_twice(api: str, name: str, other: str, told: list[str]) -> None:
    """What another view of an object that is there shows is that object."""
    rendered = other if "networking.k8s.io" in other else ""
    assert [one for one, _ in beyond(rendered, other + obj("NetworkPolicy", name, api=api))] == told


HAND = ", managedFields: [{manager: %s, operation: Update, fieldsV1: {'f:data': {'f:password': {}}}}]"


@pytest.mark.parametrize(
    ("rendered", "name", "manager", "found"),
    [
        (EXTERNAL, "db-login", "kubectl", [("db-login", "password", "kubectl")]),
        (EXTERNAL, "db-login", "external-secrets", []),
        (EXTERNAL, "other", "kubectl", []),
        (EXTERNAL + obj("Secret", "db-login"), "db-login", "kubectl", []),
        (obj("Secret", "plain"), "plain", "kubectl", []),
    ],
)
def test_secrets_that_somebody_wrote_into(rendered: str, name: str, manager: str, found: list[Any]) -> None:
    """One that a controller makes of something in git; what git itself renders is compared elsewhere."""
    known = inventory(parse_manifests(rendered))
    cluster = of_example({"live": obj("Secret", name, metadata=HAND % manager) + obj("Secret", "zz")}, ())
    told = tampered(cluster, known, secret_makers(known))
    assert [(one.key.name, entry, by.manager) for one, entry, by in told] == found


@pytest.mark.parametrize(
    ("spec", "opens"),
    [
        ("hostNetwork: true", True), ("hostNetwork: false", False), ("containers: []", False),
        ("containers: [{name: a}, {name: b, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 81}]}]", True),
        ("containers: [{name: a, ports: [{containerPort: 80}]}]", False),
    ],
)  # fmt: skip
def test_pods_on_the_nodes_network_open_a_door(spec: str, opens: bool) -> None:
    """By the network or by a port of the node, wherever a template of pods stands."""
    pod = obj("Pod", "p", f"spec: {{{spec}}}")
    made = obj("Deployment", "d", f"spec: {{template: {{spec: {{{spec}}}}}}}", "apps/v1")
    assert [is_exposure(one) for one in parse_manifests(pod + made)] == [opens, opens]
