"""What the API server refuses of volumes beyond the schema (API reference, Volume)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.schemas_rules import Problems
from kfm_checks.facts.schemas_values import LABEL, Clause, Clauses, between, inside, label, needs, one_of, refuse, value
from kfm_checks.model import Path


def _one_source(obj: Mapping[str, Any], path: Path, problems: Problems) -> None:
    """A volume has one source."""
    sources = sorted(name for name, found in obj.items() if name != "name" and found is not None)
    if len(sources) > 1:
        refuse(problems, path, "the volume has more than one source", "one source", ", ".join(sources))


def _mode(name: str) -> Clause:
    """Permission bits of a file."""
    return value(name, between(0, 0o777), "from 0 to 0777 (octal)")


#: Lists of keys below a volume: ConfigMap, Secret, downward API.
_ITEM: tuple[Clause, ...] = (needs("path"), value("path", inside, "a relative path without a step up"))

VOLUMES: Clauses = {
    "Volume": (value("name", label, LABEL, strict=True), _one_source),
    "KeyToPath": (needs("key"), *_ITEM, _mode("mode")),
    "DownwardAPIVolumeFile": (*_ITEM, _mode("mode"), one_of("fieldRef", "resourceFieldRef")),
    "ConfigMapVolumeSource": (needs("name"), _mode("defaultMode")),
    "DownwardAPIVolumeSource": (_mode("defaultMode"),),
    "ProjectedVolumeSource": (_mode("defaultMode"),),
    "ConfigMapProjection": (needs("name"),),
    "SecretVolumeSource": (needs("secretName"), _mode("defaultMode")),
    "SecretProjection": (needs("name"),),
    "HostPathVolumeSource": (
        needs("path"), value("path", lambda v: ".." not in v.split("/"), "a path without a step up"),
    ),
    "PersistentVolumeClaimVolumeSource": (needs("claimName"),),
    "NFSVolumeSource": (needs("server", "path"), value("path", lambda v: v.startswith("/"), "an absolute path")),
    "EphemeralVolumeSource": (needs("volumeClaimTemplate"),),
    "CSIVolumeSource": (needs("driver"),),
    "EmptyDirVolumeSource": (value("sizeLimit", lambda v: (quantity(v) or 0) >= 0, "an amount of at least 0"),),
    "ServiceAccountTokenProjection": (
        *_ITEM, value("expirationSeconds", between(600, 2**32), "from 600 to 4294967296"),
    ),
}  # fmt: skip
