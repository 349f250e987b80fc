"""APIs of Kubernetes that were removed, or will be: the Deprecated API Migration Guide as data.

https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kfm_checks.facts.schemas_store import Kind, as_numbers


class Removal(NamedTuple):
    """Since when an API version of a kind is no longer served, and what to write instead ("" where nothing is)."""

    removed_in: str
    instead: str


_APPS = ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet", "ControllerRevision")
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_STORAGE = ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment")
_FLOW = ("FlowSchema", "PriorityLevelConfiguration")
_FLOW_GROUP = "flowcontrol.apiserver.k8s.io"
_POD_SECURITY = "Pod Security Admission (the namespace label pod-security.kubernetes.io/enforce)"
#: (kinds, group, version, removed in, what to write instead)
_TABLE: tuple[tuple[tuple[str, ...], str, str, str, str], ...] = (
    (("Deployment", "DaemonSet", "ReplicaSet"), "extensions", "v1beta1", "1.16", "apps/v1"),
    (("NetworkPolicy",), "extensions", "v1beta1", "1.16", "networking.k8s.io/v1"),
    (("PodSecurityPolicy",), "extensions", "v1beta1", "1.16", _POD_SECURITY),
    (("Ingress",), "extensions", "v1beta1", "1.22", "networking.k8s.io/v1"),
    (_APPS, "apps", "v1beta1", "1.16", "apps/v1"),
    (_APPS, "apps", "v1beta2", "1.16", "apps/v1"),
    (_WEBHOOKS, "admissionregistration.k8s.io", "v1beta1", "1.22", "admissionregistration.k8s.io/v1"),
    (("CustomResourceDefinition",), "apiextensions.k8s.io", "v1beta1", "1.22", "apiextensions.k8s.io/v1"),
    (("APIService",), "apiregistration.k8s.io", "v1beta1", "1.22", "apiregistration.k8s.io/v1"),
    (("TokenReview",), "authentication.k8s.io", "v1beta1", "1.22", "authentication.k8s.io/v1"),
    (("CertificateSigningRequest",), "certificates.k8s.io", "v1beta1", "1.22", "certificates.k8s.io/v1"),
    (("Lease",), "coordination.k8s.io", "v1beta1", "1.22", "coordination.k8s.io/v1"),
    (("Ingress", "IngressClass"), "networking.k8s.io", "v1beta1", "1.22", "networking.k8s.io/v1"),
    (_RBAC, "rbac.authorization.k8s.io", "v1beta1", "1.22", "rbac.authorization.k8s.io/v1"),
    (_RBAC, "rbac.authorization.k8s.io", "v1alpha1", "1.22", "rbac.authorization.k8s.io/v1"),
    (("PriorityClass",), "scheduling.k8s.io", "v1beta1", "1.22", "scheduling.k8s.io/v1"),
    (_STORAGE, "storage.k8s.io", "v1beta1", "1.22", "storage.k8s.io/v1"),
    (("CronJob",), "batch", "v1beta1", "1.25", "batch/v1"),
    (("EndpointSlice",), "discovery.k8s.io", "v1beta1", "1.25", "discovery.k8s.io/v1"),
    (("Event",), "events.k8s.io", "v1beta1", "1.25", "events.k8s.io/v1"),
    (("HorizontalPodAutoscaler",), "autoscaling", "v2beta1", "1.25", "autoscaling/v2"),
    (("HorizontalPodAutoscaler",), "autoscaling", "v2beta2", "1.26", "autoscaling/v2"),
    (("PodDisruptionBudget",), "policy", "v1beta1", "1.25", "policy/v1"),
    (("PodSecurityPolicy",), "policy", "v1beta1", "1.25", _POD_SECURITY),
    (("RuntimeClass",), "node.k8s.io", "v1beta1", "1.25", "node.k8s.io/v1"),
    (("CSIStorageCapacity",), "storage.k8s.io", "v1beta1", "1.27", "storage.k8s.io/v1"),
    (_FLOW, _FLOW_GROUP, "v1beta1", "1.26", f"{_FLOW_GROUP}/v1"),
    (_FLOW, _FLOW_GROUP, "v1beta2", "1.29", f"{_FLOW_GROUP}/v1"),
    (_FLOW, _FLOW_GROUP, "v1beta3", "1.32", f"{_FLOW_GROUP}/v1"),
)
REMOVALS: dict[Kind, Removal] = {
    Kind(group, version, kind): Removal(removed, instead)
    for kinds, group, version, removed, instead in _TABLE
    for kind in kinds
}
#: Served still, and named as deprecated by Kubernetes without a date of removal: kind -> (since, what to use instead).
DEPRECATED: dict[Kind, tuple[str, str]] = {
    Kind("", "v1", "ComponentStatus"): ("1.19", "the health endpoints of the control plane"),
    Kind("", "v1", "Endpoints"): ("1.33", "discovery.k8s.io/v1 EndpointSlice"),
}


def removal(kind: Kind, version: str) -> Removal | None:
    """How a kind was removed at or before a version; None where it was not."""
    found = REMOVALS.get(kind)
    return found if found and as_numbers(found.removed_in) <= as_numbers(version) else None


def deprecations(kind: Kind, version: str) -> Iterator[str]:
    """What to know of a kind that is served in a version and will not be for long."""
    found = REMOVALS.get(kind)
    if found and as_numbers(found.removed_in) > as_numbers(version):
        yield f"deprecated: Kubernetes {found.removed_in} removes it; write {found.instead}"
    if kind in DEPRECATED and as_numbers(DEPRECATED[kind][0]) <= as_numbers(version):
        since, instead = DEPRECATED[kind]
        yield f"deprecated since Kubernetes {since}; use {instead}"
