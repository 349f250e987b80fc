"""Each form in which a forge tells of a request, field by field; reviews that count; parts that are said."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.errors import ConfigError
from kfm_checks.facts.change_approvals import approved_by, is_owner, standings
from kfm_checks.facts.change_intent import intent
from kfm_checks.facts.change_request import (
    ChangeRequest,
    CheckRun,
    Review,
    Revision,
    github_review,
    json_schema,
    read_request,
)

BASE = {"ref": "main", "sha": "a1", "repo": {"full_name": "org/repo"}}
HEAD = {"ref": "topic", "sha": "b2", "repo": {"full_name": "bob/repo"}}
PULL: dict[str, Any] = {
    "number": 7, "html_url": "https://example.org/7", "title": "T", "body": "B", "user": {"login": "bob"}, "draft": False,
    "state": "closed", "merged": False, "base": BASE, "head": HEAD, "labels": [{"name": "x"}, "y", {"name": "z"}],
}  # fmt: skip
READ = ChangeRequest(
    provider="github", number=7, url="https://example.org/7", title="T", description="B", author="bob", state="closed",
    base=Revision("main", "a1", "org/repo"), head=Revision("topic", "b2", "bob/repo"), labels=("x", "z"), all_reviews=False,
)  # fmt: skip


def changed(**more: Any) -> ChangeRequest:
    """What GitHub's event says with other fields."""
    return read_request({"pull_request": {**PULL, **more}})


def test_a_pull_request_of_github() -> None:
    """Every field; what is merged is no longer what its state says, and what has no state is open."""
    assert changed() == READ
    assert (changed(draft=True).draft, changed(draft="yes").draft) == (True, False)
    assert (changed(merged=True).state, changed(state=None).state, changed(state="open").state) == (
        "merged",
        "open",
        "open",
    )
    assert (changed(number=True).number, changed(number="7").number) == (0, 0)
    assert str(changed().key) == "PullRequest/#7"
    assert str(changed(number=0).key) == "PullRequest/given"


def test_a_review_of_github() -> None:
    """In any spelling; what is no review that counts is none, and nobody's approval."""
    said = {"user": {"login": "ann"}, "state": "APPROVED", "commit_id": "b2", "submitted_at": "2026-01-01"}
    assert github_review(said) == Review("ann", "approved", "b2", "2026-01-01")
    states = {
        "CHANGES_REQUESTED": "changes-requested",
        "commented": "commented",
        "dismissed": "dismissed",
        "PENDING": "pending",
    }
    for state, read in states.items():
        found = github_review({**said, "state": state})
        assert found is not None
        assert found.state == read
    assert github_review({**said, "state": "x"}) is None
    assert read_request({"pull_request": PULL, "review": {**said, "state": "x"}}).reviews is None
    assert read_request({"pull_request": PULL, "review": "x"}).reviews is None


MERGE: dict[str, Any] = {
    "iid": 7, "url": "https://example.org/7", "title": "T", "description": "B", "author_id": 5, "state": "opened",
    "target_branch": "main", "source_branch": "topic", "last_commit": {"id": "b2"},
    "target": {"path_with_namespace": "org/repo"}, "source": {"path_with_namespace": "bob/repo"},
}  # fmt: skip
EVENT: dict[str, Any] = {"object_kind": "merge_request", "object_attributes": MERGE, "labels": [{"title": "x"}]}


def merged(**more: Any) -> ChangeRequest:
    """What GitLab's event says with other fields."""
    return read_request({**EVENT, "object_attributes": {**MERGE, **more}})


def test_a_merge_request_of_gitlab() -> None:
    """Every field; the base's commit is not told, and a description that is not told is not empty."""
    assert merged() == ChangeRequest(
        provider="gitlab", number=7, url="https://example.org/7", title="T", description="B",
        base=Revision("main", "", "org/repo"), head=Revision("topic", "b2", "bob/repo"), labels=("x",),
    )  # fmt: skip
    assert (merged(draft=True).draft, merged(work_in_progress=True).draft, merged(draft="x").draft) == (
        True,
        True,
        False,
    )
    assert (merged(state="merged").state, merged(state=None).state) == ("merged", "open")
    untold = {key: value for key, value in MERGE.items() if key != "description"}
    assert read_request({**EVENT, "object_attributes": untold}).description is None
    assert merged(target=None).base.repository == ""
    whole = {**EVENT, "object_attributes": {**MERGE, "target": None}, "project": {"path_with_namespace": "org/other"}}
    assert read_request(whole).base.repository == "org/other"


@pytest.mark.parametrize(
    ("people", "author"),
    [
        ({"user": {"id": 5, "username": "bob"}}, "bob"), ({"user": {"id": 6, "username": "bob"}}, ""),
        ({"reviewers": [{"id": 4, "username": "ann"}, {"id": 5, "username": "bob"}]}, "bob"),
        ({"user": {"id": 6}, "assignees": [{"id": 5, "username": "bob"}]}, "bob"), ({"user": {"username": "eve"}}, ""),
    ],
)  # fmt: skip
def test_who_wrote_a_merge_request(people: dict[str, Any], author: str) -> None:
    """By number alone; nobody is its author for want of one."""
    assert read_request({**EVENT, **people}).author == author
    unknown = {**EVENT, **people, "object_attributes": {**MERGE, "author_id": None}}
    assert read_request(unknown).author == ""


@pytest.mark.parametrize("kind", ["check_run", "check_suite", "workflow_run"])
def test_an_event_of_ci_tells_of_one_request(kind: str) -> None:
    """Its number, branches and commits, and nothing of what others say; of several nobody can tell which is meant."""
    pull = {"number": 7, "base": {"ref": "main", "sha": "a1"}, "head": {"ref": "topic", "sha": "b2"}}
    event = {kind: {"pull_requests": [pull]}, "repository": {"full_name": "org/repo"}}
    assert read_request(event) == ChangeRequest(
        provider="github", number=7, base=Revision("main", "a1", "org/repo"), head=Revision("topic", "b2", "")
    )
    for several in ([], [pull, pull], "x"):
        with pytest.raises(
            ConfigError, match=f"the {kind} tells of {len(several) if several != 'x' else 0} pull requests"
        ):
            read_request({**event, kind: {"pull_requests": several}})


def test_a_push_is_no_request() -> None:
    """Its branch before and after; who pushed."""
    event = {
        "ref": "refs/heads/main", "before": "a1", "after": "b2", "head_commit": None, "pusher": {"name": "bob"},
        "repository": {"full_name": "org/repo"},
    }  # fmt: skip
    assert read_request(event) == ChangeRequest(
        provider="github", author="bob", base=Revision("main", "a1", "org/repo"), head=Revision("main", "b2", "org/repo"),
        requested=False,
    )  # fmt: skip
    for name in ("ref", "head_commit", "pusher"):
        with pytest.raises(ConfigError, match="tells of no pull request"):
            read_request({key: value for key, value in event.items() if key != name})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1], "is no JSON object"), ({}, "tells of no pull request"), ({"object_kind": "merge_request"}, "tells of no pull request"),
        ({"schema": "kfm-checks/change/v2"}, "Invalid"), ({"schema": "kfm-checks/change/v1", "more": 1}, "unknown field"),
        ({"schema": "kfm-checks/change/v1", "reviews": [{"author": "a", "state": "yes"}]}, "Invalid"),
        ({"schema": "kfm-checks/change/v1", "base": {"branch": "main"}}, "unknown field"),
    ],
)  # fmt: skip
def test_what_is_no_request(content: Any, words: str) -> None:
    """One line, with what is wrong; an unknown key is a mistake, not a wish."""
    with pytest.raises(ConfigError, match=words):
        read_request(content)


def test_what_nobody_told_is_at_its_default() -> None:
    """A request of one's own: open, asked for, by nobody, with nothing told of it; all of the reviews that are given."""
    found = read_request({"schema": "kfm-checks/change/v1"})
    assert (found.state, found.draft, found.requested, found.all_reviews, found.author, found.number) == (
        "open", False, True, True, "", 0
    )  # fmt: skip
    assert (found.description, found.reviews, found.checks, found.files, found.commits) == (None,) * 5
    assert (found.provider, str(found.key)) == ("other", "PullRequest/given")
    [run] = read_request({"schema": "kfm-checks/change/v1", "checks": [{"name": "a"}]}).checks or ()
    assert (run.status, run.conclusion, run.id) == ("completed", "", 0)
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (CheckRun("a", commit="b2"), True), (CheckRun("a"), True), (CheckRun("a", commit="c3"), False),
        (CheckRun("a", commit="c3", merges="b2"), True), (CheckRun("a", commit="c3", ref="refs/pull/7/merge"), None),
        (CheckRun("a", commit="c3", ref="refs/merge-requests/7/train"), None), (CheckRun("a", commit="c3", ref="refs/pull/7/head"), False),
        (CheckRun("a", commit="c3", ref="refs/heads/merge"), False),
        (CheckRun("a", commit="c3", ref="refs/pull/7/merge", merges="d4"), False),
        (CheckRun("a", commit="b2", ref="refs/pull/7/merge", merges="d4"), True),
    ],
)  # fmt: skip
def test_whether_a_job_ran_on_the_head(run: CheckRun, found: bool | None) -> None:
    """Alone, or merged with its base; where nobody tells which head was merged, nobody can tell."""
    assert run.ran_on("b2") is found


# -- reviews ---------------------------------------------------------------------------------------------------------


def words(*reviews: Review, kept: bool | None = False, head: str = "h") -> list[tuple[str, str, bool | None]]:
    """The standing of each reviewer of a request of bob's."""
    request = ChangeRequest(author="bob", head=Revision(sha=head), reviews=reviews)
    return [(one.reviewer, one.state, one.counts) for one in standings(request, lambda _: kept)]


@pytest.mark.parametrize(
    ("reviews", "kept", "found"),
    [
        ((Review("ann", "approved", "h"),), False, [("ann", "approved", True)]),
        ((Review("ann", "approved", "x"),), False, [("ann", "approved", False)]),
        ((Review("ann", "approved", "x"),), True, [("ann", "approved", True)]),
        ((Review("ann", "approved", "x"),), None, [("ann", "approved", None)]),
        ((Review("ann", "approved"),), True, [("ann", "approved", None)]),
        ((Review("Bob", "approved", "h"),), False, [("Bob", "approved", False)]),
        ((Review("ann", "dismissed", "h"),), False, [("ann", "dismissed", False)]),
        ((Review("ann", "changes-requested", "x"),), False, [("ann", "changes-requested", True)]),
        ((Review("ann", "commented", "h"), Review("", "approved", "h"), Review("eve", "pending", "h")), False, []),
        # Without dates the order of the forge decides; with them, they do.
        ((Review("ann", "approved", "h"), Review("ANN", "dismissed", "h")), False, [("ANN", "dismissed", False)]),
        ((Review("ann", "dismissed", "h", "2026-01-02"), Review("ann", "approved", "h", "2026-01-01")), False,
         [("ann", "dismissed", False)]),
        ((Review("eve", "approved", "h"), Review("ann", "approved", "h")), False, [("ann", "approved", True), ("eve", "approved", True)]),
    ],
)  # fmt: skip
def test_the_last_word_of_each_reviewer(reviews: tuple[Review, ...], kept: bool | None, found: list[Any]) -> None:
    """By an owner, of what is to be merged, not one's own, not taken back."""
    assert words(*reviews, kept=kept) == found


def test_of_a_head_that_nobody_told_no_approval_counts() -> None:
    """Nobody can tell what was approved."""
    assert words(Review("ann", "approved", "h"), head="") == [("ann", "approved", None)]


@pytest.mark.parametrize(
    ("owners", "found", "why"),
    [
        (("@ann",), True, "ann approved the head commit"), (("@eve",), False, "eve approved the earlier commit"),
        (("@eve", "@ann"), True, "ann"), (("@org/team",), None, "nobody told whether"), (("@joe",), None, "whether joe approved"),
        (("@zoe",), False, "eve approved the earlier"), ((), False, "eve approved the earlier"), (("@joe", "@ann"), True, "ann"),
    ],
)  # fmt: skip
def test_whether_an_owner_approved(owners: tuple[str, ...], found: bool | None, why: str) -> None:
    """One sure approval settles it; a doubt is no no, and an earlier commit's is none."""
    request = ChangeRequest(
        author="bob", head=Revision(sha="h"),
        reviews=(Review("joe", "approved"), Review("ann", "approved", "h"), Review("eve", "approved", "x"), Review("zoe", "changes-requested", "h")),
    )  # fmt: skip
    answer, words = approved_by(owners, standings(request, lambda _: False), {})
    assert answer is found
    assert why in words


def test_a_change_that_nobody_reviewed_has_no_owners_word() -> None:
    """And says so."""
    assert approved_by(("@ann",), (), {}) == (False, "no owner approved")
    assert is_owner("Ann", "@ann", {}) is True
    assert is_owner("ann", "@org/ann", {"@ORG/ann": ("Ann",)}) is True
    assert is_owner("ann", "ann", {}) is None


# -- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "part", "said", "missing"),
    [
        ("## Why\nBecause of it.", "why", "Because of it.", ""), ("## What\nx", "why", "", "no heading asks for it"),
        ("## Why\n", "why", "", "nothing stands below it"), ("## Why\nTODO", "why", "", "it is a placeholder"),
        ("## Why\n- [ ] yes it is", "why", "", "its boxes are not ticked"), ("## Why\n- [X] yes it is", "why", "yes it is", ""),
        ("## Why\nabcd", "why", "", "it is a placeholder"), ("## Why\nab cd e", "why", "ab cd e", ""),
        # The first answer that says something counts; a heading that is asked for twice is not an empty one.
        ("## Why\nTODO\n## Reason\nIt was slow.", "why", "It was slow.", ""), ("## Why\nIt was slow.\n## Reason\nother", "why", "It was slow.", ""),
        ("## How to test the rollback\nRevert it.", "rollback", "Revert it.", ""), ("## Test\nIt ran.\n# Other\nmore", "verification", "It ran.", ""),
        ("Why\n===\nIt was slow.", "why", "It was slow.", ""), ("Why\n--\nIt was slow.", "why", "It was slow.", ""),
        ("Why\n===", "why", "", "nothing stands below it"), ("Why\n===\nslow tiles\n## Notes\nmore", "why", "slow tiles Notes more", ""),
        ("Why\n---\nslow tiles\n# Notes\nmore", "why", "slow tiles", ""), ("a b c d e f g why: slow tiles", "why", "slow tiles", ""),
        ("a b c d e f g h why: slow tiles", "why", "", "no heading asks for it"),
        # A deeper heading of no part stays in the text; one of a part begins it.
        ("# Why\n## Outage\nTiles were slow.", "why", "Outage Tiles were slow.", ""), ("# Why\n## Test\nIt ran.", "why", "", "nothing stands below it"),
        ("# Why\nslow tiles\n```\n## Test\nnot said\n```\n", "verification", "", "no heading asks for it"),
        ("# Why\n~~~\n```\n# What\n~~~\nslow tiles", "what", "", "no heading asks for it"),
        ("# Why\n```\n# no\n```\n## Test\nIt ran.", "verification", "It ran.", ""),
        ("Why: it was slow\nmore of it", "why", "it was slow more of it", ""), ("**Why** - it was slow", "why", "it was slow", ""),
        ("The reason that we give here for all of this now: none", "why", "", "no heading asks for it"),
        ("#Why\nIt was slow.", "why", "", "no heading asks for it"), ("## Why ##\nIt was slow.", "why", "It was slow.", ""),
        ("    # Why\nIt was slow.", "why", "", "no heading asks for it"),
    ],
)  # fmt: skip
def test_what_a_part_says(text: str, part: Any, said: str, missing: str) -> None:
    """Its words, or in which way it says nothing."""
    found = intent(text)[part]
    assert (found.text, found.missing) == (said, missing)


def test_the_lines_of_a_template_are_nobodys_words() -> None:
    """However they are marked; ticked boxes are somebody's."""
    template = "## Why\nWhy do we need this?\n- [ ] for the autumn release\n"
    assert intent(template, template)["why"].missing == "its boxes are not ticked"
    assert intent("## Why\n> Why do we need **this?**\n", template)["why"].missing == "it is a placeholder"
    assert intent(template.replace("[ ]", "[x]"), template)["why"].text == "for the autumn release"
