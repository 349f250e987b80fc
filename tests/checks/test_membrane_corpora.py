"""MEM-03 against others' rules about the presence of policies: what agrees, and what differs, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.run import check_objects

CHECK = "namespaces-deny-by-default"
#: Where their rule asks less or more than the row; each is explained in docs/agreement/netpol.md.
DIFFER = {
    "polaris/tlsSettingsMissing/success": "fail",
    "polaris/missingNetworkPolicy/failure.netpol_missing_egress_rules": "pass",
    "polaris/missingNetworkPolicy/failure.netpol_missing_ingress_rules": "pass",
}


def cases(corpora: Path, corpus: str) -> list[dict[str, Any]]:
    """The network policy cases of a corpus."""
    lines = (corpora / f"{corpus}.jsonl").read_text().splitlines()
    return [case for case in map(json.loads, lines) if case["maps_to"] == "netpol"]


def objects(path: Path) -> list[dict[str, Any]]:
    """The manifests of a file or folder."""
    files = [path] if path.is_file() else sorted(path.rglob("*.y*ml"))
    return [obj for file in files for obj in yaml.safe_load_all(file.read_text()) if obj]


def outcome(found: list[dict[str, Any]]) -> str:
    """The outcome of MEM-03's check."""
    return check_objects(found, only=[CHECK]).result(CHECK).outcome


def test_polaris(corpora: Path) -> None:
    """missingNetworkPolicy: four of six agree; two ask for rules where a policy without rules denies everything."""
    found = {
        case["id"]: (outcome(objects(corpora / case["path"])), case["expect"]) for case in cases(corpora, "polaris")
    }
    assert len(found) == 6
    for id, (ours, theirs) in found.items():
        assert ours == DIFFER.get(id, theirs), id


def test_kubescape_bears_only_with_a_workload(corpora: Path) -> None:
    """internal-networking asks for any policy in a namespace without workloads: the row has nothing to judge there."""
    for case in cases(corpora, "kubescape"):
        assert outcome(objects(corpora / case["path"])) == "not-applicable", case["id"]


@pytest.mark.parametrize(
    ("case", "ours"),
    [
        ("namespace-failed", "fail"),  # agrees: the policy lies in another namespace
        ("namespace-passed", "fail"),  # theirs: a policy that selects some pods, for egress, is enough
        ("namespace-cnp-passed", "not-verified"),  # Cilium policies are named, not evaluated
        ("namespace-ccnp-passed", "not-verified"),
    ],
)
def test_kubescape_with_a_pod(corpora: Path, case: str, ours: str) -> None:
    """With a pod added, the row judges what isolates it."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "test"},
        "spec": {"containers": []},
    }
    assert outcome([*objects(corpora / "kubescape/internal-networking" / case), pod]) == ours


def test_trivy_has_no_network_policy(corpora: Path) -> None:
    """Their objects are apiVersion v1, kind NetworkPolicy, which no API server knows; nothing is isolated by them."""
    for case in cases(corpora, "trivy-checks"):
        assert outcome(objects(corpora / case["path"])) == "not-applicable", case["id"]


def test_polaris_on_tls(corpora: Path) -> None:
    """tlsSettingsMissing asks for any TLS entry; the row for one that covers the hosts of the rules."""
    lines = (corpora / "polaris.jsonl").read_text().splitlines()
    for case in (case for case in map(json.loads, lines) if case["rule"] == "tlsSettingsMissing"):
        found = check_objects(objects(corpora / case["path"]), only=["public-hosts-use-tls"])
        assert found.results[0].outcome == DIFFER.get(case["id"], case["expect"]), case["id"]
