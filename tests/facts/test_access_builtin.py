"""The built-in roles are those of Kubernetes itself."""

from __future__ import annotations

import hashlib
import json

from kfm_checks.facts.access.builtin import CLUSTER_ROLES, ROLES, VERSION
from kfm_checks.facts.access.rules import Rule

#: SHA-256 of the same roles in Kubernetes 1.37.2, plugin/pkg/auth/authorizer/rbac/bootstrappolicy/testdata/cluster-roles.yaml,
#: in the form of ``written``: docs/agreement/operators.md says how they were compared.
UPSTREAM = "3d21f916bb094cd385a2e41cf17b9f7aa2e9785d2610e7907f404e21a4cfd4fa"


def tuples(rules: tuple[Rule, ...]) -> list[list[str]]:
    """Every permission of some rules: group (or "(URL)"), resource (or URL), name, verb."""
    named = [
        [group, resource, name, verb]
        for rule in rules
        for group in rule.api_groups
        for resource in rule.resources
        for name in rule.resource_names or ("",)
        for verb in rule.verbs
    ]
    urls = [["(URL)", url, "", verb] for rule in rules for url in rule.non_resource_urls for verb in rule.verbs]
    return sorted(map(list, {tuple(one) for one in named + urls}))


def test_the_roles_are_those_of_kubernetes() -> None:
    """Rules, labels and aggregations, verb by verb; a new version of Kubernetes means a new comparison."""
    written = {name: [tuples(rules), labels, rule or None] for name, (labels, rules, rule) in CLUSTER_ROLES.items()}
    assert hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest() == UPSTREAM
    assert VERSION == "1.37"


def test_the_one_namespaced_role() -> None:
    """What an extension API server reads to trust its callers."""
    name = "extension-apiserver-authentication"
    assert {key: tuples(rules) for key, rules in ROLES.items()} == {
        ("kube-system", f"{name}-reader"): [["", "configmaps", name, verb] for verb in ("get", "list", "watch")]
    }
