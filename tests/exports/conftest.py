"""Reports that exports are tried on: every status, hostile text, secrets in all places."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.evidence import fails, file_key, fingerprint, holds, unknown
from kfm_checks.model import (
    CheckResult,
    Evidence,
    Manifest,
    ObjectKey,
    Origin,
    Overlay,
    Report,
    RequirementResult,
    Source,
)

HOSTILE = (
    '<script>alert(1)</script> [click](https://evil.example) {0} {braces} "quotes" '
    "\x00\x1b[31m\ud800 =cmd|x @everyone | `a`"
)


def given(check: str, item: Evidence) -> Evidence:
    """Evidence with its fingerprint, as the engine gives it."""
    from dataclasses import replace

    return replace(item, fingerprint=fingerprint(check, item))


def made() -> Report:
    """A report with every status, every outcome and text that tries to break out."""
    deployment = Manifest(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": HOSTILE, "namespace": "kfm-app"}},
        Origin("base/a folder/api.yaml", 3),
    )
    store = ObjectKey("apps/v1", "StatefulSet", "kfm-data", "postgis")
    latest, spread, layout, signed = (
        "images-are-not-latest",
        "critical-workloads-are-spread",
        "overlay-has-expected-layout",
        "image-signatures-are-verified",
    )
    results = (
        CheckResult(
            latest,
            ("RAIL-06", "GATE-04"),
            "must",
            "fail",
            2,
            (
                given(latest, fails(deployment, ("spec",), message=HOSTILE, expected=HOSTILE, observed=HOSTILE)),
                given(latest, holds(store, message="pinned")),
            ),
            methods={"render": "fail"},
        ),
        CheckResult(
            spread,
            ("RAIL-05",),
            "should",
            "fail",
            1,
            (given(spread, fails(store, message="one replica")),),
            methods={"render": "fail"},
        ),
        CheckResult(
            layout,
            ("LAY-01",),
            "must",
            "not-verified",
            0,
            (given(layout, unknown(file_key("patches/x.yaml"), message="nobody could tell")),),
            reason="nobody could tell",
            methods={"tree": "not-verified"},
        ),
        CheckResult(signed, ("RAIL-10",), "should", "error", 0, (), reason="the check broke: KeyError"),
        CheckResult("cluster-name-is-known", ("META-02",), "should", "not-verified", 0, (), reason="no cluster"),
        CheckResult("ciphertext-is-ciphertext", ("SEC-06",), "must", "not-applicable", 0, (), reason="none"),
        CheckResult(
            "workloads-have-liveness-probe",
            ("RAIL-02",),
            "must",
            "pass",
            1,
            (given("workloads-have-liveness-probe", holds(store, message="fine", source=Source("a.yaml", 2))),),
            methods={"render": "pass"},
        ),
    )
    operator = "platform-operator"
    rows = (
        RequirementResult(
            "RAIL-06", "must", "Images are pinned", "not-met", HOSTILE, {"render": "fail"}, (latest,), operator
        ),
        RequirementResult("GATE-04", "must", "Image policy", "not-met", "x", {"render": "fail"}, (latest,), operator),
        RequirementResult(
            "RAIL-05",
            "should",
            "Spread",
            "waived",
            "known failure, accepted by Ada until 2027-05-01",
            {"render": "fail"},
            (spread,),
            operator,
            "2027-05-01",
        ),
        RequirementResult(
            "LAY-01",
            "must",
            "Layout",
            "not-verified",
            "nobody could tell",
            {"tree": "not-verified"},
            (layout,),
            operator,
        ),
        RequirementResult(
            "SEC-05",
            "must",
            "Break-glass",
            "attested",
            "Ada (platform-operator) vouches until 2027-05-01",
            {"attestation": "pass"},
            (),
            operator,
            "2027-05-01",
        ),
        RequirementResult(
            "RAIL-02", "must", "Probes", "met", None, {"render": "pass"}, ("workloads-have-liveness-probe",), operator
        ),
        RequirementResult("SEC-06", "must", "Ciphertext", "not-applicable", "none", {}, (), operator),
        RequirementResult("1 odd/id", "should", HOSTILE, "not-verified", None, {}, (), operator),
    )
    common = {"by": "Ada", "role": operator, "date": "2026-11-01", "expires": "2027-05-01", "state": "in-force"}
    records = (
        {
            **common,
            "kind": "waiver",
            "requirement": "RAIL-05",
            "check": spread,
            "subject": "kfm-data/StatefulSet/*",
            "reason": HOSTILE,
            "evidence": "https://tracker.example/4711",
        },
        {**common, "kind": "attestation", "requirement": "SEC-05", "statement": "rehearsed"},
        {**common, "kind": "waiver", "requirement": "RAIL-06", "check": latest, "subject": f"kfm-app/Deployment/{HOSTILE}",
         "reason": "only one of its two rows is waived"},
    )  # fmt: skip
    overlay = Overlay("infra/clusters/prod", "sha256:" + "0" * 64, "kustomize v5.8.1", 2, "2026-11-22", ("a note",))
    return Report(overlay, "not-compliant", rows, results, records)


@pytest.fixture(scope="session")
def report() -> Report:
    """See ``made``."""
    return made()


@pytest.fixture(scope="session")
def prod(root: Path) -> Report:
    """The report on the overlay of this repository."""
    from kfm_checks.run import check_overlay

    return check_overlay(root / "infra/clusters/prod", as_of="2026-11-22")
