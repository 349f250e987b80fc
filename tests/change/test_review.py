"""A change judged from end to end: the base decides, the rollback is tried, approvals are of what is merged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.change.inputs import find_base, governance_of
from kfm_checks.change.revisions import compared
from kfm_checks.change.write_json import document
from kfm_checks.change.write_markdown import write as write_markdown
from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.change_request import read_request
from kfm_checks.judged import Judged
from kfm_checks.run import Options, judge
from kfm_checks.target import locate
from tests.change.cases import DESCRIPTION, commit, git, put, request, start, write
from tests.change.tiles import service_with_database
from tests.conftest import AS_OF
from tests.test_mutations import OVERLAY

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: app}\ndata: {k: %s}\n"
BASE = {
    ".github/CODEOWNERS": "* @alice\n",
    "prod/kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
    "prod/a.yaml": MAP % ("a", "v"),
    "prod/b.yaml": MAP % ("b", "v"),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A base on main, and a change on the branch feature, checked out."""
    root = tmp_path / "repository"
    start(root)
    put(root, BASE)
    commit(root, "base")
    git(root, "checkout", "-q", "-b", "feature")
    put(root, {"prod/a.yaml": MAP % ("a", "w")})
    commit(root, "change")
    return root


def judged(root: Path, *, only: tuple[str, ...] = (), path: str = "prod", **said: Any) -> Judged:
    """The overlay judged as a change from main to HEAD."""
    facts = request(git(root, "rev-parse", "main"), git(root, "rev-parse", "HEAD"), said)
    return judge(root / path, Options(only=only, as_of=AS_OF, change=write(root.parent / "change.json", facts)))


def outcome(root: Path, check: str, **said: Any) -> tuple[str, list[str]]:
    """Outcome of a check and the messages of what does not hold."""
    result = judged(root, only=(check,), **said).report.result(check)
    return result.outcome, [e.message for e in result.evidence if e.holds is not True]


# -- approvals -------------------------------------------------------------------------------------------------------


def test_a_merge_from_the_base_keeps_an_approval(repository: Path) -> None:
    """What git alone makes of the merge was approved already."""
    approved = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "main")
    put(repository, {"prod/b.yaml": MAP % ("b", "x")})
    commit(repository, "elsewhere")
    git(repository, "checkout", "-q", "feature")
    git(repository, "merge", "-q", "--no-edit", "main")
    reviews = [{"author": "alice", "state": "approved", "commit": approved}]
    assert outcome(repository, "change-has-required-approvals", reviews=reviews) == ("pass", [])


def test_a_merge_in_which_something_was_slipped_does_not(repository: Path) -> None:
    """The merge holds more than its parents: nobody approved that."""
    approved = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "main")
    put(repository, {"prod/b.yaml": MAP % ("b", "x")})
    commit(repository, "elsewhere")
    git(repository, "checkout", "-q", "feature")
    git(repository, "merge", "-q", "--no-commit", "--no-ff", "main")
    put(repository, {"prod/a.yaml": MAP % ("a", "slipped")})
    commit(repository, "merge")
    reviews = [{"author": "alice", "state": "approved", "commit": approved}]
    assert outcome(repository, "change-has-required-approvals", reviews=reviews)[0] == "fail"


def test_a_commit_after_the_approval_takes_it_away(repository: Path) -> None:
    """Any commit of the change's own does."""
    approved = git(repository, "rev-parse", "HEAD")
    put(repository, {"prod/a.yaml": MAP % ("a", "more")})
    commit(repository, "more")
    reviews = [{"author": "alice", "state": "approved", "commit": approved}]
    assert outcome(repository, "change-has-required-approvals", reviews=reviews)[0] == "fail"


# -- rollback --------------------------------------------------------------------------------------------------------


def test_a_revert_that_conflicts_names_the_file(repository: Path) -> None:
    """The base branch has the change, and has since changed the same line."""
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "--no-edit", "feature")
    put(repository, {"prod/a.yaml": MAP % ("a", "later")})
    commit(repository, "later")
    facts = request("", head, {"base": {"ref": "main"}})
    options = Options(only=("rollback-is-feasible",), as_of=AS_OF, change=write(repository.parent / "c.json", facts))
    result = judge(repository / "prod", options).report.result("rollback-is-feasible")
    failing = [(str(e.subject), e.message) for e in result.evidence if e.holds is False]
    assert failing == [
        (
            "File/prod/a.yaml",
            "reverting the change conflicts in prod/a.yaml: the base branch, which has it already has changed the same lines",
        )
    ]


def test_a_change_that_conflicts_with_its_base_can_not_be_tried(repository: Path) -> None:
    """Both sides changed the same line: not verified, the file named."""
    git(repository, "checkout", "-q", "main")
    put(repository, {"prod/a.yaml": MAP % ("a", "other")})
    commit(repository, "other")
    git(repository, "checkout", "-q", "feature")
    found, messages = outcome(repository, "rollback-is-feasible")
    assert found == "not-verified"
    assert any("the change itself conflicts with its base in prod/a.yaml" in message for message in messages)


def test_a_revert_onto_a_base_that_moved_on(repository: Path) -> None:
    """It applies cleanly and renders; nothing is written to the user's repository."""
    git(repository, "checkout", "-q", "main")
    put(repository, {"prod/b.yaml": MAP % ("b", "other")})
    commit(repository, "other")
    git(repository, "checkout", "-q", "feature")
    before = git(repository, "count-objects", "-v"), git(repository, "for-each-ref"), git(repository, "status", "-s")
    assert outcome(repository, "rollback-is-feasible") == ("pass", [])
    assert (
        git(repository, "count-objects", "-v"),
        git(repository, "for-each-ref"),
        git(repository, "status", "-s"),
    ) == before


def test_bytes_of_a_dataset_that_are_gone(repository: Path) -> None:
    """The manifest comes back by a revert; the file that it names is elsewhere, or was never committed."""
    data = "schema: kfm-checks/data-manifest/v1\ndatasets:\n  - {id: rail, uris: ['%s'], sha256: %s}\n"
    git(repository, "checkout", "-q", "main")
    put(repository, {"prod/data/manifest.yaml": data % ("file:rail.geojson", "0" * 64)})
    commit(repository, "data")
    git(repository, "checkout", "-q", "-b", "promotion")
    put(repository, {"prod/data/manifest.yaml": data % ("https://data.example/rail.geojson", "1" * 64)})
    commit(repository, "promotion")
    found, messages = outcome(repository, "rollback-is-feasible")
    assert found == "fail"
    assert messages == ["the revert brings back a dataset whose bytes are gone: rail: file:rail.geojson"]


# -- the base decides ------------------------------------------------------------------------------------------------

LOOSE = """\
schema: kfm-checks/config/v1
not-applicable: [{requirement: RAIL-05, reason: we said so, by: bob, date: "2026-01-01", expires: "2027-01-01"}]
thresholds: {change-objects: 1000}
"""
WAIVER = """\
schema: kfm-checks/records/v1
records:
  - {kind: waiver, requirement: RAIL-07, check: services-avoid-node-port, subject: app/Service/s, reason: we said so,
     by: bob, role: platform-operator, date: "2026-01-01", expires: "2027-01-01"}
"""


def test_a_change_does_not_judge_itself(repository: Path) -> None:
    """Its own exemption and waiver don't count, and are told first."""
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: app}\nspec: {type: NodePort, ports: [{port: 80}]}\n"
    put(
        repository,
        {
            "prod/kustomization.yaml": "resources: [a.yaml, b.yaml, s.yaml]\n",
            "prod/s.yaml": service,
            "prod/kfm-checks.yaml": LOOSE,
            "prod/governance/waivers.yaml": WAIVER,
        },
    )
    commit(repository, "loosen")
    found = judged(repository)
    assert found.report.requirement("RAIL-07").status == "not-met"
    assert found.settings.config.not_applicable == ()
    told = [(item.what, item.change, item.loosens) for item in governance_of(found)]
    assert told[0][2] is True
    assert ("waiver", "added", True) in told
    assert any("alters" in note for note in found.report.overlay.notes)
    with compared("main..HEAD", repository / "prod", Options()) as comparison:
        assert write_markdown(comparison).splitlines()[2].startswith("**This change alters the rules")
        assert document(comparison)["governance"][0]["loosens"] is True


def test_without_a_base_nothing_that_loosens_counts(repository: Path) -> None:
    """Nobody can tell which of the records the change brought in."""
    put(repository, {"prod/kfm-checks.yaml": LOOSE, "prod/governance/waivers.yaml": WAIVER})
    commit(repository, "loosen")
    facts = request("0" * 40, git(repository, "rev-parse", "HEAD"))
    found = judge(repository / "prod", Options(as_of=AS_OF, change=write(repository.parent / "c.json", facts)))
    assert found.records == ()
    assert found.settings.config.not_applicable == ()
    assert found.report.requirement("CHG-06").status == "not-verified"
    assert "the base commit 000000000000 is not in this clone" in found.report.overlay.notes[0]


def test_a_shallow_clone_is_refused(repository: Path, tmp_path: Path) -> None:
    """A workflow that fetches one commit would never look at the base."""
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=feature", f"file://{repository}", str(tmp_path / "shallow"))
    facts = request(git(repository, "rev-parse", "main"), git(repository, "rev-parse", "feature"))
    options = Options(as_of=AS_OF, change=write(tmp_path / "c.json", facts))
    with pytest.raises(KfmChecksError, match="not in this shallow clone; fetch the whole history"):
        judge(tmp_path / "shallow" / "prod", options)


def test_an_overlay_that_the_change_adds(repository: Path) -> None:
    """The base has no rules for it: its own configuration holds over that of the base's parents; it exempts nothing."""
    parents = "not-applicable: [{requirement: RAIL-03, reason: platform, by: ann, date: '2026-01-01', expires: '2027-01-01'}]\n"
    git(repository, "checkout", "-q", "main")
    put(repository, {"kfm-checks.yaml": f"environment: dev\nthresholds: {{change-objects: 7}}\n{parents}"})
    commit(repository, "parents")
    git(repository, "checkout", "-q", "-b", "adds")
    files = {
        "new/kustomization.yaml": "resources: [a.yaml]\n",
        "new/a.yaml": MAP % ("a", "v"),
        "kfm-checks.yaml": LOOSE,
    }
    own = LOOSE.replace("thresholds: {change-objects: 1000}", "environment: prod")
    put(repository, {**files, "new/kfm-checks.yaml": own, "new/governance/waivers.yaml": WAIVER})
    commit(repository, "new")
    found = judged(repository, path="new")
    assert found.report.requirement("GATE-05").status == "met"
    assert any(note.startswith("the change adds this overlay: its own") for note in found.report.overlay.notes)
    config = found.settings.config
    assert (config.environment, config.thresholds.change_objects) == ("prod", 7)
    assert [each.requirement for each in config.not_applicable] == ["RAIL-03"]
    assert found.records == ()
    told = {(item.what, item.name) for item in governance_of(found)}
    assert {("waiver", "RAIL-07 app/Service/s"), ("setting", "not-applicable")} <= told


def test_an_overlay_that_the_change_renames(repository: Path) -> None:
    """The base's rules go along: a new name is no way to exempt oneself, and what did not change is no change."""
    git(repository, "checkout", "-q", "main")
    git(repository, "checkout", "-q", "-b", "renames")
    git(repository, "mv", "prod", "production")
    put(repository, {"production/kfm-checks.yaml": LOOSE, "production/governance/waivers.yaml": WAIVER})
    commit(repository, "rename")
    found = judged(repository, path="production")
    assert "the change renames the overlay, which is prod in its base" in found.report.overlay.notes
    assert (found.records, found.settings.config.not_applicable) == ((), ())
    assert [item.loosens for item in governance_of(found)][:2] == [True, True]
    assert found.facts.get("diff").changes == ()
    assert found.report.requirement("CHG-06").status == "met"


def test_a_base_with_a_submodule_says_so(repository: Path, tmp_path: Path) -> None:
    """Its files are in another repository: not verified, and the reason names it rather than a missing file."""
    other = tmp_path / "other"
    start(other)
    put(other, {"kustomization.yaml": "resources: [c.yaml]\n", "c.yaml": MAP % ("c", "v")})
    commit(other)
    git(repository, "checkout", "-q", "main")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "vendor/other")
    put(repository, {"prod/kustomization.yaml": "resources: [a.yaml, b.yaml, ../vendor/other]\n"})
    commit(repository, "submodule")
    git(repository, "checkout", "-q", "-b", "more")
    put(repository, {"prod/a.yaml": MAP % ("a", "more")})
    commit(repository, "more")
    row = judged(repository, only=("CHG-06",)).report.requirement("CHG-06")
    assert row.status == "not-verified"
    assert "vendor/other is a submodule, whose files are in another repository" in (row.reason or "")


def test_what_is_not_committed_is_told(repository: Path) -> None:
    """A dirty worktree is judged as it is, and the reader learns that it is no commit; other folders don't matter."""
    assert not [note for note in judged(repository).report.overlay.notes if "committed" in note]
    put(repository, {"prod/b.yaml": MAP % ("b", "dirty"), "prod/new.yaml": "x: y\n", "elsewhere": "x"})
    notes = judged(repository).report.overlay.notes
    assert "not everything that is judged is committed: prod/b.yaml, prod/new.yaml" in notes
    put(repository, {"prod/b.yaml": None, "prod/new.yaml": None, "prod/kustomization.yaml": "resources: [a.yaml]\n"})
    assert any(
        "committed: prod/b.yaml, prod/kustomization.yaml" in note for note in judged(repository).report.overlay.notes
    )


def test_line_ends_and_large_files_are_no_difference(repository: Path) -> None:
    """Git keeps both otherwise in the working tree than in the commit."""
    from kfm_checks.change.git import Clone
    from kfm_checks.change.worktree import dirty

    put(repository, {"prod/large.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"})
    (repository / "prod/link").symlink_to("a.yaml")
    commit(repository, "more")
    (repository / "prod/large.bin").write_bytes(b"the file itself")
    (repository / "prod/a.yaml").write_bytes((repository / "prod/a.yaml").read_bytes().replace(b"\n", b"\r\n"))
    assert dirty(Clone(repository), "prod") == ()
    (repository / "prod/link").unlink()
    (repository / "prod/link").symlink_to("b.yaml")
    assert dirty(Clone(repository), "prod") == ("prod/link",)


def test_the_branch_decides_where_no_commit_is_named(repository: Path) -> None:
    """The base's name is looked up in the clone."""
    said = read_request(request("", git(repository, "rev-parse", "HEAD"), {"base": {"ref": "main"}}))
    base = find_base(said, locate(repository / "prod"), Options())
    assert base.commit == git(repository, "rev-parse", "main")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON"),
        ("[]", "is no JSON object"),
        ("{}", "tells of no pull request"),
        ('{"schema": "kfm-checks/change/v1", "x": 1}', "unknown field `x`"),
        ('{"schema": "kfm-checks/change/v2"}', "Invalid"),
        ('{"schema": "kfm-checks/change/v1", "reviews": [{"author": "a", "state": "nice"}]}', "Invalid"),
        ("[" * 100_000, "is n"),
        ('{"pull_request": 7}', "tells of no pull request"),
    ],
)
def test_a_bad_file_of_facts_is_one_clear_line(repository: Path, text: str, message: str) -> None:
    """The file is named, with what is wrong and what to do."""
    path = repository.parent / "bad.json"
    path.write_text(text)
    with pytest.raises(KfmChecksError, match=message) as error:
        judge(repository / "prod", Options(change=path))
    assert str(error.value).startswith("bad.json")


# -- the shipped overlay ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped overlay, and a change that adds a service with a database of its own."""
    return service_with_database(tmp_path_factory.mktemp("tiles") / "repository")


def test_a_new_service_with_a_database(tiles: Path) -> None:
    """The diff names who can reach the new datastore, and what the change does to the rules that judge it."""
    with compared("main..feature", tiles / OVERLAY, Options()) as comparison:
        found = document(comparison)
    added = {change["object"]["name"]: change for change in found["changes"] if change["change"] == "added"}
    assert {"kfm-tiles", "tiles-cache"} <= added.keys()
    opened = {(pair["source"], pair["destination"]) for pair in found["reach"]["opened"]}
    into = {source for source, destination in opened if destination == "kfm-data/StatefulSet/tiles-cache"}
    assert into == {"kfm-app/Deployment/kfm-tiles"}
    assert [(item["what"], item["name"]) for item in found["governance"]] == [("setting", "datastores")]
    risks = {(change["object"]["kind"], change["object"]["name"]): change["risks"] for change in found["changes"]}
    assert "network-reach" in risks["NetworkPolicy", "tiles-cache"]
    assert "image" in risks["Deployment", "kfm-tiles"]
    assert not any("exposure" in names or "data-loss" in names for names in risks.values())


def test_it_is_reviewed_from_end_to_end(tiles: Path) -> None:
    """Intent, approval, size, CI and rollback are met; what the new workload lacks is named by its own rows."""
    report = judged(tiles, path=str(OVERLAY)).report
    rows = ("CHG-01", "CHG-02", "CHG-03", "CHG-04", "CHG-06", "CHG-09", "DOD-01", "DOD-04", "GATE-05")
    assert {id: report.requirement(id).status for id in rows} == dict.fromkeys(rows, "met")
    assert report.requirement("RAIL-02").status == "not-met"  # the new containers have no probes
    back = [e.message for e in report.result("rollback-is-feasible").evidence]
    assert any("a revert deletes the new StatefulSet tiles-cache" in message for message in back)


def test_the_facts_as_the_command_line_reads_them(tiles: Path) -> None:
    """GitHub's own event works too: what it does not tell is not verified."""
    event = {
        "action": "opened",
        "pull_request": {
            "number": 3, "body": DESCRIPTION, "user": {"login": "bob"}, "draft": False, "state": "open",
            "base": {"ref": "main", "sha": git(tiles, "rev-parse", "main")},
            "head": {"ref": "feature", "sha": git(tiles, "rev-parse", "feature")},
        },
    }  # fmt: skip
    path = tiles.parent / "event.json"
    path.write_text(json.dumps(event))
    only = ("CHG-01", "CHG-02", "CHG-03", "CHG-09")
    report = judge(tiles / OVERLAY, Options(only=only, as_of=AS_OF, change=path)).report
    statuses = {row.id: row.status for row in report.requirements}
    assert statuses == {"CHG-01": "met", "CHG-02": "not-verified", "CHG-03": "met", "CHG-09": "not-verified"}


def test_every_commit_of_a_long_change_is_looked_at(repository: Path) -> None:
    """A credential that the first of many commits brings in, and the second takes away, is in the history for good."""
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: app}\nstringData: {password: hunter2hunter2}\n"
    )
    put(repository, {"prod/secret.yaml": secret})
    commit(repository, "in")
    put(repository, {"prod/secret.yaml": None})
    last = commit(repository, "out")
    who = "committer test <test@example.org> 1700000000 +0000\ndata 0\n"
    more = "".join(
        f"commit refs/heads/many\n{who}" + (f"from {last}\n" if number == 0 else "") + "\n" for number in range(600)
    )
    subprocess.run(["git", "-C", str(repository), "fast-import", "--quiet"], input=more.encode(), check=True)
    git(repository, "checkout", "-q", "many")
    found, messages = outcome(repository, "no-secret-or-endpoint-added")
    assert found == "fail"
    assert any("prod/secret.yaml" in message or "Secret" in message for message in messages), messages
