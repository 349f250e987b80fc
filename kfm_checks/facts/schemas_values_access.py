"""What the API server refuses of roles and bindings beyond the schema (API reference, Authorization Resources)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    SUBDOMAIN,
    Clause,
    Clauses,
    mappings,
    needs,
    refuse,
    subdomain,
    unset,
    words,
)
from kfm_checks.model import Path


def _binding(bound: tuple[str, ...]) -> Clause:
    """Role and subjects of a binding; a ClusterRoleBinding (``bound`` is one kind) has no namespace to offer."""

    def check(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
        kind = (obj.get("roleRef") or {}).get("kind")
        if kind not in bound:
            refuse(problems, (*path, "roleRef", "kind"), "no role of this kind is bound", " or ".join(bound), kind)
        for index, subject in mappings(obj.get("subjects")):
            if subject.get("kind") == "ServiceAccount" and len(bound) == 1 and unset(subject.get("namespace")):
                place = (*path, "subjects", index, "namespace")
                refuse(problems, place, "a service account is one of a namespace", "its namespace", "absent")

    return check


def _subject(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    kind, group = obj.get("kind"), obj.get("apiGroup")
    if kind not in ("User", "Group", "ServiceAccount"):
        refuse(problems, (*path, "kind"), "it is no kind of subject", "User, Group or ServiceAccount", kind)
    elif group not in (None, "", *(() if kind == "ServiceAccount" else ("rbac.authorization.k8s.io",))):
        refuse(
            problems,
            (*path, "apiGroup"),
            f"a {kind} is not of this group",
            "the group of RBAC, or none for a ServiceAccount",
            group,
        )
    if kind == "ServiceAccount" and not subdomain(obj.get("name")):
        refuse(problems, (*path, "name"), "it is no name of a service account", SUBDOMAIN, obj.get("name"))


def _policy_rule(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A rule is about resources or about URLs."""
    about = {name: not unset(obj.get(name)) for name in ("apiGroups", "resources", "resourceNames", "nonResourceURLs")}
    if about["nonResourceURLs"]:
        if about["apiGroups"] or about["resources"] or about["resourceNames"]:
            place = (*path, "nonResourceURLs")
            refuse(problems, place, "a rule is about resources or about URLs", "one of them", "both")
        return
    for name in ("apiGroups", "resources"):
        if not about[name]:
            refuse(problems, (*path, name), f"a rule about resources has {name}", "at least one", "absent or empty")


def _role(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    for index, rule in mappings(obj.get("rules")):
        if not unset(rule.get("nonResourceURLs")):
            place = (*path, "rules", index, "nonResourceURLs")
            refuse(problems, place, "a Role is about a namespace, URLs have none", "a ClusterRole", "present")


ACCESS: Clauses = {
    "rbac.v1.Role": (_role,),
    "rbac.v1.RoleBinding": (_binding(("Role", "ClusterRole")),),
    "rbac.v1.ClusterRoleBinding": (_binding(("ClusterRole",)),),
    "rbac.v1.RoleRef": (needs("name"), words("apiGroup", "rbac.authorization.k8s.io")),
    "rbac.v1.Subject": (needs("name"), _subject),
    "rbac.v1.PolicyRule": (needs("verbs"), _policy_rule),
    "rbac.v1.AggregationRule": (needs("clusterRoleSelectors"),),
}  # fmt: skip
