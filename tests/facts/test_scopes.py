"""Which kinds live outside namespaces: Kubernetes' own as its official client has them, others as their projects do."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from kfm_checks.facts.schemas import bundled_versions
from kfm_checks.facts.schemas_store import kinds
from kfm_checks.facts.scopes import CLUSTER_SCOPED, is_cluster_scoped

_PATH = re.compile(
    r"def _(?:create|list)_\w+_serialize\(.*?resource_path='/apis?(?:/([\w.-]+))?/v\w+/([^']+)'", re.DOTALL
)
#: Spelled otherwise in the path than by adding an s.
_PLURALS = {"endpoints": "endpoints", "componentstatus": "componentstatuses", "podmetrics": "pods"}


def paths() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(group, plural) of what the official client finds outside namespaces, and of what it finds in them."""
    spec = importlib.util.find_spec("kubernetes")
    assert spec is not None and spec.submodule_search_locations
    outside, inside = set(), set()
    for file in sorted(Path(spec.submodule_search_locations[0], "client/api").glob("*_api.py")):
        for group, path in _PATH.findall(file.read_text(encoding="utf-8")):
            (inside if "{namespace}" in path else outside).add((group, path.rpartition("/")[2]))
    return outside, inside


def plural(kind: str) -> str:
    """The word for a kind in a path."""
    low = kind.lower()
    ending = low[:-1] + "ies" if low.endswith("y") else low + "es" if low.endswith("s") else low + "s"
    return _PLURALS.get(low, ending)


def test_own_kinds_live_where_the_official_client_looks_for_them() -> None:
    """Each kind that the newest bundled version serves, and each of the table."""
    outside, inside = paths()
    served = {(kind.group, kind.kind) for kind in kinds(bundled_versions()[-1])}
    found = {(group, kind) for group, kind in served if (group, plural(kind)) in outside | inside}
    assert len(found) > 70
    wrong = [one for one in sorted(found) if is_cluster_scoped(*one) == ((one[0], plural(one[1])) in inside)]
    assert wrong == []
    unknown = outside - inside - {(group, plural(kind)) for group, kind in CLUSTER_SCOPED}
    assert unknown == {("", "{resource_plural}")} or unknown == set()
    own = {(group, kind) for group, kind in CLUSTER_SCOPED if (group, plural(kind)) in outside}
    assert len(own) >= 37 and ("policy", "PodSecurityPolicy") in CLUSTER_SCOPED


#: As the CustomResourceDefinitions of the projects say: group, kinds outside namespaces, a kind that lives in one.
CUSTOM = (
    ("argoproj.io", "ClusterWorkflowTemplate", "Application"),
    ("capsule.clastix.io", "Tenant", ""),
    ("cert-manager.io", "ClusterIssuer", "Issuer"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy CiliumClusterwideEnvoyConfig CiliumEgressGatewayPolicy CiliumLoadBalancerIPPool CiliumNode",
     "CiliumNetworkPolicy"),
    ("crd.antrea.io", "ClusterNetworkPolicy ClusterGroup Tier", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool", "NetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool Tier", "NetworkSet"),
    ("external-secrets.io", "ClusterExternalSecret ClusterSecretStore ClusterPushSecret", "ExternalSecret"),
    ("gateway.networking.k8s.io", "GatewayClass", "Gateway"),
    ("generators.external-secrets.io", "ClusterGenerator", "Password"),
    ("karpenter.sh", "NodePool NodeClaim", ""),
    ("keda.sh", "ClusterTriggerAuthentication", "ScaledObject"),
    ("kueue.x-k8s.io", "ClusterQueue ResourceFlavor", "LocalQueue"),
    ("kyverno.io", "ClusterPolicy ClusterCleanupPolicy", "Policy"),
    ("openreports.io", "ClusterReport", "Report"),
    ("operator.tigera.io", "Installation", ""),
    ("policies.kyverno.io", "ValidatingPolicy ImageValidatingPolicy MutatingPolicy GeneratingPolicy DeletingPolicy", "NamespacedValidatingPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy", ""),
    ("policy.sigstore.dev", "ClusterImagePolicy", ""),
    ("postgresql.cnpg.io", "ClusterImageCatalog", "ImageCatalog"),
    ("project.openshift.io", "Project", ""),
    ("security.openshift.io", "SecurityContextConstraints", ""),
    ("snapshot.storage.k8s.io", "VolumeSnapshotClass VolumeSnapshotContent", "VolumeSnapshot"),
    ("tailscale.com", "Connector DNSConfig ProxyClass ProxyGroup Recorder", ""),
    ("tekton.dev", "ClusterTask", "Task"),
    ("templates.gatekeeper.sh", "ConstraintTemplate", ""),
    ("trust.cert-manager.io", "Bundle", ""),
    ("wgpolicyk8s.io", "ClusterPolicyReport", "PolicyReport"),
    ("config.openshift.io", "OAuth ClusterVersion", ""),
    ("constraints.gatekeeper.sh", "K8sRequiredLabels", ""),
    ("expansion.gatekeeper.sh", "ExpansionTemplate", ""),
    ("mutations.gatekeeper.sh", "Assign", ""),
)  # fmt: skip


@pytest.mark.parametrize(("group", "outside", "inside"), CUSTOM, ids=[group for group, *_ in CUSTOM])
def test_kinds_of_projects(group: str, outside: str, inside: str) -> None:
    """Those named live outside namespaces, their neighbours within one, and the same words in another group too."""
    assert all(is_cluster_scoped(group, kind) for kind in outside.split())
    assert not any(is_cluster_scoped("example.org", kind) for kind in outside.split())
    assert not inside or not is_cluster_scoped(group, inside)


def test_a_definition_is_believed_first() -> None:
    """Whatever is known of the kind."""
    assert not is_cluster_scoped("kyverno.io", "ClusterPolicy", {("kyverno.io", "ClusterPolicy"): "Namespaced"})
    assert is_cluster_scoped("example.org", "Kettle", {("example.org", "Kettle"): "Cluster"})
