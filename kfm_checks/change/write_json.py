"""A comparison as JSON: ``kfm-checks/diff/v1``."""

from __future__ import annotations

import json
from typing import Any

from kfm_checks.change.governance import governance_changes
from kfm_checks.change.shown import Shown, pointer
from kfm_checks.change.sides import Comparison
from kfm_checks.facts.change_model import FieldChange, ObjectChange, Pair
from kfm_checks.model import Source
from kfm_checks.redaction import redact

SCHEMA = "kfm-checks/diff/v1"
#: More pairs than this are counted: a cluster without policies opens all to all.
PAIRS = 5_000


def write(comparison: Comparison) -> str:
    """The comparison as a JSON document, the same for the same input."""
    return json.dumps(document(comparison), indent=2, ensure_ascii=False) + "\n"


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data."""
    diff, shown = comparison.diff, Shown(comparison.diff)
    return {
        "schema": SCHEMA,
        "base": comparison.base_name,
        "head": comparison.head_name,
        "governance": [
            {
                "what": item.what, "name": item.name, "change": item.change, "base": item.base, "head": item.head,
                "source": item.source, "loosens": item.loosens,
            }
            for item in governance_of(comparison)
        ],
        "changes": [_change(change, shown) for change in diff.changes],
        "reach": {
            "opened": [_pair(pair) for pair in diff.opened[:PAIRS]],
            "closed": [_pair(pair) for pair in diff.closed[:PAIRS]],
            "left_out": max(0, len(diff.opened) - PAIRS) + max(0, len(diff.closed) - PAIRS),
        },
        "compared": diff.compared,
        "unseen": list(diff.unseen),
    }  # fmt: skip


def governance_of(comparison: Comparison) -> Any:
    """What the head does to configuration and records."""
    base, head = comparison.base, comparison.head
    return governance_changes(base.settings, base.records, head.settings, head.records)


def _change(change: ObjectChange, shown: Shown) -> dict[str, Any]:
    found: dict[str, Any] = {
        "object": {name: redact(value) for name, value in _key(change).items()},
        "change": change.change,
        "risks": list(dict.fromkeys(risk.name for risk in change.risks)),
        "reasons": [{"risk": risk.name, "message": redact(risk.message)} for risk in change.risks],
        "source": _source(change.source()),
        "fields": [_field(change, item, shown) for item in change.fields] or [_whole(change, shown)],
    }
    if change.renamed_from:
        found["renamed_from"] = redact(change.renamed_from)
    return found


def _key(change: ObjectChange) -> dict[str, str]:
    key = change.key
    return {"apiVersion": key.api_version, "kind": key.kind, "namespace": key.namespace, "name": key.name}


def _field(change: ObjectChange, item: FieldChange, shown: Shown) -> dict[str, Any]:
    base, head = shown.field(change, item)
    return {"pointer": pointer(item), "base": base, "head": head, "source": _source(change.source(item))}


def _whole(change: ObjectChange, shown: Shown) -> dict[str, Any]:
    """An added or removed object as one field, its root."""
    whole = shown.whole(change.obj)
    base, head = (None, whole) if change.change == "added" else (whole, None)
    return {"pointer": "", "base": base, "head": head, "source": _source(change.source())}


def _source(source: Source | None) -> dict[str, Any] | None:
    return {"file": source.file, "line": source.line} if source is not None else None


def _pair(pair: Pair) -> dict[str, Any]:
    from kfm_checks.facts.network.ports import text

    return {
        "source": pair.source,
        "destination": pair.destination,
        "before": text(pair.before) if pair.before else "",
        "after": text(pair.after) if pair.after else "",
    }
