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


MERGED, OLD = "c" * 40, "d" * 40


@pytest.mark.parametrize(
    ("ref", "parents", "ran_on"),
    [
        ("refs/merge-requests/7/merge", [BASE, HEAD], True),
        ("refs/merge-requests/7/merge", [BASE, OLD], False),
        ("refs/merge-requests/7/merge", [BASE], None),
        ("refs/merge-requests/7/merge", None, None),
        ("refs/merge-requests/7/train", [BASE, HEAD], True),
        ("refs/merge-requests/7/train", [BASE, OLD], None),
        ("refs/heads/f", [BASE, HEAD], False),
    ],
)
def test_a_merged_results_pipeline_of_gitlab(ref: str, parents: list[str] | None, ran_on: bool | None) -> None:
    """Its commit is GitLab's own merge: only the commit's parents tell which head it is of."""
    commit = (
        {} if parents is None else {f"/projects/1/repository/commits/{MERGED}": {"id": MERGED, "parent_ids": parents}}
    )
    answers = {**GITLAB, f"{MERGE}/pipelines": [{"id": 3, "sha": MERGED, "ref": ref}], **commit}
    runs = from_gitlab(answers).checks
    assert [run.ran_on(HEAD) for run in runs] == ([] if ran_on is False else [ran_on] * 3)
    assert {run.commit for run in runs} <= {MERGED}


def test_a_pipeline_that_surely_ran_on_the_head_counts_before_one_that_perhaps_did() -> None:
    """A later train says nothing against a pipeline that is known."""
    doubtful = {"id": 9, "sha": MERGED, "ref": "refs/merge-requests/7/train"}
    runs = from_gitlab({**GITLAB, f"{MERGE}/pipelines": [doubtful, {"id": 3, "sha": HEAD, "ref": "f"}]}).checks
    assert {(run.commit, run.ran_on(HEAD)) for run in runs} == {(HEAD, True)}


@pytest.mark.parametrize(("parents", "names"), [([BASE, HEAD], ["lint"]), ([BASE, OLD], []), (None, [])])
def test_what_reported_on_the_merge_that_github_made(parents: list[str] | None, names: list[str]) -> None:
    """Where nothing reported on the head: a CI system that builds refs/pull/N/merge, if that merges the head."""
    runs, statuses = (f"/repos/o/r/commits/{{}}/{kind}" for kind in ("check-runs", "status"))
    made = {} if parents is None else {f"/repos/o/r/commits/{MERGED}": {"parents": [{"sha": p} for p in parents]}}
    found = from_github(
        {
            **GITHUB,
            **made,
            "/repos/o/r/pulls/7": {**PULL, "merge_commit_sha": MERGED},
            runs.format(HEAD): {"check_runs": []},
            statuses.format(HEAD): {"statuses": []},
            runs.format(MERGED): {"check_runs": [{"name": "lint", "status": "completed", "conclusion": "success"}]},
            statuses.format(MERGED): {"statuses": []},
        }
    )
    assert [(run.name, run.commit, run.ran_on(HEAD)) for run in found.checks] == [(n, MERGED, True) for n in names]


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
