"""Which objects a Kyverno rule is for: ``match`` and ``exclude``, with kinds, names, namespaces and selectors.

https://kyverno.io/docs/policy-types/cluster-policy/match-exclude/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.admission.kyverno_values import has_wildcard, wildcard
from kfm_checks.admission.matching import in_namespace, selected, texts
from kfm_checks.admission.model import Candidate, NotEvaluated
from kfm_checks.facts.objects import items

_VERSION = re.compile(r"v\d+((alpha|beta)\d+)?|\*")
#: Namespaces that Kyverno's own webhook leaves out as it is installed.
UNJUDGED = frozenset({"kube-system", "kube-public", "kube-node-lease", "kyverno"})
_USERS = ("roles", "clusterRoles", "subjects")


def kind_selector(text: str) -> tuple[str, str, str, str]:
    """Group, version, kind and subresource of ``Pod``, ``v1/Pod``, ``apps/v1/Deployment`` or ``Pod/exec``."""
    parts = text.split("/")
    if len(parts) == 1:
        return "*", "*", text, ""
    if len(parts) == 2:
        return ("*", *parts, "") if _VERSION.fullmatch(parts[0]) else ("*", "*", *parts)  # type: ignore[return-value]
    if len(parts) == 3:
        if _VERSION.fullmatch(parts[0]) and not _VERSION.fullmatch(parts[1]):
            return ("*", *parts)  # type: ignore[return-value]
        return (*parts, "")  # type: ignore[return-value]
    return (parts[0], parts[1], parts[2], parts[3])


def _kind(wanted: str, candidate: Candidate) -> bool:
    group, version, kind, subresource = kind_selector(wanted)
    return (
        subresource in ("", "*")
        and wildcard(group, candidate.group)
        and wildcard(version, candidate.version)
        and wildcard(kind, candidate.kind)
    )


def _annotations(wanted: Mapping[str, Any], present: Mapping[str, str]) -> bool:
    return all(
        any(wildcard(str(key), k) and wildcard(str(value), v) for k, v in present.items())
        for key, value in wanted.items()
    )


def _selector(selector: Mapping[str, Any], labels: Mapping[str, str]) -> Mapping[str, Any]:
    """Wildcards in ``matchLabels`` stand for a label of the object."""
    wanted = selector.get("matchLabels")
    if not isinstance(wanted, dict) or not any(has_wildcard(f"{k}{v}") for k, v in wanted.items()):
        return selector
    made = {}
    for key, value in wanted.items():
        found = next(((k, v) for k, v in labels.items() if wildcard(str(key), k) and wildcard(str(value), v)), None)
        k, v = found if found is not None else (str(key).replace("*", "0"), str(value).replace("*", "0"))
        made[k] = v
    return {**selector, "matchLabels": made}


def _resources(block: Mapping[str, Any], candidate: Candidate) -> bool:
    """The ``resources`` of a filter: all its parts must match. Raises NotEvaluated on unknown namespace labels."""
    kinds, names = texts(block.get("kinds")), texts(block.get("names"))
    if kinds and not any(_kind(kind, candidate) for kind in kinds):
        return False
    operations = texts(block.get("operations"))
    if operations and candidate.operation not in operations:
        return False
    own = candidate.name
    if isinstance(block.get("name"), str) and block["name"] and not wildcard(block["name"], own):
        return False
    if names and not any(wildcard(name, own) for name in names):
        return False
    namespaces = texts(block.get("namespaces"))
    namespace = own if candidate.kind == "Namespace" else candidate.namespace
    if namespaces and not any(wildcard(name, namespace) for name in namespaces):
        return False
    annotations = block.get("annotations")
    if isinstance(annotations, dict) and not _annotations(annotations, candidate.annotations):
        return False
    wanted = block.get("selector")
    if isinstance(wanted, dict) and not selected(_selector(wanted, candidate.labels), candidate.labels):
        return False
    selector = block.get("namespaceSelector")
    if isinstance(selector, dict) and candidate.kind != "Namespace":
        return in_namespace(_selector(selector, candidate.namespace_labels), candidate)
    return True


def _filter(block: Mapping[str, Any], candidate: Candidate, *, doubt: bool) -> bool:
    """One filter. ``doubt``: whether the answer matters, so that one that hangs on the user can't be given."""
    resources = block.get("resources")
    users = any(block.get(name) for name in _USERS)
    if not isinstance(resources, dict) and not users:
        return False
    if isinstance(resources, dict) and resources and not _resources(resources, candidate):
        return False
    if users and doubt:
        raise NotEvaluated("the rule depends on who asks (roles or subjects), which no render tells")
    return True


def _block(block: Any, candidate: Candidate) -> bool:
    if not isinstance(block, dict):
        return False
    if isinstance(block.get("any"), list) and block["any"]:
        return any(_filter(f, candidate, doubt=True) for f in items(block, "any"))
    if isinstance(block.get("all"), list) and block["all"]:
        return all(_filter(f, candidate, doubt=True) for f in items(block, "all"))
    return _filter(block, candidate, doubt=True)


def rule_matches(rule: Mapping[str, Any], candidate: Candidate, namespace: str = "") -> bool:
    """Whether a rule is for a candidate; ``namespace`` is that of a namespaced Policy. Raises NotEvaluated."""
    if namespace and namespace != candidate.namespace:
        return False
    if not _block(rule.get("match"), candidate):
        return False
    return not _block(rule.get("exclude"), candidate)


def kind_matches(rule: Mapping[str, Any], candidate: Candidate) -> bool:
    """Whether any filter of a rule's ``match`` takes the candidate's kind."""
    block = rule.get("match")
    if not isinstance(block, dict):
        return False
    for one in [block, *items(block, "any"), *items(block, "all")]:
        resources = one.get("resources")
        kinds = texts(resources.get("kinds")) if isinstance(resources, dict) else ()
        # A block that only holds filters names no kind itself.
        names = one is not block or not (block.get("any") or block.get("all"))
        if names and (not kinds or any(_kind(kind, candidate) for kind in kinds)):
            return True
    return False


def kind_decides(rule: Mapping[str, Any]) -> bool:
    """Whether the kind and the operation alone say if the rule is for an object."""
    block = rule.get("match")
    if rule.get("exclude") or not isinstance(block, dict):
        return False
    blocks = [block, *items(block, "any"), *items(block, "all")]
    return all(
        not any(one.get(name) for name in _USERS)
        and (not isinstance(one.get("resources"), dict) or set(one["resources"]) <= {"kinds", "operations"})
        for one in blocks
    )


def matched_kinds(rule: Mapping[str, Any], part: str = "match") -> tuple[str, ...]:
    """Every kind that a rule's ``match`` (or ``exclude``) names."""
    block = rule.get(part)
    blocks = [block, *items(block, "any"), *items(block, "all")] if isinstance(block, dict) else []
    return tuple(
        kind for b in blocks if isinstance(b.get("resources"), dict) for kind in texts(b["resources"].get("kinds"))
    )
