"""What became of a baseline, as pages show it: a mark on each failure, a few words on each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from kfm_checks import wording
from kfm_checks.baseline import Comparison

if TYPE_CHECKING:
    from kfm_checks.sphinx_ext.view import Finding, Row, View

#: Mark -> what it means, in the order of display.
MARKS: Mapping[str, str] = {
    "new": "fails now, and did not when the baseline was made",
    "mended": "failed then, and does not now",
    "accepted": "failed then, and somebody accepts it now",
    "unchanged": "failed then and now",
    "unseen": "failed then, and nobody looked this time",
}
#: What a mark is called where that is another word.
CALLED = {"unseen": "not looked at"}


class Since:
    """A comparison with a baseline, by fingerprint and by row."""

    def __init__(self, comparison: Comparison, view: View) -> None:
        self.comparison, self._view = comparison, view

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many failures have each mark."""
        return {mark: len(getattr(self.comparison, mark)) for mark in MARKS}

    def mark(self, finding: Finding) -> str:
        """``new``, ``accepted`` or ``unchanged``; "" for what does not fail, and where nobody could tell."""
        if finding.verdict != "fails":
            return ""
        fingerprint = finding.evidence.fingerprint
        return next((mark for mark in MARKS if fingerprint in getattr(self.comparison, mark)), "")

    def found(self, mark: str) -> tuple[Finding, ...]:
        """The failures with a mark that are still there, as the report has them."""
        return tuple(each for each in self._view.failures if self.mark(each) == mark)

    def turn(self, row: Row) -> str:
        """What became of a row's status: ``met → not met``; "" where it is as it was."""
        pairs = (self.comparison.worse, self.comparison.unlooked, self.comparison.better)
        pair = next((found[row.id] for found in pairs if row.id in found), None)
        words: Mapping[str, str] = {str(status): word for status, word in wording.STATUSES.items()}
        return " → ".join(words.get(status, status) for status in pair) if pair else ""

    def direction(self, row: Row) -> str:
        """``worse``, ``no longer looked at``, ``better``, or "" for a row that is as it was."""
        if row.id in self.comparison.unlooked:
            return "no longer looked at"
        return "worse" if row.id in self.comparison.worse else "better" if row.id in self.comparison.better else ""

    def turned(self, *directions: str) -> tuple[Row, ...]:
        """The rows that went in these directions, one direction after the other."""
        return tuple(row for each in directions for row in self._view.rows if self.direction(row) == each)

    def mended(self, row: Row) -> tuple[str, ...]:
        """What of a row's checks was mended; the failures themselves are gone, so only their names are left."""
        checks = {f"{name}:" for name in row.requirement.checks}
        return tuple(sorted(what for what in self.comparison.mended.values() if what.partition(" ")[0] in checks))

    def words(self, row: Row) -> str:
        """A row in a few words, for tables: ``worse: met → not met; 2 new, 1 unchanged``."""
        turned = f"{self.direction(row)}: {self.turn(row)}" if self.direction(row) else ""
        return "; ".join(part for part in (turned, self._counted(row)) if part)

    def _counted(self, row: Row) -> str:
        number = self.tally(row.findings)
        number["mended"] = len(self.mended(row))
        return ", ".join(f"{number[mark]} {CALLED.get(mark, mark)}" for mark in MARKS if number.get(mark))

    def tally(self, findings: Iterable[Finding]) -> dict[str, int]:
        """How many of some findings have each mark, those with none left out."""
        found: dict[str, int] = {}
        for finding in findings:
            mark = self.mark(finding)
            if mark:
                found[mark] = found.get(mark, 0) + 1
        return found
