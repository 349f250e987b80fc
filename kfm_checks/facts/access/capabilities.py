"""What a persona may be able to do, in a dozen words: the rows of the persona matrix and the rules of separation."""

from __future__ import annotations

from dataclasses import dataclass

from kfm_checks.facts.access.powers import ADMISSION, CHANGE, POD_MAKERS, READ, WRITE
from kfm_checks.facts.access.roles import GROUP as RBAC
from kfm_checks.facts.access.rules import ALL, Rule
from kfm_checks.values import Value

#: Subresources through which ``get`` is enough to act: the API server connects a stream.
CONNECT = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy")
#: Reviews that answer a question and store nothing: every user may make them (``system:basic-user``).
REVIEWS = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})

Resources = tuple[tuple[str, tuple[str, ...]], ...]


class Capability(Value, frozen=True):
    """A group of permissions that means one thing to a reader."""

    name: str
    verbs: tuple[str, ...]
    resources: Resources
    writes: bool = True
    #: Kinds outside namespaces: a RoleBinding grants nothing of them.
    cluster: bool = False

    def given(self, rule: Rule, namespace: str) -> bool:
        """Whether a rule gives it, on any object, in a namespace or ("") everywhere."""
        if self.cluster and namespace:
            return False
        return any(self._touched(rule, group, name) for group, names in self.resources for name in names)

    def _touched(self, rule: Rule, group: str, name: str) -> bool:
        """A resource ``*`` here means any of the group, whose kinds are the team's own."""
        names = rule.resources if name == ALL else (name,)
        return any(rule.touches(self.verbs, group, each) for each in names)


_ALL_WRITES = (*WRITE, "escalate", "bind", "impersonate")

CAPABILITIES: tuple[Capability, ...] = (
    Capability(
        "read workloads",
        READ,
        (("", ("pods", "services", "configmaps", "events")), ("apps", ("deployments",))),
        writes=False,
    ),
    Capability("read Secrets", READ, (("", ("secrets",)),), writes=False),
    Capability("deploy workloads", CHANGE, POD_MAKERS),
    Capability(
        "run commands in pods",
        ("create", "get", "update", "patch"),
        (("", ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods/portforward")),),
    ),
    Capability("write configuration", CHANGE, (("", ("configmaps",)),)),
    Capability("write Secrets", CHANGE, (("", ("secrets",)),)),
    Capability(
        "change routes",
        CHANGE,
        (
            ("", ("services",)),
            ("networking.k8s.io", ("ingresses",)),
            ("gateway.networking.k8s.io", ("httproutes", "gateways")),
            ("route.openshift.io", ("routes",)),
        ),
    ),
    Capability("write volume claims", CHANGE, (("", ("persistentvolumeclaims",)),)),
    Capability("change RBAC", _ALL_WRITES, ((RBAC, ("roles", "rolebindings", "clusterroles", "clusterrolebindings")),)),
    Capability(
        "change policies and quotas",
        WRITE,
        (
            ("", ("resourcequotas", "limitranges")),
            ("networking.k8s.io", ("networkpolicies",)),
            ("policy.networking.k8s.io", ("adminnetworkpolicies", "baselineadminnetworkpolicies")),
            ("cilium.io", ("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies")),
            ("crd.projectcalico.org", ("networkpolicies", "globalnetworkpolicies")),
            ("kyverno.io", ("policies", "clusterpolicies", "policyexceptions")),
            ("policies.kyverno.io", ("validatingpolicies", "mutatingpolicies", "policyexceptions")),
            ("constraints.gatekeeper.sh", (ALL,)),
            ("templates.gatekeeper.sh", ("constrainttemplates",)),
            (
                ADMISSION,
                (
                    "validatingadmissionpolicies",
                    "validatingadmissionpolicybindings",
                    "validatingwebhookconfigurations",
                    "mutatingwebhookconfigurations",
                ),
            ),
        ),
    ),
    Capability("change namespaces", WRITE, (("", ("namespaces",)), ("project.openshift.io", ("projects",)))),
    Capability(
        "change the cluster",
        WRITE,
        (
            ("", ("nodes", "persistentvolumes")),
            ("storage.k8s.io", ("storageclasses",)),
            ("scheduling.k8s.io", ("priorityclasses",)),
            ("apiextensions.k8s.io", ("customresourcedefinitions",)),
            ("apiregistration.k8s.io", ("apiservices",)),
            ("certificates.k8s.io", ("certificatesigningrequests/approval",)),
        ),
        cluster=True,
    ),
    Capability("act as others", ("impersonate",), (("", ("users", "groups", "serviceaccounts")),)),
)
#: What belongs to platform operators alone.
OPERATORS_ONLY = (
    "change RBAC",
    "change policies and quotas",
    "change namespaces",
    "change the cluster",
    "act as others",
)
BY_NAME = {capability.name: capability for capability in CAPABILITIES}


@dataclass(frozen=True, slots=True, order=True)
class Writes:
    """One mutating permission in a place: "" is the whole cluster."""

    namespace: str
    api_group: str
    resource: str
    name: str
    verb: str

    def shares(self, other: Writes) -> bool:
        """Whether some request is allowed by both."""
        return (
            (not self.namespace or not other.namespace or self.namespace == other.namespace)
            and (self.api_group == other.api_group or ALL in (self.api_group, other.api_group))
            and _resources_meet(self.resource, other.resource)
            and (not self.name or not other.name or self.name == other.name)
            and (self.verb == other.verb or ALL in (self.verb, other.verb))
        )

    def __str__(self) -> str:
        group = f".{self.api_group}" if self.api_group else ""
        resource, _, subresource = self.resource.partition("/")
        return f"{self.verb} {resource}{group}" + (f"/{subresource}" if subresource else "")


def _resources_meet(one: str, other: str) -> bool:
    if one == other or ALL in (one, other):
        return True
    (first, _, sub), (second, _, sub2) = one.partition("/"), other.partition("/")
    return bool(sub) and sub == sub2 and ALL in (first, second)


def mutations(rule: Rule, namespace: str) -> frozenset[Writes]:
    """The permissions of a rule that change something; streams into pods count, self-reviews don't."""
    return frozenset(
        Writes(namespace, p.api_group, p.resource, p.resource_name, p.verb)
        for p in rule.tuples(urls=False)
        if _mutates(p.verb, p.api_group, p.resource)
    )


def _mutates(verb: str, api_group: str, resource: str) -> bool:
    if resource in REVIEWS and api_group in ("authorization.k8s.io", "authentication.k8s.io"):
        return False
    if verb in READ:
        return verb == "get" and (resource in CONNECT or (resource.startswith("*/") and _connects(resource)))
    return True


def _connects(resource: str) -> bool:
    return any(name.endswith(resource[1:]) for name in CONNECT)
