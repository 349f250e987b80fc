"""A merge request's facts from GitLab, by python-gitlab: request, approvals, files, commits, jobs.

GitLab does not say which commit an approval is of. Where the project takes approvals back at each push, they are of the
head; else their commit stays unknown, and nobody can tell whether they count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.change_request import ChangedFile, ChangeRequest, CheckRun, Commit, Review, Revision
from kfm_checks.facts.objects import dig, items

#: GitLab's words for the end of a job -> GitHub's.
_ENDS = {"success": "success", "failed": "failure", "canceled": "cancelled", "skipped": "skipped", "manual": "skipped"}


def client(token: str, url: str, session: Any = None) -> Any:
    """A client of python-gitlab. Raises KfmChecksError where the extra is not installed."""
    try:
        import gitlab
    except ImportError as error:
        raise KfmChecksError("python-gitlab is not installed", remedy="pip install 'kfm-checks[change]'") from error
    return gitlab.Gitlab(
        url, private_token=token or None, session=session, timeout=30, user_agent="kfm-checks", per_page=100
    )


def collect(server: Any, project: str, number: int, asking: str = "") -> ChangeRequest:
    """The facts of one merge request. Raises KfmChecksError where it can't be read."""
    import gitlab
    import requests

    try:
        return _collect(server, project, number, asking)
    except gitlab.exceptions.GitlabError as error:
        status = f" ({error.response_code})" if error.response_code else ""
        remedy = "check the name, the number, and what GITLAB_TOKEN may read"
        raise KfmChecksError(f"GitLab refuses {project}!{number}{status}", remedy=remedy) from error
    except requests.RequestException as error:
        raise KfmChecksError("GitLab can't be reached", remedy="check CI_SERVER_URL and the network") from error


def _collect(server: Any, name: str, number: int, asking: str) -> ChangeRequest:
    project = server.projects.get(name)
    merge = project.mergerequests.get(number)
    said = merge.attributes
    head = str(said.get("sha") or "")
    changes = merge.changes()
    return ChangeRequest(
        provider="gitlab",
        number=number,
        url=str(said.get("web_url") or ""),
        title=str(said.get("title") or ""),
        description=str(said.get("description") or ""),
        author=str(dig(said, "author", "username", default="")),
        draft=said.get("draft") is True,
        state={"opened": "open"}.get(str(said.get("state")), str(said.get("state") or "open")),
        base=Revision(str(said.get("target_branch") or ""), str(dig(said, "diff_refs", "start_sha", default="")), name),
        head=Revision(str(said.get("source_branch") or ""), head),
        labels=tuple(str(label) for label in said.get("labels") or ()),
        reviews=tuple(_reviews(merge.approvals.get().attributes, _resets(project), head)),
        checks=_jobs(project, merge, head),
        asking=asking,
        # GitLab says where it lists a part of the files only: then nobody told.
        files=None if dig(changes, "overflow") is True else tuple(map(_file, items(changes, "changes"))),
        commits=tuple(Commit(str(one.id), tuple(getattr(one, "parent_ids", ()) or ())) for one in merge.commits()),
    )


def _resets(project: Any) -> bool:
    """Whether a push takes approvals back; False where the token may not read it."""
    import gitlab

    try:
        return bool(project.approvals.get().attributes.get("reset_approvals_on_push"))
    except gitlab.exceptions.GitlabError:
        return False


def _reviews(approvals: Any, resets: bool, head: str) -> Iterable[Review]:
    for one in items(approvals, "approved_by"):
        name = str(dig(one, "user", "username", default=""))
        yield Review(name, "approved", head if resets else "", str(one.get("approved_at") or ""))


def _jobs(project: Any, merge: Any, head: str) -> tuple[CheckRun, ...]:
    """The jobs of the head commit's latest pipeline, also where it ran on the head merged with the target branch."""
    pipelines = sorted(merge.pipelines.list(get_all=True), key=lambda one: int(one.id), reverse=True)
    doubtful: tuple[Any, _Ran] | None = None
    for one in pipelines:
        ran = _ran(project, one, head)
        if ran.on(head):
            return _jobs_of(project.pipelines.get(one.id), ran)
        if ran.on(head) is None:
            doubtful = doubtful or (one, ran)
    return _jobs_of(project.pipelines.get(doubtful[0].id), doubtful[1]) if doubtful else ()


class _Ran(NamedTuple):
    """What a pipeline ran on; ``merges`` is the head that its commit merges, "" where it is none, or nobody tells."""

    sha: str
    ref: str
    merges: str = ""

    def run(self, name: str = "", conclusion: str = "", status: str = "", number: int = 0) -> CheckRun:
        """A job of such a pipeline."""
        return CheckRun(name, conclusion, status, self.sha, number, "gitlab-ci", self.ref, self.merges)

    def on(self, head: str) -> bool | None:
        """Whether it ran on a head; None where nobody can tell."""
        return self.run().ran_on(head)


def _ran(project: Any, pipeline: Any, head: str) -> _Ran:
    """What a pipeline ran on. A merged results pipeline is of a commit that GitLab made of target and source branch:
    the API names its source nowhere, the commit's parents do.
    """
    import gitlab

    ran = _Ran(str(pipeline.sha), str(pipeline.attributes.get("ref") or ""))
    if ran.on(head) is not None:
        return ran
    try:
        parents = [str(each) for each in project.commits.get(ran.sha).attributes.get("parent_ids") or ()]
    except gitlab.exceptions.GitlabError:
        return ran  # gone, or not to be read with this token
    if head in parents:
        return ran._replace(merges=head)
    # A train may squash or rebase first: then its commit has no parent that anybody pushed, and the head stays unknown.
    plain = ran.ref.endswith("/merge") and len(parents) == 2
    return ran._replace(merges=parents[1]) if plain else ran


def _jobs_of(pipeline: Any, ran: _Ran) -> tuple[CheckRun, ...]:
    # A bridge stands for the pipeline that it starts.
    jobs = [*pipeline.jobs.list(get_all=True), *pipeline.bridges.list(get_all=True)]
    # A job that is allowed to fail, and does, is no gate.
    gates = [job for job in jobs if not (job.attributes.get("allow_failure") and job.status == "failed")]
    return tuple(_job(job, ran) for job in gates)


def _job(job: Any, ran: _Ran) -> CheckRun:
    end = _ENDS.get(str(job.status), "")
    return ran.run(str(job.name), end, "completed" if end else "in_progress", int(job.id))


def _file(change: Any) -> ChangedFile:
    old, new = str(change.get("old_path") or ""), str(change.get("new_path") or "")
    return ChangedFile(new, "", old if old != new else "")
