"""Which kinds live outside namespaces."""

from __future__ import annotations

from collections.abc import Mapping

#: Kinds of Kubernetes itself that live outside namespaces: (group, kind).
_BUILT_IN = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("authentication.k8s.io", "SelfSubjectReview"),
        ("authentication.k8s.io", "TokenReview"),
        ("authorization.k8s.io", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "SubjectAccessReview"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("internal.apiserver.k8s.io", "StorageVersion"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "DeviceTaintRule"),
        ("resource.k8s.io", "ResourcePoolStatusRequest"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)
#: Of projects met in overlays, as their CustomResourceDefinitions have it; one in the render is believed first.
_CUSTOM: Mapping[str, str] = {
    "argoproj.io": "ClusterWorkflowTemplate ClusterAnalysisTemplate",
    "capsule.clastix.io": "Tenant",
    "cert-manager.io": "ClusterIssuer",
    "cilium.io": "CiliumClusterwideNetworkPolicy CiliumClusterwideEnvoyConfig CiliumEgressGatewayPolicy "
    "CiliumLoadBalancerIPPool CiliumNode",
    "crd.antrea.io": "ClusterNetworkPolicy ClusterGroup Tier",
    "crd.projectcalico.org": "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool",
    "projectcalico.org": "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool Tier",
    "external-secrets.io": "ClusterExternalSecret ClusterSecretStore ClusterPushSecret",
    "gateway.networking.k8s.io": "GatewayClass",
    "generators.external-secrets.io": "ClusterGenerator",
    "karpenter.sh": "NodePool NodeClaim",
    "keda.sh": "ClusterTriggerAuthentication",
    "kueue.x-k8s.io": "ClusterQueue ResourceFlavor",
    "kyverno.io": "ClusterPolicy ClusterCleanupPolicy",
    "openreports.io": "ClusterReport",
    "operator.tigera.io": "Installation",
    "policies.kyverno.io": "ValidatingPolicy ImageValidatingPolicy MutatingPolicy GeneratingPolicy DeletingPolicy",
    "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
    "policy.sigstore.dev": "ClusterImagePolicy",
    "postgresql.cnpg.io": "ClusterImageCatalog",
    "project.openshift.io": "Project",
    "security.openshift.io": "SecurityContextConstraints",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
    "tailscale.com": "Connector DNSConfig ProxyClass ProxyGroup Recorder",
    "tekton.dev": "ClusterTask",
    "templates.gatekeeper.sh": "ConstraintTemplate",
    "trust.cert-manager.io": "Bundle",
    "wgpolicyk8s.io": "ClusterPolicyReport",
}
CLUSTER_SCOPED = _BUILT_IN | {(group, kind) for group, kinds in _CUSTOM.items() for kind in kinds.split()}
#: Groups all of whose kinds do.
CLUSTER_SCOPED_GROUPS = frozenset(
    {"config.openshift.io", "constraints.gatekeeper.sh", "expansion.gatekeeper.sh", "mutations.gatekeeper.sh"}
)


def is_cluster_scoped(group: str, kind: str, definitions: Mapping[tuple[str, str], str] | None = None) -> bool:
    """Whether objects of a kind live outside namespaces; ``definitions`` maps (group, kind) of CRDs to their scope."""
    scope = (definitions or {}).get((group, kind))
    if scope is not None:
        return scope == "Cluster"
    return (group, kind) in CLUSTER_SCOPED or group in CLUSTER_SCOPED_GROUPS
