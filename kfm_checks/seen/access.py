"""Who may do what: computed from the rendered roles, and answered by the server, side by side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from kfm_checks.engine import Facts
from kfm_checks.facts.access import Access, Request
from kfm_checks.facts.cluster import Answer


@dataclass
class Pair:
    """One permission of one subject in all namespaces that were asked about ("" is the whole cluster)."""

    subject: str
    permission: str
    computed: set[str] = field(default_factory=set)
    live: set[str] = field(default_factory=set)
    #: Namespace -> why the server gave no answer.
    unanswered: dict[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Literal["equal", "differs", "unknown"]:
        """Whether both say the same; a difference counts before what nobody knows."""
        known = set(self.unanswered)
        if self.computed - known != self.live - known:
            return "differs"
        return "unknown" if self.unanswered else "equal"

    @property
    def text(self) -> str:
        """``computed`` beside ``live``; one of them where both say the same."""
        if self.verdict == "equal":
            return _places(self.computed)
        live = _places(self.live) if self.live or not self.unanswered else "not known"
        return f"git: {_places(self.computed)}; cluster: {live}"


def _places(namespaces: set[str]) -> str:
    return ", ".join(name or "everywhere" for name in sorted(namespaces)) or "no"


def pairs(facts: Facts) -> tuple[Pair, ...]:
    """Every permission that was asked about, by subject. Raises NotVerified where nothing was asked."""
    access: Access = facts.get("access")
    answers: tuple[Answer, ...] = facts.get("cluster").answers
    found: dict[tuple[str, str], Pair] = {}
    for answer in answers:
        key = answer.subject, _permission(answer)
        pair = found.setdefault(key, Pair(*key))
        request = Request(answer.verb, answer.group, answer.resource, answer.name)
        if access.allows(answer.subject, request, answer.namespace):
            pair.computed.add(answer.namespace)
        if answer.allowed:
            pair.live.add(answer.namespace)
        elif answer.allowed is None:
            pair.unanswered[answer.namespace] = answer.problem or "no answer"
    return tuple(found[key] for key in sorted(found))


def _permission(answer: Answer) -> str:
    resource = f"{answer.resource}.{answer.group}" if answer.group else answer.resource
    return f"{answer.verb} {resource}" + (f" {answer.name}" if answer.name else "")


def by_permission(found: tuple[Pair, ...]) -> tuple[list[str], dict[str, dict[str, Pair]]]:
    """The subjects, and permission -> subject -> pair; permissions that nobody has on either side are left out."""
    rows: dict[str, dict[str, Pair]] = defaultdict(dict)
    for pair in found:
        rows[pair.permission][pair.subject] = pair
    worth = {name: cells for name, cells in rows.items() if any(_said(pair) for pair in cells.values())}
    return sorted({pair.subject for pair in found}), dict(sorted(worth.items()))


def _said(pair: Pair) -> bool:
    return bool(pair.computed or pair.live or pair.unanswered)
