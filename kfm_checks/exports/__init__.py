"""One writer a format. A writer takes a report and gives text; it evaluates nothing and redacts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from kfm_checks.errors import UsageError

if TYPE_CHECKING:
    from kfm_checks.model import Report

#: Format -> module of this package with a function ``write(report) -> str``; imported when asked for.
FORMATS: Mapping[str, str] = {
    "table": "table",
    "json": "json_report",
    "junit": "junit",
    "sarif": "sarif",
    "sarif-upload": "sarif_upload",
    "openreports": "openreports",
    "policyreport": "policyreport",
    "oscal": "oscal",
    "codequality": "codequality",
    "markdown": "markdown",
    "csv": "csv_report",
}


def writer(format: str) -> Callable[[Report], str]:
    """The writer of a format. Raises UsageError where there is none."""
    found: Callable[[Report], str] = import_module(f"{__name__}.{_module(format)}").write
    return found


def write_all(reports: Sequence[Report], format: str) -> str:
    """One or several reports as one document: a format that can hold several has a ``write_set``, texts are joined.

    Raises UsageError where there is no such format.
    """
    module = import_module(f"{__name__}.{_module(format)}")
    if len(reports) != 1 and hasattr(module, "write_set"):
        text: str = module.write_set(reports)
        return text
    return "\n".join(module.write(report) for report in reports)


def _module(format: str) -> str:
    if format not in FORMATS:
        raise UsageError(f"no format is called {format!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[format]
