"""How a comparison reads: the same words in the terminal, in Markdown and on pages."""

from __future__ import annotations

from collections import Counter

from kfm_checks.facts.change_model import RISKS, Diff, ObjectChange, RiskName
from kfm_checks.facts.change_request import ChangeRequest

#: Risk -> what a reader who is no programmer is told.
RISK_WORDS: dict[RiskName, str] = {
    "data-loss": "data may be lost",
    "exposure": "reachable from outside",
    "permission": "more may be done",
    "network-reach": "more can connect",
    "disruption": "service may be interrupted",
    "image": "other software runs",
    "capacity": "needs more or less",
}
MARKS = {"added": "+", "removed": "-", "changed": "~"}


def headline(diff: Diff) -> str:
    """One line: how many objects change, of how many."""
    if not diff.changes:
        return f"Nothing changes: {diff.compared} objects are the same on both sides."
    counts = Counter(change.change for change in diff.changes)
    parts = [f"{counts[word]} {word}" for word in ("added", "removed", "changed") if counts[word]]
    return f"{len(diff.changes)} of {diff.compared} objects change: {', '.join(parts)}."


def counted(number: int, word: str) -> str:
    """``1 pair``, ``2 pairs``."""
    return f"{number} {word}" + ("" if number == 1 else "s")


def opening(request: ChangeRequest) -> str:
    """Which change it is, in one sentence: its number, title, author, branches, commit."""
    name = f"Pull request #{request.number}" if request.number else "The change"
    title = f" “{request.title}”" if request.title else ""
    by = f" by {request.author}" if request.author else ""
    way = f", from {request.head.ref or 'a branch'} to {request.base.ref or 'an unnamed branch'}"
    commit = f", at commit {request.head.sha[:12]}" if request.head.sha else ""
    return f"{name}{title}{by}{way}{commit}{', a draft' if request.draft else ''}."


def risk_line(diff: Diff) -> str:
    """One line: how many objects carry each risk."""
    counts = Counter(name for change in diff.changes for name in {risk.name for risk in change.risks})
    if not counts:
        return "No risk was recognised." if diff.changes else ""
    return "Risks: " + ", ".join(f"{name} ({RISK_WORDS[name]}) {counts[name]}" for name in RISKS if counts[name]) + "."


def ranked(diff: Diff) -> list[ObjectChange]:
    """The changes with the gravest risk first, then as they stand."""
    order = {name: number for number, name in enumerate(RISKS)}
    return sorted(diff.changes, key=lambda change: min((order[r.name] for r in change.risks), default=len(order)))
