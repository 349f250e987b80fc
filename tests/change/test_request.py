"""What is read of a pull request: forms of the facts, descriptions, owners, reviews."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.change.inputs import read_change
from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.change_approvals import approved_by, standings
from kfm_checks.facts.change_intent import intent
from kfm_checks.facts.change_owners import OwnerRules, find_rules
from kfm_checks.facts.change_request import ChangeRequest, Review, Revision, json_schema, read_request
from tests.change.cases import DESCRIPTION, request

# -- forms -----------------------------------------------------------------------------------------------------------


def test_the_published_schema_takes_what_is_read() -> None:
    """The JSON Schema and the reader agree on a whole request."""
    validator = jsonschema_rs.validator_for(json_schema())
    assert validator.is_valid(request("a" * 40, "b" * 40))
    assert not validator.is_valid({"schema": "kfm-checks/change/v2"})
    assert not validator.is_valid({"reviews": [{"author": "a"}]})


def test_what_is_left_out_is_not_told() -> None:
    """A request without a description is not one whose description is empty: the first is not verified."""
    told = {"schema": "kfm-checks/change/v1", "number": 1}
    assert read_request(told).description is None
    assert read_request({**told, "description": ""}).description == ""
    pull = {"number": 1, "user": {"login": "bob"}, "base": {"ref": "main"}, "head": {"sha": "b"}}
    assert read_request({"pull_request": pull}).description is None
    assert read_request({"pull_request": {**pull, "body": None}}).description == ""


def test_the_author_of_a_merge_request_is_looked_up_by_number() -> None:
    """GitLab's event names by user name who did something, not who wrote the request; the two are not mixed up."""
    merge = {"iid": 1, "author_id": 7, "last_commit": {"id": "b", "author": {"name": "Bob B."}}}
    event = {"object_kind": "merge_request", "object_attributes": merge, "user": {"id": 9, "username": "ann"}}
    assert read_request(event).author == ""
    assert read_request({**event, "assignees": [{"id": 7, "username": "bob"}]}).author == "bob"
    assert read_request({**event, "user": {"id": 7, "username": "bob"}}).author == "bob"


def test_an_event_without_reviews_says_so() -> None:
    """Not told is None, and a review's event has that one alone."""
    pull = {
        "number": 1,
        "user": {"login": "bob"},
        "base": {"ref": "main", "sha": "a"},
        "head": {"sha": "b"},
        "body": None,
    }
    plain = read_request({"pull_request": pull})
    assert (plain.reviews, plain.checks, plain.files, plain.description) == (None, None, None, "")
    review = {"user": {"login": "ann"}, "state": "approved", "commit_id": "b"}
    one = read_request({"pull_request": pull, "review": review})
    assert one.reviews == (Review("ann", "approved", "b"),)
    assert not one.all_reviews


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(["number", "user", "login", "base", "head", "sha", "ref", "body", "labels"]),
                s,
                max_size=4,
            )
        ),
        max_leaves=10,
    )
)
def test_a_hostile_event_never_breaks_the_reader(content: object) -> None:
    """Wrong types anywhere: a request as far as it can be read, or one clear line."""
    for event in (content, {"pull_request": content}, {"object_kind": "merge_request", "object_attributes": content},
                  {"pull_request": {"number": 1}, "review": content}):  # fmt: skip
        try:
            assert isinstance(read_request(event), ChangeRequest)
        except KfmChecksError as error:
            assert "\n" not in str(error)


# -- descriptions ----------------------------------------------------------------------------------------------------


def said(text: str, template: str = "") -> str:
    """The parts that a description has, by their first letters: what, why, verification, rollback."""
    return "".join(part[:2] for part, found in intent(text, template).items() if found.text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (DESCRIPTION, "whwhvero"),
        (
            "### Summary\nA cache.\n### Context\nIt was slow.\n### Test plan\nRan it.\n### Revert plan\nRevert it.",
            "whwhvero",
        ),
        ("What: a cache\nWhy: it was slow\nHow verified: ran it\nRollback: revert this", "whwhvero"),
        (
            "1. **What changed?** a cache\n2. **Motivation** it was slow\n3. **QA** ran it\n4. **How to undo it:** revert",
            "whwhvero",
        ),
        ("Changes\n=======\na cache\n\nReasons\n-------\nit was slow", "whwh"),
        ("## What\n\n```yaml\nreplicas: 4\n```\n", "wh"),
        ("## What\na cache\n## Screenshots\nnone of why or rollback\n", "wh"),
        ("## Rollback\nSee the section on why below", "ro"),
        ("We revert the what and test the why.", ""),
        ("## What\r\na cache\r\n## Why\r\nslow tiles", "whwh"),
        ("## What <!-- say it -->\na cache", "wh"),
        ("## Why\n### Details of the outage\nTiles took two seconds.", "wh"),
        ("", ""),
    ],
)
def test_headings_in_the_usual_forms(text: str, parts: str) -> None:
    """Headings, underlined ones, bold words, words before a colon; nothing from a sentence."""
    assert said(text) == parts


@pytest.mark.parametrize(
    "answer",
    [
        "", "TODO", "tbd.", "N/A", "n/a", "none", "-", "...", "…", "- [ ] done", "<!-- how -->", "_Describe the plan_",
        "[how it is rolled back]", "<how>", "{{ plan }}", "Please describe the rollback", "- TBD\n- TODO", "xxx", "> TODO",
        "**TODO**", "as above", "1. ", "???", "_No response_",
    ],
)  # fmt: skip
def test_placeholders_say_nothing(answer: str) -> None:
    """What stands where an answer belongs is none."""
    assert said(f"## Rollback\n{answer}\n") == ""


@pytest.mark.parametrize(
    "answer",
    ["Revert.", "Revert this PR", "- [x] reverted it in staging", "kubectl rollout undo", "1. Revert\n2. Wait"],
)
def test_short_answers_are_answers(answer: str) -> None:
    """A plan of one word is one."""
    assert said(f"## Rollback\n{answer}\n") == "ro"


def test_a_templates_own_words_are_untouched() -> None:
    """What the template says under the heading counts as nothing; what is added counts."""
    template = "## Rollback\nHow is it taken back?\n- [ ] by a revert\n"
    assert said(template, template) == ""
    assert said(template + "By a revert of the merge.", template) == "ro"
    assert said(template.replace("[ ]", "[x]"), template) == "ro"


@given(st.text(alphabet="#*-_: \n[]x`~<>!WhatWhyRollback", max_size=300))
def test_no_description_breaks_it(text: str) -> None:
    """Any text gives four parts, each with a text or with why it is missing."""
    for found in intent(text, text).values():
        assert bool(found.text) != bool(found.missing)


# -- owners ----------------------------------------------------------------------------------------------------------

GITHUBS = """\
# From GitHub's documentation, "About code owners"
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/apps/ @octocat
/apps/github
!keep.js @nobody
[section] @nobody
bad.txt not-an-owner
/path/with\\ space/ @spaced
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("a/b.js", ("@js-owner",)),
        ("keep.js", ("@js-owner",)),
        ("x.go", ("docs@example.com",)),
        ("bad.txt", ("@octo-org/octocats",)),
        ("build/logs/a/b", ("@octocat",)),
        ("docs/a.md", ("@doctocat",)),
        ("docs/a/b.md", ("@doctocat",)),
        ("x/docs/a.md", ("@global-owner1", "@global-owner2")),
        ("x/docs/a/b.md", ("@global-owner1", "@global-owner2")),
        ("x/apps/y", ("@octocat",)),
        ("apps/github", ()),
        ("apps/github/x", ()),
        ("deep/logs/x", ("@octocat",)),
        ("scripts/x", ("@doctocat", "@octocat")),
        ("path/with space/x", ("@spaced",)),
        ("Scripts/x", ("@global-owner1", "@global-owner2")),
    ],
)
def test_owners_as_github_reads_them(path: str, owners: tuple[str, ...]) -> None:
    """The last line that matches; lines that GitHub skips; comments; case counts."""
    assert OwnerRules("CODEOWNERS", GITHUBS, "the base").owners(path) == owners


def test_the_first_place_has_the_file() -> None:
    """.github before the root before docs."""
    files = {"CODEOWNERS": "* @root", "docs/CODEOWNERS": "* @docs", ".github/CODEOWNERS": "* @dot"}
    for gone, owner in ((None, "@dot"), (".github/CODEOWNERS", "@root"), ("CODEOWNERS", "@docs")):
        files.pop(gone or "", None)
        rules = find_rules(files.get, "the base")
        assert rules is not None
        assert rules.owners("x") == (owner,)
    assert find_rules(dict[str, str]().get, "the base") is None


# -- reviews ---------------------------------------------------------------------------------------------------------


def test_the_last_word_counts_by_its_date() -> None:
    """Whatever the order in the file."""
    reviews = (
        Review("ann", "changes-requested", "h", "2026-01-03"),
        Review("Ann", "approved", "h", "2026-01-02"),
        Review("ann", "commented", "h", "2026-01-04"),
    )
    words = standings(ChangeRequest(author="bob", head=Revision(sha="h"), reviews=reviews), lambda _: False)
    assert [(word.state, word.counts) for word in words] == [("changes-requested", True)]


@pytest.mark.parametrize(
    ("owners", "teams", "expected"),
    [
        (("@ANN",), {}, True),
        (("@org/team",), {"@ORG/Team": ("ann",)}, True),
        (("@org/team",), {"@org/team": ("eve",)}, False),
        (("@org/team",), {}, None),
        (("ann@example.org",), {}, None),
        (("@eve",), {}, False),
        (("@org/team", "@ann"), {}, True),
    ],
)
def test_who_is_an_owner(owners: tuple[str, ...], teams: dict[str, tuple[str, ...]], expected: bool | None) -> None:
    """A user, a member of a team; an unknown team or an address is not known."""
    said = ChangeRequest(author="bob", head=Revision(sha="h"), reviews=(Review("ann", "approved", "h"),))
    assert approved_by(owners, standings(said, lambda _: False), teams)[0] is expected


def test_facts_survive_the_way_through_a_file(tmp_path: Path) -> None:
    """What is collected is what is read."""
    from kfm_checks.cli.change_facts import written

    found = read_request(request("a" * 40, "b" * 40, {"teams": {"@o/t": ["ann"]}, "files": [{"path": "x"}]}))
    path = tmp_path / "change.json"
    path.write_text(written(found))
    assert read_change(path) == found
    assert json.loads(path.read_text())["schema"] == "kfm-checks/change/v1"
