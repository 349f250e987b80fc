"""One writer a format. A writer takes a report and gives text; it evaluates nothing and redacts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from kfm_checks.errors import UsageError
from kfm_checks.model import Report

#: Format -> module of this package with a function ``write(report) -> str``; imported when asked for.
FORMATS: Mapping[str, str] = {
    "table": "table",
    "json": "json_report",
    "junit": "junit",
    "markdown": "markdown",
    "csv": "csv_report",
}


def writer(format: str) -> Callable[[Report], str]:
    """The writer of a format. Raises UsageError where there is none."""
    if format not in FORMATS:
        raise UsageError(f"no format is called {format!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    found: Callable[[Report], str] = import_module(f"{__name__}.{FORMATS[format]}").write
    return found
