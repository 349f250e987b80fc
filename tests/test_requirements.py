"""The catalogue says what the governing document's table says, row by row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kfm_checks.model import LETTERS, Requirement
from kfm_checks.requirements import CATALOGUE, SECTIONS, requirement, role_for

DESIGN = Path(__file__).parents[2] / "shared" / "design" / "requirements.md"

#: Written down once more, by hand: id, level, letters, checks.
EXPECTED = (
    ("META-01", "M", "T R", "environment-is-production"),
    ("META-02", "S", "R C", "cluster-name-is-known"),
    ("META-03", "S", "C A", "kubernetes-version-is-known"),
    ("META-04", "M", "R C", "gitops-controller-is-known"),
    ("META-05", "M", "R", "ingress-domain-is-known"),
    ("META-06", "M", "R", "namespaces-are-known"),
    ("META-07", "M", "T", "data-classification-is-known"),
    ("LAY-01", "M", "T", "overlay-has-expected-layout"),
    ("LAY-02", "M", "T R", "overlay-holds-only-delta"),
    ("LAY-03", "M", "T", "entrypoint-has-no-literal-secrets"),
    ("LAY-04", "M", "T", "patches-are-patches"),
    ("LAY-05", "M", "T R", "platform-has-no-tenant-apps"),
    ("LAY-06", "S", "T", "policies-are-operative"),
    ("LAY-07", "M", "T R", "apps-are-gitops-wiring"),
    ("LAY-08", "M", "T", "secrets-are-references"),
    ("LAY-09", "M", "T", "remote-bases-are-pinned"),
    ("LAY-10", "S", "T G", "no-orphan-manifests"),
    ("LAY-11", "S", "T R", "folders-hold-what-they-are-for"),
    ("CHG-01", "M", "G", "change-is-pull-request"),
    ("CHG-02", "M", "G T", "change-has-required-approvals"),
    ("CHG-03", "M", "G", "change-states-intent"),
    ("CHG-04", "S", "G R", "change-is-small"),
    ("CHG-05", "S", "R", "critical-workloads-roll-out-progressively"),
    ("CHG-06", "M", "G R", "rollback-is-feasible"),
    ("CHG-07", "S", "R A", "workloads-are-observed"),
    ("CHG-08", "M", "T G A", "break-glass-is-closed"),
    ("CHG-09", "M", "G", "ci-gates-passed"),
    ("GIT-01", "M", "R", "overlay-is-reconciled"),
    ("GIT-02", "M", "R", "reconciliation-self-heals"),
    ("GIT-03", "M", "R", "reconciliation-tracks-main"),
    ("GIT-04", "M", "C", "live-matches-render"),
    ("GIT-05", "M", "C", "controller-reports-healthy"),
    ("MEM-01", "M", "R C", "entry-only-through-gateway"),
    ("MEM-02", "M", "R C", "datastores-are-private"),
    ("MEM-03", "M", "R", "namespaces-deny-by-default"),
    ("MEM-04", "M", "R", "datastores-reached-only-by-approved"),
    ("MEM-05", "M", "R C", "rbac-roles-are-separated"),
    ("MEM-06", "M", "R", "rbac-has-no-escalation"),
    ("MEM-07", "M", "R C", "public-hosts-use-tls"),
    ("SEN-01", "M", "T R", "sensitive-data-is-not-public"),
    ("SEN-02", "M", "R A", "sensitive-data-is-fenced"),
    ("SEN-03", "S", "R A", "edge-redacts-logs"),
    ("SEN-04", "M", "T", "published-locations-are-generalised"),
    ("SEC-01", "M", "T R", "no-plaintext-credentials"),
    ("SEC-02", "M", "R T", "secrets-come-from-backend"),
    ("SEC-03", "M", "R C", "secrets-are-isolated"),
    ("SEC-04", "M", "T R A", "secret-rotation-is-tested"),
    ("SEC-05", "M", "T A", "break-glass-rotation-is-documented"),
    ("SEC-06", "M", "T", "ciphertext-is-ciphertext"),
    ("RAIL-01", "M", "R", "namespaces-have-quota namespaces-have-limit-range"),
    ("RAIL-02", "M", "R", "workloads-have-liveness-probe workloads-have-readiness-probe"),
    ("RAIL-03", "M", "R", "containers-set-requests containers-set-limits"),
    ("RAIL-04", "S", "R", "critical-workloads-have-disruption-budget"),
    ("RAIL-05", "S", "R", "critical-workloads-are-spread"),
    ("RAIL-06", "M", "R", "images-are-not-latest images-are-pinned-by-digest"),
    ("RAIL-07", "S", "R", "services-avoid-node-port"),
    ("RAIL-08", "M", "R C", "namespaces-enforce-pod-security pods-meet-baseline pods-meet-restricted"),
    ("RAIL-09", "S", "R C", "admission-policies-are-enforced objects-pass-admission-policies"),
    ("RAIL-10", "S", "R", "image-signatures-are-verified"),
    ("RAIL-11", "M", "R", "service-account-tokens-are-needed"),
    ("RAIL-12", "S", "R A", "datastores-are-backed-up"),
    ("DAT-01", "M", "T", "data-manifest-is-valid"),
    ("DAT-02", "M", "T", "dataset-checksums-match"),
    ("DAT-03", "M", "T G", "dataset-versions-are-immutable"),
    ("DAT-04", "M", "T R", "data-reconciler-is-wired"),
    ("DAT-05", "M", "G T", "data-rollback-resolves"),
    ("DAT-06", "M", "T G A", "datasets-are-approved"),
    ("DAT-08", "M", "R C", "only-reconciler-loads-data"),
    ("DAT-07", "S", "T", "stac-items-are-valid"),
    ("OPS-01", "M", "R", "render-is-reproducible"),
    ("OPS-02", "M", "C", "ingress-serves-hosts"),
    ("OPS-03", "M", "C", "live-datastores-are-private"),
    ("OPS-04", "M", "C", "live-policies-are-enforced"),
    ("OPS-05", "S", "T A", "rollbacks-are-recorded"),
    ("DOD-01", "M", "", ""),
    ("DOD-02", "M", "", ""),
    ("DOD-03", "M", "G", "no-secret-or-endpoint-added"),
    ("DOD-04", "M", "", ""),
    ("DOD-05", "M", "", ""),
    ("GATE-01", "M", "R", "overlay-renders"),
    ("GATE-02", "M", "R", "objects-match-schema"),
    ("GATE-03", "M", "", "objects-pass-admission-policies"),
    ("GATE-04", "M", "R", "images-are-not-latest images-are-pinned-by-digest"),
    ("GATE-05", "S", "G R", "diff-summary-is-generated"),
    ("REF-01", "S", "T", "readme-references-resolve"),
)

ROLL_UPS = {
    "DOD-01": "CHG-01 CHG-02",
    "DOD-02": "CHG-09 GATE-01 GATE-02 GATE-03",
    "DOD-03": "SEC-01 LAY-03 LAY-08 MEM-02",
    "DOD-04": "CHG-03 CHG-06",
    "DOD-05": "CHG-07",
    "GATE-03": "RAIL-08",
}


def test_rows_are_the_documents() -> None:
    """Ids, levels, letters and checks are the contract's, in its order."""
    letters = {method: letter for letter, method in LETTERS.items()}
    actual = [(r.id, r.level[0].upper(), " ".join(letters[m] for m in r.by), " ".join(r.checks)) for r in CATALOGUE]
    assert actual == list(EXPECTED)


def test_rows_agree_with_the_design() -> None:
    """Where the design is at hand, its table and the catalogue name the same ids, levels and checks."""
    if not DESIGN.exists():
        pytest.skip(f"{DESIGN.name} is not beside this checkout")
    text = DESIGN.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]+-\d\d) (†? ?)\| ([MS]) \| (.*) \|$", text, re.MULTILINE)
    assert [row[0] for row in rows] == [r.id for r in CATALOGUE]
    for id, dagger, level, rest in rows:
        found = requirement(id)
        assert found.level[0].upper() == level
        assert (found.origin == "house") is bool(dagger.strip())
        named = [name for name in re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", rest) if name not in ("kube-system",)]
        assert set(named) <= set(found.checks), id
        assert bool(found.checks) or bool(found.rolls_up), id


def test_roll_ups_fold_known_rows() -> None:
    """A roll-up names rows that exist."""
    assert {r.id: " ".join(r.rolls_up) for r in CATALOGUE if r.rolls_up} == ROLL_UPS
    ids = {r.id for r in CATALOGUE}
    assert all(id in ids for r in CATALOGUE for id in r.rolls_up)


def test_only_restricted_is_advisory() -> None:
    """The one (S) inside a must row is ``pods-meet-restricted``, and it is among the row's checks."""
    assert {r.id: r.advisory for r in CATALOGUE if r.advisory} == {"RAIL-08": ("pods-meet-restricted",)}
    assert set(requirement("RAIL-08").advisory) < set(requirement("RAIL-08").checks)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda r: r.id)
def test_wording_is_complete(row: Requirement) -> None:
    """Each row has a short title, one sentence as its statement, a reason and a remedy."""
    assert 0 < len(row.title) <= 60
    assert not row.title.endswith(".")
    for text in (row.statement, row.rationale, row.remedy):
        assert text.endswith(".")
        assert text == " ".join(text.split())
    assert row.section in SECTIONS


def test_wording_is_the_products_own() -> None:
    """No statement repeats a sentence of the design's table."""
    if not DESIGN.exists():
        pytest.skip(f"{DESIGN.name} is not beside this checkout")
    text = " ".join(DESIGN.read_text(encoding="utf-8").lower().split())
    assert [r.id for r in CATALOGUE if r.statement.lower().rstrip(".") in text] == []


def test_roles() -> None:
    """Data rows go to the data steward, change rows to the application deployer, the rest to the platform operator."""
    assert role_for("SEN-01") == role_for("DAT-07") == "data-steward"
    assert role_for("CHG-01") == role_for("DOD-05") == "application-deployer"
    assert role_for("RAIL-06") == role_for("ACME-01") == "platform-operator"
