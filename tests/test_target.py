"""What a run was given, and how results name files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.run import Options, judge
from tests.cli.helper import OVERLAY, write

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: prod, namespace: argocd}
spec:
  project: default
  source: {repoURL: https://example.org/us.git, path: o, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: app}
"""


@pytest.mark.parametrize("path", ["plain/more/ns.yaml", "plain/more", "plain", "."])
def test_plain_manifests_are_named_from_the_root(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file or folder was given, wherever the command runs: the name leads to the file."""
    write(tmp_path, {"plain/more/ns.yaml": OVERLAY["ns.yaml"]})
    for place, given in ((tmp_path, path), (tmp_path / "plain", tmp_path / path)):
        monkeypatch.chdir(place)
        (found,) = judge(given, Options(only=("namespaces-are-known",))).objects
        assert str(found.origin.source()) == "plain/more/ns.yaml:1"


def test_what_reconciles_from_elsewhere_is_named_from_the_root(tmp_path: Path) -> None:
    """Evidence of an Application outside the overlay leads to its file."""
    config = "gitops: {manifests: [argocd], repository: 'https://example.org/us'}\n"
    files = {f"o/{name}": text for name, text in OVERLAY.items()}
    write(tmp_path, {**files, "argocd/apps/prod.yaml": APPLICATION, "kfm-checks.yaml": config})
    (result,) = judge(tmp_path / "o", Options(only=("overlay-is-reconciled",))).report.results
    assert {str(each.source) for each in result.evidence} == {"argocd/apps/prod.yaml:6"}
