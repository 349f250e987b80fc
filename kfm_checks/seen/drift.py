"""Where the cluster differs from git, object by object and field by field, and who did it when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from kfm_checks.engine import Facts
from kfm_checks.model import ObjectKey
from kfm_checks.seen.times import when

#: What stands first: doors and objects that nobody committed, then what is gone, then what was changed.
ORDER = ("extra", "missing", "changed")
WORDS = {"extra": "not in git", "missing": "not in the cluster", "changed": "changed"}


class Drifted(Protocol):
    """What the fact ``drift`` says of one difference."""

    @property
    def object(self) -> ObjectKey: ...
    @property
    def change(self) -> str: ...
    @property
    def pointer(self) -> str: ...
    @property
    def wanted(self) -> Any: ...
    @property
    def live(self) -> Any: ...
    @property
    def manager(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def since(self) -> str: ...
    @property
    def note(self) -> str: ...


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
    found: Iterable[Drifted] = facts.get("drift")
    made = [_line(each) for each in found]
    return tuple(sorted(made, key=lambda line: (_rank(line.change), line.object, line.pointer)))


def _rank(change: str) -> int:
    return ORDER.index(change) if change in ORDER else len(ORDER)


def _line(each: Drifted) -> Line:
    by = f"{each.manager} ({each.operation})" if each.manager and each.operation else each.manager
    return Line(each.object, each.change, each.pointer, _text(each.wanted), _text(each.live), by, each.since, each.note)


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
        together.setdefault((line.since, line.by, line.change, line.object), []).append(line.pointer)
    made = [Moment(*key, tuple(pointers)) for key, pointers in together.items()]
    return tuple(sorted(made, key=lambda moment: (not moment.since, moment.since, moment.by, moment.object)))
