"""Objects by which something else than a namespace's own quota or label may govern it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest

#: (group, kind) of objects that make quotas or limit ranges for namespaces.
QUOTA_KINDS = (
    ("capsule.clastix.io", "Tenant"),
    ("capsule.clastix.io", "ResourcePool"),
    ("hnc.x-k8s.io", "HierarchicalResourceQuota"),
    ("quota.openshift.io", "ClusterResourceQuota"),
    ("policy.karmada.io", "FederatedResourceQuota"),
    ("redhatcop.redhat.io", "NamespaceConfig"),
    ("redhatcop.redhat.io", "GroupConfig"),
    ("management.loft.sh", "Project"),
    ("tenancy.kiosk.sh", "Account"),
    ("config.kiosk.sh", "Template"),
    ("tenantoperator.stakater.com", "Quota"),
    ("stakater.com", "Quota"),
)


def quota_governors(inventory: Inventory) -> tuple[Manifest, ...]:
    """Objects that make quotas and limit ranges elsewhere: quota operators and generating policies."""
    found = [obj for group, kind in QUOTA_KINDS for obj in inventory.of(kind, group)]
    return (*found, *(obj for obj in _kyverno(inventory) if _generates_quota(obj)))


def admission_engines(inventory: Inventory) -> tuple[Manifest, ...]:
    """Objects by which another admission engine than Pod Security holds pods to its standards.

    A ValidatingAdmissionPolicy is no other engine: it says single things, and is evaluated by the row on policies.
    """
    found = list(inventory.of("SecurityContextConstraints", "security.openshift.io"))
    found += inventory.of("PodSecurityPolicy", "policy") + inventory.of("PodSecurityPolicy", "extensions")
    found += [obj for obj in inventory.of_group("constraints.gatekeeper.sh") if obj.key.kind.startswith("K8sPSP")]
    found += [obj for obj in inventory.of_group("policies.kubewarden.io") if _mentions(obj, ("psp", "pod-security"))]
    found += [obj for obj in _kyverno(inventory) if _restricts_pods(obj)]
    return tuple(found)


def _kyverno(inventory: Inventory) -> Iterator[Manifest]:
    yield from inventory.of("ClusterPolicy", "kyverno.io")
    yield from inventory.of("GeneratingPolicy", "policies.kyverno.io")
    yield from inventory.of("ValidatingPolicy", "policies.kyverno.io")


def _generates_quota(obj: Manifest) -> bool:
    kinds = {dig(rule, "generate", "kind") for rule in items(obj, "spec", "rules")}
    cloned = [str(kind) for rule in items(obj, "spec", "rules") for kind in _kinds(rule)]
    named = any(kind.rpartition("/")[2] in {"ResourceQuota", "LimitRange"} for kind in cloned)
    written = obj.key.kind == "GeneratingPolicy" and _mentions(obj, ("ResourceQuota", "LimitRange"))
    return bool(kinds & {"ResourceQuota", "LimitRange"}) or named or written


def _kinds(rule: dict[str, object]) -> list[object]:
    found = dig(rule, "generate", "cloneList", "kinds")
    return found if isinstance(found, list) else []


def _restricts_pods(obj: Manifest) -> bool:
    if any(dig(rule, "validate", "podSecurity") is not None for rule in items(obj, "spec", "rules")):
        return True
    return "Pod Security" in annotations_of(obj).get("policies.kyverno.io/category", "")


def _mentions(value: object, words: tuple[str, ...]) -> bool:
    text = json.dumps(value, default=str)
    return any(word in text for word in words)
