"""Which approvals count: by an owner, of the commit that is to be merged, not one's own, not taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kfm_checks.facts.change_request import ChangeRequest, Review
from kfm_checks.values import Value

#: Comments leave a reviewer's word as it was.
_SPEAKING = frozenset({"approved", "changes-requested", "dismissed"})


class Standing(Value, frozen=True):
    """A reviewer's last word. ``counts`` None: nobody can tell whether it is about what is to be merged."""

    reviewer: str
    state: str
    counts: bool | None
    why: str


def standings(request: ChangeRequest, kept: Callable[[str], bool | None]) -> tuple[Standing, ...]:
    """The last word of each reviewer. ``kept(commit)``: whether only merges from the base came after it."""
    last: dict[str, Review] = {}
    reviews = [review for review in request.reviews or () if review.state in _SPEAKING and review.author]
    # A date decides where there is one; else the order given, which is that of the forge.
    for _, review in sorted(enumerate(reviews), key=lambda pair: (pair[1].submitted, pair[0])):
        last[review.author.casefold()] = review
    return tuple(_standing(request, last[name], kept) for name in sorted(last))


def _standing(request: ChangeRequest, review: Review, kept: Callable[[str], bool | None]) -> Standing:
    name = review.author
    if review.state == "dismissed":
        return Standing(name, "dismissed", False, f"{name}'s review was dismissed")
    if review.state == "changes-requested":
        return Standing(name, "changes-requested", True, f"{name} asks for changes")
    if name.casefold() == request.author.casefold():
        return Standing(name, "approved", False, f"{name} is the author")
    counts = _of_head(request, review, kept)
    if counts:
        return Standing(name, "approved", True, f"{name} approved the head commit")
    if counts is None:
        return Standing(name, "approved", None, f"whether {name} approved what is to be merged can't be told")
    return Standing(name, "approved", False, f"{name} approved the earlier commit {review.commit[:12]}")


def _of_head(request: ChangeRequest, review: Review, kept: Callable[[str], bool | None]) -> bool | None:
    if not review.commit or not request.head.sha:
        return None
    return True if review.commit == request.head.sha else kept(review.commit)


def is_owner(reviewer: str, owner: str, teams: Mapping[str, Iterable[str]]) -> bool | None:
    """Whether a reviewer is the owner that CODEOWNERS names, or of that team; None where the team is not known."""
    if owner.startswith("@") and "/" not in owner:
        return reviewer.casefold() == owner[1:].casefold()
    if not owner.startswith("@"):
        return None
    known = {team.casefold(): members for team, members in teams.items()}
    members = known.get(owner.casefold())
    return None if members is None else reviewer.casefold() in {member.casefold() for member in members}


def approved_by(
    owners: Iterable[str], words: Iterable[Standing], teams: Mapping[str, Iterable[str]]
) -> tuple[bool | None, str]:
    """Whether an owner approved, and who or why not."""
    listed, names = tuple(words), tuple(owners)
    doubts = []
    for word in listed:
        if word.state != "approved" or word.counts is False:
            continue
        for owner in names:
            member = is_owner(word.reviewer, owner, teams)
            if member and word.counts:
                return True, word.why
            if member is None:
                doubts.append(f"nobody told whether {word.reviewer} is {owner}")
            elif member:
                doubts.append(word.why)
    if doubts:
        return None, sorted(doubts)[0]
    return False, "; ".join(sorted(w.why for w in listed if w.counts is False)) or "no owner approved"
