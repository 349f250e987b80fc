"""What several writers need: the product's name, JSON text, where a finding stands, who accepted it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kfm_checks import __version__
from kfm_checks.checks import CHECKS, Check
from kfm_checks.model import CheckResult, Evidence, Report
from kfm_checks.records import Record, record_from
from kfm_checks.records_state import NOT_LOOKED

PRODUCT = "kfm-checks"
VERSION = __version__
INFORMATION = "https://github.com/bartytime4life/Kansas-Frontier-Matrix"
#: Every UUID is derived from this one (RFC 9562, version 5), so that equal reports give equal bytes.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{INFORMATION}/{PRODUCT}")


def derived_uuid(*parts: str) -> str:
    """A version 5 UUID of what identifies a thing."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts).encode("utf-8", "replace").decode("utf-8")))


def json_text(value: Any) -> str:
    """JSON with an indent of two and a last line break; a lone surrogate becomes a question mark."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "replace").decode("utf-8")


def checks_by_name() -> Mapping[str, Check]:
    """The catalogue of checks."""
    return {check.name: check for check in CHECKS}


def overlay_name(report: Report) -> str:
    """The overlay's path, or what stands for it where plain objects were given."""
    return report.overlay.path if report.overlay.path not in {"", "."} else "overlay"


def place(item: Evidence) -> tuple[str, int | None]:
    """File and line of a finding; ("", None) where none is known."""
    if item.source and item.source.file:
        return item.source.file, item.source.line
    return (item.subject.name, None) if item.subject.kind == "File" and not item.subject.api_version else ("", None)


def entrypoint(report: Report) -> str:
    """The file that stands for the whole overlay, for readers that accept nothing without a file."""
    folder = report.overlay.path
    return "kustomization.yaml" if folder in {"", "."} else f"{folder}/kustomization.yaml"


def uri(path: str) -> str:
    """A relative path as a URI reference (RFC 3986)."""
    return quote(path.encode("utf-8", "replace").decode("utf-8"), safe="/-._~!$&'()*+,;=@")


class Waivers:
    """Which failures somebody accepted: a finding counts as waived where each row that its check serves waives it."""

    def __init__(self, report: Report) -> None:
        self._waivers: dict[tuple[str, str], list[Record]] = {}
        for each in report.records:
            if each.get("kind") == "waiver" and each.get("state") != "expired":
                record = record_from(each)
                self._waivers.setdefault((record.requirement, record.check), []).append(record)
        self._rolled_up = {row.id for row in report.requirements if not row.checks}

    def of(self, result: CheckResult, item: Evidence) -> Record | None:
        """The waiver that ends first among those that cover a failure; None where a row does not waive it."""
        if item.holds is not False:
            return None
        found = [self._one(row, result, item) for row in result.requirements if row not in self._rolled_up]
        accepted = [record for record in found if record is not None]
        if not accepted or len(accepted) < len(found):
            return None
        return min(accepted, key=lambda record: (record.expires, record.by))

    def _one(self, row: str, result: CheckResult, item: Evidence) -> Record | None:
        waivers = self._waivers.get((row, result.check), ())
        return next((record for record in waivers if record.covers(item.subject)), None)


def acceptance(record: Record) -> str:
    """Who accepted a failure, why, until when."""
    return f"accepted by {record.by} ({record.role}) until {record.expires}: {record.reason}"


#: Control characters (line breaks and tabs apart), lone surrogates, and marks that turn the direction of text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Text that can't steer a terminal or reorder a line: what does not print becomes U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", text)


def idle_records(report: Report) -> list[str]:
    """Records that decide nothing, each with the reason: what somebody signed and has to renew, mend or remove."""
    found = []
    for record in report.records:
        if record.get("state") in {"expired", "unused"} and record.get("note") != NOT_LOOKED:
            subject = f" {record['subject']}" if record.get("subject") else ""
            why = f": {record['note']}" if record.get("note") else ""
            found.append(f"{record['kind']} of {record.get('requirement', '')}{subject} is {record['state']}{why}")
    return found
