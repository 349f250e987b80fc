"""Verdicts that others wrote on secrets, read from ../shared/corpora; skipped, visibly, where it is absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.ciphertext import sops_claims
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets import file_credentials, object_credentials
from kfm_checks.facts.tree import Tree
from kfm_checks.manifests import parse_manifests

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
#: Their verdict fails a secretKeyRef in an environment variable, which SEC-01 wants (docs/agreement/secrets.md).
THEIRS = {"regula/secrets_as_environment_variables/invalid_example"}


def cases() -> list[Any]:
    """Every case on plain-text secrets, and every one of the corpus that must be no finding."""
    if not CORPORA.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/corpora is absent"))]
    lines = [line for path in sorted(CORPORA.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    found = [json.loads(line) for line in lines if "plaintext_secrets" in line or "secret_recognition" in line]
    return [pytest.param(case, id=case["id"]) for case in found]


@pytest.mark.parametrize("case", cases())
def test_agrees_with_others(case: dict[str, Any]) -> None:
    """SEC-01 says what the case says, apart from the one disagreement that the docs explain."""
    path = CORPORA / case["path"]
    if path.is_dir():
        tree = Tree(path, CORPORA)
        found = [e for _, exposures in file_credentials(tree).looked_at for e in exposures]
        assert [claim.faults for claim in sops_claims(tree)] == [()]
    else:
        objects = inventory(parse_manifests(path.read_text(encoding="utf-8")))
        found = [e for _, exposures in object_credentials(objects).looked_at for e in exposures]
    ours = "fail" if found else "pass"
    assert (ours == case["expect"]) is (case["id"] not in THEIRS), [exposure.kind for exposure in found]
