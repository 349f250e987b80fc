"""Where the cluster differs from git, object by object and field by field, and who did it when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kfm_checks.engine import Facts
from kfm_checks.facts.live_drift import Drift
from kfm_checks.model import ObjectKey
from kfm_checks.seen.times import when

#: What stands first: doors and objects that nobody committed, then what is gone, then what was changed.
ORDER = ("extra", "missing", "changed", "unknown")
WORDS = {"extra": "not in git", "missing": "not in the cluster", "changed": "changed", "unknown": "not compared"}


@dataclass(frozen=True)
class Line:
    """One difference as a table shows it."""

    object: ObjectKey
    change: str
    pointer: str
    wanted: str
    live: str
    by: str
    since: str
    note: str

    @property
    def word(self) -> str:
        """The kind of difference in words."""
        return WORDS.get(self.change, self.change)


@dataclass(frozen=True)
class Moment:
    """One manager's change of one object at one time: what a timeline marks."""

    since: str
    by: str
    change: str
    object: ObjectKey
    pointers: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole story in one line."""
        fields = ", ".join(pointer for pointer in self.pointers if pointer)
        about = f"{self.object} {WORDS.get(self.change, self.change)}" + (f" at {fields}" if fields else "")
        return f"{when(self.since) or 'nobody knows when'}: {self.by or 'nobody said who'}: {about}"


def lines(facts: Facts) -> tuple[Line, ...]:
    """Every difference, what nobody committed first. Raises NotVerified where no cluster was looked at."""
    found: tuple[Drift, ...] = facts.get("drift")
    made = [_line(one) for one in found if one.change != "same"]
    return tuple(sorted(made, key=lambda line: (ORDER.index(line.change), line.object, line.pointer)))


def alike(facts: Facts) -> int:
    """How many objects are as git says."""
    return len({one.key for one in facts.get("drift") if one.change == "same"})


def _line(one: Drift) -> Line:
    owner = one.owner
    by = f"{owner.manager} ({owner.operation})" if owner and owner.operation else owner.manager if owner else ""
    since = owner.since if owner else ""
    return Line(one.key, one.change, one.pointer, _text(one.wanted), _text(one.live), by, since, one.note)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def moments(found: Iterable[Line]) -> tuple[Moment, ...]:
    """The differences of one object by one manager at one time are one moment; in the order of time."""
    together: dict[tuple[str, str, str, ObjectKey], list[str]] = {}
    for line in found:
        if line.change == "unknown":
            continue
        together.setdefault((line.since, line.by, line.change, line.object), []).append(line.pointer)
    made = [Moment(*key, tuple(pointers)) for key, pointers in together.items()]
    return tuple(sorted(made, key=lambda moment: (not moment.since, moment.since, moment.by, moment.object)))
