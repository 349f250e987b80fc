"""Speed of the admission engines: 1,000 objects through 50 CEL policies, and through 20 Kyverno policies.

Run: python benchmarks/admission.py. The target is under 2 seconds each, on two cores, on top of the render.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from kfm_checks.admission.engine import Policies, compile_policies
from kfm_checks.facts.admission import admission_candidates, admission_policies, admission_run
from kfm_checks.facts.objects import inventory

LIMIT = 2.0
CEL = (
    "object.spec.template.spec.containers.all(c, has(c.resources.limits) && 'memory' in c.resources.limits)",
    "object.spec.template.spec.containers.all(c, c.image.contains('@sha256:'))",
    "object.spec.replicas <= 10",
    "has(object.metadata.labels) && 'app' in object.metadata.labels",
    "!object.spec.template.spec.?hostNetwork.orValue(false)",
)
PATTERNS: tuple[dict[str, Any], ...] = (
    {"metadata": {"labels": {"app": "?*"}}},
    {"spec": {"template": {"spec": {"containers": [{"image": "*@sha256:*"}]}}}},
    {"spec": {"template": {"spec": {"=(hostNetwork)": False}}}},
    {"spec": {"replicas": "<=10"}},
)


def deployment(number: int) -> dict[str, Any]:
    """A Deployment as they are in overlays."""
    labels = {"app": f"app-{number}", "team": "kfm"}
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}}
    container = {
        "name": "app",
        "image": f"ghcr.io/kfm/app-{number}@sha256:{'a' * 64}",
        "resources": resources,
        "livenessProbe": {"httpGet": {"path": "/", "port": 8080}},
        "env": [{"name": f"V{i}", "value": str(i)} for i in range(10)],
    }
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"app-{number}", "namespace": "kfm", "labels": labels},
        "spec": spec,
    }


def cel_policy(number: int) -> list[dict[str, Any]]:
    """A bound ValidatingAdmissionPolicy; half of them with a variable and a condition."""
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    spec: dict[str, Any] = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": CEL[number % len(CEL)]}],
    }
    if number % 2:
        spec["matchConditions"] = [{"name": "named", "expression": "object.metadata.name != ''"}]
        spec["variables"] = [{"name": "limit", "expression": "object.spec.replicas * 10"}]
        spec["validations"].append({"expression": "variables.limit < 1000"})
    api = "admissionregistration.k8s.io/v1"
    binding = {"policyName": f"p-{number}", "validationActions": ["Deny"]}
    return [
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": f"p-{number}"}, "spec": spec},
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": f"p-{number}"},
            "spec": binding,
        },
    ]


def kyverno_policy(number: int) -> dict[str, Any]:
    """An enforced ClusterPolicy of one rule: patterns, and every fifth a loop with conditions."""
    condition = {"key": "{{ element.image }}", "operator": "Equals", "value": "*:latest"}
    loop = [{"list": "request.object.spec.template.spec.containers", "deny": {"conditions": {"any": [condition]}}}]
    validate: dict[str, Any] = {"foreach": loop} if number % 5 == 4 else {"pattern": PATTERNS[number % 4]}
    rule = {
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["Deployment"]}}]},
        "validate": {"message": "no", **validate},
    }
    spec = {"validationFailureAction": "Enforce", "rules": [rule]}
    return {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": f"k-{number}"}, "spec": spec}


def measure(objects: list[dict[str, Any]], policies: list[dict[str, Any]]) -> tuple[float, int]:
    """Seconds from objects to verdicts, and how many verdicts there were."""
    known = inventory([*objects, *policies])
    started = time.perf_counter()
    compiled: Policies | None = admission_policies(known, None)
    run = admission_run(known, compiled, admission_candidates(known, None))
    return time.perf_counter() - started, len(run.verdicts)


def main() -> int:
    """Print the figures; 1 where one is above the limit."""
    objects = [deployment(number) for number in range(1000)]
    compile_policies(inventory(cel_policy(0)))  # the runtime's import is measured apart
    slow = 0
    for name, policies in (
        ("50 CEL policies", [obj for number in range(50) for obj in cel_policy(number)]),
        ("20 Kyverno policies", [kyverno_policy(number) for number in range(20)]),
    ):
        seconds, verdicts = min(measure(objects, policies) for _ in range(2))
        print(f"1000 objects x {name}: {seconds:.2f} s, {verdicts} verdicts")
        slow += seconds > LIMIT
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
