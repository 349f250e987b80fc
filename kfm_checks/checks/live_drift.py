"""GIT-04: the live state equals the rendered state."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_drift import Drift
from kfm_checks.model import Evidence

#: What has to have been listed before anybody can say that nothing is beyond git. Secrets are not among them: who may
#: list them may read them, and from inside the cluster nobody does.
NEEDED = (
    "Pod", "Service", "ServiceAccount", "ConfigMap", "PersistentVolumeClaim", "ResourceQuota", "LimitRange",
    "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps", "Job.batch", "CronJob.batch",
    "HorizontalPodAutoscaler.autoscaling", "PodDisruptionBudget.policy", "Ingress.networking.k8s.io",
    "NetworkPolicy.networking.k8s.io", "Role.rbac.authorization.k8s.io", "RoleBinding.rbac.authorization.k8s.io",
    "ClusterRoleBinding.rbac.authorization.k8s.io",
)  # fmt: skip
_HOW = {
    "server-side-apply": "by server-side apply in dry run",
    "managed-fields": "by who manages its entries, never by their values",
    "field-subset": "by the fields that git gives, for want of a dry run",
}


def live_matches_render(cluster: Cluster, drift: tuple[Drift, ...]) -> Iterator[Evidence]:
    """Each rendered object is in the cluster with the fields that Git gives it, and nothing else is beside them.

    The server itself says what it would make of the render (server-side apply, dry run), so its defaulting, conversion
    and list keys decide what is equal; where only reading is permitted, the fields that git gives are compared, and the
    evidence says so. What others rightly own is no drift: replicas under an autoscaler, injected CA bundles, Argo CD's
    `ignoreDifferences`, objects that Flux leaves alone. A dry run keeps what somebody added by hand: who manages the
    field tells it, unless the same tool applies the whole object. Objects in the overlay's namespaces that git does not
    know are drift, too, unless they come of what it knows: an owner counts where its kind makes such objects.

    NIST SP 800-53 CM-6; Kubernetes documentation, Server-Side Apply.

    Remedy: commit what was changed by hand or revert it, and let the controller heal.
    """
    if not cluster.comparisons:
        raise NotVerified("no object was compared with the cluster")
    for one in drift:
        yield _evidence(one)
    known = {str(listing.kind) for listing in cluster.listings if listing.problem}
    failed = [x for x in cluster.listings if x.problem and (x.kind.namespaced or str(x.kind) in NEEDED)]
    for listing in (*failed, *(x for x in cluster.unread(NEEDED) if str(x.kind) not in known)):
        yield unknown(listing.key, message=f"{listing.refusal}; what is there beyond git, nobody saw")


def _evidence(one: Drift) -> Evidence:
    subject = one.obj if one.obj is not None else one.key
    who = f"; {one.owner} did it" if one.owner else ""
    if one.change == "same" and not one.how:
        return holds(subject, message=one.note, expected="as rendered, or gone", observed="gone")
    if one.change == "same":
        how = _HOW.get(one.how, "")
        note = f" ({one.note})" if one.note else ""
        return holds(subject, message=f"it is as git says, {how}{note}", expected="as rendered", observed="as rendered")
    if one.change == "unknown":
        return unknown(subject, one.path, message=one.note, expected="compared with the cluster")
    if one.change == "missing":
        note = f" ({one.note})" if one.note else ""
        return fails(subject, message=f"it is not in the cluster{note}", expected="as rendered", observed="absent")
    if one.change == "extra":
        note = f": {one.note}" if one.note else ""
        return fails(
            subject, message=f"git does not know it{note}{who}", expected="absent", observed=one.live or "present"
        )
    note = f"; {one.note}" if one.note else ""
    message = f"it was changed in the cluster{note}{who} (compared {_HOW.get(one.how, '')})"
    return fails(subject, one.path, message=message, expected=one.wanted, observed=one.live)
