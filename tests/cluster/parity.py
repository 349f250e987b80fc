"""Counting agreement with the API server: each disagreement is one of those that the docs explain, or a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.conftest import ROOT

PAGE = ROOT / "docs/agreement/api-server.md"
#: Subject -> patterns of the cases that differ, and why; the page has a line for each reason.
EXPLAINED: dict[str, dict[str, str]] = {}
Case = tuple[str, bool, bool, str]


@dataclass
class Tally:
    """Cases of one subject: name, our verdict, the server's, and what the server said."""

    subject: str
    cases: list[Case] = field(default_factory=list)

    def add(self, cases: Iterable[Case]) -> None:
        """Count cases."""
        self.cases += cases

    @property
    def differ(self) -> list[Case]:
        """Cases in which the two verdicts differ."""
        return [case for case in self.cases if case[1] != case[2]]

    @property
    def unexplained(self) -> list[Case]:
        """Of those, the ones that nobody explained."""
        known = EXPLAINED.get(self.subject, {})
        return [case for case in self.differ if not any(re.search(pattern, case[0]) for pattern in known)]

    @property
    def line(self) -> str:
        """A row of the page's table: subject, cases, agree, explained."""
        agree = len(self.cases) - len(self.differ)
        return f"| {self.subject} | {len(self.cases)} | {agree} | {len(self.differ) - len(self.unexplained)} |"


def told(tally: Tally) -> None:
    """Print the row; fail on what nobody explained, and where there was nothing to compare."""
    print(tally.line)
    assert tally.cases, f"{tally.subject}: nothing was compared"
    shown = "\n".join(
        f"{name}: ours {ours}, the server's {theirs}: {said[:300]}"
        for name, ours, theirs, said in tally.unexplained[:15]
    )
    assert not tally.unexplained, f"{len(tally.unexplained)} of {len(tally.cases)} differ\n{shown}"
