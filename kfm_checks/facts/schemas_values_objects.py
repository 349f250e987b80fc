"""What the API server refuses of the other kinds beyond the schema (API reference of each kind)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import (
    PORT,
    QUALIFIED,
    SUBDOMAIN,
    Clause,
    Clauses,
    between,
    config_key,
    each_key,
    labels,
    needs,
    one_of,
    qualified,
    refuse,
    subdomain,
    unset,
    value,
    words,
)
from kfm_checks.model import Path

_SECURITY = re.compile(r"pod-security\.kubernetes\.io/(enforce|audit|warn)(-version)?")
_SECURITY_VERSION = re.compile(r"latest|v1\.(0|[1-9]\d*)", re.ASCII)
_LEVELS = ("privileged", "baseline", "restricted")
#: What a Secret of a type has to hold.
_SECRETS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _expression(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """An operator and the values that it takes."""
    operator, count = obj.get("operator"), len(obj.get("values") or [])
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        refuse(problems, (*path, "operator"), "it is no operator", "In, NotIn, Exists or DoesNotExist", operator)
    elif (takes := operator in ("In", "NotIn")) != (count > 0):
        wanted = "at least one" if takes else "none"
        refuse(problems, (*path, "values"), f"{operator} takes {'values' if takes else 'none'}", wanted, count)


def _security_labels(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Labels of Pod Security say a level or a version."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    for key in sorted(labels, key=str):
        found, text = _SECURITY.fullmatch(str(key)), str(labels[key] or "")
        if found and not (_SECURITY_VERSION.fullmatch(text) if found[2] else text in _LEVELS):
            expected = "latest or v1.N" if found[2] else ", ".join(_LEVELS)
            refuse(problems, (*path, "metadata", "labels", key), "Pod Security knows no such value", expected, text)


def _secret(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A Secret of a type holds what the type says."""
    held = {*(obj.get("data") or {}), *(obj.get("stringData") or {})}
    for name in _SECRETS.get(str(obj.get("type") or ""), ()):
        if name not in held:
            refuse(problems, (*path, "data", name), f"a Secret of this type holds {name}", "present", "absent")


def _no_system_class(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """Two classes are the system's own; no other may be called so."""
    name = str((obj.get("metadata") or {}).get("name") or "")
    if name.startswith("system-") and name not in ("system-cluster-critical", "system-node-critical"):
        refuse(problems, (*path, "metadata", "name"), "names with system- are the system's", "another name", name)


def _something(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A policy validates or annotates; it says of which resources."""
    if unset(obj.get("validations")) and unset(obj.get("auditAnnotations")):
        refuse(
            problems, (*path, "validations"), "the policy says nothing", "validations or auditAnnotations", "neither"
        )
    if unset((obj.get("matchConstraints") or {}).get("resourceRules")):
        place = (*path, "matchConstraints", "resourceRules")
        refuse(problems, place, "the policy is about nothing", "at least one rule", "absent or empty")


_POLICY: tuple[Clause, ...] = (
    needs("apiGroups", "apiVersions", "resources", "operations"),
    words("operations", "CREATE", "UPDATE", "DELETE", "CONNECT", "*"),
)
_WEBHOOK: tuple[Clause, ...] = (
    needs("name", "sideEffects", "admissionReviewVersions"),
    value("name", lambda v: subdomain(v) and v.count(".") >= 2, "a DNS name of at least three parts"),
    value("admissionReviewVersions", lambda v: bool({"v1", "v1beta1"} & set(v)), "v1 or v1beta1 among them"),
    words("sideEffects", "None", "NoneOnDryRun"),
    value("timeoutSeconds", between(1, 30), "from 1 to 30"),
)  # fmt: skip
_KEYS = tuple(
    each_key(name, config_key, "a key of letters, digits, '-', '_' and '.'")
    for name in ("data", "binaryData", "stringData")
)
_ADMISSION: Clauses = {
    "ValidatingAdmissionPolicySpec": (needs("matchConstraints"), _something),
    "ValidatingAdmissionPolicy": (needs("spec"),),
    "ValidatingAdmissionPolicyBinding": (needs("spec"),),
    "NamedRuleWithOperations": _POLICY,
    "RuleWithOperations": _POLICY,
    "Validation": (
        needs("expression"),
        words("reason", "Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge", strict=True),
    ),
    "MatchCondition": (needs("name", "expression"),),
    "Variable": (needs("name", "expression"),),
    "ValidatingAdmissionPolicyBindingSpec": (
        needs("policyName", "validationActions"), value("policyName", subdomain, SUBDOMAIN),
        words("validationActions", "Deny", "Warn", "Audit"),
    ),
    "WebhookClientConfig": (one_of("url", "service"),),
    "ServiceReference": (
        needs("name", "namespace"), value("port", between(1, 65535), PORT),
        value("path", lambda v: v.startswith("/"), "a path that begins with /"),
    ),
    "ValidatingWebhook": _WEBHOOK,
    "MutatingWebhook": _WEBHOOK,
}  # fmt: skip
OBJECTS: Clauses = {
    **{f"admissionregistration.v1.{name}": clauses for name, clauses in _ADMISSION.items()},
    "core.v1.ConfigMap": _KEYS,
    "core.v1.Secret": (*_KEYS, _secret),
    "core.v1.Namespace": (_security_labels,),
    "scheduling.v1.PriorityClass": (
        _no_system_class,
        words("preemptionPolicy", "PreemptLowerPriority", "Never", strict=True),
        value("value", between(-(2**31), 10**9), "at most 1000000000"),
    ),
    "meta.v1.LabelSelector": (labels("matchLabels"),),
    "meta.v1.LabelSelectorRequirement": (_expression, value("key", qualified, QUALIFIED, strict=True)),
    "storage.v1.StorageClass": (needs("provisioner"), value("provisioner", qualified, QUALIFIED)),
}  # fmt: skip
