"""What the API server refuses of pods and their parts beyond the schema (API reference, Pod v1 core)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    LABEL,
    LABEL_VALUE,
    PORT,
    PORT_OR_NAME,
    QUALIFIED,
    SUBDOMAIN,
    Clause,
    Clauses,
    between,
    config_key,
    inside,
    label,
    label_text,
    labels,
    mappings,
    more_than_0,
    needs,
    no_less_than_0,
    one_of,
    port,
    qualified,
    refuse,
    subdomain,
    unique,
    unset,
    value,
    words,
)
from kfm_checks.model import Path

_ENV_NAME = re.compile(r"[ -<>-~]+", re.ASCII)
_IDS = between(0)
_ID = "a number from 0 to 2147483647"
#: Resources of containers that need no prefix.
STANDARD = frozenset({"cpu", "memory", "ephemeral-storage"})
FIELDS = ("initContainers", "containers", "ephemeralContainers")


def container_resource(name: str) -> bool:
    """Whether a container may ask for a resource of this name."""
    return qualified(name) and ("/" in name or name in STANDARD or name.startswith("hugepages-"))


def resources(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Names, amounts of at least 0, requests within limits."""
    found = obj.get("resources")
    limits = (found.get("limits") if isinstance(found, dict) else None) or {}
    for part in ("limits", "requests"):
        amounts = (found.get(part) if isinstance(found, dict) else None) or {}
        for name, amount in amounts.items():
            place = (*path, "resources", part, name)
            parsed = quantity(amount) or 0
            most = quantity(limits.get(name, amount)) or 0
            if not container_resource(str(name)):
                refuse(
                    problems,
                    place,
                    f"no container has a resource {name!r}",
                    "cpu, memory, ephemeral-storage or a name with a prefix",
                    str(name),
                )
            elif parsed < 0:
                refuse(problems, place, "an amount below 0", "at least 0", amount)
            elif "/" in str(name) and parsed.denominator != 1:
                refuse(problems, place, "extended resources are counted in whole numbers", "a whole number", amount)
            elif parsed > most:
                refuse(problems, place, "more is requested than the limit allows", f"at most {limits[name]}", amount)


def thresholds(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A probe that restarts succeeds at once."""
    for name in ("livenessProbe", "startupProbe"):
        probe = obj.get(name)
        if isinstance(probe, dict) and probe.get("successThreshold") not in (None, 0, 1):
            place = (*path, name, "successThreshold")
            refuse(problems, place, "a probe that restarts succeeds at once", "1", probe["successThreshold"])


def value_or_source(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A variable has a value or says where it comes from."""
    if obj.get("valueFrom") is not None and obj.get("value"):
        refuse(problems, (*path, "valueFrom"), "value and valueFrom exclude each other", "one of them", "both")


def privileges(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A privileged container escalates."""
    if obj.get("privileged") is True and obj.get("allowPrivilegeEscalation") is False:
        place = (*path, "allowPrivilegeEscalation")
        refuse(problems, place, "a privileged container can't be kept from escalating", "true or absent", False)


def localhost(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A profile of the node's own is named where the type is Localhost, and nowhere else."""
    if (obj.get("type") == "Localhost") == unset(obj.get("localhostProfile")):
        place = (*path, "localhostProfile")
        seen = obj.get("localhostProfile") or "absent"
        refuse(problems, place, "localhostProfile belongs to the type Localhost", "it and Localhost, or neither", seen)


def toleration(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Which fields of a toleration go together."""
    operator = obj.get("operator") or "Equal"
    if not obj.get("key") and operator != "Exists":
        refuse(problems, (*path, "operator"), "without a key only Exists has a meaning", "Exists", operator)
    if operator == "Exists" and obj.get("value"):
        refuse(problems, (*path, "value"), "Exists takes no value", "no value", obj["value"])
    if operator == "Equal" and not label_text(obj.get("value")):
        refuse(problems, (*path, "value"), f"it is not {LABEL_VALUE}", LABEL_VALUE, obj.get("value"))
    if obj.get("tolerationSeconds") is not None and obj.get("effect") != "NoExecute":
        refuse(problems, (*path, "effect"), "tolerationSeconds belongs to NoExecute", "NoExecute", obj.get("effect"))


def node_values(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Operators of node affinity take no value, one or several."""
    operator, count = str(obj.get("operator")), len(obj.get("values") or [])
    wanted = {"In": "one or more", "NotIn": "one or more", "Exists": "none", "DoesNotExist": "none"}.get(operator, "")
    wanted = "just one" if operator in ("Gt", "Lt") else wanted
    right = {"one or more": count > 0, "just one": count == 1, "none": count == 0}
    if not right.get(wanted, True):
        refuse(problems, (*path, "values"), f"{operator} takes another number of values", wanted, count)


def containers_of(spec: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every container with its place."""
    for name in FIELDS:
        for index, container in mappings(spec.get(name)):
            yield (*path, name, index), container


def together(spec: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """What containers share: their names, the network of the host, Windows' host processes."""
    found = list(containers_of(spec, path))
    unique([((*place, "name"), one.get("name")) for place, one in found], "a container named", problems)
    if not unset(spec.get("ephemeralContainers")):
        place = (*path, "ephemeralContainers")
        refuse(problems, place, "ephemeral containers are added to running pods alone", "none", "present")
    for place, one in found if spec.get("hostNetwork") is True else ():
        for index, entry in mappings(one.get("ports")):
            if entry.get("hostPort") not in (None, 0, entry.get("containerPort")):
                at = (*place, "ports", index, "hostPort")
                refuse(
                    problems,
                    at,
                    "in the host's network it is the containerPort",
                    str(entry.get("containerPort")),
                    entry["hostPort"],
                )
    if spec.get("hostNetwork") is not True and any(_host_process(one) for one in (spec, *(one for _, one in found))):
        refuse(problems, (*path, "hostNetwork"), "host processes need the host's network", "true", "absent or false")


def _host_process(holder: Mapping[str, Any]) -> bool:
    options = (holder.get("securityContext") or {}).get("windowsOptions")
    return isinstance(options, dict) and options.get("hostProcess") is True


def mounts(spec: Any, path: Path, problems: Problems, more: frozenset[str] = frozenset()) -> None:
    """Every mount names a volume of the pod, or one of ``more``; no two mounts of a container share a path."""
    if not isinstance(spec, dict):
        return
    known = {volume.get("name") for _, volume in mappings(spec.get("volumes"))} | more
    for place, container in containers_of(spec, path):
        for field in ("volumeMounts", "volumeDevices"):
            for index, mount in mappings(container.get(field)):
                if mount.get("name") not in known:
                    at = (*place, field, index, "name")
                    refuse(problems, at, "the pod has no volume of this name", "a volume", str(mount.get("name")))
        paths = [
            ((*place, "volumeMounts", i, "mountPath"), m.get("mountPath"))
            for i, m in mappings(container.get("volumeMounts"))
        ]
        unique(paths, "a mount at", problems)


_HANDLERS = ("exec", "httpGet", "tcpSocket")
_CONTAINER: tuple[Clause, ...] = (needs("image"), value("name", label, LABEL, strict=True), resources, thresholds)
_SELECTED: tuple[Clause, ...] = (
    needs("name", "key"),
    value("name", subdomain, SUBDOMAIN),
    value("key", config_key, "a key of a ConfigMap or Secret"),
)
_TOPOLOGY: tuple[Clause, ...] = (needs("topologyKey"), value("topologyKey", qualified, QUALIFIED))
PODS: Clauses = {
    "Container": _CONTAINER,
    "EphemeralContainer": _CONTAINER,
    "EnvVar": (
        needs("name"), value_or_source,
        value("name", lambda v: _ENV_NAME.fullmatch(v) is not None, "printable ASCII without '='"),
    ),
    "EnvVarSource": (one_of("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"),),
    "ConfigMapKeySelector": _SELECTED,
    "SecretKeySelector": _SELECTED,
    "ObjectFieldSelector": (needs("fieldPath"),),
    "EnvFromSource": (one_of("configMapRef", "secretRef"),),
    "ConfigMapEnvSource": (needs("name"), value("name", subdomain, SUBDOMAIN)),
    "SecretEnvSource": (needs("name"), value("name", subdomain, SUBDOMAIN)),
    "ContainerPort": (
        value("containerPort", between(1, 65535), PORT), value("hostPort", between(0, 65535), PORT),
        value("name", port, PORT_OR_NAME),
    ),
    "VolumeMount": (needs("name", "mountPath"), value("subPath", inside, "a relative path without a step up")),
    "VolumeDevice": (needs("name", "devicePath"),),
    "Probe": (
        one_of(*_HANDLERS, "grpc"), *more_than_0("terminationGracePeriodSeconds"),
        *no_less_than_0("initialDelaySeconds", "timeoutSeconds", "periodSeconds"),
        *no_less_than_0("successThreshold", "failureThreshold"),
    ),
    "LifecycleHandler": (one_of(*_HANDLERS, "sleep"),),
    "ExecAction": (needs("command"),),
    "HTTPGetAction": (value("port", port, PORT_OR_NAME, strict=True),),
    "TCPSocketAction": (value("port", port, PORT_OR_NAME, strict=True),),
    "GRPCAction": (value("port", port, PORT),),
    "SecurityContext": (value("runAsUser", _IDS, _ID), value("runAsGroup", _IDS, _ID), privileges),
    "PodSecurityContext": tuple(value(name, _IDS, _ID) for name in ("runAsUser", "runAsGroup", "fsGroup")),
    "SeccompProfile": (localhost,),
    "AppArmorProfile": (localhost,),
    "TopologySpreadConstraint": (*more_than_0("maxSkew", "minDomains"), needs("topologyKey")),
    "Toleration": (toleration, value("key", qualified, QUALIFIED)),
    "NodeSelector": (needs("nodeSelectorTerms"),),
    "NodeSelectorRequirement": (node_values, value("key", qualified, QUALIFIED, strict=True)),
    "PreferredSchedulingTerm": (value("weight", between(1, 100), "from 1 to 100"),),
    "WeightedPodAffinityTerm": (value("weight", between(1, 100), "from 1 to 100"),),
    "PodAffinityTerm": _TOPOLOGY,
    "PodSpec": (
        needs("containers"), *more_than_0("activeDeadlineSeconds"),
        *(value(name, subdomain, SUBDOMAIN) for name in ("serviceAccountName", "priorityClassName", "nodeName")),
        value("runtimeClassName", subdomain, SUBDOMAIN),
        *(value(name, label, LABEL) for name in ("hostname", "subdomain")), together, labels("nodeSelector"),
        words("preemptionPolicy", "PreemptLowerPriority", "Never"),
    ),
}  # fmt: skip
