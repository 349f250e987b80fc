"""The evidence as CSV: a row each, formulas defused for spreadsheets."""

from __future__ import annotations

import csv
import io

from kfm_checks.model import Report
from kfm_checks.tables import EVIDENCE_COLUMNS, VERDICTS


def write(report: Report) -> str:
    """CSV with a header (RFC 4180); a cell that a spreadsheet would take for a formula starts with an apostrophe."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(EVIDENCE_COLUMNS)
    for result in report.results:
        for item in result.evidence:
            source, key = item.source, item.subject
            place = (source.file, source.line or "") if source else ("", "")
            row = (
                result.check,
                " ".join(result.requirements),
                VERDICTS[item.holds],
                key.namespace,
                key.kind,
                key.name,
                item.pointer,
                item.expected,
                item.observed,
                item.message,
                *place,
                item.fingerprint,
            )
            writer.writerow([_defused(str(cell)) for cell in row])
    return target.getvalue()


def _defused(cell: str) -> str:
    return "'" + cell if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
