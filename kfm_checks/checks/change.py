"""CHG-01 to CHG-04 and CHG-09: what a pull request says, who approved it, how large it is, whether CI passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.change import ChangedPath, Ownership
from kfm_checks.facts.change_approvals import Standing, approved_by
from kfm_checks.facts.change_intent import PARTS, Part, Said
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_request import ChangeRequest, CheckRun
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Evidence, Source

_ASKED: Mapping[Part, str] = {
    "what": "what changes",
    "why": "why",
    "verification": "how it was verified",
    "rollback": "how it is rolled back",
}


def change_is_pull_request(pull_request: ChangeRequest, config: Config) -> Iterator[Evidence]:
    """The change arrives by a pull request to the branch that production follows.

    A pull request is the record of who asked for what, and the place where it can be refused (NIST SP 800-53 CM-3).
    A push alone doesn't tell whether it came from a merge: then nobody can say.

    Remedy: open a pull request (or merge request) to the branch that `gitops.branch` names, main unless declared.
    """
    wanted, given = config.gitops.branch, pull_request.base.ref
    if not pull_request.requested:
        message = f"a push to {given or 'a branch'}: it does not tell whether a pull request brought it"
        yield unknown(pull_request.key, ("base", "ref"), message=message, expected=f"a pull request to {wanted}")
        return
    if not given:
        raise NotVerified("the change does not tell to which branch it goes")
    name = f"#{pull_request.number}" if pull_request.number else "the request"
    yield judged(
        given == wanted,
        pull_request.key,
        ("base", "ref"),
        message=f"pull request {name} goes to {given}" + ("" if given == wanted else f", production follows {wanted}"),
        expected=wanted,
        observed=given,
    )


def change_has_required_approvals(
    pull_request: ChangeRequest, ownership: Ownership, reviewers: tuple[Standing, ...], tree: Tree | None
) -> Iterator[Evidence]:
    """For each changed file an owner, other than the author, approved the commit that is to be merged.

    Owners are those of the base's CODEOWNERS, the last line that matches (GitHub documentation, *About code owners*).
    Only a reviewer's last word counts; a dismissed approval does not, nor one of an earlier commit, unless only merges
    from the base came since, as git itself makes them. A file of the overlay that nobody owns can't be approved. NIST
    SP 800-53 CM-3(2), CM-5.

    Remedy: cover the overlay in CODEOWNERS on main, and ask the owners named to review the head commit.
    """
    for word in reviewers:
        if word.state == "changes-requested":
            message = f"{word.reviewer} asks for changes and has not approved since"
            yield fails(pull_request.key, ("reviews",), message=message, about=word.reviewer, observed=word.state)
    if ownership.rules is None:
        yield fails(
            file_key("CODEOWNERS"),
            message="no CODEOWNERS file says who has to approve",
            expected="a CODEOWNERS file in .github/, the root or docs/ of the base",
            observed="absent",
        )
        return
    for changed in ownership.paths:
        yield from _approved(pull_request, ownership, changed, reviewers)


def _approved(
    request: ChangeRequest, ownership: Ownership, changed: ChangedPath, reviewers: tuple[Standing, ...]
) -> Iterator[Evidence]:
    rules = ownership.rules
    assert rules is not None
    subject = file_key(changed.path)
    if not changed.owners:
        if changed.governed:
            message = f"nobody owns {changed.path}: {rules.path} of {rules.of} names no owner"
            yield fails(subject, message=message, expected="an owner in CODEOWNERS", observed="nobody")
        return
    approved, why = approved_by(changed.owners, reviewers, request.teams)
    if approved is False and not request.all_reviews:
        approved, why = None, f"the event tells of one review alone ({why})"
    yield judged(
        approved,
        subject,
        message=f"{changed.path}: {why}",
        expected=f"an approval by {' or '.join(changed.owners)}",
        observed=", ".join(word.reviewer for word in reviewers if word.state == "approved") or "no approval",
        source=Source(rules.path, changed.line),
    )


def change_states_intent(pull_request: ChangeRequest, description: Mapping[Part, Said]) -> Iterator[Evidence]:
    """The description says what changes, why, how that was verified, and how it is rolled back.

    Headings count in any of the usual forms, as do bold words and words before a colon. A template's untouched words, a
    hint in brackets, TODO, n/a and boxes that nobody ticked say nothing. NIST SP 800-53 CM-3, CM-4.

    Remedy: fill the four headings of the template in your own words; "revert this pull request" is a rollback plan.
    """
    for part in PARTS:
        said = description[part]
        message = (
            f"the description says {_ASKED[part]}" if said.text else f"the description does not say {_ASKED[part]}"
        )
        yield judged(
            bool(said.text),
            pull_request.key,
            ("description",),
            message=message if said.text else f"{message}: {said.missing}",
            expected=_ASKED[part],
            observed=_short(said.text) or said.missing,
            about=part,
        )


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:159] + "…"


def change_is_small(pull_request: ChangeRequest, diff: Diff, config: Config) -> Iterator[Evidence]:
    """The change touches no more objects than the threshold allows.

    Small changes fail smaller, are reviewed better and are reverted faster. Counted are rendered objects: two lines of
    a patch can change forty. Kinds and namespaces are shown beside.

    Remedy: split the change, or raise `thresholds.change-objects` in kfm-checks.yaml by a change of its own.
    """
    allowed = config.thresholds.change_objects
    count = len(diff.changes)
    kinds = sorted({change.key.kind for change in diff.changes})
    namespaces = sorted({change.key.namespace for change in diff.changes if change.key.namespace})
    where = f" in {len(namespaces)} namespaces" if len(namespaces) != 1 else f" in {namespaces[0]}"
    yield judged(
        count <= allowed,
        pull_request.key,
        message=f"{count} objects of {len(kinds)} kinds{where} change; {allowed} are allowed",
        expected=f"at most {allowed} objects",
        observed=f"{count}: {', '.join(kinds[:12])}" if kinds else "none",
    )


#: What GitHub and GitLab call a run that did its work; a neutral one has nothing against the change.
_PASSED = frozenset({"success", "neutral"})
_SKIPPED = frozenset({"skipped", "manual", "created", "not-run"})
_FINISHED = frozenset({"completed", "success", "failed", "canceled"})


def ci_gates_passed(pull_request: ChangeRequest) -> Iterator[Evidence]:
    """CI ran on the head commit, and every job of it passed.

    A green run of an earlier commit says nothing about this one (NIST SP 800-53 CM-4(2)). A run on the merge of the
    head with its base counts, as forges make one to try (`refs/pull/7/merge`, merged results pipelines); where nothing
    tells which head was merged, it is not verified. The latest attempt of a job counts; the very job that asks can't
    have finished and is left out; a skipped job has looked at nothing.

    Remedy: let the jobs run on the head commit, mend what failed, and make them required for the branch.
    """
    if pull_request.checks is None:
        raise NotVerified("the change tells of no CI runs (an event file has none): collect them with change-facts")
    head = pull_request.head.sha
    if not head:
        raise NotVerified("the change does not tell its head commit")
    told = [run for run in pull_request.checks if run.name != pull_request.asking]
    runs = _latest([run for run in told if run.ran_on(head)])
    merges = _latest([run for run in told if run.ran_on(head) is None])
    for run in merges:
        yield _doubtful(pull_request, run, head)
    if not runs and not merges:
        asked = any(run.name == pull_request.asking for run in pull_request.checks if pull_request.asking)
        if asked:
            raise NotVerified("on the head commit ran nothing but the very job that asks")
        message = f"no CI job ran on the head commit {head[:12]}"
        yield fails(pull_request.key, ("checks",), message=message, expected="jobs that passed", observed="none")
        return
    if runs and all(run.conclusion in _SKIPPED for run in runs):
        raise NotVerified("every CI job of the head commit was skipped, so nothing looked at it")
    for run in runs:
        yield from _ran(pull_request, run)


def _latest(runs: list[CheckRun]) -> list[CheckRun]:
    found: dict[tuple[str, str], CheckRun] = {}
    for run in runs:
        known = found.get((run.app, run.name))
        if known is None or run.id >= known.id:
            found[run.app, run.name] = run
    return [found[key] for key in sorted(found)]


def _doubtful(request: ChangeRequest, run: CheckRun, head: str) -> Evidence:
    text = f"the job {run.name} ran on {run.ref}, and nothing tells whether that merges the head {head[:12]}"
    details = {"expected": "success", "observed": run.conclusion or run.status}
    return unknown(request.key, ("checks",), message=text, about=f"{run.app} {run.name} {run.ref}", **details)


def _ran(request: ChangeRequest, run: CheckRun) -> Iterator[Evidence]:
    if run.conclusion in _SKIPPED:
        return
    details = {
        "expected": "success",
        "observed": run.conclusion or run.status,
        "about": f"{run.app} {run.name}".strip(),
    }
    if run.status not in _FINISHED or not run.conclusion:
        yield unknown(request.key, ("checks",), message=f"the job {run.name} has not finished", **details)
    elif run.conclusion in _PASSED:
        yield holds(request.key, ("checks",), message=f"the job {run.name} passed", **details)
    else:
        yield fails(request.key, ("checks",), message=f"the job {run.name} ended in {run.conclusion}", **details)
