"""What a pull request says of itself: ``kfm-checks/change/v1``, GitHub's event payload, or GitLab's, read as one.

What a source does not tell is None, never empty: an event file has no reviews, and that is not "nobody approved".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from kfm_checks.errors import ConfigError, one_line
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import ObjectKey

SCHEMA = "kfm-checks/change/v1"
#: GitHub's events about CI.
RUNS = ("check_run", "check_suite", "workflow_run")
ReviewState = Literal["approved", "changes-requested", "commented", "dismissed", "pending"]


class _Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keys are written with underscores; an unknown one is an error."""


class Revision(_Part, frozen=True):
    """A branch and its commit; ``repository`` is ``owner/name``."""

    ref: str = ""
    sha: str = ""
    repository: str = ""


class Review(_Part, frozen=True):
    """One review. ``commit`` is the commit that was reviewed, "" where the forge does not tell."""

    author: str
    state: ReviewState
    commit: str = ""
    submitted: str = ""


class CheckRun(_Part, frozen=True):
    """One CI job or commit status. ``conclusion`` as GitHub names it; "" while it runs."""

    name: str
    conclusion: str = ""
    status: str = "completed"
    commit: str = ""
    #: Grows with each attempt: the latest run of a name counts.
    id: int = 0
    app: str = ""
    #: The ref that it ran on, where the forge tells: ``refs/pull/7/merge``, ``refs/merge-requests/7/merge``.
    ref: str = ""
    #: Where ``commit`` is a merge that a forge made to try: the head that it merges with the base.
    merges: str = ""

    @property
    def on_merge(self) -> bool:
        """Whether it ran on a merge that the forge made: of the request alone, or in a train of several."""
        return self.ref.startswith(("refs/pull/", "refs/merge-requests/")) and self.ref.endswith(("/merge", "/train"))

    def ran_on(self, head: str) -> bool | None:
        """Whether it ran on a head, alone or merged with its base; None where nobody tells which head was merged."""
        if self.commit in {"", head} or self.merges == head:
            return True
        return None if self.on_merge and not self.merges else False


class ChangedFile(_Part, frozen=True):
    """One changed file; ``previous`` is the former path of a renamed one."""

    path: str
    status: str = ""
    previous: str = ""


class Commit(_Part, frozen=True):
    """One commit of the change."""

    sha: str
    parents: tuple[str, ...] = ()


class Codeowners(_Part, frozen=True):
    """The CODEOWNERS file of the base, where the repository is not at hand."""

    path: str
    text: str


class ChangeRequest(_Part, frozen=True):
    """A pull request or merge request, as far as it is known; None means: nobody told."""

    schema: Literal["kfm-checks/change/v1"] = "kfm-checks/change/v1"
    provider: Literal["github", "gitlab", "other"] = "other"
    number: int = 0
    url: str = ""
    title: str = ""
    description: str | None = None
    author: str = ""
    draft: bool = False
    state: str = "open"
    base: Revision = Revision()
    head: Revision = Revision()
    labels: tuple[str, ...] = ()
    #: False: a push without a pull request.
    requested: bool = True
    reviews: tuple[Review, ...] | None = None
    #: Whether ``reviews`` holds all of them; an event about one review has that one alone.
    all_reviews: bool = True
    checks: tuple[CheckRun, ...] | None = None
    #: The name of the job that asks: it can't have finished, and is left out.
    asking: str = ""
    files: tuple[ChangedFile, ...] | None = None
    commits: tuple[Commit, ...] | None = None
    #: Members of teams that CODEOWNERS names, by ``@organisation/team``.
    teams: Mapping[str, tuple[str, ...]] = {}
    codeowners: Codeowners | None = None

    @property
    def key(self) -> ObjectKey:
        """The subject of evidence about the request itself."""
        return ObjectKey("", "PullRequest", "", f"#{self.number}" if self.number else "given")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of ``kfm-checks/change/v1``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(ChangeRequest)}


def read_request(content: Any, shown: str = "the change") -> ChangeRequest:
    """A change from plain data in any of the three forms. Raises ConfigError with what is wrong and what to do."""
    if not isinstance(content, Mapping):
        raise ConfigError("is no JSON object", file=shown, remedy="give kfm-checks/change/v1 or GitHub's event file")
    if isinstance(content.get("pull_request"), Mapping):
        return _github(content)
    for kind in RUNS:
        if isinstance(content.get(kind), Mapping):
            return _run(kind, content, shown)
    if content.get("object_kind") == "merge_request" and isinstance(content.get("object_attributes"), Mapping):
        return _gitlab(content)
    if isinstance(content.get("ref"), str) and "head_commit" in content and "pusher" in content:
        return _push(content)
    if "schema" not in content:
        remedy = f"write schema: {SCHEMA}, or give the event file of a pull request"
        raise ConfigError("tells of no pull request", file=shown, remedy=remedy)
    try:
        return msgspec.convert(dict(content), ChangeRequest)
    except msgspec.ValidationError as error:
        raise ConfigError(one_line(str(error)), file=shown, remedy=f"see the JSON Schema of {SCHEMA}") from error


def _text(value: Any, *steps: str) -> str:
    found = dig(value, *steps) if steps else value
    return found if isinstance(found, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


_STATES: Mapping[str, ReviewState] = {
    "approved": "approved",
    "changes_requested": "changes-requested",
    "commented": "commented",
    "dismissed": "dismissed",
    "pending": "pending",
}


def github_review(review: Any) -> Review | None:
    """A review of GitHub's REST API or events; None where its state is none that counts."""
    state = _STATES.get(_text(review, "state").lower())
    if state is None:
        return None
    submitted = _text(review, "submitted_at")
    return Review(_text(review, "user", "login"), state, _text(review, "commit_id"), submitted)


def _github(event: Mapping[str, Any]) -> ChangeRequest:
    """GitHub's events ``pull_request``, ``pull_request_target`` and ``pull_request_review``."""
    request = event["pull_request"]
    review = github_review(event.get("review")) if isinstance(event.get("review"), Mapping) else None
    return github_request(request, reviews=(review,) if review else None, all_reviews=False)


def github_request(request: Any, **more: Any) -> ChangeRequest:
    """A pull request object of GitHub's REST API or events."""
    return ChangeRequest(
        provider="github",
        number=_number(dig(request, "number")),
        url=_text(request, "html_url"),
        title=_text(request, "title"),
        description=_text(request, "body") if isinstance(request, Mapping) and "body" in request else None,
        author=_text(request, "user", "login"),
        draft=dig(request, "draft") is True,
        state="merged" if dig(request, "merged") is True else _text(request, "state") or "open",
        base=_revision(dig(request, "base")),
        head=_revision(dig(request, "head")),
        labels=tuple(_text(label, "name") for label in items(request, "labels")),
        **more,
    )


def _revision(side: Any) -> Revision:
    return Revision(_text(side, "ref"), _text(side, "sha"), _text(side, "repo", "full_name"))


def _gitlab(event: Mapping[str, Any]) -> ChangeRequest:
    """GitLab's merge request event."""
    request = event["object_attributes"]
    target = _text(request, "target", "path_with_namespace") or _text(event, "project", "path_with_namespace")
    return ChangeRequest(
        provider="gitlab",
        number=_number(dig(request, "iid")),
        url=_text(request, "url"),
        title=_text(request, "title"),
        description=_text(request, "description") if "description" in request else None,
        author=_gitlab_author(event),
        draft=dig(request, "draft") is True or dig(request, "work_in_progress") is True,
        state={"opened": "open"}.get(_text(request, "state"), _text(request, "state") or "open"),
        base=Revision(_text(request, "target_branch"), "", target),
        head=Revision(
            _text(request, "source_branch"),
            _text(request, "last_commit", "id"),
            _text(request, "source", "path_with_namespace"),
        ),
        labels=tuple(_text(label, "title") for label in items(event, "labels")),
    )


def _gitlab_author(event: Mapping[str, Any]) -> str:
    """The user name of a GitLab event's author, which it gives by number; "" where nobody in the event has it."""
    author = dig(event, "object_attributes", "author_id")
    people = [event.get("user"), *items(event, "assignees"), *items(event, "reviewers")]
    return next((_text(each, "username") for each in people if author is not None and dig(each, "id") == author), "")


def _run(kind: str, event: Mapping[str, Any], shown: str) -> ChangeRequest:
    """GitHub's events of CI: they tell of the pull request no more than its number, branches and commits."""
    requests = items(event, kind, "pull_requests")
    if len(requests) != 1:
        remedy = "collect the one that is meant: `kfm-checks change-facts --github owner/name#12`"
        raise ConfigError(f"the {kind} tells of {len(requests)} pull requests, not of one", file=shown, remedy=remedy)
    request, repository = requests[0], _text(event, "repository", "full_name")
    # One run is not all of them: what the others say is not told.
    return ChangeRequest(
        provider="github",
        number=_number(dig(request, "number")),
        base=msgspec.structs.replace(_revision(dig(request, "base")), repository=repository),
        head=_revision(dig(request, "head")),
    )


def _push(event: Mapping[str, Any]) -> ChangeRequest:
    """GitHub's ``push``: it may stem from a merge; the event does not say."""
    repository = _text(event, "repository", "full_name")
    ref = _text(event, "ref").removeprefix("refs/heads/")
    return ChangeRequest(
        provider="github",
        author=_text(event, "pusher", "name"),
        base=Revision(ref, _text(event, "before"), repository),
        head=Revision(ref, _text(event, "after"), repository),
        requested=False,
    )
