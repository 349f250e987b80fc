"""The steward's review: what is decided, what is open and whose it is, what somebody accepted, what changed since.

``review`` gathers it as sections of text; the writers for terminal, Markdown and paper only lay them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfm_checks.baseline import Comparison, compare, rule_digests, standing
from kfm_checks.judged import Judged
from kfm_checks.model import Report, RequirementResult, Status
from kfm_checks.review_record import Review as Record
from kfm_checks.review_record import last_review
from kfm_checks.wording import DECISIONS, ROLES, STATUSES, explain, headline, last_line, verdict

OPEN: tuple[Status, ...] = ("not-met", "not-verified")


@dataclass(frozen=True)
class Section:
    """A heading, a few lines, and a table; ``level`` 2 or 3."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    level: int = 2


@dataclass(frozen=True)
class Review:
    """Everything that a reviewer needs to decide, in the order in which it is read."""

    title: str
    decision: str
    sections: tuple[Section, ...]
    #: None where there is no earlier review.
    since: Comparison | None = None
    before: Record | None = None
    conditions: tuple[str, ...] = field(default=())


def review(judged: Judged, *, conditions: Sequence[str] = (), change: Iterable[str] | None = None) -> Review:
    """The review of a judged overlay. ``change`` says in sentences what a change does to configuration and records;
    left out, it is asked of the run itself. Raises ConfigError where an earlier review is malformed.
    """
    report = judged.report
    sentences = tuple(_change(judged) if change is None else change)
    before = last_review(judged.target, report.overlay.as_of)
    now = standing(report, rule_digests(judged.rows))
    since = compare(before.standing(), now) if before else None
    sections = [
        *_governance(sentences),
        _decision(report, conditions),
        _since(before, since),
        *_open(report),
        _records("Waivers: known failures that somebody accepted", report, "waiver"),
        _records("Attestations: what somebody vouches for", report, "attestation"),
    ]
    title = f"Review of {report.overlay.path or 'the objects given'}, as of {report.overlay.as_of}"
    return Review(title, verdict(report), tuple(sections), since, before, tuple(conditions))


def _change(judged: Judged) -> list[str]:
    if "change" not in judged.facts.inputs:
        return []
    from kfm_checks.change.governance import sentence
    from kfm_checks.change.inputs import governance_of

    found = [sentence(each) for each in governance_of(judged)]
    return found or ["nothing: configuration and records stay as they are"]


def _governance(sentences: Sequence[str]) -> list[Section]:
    title = "What the change does to configuration and records"
    return [Section(title, ("The base's hold while the change is judged.", *sentences))] if sentences else []


def _decision(report: Report, conditions: Sequence[str]) -> Section:
    overlay = report.overlay
    facts = f"{overlay.objects} objects, rendered by {overlay.renderer}, {overlay.digest}"
    asked = [f"On condition: {each}" for each in conditions]
    return Section("Decision", (headline(report), last_line(report), facts, *overlay.notes, *asked))


def _since(before: Record | None, since: Comparison | None) -> Section:
    title = "Since the last review"
    if before is None or since is None:
        return Section(title, ("There is no earlier review: everything here is seen for the first time.",))
    who = f"{before.as_of}, {DECISIONS[before.decision]}, by {before.by} ({ROLES.get(before.role, before.role)})"
    lines = [f"The last review: {who}; commit {before.commit[:12]}."]
    lines += [f"Its condition: {each}" for each in before.conditions]
    kinds: list[tuple[str, Mapping[str, str]]] = [
        ("new", since.new),
        ("mended", since.mended),
        ("accepted", since.accepted),
        ("not looked at this time", since.unseen),
    ]
    rows = [(kind, what, "") for kind, found in kinds for what in sorted(found.values())]
    rows += [("worse", row, _turn(pair)) for row, pair in since.worse.items()]
    rows += [("better", row, _turn(pair)) for row, pair in since.better.items()]
    rows += [("no longer looked at", row, _turn(pair)) for row, pair in since.unlooked.items()]
    rows += [("rule changed", row, "the catalogue changed, not the overlay") for row in since.rule_changed]
    if not rows:
        lines.append("Nothing changed.")
    return Section(title, tuple(lines), ("what", "where", "how"), tuple(rows))


def _turn(pair: tuple[str, str]) -> str:
    words: Mapping[str, str] = {str(key): word for key, word in STATUSES.items()}
    return " → ".join(words.get(each, each) for each in pair)


def _open(report: Report) -> list[Section]:
    results = {result.check: result for result in report.results}
    by_role: dict[str, list[RequirementResult]] = {}
    for row in sorted(report.requirements, key=_weight):
        if row.status in OPEN:
            by_role.setdefault(row.role, []).append(row)
    if not by_role:
        return [Section("Open rows", ("Nothing is open.",))]
    found = [Section("Open rows, by who must act")]
    for role, rows in sorted(by_role.items()):
        table = tuple((row.id, row.level, STATUSES[row.status], row.title, explain(row, results)) for row in rows)
        title = f"{ROLES.get(role, role) or 'nobody named'} ({len(rows)})"
        found.append(Section(title, (), ("row", "level", "status", "requirement", "why"), table, 3))
    return found


def _weight(row: RequirementResult) -> tuple[int, bool]:
    return (OPEN.index(row.status) if row.status in OPEN else len(OPEN)), row.level != "must"


def _records(title: str, report: Report, kind: str) -> Section:
    found = [each for each in report.records if each.get("kind") == kind]
    if not found:
        return Section(title, ("There are none.",))
    head = ("row", "what", "why", "by", "from", "until", "state", "committed")
    ordered = sorted(found, key=lambda each: (str(each.get("expires")), str(each.get("requirement"))))
    return Section(title, (), head, tuple(_record(each) for each in ordered))


def _record(each: Mapping[str, Any]) -> tuple[str, ...]:
    role = str(each.get("role", ""))
    state = str(each["state"]) + (f": {each['note']}" if each.get("note") else "")
    what = f"{each['check']}: {each['subject']}" if each.get("check") else str(each.get("statement", ""))
    return (
        str(each.get("requirement", "")),
        what,
        str(each.get("reason", "")),
        f"{each.get('by', '')} ({ROLES.get(role, role)})",
        str(each.get("date", "")),
        str(each.get("expires", "")),
        state,
        committed(each),
    )


def committed(each: Mapping[str, Any]) -> str:
    """What git says of a record, in words: who committed it and when, and whether that is whom it names."""
    if "commit" not in each:
        return "not in git"
    if not each["commit"]:
        return "not committed: it does not count for others yet"
    differs = "; not whom it names" if each.get("author-differs") else ""
    return f"{each['committed-by']}, {each['committed-on']}{differs}"
