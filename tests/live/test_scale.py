"""Ten thousand pods are read in pages, and what is kept of them is small. Real ones: ``python -m benchmarks.live``."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kfm_checks.facts.cluster import ApiKind
from kfm_checks.live.listing import PAGE, _pages
from tests.live.test_client import Answer, served, to

PODS, BOUND = 10_000, 45
KIND = ApiKind("", "v1", "Pod", "pods")


def pod(number: int) -> dict[str, Any]:
    """A pod as a cluster has them: much of it nobody needs."""
    # Long texts stand for many small fields: what is traced would be slow to make, else.
    fields, containers = {"f:" + "y" * 2000: {}}, [{"name": "app", "env": [{"name": "LONG", "value": "x" * 3500}]}]
    return {
        "metadata": {
            "name": f"many-{number}", "namespace": "many", "uid": f"uid-{number}", "labels": {"app": "many"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "many", "controller": True}],
            "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields}],
        },
        "spec": {"nodeName": "n", "containers": containers},
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }  # fmt: skip


def pages() -> dict[str, bytes]:
    """Every page of the list, by the token that asks for it."""
    made = {}
    for first in range(0, PODS, PAGE):
        last = first + PAGE
        metadata = {"continue": str(last)} if last < PODS else {}
        items = [pod(number) for number in range(first, last)]
        content = {"kind": "PodList", "metadata": metadata, "items": items}
        made[str(first)] = json.dumps(content).encode()
    return made


def test_ten_thousand_pods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In twenty pages; never more in memory than what is kept and a page or two."""
    given = pages()
    assert sum(map(len, given.values())) > 50e6, "the pods are too small to show anything"

    def answer(path: str) -> Answer:
        query = parse_qs(urlsplit(path).query)
        assert query["limit"] == [str(PAGE)]
        return 200, {}, given[query.get("continue", ["0"])[0]]

    with served(answer) as server:
        connection = to(server, tmp_path, monkeypatch)
        tracemalloc.start()
        try:
            found = _pages(connection, KIND, "", set())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len({obj.key.name for obj in found}) == PODS
    assert len(server.heard) == PODS / PAGE
    assert found[0]["spec"] == {"nodeName": "n"}
    assert peak / 1e6 < BOUND
