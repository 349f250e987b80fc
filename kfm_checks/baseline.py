"""What stood once, beside what stands now: the gate for teams that start with many failures, and the review's memory.

A :class:`Standing` is read from a report, a baseline or a review record; ``compare`` says what is new, mended, worse.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from kfm_checks.errors import UsageError
from kfm_checks.model import Outcome, Report, Requirement, Status

SCHEMA = "kfm-checks/baseline/v1"
#: A row with one of these was all right; where it is not verified now, nobody looks any more.
GOOD: frozenset[Status] = frozenset({"met", "attested"})
#: A check that ended so has looked; after any other end (or none) its old failures may still be there.
VERDICTS: frozenset[Outcome] = frozenset({"pass", "fail", "not-applicable"})


class Standing(Struct, frozen=True, rename="kebab", omit_defaults=True):
    """One overlay at one time: the status of each row, and the failures that nobody accepted."""

    path: str
    rows: dict[str, str] = {}
    #: Fingerprint -> what it is about, for a reader: ``check: namespace/Kind/name``.
    failing: dict[str, str] = {}
    accepted: dict[str, str] = {}
    #: Row -> digest of its rule; a row whose rule changed is told apart from an overlay that did.
    rules: dict[str, str] = {}
    as_of: str = ""
    #: Only of a run, never written: checks that reached a verdict, and fingerprints of what nobody could tell.
    looked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """What differs between then and now. Fingerprints map to what they are about; rows to (then, now)."""

    new: Mapping[str, str] = field(default_factory=dict)
    mended: Mapping[str, str] = field(default_factory=dict)
    unchanged: Mapping[str, str] = field(default_factory=dict)
    #: Failures of then that nobody looked at this time: neither mended nor unchanged.
    unseen: Mapping[str, str] = field(default_factory=dict)
    #: Failures that stood open and are accepted now.
    accepted: Mapping[str, str] = field(default_factory=dict)
    #: Rows that are not met now and were something better.
    worse: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    better: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: Rows that were met or attested and are not verified now.
    unlooked: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: Rows whose rule is another one now, and rows that there were not.
    rule_changed: tuple[str, ...] = ()
    since: str = ""

    @property
    def regressed(self) -> bool:
        """Whether the gate is shut: a new failure, or a row that nobody looks at any more."""
        return bool(self.new or self.unlooked)

    def lines(self) -> list[str]:
        """The comparison in words, the counts first."""
        since = f" of {self.since}" if self.since else ""
        counts = f"{len(self.new)} new, {len(self.mended)} mended, {len(self.unchanged)} unchanged"
        counts += f", {len(self.unseen)} not looked at" if self.unseen else ""
        found = [f"against the baseline{since}: {counts}"]
        found += [f"new: {what}" for what in _some(self.new.values())]
        found += [f"no longer looked at: {row} (was {then})" for row, (then, _) in sorted(self.unlooked.items())]
        return found


def _some(things: Iterable[str], most: int = 20) -> list[str]:
    """Each thing once, with its number where it is more than one."""
    listed = [f"{thing} ({number})" if number > 1 else thing for thing, number in sorted(Counter(things).items())]
    return listed[:most] + ([f"and {len(listed) - most} more"] if len(listed) > most else [])


def standing(report: Report, rules: Mapping[str, str] | None = None, *, partial: bool = False) -> Standing:
    """What stands in a report. ``partial``: leave out rows of which a check did not run (``--only``)."""
    from kfm_checks.exports.shared import Waivers

    waivers = Waivers(report)
    failing: dict[str, str] = {}
    accepted: dict[str, str] = {}
    unknown = set()
    ran = {result.check for result in report.results}
    for result in report.results:
        for item in result.evidence:
            if item.holds is None:
                unknown.add(item.fingerprint)
            elif item.holds is False:
                where = accepted if waivers.of(result, item) is not None else failing
                where[item.fingerprint] = f"{result.check}: {item.subject}"
    return Standing(
        report.overlay.path,
        {row.id: row.status for row in report.requirements if not partial or ran.issuperset(row.checks)},
        dict(sorted(failing.items())),
        dict(sorted(accepted.items())),
        dict(rules or {}),
        report.overlay.as_of,
        tuple(result.check for result in report.results if result.outcome in VERDICTS),
        tuple(sorted(unknown)),
    )


def compare(then: Standing, now: Standing) -> Comparison:
    """What became of what stood then. Rows that were not looked at this time (``--only``) are left out."""
    gone = {id: what for id, what in sorted(then.failing.items()) if id not in now.failing and id not in now.accepted}
    looked, unknown = set(now.looked), set(now.unknown)
    unseen = {id: what for id, what in gone.items() if id in unknown or what.partition(": ")[0] not in looked}
    changed = {
        row: (then.rows[row], status) for row, status in now.rows.items() if then.rows.get(row, status) != status
    }
    return Comparison(
        new={id: what for id, what in now.failing.items() if id not in then.failing},
        mended={id: what for id, what in gone.items() if id not in unseen},
        unchanged={id: what for id, what in now.failing.items() if id in then.failing},
        unseen=unseen,
        accepted={id: what for id, what in now.accepted.items() if id in then.failing},
        worse={row: pair for row, pair in changed.items() if pair[1] == "not-met"},
        better={row: pair for row, pair in changed.items() if pair[1] in GOOD or pair[0] == "not-met"},
        unlooked={row: pair for row, pair in changed.items() if pair[0] in GOOD and pair[1] == "not-verified"},
        rule_changed=_rule_changes(then, now),
        since=then.as_of,
    )


def against(
    report: Report, before: Mapping[str, Standing], *, partial: bool = False
) -> tuple[Report, Comparison | None]:
    """The report beside its baseline; None, and a note on the report, where the baseline doesn't know the overlay."""
    then = before.get(report.overlay.path)
    if then is None:
        return noted(report, ["the baseline does not know this overlay"]), None
    return report, compare(then, standing(report, partial=partial))


def noted(report: Report, lines: Sequence[str]) -> Report:
    """The report with further notes."""
    return replace(report, overlay=replace(report.overlay, notes=(*report.overlay.notes, *lines)))


def _rule_changes(then: Standing, now: Standing) -> tuple[str, ...]:
    if not then.rules or not now.rules:
        return ()
    return tuple(row for row, digest in now.rules.items() if then.rules.get(row) != digest)


def rule_digests(rows: Iterable[Requirement]) -> dict[str, str]:
    """A short digest of each row's rule: its fields, and the assertions of its checks."""
    from kfm_checks.exports.shared import checks_by_name

    known = checks_by_name()
    found = {}
    for row in rows:
        asserted = [[name, known[name].assertion, known[name].why] for name in row.checks if name in known]
        rule = [row.level, row.statement, row.by, row.checks, row.advisory, row.rolls_up, asserted]
        found[row.id] = hashlib.sha256(json.dumps(rule).encode()).hexdigest()[:12]
    return found


def catalogue_digest(rules: Mapping[str, str]) -> str:
    """One digest of the whole catalogue in force."""
    return "sha256:" + hashlib.sha256(json.dumps(dict(rules), sort_keys=True).encode()).hexdigest()


def read_baseline(path: Path) -> dict[str, Standing]:
    """The standings of a file by overlay: a report, a set of reports, or a written baseline. Raises UsageError."""
    remedy = "give a report (--format json) or a file that --write-baseline made"
    try:
        value = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"can't be read: {error.strerror}", file=str(path), remedy="check the path") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}", file=str(path), remedy=remedy) from error
    schema = value.get("schema") if isinstance(value, dict) else None
    try:
        if schema == SCHEMA:
            listed = msgspec.convert(value["overlays"], list[Standing])
        elif schema == "kfm-checks/report/v1":
            listed = [_from_report(value)]
        elif schema == "kfm-checks/report-set/v1":
            listed = [_from_report(each) for each in value["reports"]]
        else:
            raise UsageError("neither a report nor a baseline", file=str(path), remedy=remedy)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise UsageError("a report or baseline with a field missing or wrong", file=str(path), remedy=remedy) from error
    return {each.path: each for each in listed}


def _from_report(value: Mapping[str, Any]) -> Standing:
    from kfm_checks.exports.json_report import from_dict

    return standing(from_dict(value))


def written(
    reports: Sequence[Report], before: Mapping[str, Standing], *, grow: bool, partial: bool = False
) -> tuple[str, int]:
    """The text of a baseline, and how many new failures were left out: without ``grow`` an existing one only shrinks.

    An overlay that is not judged this time keeps its standing.
    """
    found, left_out = dict(before), 0
    for report in reports:
        now = standing(report, partial=partial)
        old = before.get(now.path)
        if old is not None:
            comparison = compare(old, now)
            left_out += 0 if grow else len(comparison.new)
            now = _kept(old, now, comparison) if grow else _shrunk(old, now, comparison)
        found[now.path] = msgspec.structs.replace(now, looked=(), unknown=())
    overlays = [msgspec.to_builtins(found[path]) for path in sorted(found)]
    return json.dumps({"schema": SCHEMA, "overlays": overlays}, indent=2, ensure_ascii=False) + "\n", left_out


def _shrunk(old: Standing, now: Standing, comparison: Comparison) -> Standing:
    """What stood and still stands, or was not looked at; a row that was looked at stays one that has to be."""
    rows = {**now.rows, **{row: then for row, (then, _) in comparison.unlooked.items()}}
    still = {id: what for id, what in old.failing.items() if id in now.failing or id in comparison.unseen}
    return msgspec.structs.replace(now, rows={**old.rows, **rows}, failing=still)


def _kept(old: Standing, now: Standing, comparison: Comparison) -> Standing:
    """All that stands, and what stood and was not looked at."""
    failing = dict(sorted({**now.failing, **comparison.unseen}.items()))
    return msgspec.structs.replace(now, rows={**old.rows, **now.rows}, failing=failing)
