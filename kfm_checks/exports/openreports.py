"""OpenReports v1alpha1: a ClusterReport for each overlay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kfm_checks.exports.policy_reports import documents, objects
from kfm_checks.model import Report

TYPE = ("openreports.io/v1alpha1", "ClusterReport")


def write(report: Report) -> str:
    """One report as a YAML document that the API server takes."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """A YAML document for each report."""
    return documents(reports, *TYPE)


def stored(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """The objects that ``--store-reports`` keeps in the cluster."""
    return objects(reports, *TYPE)
