"""A pull request's facts from GitHub's REST API, by githubkit: request, reviews, files, commits, checks, teams.

What the token may not read is left unknown (None), never empty: a workflow's own token reads no team, for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.change_owners import PLACES, OwnerRules
from kfm_checks.facts.change_request import (
    ChangedFile,
    ChangeRequest,
    CheckRun,
    Codeowners,
    Commit,
    github_request,
    github_review,
)
from kfm_checks.facts.objects import dig, items

PAGE = 100
#: More than these nobody reads; GitHub itself lists 3,000 files and 250 commits at most.
PAGES = 31
_STATES = {"success": "success", "failure": "failure", "error": "failure", "pending": ""}


class Client(Protocol):
    """What is needed of a client: one call, answered by decoded JSON, or text where ``raw``; None for 403 and 404."""

    def __call__(self, path: str, *, raw: bool = False, **query: str | int) -> Any:
        """Get a path of the API. Raises KfmChecksError."""


def client(token: str, url: str, transport: Any = None) -> Client:
    """A client of githubkit. Raises KfmChecksError where the extra is not installed."""
    try:
        from githubkit import GitHub
        from githubkit.exception import RequestError, RequestFailed, RequestTimeout
    except ImportError as error:
        raise KfmChecksError("githubkit is not installed", remedy="pip install 'kfm-checks[change]'") from error
    github = GitHub(token or None, base_url=url, transport=transport, user_agent="kfm-checks", auto_retry=True)

    def get(path: str, *, raw: bool = False, **query: str | int) -> Any:
        accept = "application/vnd.github.raw+json" if raw else "application/vnd.github+json"
        try:
            answer = github.request("GET", path, params=query, headers={"Accept": accept})
        except RequestFailed as error:
            status = error.response.status_code
            if status in (403, 404):
                return None
            raise KfmChecksError(f"GitHub answers {status} for {path}", remedy="check GITHUB_TOKEN") from error
        except (RequestTimeout, RequestError) as error:
            raise KfmChecksError("GitHub can't be reached", remedy="check GITHUB_API_URL and the network") from error
        return answer.text if raw else answer.json()

    return get


def collect(get: Client, repository: str, number: int, asking: str = "") -> ChangeRequest:
    """The facts of one pull request. Raises KfmChecksError where it can't be read."""
    root = f"/repos/{repository}"
    request = get(f"{root}/pulls/{number}")
    if not isinstance(request, Mapping):
        remedy = "check the name, the number, and what GITHUB_TOKEN may read"
        raise KfmChecksError(f"{repository} has no pull request {number} that can be read", remedy=remedy)
    reviews = _all(get, f"{root}/pulls/{number}/reviews")
    files = _whole(_all(get, f"{root}/pulls/{number}/files"), dig(request, "changed_files"))
    commits = _whole(_all(get, f"{root}/pulls/{number}/commits"), dig(request, "commits"))
    found = github_request(
        request,
        reviews=None if reviews is None else tuple(r for one in reviews if (r := github_review(one)) is not None),
        files=None if files is None else tuple(map(_file, files)),
        commits=None if commits is None else tuple(map(_commit, commits)),
        asking=asking,
    )
    owners = _codeowners(get, root, found.base.sha or found.base.ref)
    checks = _checks(get, root, found.head.sha)
    if checks == ():
        checks = _checks_of_merge(get, root, request, found.head.sha)
    return msgspec.structs.replace(found, checks=checks, codeowners=owners, teams=_teams(get, owners))


def _all(get: Client, path: str, key: str = "", *, filter: str = "all") -> list[Any] | None:
    """Every page; None where the token may not read one of them: a part is never taken for the whole."""
    found: list[Any] = []
    for page in range(1, PAGES + 1):
        answer = get(path, per_page=PAGE, page=page, filter=filter)
        part = dig(answer, key) if key else answer
        if not isinstance(part, list):
            return None
        found += part
        if len(part) < PAGE:
            return found
    return None


def _whole(found: list[Any] | None, number: Any) -> list[Any] | None:
    """A list with as many entries as the request says; a shorter one was cut by GitHub: nobody knows the rest."""
    return None if found is None or (isinstance(number, int) and len(found) < number) else found


def _file(content: Any) -> ChangedFile:
    return ChangedFile(
        str(dig(content, "filename", default="")),
        str(dig(content, "status", default="")),
        str(dig(content, "previous_filename", default="")),
    )


def _commit(content: Any) -> Commit:
    parents = tuple(str(dig(parent, "sha", default="")) for parent in items(content, "parents"))
    return Commit(str(dig(content, "sha", default="")), parents)


def _checks(get: Client, root: str, sha: str) -> tuple[CheckRun, ...] | None:
    """Check runs and commit statuses of a commit; None where one of both may not be read: it may hold what failed."""
    runs = _all(get, f"{root}/commits/{sha}/check-runs", "check_runs", filter="latest")
    statuses = _all(get, f"{root}/commits/{sha}/status", "statuses")
    if runs is None or statuses is None:
        return None
    return (*_runs(runs, sha), *_statuses(statuses, sha))


def _checks_of_merge(get: Client, root: str, request: Any, head: str) -> tuple[CheckRun, ...] | None:
    """What a CI system reported on the merge that GitHub made to try (``refs/pull/N/merge``), if that merges the head.

    GitHub's own workflows report on the head, whatever they check out; others report on what they checked out.
    """
    merge = dig(request, "merge_commit_sha")
    if not isinstance(merge, str) or dig(request, "merged") is True:
        return ()
    parents = {str(dig(parent, "sha", default="")) for parent in items(get(f"{root}/commits/{merge}"), "parents")}
    if head not in parents:
        return ()  # of an earlier push, or of a base that it was merged with before
    ref = f"refs/pull/{dig(request, 'number')}/merge"
    runs = _checks(get, root, merge)
    return None if runs is None else tuple(msgspec.structs.replace(run, ref=ref, merges=head) for run in runs)


def _runs(runs: list[Any], sha: str) -> Iterator[CheckRun]:
    for run in runs:
        yield CheckRun(
            name=str(dig(run, "name", default="")),
            conclusion=str(dig(run, "conclusion", default="")),
            status=str(dig(run, "status", default="")),
            commit=str(dig(run, "head_sha", default=sha)),
            id=int(dig(run, "id", default=0)),
            app=str(dig(run, "app", "slug", default="")),
        )


def _statuses(statuses: list[Any], sha: str) -> Iterator[CheckRun]:
    for status in statuses:
        conclusion = _STATES.get(str(dig(status, "state")), "failure")
        yield CheckRun(
            name=str(dig(status, "context", default="")),
            conclusion=conclusion,
            status="completed" if conclusion else "in_progress",
            commit=sha,
            id=int(dig(status, "id", default=0)),
            app="status",
        )


def _codeowners(get: Client, root: str, revision: str) -> Codeowners | None:
    for path in PLACES[:3]:
        text = get(f"{root}/contents/{path}", raw=True, ref=revision)
        if isinstance(text, str):
            return Codeowners(path, text)
    return None


def _teams(get: Client, owners: Codeowners | None) -> dict[str, tuple[str, ...]]:
    """Members of each team that owns something, as far as the token may read them."""
    if owners is None:
        return {}
    found = {}
    for name in sorted(OwnerRules(owners.path, owners.text, "").teams):
        organisation, _, team = name[1:].partition("/")
        members = _all(get, f"/orgs/{organisation}/teams/{team}/members")
        if members is not None:
            found[name] = tuple(str(dig(member, "login", default="")) for member in members)
    return found
