"""RBAC read straight from the Kubernetes documentation, as slowly and plainly as it is written there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

GROUP = "rbac.authorization.k8s.io/v1"
Object = dict[str, Any]


def answers(
    objects: list[Object],
    user: str,
    groups: set[str],
    verb: str,
    group: str,
    resource: str,
    namespace: str,
    name: str,
    url: str,
) -> bool:
    """Some binding that applies to the user leads to a rule that allows the request."""
    for binding in objects:
        kind, home = binding["kind"], binding["metadata"].get("namespace", "")
        if kind == "ClusterRoleBinding" or (kind == "RoleBinding" and namespace and home == namespace and not url):
            if not any(_is(subject, user, groups, home) for subject in binding.get("subjects", [])):
                continue
            for rule in _rules(objects, binding["roleRef"], home):
                if _allows(rule, verb, group, resource, name, url):
                    return True
    return False


def _is(subject: Object, user: str, groups: set[str], home: str) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user)
    if subject["kind"] == "Group":
        return subject["name"] in groups
    return bool(user == f"system:serviceaccount:{subject.get('namespace') or home}:{subject['name']}")


def _rules(objects: list[Object], ref: Object, home: str) -> Iterator[Object]:
    for role in objects:
        if role["kind"] != ref["kind"] or role["metadata"]["name"] != ref["name"]:
            continue
        if role["kind"] == "Role" and role["metadata"]["namespace"] == home:
            yield from role["rules"]
        if role["kind"] == "ClusterRole":
            yield from _aggregated(objects, role, frozenset())


def _aggregated(objects: list[Object], role: Object, above: frozenset[str]) -> list[Object]:
    """The control plane overwrites what the rules of an aggregating role say, where it finds any to write.

    In a circle of roles it depends on who was first whose rules stay, so all of them count.
    """
    if "aggregationRule" not in role:
        return list(role["rules"])
    found: list[Object] = []
    for selector in role["aggregationRule"]["clusterRoleSelectors"]:
        for other in objects:
            name, labels = other["metadata"]["name"], other["metadata"].get("labels", {})
            wanted = selector["matchLabels"].items()
            if other["kind"] != "ClusterRole" or name == role["metadata"]["name"]:
                continue
            if all(labels.get(k) == v for k, v in wanted):
                circle = name in above
                found += (
                    role["rules"] + other["rules"]
                    if circle
                    else _aggregated(objects, other, above | {role["metadata"]["name"]})
                )
    return found or list(role["rules"])


def _allows(rule: Object, verb: str, group: str, resource: str, name: str, url: str) -> bool:
    if verb not in rule["verbs"] and "*" not in rule["verbs"]:
        return False
    if url:
        return any(
            u in ("*", url) or (u.endswith("*") and url.startswith(u[:-1])) for u in rule.get("nonResourceURLs", [])
        )
    if group not in rule.get("apiGroups", []) and "*" not in rule.get("apiGroups", []):
        return False
    names = rule.get("resourceNames") or []
    if names and name not in names:
        return False
    resources = rule.get("resources", [])
    below = resource.split("/", 1)[1] if "/" in resource else None
    return "*" in resources or resource in resources or (below is not None and f"*/{below}" in resources)
