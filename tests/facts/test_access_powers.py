"""Which permissions escalate, what each capability is made of, and when two permissions overlap."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.access import access, permissions
from kfm_checks.facts.access.capabilities import BY_NAME, CAPABILITIES, Writes, mutations
from kfm_checks.facts.access.credentials import CredentialUse, credential_uses
from kfm_checks.facts.access.grants import member_of
from kfm_checks.facts.access.personas import personas, proposal, standing, subject_matrix
from kfm_checks.facts.access.powers import grant_powers
from kfm_checks.facts.access.rules import Rule
from kfm_checks.facts.access.secrets import home_of, secret_readers
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from tests.facts.test_access import RBAC, binding, role, rule


def powers(*rules: dict[str, Any], namespace: str = "", subject: str = "User:u") -> list[str]:
    """The escalating permissions that a role of these rules gives."""
    found = access(inventory([role("r", *rules), binding("r", subject, namespace=namespace)]))
    return [text for grant in found.grants for text in grant_powers(grant, found)]


#: Kubernetes documentation, *RBAC good practices*, and CIS 5.1: (verb, resource, group, in a namespace too).
ESCALATING = [
    ("escalate", "roles", RBAC, True), ("escalate", "clusterroles", RBAC, True), ("bind", "roles", RBAC, True), ("bind", "clusterroles", RBAC, True),
    ("impersonate", "users", "", True), ("impersonate", "groups", "", True), ("impersonate", "serviceaccounts", "", True),
    ("impersonate:user-info", "users", "authentication.k8s.io", True), ("get", "secrets", "", True), ("list", "secrets", "", True),
    ("watch", "secrets", "", True), ("create", "pods/exec", "", True), ("get", "pods/exec", "", True), ("create", "pods/attach", "", True),
    ("get", "pods/attach", "", True), ("update", "pods/ephemeralcontainers", "", True), ("patch", "pods/ephemeralcontainers", "", True),
    ("create", "serviceaccounts/token", "", True), ("get", "nodes/proxy", "", False), ("create", "nodes/proxy", "", False),
    ("update", "certificatesigningrequests/approval", "certificates.k8s.io", False), ("patch", "certificatesigningrequests/approval", "certificates.k8s.io", False),
    ("approve", "signers", "certificates.k8s.io", False), ("sign", "signers", "certificates.k8s.io", False),
    *((verb, kind, "admissionregistration.k8s.io", False) for verb in ("create", "update", "patch", "delete", "deletecollection")
      for kind in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
                   "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")),
    ("create", "apiservices", "apiregistration.k8s.io", False), ("update", "apiservices", "apiregistration.k8s.io", False),
    ("patch", "apiservices", "apiregistration.k8s.io", False), ("update", "namespaces", "", True), ("patch", "namespaces", "", True),
    ("create", "persistentvolumes", "", False), ("use", "securitycontextconstraints", "security.openshift.io", True),
]  # fmt: skip
#: What lets its holder run pods, and so anything that a pod of the namespace may do.
MAKERS = [
    ("pods", ""), ("replicationcontrollers", ""), ("deployments", "apps"), ("statefulsets", "apps"), ("daemonsets", "apps"), ("replicasets", "apps"),
    ("jobs", "batch"), ("cronjobs", "batch"), ("rollouts", "argoproj.io"), ("workflows", "argoproj.io"), ("cronworkflows", "argoproj.io"),
    ("services", "serving.knative.dev"), ("taskruns", "tekton.dev"), ("pipelineruns", "tekton.dev"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "resource", "group", "namespaced"), ESCALATING)
def test_what_escalates(verb: str, resource: str, group: str, namespaced: bool) -> None:
    """One power each; in a RoleBinding none where the resource lives outside namespaces, and none in another group."""
    assert len(powers(rule(verb, resource, group or "core"))) == 1
    assert len(powers(rule(verb, resource, group or "core"), namespace="a")) == int(namespaced)
    if not verb.startswith("impersonate"):
        assert powers(rule(verb, resource, "example.org")) == []
        assert powers(rule("other", resource, group or "core")) == []


@pytest.mark.parametrize(("resource", "group"), MAKERS)
@pytest.mark.parametrize("verb", ["create", "update", "patch"])
def test_running_pods(resource: str, group: str, verb: str) -> None:
    """Everywhere it escalates; in a namespace only beside a stronger service account."""
    assert powers(rule(verb, resource, group or "core")) == ["may run pods in every namespace"]
    assert powers(rule(verb, resource, group or "core"), namespace="a") == []
    assert powers(rule("delete", resource, group or "core")) == []


def test_a_wildcard_of_urls_counts_in_the_whole_cluster_alone() -> None:
    """A RoleBinding gives no URLs."""
    urls = {"verbs": ["get"], "nonResourceURLs": ["*"]}
    assert powers(urls) == ["holds a wildcard in nonResourceURLs"]
    assert powers(urls, namespace="a") == []
    assert mutations(Rule(verbs=("post",), non_resource_urls=("/x",)), "") == frozenset()
    assert [one.non_resource_url for one in Rule(verbs=("post",), non_resource_urls=("/x",)).tuples()] == ["/x"]


def test_names_make_a_read_harmless_and_a_write_not() -> None:
    """One Secret by name is a need; a namespace by name can still be relabelled."""
    assert powers(rule("get", "secrets", names="tls"), namespace="a") == []
    assert len(powers(rule("patch", "namespaces", names="a"))) == 1


@pytest.mark.parametrize(
    ("names", "subject", "count"),
    [("x", "ServiceAccount:x", 0), ("y", "ServiceAccount:x", 1), ("", "ServiceAccount:x", 1), ("x", "User:x", 1)],
)
def test_a_token_of_oneself_is_nothing(names: str, subject: str, count: int) -> None:
    """A service account that issues tokens of itself alone gains nothing; any other token is another identity."""
    given = rule("create", "serviceaccounts/token", **({"names": names} if names else {}))
    assert len(powers(given, namespace="a", subject=subject)) == count


@pytest.mark.parametrize(
    ("target", "count"),
    [("weak", 0), ("strong", 1), ("gone", 1), ("cluster-admin", 1), ("view", 0), ("binder", 1)],
)
def test_bind_is_as_strong_as_what_it_binds(target: str, count: int) -> None:
    """A named role that escalates, binds again or can't be known makes ``bind`` a power."""
    objects = [
        role("r", rule("bind", "clusterroles", RBAC, names=target)),
        role("weak", rule("get", "pods")),
        role("strong", rule("list", "secrets")),
        role("binder", rule("bind", "clusterroles", RBAC, names="weak")),
        binding("r", "User:u"),
    ]
    found = access(inventory(objects))
    assert len([text for text in grant_powers(found.grants[0], found) if "bind" in text]) == count


@pytest.mark.parametrize(
    ("other", "place", "stronger"),
    [
        ("ServiceAccount:big", "a", True),
        ("ServiceAccount:me", "a", False),  # itself
        ("User:big", "a", False),  # a person is nobody that a pod runs as
    ],
)
def test_pods_run_as_the_strongest_beside_them(other: str, place: str, stronger: bool) -> None:
    """Whoever makes pods in a namespace may do what any service account there may."""
    objects = [
        role("maker", rule("create", "pods")),
        role("big", rule("list", "secrets")),
        binding("maker", "ServiceAccount:me", namespace="a"),
        binding("big", other, namespace=place),
    ]
    found = access(inventory(objects))
    maker = next(grant for grant in found.grants if grant.role_name == "maker")
    assert ("may run pods as stronger service accounts of a" in grant_powers(maker, found)) is stronger
    objects[0] = role("maker", rule("get", "pods"))
    reader = next(grant for grant in access(inventory(objects)).grants if grant.role_name == "maker")
    assert not grant_powers(reader, access(inventory(objects)))


# -- capabilities ----------------------------------------------------------------------------------------------------------

NEEDS = [
    ("read workloads", "get", "pods", "", True), ("read workloads", "watch", "events", "", True), ("read workloads", "list", "deployments", "apps", True),
    ("read Secrets", "list", "secrets", "", True), ("deploy workloads", "create", "deployments", "apps", True),
    ("run commands in pods", "get", "pods/exec", "", True), ("run commands in pods", "create", "pods/attach", "", True),
    ("run commands in pods", "patch", "pods/ephemeralcontainers", "", True), ("run commands in pods", "create", "pods/portforward", "", True),
    ("write configuration", "update", "configmaps", "", True), ("write Secrets", "patch", "secrets", "", True),
    ("change routes", "update", "services", "", True), ("change routes", "create", "ingresses", "networking.k8s.io", True),
    ("change routes", "patch", "httproutes", "gateway.networking.k8s.io", True), ("change routes", "patch", "gateways", "gateway.networking.k8s.io", True),
    ("change routes", "create", "routes", "route.openshift.io", True), ("write volume claims", "update", "persistentvolumeclaims", "", True),
    *(("change RBAC", verb, kind, RBAC, True) for verb in ("create", "update", "patch", "delete", "deletecollection", "escalate", "bind")
      for kind in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")),
    *(("change policies and quotas", "delete", kind, group, True) for group, kind in (
        ("", "resourcequotas"), ("", "limitranges"), ("networking.k8s.io", "networkpolicies"), ("policy.networking.k8s.io", "adminnetworkpolicies"),
        ("policy.networking.k8s.io", "baselineadminnetworkpolicies"), ("cilium.io", "ciliumnetworkpolicies"), ("cilium.io", "ciliumclusterwidenetworkpolicies"),
        ("crd.projectcalico.org", "networkpolicies"), ("crd.projectcalico.org", "globalnetworkpolicies"), ("kyverno.io", "policies"),
        ("kyverno.io", "clusterpolicies"), ("kyverno.io", "policyexceptions"), ("policies.kyverno.io", "validatingpolicies"),
        ("policies.kyverno.io", "mutatingpolicies"), ("policies.kyverno.io", "policyexceptions"), ("constraints.gatekeeper.sh", "k8srequiredlabels"),
        ("templates.gatekeeper.sh", "constrainttemplates"), ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"), ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"))),
    ("change namespaces", "delete", "namespaces", "", True), ("change namespaces", "create", "projects", "project.openshift.io", True),
    *(("change the cluster", "update", kind, group, False) for group, kind in (
        ("", "nodes"), ("", "persistentvolumes"), ("storage.k8s.io", "storageclasses"), ("scheduling.k8s.io", "priorityclasses"),
        ("apiextensions.k8s.io", "customresourcedefinitions"), ("apiregistration.k8s.io", "apiservices"),
        ("certificates.k8s.io", "certificatesigningrequests/approval"))),
    ("act as others", "impersonate", "users", "", True), ("act as others", "impersonate", "groups", "", True),
    ("act as others", "impersonate", "serviceaccounts", "", True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "verb", "resource", "group", "namespaced"), NEEDS)
def test_what_a_capability_is_made_of(name: str, verb: str, resource: str, group: str, namespaced: bool) -> None:
    """A permission gives its capability, in a namespace too where the kind lives in one, and not from another group."""
    given = Rule(verbs=(verb,), api_groups=(group,), resources=(resource,))
    elsewhere = Rule(verbs=(verb,), api_groups=("example.org",), resources=(resource,))
    assert BY_NAME[name].given(given, "") and not BY_NAME[name].given(elsewhere, "")
    assert BY_NAME[name].given(given, "a") is namespaced
    assert not BY_NAME[name].given(Rule(verbs=("other",), api_groups=(group,), resources=(resource,)), "")


def test_reading_writes_nothing() -> None:
    """The two capabilities that only look are told from those that change."""
    assert [c.name for c in CAPABILITIES if not c.writes] == ["read workloads", "read Secrets"]


@pytest.mark.parametrize(
    ("verb", "group", "resource", "changes"),
    [
        ("update", "", "configmaps", True), ("get", "", "configmaps", False), ("get", "", "pods/exec", True), ("get", "", "pods/portforward", True), ("get", "", "pods/proxy", True), ("get", "", "pods/attach", True),
        ("get", "", "services/proxy", True), ("get", "", "nodes/proxy", True), ("get", "", "*/exec", True), ("get", "", "*/log", False),
        ("list", "", "pods/exec", False), ("create", "authorization.k8s.io", "selfsubjectaccessreviews", False),
        ("create", "authorization.k8s.io", "selfsubjectrulesreviews", False), ("create", "authentication.k8s.io", "selfsubjectreviews", False),
        ("create", "authorization.k8s.io", "subjectaccessreviews", True), ("create", "example.org", "selfsubjectreviews", True),
    ],
)  # fmt: skip
def test_what_changes_something(verb: str, group: str, resource: str, changes: bool) -> None:
    """Streams into pods count though they are a ``get``; a question about oneself doesn't though it is a ``create``."""
    assert bool(mutations(Rule(verbs=(verb,), api_groups=(group,), resources=(resource,)), "a")) is changes


ONE = Writes("a", "apps", "deployments", "api", "update")


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (ONE, True), (Writes("", "apps", "deployments", "", "update"), True), (Writes("b", "apps", "deployments", "api", "update"), False),
        (Writes("a", "*", "deployments", "", "*"), True), (Writes("a", "batch", "deployments", "", "update"), False),
        (Writes("a", "apps", "*", "", "update"), True), (Writes("a", "apps", "daemonsets", "", "update"), False),
        (Writes("a", "apps", "deployments", "web", "update"), False), (Writes("a", "apps", "deployments", "", "patch"), False),
        (Writes("a", "apps", "deployments/scale", "", "update"), False), (Writes("a", "apps", "*/scale", "", "update"), False),
    ],
)  # fmt: skip
def test_when_two_permissions_overlap(other: Writes, shared: bool) -> None:
    """Where some request is allowed by both: the same place, group, resource, name and verb, or all of them."""
    assert ONE.shares(other) is shared and other.shares(ONE) is shared


def test_subresources_overlap_by_their_own_name() -> None:
    """``*/scale`` is the scale of everything, and of nothing else."""
    scale = Writes("a", "apps", "deployments/scale", "", "update")
    assert scale.shares(Writes("a", "apps", "*/scale", "", "update"))
    assert Writes("a", "apps", "*/scale", "", "update").shares(scale)
    assert not scale.shares(Writes("a", "apps", "*/status", "", "update"))
    assert not scale.shares(Writes("a", "apps", "statefulsets/scale", "", "update"))
    assert (str(scale), str(ONE)) == ("update deployments.apps/scale", "update deployments.apps")
    assert str(Writes("a", "", "pods", "", "get")) == "get pods"


# -- personas --------------------------------------------------------------------------------------------------------------


def test_a_service_account_may_carry_the_label_itself() -> None:
    """And a label of no persona is told."""
    known = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x", "namespace": "a", "labels": {"conformance.kfm/persona": "auditor"}}}  # fmt: skip
    other = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "w", "namespace": "a", "labels": {"conformance.kfm/persona": "king"}}}  # fmt: skip
    found = inventory([other, known])
    judged = personas(found, access(found), parse_settings({}).config)
    assert judged.held_by("ServiceAccount:a/x") == ("auditor",)
    assert [obj.key.name for obj in judged.mislabelled] == ["w"] and judged.declared == {"auditor"}
    operators = parse_settings({"personas": {"platform-operator": ["User:ann"]}}).config
    assert [personas(found, access(found), operators).is_operator(f"User:{name}") for name in ("ann", "bob")] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("subject", "config", "verdict"),
    [
        ("Group:ops", {"personas": {"platform-operator": ["Group:ops"]}}, True),
        ("User:a", {"personas": {"platform-operator": ["Group:ops"], "auditor": ["User:a"]}}, False),
        ("User:x", {"personas": {"platform-operator": ["Group:ops"]}}, False),
        ("User:x", {}, None),
        (
            "ServiceAccount:net/cni",
            {"personas": {"platform-operator": []}, "workloads": {"platform-namespaces": ["net"]}},
            None,
        ),
        (
            "ServiceAccount:app/cni",
            {"personas": {"platform-operator": []}, "workloads": {"platform-namespaces": ["net"]}},
            False,
        ),
        ("ServiceAccount:net/default", {"workloads": {"platform-namespaces": ["net"]}}, False),
        ("Group:system:serviceaccounts:net", {"workloads": {"platform-namespaces": ["net"]}}, False),
        ("Group:system:authenticated", {}, False),
        ("Group:system:unauthenticated", {}, False),
        ("User:system:anonymous", {}, False),
    ],
)
def test_whom_an_operators_grant_fits(subject: str, config: dict[str, Any], verdict: bool | None) -> None:
    """A declared operator; nobody else, and undecided while none is declared or in a platform namespace."""
    settings = parse_settings(config).config
    found = inventory([])
    assert standing(subject, personas(found, access(found), settings), settings)[0] is verdict


def test_what_is_proposed_follows_what_each_may_do() -> None:
    """Who changes rules is an operator, who deploys a deployer, who writes a steward, who reads an auditor."""
    objects = [
        role("rules", rule("update", "networkpolicies", "networking.k8s.io")),
        role("writes", rule("update", "configmaps")),
        role("deploys", rule("patch", "deployments", "apps")),
        *(binding(name, subject) for name, subject in (
            ("rules", "Group:ops"), ("deploys", "Group:devs"), ("writes", "User:data"), ("view", "User:audit"),
            ("edit", "ServiceAccount:a/ci"), ("view", "Group:system:authenticated"))),
    ]  # fmt: skip
    text = proposal(access(inventory(objects)))
    assert text == (
        'personas:\n  platform-operator: ["Group:ops"]\n  application-deployer: ["Group:devs"]\n'
        '  data-steward: ["User:data"]\n  auditor: ["User:audit"]\n  allowed-overlap: []\n'
    )


def test_the_matrix_of_subjects_names_only_those_who_may() -> None:
    """By subject as it is bound; places sorted, the whole cluster in one word."""
    objects = [
        role("r", rule("get", "secrets")),
        binding("r", "User:u", namespace="b"),
        {**binding("r", "User:u", namespace="a"), "metadata": {"name": "second", "namespace": "a"}},
        binding("r", "User:v"),
        binding("system:discovery", "User:w"),
    ]
    assert subject_matrix(access(inventory(objects))) == (
        ("User:u", "read Secrets", "a, b"),
        ("User:v", "read Secrets", "cluster"),
    )


@pytest.mark.parametrize(
    ("subject", "home"),
    [
        ("ServiceAccount:a/x", "a"), ("Group:system:serviceaccounts", ""), ("Group:system:authenticated", ""), ("Group:system:serviceaccounts:a", "a"),
        ("Group:system:unauthenticated", ""), ("User:system:anonymous", ""), ("User:system:serviceaccount:a:x", "a"), ("User:bob", None), ("Group:ops", None),
    ],
)  # fmt: skip
def test_where_a_subject_lives(subject: str, home: str | None) -> None:
    """A namespace, all of them, or none for people."""
    assert home_of(subject) == home


@pytest.mark.parametrize(
    ("given", "way"),
    [
        (rule("watch", "secrets"), "reads them"), (rule("create", "jobs", "batch"), "runs pods that mount them"),
        (rule("get", "pods/exec"), "runs commands in pods that hold them"), (rule("create", "pods/attach"), "runs commands in pods that hold them"),
        (rule("patch", "pods/ephemeralcontainers"), "adds containers to pods that hold them"),
        (rule("create", "serviceaccounts/token"), "takes tokens of service accounts there"), (rule("impersonate", "users"), "acts as others"),
        (rule("escalate", "roles", RBAC), "grants itself more"), (rule("bind", "clusterroles", RBAC), "grants itself more"),
        (rule("get", "secrets"), "reads them"), (rule("list", "secrets"), "reads them"),
        (rule("create", "pods/exec"), "runs commands in pods that hold them"), (rule("get", "pods/attach"), "runs commands in pods that hold them"),
        (rule("update", "pods/ephemeralcontainers"), "adds containers to pods that hold them"),
        (rule("escalate", "clusterroles", RBAC), "grants itself more"), (rule("bind", "roles", RBAC), "grants itself more"),
    ],
)  # fmt: skip
def test_ways_to_a_secret(given: dict[str, Any], way: str) -> None:
    """Each way by which a subject comes to the Secrets of a namespace."""
    (reader,) = secret_readers(access(inventory([role("r", given), binding("r", "User:u", namespace="a")])))
    assert (reader.subject, reader.namespace, reader.name, reader.way) == ("User:u", "a", "", way)


@pytest.mark.parametrize(
    "given",
    [
        rule("create", "secrets"), rule("delete", "pods/exec"), rule("create", "pods/ephemeralcontainers"), rule("get", "serviceaccounts/token"),
        rule("get", "roles", RBAC), rule("escalate", "roles", "example.org"), rule("get", "secrets", "example.org"), rule("use", "users"),
    ],
)  # fmt: skip
def test_what_is_no_way_to_a_secret(given: dict[str, Any]) -> None:
    """Another verb, another group: nothing of a Secret comes out."""
    assert secret_readers(access(inventory([role("r", given), binding("r", "User:u", namespace="a")]))) == ()


def test_the_role_of_a_grant_in_words() -> None:
    """Its kind and name, and where in the binding the subject stands."""
    (grant,) = access(inventory([role("r", rule("get", "pods")), binding("r", "User:u", namespace="a")])).grants
    assert grant.role.split()[-1] == "r" and grant.role.split()[0] in ("Role", "ClusterRole")
    assert grant.path == ("subjects", 0)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ([("k", "p")], [("k", "p")], True), ([("k", "p")], [("k", "q")], False), ([("k", "p")], [("k", "")], True),
        ([("k", "")], [("k", "p")], True), ([("k", "p")], [("l", "p")], False), ([], [("k", "p")], False),
        ([("x", ""), ("k", "p")], [("y", ""), ("k", "p")], True),
    ],
)  # fmt: skip
def test_two_uses_draw_on_one_entry(one: list[tuple[str, str]], other: list[tuple[str, str]], together: bool) -> None:
    """The same key of the backend, and the same property of it where both name one."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "c"}]},
    }
    (workload,) = workloads(inventory([pod]))
    first, second = (
        CredentialUse(workload, (), name, "", frozenset(remotes)) for name, remotes in (("s", one), ("t", other))
    )
    assert first.draws_with(second) is second.draws_with(first) is together
    assert first.shares(second) is together


def test_every_use_of_a_secret_and_where_its_values_come_from() -> None:
    """Variables, whole Secrets, volumes and projected ones; the backend's entry by key, property and extract."""
    spec = {
        "containers": [{"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                        "envFrom": [{"secretRef": {"name": "e"}}]}],
        "volumes": [{"name": "v", "secret": {"secretName": "s"}}, {"name": "w", "secret": {"secretName": "s", "items": [{"key": "k"}, {"key": "l"}]}},
                    {"name": "p", "projected": {"sources": [{"secret": {"name": "q"}}, {"secret": {"name": "s", "items": [{"key": "k"}]}}]}}],
    }  # fmt: skip
    external = {
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "x", "namespace": "a"},
        "spec": {"target": {"name": "s"}, "data": [{"secretKey": "k", "remoteRef": {"key": "db", "property": "pass"}}, {"secretKey": "l", "remoteRef": {"key": "other"}}],
                 "dataFrom": [{"extract": {"key": "all", "property": "sub"}}]},
    }  # fmt: skip
    found = inventory(
        [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}, "spec": spec}, external]
    )
    uses = credential_uses(found, workloads(found))
    db, other, whole = ("db", "pass"), ("other", ""), ("all", "sub")
    assert [(use.secret, use.key, set(use.remotes)) for use in uses] == [
        ("s", "k", {db, whole}), ("e", "", set()), ("s", "", {db, other, whole}), ("s", "k", {db, whole}),
        ("s", "l", {other, whole}), ("q", "", set()), ("s", "k", {db, whole}),
    ]  # fmt: skip
    one, env, volume, _, second, projected, _ = uses
    assert one.same_secret(volume) and volume.same_secret(second) and not one.same_secret(second)
    assert not one.same_secret(env) and not env.shares(projected) and one.shares(second)  # both draw on "all"
    assert one.path == ("spec", "containers", 0, "env", 0, "valueFrom", "secretKeyRef")
    assert projected.path == ("spec", "volumes", 2, "projected", "sources", 0, "secret")


def test_the_frame_of_permissions() -> None:
    """The contract's columns, types and order; URLs by cluster bindings alone, names kept, a duplicate once."""
    both = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]}
    objects = [
        role("r", both, both, {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}),
        binding("r", "User:u", namespace="a"),
        binding("r", "User:v"),
    ]
    frame = permissions(objects)
    columns = ["subject", "namespace", "api_group", "resource", "resource_name", "non_resource_url", "verb"]
    assert list(frame.columns) == columns and [str(kind) for kind in frame.dtypes] == ["string"] * 7
    assert frame.values.tolist() == [
        ["User:u", "a", "", "pods", "x", "", "get"],
        ["User:v", "", "", "", "", "/metrics", "get"],
        ["User:v", "", "", "pods", "x", "", "get"],
    ]


@pytest.mark.parametrize(
    "name", ["privileged", "hostaccess", "hostnetwork", "hostnetwork-v2", "hostmount-anyuid", "restricted-v2"]
)
def test_security_contexts_that_give_the_node(name: str) -> None:
    """OpenShift documentation, *Managing security context constraints*: the default ones, by name."""
    given = {**rule("use", "securitycontextconstraints", "security.openshift.io"), "resourceNames": [name]}
    assert len(powers(given)) == (0 if name.startswith("restricted") else 1)


@pytest.mark.parametrize("name", [1, "", None, ["x"]])
def test_a_subject_without_a_name_is_nobody(name: Any) -> None:
    """The API server would refuse it."""
    bound = {**binding("r", "User:u"), "subjects": [{"kind": "User", "name": name}, {"kind": "User", "name": "v"}]}
    assert [grant.subject for grant in access(inventory([role("r", rule("get", "pods")), bound])).grants] == ["User:v"]


@pytest.mark.parametrize(
    ("held", "stronger"),
    [
        ([("big", "User:u", "a")], False), ([("big", "User:u", "")], False), ([("big", "User:u", "b")], True), ([("big", "User:v", "a")], True), ([], True),
        ([("big", "Group:system:authenticated", "a")], False),
    ],
)  # fmt: skip
def test_nobody_is_stronger_by_what_one_holds_oneself(held: list[tuple[str, str, str]], stronger: bool) -> None:
    """The same rules, in the same namespace or everywhere, by oneself or a group that one is always in."""
    objects = [
        role("maker", rule("create", "pods")),
        role("big", rule("list", "secrets")),
        binding("maker", "User:u", namespace="a"),
    ]
    objects += [
        {
            **binding(name, subject, namespace=place),
            "metadata": {"name": f"h{n}", **({"namespace": place} if place else {})},
        }
        for n, (name, subject, place) in enumerate(held)
    ]
    objects.append({**binding("big", "ServiceAccount:x", namespace="a"), "metadata": {"name": "zz", "namespace": "a"}})
    found = access(inventory(objects))
    maker = next(grant for grant in found.grants if grant.role_name == "maker")
    assert ("may run pods as stronger service accounts of a" in grant_powers(maker, found)) is stronger


def test_what_a_grant_gives_in_a_namespace() -> None:
    """URLs are granted by ClusterRoleBindings alone, so a RoleBinding leaves them out."""
    url = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
    for place, count in (("a", 1), ("", 2)):
        (grant,) = access(
            inventory([role("r", rule("get", "pods"), url), binding("r", "User:u", namespace=place)])
        ).grants
        assert len(grant.effective) == count


def test_members() -> None:
    """By one's own name and by the groups that one is always in."""
    assert member_of("ServiceAccount:a/x", ["User:y", "Group:system:serviceaccounts:a"]) is True
    assert member_of("User:u", ["User:v", "Group:system:serviceaccounts"]) is False
