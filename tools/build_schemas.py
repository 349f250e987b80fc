"""Build ``kfm_checks/schemas/v1.N.json.xz`` from the schema files that the package kubernetes-validate carries.

    python tools/build_schemas.py            # all versions that the installed kubernetes-validate has

Kept of each definition: its fields, types, formats, required fields, list types and map keys, and the kinds it is the
schema of. Dropped: descriptions, patch strategies, List kinds. Added: the closed sets of words in ``ENUMS``, which the
published OpenAPI documents only in prose. The output is the same, byte by byte, for the same input.

The source is Kubernetes' own OpenAPI document (Apache-2.0), as packaged by kubernetes-validate (Apache-2.0).
"""

from __future__ import annotations

import json
import lzma
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "kfm_checks" / "schemas"
CORE = "io.k8s.api.core.v1."
DROPPED = {"description", "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key", "x-kubernetes-unions"}
REF = "#/$defs/"

_PULL = ["Always", "IfNotPresent", "Never"]
_PROTOCOLS = ["TCP", "UDP", "SCTP"]
_CONCURRENCY = ["Allow", "Forbid", "Replace"]
_TERMINATION = ["File", "FallbackToLogsOnError"]
_OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"]
_FAILURE = ["Fail", "Ignore"]
_MATCH = ["Exact", "Equivalent"]
_SCOPES = ["Cluster", "Namespaced", "*"]
_METRICS = ["Object", "Pods", "Resource", "ContainerResource", "External"]
_HOST_PATHS = ["", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]
#: Closed sets of values, from the field descriptions of the Kubernetes API reference: definition -> field -> values.
ENUMS: dict[str, dict[str, list[str]]] = {
    **{
        CORE + name: {"imagePullPolicy": _PULL, "terminationMessagePolicy": _TERMINATION}
        for name in ("Container", "EphemeralContainer")
    },
    CORE + "PodSpec": {
        "restartPolicy": ["Always", "OnFailure", "Never"],
        "dnsPolicy": ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        "preemptionPolicy": ["PreemptLowerPriority", "Never"],
    },
    CORE + "ContainerPort": {"protocol": _PROTOCOLS},
    CORE + "ServicePort": {"protocol": _PROTOCOLS},
    CORE + "ServiceSpec": {
        "type": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        "externalTrafficPolicy": ["Cluster", "Local"],
        "internalTrafficPolicy": ["Cluster", "Local"],
        "ipFamilyPolicy": ["SingleStack", "PreferDualStack", "RequireDualStack"],
        "sessionAffinity": ["ClientIP", "None"],
    },
    CORE + "HTTPGetAction": {"scheme": ["HTTP", "HTTPS"]},
    CORE + "SeccompProfile": {"type": ["RuntimeDefault", "Unconfined", "Localhost"]},
    CORE + "AppArmorProfile": {"type": ["RuntimeDefault", "Unconfined", "Localhost"]},
    CORE + "PodSecurityContext": {"fsGroupChangePolicy": ["Always", "OnRootMismatch"]},
    CORE + "SecurityContext": {"procMount": ["Default", "Unmasked"]},
    CORE + "HostPathVolumeSource": {"type": _HOST_PATHS},
    CORE + "Toleration": {"effect": ["", "NoSchedule", "PreferNoSchedule", "NoExecute"]},
    CORE + "TopologySpreadConstraint": {"whenUnsatisfiable": ["DoNotSchedule", "ScheduleAnyway"]},
    CORE + "PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": ["Retain", "Delete", "Recycle"]},
    CORE + "PersistentVolumeClaimSpec": {"volumeMode": ["Block", "Filesystem"]},
    CORE + "VolumeMount": {"mountPropagation": ["None", "HostToContainer", "Bidirectional"]},
    CORE + "NodeSelectorRequirement": {"operator": [*_OPERATORS, "Gt", "Lt"]},
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement": {"operator": _OPERATORS},
    "io.k8s.api.apps.v1.DeploymentStrategy": {"type": ["Recreate", "RollingUpdate"]},
    "io.k8s.api.apps.v1.DaemonSetUpdateStrategy": {"type": ["OnDelete", "RollingUpdate"]},
    "io.k8s.api.apps.v1.StatefulSetUpdateStrategy": {"type": ["OnDelete", "RollingUpdate"]},
    "io.k8s.api.apps.v1.StatefulSetSpec": {"podManagementPolicy": ["OrderedReady", "Parallel"]},
    "io.k8s.api.batch.v1.CronJobSpec": {"concurrencyPolicy": _CONCURRENCY},
    "io.k8s.api.batch.v1.JobSpec": {"completionMode": ["NonIndexed", "Indexed"]},
    "io.k8s.api.networking.v1.NetworkPolicyPort": {"protocol": _PROTOCOLS},
    "io.k8s.api.networking.v1.HTTPIngressPath": {"pathType": ["Exact", "Prefix", "ImplementationSpecific"]},
    "io.k8s.api.policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": ["IfHealthyBudget", "AlwaysAllow"]},
    "io.k8s.api.autoscaling.v2.MetricSpec": {"type": _METRICS},
    "io.k8s.api.autoscaling.v2.MetricTarget": {"type": ["Utilization", "Value", "AverageValue"]},
    "io.k8s.api.admissionregistration.v1.MatchResources": {"matchPolicy": _MATCH},
    "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": _FAILURE},
    "io.k8s.api.admissionregistration.v1.ValidatingWebhook": {"failurePolicy": _FAILURE, "matchPolicy": _MATCH},
    "io.k8s.api.admissionregistration.v1.MutatingWebhook": {"failurePolicy": _FAILURE, "matchPolicy": _MATCH},
    "io.k8s.api.admissionregistration.v1.NamedRuleWithOperations": {"scope": _SCOPES},
    "io.k8s.api.admissionregistration.v1.RuleWithOperations": {"scope": _SCOPES},
    "io.k8s.api.storage.v1.StorageClass": {
        "reclaimPolicy": ["Delete", "Retain"],
        "volumeBindingMode": ["Immediate", "WaitForFirstConsumer"],
    },
}
#: The same for the items of lists.
ITEM_ENUMS: dict[str, dict[str, list[str]]] = {
    "io.k8s.api.networking.v1.NetworkPolicySpec": {"policyTypes": ["Ingress", "Egress"]},
    CORE + "PersistentVolumeClaimSpec": {
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]
    },
    "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": {
        "validationActions": ["Deny", "Warn", "Audit"]
    },
}


def compact(definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions of one version without what validation does not need."""
    found = {}
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind") or []
        if any(kind["kind"].endswith("List") for kind in kinds):
            continue
        found[name] = _node(definition)
        fields = found[name].get("properties") or {}
        for field, values in ENUMS.get(name, {}).items():
            if field in fields:
                fields[field]["enum"] = values
        for field, values in ITEM_ENUMS.get(name, {}).items():
            if field in fields:
                fields[field]["items"]["enum"] = values
    return found


def _node(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_node(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key in DROPPED and isinstance(value, str | list):
            continue
        if key == "properties":
            kept[key] = {name: _node(field) for name, field in value.items()}
        elif key == "type" and isinstance(value, list):
            kept[key] = next(item for item in value if item != "null")
        elif key == "$ref":
            kept[key] = value.rpartition(REF)[2]
        else:
            kept[key] = _node(value)
    return kept


def main() -> None:
    """Write one file a minor version, and say how large it is."""
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise SystemExit("kubernetes-validate is not installed; pip install kubernetes-validate")
    TARGET.mkdir(exist_ok=True)
    source = Path(spec.origin).parent / "kubernetes-json-schema"
    for folder in sorted(source.glob("v1.*.0-local")):
        version = ".".join(folder.name.removeprefix("v").split(".")[:2])
        definitions = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
        text = json.dumps(compact(definitions), separators=(",", ":"), sort_keys=True)
        target = TARGET / f"v{version}.json.xz"
        target.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
        print(f"{target.name}: {len(definitions)} definitions, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
