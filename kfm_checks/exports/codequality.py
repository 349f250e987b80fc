"""GitLab Code Quality: a list of issues in the subset of the Code Climate format that GitLab documents.

Accepted failures are left out: the format can't say that somebody accepted them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from kfm_checks.exports.shared import Waivers, entrypoint, json_text, place
from kfm_checks.model import Report

SEVERITIES = {"must": "major", "should": "minor"}


def write(report: Report) -> str:
    """The issues of one report."""
    return write_set([report])


def write_set(reports: Sequence[Report]) -> str:
    """The issues of all reports in one list."""
    seen: Counter[str] = Counter()
    found = []
    for report in reports:
        for issue in _issues(report):
            seen[issue["fingerprint"]] += 1
            if seen[issue["fingerprint"]] > 1:  # GitLab drops a second issue with the same identity
                issue["fingerprint"] += f"-{seen[issue['fingerprint']]}"
            found.append(issue)
    return json_text(found)


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    waivers = Waivers(report)
    for result in report.results:
        for item in result.evidence:
            if item.holds is not False or waivers.of(result, item) is not None:
                continue
            file, line = place(item)
            yield {
                "description": f"{', '.join(result.requirements)}: {item.subject}: {item.message}",
                "check_name": result.check,
                "fingerprint": item.fingerprint,
                "severity": SEVERITIES["must" if item.must else result.level],
                "location": {"path": file or entrypoint(report), "lines": {"begin": max(line or 1, 1)}},
            }
