"""Rules that Kyverno makes for workload kinds out of a rule for Pods.

https://kyverno.io/docs/policy-types/cluster-policy/autogen/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kfm_checks.admission.kyverno_match import kind_selector, matched_kinds
from kfm_checks.facts.objects import annotations_of, items
from kfm_checks.model import Manifest

ANNOTATION = "pod-policies.kyverno.io/autogen-controllers"
CONTROLLERS = ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet")
Rule = dict[str, Any]


def expanded(policy: Manifest, rules: list[Rule]) -> list[Rule]:
    """The rules as written, and after them those that Kyverno generates."""
    wanted = _controllers(policy, rules)
    made = list(rules)
    for rule in rules:
        if not rule.get("validate") or "Pod" not in _kinds(rule, "match"):
            continue
        if matched_kinds(rule, "exclude") and "Pod" not in _kinds(rule, "exclude"):
            continue
        plain = [kind for kind in CONTROLLERS if kind in wanted]
        if plain:
            made.append(_generated(rule, "autogen-", plain, ("template",)))
        if "CronJob" in wanted:
            made.append(_generated(rule, "autogen-cronjob-", ["CronJob"], ("jobTemplate", "spec", "template")))
    return made


def _kinds(rule: Rule, part: str) -> set[str]:
    return {kind_selector(kind)[2] for kind in matched_kinds(rule, part)}


def _controllers(policy: Manifest, rules: list[Rule]) -> frozenset[str]:
    """The kinds that rules are generated for: none where a rule names, selects or mixes Pods with other kinds."""
    if not all(_supported(rule, part) for rule in rules for part in ("match", "exclude")):
        return frozenset()
    written = annotations_of(policy).get(ANNOTATION, "all")
    if written == "none":
        return frozenset()
    if "all" in written.split(","):
        return frozenset({*CONTROLLERS, "CronJob"})
    return frozenset(name.strip() for name in written.split(","))


def _supported(rule: Rule, part: str) -> bool:
    block = rule.get(part)
    if not isinstance(block, dict):
        return True
    for filter_ in [block, *items(block, "any"), *items(block, "all")]:
        resources = filter_.get("resources")
        if not isinstance(resources, dict):
            continue
        kinds = resources.get("kinds")
        mixed = isinstance(kinds, list) and len(kinds) > 1 and "Pod" in {kind_selector(str(k))[2] for k in kinds}
        if mixed or any(resources.get(name) for name in ("name", "names", "selector", "annotations")):
            return False
    return True


def _generated(rule: Rule, prefix: str, kinds: list[str], path: tuple[str, ...]) -> Rule:
    made: Rule = json.loads(json.dumps(rule, default=str))
    made["name"] = f"{prefix}{rule.get('name')}"[:63]
    for part in ("match", "exclude"):
        block = made.get(part)
        if isinstance(block, dict):
            for filter_ in [block, *items(block, "any"), *items(block, "all")]:
                _retarget(filter_.get("resources"), kinds)
    spec = made["validate"]
    if isinstance(spec, dict):
        if "pattern" in spec:
            spec["pattern"] = _wrapped(spec["pattern"], path)
        if isinstance(spec.get("anyPattern"), list):
            spec["anyPattern"] = [_wrapped(pattern, path) for pattern in spec["anyPattern"]]
    shifted: Rule = json.loads(
        moved(json.dumps(made), ".".join(path), "cel" in spec if isinstance(spec, dict) else False)
    )
    return shifted


def _retarget(resources: Any, kinds: list[str]) -> None:
    if isinstance(resources, dict) and "Pod" in {kind_selector(str(k))[2] for k in resources.get("kinds") or []}:
        resources["kinds"] = kinds


def _wrapped(pattern: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    for step in reversed(("spec", *path)):
        pattern = {step: pattern}
    return pattern  # type: ignore[no-any-return]


def moved(text: str, path: str, cel: bool) -> str:
    """``request.object.spec`` (and, in CEL, ``object.spec``) as it stands in the workload."""
    root = "" if cel else "request."
    for name in ("object", "oldObject"):
        marked = f"{root}{name}.\x00"
        for part in ("spec", "metadata"):
            text = text.replace(f"{root}{name}.{part}", f"{marked}.{path}.{part}")
        text = text.replace(marked, f"{root}{name}.spec")
    return text
