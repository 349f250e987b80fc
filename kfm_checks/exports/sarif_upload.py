"""SARIF for GitHub code scanning: unaccepted failures alone, each at a file and a line."""

from __future__ import annotations

from collections.abc import Sequence

from kfm_checks.exports.sarif import log
from kfm_checks.model import Report


def write(report: Report) -> str:
    """One log with one run."""
    return log([report], upload=True)


def write_set(reports: Sequence[Report]) -> str:
    """One log with a run for each report, told apart by ``automationDetails``."""
    return log(reports, upload=True)
