"""Some checks in a copy of this process, while the others run here: after the render a second core has nothing to do.

The copy only saves time. It gives the same evidence as this process would, or none at all: then its checks run here at
their turn, and so whatever ended it is said as always.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import sys
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kfm_checks.checks import Check
from kfm_checks.engine import Facts, Looked
from kfm_checks.errors import NotVerified
from kfm_checks.model import Evidence, Origin

#: What reaches one of these goes to the copy: about half of the time that the checks on objects take.
HEAVY = frozenset({"admission_candidates", "admission_policies"})


def begin(facts: Facts, checks: Sequence[Check], awaited: Collection[str]) -> Apart | None:
    """Copy the process, and run there the checks that are worth it and need nothing awaited; None where that can't be.

    What they share with the other checks is computed before.
    """
    reached = {check.name: facts.reached(check.function) for check in checks if not check.live}
    apart = {name for name, names in reached.items() if names & HEAVY and names.isdisjoint(awaited)}
    if not apart or not _possible():
        return None
    there = set[str]().union(*(reached[name] for name in apart))
    here = set[str]().union(*(names for name, names in reached.items() if name not in apart))
    facts.compute(there & here)
    return Apart(facts, [check for check in checks if check.name in apart])


#: A core with more than so many processes to run in the last minute has no time for another: a copy would slow the run.
_BUSY = 1.5


def _possible() -> bool:
    """Whether there is a core for a copy, and no thread that would be missing in it."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    cores = len(os.sched_getaffinity(0))
    return cores > 1 and os.getloadavg()[0] < _BUSY * cores


class Apart:
    """Checks that run in a copy of the process as it is now."""

    def __init__(self, facts: Facts, checks: Sequence[Check]) -> None:
        self.checks = checks
        self._origins = _origins(facts.inputs)
        ours, theirs = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                with os.fdopen(theirs, "wb") as answer:
                    answer.write(_written(facts, checks, self._origins))
            finally:
                os._exit(0)  # nothing that this process has begun may be ended or written out twice
        os.close(theirs)
        self._answer = os.fdopen(ours, "rb")

    def looked(self) -> Mapping[str, Looked]:
        """Wait for what the checks gave: all of it, or nothing."""
        text = self._answer.read()
        self.stop()
        try:
            found: dict[str, _Given] = _Reader(io.BytesIO(text), self._origins).load()
        except (EOFError, pickle.UnpicklingError):  # it was ended, in the middle perhaps
            return {}
        ends = {name: None if reason is None else NotVerified(reason) for name, (_, reason) in found.items()}
        return {name: Looked(evidence, ends[name]) for name, (evidence, _) in found.items()}

    def stop(self) -> None:
        """End the copy."""
        if not self._answer.closed:
            self._answer.close()
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


#: The evidence of a check, and why it is not verified where it said so.
_Given = tuple[tuple[Evidence, ...], str | None]


def _written(facts: Facts, checks: Iterable[Check], origins: Sequence[Origin]) -> bytes:
    """What the checks gave; one that ended in an error is left out, whose place only a traceback tells."""
    given: dict[str, _Given] = {}
    for check in checks:
        looked = facts.looked(check)
        if looked.error is None or isinstance(looked.error, NotVerified):
            given[check.name] = (looked.evidence, looked.error.reason if looked.error else None)
    text = io.BytesIO()
    _Writer(text, origins).dump(given)
    return text.getvalue()


def _origins(inputs: Mapping[str, Any]) -> list[Origin]:
    """The origins of all objects: both processes know them by their number, and nobody has to copy files and lines."""
    given = (inputs.get(name) or () for name in ("objects", "gitops_objects", "extra_policies"))
    return [obj.origin for objects in given for obj in objects]


class _Writer(pickle.Pickler):
    def __init__(self, text: io.BytesIO, origins: Sequence[Origin]) -> None:
        super().__init__(text, pickle.HIGHEST_PROTOCOL)
        self._numbers = {id(origin): number for number, origin in enumerate(origins)}

    def persistent_id(self, obj: object) -> int | None:
        return self._numbers.get(id(obj)) if isinstance(obj, Origin) else None


class _Reader(pickle.Unpickler):
    """Reads what a copy of this very process wrote, and nothing else."""

    def __init__(self, text: io.BytesIO, origins: Sequence[Origin]) -> None:
        super().__init__(text)
        self._origins = origins

    def persistent_load(self, pid: int) -> Origin:
        return self._origins[pid]
