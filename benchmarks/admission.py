"""Speed of the admission engines: 1,000 objects through 50 CEL policies, and through 20 Kyverno policies.

Run: python benchmarks/admission.py. The target is under 2 seconds each, on top of the render, for everything that the
admission checks ask: verdicts on the objects as they are, and on what the rails forbid, made of each of them. CPU
seconds are printed beside the wall clock's, which counts what else the machine does.
"""

from __future__ import annotations

import sys
import time
from typing import Any, NamedTuple

from kfm_checks.admission.engine import Policies, compile_policies
from kfm_checks.config import Config
from kfm_checks.facts.admission import admission_attempts, admission_candidates, admission_policies, admission_run
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

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


class Measured(NamedTuple):
    """Seconds of CPU and by the clock, for verdicts and for attempts; and how many there were."""

    verdicts: float
    attempts: float
    wall: float
    counts: tuple[int, int]


def measure(objects: list[dict[str, Any]], policies: list[dict[str, Any]]) -> Measured:
    """From objects to verdicts, then to attempts."""
    known = inventory([*objects, *policies])
    found = workloads(known)
    wall, started = time.perf_counter(), time.process_time()
    compiled: Policies | None = admission_policies(known, None)
    made = admission_candidates(known, None)
    run = admission_run(known, compiled, made)
    middle = time.process_time()
    tried = admission_attempts(known, compiled, made, found, Config())
    ended = time.process_time()
    counts = len(run.verdicts), len(tried)
    return Measured(middle - started, ended - middle, time.perf_counter() - wall, counts)


def main() -> int:
    """Print the figures; 1 where one is above the limit."""
    objects = [deployment(number) for number in range(1000)]
    compile_policies(inventory(cel_policy(0)))  # the runtime's import is measured apart
    slow = 0
    for name, policies in (
        ("50 CEL policies", [obj for number in range(50) for obj in cel_policy(number)]),
        ("20 Kyverno policies", [kyverno_policy(number) for number in range(20)]),
    ):
        best = min((measure(objects, policies) for _ in range(3)), key=lambda m: m.verdicts + m.attempts)
        print(
            f"1000 objects x {name}: {best.counts[0]} verdicts in {best.verdicts:.2f} s CPU, "
            f"{best.counts[1]} attempts in {best.attempts:.2f} s CPU, together {best.wall:.2f} s by the clock"
        )
        slow += best.verdicts + best.attempts > LIMIT
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
