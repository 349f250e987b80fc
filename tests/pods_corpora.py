"""Which of others' cases bear on which check, by what their rules ask, and what ours says.

The topics were assigned first; RULES, ASIDE and ASIDE_CASES were written after the first comparison (docs/agreement/pods.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfm_checks import check_objects, load_manifests
from kfm_checks.config import parse_settings
from kfm_checks.facts.disruption import room
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.pod_security import violations
from kfm_checks.facts.workloads import workloads
from kfm_checks.model import Manifest

#: The policy version for cases that name none: before procMount was tightened and sysctls were widened.
VERSION = "v1.34"
#: Their control -> our controls of the Pod Security Standards, judged at restricted.
CONTROLS = {
    "capabilities.add": {"capabilities_baseline"},
    "hostNamespaces": {"hostNamespaces"},
    "hostPathVolumes": {"hostPathVolumes"},
    "hostPorts": {"hostPorts"},
    "hostProcess": {"windowsHostProcess"},
    "procMount": {"procMount"},
    "privileged": {"privileged"},
    "appArmor": {"appArmorProfile"},
    "seLinux": {"seLinuxOptions"},
    "sysctls": {"sysctls"},
    "allowPrivilegeEscalation": {"allowPrivilegeEscalation"},
    "capabilities.drop": {"capabilities_restricted"},
    "capabilities.drop.NET_RAW": {"capabilities_restricted"},
    "runAsNonRoot": {"runAsNonRoot", "runAsUser"},
    "seccomp": {"seccompProfile_restricted"},
    "volumeTypes": {"restrictedVolumes"},
}
BASELINE = {"pss_baseline"}
#: Rules that ask for less or more than the control they are filed under: dropped capabilities are restricted's.
RULES = {"insecureCapabilities": {"capabilities_restricted"}}
#: Rules that ask what none of our rows asks, and why.
ASIDE = {
    "resourceRange": "our rows ask that amounts are set, not that they lie in a range of Polaris' own",
}
#: Cases of a rule about two objects in which one of them is missing or not selected: nothing to compare.
ASIDE_CASES = {
    f"polaris/pdbMinAvailableGreaterThanHPAMinReplicas/{name}": "no budget and autoscaler of the same workload"
    for name in (
        "success",
        "success.hpa-no-match",
        "success.no-hpa",
        "success.no-match",
        "success.no-pdb",
        "success.pdb-no-match",
        "success.percent-no-replica",
    )
}


_PSS = "kubernetes.io/docs/concepts/security/pod-security-standards"
_PDB = "kubernetes.io/docs/tasks/run-application/configure-pdb"
_RANGE = "kubernetes.io/docs/concepts/policy/limit-range"
_SPREAD = "kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints"
#: Cases whose verdict differs from ours: (where Kubernetes says it, why). docs/agreement/pods.md is made from this.
THEIRS: dict[str, tuple[str, str]] = {
    "regula/allow_privilege_escalation/valid_example": (_PSS, "the field is absent; restricted asks for false"),
    "regula/net_raw_capability/valid_example": (_PSS, "drops NET_RAW alone; restricted asks to drop ALL"),
    "regula/root_containers/valid_example": (_PSS, "a user other than 0 without runAsNonRoot: true, or runAsUser: 0"),
    "regula/seccomp_profile/valid_example": (
        _PSS,
        "annotations, which Kubernetes ignores from 1.27; the field is asked",
    ),
    "trivy-checks/capabilities_no_drop_all/good0": (_PSS, "`all` in small letters; the standard's value is ALL"),
    "trivy-checks/specific_capabilities_added/bad0": (_PSS, "NET_BIND_SERVICE is in the set that baseline allows"),
    "polaris/insecureCapabilities/success": (_PSS, "drops capabilities by name; restricted asks to drop ALL"),
    "polaris/insecureCapabilities/success.all": (_PSS, "`All` in mixed letters; the standard's value is ALL"),
    "polaris/insecureCapabilities/success.case": (_PSS, "drops capabilities by name; restricted asks to drop ALL"),
    "polaris/insecureCapabilities/success.pod": (_PSS, "drops capabilities by name; restricted asks to drop ALL"),
    "polaris/pdbDisruptionsIsZero/success.both": (_PDB, "sets both bounds, which the API server refuses"),
    "polaris/pdbDisruptionsIsZero/success.none": (_PDB, "sets no bound, so it budgets nothing"),
    "polaris/pdbMinAvailableGreaterThanHPAMinReplicas/success-maxUnavailable": (
        _PDB,
        "five of five pods may go at once",
    ),
    "polaris/pdbMinAvailableGreaterThanHPAMinReplicas/success.equals": (
        _PDB,
        "five of five must stay: no eviction, ever",
    ),
    "polaris/pdbMinAvailableGreaterThanHPAMinReplicas/success.no-min-replicas": (
        "kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2",
        "minReplicas is 1 where it is absent, and two must stay",
    ),
    "polaris/topologySpreadConstraint/success": (_SPREAD, "the constraint selects other pods than the workload's own"),
    "trivy-checks-rego/use_limit_range/test_use_limit_range_no_min": (_RANGE, "a minimum bounds nothing from above"),
    "trivy-checks-rego/use_limit_range/test_use_limit_range_no_max": (_RANGE, "a default bounds what says nothing"),
    "trivy-checks-rego/use_limit_range/test_use_limit_range_no_default": (_RANGE, "Kubernetes uses max as the default"),
    "trivy-checks-rego/use_limit_range/test_use_limit_range_default_request": (
        _RANGE,
        "Kubernetes uses the default limit as the default request",
    ),
    "kubescape/image-not-pinned-to-digest/pod-exempted-repo": (
        "kubernetes.io/docs/concepts/containers/images",
        "their exemption list; ours is images.immutable-tags, which the case's objects don't carry",
    ),
}


@dataclass(frozen=True)
class Compared:
    """One case: their verdict and ours (None: not verified, or their question is not ours)."""

    id: str
    topic: str
    theirs: str
    ours: str


def cases(root: Path) -> Iterator[dict[str, Any]]:
    """The cases of our topics, from every corpus that has them."""
    for corpus in ("psa", "regula", "polaris", "trivy-checks", "trivy-checks-rego", "kubescape"):
        for line in (root / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case["maps_to"] in JUDGES and case["rule"] not in ASIDE and case["id"] not in ASIDE_CASES:
                yield case


def objects_of(root: Path, case: dict[str, Any]) -> list[Manifest]:
    """The manifests of a case."""
    return [obj if isinstance(obj, Manifest) else Manifest(obj) for obj in load_manifests(root / case["path"])]


def _outcome(objects: list[Manifest], check: str, config: dict[str, Any] | None = None, part: str = "") -> str:
    settings = parse_settings(config or {})
    result = check_objects(objects, only=[check], config=settings.config, as_of="2026-11-22").result(check)
    found = [e for e in result.evidence if part in e.pointer]
    if not part:
        return result.outcome
    return "fail" if any(e.holds is False for e in found) else "pass" if found else "not-applicable"


def _pss(objects: list[Manifest], case: dict[str, Any]) -> str:
    wanted = RULES.get(case["rule"], CONTROLS[case["control"]])
    level = "baseline" if case["maps_to"] == "pss_baseline" and case["rule"] not in RULES else "restricted"
    found = [bad for w in workloads(inventory(objects)) for bad in violations(w.template, level, VERSION)]
    return "fail" if any(bad.check in wanted for bad in found) else "pass"


def _psa(objects: list[Manifest], case: dict[str, Any]) -> str:
    answers = {
        bool([bad for w in workloads(inventory(objects)) for bad in violations(w.template, case["level"], version)])
        for version in case["versions"]
    }
    return "mixed" if len(answers) > 1 else "fail" if answers == {True} else "pass"


def _pods(objects: list[Manifest], case: dict[str, Any]) -> str:
    return _psa(objects, case) if "versions" in case else _pss(objects, case)


def _resources(objects: list[Manifest], case: dict[str, Any]) -> str:
    section, _, resource = case["control"].partition(".")
    return _outcome(objects, f"containers-set-{section}", part=f"/{section}/{resource}")


def _probes(objects: list[Manifest], case: dict[str, Any]) -> str:
    """Our row asks it of Deployments and their like: a bare Pod is judged as the template of one."""
    return _outcome([_deployed(obj) for obj in objects], f"workloads-have-{case['control']}-probe")


def _deployed(obj: Manifest) -> Manifest:
    if obj.get("kind") != "Pod":
        return obj
    template = {"metadata": obj.get("metadata"), "spec": obj.get("spec")}
    return Manifest(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}
    )


def _replicated(obj: Manifest) -> Manifest:
    """Their question is which pods a budget or a rule selects: replicas enough that only this decides."""
    return Manifest({**obj, "spec": {**obj["spec"], "replicas": 5}}) if obj.get("kind") == "Deployment" else obj


def _disruption(objects: list[Manifest], case: dict[str, Any]) -> str:
    if case["rule"] == "pdbDisruptionsIsZero":
        measured = [room(obj, 10).allowed for obj in objects]
        return "fail" if any(allowed == 0 or allowed is None for allowed in measured) else "pass"
    names = [w.id for w in workloads(inventory(objects))]
    config = {"workloads": {"critical": names}}
    if case["rule"] == "topologySpreadConstraint":
        return _outcome([_replicated(obj) for obj in objects], "critical-workloads-are-spread", config)
    return _outcome([_replicated(obj) for obj in objects], "critical-workloads-have-disruption-budget", config)


JUDGES: dict[str, Callable[[list[Manifest], dict[str, Any]], str]] = {
    "pss_baseline": _pods,
    "pss_restricted": _pods,
    "pss_namespace": lambda objects, case: _outcome(objects, "namespaces-enforce-pod-security"),
    "resources": _resources,
    "probes": _probes,
    "image_latest": lambda objects, case: _outcome(objects, "images-are-not-latest"),
    "image_pinning": lambda objects, case: _outcome(objects, "images-are-pinned-by-digest"),
    "quota_limitrange": lambda objects, case: _outcome(objects, "namespaces-have-limit-range"),
    "pdb_antiaffinity": _disruption,
}


def compare(root: Path) -> list[Compared]:
    """Every case of our topics, with both verdicts."""
    return [
        Compared(case["id"], case["maps_to"], case["expect"], JUDGES[case["maps_to"]](objects_of(root, case), case))
        for case in cases(root)
    ]
