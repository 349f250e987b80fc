"""The end of the attempts: Gatekeeper is asked for all together, and what isn't evaluated here leaves a doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kfm_checks.admission.attempts import Attempt, Trial, Way, mentions, whatever, why
from kfm_checks.admission.engine import Policies
from kfm_checks.admission.ladder import STEPS, Ladder, Step
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.model import Manifest, ObjectKey


def settle(policies: Policies, tried: list[Trial], others: tuple[Manifest, ...]) -> list[Attempt]:
    """What came of each attempt."""
    if policies.constraints:
        _ask(policies, tried)
    return [_doubted(trial.result(), others) for trial in tried]


def _doubted(attempt: Attempt, others: tuple[Manifest, ...]) -> Attempt:
    if attempt.refused or attempt.unknown or not others:
        return attempt
    doubt = f"{others[0].key.kind} {others[0].key.name} may refuse it, and is not evaluated here"
    return replace(attempt, unknown=doubt)


def _ask(policies: Policies, tried: list[Trial]) -> None:
    """Start from the overlay's own objects; what a constraint refuses anyway is tried again from the next ones."""
    asked = [(way, ladder) for way in _open(tried) for ladder in way.ladders]
    #: Constraints that refuse what a ladder started from so far, whatever the violation.
    anyway: dict[int, set[ObjectKey]] = {}
    for number in range(STEPS):
        steps = [(way, ladder, step) for way, ladder in asked if not way.by and (step := ladder.step(number))]
        if number:
            steps = [found for found in steps if anyway.get(id(found[1]))]
        if not steps:
            break
        _round(policies, steps, anyway, number)
    sources = {c.obj.key: (c.obj, c.template.obj if c.template is not None else None) for c in policies.constraints}
    for way, ladder in asked:
        for key in sorted(anyway.get(id(ladder), ())):
            if mentions(sources[key], ladder.pattern.keys):
                way.unknown = way.unknown or whatever((sources[key][0],))


def _open(tried: list[Trial]) -> Iterator[Way]:
    for trial in tried:
        if not trial.pod_security:
            yield from (way for way in trial.ways if not way.by)


def _round(
    policies: Policies, steps: list[tuple[Way, Ladder, Step]], anyway: dict[int, set[ObjectKey]], number: int
) -> None:
    # Candidates of different attempts may be equal in all but identity.
    bases = {id(step.base): step.base for _, _, step in steps}
    before = _refusals(policies, tuple(bases.values()))
    after = _refusals(policies, tuple(step.broken for _, _, step in steps))
    for way, ladder, step in steps:
        known = {v.policy.key for v in before.get(id(step.base), ()) if v.refuses}
        said = after.get(id(step.broken), ())
        pending = anyway.get(id(ladder), set()) if number else {c.obj.key for c in policies.constraints}
        caused = tuple(v for v in said if v.refuses and v.policy.key in pending and v.policy.key not in known)
        way.by = way.by or caused
        anyway[id(ladder)] = {v.policy.key for v in said if v.refuses and v.policy.key in pending} & known
        doubts = (why(v) for v in said if v.result == "not-evaluated" and "deny" in v.actions)
        way.unknown = way.unknown or (next(doubts, "") if number == 0 else "")


def _refusals(policies: Policies, asked: tuple[Candidate, ...]) -> dict[int, list[Verdict]]:
    found: dict[int, list[Verdict]] = {}
    for verdict in policies.gatekeeper(asked):
        found.setdefault(id(verdict.candidate), []).append(verdict)
    return found
