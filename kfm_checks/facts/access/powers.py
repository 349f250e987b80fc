"""Permissions by which a subject gains more than it was given, or changes what others are held to.

Sources: Kubernetes documentation, *Role Based Access Control Good Practices*, "Kubernetes RBAC - privilege escalation
risks"; CIS Kubernetes Benchmark 5.1.1 to 5.1.13.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from kfm_checks.facts.access.grants import Access, Grant
from kfm_checks.facts.access.roles import GROUP as RBAC
from kfm_checks.facts.access.rules import Request, Rule
from kfm_checks.values import Value

READ = ("get", "list", "watch")
CHANGE = ("create", "update", "patch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")
ADMISSION = "admissionregistration.k8s.io"

#: Kinds whose objects become pods, by API group: whoever writes them runs code as any service account of the namespace.
POD_MAKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("pods", "replicationcontrollers")),
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
    ("argoproj.io", ("rollouts", "workflows", "cronworkflows")),
    ("serving.knative.dev", ("services",)),
    ("tekton.dev", ("taskruns", "pipelineruns")),
)
#: Security contexts of OpenShift by which a pod gets the node.
NODE_SCCS = frozenset({"", "privileged", "hostaccess", "hostnetwork", "hostnetwork-v2", "hostmount-anyuid"})


class Power(Value, frozen=True):
    """One escalating permission."""

    text: str
    verbs: tuple[str, ...]
    api_group: str
    resources: tuple[str, ...]
    #: True: a list of names makes it harmless.
    unless_named: bool = False
    #: True: the resource lives outside namespaces, so that a RoleBinding grants nothing of it.
    cluster: bool = False

    def held(self, rule: Rule, namespace: str) -> bool:
        """Whether a rule gives it, in a namespace or ("") everywhere."""
        if (self.cluster and namespace) or (self.unless_named and rule.resource_names):
            return False
        return any(rule.touches(self.verbs, self.api_group, resource) for resource in self.resources)


POWERS: tuple[Power, ...] = (
    Power("may write roles beyond its own permissions (escalate)", ("escalate",), RBAC, ("roles", "clusterroles")),
    Power("may read Secrets", READ, "", ("secrets",), unless_named=True),
    Power("may run commands in pods (pods/exec, pods/attach)", ("create", "get"), "", ("pods/exec", "pods/attach")),
    Power("may add debug containers to pods", ("update", "patch"), "", ("pods/ephemeralcontainers",)),
    Power("may issue tokens of other service accounts", ("create",), "", ("serviceaccounts/token",)),
    Power("may reach the kubelet through nodes/proxy", ("get", *WRITE), "", ("nodes/proxy",), cluster=True),
    Power(
        "may approve certificate signing requests",
        ("update", "patch"),
        "certificates.k8s.io",
        ("certificatesigningrequests/approval",),
        cluster=True,
    ),
    Power("may approve or sign certificates", ("approve", "sign"), "certificates.k8s.io", ("signers",), cluster=True),
    Power(
        "may change admission control",
        WRITE,
        ADMISSION,
        (
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ),
        cluster=True,
    ),
    Power("may replace parts of the API", CHANGE, "apiregistration.k8s.io", ("apiservices",), cluster=True),
    Power("may relabel namespaces, and so lift Pod Security", ("update", "patch"), "", ("namespaces",)),
    Power("may make PersistentVolumes, and so mount the node", ("create",), "", ("persistentvolumes",), cluster=True),
)


def is_impersonation(rule: Rule) -> bool:
    """``impersonate``, and the verbs of constrained impersonation that begin with it."""
    return any(verb.startswith("impersonate") for verb in rule.verbs)


def makes_pods(rule: Rule) -> bool:
    """Whether a rule lets its holder run pods, directly or through a workload."""
    return any(rule.touches(CHANGE, group, resource) for group, names in POD_MAKERS for resource in names)


def grant_powers(grant: Grant, access: Access) -> tuple[str, ...]:
    """Every escalating permission of a grant, in words, sorted; () where there is none or the role is unknown."""
    found = {text for rule in grant.effective for text in _rule_powers(rule, grant, access)}
    if _reaches_stronger(grant, access):
        found.add(f"may run pods as stronger service accounts of {grant.namespace}")
    return tuple(sorted(found))


@cache
def role_powers(rules: tuple[Rule, ...], namespace: str = "") -> tuple[str, ...]:
    """Escalating permissions of bare rules, names of ``bind`` not followed."""
    return tuple(sorted({text for rule in rules for text in _plain_powers(rule, namespace)}))


def _rule_powers(rule: Rule, grant: Grant, access: Access) -> Iterator[str]:
    yield from _plain_powers(rule, grant.namespace, grant.subject)
    if _binds_power(rule, grant.namespace, access):
        yield "may bind roles that it doesn't hold (bind)"


def _plain_powers(rule: Rule, namespace: str, subject: str = "") -> Iterator[str]:
    if rule.wildcards and (rule.resources or not namespace):
        yield f"holds a wildcard in {', '.join(rule.wildcards)}"
    for power in POWERS:
        if power.held(rule, namespace) and not _own_token(rule, power, namespace, subject):
            yield power.text
    if is_impersonation(rule):
        yield "may act as others (impersonate)"
    if not namespace and makes_pods(rule):
        yield "may run pods in every namespace"
    group = "security.openshift.io"
    if any(rule.allows(Request("use", group, "securitycontextconstraints", name)) for name in NODE_SCCS):
        yield "may use a security context constraint that opens the node"


def _own_token(rule: Rule, power: Power, namespace: str, subject: str) -> bool:
    """A service account that may issue tokens of itself alone gains nothing."""
    own = subject.removeprefix(f"ServiceAccount:{namespace}/")
    return power.resources == ("serviceaccounts/token",) and own != subject and rule.resource_names == (own,)


def _binds_power(rule: Rule, namespace: str, access: Access) -> bool:
    """``bind`` is as strong as the roles it may bind: all of them, or those named."""
    kinds = [kind for kind in ("clusterroles", "roles") if rule.touches(("bind",), RBAC, kind)]
    if not kinds or not rule.resource_names:
        return bool(kinds)
    for name in rule.resource_names:
        rules = access.roles.cluster_rules(name) if "clusterroles" in kinds else None
        rules = rules if rules is not None else access.roles.role_rules(namespace, name)
        again = any(r.touches(("bind",), RBAC, kind) for r in rules or () for kind in kinds)
        if rules is None or again or role_powers(rules, namespace):
            return True
    return False


def _reaches_stronger(grant: Grant, access: Access) -> bool:
    """Pods made in a namespace may run as any of its service accounts: as strong as the strongest of them."""
    if not grant.namespace or not any(makes_pods(rule) for rule in grant.effective):
        return False
    prefix = f"ServiceAccount:{grant.namespace}/"
    accounts = [s for s in access.by_subject if s.startswith(prefix) and s != grant.subject]
    others = [g for account in accounts for g in access.by_subject[account]]
    return any(role_powers(g.effective, g.namespace) and not _within(g, grant, access) for g in others)


def _within(other: Grant, grant: Grant, access: Access) -> bool:
    """Whether a subject already holds, through some grant of its own, the very role that another one has there."""
    held = {(g.namespace, g.rules) for g in access.of(grant.subject)}
    return (other.namespace, other.rules) in held or ("", other.rules) in held
