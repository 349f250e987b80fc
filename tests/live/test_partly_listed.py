"""Who may list in some namespaces alone has not looked into the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kfm_checks.live.snapshot import write_snapshot
from kfm_checks.model import CheckResult
from kfm_checks.run import Options, judge
from tests.conftest import AS_OF
from tests.live import sample


def private(folder: Path, *, whole: bool) -> CheckResult:
    """OPS-03 on the sample without the node port, with Services listed everywhere or in the shop alone."""
    overlay, snapshot = sample.write(folder)
    seen = sample.cluster()
    listings = tuple(
        replace(
            one, namespace="" if whole else "shop", objects=tuple(o for o in one.objects if o.key.name != "db-debug")
        )
        if one.kind.kind == "Service"
        else one
        for one in seen.listings
    )
    write_snapshot(replace(seen, listings=listings), snapshot)
    report = judge(overlay, Options(as_of=AS_OF, snapshot=snapshot, only=("OPS-03",))).report
    [result] = [each for each in report.results if each.check == "live-datastores-are-private"]
    return result


def test_services_of_some_namespaces_prove_nothing_of_the_others(tmp_path: Path) -> None:
    """Met where all were listed; not verified, with the reason, where some were."""
    assert private(tmp_path / "whole", whole=True).outcome == "pass"
    partly = private(tmp_path / "partly", whole=False)
    assert partly.outcome == "not-verified"
    assert any("services could be listed in 1 namespaces alone" in each.message for each in partly.evidence)
