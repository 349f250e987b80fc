"""A look is asked for by a run, as often as there are overlays."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.errors import UsageError
from kfm_checks.run import Options, judge
from tests.conftest import AS_OF
from tests.live import sample


def test_two_overlays_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look is as good as the first: both say that there is no such context, in one line."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    (tmp_path / "kubeconfig").write_text("{apiVersion: v1, kind: Config, contexts: [], clusters: [], users: []}\n")
    overlay, _ = sample.write(tmp_path)
    for _ in range(2):
        with pytest.raises(UsageError, match="the context 'gone' can't be used"):
            judge(overlay, Options(as_of=AS_OF, context="gone"))
