"""What an attempt starts from, and the violating object made of it: step by step nearer to what every policy admits.

Only a refusal that the violation causes says something of a rail. So each object is tried beside the one that it was
made from: the overlay's own (mended where it breaks the rail already), then, where that is refused for another reason,
the same one hardened, then the smallest one that does its work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from kfm_checks.admission import repair
from kfm_checks.admission.locate import pod_path
from kfm_checks.admission.model import Candidate
from kfm_checks.admission.patterns import Edit, Pattern
from kfm_checks.facts.objects import dig
from kfm_checks.model import Path

#: How many objects an attempt starts from at most.
STEPS = 3
Spec = dict[str, Any]


class Step(NamedTuple):
    """An object that keeps the rail, and the same one that breaks it."""

    base: Candidate
    broken: Candidate


class Ladder:
    """The steps of one object, each made when it is asked for."""

    def __init__(self, own: Candidate, pattern: Pattern, edit: Edit, index: int, mended: dict[Any, Candidate]) -> None:
        self.pattern = pattern
        self.own = own
        self._edit = edit
        self._index = index
        # Patterns of one row start from the same objects.
        self._mended = mended
        self._steps: dict[int, Step | None] = {}

    def step(self, number: int) -> Step | None:
        """The one with this number; None where the object has no spec to change."""
        if number not in self._steps:
            self._steps[number] = self._made(number)
        return self._steps[number]

    def _made(self, number: int) -> Step | None:
        path = _spec_path(self.own)
        spec = dig(self.own.obj, *path) if path else None
        if not path or not isinstance(spec, dict):
            return None
        base = self._base(number, path, spec)
        kept = dig(base.obj, *path)
        index = self._index if number < 2 else 0
        return Step(base, base.variant(placed(base.obj, path, self._edit(kept, index))))

    def _base(self, number: int, path: Path, spec: Spec) -> Candidate:
        key = (id(self.own), number, self.pattern.row)
        if key not in self._mended:
            self._mended[key] = _start(self.own, number, self.pattern.row, path, spec)
        return self._mended[key]


def _start(own: Candidate, number: int, row: str, path: Path, spec: Spec) -> Candidate:
    if number == 0:
        mended = repair.REPAIRS[row](spec)
        return own if mended == spec else own.variant(placed(own.obj, path, mended))
    changes: tuple[Callable[[Spec], Spec], ...] = (repair.hardened, repair.smallest)
    change = repair.REPAIRS[row] if own.kind == "Service" else changes[number - 1]
    obj = placed(own.obj, path, change(spec))
    for place in {("metadata",), (*path[:-1], "metadata")}:
        if dig(obj, *place[:-1]) is not None:
            obj = placed(obj, place, repair.labelled(dig(obj, *place)))
    return own.variant(obj)


def _spec_path(own: Candidate) -> Path:
    return ("spec",) if own.kind == "Service" else pod_path(own) or ()


def placed(obj: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of an object with another value in one place."""
    head = str(path[0])
    return {**obj, head: value if len(path) == 1 else placed(obj[head], path[1:], value)}
