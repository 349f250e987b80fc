"""What enforces each rail: the policies that refuse an object which breaks it, as tried on the overlay's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfm_checks.engine import Crashed, Facts
from kfm_checks.errors import NotVerified

if TYPE_CHECKING:
    from kfm_checks.admission.attempts import Attempt


@dataclass(frozen=True)
class Rail:
    """One rail: how many violating objects were tried and refused, by which policies, and what would get in."""

    tried: int
    refused: int
    #: Policy -> how many of them it refuses.
    by: Mapping[str, int]
    #: How objects that would be let in break the rail, in words.
    let_in: tuple[str, ...]
    #: The same of objects of which nobody can tell.
    doubted: tuple[str, ...]
    #: Refused, but only by policies that fail open.
    weak: tuple[str, ...]


def rails(facts: Facts) -> Mapping[str, Rail]:
    """The rails that were tried, by row; none where nobody could try them."""
    try:
        found: tuple[Attempt, ...] = facts.get("admission_attempts")
    except (NotVerified, Crashed):
        return {}  # the row of the admission policies says why
    by_row: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in found:
        by_row[attempt.row].append(attempt)
    return {row: _rail(tried) for row, tried in sorted(by_row.items())}


def _rail(tried: list[Attempt]) -> Rail:
    by = Counter(name for each in tried for name in each.policies)
    return Rail(
        len(tried),
        sum(each.refused for each in tried),
        dict(sorted(by.items())),
        _words(each for each in tried if not each.refused and not each.unknown),
        _words(each for each in tried if not each.refused and each.unknown),
        _words(each for each in tried if each.refused and each.fails_open),
    )


def _words(attempts: Iterable[Attempt]) -> tuple[str, ...]:
    return tuple(sorted({each.words for each in attempts}))
