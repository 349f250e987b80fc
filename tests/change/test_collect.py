"""Facts from GitHub and GitLab, against forges that answer from memory: no network."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfm_checks.errors import KfmChecksError

httpx = pytest.importorskip("httpx", reason="the extra [change] is not installed: collecting was not tried")
requests = pytest.importorskip("requests", reason="the extra [change] is not installed: collecting was not tried")
pytest.importorskip("githubkit", reason="githubkit is not installed: collecting from GitHub was not tried")
pytest.importorskip("gitlab", reason="python-gitlab is not installed: collecting from GitLab was not tried")

HEAD, BASE = "b" * 40, "a" * 40
PULL = {
    "number": 7, "title": "t", "body": "## What\nx", "state": "open", "draft": False, "user": {"login": "bob"},
    "html_url": "https://github.example/o/r/pull/7", "labels": [{"name": "prod"}],
    "base": {"ref": "main", "sha": BASE, "repo": {"full_name": "o/r"}},
    "head": {"ref": "f", "sha": HEAD, "repo": {"full_name": "fork/r"}},
}  # fmt: skip
GITHUB: dict[str, Any] = {
    "/repos/o/r/pulls/7": PULL,
    "/repos/o/r/pulls/7/reviews": [
        {"user": {"login": "ann"}, "state": "APPROVED", "commit_id": HEAD, "submitted_at": "2026-01-01T00:00:00Z"},
        {"user": None, "state": "COMMENTED", "commit_id": HEAD},
        {"user": {"login": "eve"}, "state": "SOMETHING NEW"},
    ],
    "/repos/o/r/pulls/7/files": [{"filename": f"f{n}", "status": "modified"} for n in range(150)],
    "/repos/o/r/pulls/7/commits": [{"sha": HEAD, "parents": [{"sha": BASE}]}],
    f"/repos/o/r/commits/{HEAD}/check-runs": {
        "check_runs": [
            {
                "name": "lint",
                "status": "completed",
                "conclusion": "success",
                "head_sha": HEAD,
                "id": 5,
                "app": {"slug": "github-actions"},
            }
        ]
    },
    f"/repos/o/r/commits/{HEAD}/status": {"statuses": [{"context": "external", "state": "pending", "id": 1}]},
    "/repos/o/r/contents/CODEOWNERS": "* @o/team @ann @o/secret\n",
    "/orgs/o/teams/team/members": [{"login": "ann"}],
}


def github(answers: dict[str, Any], seen: list[str] | None = None) -> Any:
    """A transport that answers from memory, page by page."""

    def answer(request: Any) -> Any:
        if seen is not None:
            seen.append(request.headers.get("Authorization", ""))
        found = answers.get(request.url.path)
        if found is None:
            return httpx.Response(404, json={"message": "Not Found"})
        if isinstance(found, int):
            return httpx.Response(found, json={"message": "no"})
        if isinstance(found, str):
            return httpx.Response(200, text=found)
        if isinstance(found, list):
            page, size = int(request.url.params.get("page", 1)), int(request.url.params.get("per_page", 30))
            found = found[(page - 1) * size : page * size]
        return httpx.Response(200, json=found)

    return httpx.MockTransport(answer)


def from_github(answers: dict[str, Any], seen: list[str] | None = None) -> Any:
    """The facts of the request from such a forge."""
    from kfm_checks.change.collect_github import client, collect

    return collect(client("secret-token", "https://api.github.example", github(answers, seen)), "o/r", 7, "conformance")


def test_a_pull_request_of_github() -> None:
    """Request, reviews, every page of files, commits, check runs and statuses, owners and teams."""
    seen: list[str] = []
    found = from_github(GITHUB, seen)
    assert (found.number, found.author, found.base.sha, found.head.repository) == (7, "bob", BASE, "fork/r")
    assert [(r.author, r.state) for r in found.reviews] == [("ann", "approved"), ("", "commented")]
    assert len(found.files) == 150
    assert found.commits[0].parents == (BASE,)
    assert {(run.name, run.conclusion, run.status) for run in found.checks} == {
        ("lint", "success", "completed"), ("external", "", "in_progress"),
    }  # fmt: skip
    assert (found.codeowners.path, found.teams, found.asking) == ("CODEOWNERS", {"@o/team": ("ann",)}, "conformance")
    assert all("secret-token" in header for header in seen)


def test_what_the_token_may_not_read_is_not_known() -> None:
    """Never empty: nobody told is not nobody approved."""
    found = from_github({"/repos/o/r/pulls/7": PULL})
    assert (found.reviews, found.files, found.checks, found.codeowners, found.teams) == (None, None, None, None, {})


@pytest.mark.parametrize("answers", [{}, {"/repos/o/r/pulls/7": 401}])
def test_a_request_that_can_not_be_read(answers: dict[str, Any]) -> None:
    """One line, without the token."""
    with pytest.raises(KfmChecksError) as error:
        from_github(answers)
    assert "secret-token" not in str(error.value)
    assert "\n" not in str(error.value)


class Forge(requests.adapters.BaseAdapter):  # type: ignore[misc,name-defined]
    """A GitLab that answers from memory."""

    def __init__(self, answers: dict[str, Any]) -> None:
        super().__init__()
        self.answers = answers

    def send(self, request: Any, **_: Any) -> Any:
        """Answer a request."""
        path = request.url.partition("/api/v4")[2].partition("?")[0]
        found = self.answers.get(path)
        response = requests.Response()
        response.status_code = 200 if found is not None else 404
        response.headers["Content-Type"] = "application/json"
        response._content = json.dumps(found if found is not None else {"message": "404"}).encode()
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        """Nothing to close."""


MERGE = "/projects/1/merge_requests/7"
GITLAB: dict[str, Any] = {
    "/projects/g%2Fr": {"id": 1},
    MERGE: {
        "iid": 7, "id": 70, "project_id": 1, "title": "t", "description": "## What\nx", "state": "opened", "sha": HEAD, "labels": ["prod"],
        "author": {"username": "bob"}, "target_branch": "main", "source_branch": "f", "web_url": "https://gitlab.example/7",
        "diff_refs": {"start_sha": BASE, "base_sha": BASE, "head_sha": HEAD}, "draft": False,
    },
    f"{MERGE}/approvals": {"approved_by": [{"user": {"username": "ann"}}]},
    f"{MERGE}/changes": {"changes": [{"old_path": "a", "new_path": "b"}]},
    f"{MERGE}/commits": [{"id": HEAD, "parent_ids": [BASE]}],
    f"{MERGE}/pipelines": [{"id": 3, "sha": HEAD}, {"id": 2, "sha": HEAD}, {"id": 9, "sha": BASE}],
    "/projects/1/approvals": {"reset_approvals_on_push": True},
    "/projects/1/pipelines/3": {"id": 3},
    "/projects/1/pipelines/3/jobs": [
        {"id": 1, "name": "lint", "status": "success"}, {"id": 2, "name": "e2e", "status": "running"},
        {"id": 3, "name": "optional", "status": "failed", "allow_failure": True},
    ],
    "/projects/1/pipelines/3/bridges": [{"id": 4, "name": "deploy-tests", "status": "failed"}],
}  # fmt: skip


def from_gitlab(answers: dict[str, Any]) -> Any:
    """The facts of the request from such a forge."""
    from kfm_checks.change.collect_gitlab import client, collect

    session = requests.Session()
    session.mount("https://gitlab.example", Forge(answers))
    return collect(client("secret-token", "https://gitlab.example", session), "g/r", 7)


def test_a_merge_request_of_gitlab() -> None:
    """Approvals are of the head where a push takes them back; the latest pipeline of the head counts."""
    found = from_gitlab(GITLAB)
    assert (found.number, found.author, found.base.ref, found.head.sha, found.state) == (7, "bob", "main", HEAD, "open")
    assert [(r.author, r.commit) for r in found.reviews] == [("ann", HEAD)]
    assert [(run.name, run.conclusion, run.status) for run in found.checks] == [
        ("lint", "success", "completed"), ("e2e", "", "in_progress"), ("deploy-tests", "failure", "completed"),
    ]  # fmt: skip
    assert (found.files[0].path, found.files[0].previous, found.commits[0].parents) == ("b", "a", (BASE,))


def test_an_approval_of_gitlab_whose_commit_is_not_known() -> None:
    """Without the project's setting nobody can tell of which commit it is."""
    found = from_gitlab({**GITLAB, "/projects/1/approvals": {"reset_approvals_on_push": False}})
    assert found.reviews[0].commit == ""


def test_a_merge_request_that_can_not_be_read() -> None:
    """One line, without the token."""
    with pytest.raises(KfmChecksError, match=r"GitLab refuses g/r!7 \(404\)"):
        from_gitlab({})


def test_a_part_is_never_taken_for_the_whole() -> None:
    """A page that can't be read, statuses without check runs, a list that GitHub cut: not known, rather than less."""
    runs, files = f"/repos/o/r/commits/{HEAD}/check-runs", "/repos/o/r/pulls/7/files"
    assert from_github({key: value for key, value in GITHUB.items() if key != runs}).checks is None
    cut = {**GITHUB, "/repos/o/r/pulls/7": {**PULL, "changed_files": 151, "commits": 1}}
    assert from_github(cut).files is None
    assert from_github(cut).commits is not None
    assert from_gitlab({**GITLAB, f"{MERGE}/changes": {"changes": [], "overflow": True}}).files is None
    assert len(from_github({**GITHUB, files: GITHUB[files][:100]}).files) == 100
