"""The folder given with ``--schemas``: CustomResourceDefinitions, and JSON Schemas named as kubeconform names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kfm_checks.errors import ManifestError
from kfm_checks.facts.schemas_custom import JSON_SCHEMA
from kfm_checks.manifests import files_of, parse_manifests, read_text

#: What a JSON file must have one of to be a JSON Schema.
_MARKS = frozenset({"$schema", "properties", "type", "$ref", "allOf", "anyOf", "oneOf"})


def load_schemas(path: Path) -> tuple[Mapping[str, Any], ...]:
    """The fact ``extra_schemas`` from a folder or a file.

    YAML and JSON files hold CRDs (other objects are left out); a JSON file without apiVersion and kind is a JSON
    Schema, known by its name: ``certificate-cert-manager-v1.json``, or ``cert-manager.io/certificate_v1.json``.
    Raises ManifestError.
    """
    found: list[Mapping[str, Any]] = []
    for file, name in files_of(path):
        text = read_text(file)
        schema = _json_schema(text) if file.suffix == ".json" else None
        if schema is not None:
            found.append({"kind": JSON_SCHEMA, "name": name.removesuffix(".json").lower(), "schema": schema})
            continue
        objects = parse_manifests(text, file=name, source_lines=False, shown=str(file))
        found.extend(obj for obj in objects if obj["kind"] == "CustomResourceDefinition")
    if not found:
        raise ManifestError(
            "no CustomResourceDefinition and no JSON Schema in it", file=str(path), remedy="give the folder of the CRDs"
        )
    return tuple(found)


def _json_schema(text: str) -> dict[str, Any] | None:
    """The JSON Schema of a file, None where it is something else, which the manifest reader then judges."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or "apiVersion" in value or not _MARKS & value.keys():
        return None
    return value
