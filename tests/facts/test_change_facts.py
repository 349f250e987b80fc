"""What a change brings in, whose files it touches, and what it opens, without git: the base is made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfm_checks.change.sides import view
from kfm_checks.errors import ConfigError, NotVerified
from kfm_checks.facts.change import TEMPLATES, description, diff, ownership, pull_request, reviewers, rollback
from kfm_checks.facts.change_base import Rehearsal
from kfm_checks.facts.change_history import commit_of_request, is_shallow, reverts
from kfm_checks.facts.change_request import ChangedFile, ChangeRequest, Codeowners, Commit, Review, Revision
from kfm_checks.facts.repository import Repository
from kfm_checks.facts.tree import Tree
from kfm_checks.follow import Followed
from kfm_checks.model import ObjectKey
from tests.change.cases import commit, git, put, start
from tests.change.handmade import Made, facts, graph

# -- the request -----------------------------------------------------------------------------------------------------


def test_a_request_is_read_once() -> None:
    """From plain data, or as it is."""
    one = ChangeRequest(number=7)
    assert pull_request(one) is one
    assert pull_request({"schema": "kfm-checks/change/v1", "number": 7}).number == 7
    with pytest.raises(ConfigError):
        pull_request({})


@pytest.mark.parametrize("path", TEMPLATES)
def test_the_template_of_the_base_is_nobodys_words(tmp_path: Path, path: str) -> None:
    """From the base, or from the working tree where no base is at hand."""
    template = "## Why\nTell us why this is needed\n"
    request = ChangeRequest(description=template)
    assert description(request, Made(), None)["why"].text
    assert not description(request, Made(files={path: template}), None)["why"].text
    assert description(request, None, Tree(tmp_path, tmp_path))["why"].text
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(template)
    assert not description(request, None, Tree(tmp_path, tmp_path))["why"].text
    assert description(request, None, None)["why"].text


def test_a_description_that_nobody_told_is_not_empty() -> None:
    """Of a request and of a push."""
    for requested, words in ((True, "does not tell its description"), (False, "a push has none")):
        with pytest.raises(NotVerified, match=words):
            description(ChangeRequest(requested=requested), None, None)


OWNERS = "* @a\n/prod/ @b\n"


def owned(request: ChangeRequest, base: Made | None, tree: Tree | None, reached: tuple[str, ...] = ()) -> Any:
    """Path, whether it is governed, its owners and the line that says so."""
    found = ownership(request, base, tree, graph(*reached) if reached else None)
    return found.rules.of if found.rules else "", [
        (one.path, one.governed, one.owners, one.line) for one in found.paths
    ]


def test_who_owns_what_changes(tmp_path: Path) -> None:
    """By the base's file, by what the request tells of it, or by the working tree's; of renamed files both names."""
    (tmp_path / "prod").mkdir()
    tree = Tree(tmp_path / "prod", tmp_path)
    base = Made(
        files={"CODEOWNERS": OWNERS},
        changed=(("M", "prod/x"), ("M", "prod/x"), ("A", "docs/y"), ("M", "prod"), ("M", "products/z")),
    )
    assert owned(ChangeRequest(), base, tree) == (
        "the base",
        [
            ("docs/y", False, ("@a",), 1),
            ("prod", True, ("@a",), 1),
            ("prod/x", True, ("@b",), 2),
            ("products/z", False, ("@a",), 1),
        ],
    )
    assert owned(ChangeRequest(), base, tree, ("docs/y",))[1][0] == ("docs/y", True, ("@a",), 1)
    assert all(governed for _, governed, _, _ in owned(ChangeRequest(), base, None)[1])
    assert all(governed for _, governed, _, _ in owned(ChangeRequest(), base, Tree(tmp_path, tmp_path))[1])
    assert owned(ChangeRequest(), Made(changed=(("M", "prod/x"),)), tree) == ("", [("prod/x", True, (), None)])
    told = ChangeRequest(
        files=(ChangedFile("prod/x", "renamed", "docs/x"),), codeowners=Codeowners("CODEOWNERS", OWNERS)
    )
    assert owned(told, None, tree) == (
        "the change's facts",
        [("docs/x", False, ("@a",), 1), ("prod/x", True, ("@b",), 2)],
    )
    untold = ChangeRequest(files=(ChangedFile("prod/x"),))
    assert owned(untold, None, tree) == ("", [("prod/x", True, (), None)])
    (tmp_path / "CODEOWNERS").write_text(OWNERS)
    assert owned(untold, None, Tree(tmp_path / "prod", tmp_path)) == (
        "the working tree",
        [("prod/x", True, ("@b",), 2)],
    )
    with pytest.raises(NotVerified, match="was not looked at"):
        owned(untold, None, None)
    with pytest.raises(NotVerified, match="nobody told which files change"):
        owned(ChangeRequest(), None, tree)


APPROVED = (Review("ann", "approved", "c1"),)


@pytest.mark.parametrize(
    ("commits", "counts"),
    [
        # Without git: a commit of one parent came after, so it is another change; what a merge holds nobody can tell.
        ((Commit("c3", ("c2",)), Commit("c2", ("c1",))), False), ((Commit("c3", ("c1", "m"),),), None), ((Commit("c3", ("c2", "m")), Commit("c2", ("c1",))), False),
        ((Commit("c3", ("c2", "m")), Commit("c2", ("c1", "m"))), None), ((), None), ((Commit("c3"),), None), ((Commit("c3", ("c3", "m")),), None), (None, None),
    ],
)  # fmt: skip
def test_what_came_after_an_approval(commits: tuple[Commit, ...] | None, counts: bool | None) -> None:
    """By the parents that the request tells; with a base, by git."""
    request = ChangeRequest(author="bob", head=Revision(sha="c3"), reviews=APPROVED, commits=commits)
    assert [one.counts for one in reviewers(request, None)] == [counts]
    assert [one.counts for one in reviewers(request, Made(answer=True))] == [True]
    with pytest.raises(NotVerified, match="tells of no reviews"):
        reviewers(ChangeRequest(), None)


def test_a_source_that_was_not_rendered_is_told() -> None:
    """Nobody saw what changes in it."""

    def followed(state: Any, reason: str) -> Followed:
        return Followed(ObjectKey("a/v1", "Application", "n", "x"), "Argo CD", "", "p", "", state, reason)

    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: a}\n"
    given = facts(text % "one")
    seen = view(facts(text % "one"))
    names = ("inventory", "network", "exposures", "access", "datastores")
    sources = (followed("unavailable", "no network"), followed("rendered", "all well"))
    found = diff(*(given.get(name) for name in names), sources, Made(seen=seen))
    assert (found.changes, found.unseen) == ((), ("n/Application/x: its source was not rendered: no network",))
    changed = diff(*(facts(f"{text % 'one'}---\n{text % 'two'}").get(name) for name in names), sources, Made(seen=seen))
    assert (len(changed.changes), changed.unseen) == (1, found.unseen)
    assert rollback(Made(rehearsal=Rehearsal(exact=True))).exact
    assert not rollback(Made()).exact


# -- history ---------------------------------------------------------------------------------------------------------


def test_rollbacks_in_the_history(tmp_path: Path) -> None:
    """By the title, by a merge's second line, or by a commit of the branch that is named; not by one of elsewhere."""
    start(tmp_path)
    put(tmp_path, {"prod/a": "1"})
    first = commit(tmp_path, "one (#12)")
    titles = ['Revert "one"', "revert(api): it", "Merge branch 'x'\n\nRevert \"one\"", f"back again\n\nThis reverts commit {first}.",
              f"squashed\n\nThis reverts commit {'f' * 40}.", "Reverting is hard", "docs: revert", "Merge pull request #7 from x"]  # fmt: skip
    for number, title in enumerate(titles):
        put(tmp_path, {"prod/a": f"{number + 2}"})
        commit(tmp_path, title)
    put(tmp_path, {"docs": "x"})
    commit(tmp_path, "Revert: not of the overlay\n\nSee merge request org/repo!34")
    repository = Repository(tmp_path, "prod")
    found = reverts(repository)
    assert [one.subject for one in found] == ["back again", "Merge branch 'x'", "revert(api): it", 'Revert "one"']
    assert found[0].commits == (found[0].sha, first)
    subjects = [
        git(tmp_path, "log", "-1", "--format=%s", commit_of_request(repository, number)) for number in ("12", "7", "34")
    ]
    assert subjects == ["one (#12)", "Merge pull request #7 from x", "Revert: not of the overlay"]
    assert [commit_of_request(repository, number) for number in ("1", "2", "3")] == ["", "", ""]
    assert not is_shallow(repository)
    for whole in ("", "."):
        assert reverts(Repository(tmp_path, whole)) == found
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}", str(tmp_path / "cut"))
    assert is_shallow(Repository(tmp_path / "cut", "prod"))
    (tmp_path / "none").mkdir()
    git(tmp_path / "none", "init", "-q")
    empty = Repository(tmp_path / "none", ".")
    assert (reverts(empty), commit_of_request(empty, "1"), is_shallow(empty)) == ((), "", False)
