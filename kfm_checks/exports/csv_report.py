"""The evidence as CSV: a row each, formulas defused for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from kfm_checks.exports.shared import printable
from kfm_checks.model import Report
from kfm_checks.tables import EVIDENCE_COLUMNS, VERDICTS


def write(report: Report) -> str:
    """CSV with a header (RFC 4180); a cell that a spreadsheet would take for a formula starts with an apostrophe."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """The evidence of all reports under one header; the first column says which overlay it is about."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(("overlay", *EVIDENCE_COLUMNS))
    for report in reports:
        for row in _rows(report):
            writer.writerow([_defused(printable(str(cell))) for cell in (report.overlay.path, *row)])
    return target.getvalue()


def _rows(report: Report) -> Iterator[tuple[object, ...]]:
    for result in report.results:
        for item in result.evidence:
            source, key = item.source, item.subject
            place = (source.file, source.line or "") if source else ("", "")
            yield (
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


def _defused(cell: str) -> str:
    return "'" + cell if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
