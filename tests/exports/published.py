"""The schemas that the formats' owners published, from packages that carry them; skipped, visibly, where they can't be had.

| format | package | what |
|---|---|---|
| SARIF 2.1.0 | Go module github.com/owenrumney/go-sarif/v3 | OASIS' JSON Schema (errata 01) |
| OpenReports v1alpha1 | Go module github.com/openreports/reports-api | the project's own CRD |
| policy report v1alpha2 | Go module github.com/kyverno/kyverno | the working group's CRD |
| OSCAL 1.1.3 | PyPI compliance-trestle 3.12 | models generated from NIST's schema |
| workflows, actions, GitLab CI | PyPI check-jsonschema | the SchemaStore's and GitLab's JSON Schemas |
| GitLab Code Quality, JUnit, the review | none found | schemas of our own, in `ours.py` |
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

SARIF = ("github.com/owenrumney/go-sarif/v3@v3.3.1", "pkg/report/v210/sarif/schema.go")
OPENREPORTS = ("github.com/openreports/reports-api@v0.2.1", "config/crd/openreports.io_clusterreports.yaml")
POLICYREPORT = (
    "github.com/kyverno/kyverno@v1.13.4",
    "config/crds/policyreport/wgpolicyk8s.io_clusterpolicyreports.yaml",
)


@cache
def from_go(module: str, file: str) -> str:
    """The text of a file of a Go module, from Go's own cache or its proxy."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"no Go here, so {module} with the published schema could not be had")
    command = [go, "mod", "download", "-json", module]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=Path("/"), check=False)
    if done.returncode != 0:
        pytest.skip(f"{module} with the published schema could not be had: {done.stdout[:300]}")
    return (Path(json.loads(done.stdout)["Dir"]) / file).read_text(encoding="utf-8")


def sarif_schema() -> dict[str, Any]:
    """OASIS' schema, which the Go module embeds as a string."""
    text = from_go(*SARIF)
    found = json.loads(text[text.index("`") + 1 : text.rindex("`")])
    assert isinstance(found, dict)
    return found


def crd_schema(module: str, file: str) -> dict[str, Any]:
    """The schema of a CRD's only version, closed: the API server would prune an unknown field."""
    crd = yaml.safe_load(from_go(module, file))
    versions = {each["name"]: each["schema"]["openAPIV3Schema"] for each in crd["spec"]["versions"]}
    return _closed(versions.get("v1alpha2") or versions["v1alpha1"])


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items() if key != "format"}
    if isinstance(schema.get("properties"), dict):
        found["additionalProperties"] = False
    return found


def builtin_schema(name: str) -> dict[str, Any]:
    """A schema that check-jsonschema carries: ``github-workflows``, ``github-actions``, ``gitlab-ci``."""
    package = pytest.importorskip("check_jsonschema", reason="check-jsonschema carries the published schemas")
    path = Path(package.__file__).parent / "builtin_schemas" / "vendor" / f"{name}.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
