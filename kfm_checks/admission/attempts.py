"""What would be let in: the patterns that the rails forbid, each tried as an object made from the overlay's own.

A workload (or a Service) is changed so that it breaks one rail, and every enforcing policy is asked. The change is made
to the Pod that it makes, since policies often match Pods alone, and then to the workload itself. A policy that refuses
the object without the violation too refuses it for another reason, and forbids nothing of the rail: see ``ladder``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kfm_checks.admission.bound import Unit
from kfm_checks.admission.engine import Policies
from kfm_checks.admission.ladder import STEPS, Ladder
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.admission.patterns import NODE_PORT, SERVING, Pattern
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.pod_security import enforcement, violations
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, ObjectKey, Path


@dataclass(frozen=True)
class Attempt:
    """One attempt and what came of it. ``by`` is empty where it would be let in."""

    row: str
    words: str
    subject: Manifest
    path: Path
    #: Verdicts that refuse it because of the violation; Pod Security is said in ``pod_security``.
    by: tuple[Verdict, ...] = ()
    pod_security: str = ""
    #: Why nobody can tell, "" where it is known.
    unknown: str = ""
    #: Whether every policy that refuses it fails open.
    fails_open: bool = False

    @property
    def refused(self) -> bool:
        """Whether the API server would refuse it."""
        return bool(self.by or self.pod_security)

    @property
    def policies(self) -> tuple[str, ...]:
        """Who refuses it, in words."""
        names = sorted({f"{v.policy.key.kind} {v.policy.key.name}" for v in self.by})
        return (self.pod_security, *names) if self.pod_security else tuple(names)


@dataclass
class Way:
    """One way to break a rail, and what was said of it so far. ``ladders``: of the Pod first, then of what makes it."""

    ladders: tuple[Ladder, ...]
    by: tuple[Verdict, ...] = ()
    #: Refusals by policies that fail open.
    open_by: tuple[Verdict, ...] = ()
    unknown: str = ""

    @property
    def refused(self) -> bool:
        return bool(self.by or self.open_by)


@dataclass
class Trial:
    """An attempt with all ways to break its rail: each of them has to be refused."""

    attempt: Attempt
    pattern: Pattern
    ways: tuple[Way, ...]
    pod_security: str = ""

    def result(self) -> Attempt:
        """The attempt with what came of it: the way that is refused least decides."""
        if self.pod_security:
            return replace(self.attempt, pod_security=self.pod_security)
        let_in = [way for way in self.ways if not way.refused]
        if let_in:
            return replace(self.attempt, unknown=min(let_in, key=lambda way: bool(way.unknown)).unknown)
        by = tuple(verdict for way in self.ways for verdict in way.by or way.open_by)
        return replace(self.attempt, by=by, fails_open=any(not way.by for way in self.ways))


class Trier:
    """Tries patterns; remembers which policy refused a pattern last, since it most often refuses the next too."""

    def __init__(self, policies: Policies, inventory: Inventory) -> None:
        self.policies = policies
        self.inventory = inventory
        self._last: dict[str, ObjectKey] = {}
        self._before: dict[tuple[int, ObjectKey], frozenset[str]] = {}

    def workload(
        self, workload: Workload, made: tuple[Candidate, ...], patterns: tuple[Pattern, ...]
    ) -> Iterator[Trial]:
        """Each pattern on a workload. ``made``: the workload and what it makes."""
        index = _last_container(workload)
        if index is None:
            return
        mended: dict[Any, Candidate] = {}
        self._before = {}
        for pattern in patterns:
            if not pattern.serving or workload.kind in SERVING:
                attempt = Attempt(pattern.row, pattern.words, workload.obj, _path(workload, pattern.row, index))
                yield self._tried(attempt, pattern, made, index, mended)

    def service(self, own: Candidate) -> Trial:
        """A Service turned into one with a node port."""
        self._before = {}
        attempt = Attempt(NODE_PORT.row, NODE_PORT.words, own.source, ("spec", "type"))
        return self._tried(attempt, NODE_PORT, (own,), 0, {})

    def _tried(
        self, attempt: Attempt, pattern: Pattern, made: tuple[Candidate, ...], index: int, mended: dict[Any, Candidate]
    ) -> Trial:
        asked = self._asked(made, pattern)
        ways = tuple(Way(tuple(Ladder(one, pattern, edit, index, mended) for one in asked)) for edit in pattern.edits)
        trial = Trial(attempt, pattern, ways, self._pod_security(attempt.row, ways[0]))
        for way in ways if not trial.pod_security else ():
            self._go(way, pattern)
            if not self.policies.constraints:
                way.ladders = ()
                if not way.refused and not way.unknown:
                    break  # it is let in already, whatever is said of the other ways
        return trial

    def _asked(self, made: tuple[Candidate, ...], pattern: Pattern) -> list[Candidate]:
        """The Pod first, then what makes it; what nothing can refuse is left out. Pod Security is for every Pod."""
        return [
            one
            for one in reversed(made)
            if self.policies.constraints
            or (pattern.row == "RAIL-08" and one.kind == "Pod")
            or self.policies.judges(one, pattern.keys)
        ]

    def _go(self, way: Way, pattern: Pattern) -> None:
        """Ask every policy but Gatekeeper's about one way."""
        for ladder in way.ladders:
            first = ladder.step(0)
            if first is None:
                continue
            for unit in self.policies.units(first.broken, self._last.get(pattern.words), pattern.keys):
                caused = self._caused(way, ladder, unit)
                if caused and not _fails_open(caused[0].policy):
                    self._last[pattern.words] = unit.key
                    way.by = caused
                    return
                way.open_by = way.open_by or caused

    def _caused(self, way: Way, ladder: Ladder, unit: Unit) -> tuple[Verdict, ...]:
        """Refusals by one policy that the violation causes; what can't be told is noted."""
        refused = False
        for number in range(STEPS):
            step = ladder.step(number)
            if step is None:
                break
            found = tuple(unit.judge(step.broken, False))
            left = [v for v in found if v.refuses]
            if number == 0:
                doubts = (why(v) for v in found if v.result == "not-evaluated" and "deny" in v.actions)
                way.unknown = way.unknown or next(doubts, "")
            if not left:
                return ()  # it lets the violation by
            refused = True
            caused = tuple(v for v in left if v.rule not in self._refusing(step.base, unit))
            if caused:
                return caused
        if refused and mentions(unit.source[0], ladder.pattern.keys):
            way.unknown = way.unknown or whatever(unit.source)
        return ()

    def _refusing(self, base: Candidate, unit: Unit) -> frozenset[str]:
        """Rules of a policy that refuse an object before it is changed."""
        key = (id(base), unit.key)
        if key not in self._before:
            self._before[key] = frozenset(v.rule for v in unit.judge(base, False) if v.refuses)
        return self._before[key]

    def _pod_security(self, row: str, way: Way) -> str:
        """Pod Security by the namespace's label, which refuses Pods as any policy does."""
        step = way.ladders[0].step(0) if row == "RAIL-08" and way.ladders else None
        if step is None or step.broken.kind != "Pod":
            return ""
        enforced = enforcement(self.inventory.namespaces.get(step.broken.namespace))
        if enforced.level == "privileged" or enforced.problem:
            return ""
        known = {v.control for v in violations(step.base.obj, enforced.level, enforced.version)}
        if any(v.control not in known for v in violations(step.broken.obj, enforced.level, enforced.version)):
            return f"Pod Security ({enforced.level}) of namespace {step.broken.namespace}"
        return ""


_WORDS_ONLY = frozenset(
    {"message", "messageExpression", "description", "metadata", "status", "match", "exclude", "matchConstraints"}
)


def mentions(source: Any, keys: frozenset[str]) -> bool:
    """Whether a policy names a field that the violation touches, outside of what it only says."""
    if isinstance(source, dict):
        return any(k not in _WORDS_ONLY and (mentions(k, keys) or mentions(v, keys)) for k, v in source.items())
    if isinstance(source, list | tuple):
        return any(mentions(item, keys) for item in source)
    return isinstance(source, str) and (source == "podSecurity" or any(key in source for key in keys))


def whatever(sources: tuple[Manifest, ...]) -> str:
    """Said of a policy that refuses every object an attempt could start from."""
    key = sources[0].key
    return f"{key.kind} {key.name} refuses it without the violation too, also the smallest one that was tried"


def why(verdict: Verdict) -> str:
    """Which policy can't be evaluated, and for what reason."""
    return f"{verdict.policy.key.kind} {verdict.policy.key.name}: {verdict.message}"


def _fails_open(policy: Manifest) -> bool:
    spec = dig(policy, "spec", default={})
    return "Ignore" in (dig(spec, "failurePolicy"), dig(spec, "webhookConfiguration", "failurePolicy"))


def _path(workload: Workload, row: str, index: int) -> Path:
    """The field that the rail of a row is about."""
    container = (*workload.path, "containers", index)
    fields: dict[str, Path] = {"RAIL-03": (*container, "resources"), "RAIL-06": (*container, "image")}
    return workload.path if row == "RAIL-08" else fields.get(row, container)


def _last_container(workload: Workload) -> int | None:
    listed = workload.spec.get("containers")
    if not isinstance(listed, list) or not listed or not all(isinstance(c, dict) for c in listed):
        return None
    return len(listed) - 1
