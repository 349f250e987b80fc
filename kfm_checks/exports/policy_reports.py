"""What OpenReports and the older policy report of the Kubernetes policy working group have in common: all but a name.

A result for each finding that does not hold, and one for each check that passed, does not apply or was not verified: a
report has to fit into one object of the API server.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kfm_checks.exports.shared import PRODUCT, Waivers, acceptance, overlay_name, place
from kfm_checks.model import CheckResult, Evidence, Outcome, Report

SEVERITIES = {"must": "high", "should": "medium"}
#: What a check without a finding amounts to in the formats' words: ``error`` is "could not be evaluated".
OUTCOMES: Mapping[Outcome, str] = {
    "pass": "pass",
    "fail": "fail",
    "not-applicable": "skip",
    "not-verified": "error",
    "blocked": "error",
    "error": "error",
}
#: The API server takes 1.5 MiB for an object.
MOST_TEXT = 1_000


def documents(reports: Sequence[Report], api_version: str, kind: str) -> str:
    """A YAML document for each report: cluster-wide, since findings lie in several namespaces."""
    import yaml

    texts = objects(reports, api_version, kind)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump_all(texts, Dumper=dumper, sort_keys=False, allow_unicode=True, width=1000, explicit_start=True)


def objects(reports: Sequence[Report], api_version: str, kind: str) -> list[dict[str, Any]]:
    """The same as plain objects."""
    return [_document(report, api_version, kind) for report in reports]


def _document(report: Report, api_version: str, kind: str) -> dict[str, Any]:
    seconds = int(datetime.fromisoformat(report.overlay.as_of).replace(tzinfo=UTC).timestamp())
    results = [{**each, "timestamp": {"seconds": seconds, "nanos": 0}} for each in _results(report)]
    counts = Counter(each["result"] for each in results)
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": _name(report),
            "labels": {"app.kubernetes.io/managed-by": PRODUCT},
            "annotations": {
                "conformance.kfm/overlay": _text(report.overlay.path),
                "conformance.kfm/digest": report.overlay.digest,
                "conformance.kfm/decision": report.decision,
                "conformance.kfm/as-of": report.overlay.as_of,
            },
        },
        "summary": {word: counts[word] for word in ("pass", "fail", "warn", "error", "skip")},
        "results": results,
    }


def _name(report: Report) -> str:
    """A DNS label (RFC 1123) that says which overlay this is, unique even where its path had to be cut."""
    plain = re.sub(r"[^a-z0-9]+", "-", overlay_name(report).lower()).strip("-")[:40].strip("-")
    short = hashlib.sha256(report.overlay.path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{PRODUCT}-{plain or 'overlay'}-{short}"


def _results(report: Report) -> Iterator[dict[str, Any]]:
    waivers = Waivers(report)
    for result in report.results:
        shown = [item for item in result.evidence if item.holds is not True]
        for item in shown:
            yield _finding(result, item, waivers)
        if not shown:
            yield _whole(result)


def _common(result: CheckResult, *, must: bool = False) -> dict[str, Any]:
    level = "must" if must else result.level
    section = result.requirements[0].partition("-")[0] if result.requirements else ""
    return {
        "source": PRODUCT,
        "policy": result.check,
        "rule": " ".join(result.requirements),
        "category": section,
        "severity": SEVERITIES[level],
        "scored": level == "must",
    }


def _finding(result: CheckResult, item: Evidence, waivers: Waivers) -> dict[str, Any]:
    common = _common(result, must=item.must)
    record = waivers.of(result, item)
    # "warn" is a failure that is not scored: a should, or one that somebody accepted.
    failed = "fail" if common["scored"] and record is None else "warn"
    verdict = "error" if item.holds is None else failed
    file, line = place(item)
    properties = {
        "fingerprint": item.fingerprint,
        "pointer": item.pointer,
        "expected": item.expected,
        "observed": item.observed,
        "file": file,
        "line": str(line or ""),
        "waived": acceptance(record) if record else "",
        "outcome": "not-verified" if item.holds is None else "",
    }
    found = {
        **common,
        "result": verdict,
        "message": _text(item.message),
        "properties": {name: _text(value) for name, value in properties.items() if value},
    }
    if item.subject.api_version:
        found["resources"] = [_reference(item)]
    return found


def _reference(item: Evidence) -> dict[str, str]:
    key = item.subject
    named = {"apiVersion": key.api_version, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    return {name: _text(value) for name, value in named.items() if value}


def _whole(result: CheckResult) -> dict[str, Any]:
    message = f"looked at {result.examined}, all right" if result.outcome == "pass" else result.reason or ""
    properties = {"outcome": result.outcome, "examined": str(result.examined)}
    return {
        **_common(result),
        "result": OUTCOMES[result.outcome],
        "message": _text(message),
        "properties": properties,
    }


def _text(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= MOST_TEXT else whole[: MOST_TEXT - 1] + "…"
