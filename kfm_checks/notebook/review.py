"""Pictures of notebook 09: what a change does, what it puts at risk, who approved it, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kfm_checks.change.shown import Shown, pointer, text_pair
from kfm_checks.change.words import MARKS, RISK_WORDS, headline, opening, ranked, risk_line
from kfm_checks.errors import NotVerified
from kfm_checks.facts.change_approvals import approved_by
from kfm_checks.facts.change_intent import PARTS
from kfm_checks.facts.change_model import RISKS
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import honest
from kfm_checks.notebook.pictures import Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed, shortened

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.facts.change_base import Rehearsal
    from kfm_checks.facts.change_model import Diff
    from kfm_checks.facts.change_request import ChangeRequest

_LONG = 300
_ASKED = {"what": "what changes", "why": "why", "verification": "how it was verified", "rollback": "how to go back"}


@honest
def whole(book: Book) -> Said:
    """The change in a few sentences; where none was given, that nothing was looked at, and why."""
    if "change" not in book.judged.facts.inputs:
        return Said(
            "Nothing of a change was looked at, because none was given: name the file with the pull request's facts as "
            "CHANGE in the first cell, or in the variable KFM_CHANGE."
        )
    said = [opening(book.fact("pull_request"))]
    try:
        diff: Diff = book.fact("diff")
    except NotVerified as why:
        said.append(f"What it changes is not verified: {why.reason}.")
    else:
        said += [headline(diff), risk_line(diff), *(f"Not compared: {reason}." for reason in diff.unseen)]
    return Said(" ".join(part for part in said if part))


@honest
def rules(book: Book) -> pd.DataFrame | Said:
    """What the change does to configuration and records: it is judged by those of its base, and shown first."""
    from kfm_checks.change.governance import sentence
    from kfm_checks.change.inputs import governance_of

    book.fact("base")
    found = governance_of(book.judged)
    if not found:
        return Said("The change leaves the configuration and the records that it is judged by as they are.")
    return table([(sentence(item), item.source) for item in found], ("what the change does to the rules", "where"))


@honest
def objects(book: Book) -> pd.DataFrame | Said:
    """Object by object, the gravest risk first."""
    diff: Diff = book.fact("diff")
    lines = [
        (
            f"{MARKS[change.change]} {change.change}",
            f"{change.key} (was {change.renamed_from})" if change.renamed_from else str(change.key),
            ", ".join(dict.fromkeys(RISK_WORDS[risk.name] for risk in change.risks)) or "none recognised",
            str(change.source() or ""),
        )
        for change in ranked(diff)
    ]
    return table(lines, ("change", "object", "risk", "made by")) if lines else Said(headline(diff))


@honest
def risks(book: Book) -> pd.DataFrame | Said:
    """Each risk in a sentence, the gravest first."""
    diff: Diff = book.fact("diff")
    found = [(risk, change) for change in diff.changes for risk in change.risks]
    ordered = sorted(found, key=lambda pair: RISKS.index(pair[0].name))
    lines = [
        (RISK_WORDS[risk.name], str(change.key), risk.message, str(change.source() or "")) for risk, change in ordered
    ]
    return table(lines, ("risk", "object", "what", "made by")) if lines else Said("No risk was recognised.")


@honest
def fields(book: Book) -> pd.DataFrame | Said:
    """Field by field, before and after; values of Secrets are withheld."""
    diff: Diff = book.fact("diff")
    shown = Shown(diff)
    lines = [
        (str(change.key), pointer(item), *text_pair(*shown.field(change, item)), str(change.source(item) or ""))
        for change in ranked(diff)
        for item in change.fields
    ]
    if not lines:
        return Said("No field of an object that was there before, and still is, changes.")
    return table(lines, ("object", "field", "before", "after", "where"))


@honest
def reach(book: Book) -> pd.DataFrame | Said:
    """Who can connect to whom after the change and could not before, and the other way round."""
    from kfm_checks.facts.network.ports import text

    diff: Diff = book.fact("diff")
    lines = [
        (word, pair.source, pair.destination, *(text(side) if side else "none" for side in (pair.before, pair.after)))
        for word, pairs in (("opened", diff.opened), ("closed", diff.closed))
        for pair in pairs
    ]
    if not lines:
        return Said("Who can connect to whom stays as it is.")
    return table(lines, ("change", "from", "to", "ports before", "ports after"))


@honest
def intent(book: Book) -> pd.DataFrame:
    """What the description says of each of the four questions, or in which way it says nothing."""
    book.fact("pull_request")
    said = book.fact("description")
    lines = [
        (
            _ASKED[part],
            "said" if said[part].text else "not said",
            shortened(said[part].text, _LONG) if said[part].text else said[part].missing,
        )
        for part in PARTS
    ]
    return table(lines, ("the description has to say", "it is", "in these words, or why not"))


@honest
def reviews(book: Book) -> pd.DataFrame | Said:
    """The last word of each reviewer, and whether it counts for what is to be merged."""
    counts = {True: "counts", False: "does not count", None: "nobody can tell"}
    lines = [(word.reviewer, word.state, counts[word.counts], word.why) for word in book.fact("reviewers")]
    if not lines:
        return Said("Nobody has approved, and nobody has asked for changes.")
    return table(lines, ("reviewer", "said", "for this commit it", "why"))


@honest
def approvals(book: Book) -> pd.DataFrame | Said:
    """Each changed file, its owners, and whether one of them approved."""
    owned, words, request = book.fact("ownership"), book.fact("reviewers"), book.fact("pull_request")
    if owned.rules is None:
        return Said("No CODEOWNERS file says who has to approve.")
    if not owned.paths:
        return Said("No file changes.")
    lines = [
        (path.path, listed(list(path.owners)) or "nobody", *_approved(path, words, request)) for path in owned.paths
    ]
    return table(
        lines, ("file", "owned by", "approved", "why"), note=f"Owners by {owned.rules.path} of {owned.rules.of}."
    )


def _approved(path: Any, words: Any, request: ChangeRequest) -> tuple[str, str]:
    if not path.owners:
        return ("no", "nobody owns it") if path.governed else ("not asked for", "it is no part of the overlay")
    approved, why = approved_by(path.owners, words, request.teams)
    if approved is False and not request.all_reviews:
        approved, why = None, f"the event tells of one review alone ({why})"
    return {True: "yes", False: "no", None: "nobody can tell"}[approved], why


@honest
def rollback(book: Book) -> Said:
    """What came of taking the change back in a scratch place."""
    return Said(" ".join(_rehearsed(book.fact("rollback"))))


def _rehearsed(tried: Rehearsal) -> Iterator[str]:
    if tried.unmergeable:
        yield f"It could not be tried: the change itself conflicts with its base in {listed(list(tried.unmergeable))}."
        return
    if tried.conflicts:
        yield f"The revert conflicts in {listed(list(tried.conflicts))}."
        return
    if tried.error:
        yield f"The revert applies, and the overlay that it gives does not render: {tried.error}."
    else:
        files = "the files of the base, byte for byte" if tried.exact else "other files than those of the base"
        yield f"The revert was tried on {tried.where or 'a scratch copy'}: it applies, renders, and gives {files}."
    if tried.gone:
        yield f"Bytes of datasets that would come back are gone: {listed(list(tried.gone))}."
    if tried.unseen:
        yield f"Bytes that nobody looked at: {listed(list(tried.unseen))}."
