"""The control plane that the tests of this folder share; it is started once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.programs import missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without ``make test-cluster`` these tests are skipped, visibly: they need programs that Go builds."""
    if os.environ.get("KFM_CLUSTER") == "1":
        return
    skip = pytest.mark.skip(reason="needs a real control plane: run `make test-cluster`")
    for item in items:
        if "cluster" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A control plane with controllers, scheduler and kwok."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane() as started:
        yield started
