"""A judged overlay as a notebook shows it: statuses, findings, facts, and the gate at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfm_checks import wording
from kfm_checks.assess import selected
from kfm_checks.errors import KfmChecksError
from kfm_checks.fold import decide
from kfm_checks.judged import options_from
from kfm_checks.model import CheckResult, Evidence, Report, RequirementResult
from kfm_checks.notebook.catalogue import Notebook, notebook
from kfm_checks.notebook.given import change_file, cluster_of, gate_is_on, given, options_given, overlay_folder
from kfm_checks.notebook.halt import GateClosed, NoVerdict
from kfm_checks.notebook.pictures import Said
from kfm_checks.notebook.style import wrapped
from kfm_checks.notebook.tables import register, table
from kfm_checks.notebook.text import html, plain, shortened
from kfm_checks.run import Judged, exit_status, judge

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.follow import Followed

#: Longest value shown of what was found or expected.
_LONG = 160


@dataclass(frozen=True)
class Book:
    """One notebook's view of one overlay."""

    notebook: Notebook
    judged: Judged
    #: What the site around it was told to show alone (``--only``); () for everything.
    only: tuple[str, ...] = ()

    @cached_property
    def report(self) -> Report:
        """What ``kfm-checks check OVERLAY --only ROW…`` reports for the rows that this notebook decides."""
        whole, rows = self.judged.report, self.notebook.rows
        if not rows:
            return whole
        checks = {check.name for check in selected(rows, self.judged.settings.config, live=self.live)}
        shown = tuple(row for row in whole.requirements if row.id in rows)
        results = tuple(result for result in whole.results if result.check in checks)
        return replace(whole, requirements=shown, results=results, decision=decide(shown))

    @property
    def live(self) -> bool:
        """Whether a cluster, or a snapshot of one, was looked at."""
        return "cluster" in self.judged.facts.inputs

    @cached_property
    def results(self) -> dict[str, CheckResult]:
        """Every check that ran, by name, those of rows beside included."""
        return {result.check: result for result in self.judged.report.results}

    @cached_property
    def all_rows(self) -> dict[str, RequirementResult]:
        """Every row that was judged, by id, those beside included."""
        return {row.id: row for row in self.judged.report.requirements}

    def fact(self, name: str) -> Any:
        """A fact of the overlay. Raises NotVerified where nobody could compute it."""
        return self.judged.facts.get(name)

    def statuses(self, *ids: str) -> pd.DataFrame:
        """The rows with their status and the words beside it; without ``ids`` all that this notebook decides."""
        rows = [self.all_rows[id] for id in ids if id in self.all_rows] if ids else self.report.requirements
        return table(
            [
                (row.id, row.level, row.title, wording.STATUSES[row.status], wording.explain(row, self.results))
                for row in rows
            ],
            ("row", "level", "requirement", "status", "why"),
            limit=200,
        )

    def findings(self, *checks: str) -> pd.DataFrame | Said:
        """What is wrong, and what nobody could tell, with the place to edit; what fails comes first."""
        rows = sorted(
            ((result, item) for result in self._chosen(checks) for item in result.evidence if item.holds is not True),
            key=lambda pair: pair[1].holds is None,
        )
        if not rows:
            return Said(self._nothing(checks))
        return table(
            [(_rows(result), *self._told(result, item), place(item)) for result, item in rows],
            ("row", "verdict", "object", "what", "found", "right would be", "where to edit"),
        )

    def evidence(self, *checks: str, limit: int = 40) -> pd.DataFrame | Said:
        """What was looked at, whether it holds or not."""
        rows = [
            (_rows(result), *self._told(result, item), place(item))
            for result in self._chosen(checks)
            for item in result.evidence
        ]
        if not rows:
            return Said(self._nothing(checks))
        return table(rows, ("row", "verdict", "object", "what", "found", "right would be", "where"), limit=limit)

    def _told(self, result: CheckResult, item: Evidence) -> tuple[str, ...]:
        verdict = {True: "holds", False: "fails", None: "not verified"}[item.holds]
        statuses = {self.all_rows[id].status for id in result.requirements if id in self.all_rows}
        if item.holds is False and statuses == {"waived"}:
            verdict = "fails, waived"
        found, right = (shortened(text, _LONG) for text in (item.observed, item.expected))
        return verdict, str(item.subject), item.message, found, right

    def _chosen(self, checks: Iterable[str]) -> list[CheckResult]:
        wanted = set(checks)
        return [result for result in self.report.results if not wanted or result.check in wanted]

    def _nothing(self, checks: Iterable[str]) -> str:
        """Why there is no line: nothing was wrong, or nobody looked."""
        chosen = self._chosen(checks)
        reasons = sorted({result.reason for result in chosen if result.reason and result.outcome != "not-applicable"})
        examined = sum(result.examined for result in chosen)
        looked = (
            f"Nothing is wrong in what was looked at ({examined} places)." if examined else "Nothing was looked at."
        )
        return " ".join([looked, *(f"Not verified: {reason}." for reason in reasons)]).replace("..", ".")

    @property
    def sentence(self) -> str:
        """The verdict on this notebook's rows, in one sentence."""
        scope = "The whole overlay" if not self.notebook.rows else "The rows of this notebook"
        return f"{scope}: {wording.tally(self.report)}"

    def gate(self) -> Verdict:
        """The verdict. With ``KFM_CHECKS_GATE=1`` raises GateClosed exactly where ``check --only ROW…`` exits 1."""
        if gate_is_on() and exit_status(self.report):
            raise GateClosed(" ".join([self.sentence, *_blame(self.report)]))
        return Verdict(
            self.report.decision, self.sentence, " ".join([*_blame(self.report), wording.last_line(self.report)])
        )

    def __repr__(self) -> str:
        return "\n".join(plain(line) for line in self._opening())

    def _repr_html_(self) -> str:
        return wrapped("".join(f"<p>{html(line)}</p>" for line in self._opening()), picture=False)

    def _opening(self) -> list[str]:
        overlay = self.judged.report.overlay
        first = f"Looked at {overlay.path or 'objects'}: {overlay.objects} objects, as of {overlay.as_of}."
        gaps = [
            f"Not looked at: {source_name(source)}, because {source.reason}."
            for source in self.judged.facts.inputs.get("followed", ())
            if source.state == "unavailable"
        ]
        alone = ", ".join(self.only)
        part = [f"The site shows {alone} alone; this notebook shows all of its rows."] if alone else []
        return [first, *part, *(f"Note: {note}." for note in overlay.notes), *gaps]


@dataclass(frozen=True)
class Verdict:
    """The last output of a notebook: the decision on its rows."""

    decision: str
    sentence: str
    more: str

    def __repr__(self) -> str:
        return plain(f"{self.sentence} {self.more}")

    def _repr_html_(self) -> str:
        tones = {"not-compliant": "not-met", "cannot-be-decided": "not-verified", "compliant": "met"}
        tone = tones.get(self.decision, "waived")
        return wrapped(f'<p class="verdict {tone}">{html(self.sentence)}</p><p>{html(self.more)}</p>')


def _blame(report: Report) -> list[str]:
    """Which musts are not met, and which checks of a must broke."""
    unmet = [row.id for row in report.requirements if (row.level, row.status) == ("must", "not-met")]
    broken = [result.check for result in report.results if result.level == "must" and result.outcome == "error"]
    said = [f"Musts not met: {', '.join(unmet)}."] if unmet else []
    return said + ([f"Checks that broke: {', '.join(broken)}."] if broken else [])


def _rows(result: CheckResult) -> str:
    return ", ".join(result.requirements)


def source_name(source: Followed) -> str:
    """A source of a GitOps object: repository, path and revision; a chart's by the object that asks for it."""
    return source.id if source.repository or source.path else str(source.subject)


def place(item: Evidence) -> str:
    """The file and line to edit, "" where none is known."""
    return str(item.source) if item.source else ""


def open_notebook(
    name: str, overlay: str = "", as_of: str = "", change: str = "", *, context: str = "", snapshot: str = ""
) -> Book:
    """Judge an overlay for a notebook, once a kernel. Raises NoVerdict where it can't be read or rendered.

    ``change`` is a file with a pull request's facts, as ``kfm-checks check --change`` takes it. ``context`` or
    ``snapshot`` is the cluster to look at; every notebook takes it from the environment, so that all say the same.
    """
    register()
    try:
        entry = notebook(name)
        named = cluster_of(*((context, snapshot) if context or snapshot else (given("CONTEXT"), given("SNAPSHOT"))))
        folder, options = overlay_folder(overlay), options_given()
        judged = _judged(folder, as_of, entry.judged, change_file(change), options, *named)
        return Book(entry, judged, options_from(options).only)
    except KfmChecksError as error:
        raise NoVerdict(f"No verdict: {error}") from None


@cache
def _judged(
    folder: Path,
    as_of: str,
    rows: tuple[str, ...],
    change: Path | None,
    options: str,
    context: str | None,
    snapshot: Path | None,
) -> Judged:
    given = replace(options_from(options), only=rows, as_of=as_of, change=change)
    return judge(folder, replace(given, context=context, snapshot=snapshot))
