"""Reports as pandas DataFrames: fixed columns, dtypes and order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kfm_checks.model import Report

if TYPE_CHECKING:
    import pandas as pd

REQUIREMENT_COLUMNS = ("id", "section", "level", "title", "status", "reason", "role", "until", "checks")
EVIDENCE_COLUMNS = (
    "check",
    "requirements",
    "verdict",
    "namespace",
    "kind",
    "name",
    "pointer",
    "expected",
    "observed",
    "message",
    "file",
    "line",
    "fingerprint",
)
VERDICTS = {True: "holds", False: "fails", None: "not verified"}


def requirements_frame(report: Report) -> pd.DataFrame:
    """One row for each requirement, in catalogue order; every column is text, "" where there is nothing."""
    rows = [
        (
            row.id,
            row.id.partition("-")[0],
            row.level,
            row.title,
            row.status,
            row.reason or "",
            row.role,
            row.until,
            ", ".join(row.checks),
        )
        for row in report.requirements
    ]
    return frame(rows, REQUIREMENT_COLUMNS)


def evidence_frame(report: Report) -> pd.DataFrame:
    """One row for each piece of evidence, in the order of the report; ``line`` is int64, 0 where it is not known."""
    rows = []
    for result in report.results:
        for item in result.evidence:
            source = item.source
            rows.append(
                (
                    result.check,
                    ", ".join(result.requirements),
                    VERDICTS[item.holds],
                    item.subject.namespace,
                    item.subject.kind,
                    item.subject.name,
                    item.pointer,
                    item.expected,
                    item.observed,
                    item.message,
                    source.file if source else "",
                    (source.line or 0) if source else 0,
                    item.fingerprint,
                )
            )
    # The same object given twice says everything twice; a row stands once.
    return frame(list(dict.fromkeys(rows)), EVIDENCE_COLUMNS, integers=("line",))


def frame(rows: Sequence[Sequence[Any]], columns: Sequence[str], *, integers: Sequence[str] = ()) -> pd.DataFrame:
    """A DataFrame with text columns of dtype string and int64 columns where named; also for no rows."""
    import pandas as pd

    by_column = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    series = {
        name: pd.Series(list(values), dtype="int64" if name in integers else "string")
        for name, values in zip(columns, by_column, strict=True)
    }
    return pd.DataFrame(series, columns=list(columns))
