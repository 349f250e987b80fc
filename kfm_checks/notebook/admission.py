"""Pictures of notebook 11: who stands at the cluster's door, what each rail is enforced by, what would be refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.admission.attempts import Attempt
    from kfm_checks.admission.model import Standing, Verdict
    from kfm_checks.facts.admission import ImageCoverage
    from kfm_checks.model import ObjectKey

#: Nothing of the overlay's own stands at the door; what the platform has there is another matter.
NO_POLICY = (
    "The overlay brings no admission policy, so none was asked about any object; what the platform would refuse was "
    "not looked at."
)
#: Something of a policy engine is there, and nothing that could be tried on an object.
_NOTHING_TO_TRY = "The overlay brings no admission policy that could be tried on an object; signatures stand below."
#: Verdicts of one policy on one object, the gravest first, with the tone and the words that a field shows.
_TONES = (
    ("refused", "not-met"),
    ("not evaluated", "not-verified"),
    ("recorded", "waived"),
    ("passes", "met"),
)
_KEY = {"met": "passes", "not-met": "would be refused", "not-verified": "is not evaluated here", "waived": "let in, and"
        " recorded or warned of"}  # fmt: skip


@honest
def policies(book: Book) -> pd.DataFrame | Said:
    """How each policy stands: bound, enforcing, what happens when it fails itself, and who is let off."""
    lines = [_standing(standing) for standing in book.fact("admission_standing")]
    if not lines:
        return Said(_no_policy(book))
    note = "A policy that only asks for signatures stands below, with the images."
    return table(
        lines,
        ("policy", "bound by", "on a breach", "if it fails itself", "namespaces left out", "what keeps it from acting"),
        note=note,
    )


def _standing(standing: Standing) -> tuple[str, ...]:
    names = sorted(f"{binding.kind} {binding.name}" for binding in standing.bindings)
    itself = {"Fail": "refuses", "Ignore": "lets everything in"}.get(standing.failure_policy, standing.failure_policy)
    troubles = [*standing.problems, *([standing.not_evaluated] if standing.not_evaluated else [])]
    return (
        _named(standing.policy.key.kind, standing.policy.key.name),
        listed(names) or "itself",
        " and ".join(_ACTS[action] for action in standing.actions) or "nothing happens",
        itself or "not said",
        listed(list(standing.exempt_namespaces)) or "none",
        "; ".join(troubles) or "nothing",
    )


_ACTS = {"deny": "refused", "warn": "warned of", "audit": "recorded"}


@honest
def enforced_by(book: Book) -> pd.DataFrame | Said:
    """What each rail forbids, tried on every workload and Service: how many attempts are refused, and by whom."""
    attempts: tuple[Attempt, ...] = book.fact("admission_attempts")
    if not attempts:
        return Said("There is no workload and no Service of the overlay's own to try the rails with.")
    by_pattern: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_pattern[attempt.row, attempt.words].append(attempt)
    # Without a policy of the overlay's own, the platform's may refuse it: nobody can tell.
    looked = book.fact("admission_policies") is not None
    note = "" if looked else f"{NO_POLICY} Pod Security alone was asked."
    return table(
        [(*pattern, *_tried(tried, looked)) for pattern, tried in sorted(by_pattern.items())],
        ("rail", "an object that", "tried on", "refused", "let in", "nobody can tell", "refused by"),
        note=note,
    )


def _tried(tried: list[Attempt], looked: bool) -> tuple[object, ...]:
    refused = [attempt for attempt in tried if attempt.refused]
    doubted = [attempt for attempt in tried if not attempt.refused and (attempt.unknown or not looked)]
    by = [_who(attempt) for attempt in refused]
    names = listed([f"{name} ({count})" for name, count in sorted(Counter(by).items())])
    return len(tried), len(refused), len(tried) - len(refused) - len(doubted), len(doubted), names or "nobody"


def _who(attempt: Attempt) -> str:
    """Who refuses it; Pod Security counts as one, whichever namespace asks for it."""
    names = ["Pod Security" if attempt.pod_security else "", *attempt.policies[1 if attempt.pod_security else 0 :]]
    words = ", ".join(name for name in names if name)
    return f"{words}, which lets in what it fails to judge" if attempt.fails_open else words


@honest
def matrix(book: Book) -> Grid | Said:
    """Workloads and whatever else a policy is for down, policies across, the worst verdict in each field."""
    run = book.fact("admission_run")
    if not run.present:
        return Said(_no_policy(book))
    found: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for verdict in run.verdicts:
        if verdict.result != "skip":
            found[str(verdict.candidate.source.key)][_named(*_policy(verdict))].append(verdict)
    columns = sorted({name for by_policy in found.values() for name in by_policy})
    names = sorted({*found, *(workload.id for workload in book.fact("workloads"))})
    if not names or not columns:
        return Said(f"No policy in force is for any of the {len(run.candidates)} objects that were tried.")
    kept = sorted(sorted(names, key=lambda name: -_refused(found[name].values()))[:LIMIT])
    note = f"{len(names) - len(kept)} more lines are not drawn." if len(names) > len(kept) else ""
    return Grid(
        "What each policy says of each object",
        "A workload counts together with the pods that it makes. An empty field: the policy is not for this object.",
        "object",
        columns,
        [(name, [_field(found[name][column]) for column in columns]) for name in kept],
        note,
        _KEY,
    )


def _refused(verdicts: Iterable[list[Verdict]]) -> int:
    return sum(verdict.refuses for some in verdicts for verdict in some)


def _field(verdicts: list[Verdict]) -> Cell:
    words = {_word(verdict) for verdict in verdicts}
    for word, tone in _TONES:
        if word in words:
            rules = sorted({verdict.rule for verdict in verdicts if _word(verdict) == word})
            return Cell(tone, "" if word == "passes" else word, f"{word}: {listed(rules, 6)}")
    return Cell()


def _word(verdict: Verdict) -> str:
    if verdict.refuses:
        return "refused"
    if verdict.reports:
        return "recorded"
    return "not evaluated" if verdict.result == "not-evaluated" else "passes"


@honest
def refused(book: Book) -> pd.DataFrame | Said:
    """What the cluster would refuse of the overlay itself; the messages are those of the evidence, redacted."""
    if not book.fact("admission_run").present:
        return Said(_no_policy(book))
    return book.findings("objects-pass-admission-policies")


@honest
def not_evaluated(book: Book) -> pd.DataFrame | Said:
    """What nobody here can tell, by policy and reason: a row is never met by it."""
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in book.fact("admission_run").verdicts:
        if verdict.result == "not-evaluated":
            # An engine's words may quote the object that it looks at.
            secret = verdict.candidate.source.key.kind == "Secret"
            why = "its reason may quote the Secret and is withheld" if secret else verdict.message
            counts[_named(*_policy(verdict)), why] += 1
    whole = {
        (_named(one.policy.key.kind, one.policy.key.name), one.not_evaluated): 0
        for one in book.fact("admission_standing")
        if one.not_evaluated
    }
    lines = [(policy, why, number or "all") for (policy, why), number in sorted({**whole, **counts}.items())]
    lines += [(_named(one.kind, one.name), "an engine that is not evaluated here", "all") for one in _others(book)]
    if lines:
        return table(lines, ("policy", "why it is not evaluated", "objects"))
    if not book.fact("admission_run").present:
        return Said(_no_policy(book))
    return Said("Every policy was evaluated on every object that it is for; whether signatures are there was not.")


def _no_policy(book: Book) -> str:
    return NO_POLICY if book.fact("admission_policies") is None else _NOTHING_TO_TRY


def _others(book: Book) -> list[ObjectKey]:
    from kfm_checks.admission.standing import unread

    return sorted((obj.key for obj in unread(book.fact("inventory"))), key=str)


@honest
def signatures(book: Book) -> pd.DataFrame | Said:
    """Image by image: who asks for its signature, and whom that rule trusts."""
    by_image: dict[str, list[ImageCoverage]] = defaultdict(list)
    for one in book.fact("image_coverage"):
        by_image[one.image].append(one)
    if not by_image:
        return Said("There is no image of the overlay's own workloads.")
    lines = [_image(image, used) for image, used in sorted(by_image.items())]
    note = "" if any(one.rules for used in by_image.values() for one in used) else (
        "No rule on signatures is in the overlay; the platform's own were not looked at."
    )  # fmt: skip
    return table(lines, ("image", "used by", "its signature is", "asked for by", "trusted is"), note=note)


def _image(image: str, used: list[ImageCoverage]) -> tuple[str, ...]:
    rank = ("none", "audited", "unknown", "enforced")
    worst = min(used, key=lambda one: rank.index(one.covered))
    users = sorted({one.workload.id for one in used})
    if worst.by is None:
        return image, listed(users), _ASKED[worst.covered], "no rule", ""
    rule = f"{_named(worst.by.obj.key.kind, worst.by.obj.key.name)}, rule {worst.by.rule}"
    trust = f"{worst.by.trust}; but {worst.by.weak}" if worst.by.weak else worst.by.trust
    return image, listed(users), _ASKED[worst.covered], rule, trust


_ASKED = {
    "enforced": "required",
    "audited": "asked for, and it is let in without one",
    "unknown": "perhaps asked for: that is not evaluated here",
    "none": "not asked for by the overlay",
}


def _policy(verdict: Verdict) -> tuple[str, str]:
    return verdict.policy.key.kind, verdict.policy.key.name


def _named(kind: str, name: str) -> str:
    return f"{kind} {name}"
