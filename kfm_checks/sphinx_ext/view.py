"""A run as pages need it: rows with their evidence, findings by file, who must act. No verdict is made here."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from kfm_checks import wording
from kfm_checks.baseline import Comparison
from kfm_checks.checks import CHECKS, Check
from kfm_checks.model import CheckResult, Evidence, Manifest, ObjectKey, Report, Requirement, RequirementResult, Status
from kfm_checks.requirements import SECTIONS
from kfm_checks.run import Judged
from kfm_checks.seen import Looked, is_live, looked
from kfm_checks.sphinx_ext.rails import Rail, rails
from kfm_checks.sphinx_ext.since import Since

#: The order in which statuses are shown: what asks for somebody first.
ORDER: tuple[Status, ...] = ("not-met", "not-verified", "waived", "attested", "met", "not-applicable")
OPEN: tuple[Status, ...] = ("not-met", "not-verified")
#: Records that end within so many days are on the front page.
SOON = timedelta(days=30)


@dataclass(frozen=True)
class Finding:
    """One piece of evidence with the check and the rows it bears on."""

    result: CheckResult
    evidence: Evidence

    @property
    def verdict(self) -> str:
        """``holds``, ``fails`` or ``unknown``."""
        return {True: "holds", False: "fails", None: "unknown"}[self.evidence.holds]

    @property
    def file(self) -> str:
        """The file to edit; "" where none is known."""
        return self.evidence.source.file if self.evidence.source else ""


@dataclass(frozen=True)
class Row:
    """A requirement, its status, and what was seen."""

    requirement: Requirement
    result: RequirementResult
    results: tuple[CheckResult, ...]
    words: str
    #: Whether a cluster was looked at.
    looked: bool = False

    @property
    def id(self) -> str:
        """``RAIL-06``."""
        return self.requirement.id

    @property
    def section(self) -> str:
        """The key of its section: ``RAIL``; a team's own rows are together in ``TEAM``."""
        return self.requirement.section if self.requirement.section in SECTIONS else "TEAM"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All evidence, what fails first, then what nobody could tell, then what holds."""
        found = [Finding(result, evidence) for result in self.results for evidence in result.evidence]
        return tuple(sorted(found, key=lambda each: ("fails", "unknown", "holds").index(each.verdict)))

    def having(self, verdict: str, *, live: bool | None = None) -> tuple[Finding, ...]:
        """The findings with one verdict; of the cluster or of the files alone, where ``live`` says so."""
        of = self.findings if live is None else [each for each in self.findings if self.is_live(each.result) is live]
        return tuple(each for each in of if each.verdict == verdict)

    def is_live(self, result: CheckResult) -> bool:
        """Whether a check looked at the cluster alone."""
        return is_live(self.requirement, result, looked=self.looked)

    @property
    def has_live(self) -> bool:
        """Whether a cluster has a word in this row."""
        return bool(self.requirement.live) or "cluster" in self.requirement.by

    def half(self, *, live: bool) -> tuple[CheckResult, ...]:
        """The results of the files, or those of the cluster."""
        return tuple(result for result in self.results if self.is_live(result) is live)


@dataclass(frozen=True)
class FileGroup:
    """What is to be done in one file."""

    file: str
    findings: tuple[Finding, ...]

    @property
    def failing(self) -> int:
        """How many findings fail."""
        return sum(each.verdict == "fails" for each in self.findings)


class View:
    """Look-ups over one judged overlay. ``page`` of a section is relative to the documentation's root."""

    def __init__(self, judged: Judged, comparison: Comparison | None = None) -> None:
        self.judged = judged
        self.report: Report = judged.report
        #: What became of the baseline; None where none was given, or it doesn't know the overlay.
        self.since = Since(comparison, self) if comparison else None
        self.rows = tuple(self._row(row) for row in judged.rows if row.id in self._statuses)

    @cached_property
    def _statuses(self) -> Mapping[str, RequirementResult]:
        return {row.id: row for row in self.report.requirements}

    @cached_property
    def _results(self) -> Mapping[str, CheckResult]:
        return {result.check: result for result in self.report.results}

    def _row(self, requirement: Requirement) -> Row:
        status = self._statuses[requirement.id]
        results = tuple(self._results[name] for name in requirement.checks if name in self._results)
        known = "cluster" in self.judged.facts.inputs
        return Row(requirement, status, results, wording.explain(status, self._results), known)

    @cached_property
    def by_id(self) -> Mapping[str, Row]:
        """Rows by id."""
        return {row.id: row for row in self.rows}

    @cached_property
    def sections(self) -> Mapping[str, tuple[Row, ...]]:
        """Rows by section, in the catalogue's order."""
        found: dict[str, list[Row]] = {key: [] for key in SECTIONS}
        for row in self.rows:
            found.setdefault(row.section, []).append(row)
        return {key: tuple(rows) for key, rows in found.items() if rows}

    @cached_property
    def open_by_role(self) -> Mapping[str, tuple[Row, ...]]:
        """Rows that ask for somebody, by role; within a role what is not met first, musts before shoulds."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row.result.status in OPEN:
                found[row.result.role].append(row)

        def weight(row: Row) -> tuple[int, bool]:
            return ORDER.index(row.result.status), row.result.level != "must"

        def busiest(item: tuple[str, list[Row]]) -> tuple[int, str]:
            return -sum(row.result.status == "not-met" for row in item[1]), item[0]

        return {role: tuple(sorted(rows, key=weight)) for role, rows in sorted(found.items(), key=busiest)}

    @cached_property
    def failures(self) -> tuple[Finding, ...]:
        """Everything that fails, once each, as the report has it."""
        every = (Finding(result, item) for result in self.report.results for item in result.evidence)
        return tuple(each for each in every if each.verdict == "fails")

    @cached_property
    def files(self) -> tuple[FileGroup, ...]:
        """What fails or could not be told, by the file to edit, the busiest first."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for result in self.report.results:
            for evidence in result.evidence:
                if evidence.holds is not True:
                    finding = Finding(result, evidence)
                    found[finding.file].append(finding)
        groups = (FileGroup(file, tuple(sorted(each, key=_place))) for file, each in found.items())
        return tuple(sorted(groups, key=lambda group: (-group.failing, -len(group.findings), group.file)))

    def counts(self, rows: Iterable[Row]) -> Mapping[Status, int]:
        """How many rows have each status, in the order of display."""
        number = Counter(row.result.status for row in rows)
        return {status: number[status] for status in ORDER}

    @cached_property
    def expiring(self) -> tuple[Mapping[str, Any], ...]:
        """Records that end within thirty days of the day judged, or have ended."""
        last = (date.fromisoformat(self.report.overlay.as_of) + SOON).isoformat()
        soon = [record for record in self.report.records if record.get("expires") and record["expires"] <= last]
        return tuple(sorted(soon, key=lambda record: (record["expires"], record.get("requirement", ""))))

    @property
    def holds_until(self) -> str:
        """The day after which a record that this page counts on is gone; "" where it counts on none."""
        return min((row.result.until for row in self.rows if row.result.until), default="")

    @cached_property
    def looked(self) -> Looked:
        """Whether a cluster was looked at, and when."""
        return looked(self.judged.facts)

    @cached_property
    def rails(self) -> Mapping[str, Rail]:
        """What enforces each rail, by row."""
        return rails(self.judged.facts)

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        """The catalogue of checks by name."""
        return {check.name: check for check in CHECKS}

    @cached_property
    def object_pages(self) -> Mapping[str, tuple[str, tuple[Manifest, ...]]]:
        """Namespace ("" for cluster scope) -> page name and objects, in order."""
        from kfm_checks.inventory import in_order

        found: dict[str, list[Manifest]] = defaultdict(list)
        for obj in in_order(self.judged.facts.get("inventory")):
            found[obj.key.namespace].append(obj)
        pages: dict[str, tuple[str, tuple[Manifest, ...]]] = {}
        taken: set[str] = set()
        for number, (namespace, objects) in enumerate(sorted(found.items())):
            plain = re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", namespace)
            name = "cluster-scope" if not namespace else f"ns-{namespace}" if plain else f"namespace-{number}"
            taken.add(name)
            pages[namespace] = (name, tuple(objects))
        return pages

    @cached_property
    def object_anchors(self) -> Mapping[ObjectKey, tuple[str, str]]:
        """Object -> page name and anchor."""
        return {
            obj.key: (page, f"object-{number}")
            for page, objects in self.object_pages.values()
            for number, obj in enumerate(objects, 1)
        }


def _place(finding: Finding) -> tuple[bool, int, str, str]:
    source = finding.evidence.source
    line = source.line if source and source.line else 0
    return finding.verdict != "fails", line, finding.result.check, finding.evidence.keyed
