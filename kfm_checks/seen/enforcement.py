"""Pods that were offered to the server in a dry run: what has to be refused, and what has to get in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kfm_checks.engine import Facts
from kfm_checks.facts.cluster import Attempt

#: What a pod that keeps the rules is called.
CONFORMING = "conforming"
WORDS = {
    CONFORMING: "keeps all rules",
    "privileged": "is privileged",
    "no-limits": "sets no limits",
    "latest-tag": "runs :latest",
    "host-network": "uses the node's network",
}


@dataclass(frozen=True)
class Tried:
    """One attempt as a picture shows it. ``proven``: the pod that keeps all rules got in, so refusals say something."""

    attempt: Attempt
    proven: bool

    @property
    def verdict(self) -> Literal["right", "wrong", "unknown"]:
        """Refused, or completed by a LimitRange, where it breaks something; admitted where it breaks nothing."""
        attempt = self.attempt
        if attempt.admitted is None:
            return "unknown"
        if attempt.breaks == CONFORMING:
            return "right" if attempt.admitted else "wrong"
        if attempt.admitted:
            return "right" if attempt.completed else "wrong"
        return "right" if self.proven else "unknown"

    @property
    def text(self) -> str:
        """One word, or a few."""
        if self.attempt.completed:
            return "limits set"
        return {True: "let in", False: "refused", None: "not tried"}[self.attempt.admitted]


def words(breaks: str) -> str:
    """What a pod that breaks this does."""
    return WORDS.get(breaks, breaks.replace("-", " "))


def tried(facts: Facts) -> tuple[list[str], dict[str, dict[str, Tried]]]:
    """The kinds of attempt, and namespace -> kind -> attempt. Raises NotVerified where no cluster was looked at."""
    attempts: tuple[Attempt, ...] = facts.get("cluster").attempts
    kinds = sorted({each.breaks for each in attempts}, key=lambda name: (name != CONFORMING, name))
    proven = {each.namespace for each in attempts if each.breaks == CONFORMING and each.admitted}
    rows: dict[str, dict[str, Tried]] = {}
    for each in sorted(attempts, key=lambda attempt: (attempt.namespace, attempt.breaks)):
        rows.setdefault(each.namespace, {})[each.breaks] = Tried(each, each.namespace in proven)
    return kinds, rows
