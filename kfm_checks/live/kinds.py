"""Which kinds are asked for beside those of the render, and what of each is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.datastore_operators import OPERATORS
from kfm_checks.facts.made import by_workload, over
from kfm_checks.facts.network.others import ENTRY_KINDS, POLICY_KINDS

#: (group, kind) that some check, the drift's extras or a page needs. A reader may not leave one out in silence: what
#: the server refuses is a problem of that listing.
WANTED: tuple[tuple[str, str], ...] = (
    ("", "Namespace"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "Pod"),
    ("", "Node"),
    ("", "PersistentVolumeClaim"),
    ("", "ResourceQuota"),
    ("", "LimitRange"),
    ("", "ReplicationController"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("policy", "PodDisruptionBudget"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("gateway.networking.k8s.io", "TCPRoute"),
    ("gateway.networking.k8s.io", "TLSRoute"),
    ("gateway.networking.k8s.io", "UDPRoute"),
    ("gateway.networking.k8s.io", "ReferenceGrant"),
    ("networking.istio.io", "VirtualService"),
    ("traefik.io", "IngressRoute"),
    ("traefik.io", "IngressRouteTCP"),
    ("traefik.io", "IngressRouteUDP"),
    ("route.openshift.io", "Route"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("kyverno.io", "PolicyException"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedValidatingPolicy"),
    ("policies.kyverno.io", "ImageValidatingPolicy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "GeneratingPolicy"),
    ("policies.kyverno.io", "PolicyException"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("external-secrets.io", "SecretStore"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("argoproj.io", "AppProject"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("source.toolkit.fluxcd.io", "GitRepository"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
)
#: Of other projects, asked for where the server serves them: datastores that an operator makes, doors, and policies of
#: kinds that only the cluster knows. Kind "" is every kind of the group.
SERVED: frozenset[tuple[str, str]] = frozenset(
    {
        *OPERATORS,
        *ENTRY_KINDS,
        *POLICY_KINDS,
        ("traefik.containo.us", "IngressRoute"),
        ("traefik.containo.us", "IngressRouteTCP"),
        ("traefik.containo.us", "IngressRouteUDP"),
        ("bitnami.com", "SealedSecret"),
        ("config.gatekeeper.sh", "Config"),
        ("constraints.gatekeeper.sh", ""),
        ("mutations.gatekeeper.sh", ""),
        ("constraints.styra.com", ""),
        ("magalix.com", ""),
        ("policies.kubewarden.io", ""),
        ("policy.jspolicy.com", ""),
        ("security.openshift.io", "SecurityContextConstraints"),
    }
)
#: Annotations that repeat the whole object, a Secret's values among it.
REPEATS = ("kubectl.kubernetes.io/last-applied-configuration",)
#: Of pods and the like that a controller keeps there can be ten thousand: this is what is kept of their spec.
_KEPT_OF_SPEC = ("nodeName", "hostNetwork", "replicas", "serviceAccountName", "providerID")


def kept(item: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """What is kept of a listed object. ``whole``: it is rendered, so its managed fields are wanted too."""
    metadata = dict(item.get("metadata") or {})
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k not in REPEATS}
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    fields = metadata.pop("managedFields", None) or []
    if whole:
        metadata["managedFields"] = fields
        return {**item, "metadata": metadata}
    metadata["managedFields"] = [{k: v for k, v in entry.items() if k != "fieldsV1"} for entry in fields]
    if item.get("kind") == "Node" or (item.get("kind") in {"Pod", "ReplicaSet"} and (by_workload(item) or over(item))):
        spec = {k: v for k, v in (item.get("spec") or {}).items() if k in _KEPT_OF_SPEC}
        return {**item, "metadata": metadata, "spec": spec}
    return {**item, "metadata": metadata}


def without_values(item: dict[str, Any]) -> dict[str, Any]:
    """A Secret without any value; its keys too are kept out, since only the metadata was asked for."""
    return {k: v for k, v in item.items() if k not in {"data", "stringData"}}
