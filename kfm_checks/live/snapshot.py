"""Snapshots: what was seen of a cluster, in a folder, to be judged later without credentials."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from kfm_checks.errors import UsageError
from kfm_checks.facts.cluster import Cluster, from_plain, to_plain

SCHEMA = "kfm-checks/snapshot/v1"
NAME = "cluster.json"


def encoded(cluster: Cluster) -> str:
    """A snapshot as text: one JSON document, its keys sorted."""
    content = {"schema": SCHEMA, **to_plain(cluster)}
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_snapshot(cluster: Cluster, folder: Path) -> Path:
    """Write a snapshot; it returns the file. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_text(encoded(cluster), encoding="utf-8")
    return path


def read_snapshot(folder: Path) -> Cluster:
    """Read a snapshot. Raises UsageError where the folder holds none, or one of another form."""
    path = folder / NAME
    remedy = "make one with `kfm-checks snapshot --context NAME -o DIR`"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("is no snapshot", file=str(path), remedy=remedy) from error
    if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
        raise UsageError(f"is no snapshot of the form {SCHEMA}", file=str(path), remedy=remedy)
    try:
        return replace(from_plain(content), origin="snapshot")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"is no snapshot of the form {SCHEMA} ({error})", file=str(path), remedy=remedy) from error
