"""Compute facts once, run checks, fold outcomes: the only place where verdicts are made from evidence."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from kfm_checks.checks import Check
from kfm_checks.errors import CatalogueError, KfmChecksError, NotVerified
from kfm_checks.evidence import identified, unknown
from kfm_checks.facts.catalogue import FACTS, INPUTS
from kfm_checks.facts.cluster import Cluster
from kfm_checks.model import CheckResult, Evidence, Level, Method, Outcome, worst
from kfm_checks.unsettled import settled

#: What a check sees that makes pods: where sources could not be rendered, its verdict is not whole.
WORKLOAD_FACT = "workloads"
#: What the reconciler fills in, with values that nobody knows here: evidence that reads it is not verified.
VARIABLES_FACT, INVENTORY_FACT = "variables", "inventory"
#: Inputs that a live twin shares with the check itself.
LIVE_INPUTS = (
    "cluster", "config", "records", "target", "overlay", "as_of",
    "kubernetes_versions", "extra_schemas", "extra_policies",
)  # fmt: skip


class Crashed(Exception):  # noqa: N818 - a verdict on the way: the check ends in ``error``
    """A fact broke; whatever needs it ends in ``error``."""


@dataclass(frozen=True)
class Looked:
    """What a check gave before its turn: its evidence, and the error that ended it."""

    evidence: tuple[Evidence, ...]
    error: Exception | None


@dataclass
class Facts:
    """Facts computed on demand, each once; an absent input is remembered with its reason."""

    inputs: Mapping[str, Any]
    #: Why each missing input is missing.
    absent: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: FACTS)
    _known: dict[str, Any] = field(default_factory=dict)
    _live: Facts | None = None
    #: Checks that were run before their turn.
    _early: dict[str, Looked] = field(default_factory=dict)
    #: What each function reaches, asked for several times in a run.
    _reached: dict[Callable[..., Any], set[str]] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The value of a fact. Raises NotVerified, Crashed, or KfmChecksError for a bad input."""
        if name in self.inputs:
            return self.inputs[name]
        if name in INPUTS:
            raise NotVerified(self.absent.get(name, f"no {name} was given"))
        if name not in self._known:
            self._known[name] = self._compute(name)
        known = self._known[name]
        if isinstance(known, NotVerified | Crashed):
            raise known
        return known

    def add(self, inputs: Mapping[str, Any]) -> None:
        """Add inputs that came later; what was computed without them must not have needed them (see ``prepare``)."""
        self.inputs = {**self.inputs, **inputs}

    def reached(self, function: Callable[..., Any]) -> set[str]:
        """Every fact and input that a function reaches."""
        if function not in self._reached:
            self._reached[function] = closure(function, self.functions)
        return self._reached[function]

    def prepare(self, checks: Iterable[Check], awaited: Collection[str]) -> None:
        """While other inputs are awaited, compute every fact that needs none of those, and run every such check."""
        for check in checks:
            self.compute(self.reached(check.function), awaited)
            if not check.live and check.name not in self._early and self.reached(check.function).isdisjoint(awaited):
                self._early[check.name] = self.looked(check)

    def compute(self, names: Collection[str], awaited: Collection[str] = ()) -> None:
        """Compute those facts among the names that need nothing awaited."""
        for name in sorted(self.functions.keys() & names):
            if name not in self._known and self.reached(self.functions[name]).isdisjoint(awaited):
                self._known[name] = self._compute(name)

    def take(self, looked: Mapping[str, Looked]) -> None:
        """Keep what checks gave elsewhere until their turn."""
        self._early.update(looked)

    def look(self, check: Check) -> Iterator[Evidence]:
        """The evidence of a check; whatever ends it is raised after the evidence that it gave before."""
        early = self._early.get(check.name)
        if early is None:
            yield from check.function(**self.arguments(check.function))
            return
        yield from early.evidence
        if early.error is not None:
            raise early.error

    def looked(self, check: Check) -> Looked:
        """All that a check gives, with what ended it."""
        evidence: list[Evidence] = []
        try:
            evidence.extend(self.look(check))
        except Exception as error:  # raised again when it is the check's turn
            return Looked(tuple(evidence), error)
        return Looked(tuple(evidence), None)

    def live(self) -> Facts:
        """The facts of the cluster's own objects: what a live twin of a check reads. Raises NotVerified."""
        if self._live is None:
            given = {name: self.inputs[name] for name in LIVE_INPUTS if name in self.inputs}
            # What controllers make of custom resources are pods here, and judged themselves.
            objects = {"objects": self.get("live_objects"), "gitops_objects": (), "followed": (), "made_pods": ()}
            self._live = Facts({**given, **objects}, self.absent, self.functions)
        return self._live

    def _compute(self, name: str) -> Any:
        function = self.functions[name]
        try:
            return function(**self.arguments(function))
        except (NotVerified, Crashed) as reason:
            return reason
        except KfmChecksError:
            raise
        except Exception as error:
            return Crashed(f"the fact {name} broke: {describe(error)}")

    def arguments(self, function: Callable[..., Any]) -> dict[str, Any]:
        """The facts that a function asks for; a parameter annotated ``… | None`` gets None for an absent input."""
        values: dict[str, Any] = {}
        for name, parameter in parameters(function).items():
            try:
                values[name] = self.get(name)
            except NotVerified:
                if not is_optional(parameter):
                    raise
                values[name] = None
        return values


@cache
def parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a fact or check, read once: the same ones are asked for by every check that reaches them."""
    return inspect.signature(function).parameters


def is_optional(parameter: inspect.Parameter) -> bool:
    """Whether a parameter can do without its fact."""
    return "None" in str(parameter.annotation)


def describe(error: Exception) -> str:
    """The kind of an exception and where it came from; never its text, which may quote a manifest."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {FilePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def closure(function: Callable[..., Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> set[str]:
    """Every fact and input that a function reaches. Raises CatalogueError on an unknown name or a cycle."""
    functions = FACTS if functions is None else functions
    seen: set[str] = set()

    def visit(current: Callable[..., Any], trail: tuple[str, ...]) -> None:
        for name in parameters(current):
            if name in trail:
                raise CatalogueError(f"the facts {' -> '.join((*trail, name))} need each other")
            if name not in functions and name not in INPUTS:
                raise CatalogueError(f"{current.__name__} asks for the fact {name!r}, which nobody provides")
            if name not in seen:
                seen.add(name)
                if name in functions:
                    visit(functions[name], (*trail, name))

    visit(function, ())
    return seen


def run(
    checks: Iterable[Check],
    facts: Facts,
    rows: Mapping[str, Sequence[str]],
    levels: Mapping[str, Level],
    gaps: Sequence[Evidence] = (),
) -> tuple[CheckResult, ...]:
    """Run checks in order. ``rows`` and ``levels`` give each check's requirement ids and level;
    ``gaps`` is evidence of sources that could not be rendered, added to every check that looks at workloads.
    """
    return tuple(
        _run(check, facts, tuple(rows.get(check.name, ())), levels.get(check.name, "should"), gaps) for check in checks
    )


def _run(check: Check, facts: Facts, rows: tuple[str, ...], level: Level, gaps: Sequence[Evidence]) -> CheckResult:
    reached = facts.reached(check.function)
    evidence: list[Evidence] = []
    outcome: Outcome | None = None
    reason: str | None = None
    try:
        if check.live:
            evidence.extend(_unread(check, facts.get("cluster")))
            if evidence and check.whole:
                raise NotVerified(evidence[0].message)
        evidence.extend((facts.live() if check.live else facts).look(check))
        if WORKLOAD_FACT in reached and not check.live:
            evidence.extend(gaps)
    except NotVerified as why:
        outcome, reason = "not-verified", why.reason
    except Crashed as why:
        outcome, reason = "error", str(why)
    except KfmChecksError:
        raise
    except Exception as error:
        outcome, reason = "error", f"the check broke: {describe(error)}"
    if INVENTORY_FACT in reached and not check.live:
        evidence = _settled(evidence, facts, reached)
    # A failure that was already seen stays one, even where the check could not finish.
    judged = _outcome(evidence)
    if outcome is None or judged == "fail":
        outcome = judged
    if outcome == "not-applicable":
        reason = check.nothing
    elif outcome == "not-verified" and reason is None:
        reason = _why_unknown(evidence)
    return CheckResult(
        check=check.name,
        requirements=rows,
        level=level,
        outcome=outcome,
        examined=sum(item.holds is not None for item in evidence),
        evidence=_identified(check.name, evidence),
        reason=reason,
        methods={"cluster": outcome} if check.live else _methods(reached, facts, outcome),
    )


def _settled(evidence: list[Evidence], facts: Facts, reached: Collection[str]) -> list[Evidence]:
    """The evidence without verdicts on what only the reconciler fills in."""
    try:
        return list(settled(evidence, facts.get(VARIABLES_FACT), reached))
    except (NotVerified, Crashed):
        return evidence  # without objects there is nothing to fill in, and the check has said so itself


def _unread(check: Check, cluster: Cluster) -> list[Evidence]:
    """One piece of evidence for each kind that a live twin reads and nobody could list: it may be there."""
    return [unknown(listing.key, message=listing.refusal) for listing in cluster.unread(check.live)]


def _outcome(evidence: Sequence[Evidence]) -> Outcome:
    verdicts = {item.holds for item in evidence}
    if False in verdicts:
        return "fail"
    if None in verdicts:
        return "not-verified"
    return "pass" if True in verdicts else "not-applicable"


def _why_unknown(evidence: Sequence[Evidence]) -> str:
    messages = sorted({item.message for item in evidence if item.holds is None})
    more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
    return f"{messages[0]}{more}"


def _identified(check: str, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence with its fingerprint, in an order that does not depend on that of the input."""
    named = (identified(check, item) for item in evidence)
    return tuple(sorted(named, key=lambda item: (item.subject, item.keyed, item.message, item.observed)))


def _methods(reached: set[str], facts: Facts, outcome: Outcome) -> dict[Method, Outcome]:
    """The outcome by method; an input that is absent counts as not verified, also where the check did without it."""
    found: dict[Method, Outcome] = {}
    for name in sorted(reached):
        method = INPUTS.get(name)
        if method is None:
            continue
        seen: Outcome = outcome if name in facts.inputs else "not-verified"
        found[method] = worst((found[method], seen)) if method in found else seen
    return found
