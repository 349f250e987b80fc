"""What controllers make of which objects: an owner reference counts only where its kind makes such objects.

Anybody may write ``ownerReferences``, and the garbage collector asks only whether the owner exists. Sources: Kubernetes
documentation, *Owners and Dependents* and the pages of the workloads; the projects' own for theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.live_owners import people
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest

Pair = tuple[str, str]
GATEWAY: Pair = ("gateway.networking.k8s.io", "Gateway")
CHALLENGE: Pair = ("acme.cert-manager.io", "Challenge")
INGRESS: Pair = ("networking.k8s.io", "Ingress")
#: Of a door its controller may make the parts that open it.
_DOOR = frozenset({"Service", "EndpointSlice", "CiliumEnvoyConfig", "TargetGroupBinding", "Certificate", "Secret"})
#: Workloads whose controllers take what they did not make away again, or let it go. Those of Jobs do neither once the
#: Job is done, and those of CronJobs never: what claims to be theirs is looked at itself.
_WORKLOADS: Mapping[Pair, frozenset[str]] = {
    ("apps", "Deployment"): frozenset({"ReplicaSet"}),
    ("apps", "ReplicaSet"): frozenset({"Pod"}),
    ("apps", "StatefulSet"): frozenset({"Pod", "ControllerRevision", "PersistentVolumeClaim"}),
    ("apps", "DaemonSet"): frozenset({"Pod", "ControllerRevision"}),
    ("", "ReplicationController"): frozenset({"Pod"}),
}
#: Owner -> kinds that it makes.
_MAKES: Mapping[Pair, frozenset[str]] = {
    **_WORKLOADS,
    ("batch", "CronJob"): frozenset({"Job"}),
    ("batch", "Job"): frozenset({"Pod"}),
    ("apps.openshift.io", "DeploymentConfig"): frozenset({"ReplicationController", "Pod"}),
    ("argoproj.io", "Rollout"): frozenset({"ReplicaSet", "AnalysisRun", "Experiment"}),
    ("apps.kruise.io", "CloneSet"): frozenset({"Pod", "PersistentVolumeClaim", "ControllerRevision"}),
    ("", "Pod"): frozenset({"Pod", "ConfigMap", "PersistentVolumeClaim", "CiliumEndpoint"}),
    ("", "Service"): frozenset({"EndpointSlice"}),
    ("", "ServiceAccount"): frozenset({"Secret"}),
    INGRESS: _DOOR,
    GATEWAY: _DOOR | {"Deployment", "ServiceAccount", "ConfigMap", "HorizontalPodAutoscaler", "PodDisruptionBudget"},
    ("external-secrets.io", "ExternalSecret"): frozenset({"Secret"}),
    ("external-secrets.io", "ClusterExternalSecret"): frozenset({"ExternalSecret"}),
    ("cert-manager.io", "Certificate"): frozenset({"Secret", "CertificateRequest"}),
    CHALLENGE: frozenset({"Pod", "Service", "Ingress", "HTTPRoute"}),
    ("bitnami.com", "SealedSecret"): frozenset({"Secret"}),
    ("trust.cert-manager.io", "Bundle"): frozenset({"ConfigMap", "Secret"}),
    ("argoproj.io", "ApplicationSet"): frozenset({"Application"}),
    **dict.fromkeys((("argoproj.io", kind) for kind in ("Application", "AppProject")), frozenset()),
    **dict.fromkeys(
        (("monitoring.coreos.com", kind) for kind in ("ServiceMonitor", "PodMonitor", "Probe", "PrometheusRule")),
        frozenset(),
    ),
}
#: Groups whose other kinds make nothing that they own. What those of other projects make, only they know.
_CLOSED = frozenset(
    {"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io",
     "scheduling.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "admissionregistration.k8s.io",
     "gateway.networking.k8s.io", "external-secrets.io", "cert-manager.io", "trust.cert-manager.io", "bitnami.com",
     "kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh", "kustomize.toolkit.fluxcd.io",
     "source.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"}
)  # fmt: skip


def kind_of(owner: Mapping[str, Any]) -> Pair:
    """Group and kind of an owner reference."""
    return str(owner.get("apiVersion") or "").rpartition("/")[0], str(owner.get("kind") or "")


def may_make(owner: Pair, kind: str) -> bool:
    """Whether objects of a kind may come of such an owner."""
    makes = _MAKES.get(owner)
    return kind in makes if makes is not None else owner[0] not in _CLOSED


def over(obj: Mapping[str, Any]) -> bool:
    """Whether a Pod or a Job ran to its end: it opens, holds and reaches nothing any more."""
    if obj.get("kind") == "Job":
        conditions = items(obj, "status", "conditions")
        return any(c.get("type") in ("Complete", "Failed") and c.get("status") == "True" for c in conditions)
    return obj.get("kind") == "Pod" and dig(obj, "status", "phase") in ("Succeeded", "Failed")


def by_workload(obj: Mapping[str, Any]) -> bool:
    """Whether a workload's controller made and keeps this object: the workload stands for it."""
    return any(obj.get("kind") in _WORKLOADS.get(kind_of(owner), ()) for owner in controllers(obj))


def makers_of(obj: Manifest, seen: Inventory, among: frozenset[Pair]) -> list[Manifest]:
    """The controlling owners that are there, by their uid, and of kinds that are known to make such objects."""
    found = []
    for owner in controllers(obj):
        group, kind = kind_of(owner)
        maker = seen.get(kind, str(owner.get("name") or ""), obj.key.namespace, group)
        same = maker is not None and dig(maker, "metadata", "uid", default=owner.get("uid")) == owner.get("uid")
        if maker is None or not same or (group, kind) not in among:
            continue
        if may_make((group, kind), obj.key.kind) and of_its_own(obj, maker):
            found.append(maker)
    return found


def of_its_own(obj: Manifest, owner: Manifest) -> bool:
    """Whether an owner can have made it: no pod comes of a Job that is done, and none but its own Jobs of a CronJob."""
    if over(owner) and not over(obj):
        return False
    if owner.key.kind != "CronJob" or not people(obj):
        return True
    # Somebody ran it once by hand (``kubectl create job --from``): what ran is what git says, or it isn't its own.
    template = dig(owner, "spec", "jobTemplate", "spec", "template", "spec")
    return bool(dig(obj, "spec", "template", "spec") == template)


def controllers(obj: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The owner references that say that a controller keeps the object."""
    return (owner for owner in items(obj, "metadata", "ownerReferences") if owner.get("controller") is True)
