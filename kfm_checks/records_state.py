"""What became of each record in a run: in force, expired, or unused and why; and who committed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kfm_checks.fold import Judgement
from kfm_checks.model import CheckResult, Requirement, RequirementResult
from kfm_checks.records import Record
from kfm_checks.records_history import Commit
from kfm_checks.redaction import redact
from kfm_checks.requirements import roles_for

#: The note of a record whose row or check was left out of this run: that says nothing about the record.
NOT_LOOKED = "its row was not looked at in this run"


def states(
    judgement: Judgement,
    rows: Sequence[Requirement],
    folded: Sequence[RequirementResult],
    history: Mapping[int, Commit],
    *,
    in_git: bool,
) -> tuple[Mapping[str, Any], ...]:
    """Each record as plain data with its ``state``, a ``note`` that says why, and its commit.

    ``committed-by``, ``committed-on`` and ``commit`` are given where git knows them (``history``); ``author-differs``
    where whom the record names neither wrote, committed nor signed the commit.
    """
    by_id = {row.id: row for row in rows}
    statuses = {row.id: row for row in folded}
    shown = []
    for index, record in enumerate(judgement.records):
        state, note = _state(index, record, judgement, by_id, statuses)
        plain = {key: _redacted(value) for key, value in msgspec.to_builtins(record).items()}
        entry = {**plain, "state": state, **_signed(record, history.get(index), in_git)}
        shown.append({**entry, "note": note} if note else entry)
    return tuple(shown)


def _redacted(value: Any) -> Any:
    if isinstance(value, list):
        return [_redacted(each) for each in value]
    return redact(value) if isinstance(value, str) else value


def _signed(record: Record, commit: Commit | None, in_git: bool) -> dict[str, Any]:
    if not in_git:
        return {}
    if commit is None or not commit.id:
        return {"committed-by": "", "committed-on": "", "commit": "", "author-differs": True}
    found: dict[str, Any] = {"committed-by": commit.author, "committed-on": commit.day, "commit": commit.id}
    return found if commit.vouches_for(record.by) else {**found, "author-differs": True}


def _state(
    index: int,
    record: Record,
    judgement: Judgement,
    rows: Mapping[str, Requirement],
    statuses: Mapping[str, RequirementResult],
) -> tuple[str, str]:
    if record.expired(judgement.as_of):
        early = bool(record.date and record.date > judgement.as_of)
        return "expired", f"does not count before {record.date}" if early else f"its last day was {record.expires}"
    if record.kind == "incident" or index in judgement.used:
        return "in-force", ""
    row = rows.get(record.requirement)
    if row is None:
        return "unused", f"no requirement is called {record.requirement}"
    if record.kind == "waiver":
        return "unused", _idle_waiver(record, row, judgement)
    return "unused", _idle_attestation(record, row, statuses.get(row.id), judgement)


def _idle_waiver(record: Record, row: Requirement, judgement: Judgement) -> str:
    if record.check not in row.checks:
        return f"{row.id} has no check called {record.check}"
    result = judgement.results.get(record.check)
    if result is None:
        return NOT_LOOKED
    return idle_subject(record, result) or "not needed: this failure does not decide the row"


def idle_subject(record: Record, result: CheckResult) -> str:
    """Why the subject of a waiver names no failure of its check; "" where it names one."""
    covered = [item for item in result.evidence if record.covers(item.subject)]
    if not covered:
        return "it matches nothing that was looked at"
    if any(item.holds is False for item in covered):
        return ""
    if all(item.holds for item in covered):
        return "no longer needed: what it accepts holds now"
    return "nobody could tell whether it is still needed"


def _idle_attestation(record: Record, row: Requirement, result: RequirementResult | None, judgement: Judgement) -> str:
    if "attestation" not in row.by:
        return f"{row.id} is not a row that somebody may vouch for"
    allowed = roles_for(row.id, judgement.config.attesters)
    if record.role not in allowed:
        return f"the role {record.role} may not vouch for {row.id}; {' or '.join(allowed)} may"
    if result is None:
        return NOT_LOOKED
    words = {
        "met": "no longer needed: the row is met without it",
        "not-met": "a check of the row fails, and an attestation never beats that",
        "waived": "the row's failures are waived",
        "not-applicable": "the row is declared not applicable",
    }
    return words.get(result.status, "another attestation of this row counts")
