"""Metadata as the API server checks it for every object, beyond the schema: names, labels, annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kfm_checks.facts import schemas_formats as formats
from kfm_checks.facts.schemas_rules import Problem, Problems
from kfm_checks.facts.schemas_store import as_numbers
from kfm_checks.model import Path

_RBAC = "rbac.authorization.k8s.io"
#: Kinds whose names the API server holds against nothing but the URL that they become part of.
_ANY_NAME = frozenset({("policy", "PodDisruptionBudget"), ("", "Event"), ("events.k8s.io", "Event")})
#: From here on Services may be named as RFC 1123 has it (feature RelaxedServiceNameValidation, on by default).
_RELAXED_SERVICES = (1, 36)
#: What the API server itself appends to a generateName.
_SUFFIX = "xxxxx"


def metadata_problems(obj: Mapping[str, Any], version: str) -> Problems:
    """What is wrong with an object's name, namespace, labels and annotations."""
    problems: Problems = []
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        if metadata is None:
            problems.append(Problem(("metadata",), "metadata is missing", "metadata with a name", "absent"))
        return problems  # of another type: the schema says so
    _name(obj, metadata, version, problems)
    namespace = metadata.get("namespace")
    if isinstance(namespace, str) and namespace:
        _note(("metadata", "namespace"), "namespace", namespace, formats.dns_label, problems)
    _labels(metadata.get("labels"), ("metadata", "labels"), problems)
    _annotations(metadata.get("annotations"), problems)
    return problems


def label_problems(labels: Any, path: Path, problems: Problems) -> None:
    """What is wrong with a mapping of labels, wherever it stands."""
    _labels(labels, path, problems)


def template_problems(template: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """What is wrong with the labels of a template's objects."""
    metadata = template.get("metadata")
    if isinstance(metadata, dict):
        _labels(metadata.get("labels"), (*path, "metadata", "labels"), problems)


def _name(obj: Mapping[str, Any], metadata: Mapping[str, Any], version: str, problems: Problems) -> None:
    rule = _rule_of(obj, version)
    name, prefix = metadata.get("name"), metadata.get("generateName")
    if isinstance(name, str) and name:
        _note(("metadata", "name"), "name", name, rule, problems)
    elif isinstance(prefix, str) and prefix:
        _note(("metadata", "generateName"), "generateName", prefix + _SUFFIX, rule, problems)
    elif (name is None or name == "") and (prefix is None or prefix == ""):
        problems.append(Problem(("metadata", "name"), "the object has no name", "a name", "absent"))


def _rule_of(obj: Mapping[str, Any], version: str) -> Callable[[str], str]:
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    kind = obj.get("kind")
    if group == _RBAC:
        return formats.path_segment
    if (group, kind) in _ANY_NAME:
        return formats.path_segment
    if (group, kind) in (("", "Namespace"), ("apps", "StatefulSet")):
        return formats.dns_label
    if group == "" and kind == "Service":
        return formats.dns_label if as_numbers(version) >= _RELAXED_SERVICES else formats.dns_1035
    return formats.dns_subdomain


def _note(path: Path, what: str, value: str, rule: Callable[[str], str], problems: Problems) -> None:
    wanted = rule(value)
    if wanted:
        problems.append(Problem(path, f"{value!r} is no valid {what}", wanted, value))


def _labels(labels: Any, path: Path, problems: Problems) -> None:
    if not isinstance(labels, dict):
        return
    for key, value in labels.items():
        if wanted := formats.label_key(key):
            problems.append(Problem((*path, key), f"{key!r} is no valid label key", wanted, key))
        if isinstance(value, str) and (wanted := formats.label_value(value)):
            problems.append(Problem((*path, key), f"the value of label {key!r} is not valid", wanted, value))


def _annotations(annotations: Any, problems: Problems) -> None:
    if not isinstance(annotations, dict):
        return
    path = ("metadata", "annotations")
    for key in annotations:
        if wanted := formats.label_key(key.lower()):
            problems.append(Problem((*path, key), f"{key!r} is no valid annotation key", wanted, key))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items() if isinstance(value, str))
    if size > formats.ANNOTATIONS_BYTES:
        problems.append(Problem(path, "the annotations are too large together", "at most 256 KiB", f"{size} bytes"))
