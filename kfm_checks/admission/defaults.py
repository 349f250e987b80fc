"""What the API server fills in before admission judges an object, kind by kind, as the API reference documents it.

https://kubernetes.io/docs/reference/kubernetes-api/. Nulls count as absent, as decoding into a typed object makes them.
What the server decides by itself (an address, a generated value) can't be filled in: ``undetermined`` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.admission.defaults_kinds import (
    autoscaler,
    ingress_class,
    limit_range,
    network_policy,
    policy,
    policy_binding,
    service,
    webhooks,
)
from kfm_checks.admission.defaults_pod import fill, pod_spec, sub
from kfm_checks.facts.objects import dig, items

Obj = dict[str, Any]
#: Groups of Kubernetes itself that don't end in ``.k8s.io``.
_BUILT_IN = frozenset({"", "apps", "batch", "policy", "autoscaling", "extensions", "events"})


def built_in(group: str) -> bool:
    """Whether the server decodes the group's objects into types of its own."""
    crds_too = ("gateway.networking.k8s.io", "snapshot.storage.k8s.io", "policy.networking.k8s.io", "metrics.k8s.io")
    return group in _BUILT_IN or (group.endswith(".k8s.io") and group not in crds_too and ".x-k8s" not in group)


def completed(obj: Mapping[str, Any]) -> Obj:
    """A copy with defaults, without nulls. What has another type than the API gives it stays as it is."""
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    group = api_version.rpartition("/")[0]
    copy: Obj = _clean(dict(obj)) if built_in(group) else _copy(dict(obj))
    default = _DEFAULTS.get((group, kind))
    if default is not None:
        default(copy)
    return copy


#: Fields that say nothing when they are false: the server's types leave them out.
_FALSE_IS_UNSET = frozenset(
    {"hostNetwork", "hostPID", "hostIPC", "globalDefault", "stdin", "stdinOnce", "tty", "publishNotReadyAddresses"}
)
#: Lists that stay though they are empty: the schema calls them required.
_EMPTY_IS_SET = frozenset({"rules", "containers", "verbs", "limits", "endpoints"})


def _says(name: str, value: Any) -> bool:
    if value is None or (value == [] and name not in _EMPTY_IS_SET):
        return False
    return not (value is False and name in _FALSE_IS_UNSET)


def _clean(value: Any) -> Any:
    """Without what the server's types leave out: nulls, empty lists, what is false by default."""
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if _says(k, v)}
    return [_clean(v) for v in value] if isinstance(value, list) else value


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def _template(spec: Obj) -> None:
    template = sub(spec, "template")
    if template is not None:
        fill(template, metadata={})
        pod_spec(sub(template, "spec"))


def _pod(obj: Obj) -> None:
    pod_spec(sub(obj, "spec"), runs=True)


def _controller(obj: Obj) -> None:
    """A ReplicationController selects what its template says, and is labelled like it."""
    _scaled(obj)
    labels = dig(obj, "spec", "template", "metadata", "labels")
    if isinstance(labels, dict) and labels:
        fill(sub(obj, "spec"), selector=dict(labels))
        fill(sub(obj, "metadata"), labels=dict(labels))


def _scaled(obj: Obj) -> None:
    if (spec := sub(obj, "spec")) is not None:
        fill(spec, replicas=1)
        _template(spec)


def _deployment(obj: Obj) -> None:
    _scaled(obj)
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    if (strategy := sub(spec, "strategy")) is not None:
        fill(strategy, type="RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            fill(strategy, rollingUpdate={})
            fill(sub(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")


def _stateful_set(obj: Obj) -> None:
    _scaled(obj)
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, podManagementPolicy="OrderedReady", revisionHistoryLimit=10, updateStrategy={})
    fill(spec, persistentVolumeClaimRetentionPolicy={})
    fill(sub(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    if (strategy := sub(spec, "updateStrategy")) is not None:
        fill(strategy, type="RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            fill(strategy, rollingUpdate={})
            fill(sub(strategy, "rollingUpdate"), partition=0, maxUnavailable=1)
    for claim in items(spec, "volumeClaimTemplates"):
        fill(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        _claim(claim)


def _daemon_set(obj: Obj) -> None:
    if (spec := sub(obj, "spec")) is None:
        return
    _template(spec)
    fill(spec, revisionHistoryLimit=10, updateStrategy={})
    if (strategy := sub(spec, "updateStrategy")) is not None:
        fill(strategy, type="RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            fill(strategy, rollingUpdate={})
            fill(sub(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)


def _job(obj: Obj) -> None:
    if (spec := sub(obj, "spec")) is None:
        return
    _template(spec)
    if "completions" not in spec and "parallelism" not in spec:
        fill(spec, completions=1)
    fill(spec, parallelism=1, completionMode="NonIndexed", suspend=False, backoffLimit=6, manualSelector=False)
    fill(spec, podReplacementPolicy="Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")


def _cron_job(obj: Obj) -> None:
    if (spec := sub(obj, "spec")) is None:
        return
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    fill(sub(spec, "jobTemplate"), metadata={})
    if (job := sub(sub(spec, "jobTemplate") or {}, "spec")) is not None:
        _template(job)


def _claim(obj: Obj) -> None:
    fill(sub(obj, "spec"), volumeMode="Filesystem")


def _volume(obj: Obj) -> None:
    spec = sub(obj, "spec")
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    fill(sub(spec, "hostPath"), type="")


def _namespace(obj: Obj) -> None:
    metadata = sub(obj, "metadata")
    if metadata is not None:
        fill(metadata, labels={})
        fill(sub(metadata, "labels"), **{"kubernetes.io/metadata.name": str(metadata.get("name") or "")})
    fill(obj, spec={})
    fill(sub(obj, "spec"), finalizers=["kubernetes"])


def _role_binding(obj: Obj) -> None:
    fill(sub(obj, "roleRef"), apiGroup="rbac.authorization.k8s.io")
    for subject in items(obj, "subjects"):
        fill(subject, apiGroup="" if subject.get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io")
        if subject["apiGroup"] == "":
            del subject["apiGroup"]


def _custom_resource(obj: Obj) -> None:
    fill(sub(obj, "spec"), conversion={"strategy": "None"})


_DEFAULTS: Mapping[tuple[str, str], Callable[[Obj], None]] = {
    ("", "Pod"): _pod,
    ("", "PodTemplate"): _template,
    ("", "ReplicationController"): _controller,
    ("apps", "ReplicaSet"): _scaled,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "Service"): service,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume,
    ("", "LimitRange"): limit_range,
    ("", "Namespace"): _namespace,
    ("", "Secret"): lambda o: fill(o, type="Opaque"),
    ("networking.k8s.io", "NetworkPolicy"): network_policy,
    ("networking.k8s.io", "IngressClass"): ingress_class,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaler,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): policy,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): policy_binding,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): webhooks,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): webhooks,
    ("rbac.authorization.k8s.io", "RoleBinding"): _role_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _role_binding,
    ("storage.k8s.io", "StorageClass"): lambda o: fill(o, reclaimPolicy="Delete", volumeBindingMode="Immediate"),
    ("scheduling.k8s.io", "PriorityClass"): lambda o: fill(o, preemptionPolicy="PreemptLowerPriority"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _custom_resource,
}
_SERVER_SET = frozenset({"uid", "creationTimestamp", "resourceVersion", "managedFields", "selfLink", "generation"})


#: Every name that ``undetermined`` can give, whatever the kind.
SERVER_DECIDES = _SERVER_SET | {
    "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "nodePort", "healthCheckNodePort", "storageClassName",
    "volumeName", "priority", "nodeName", "preemptionPolicy", "overhead", "ingressClassName",
}  # fmt: skip


def undetermined(obj: Mapping[str, Any]) -> frozenset[str]:
    """Names of fields that the server or a plugin of it sets on this object, to a value not known here."""
    metadata = dig(obj, "metadata", default={})
    names = {name for name in _SERVER_SET if name not in metadata}
    kind, spec = obj.get("kind"), dig(obj, "spec", default={})
    if not isinstance(spec, dict):
        return frozenset(names)
    if kind == "Service" and spec.get("type") != "ExternalName":
        names |= {name for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy") if name not in spec}
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            names |= {"nodePort"} if any("nodePort" not in port for port in items(spec, "ports")) else set()
            names |= {"healthCheckNodePort"} - set(spec)
    if kind == "PersistentVolumeClaim":
        names |= {"storageClassName", "volumeName"} - set(spec)
    if kind == "Pod":
        names |= {"priority", "nodeName", "preemptionPolicy", "overhead"} - set(spec)
    if kind == "Ingress":
        names |= {"ingressClassName"} - set(spec)
    return frozenset(names)
