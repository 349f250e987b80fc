"""Agreement with kubeconform's own test cases; each disagreement is explained in docs/agreement/schema.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfm_checks.checks.schema import objects_match_schema
from kfm_checks.errors import ManifestError
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.schemas import schemas
from kfm_checks.manifests import load_manifests

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
CASES = CORPORA / "kubeconform.jsonl"
ABOUT = (Path(__file__).resolve().parents[2] / "docs" / "agreement" / "schema.md").read_text(encoding="utf-8")
#: What we say instead, and why: the page has a line for each.
OTHERWISE = {
    "kubeconform/extra_property.yaml": "fail",
    "kubeconform/duplicate_property.yaml": "fail",
    "kubeconform/test_crd.yaml": "unknown",
}


def verdict(path: Path) -> str:
    """pass, fail, or unknown where a kind has no schema."""
    try:
        found = inventory(load_manifests(path))
    except ManifestError:
        return "fail"
    holds = {evidence.holds for evidence in objects_match_schema(found, schemas(found))}
    return "fail" if False in holds else "unknown" if None in holds else "pass"


@pytest.mark.skipif(not CASES.exists(), reason="the corpora are not here: ../shared/corpora")
def test_kubeconform_agrees() -> None:
    """Every case agrees, or is one of those explained."""
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    found = {case["id"]: (verdict(CORPORA / case["path"]), case["expect"]) for case in cases}
    assert {id: ours for id, (ours, theirs) in found.items() if ours != theirs} == OTHERWISE
    assert all(f"`{id.partition('/')[2]}`" in ABOUT for id in OTHERWISE)
