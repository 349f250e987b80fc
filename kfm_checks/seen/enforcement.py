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
    """One attempt as a picture shows it."""

    attempt: Attempt

    @property
    def verdict(self) -> Literal["right", "wrong", "unknown"]:
        """Refused where it breaks something, admitted where it breaks nothing."""
        if self.attempt.admitted is None:
            return "unknown"
        return "right" if self.attempt.admitted == (self.attempt.breaks == CONFORMING) else "wrong"

    @property
    def text(self) -> str:
        """One word."""
        return {True: "let in", False: "refused", None: "not tried"}[self.attempt.admitted]


def words(breaks: str) -> str:
    """What a pod that breaks this does."""
    return WORDS.get(breaks, breaks.replace("-", " "))


def tried(facts: Facts) -> tuple[list[str], dict[str, dict[str, Tried]]]:
    """The kinds of attempt, and namespace -> kind -> attempt. Raises NotVerified where no cluster was looked at."""
    attempts: tuple[Attempt, ...] = facts.get("cluster").attempts
    kinds = sorted({each.breaks for each in attempts}, key=lambda name: (name != CONFORMING, name))
    rows: dict[str, dict[str, Tried]] = {}
    for each in sorted(attempts, key=lambda attempt: (attempt.namespace, attempt.breaks)):
        rows.setdefault(each.namespace, {})[each.breaks] = Tried(each)
    return kinds, rows
