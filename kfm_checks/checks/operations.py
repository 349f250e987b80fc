"""CHG-08 and OPS-05: what was done by hand came back to git, and each rollback left a note."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, judged
from kfm_checks.facts.change_history import Revert, commit_of_request, is_shallow, reverts
from kfm_checks.facts.repository import Repository
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Evidence, Source
from kfm_checks.records import Record

LEDGER = "governance/incidents.yaml"
_SHA = re.compile(r"\b[0-9a-f]{7,64}\b", re.IGNORECASE)
_REQUEST = re.compile(r"(?:#|!|/pull/|/merge_requests/)(\d+)")


def break_glass_is_closed(records: tuple[Record, ...], tree: Tree, repository: Repository | None) -> Iterator[Evidence]:
    """Every change made by hand in an emergency was committed back or reverted, by a commit that exists.

    Until it is in git, the next reconciliation undoes the repair, or the drift stays for ever (OpenGitOps principles
    v1.0.0, 4). The ledger is governance/incidents.yaml; the commit or pull request named by `closed-by` is looked up in
    this repository's history.

    Remedy: commit the change or revert it, and write its commit into `closed-by` of the entry.
    """
    _look_for_ledger(records, tree)
    for record in _incidents(records):
        subject, source = file_key(record.file or "governance/incidents.yaml"), _place(record)
        details: dict[str, Any] = {"about": _name(record), "source": source, "expected": "a commit of this repository"}
        if not record.closed_by:
            message = f"the change made by hand on {record.when} is still open: {record.what}"
            yield fails(subject, message=message, observed="open", **details)
            continue
        found, how = _commit(record.closed_by, repository)
        message = f"the change made by hand on {record.when} is closed by {record.closed_by}{how}"
        yield judged(found, subject, message=message, observed=record.closed_by, **details)


def rollbacks_are_recorded(
    records: tuple[Record, ...], tree: Tree, repository: Repository | None
) -> Iterator[Evidence]:
    """The note of each rollback says what happened, which commit was reverted, that health was confirmed, what follows.

    What is not written down happens again (NIST SP 800-53 IR-4, IR-5). A rollback is an entry of
    governance/incidents.yaml with `reverted`, and a revert of a commit of this overlay in the history of the branch.

    Remedy: complete the entry: what, reverted, health-confirmed, follow-ups; add one for each revert named.
    """
    told = [record for record in _incidents(records) if record.reverted]
    for record in told:
        yield from _note(record, repository)
    if repository is None:
        _look_for_ledger(records, tree)
        return
    for revert in reverts(repository):
        yield _noted(revert, told)


def _look_for_ledger(records: tuple[Record, ...], tree: Tree) -> None:
    """An empty ledger says that nothing happened; where there is none, nobody says anything. Raises NotVerified."""
    if not _incidents(records) and tree.get(LEDGER) is None:
        raise NotVerified(f"there is no ledger of incidents ({LEDGER})")


def _incidents(records: tuple[Record, ...]) -> list[Record]:
    return [record for record in records if record.kind == "incident"]


def _place(record: Record) -> Source | None:
    return Source(record.file, record.line) if record.file else None


def _name(record: Record) -> str:
    return f"{record.when} {record.what}"[:120]


def _commit(text: str, repository: Repository | None) -> tuple[bool | None, str]:
    """Whether a commit or pull request that a record names is in the history, and what to say of it."""
    if repository is None:
        return None, ", which nobody looked up: there is no git repository here"
    sha, request = _SHA.search(text), _REQUEST.search(text)
    if sha is not None and repository.has_commit(sha[0]):
        return True, ""
    if request is not None and (found := commit_of_request(repository, request[1])):
        return True, f" (commit {found[:12]})"
    if is_shallow(repository):
        return None, ", which is not in this shallow clone"
    if sha is None and request is not None:
        return None, ", a request that no commit message here names"
    return False, ", which is no commit of this repository"


def _note(record: Record, repository: Repository | None) -> Iterator[Evidence]:
    subject, source, name = file_key(record.file or "governance/incidents.yaml"), _place(record), _name(record)
    found, how = _commit(record.reverted, repository)
    message = f"the rollback of {record.when} names the commit {record.reverted}{how}"
    yield judged(
        found, subject, message=message, expected="the commit reverted", about=f"reverted {name}", source=source
    )
    confirmed = record.health_confirmed not in ("", False, "no", "false")
    for ok, part, words in (
        (bool(record.what.strip()), "what", "what happened"),
        (confirmed, "health-confirmed", "that health was confirmed"),
        (bool(record.follow_ups), "follow-ups", "what follows"),
    ):
        says = "says" if ok else "does not say"
        message = f"the note of the rollback of {record.when} {says} {words}"
        yield judged(ok, subject, message=message, expected=part, about=f"{part} {name}", source=source)


def _noted(revert: Revert, told: list[Record]) -> Evidence:
    """Whether a revert in the history has a note: one that names the commit reverted, or the revert itself."""
    for record in told:
        text = f"{record.reverted} {record.closed_by}"
        named = {found.lower() for found in _SHA.findall(text)}
        requests = set(_REQUEST.findall(text)) & set(_REQUEST.findall(revert.subject))
        if requests or any(known.startswith(sha) for sha in named for known in revert.commits):
            return holds(file_key(record.file), message=f"the revert {revert.sha[:12]} has its note", about=revert.sha)
    subject = file_key("governance/incidents.yaml")
    message = f"commit {revert.sha[:12]} took back a change of this overlay, and no note tells of it: {revert.subject}"
    return fails(subject, message=message, expected="a note in governance/incidents.yaml", about=revert.sha)
