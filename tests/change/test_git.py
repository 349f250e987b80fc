"""Two git revisions compared: every kind of clone, nothing left behind, and nothing of a repository run."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from kfm_checks.change.git import Clone, extract, locate, revisions
from kfm_checks.change.revisions import compared
from kfm_checks.change.write_json import document
from kfm_checks.errors import KfmChecksError
from kfm_checks.run import Options
from tests.change.cases import commit, git, put, start

BASE = {
    "prod/kustomization.yaml": "resources: [a.yaml, ../base]\n",
    "prod/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: app}\ndata: {k: v}\n",
    "base/kustomization.yaml": "resources: [b.yaml]\n",
    "base/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: app}\n",
}
HEAD = {"prod/a.yaml": BASE["prod/a.yaml"].replace("k: v", "k: w")}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits; the second changes one field."""
    root = tmp_path / "repository"
    start(root)
    put(root, BASE)
    commit(root, "base")
    put(root, HEAD)
    commit(root, "head")
    return root


def fields(range_: str, path: Path) -> list[tuple[str, str, object, object]]:
    """(object, pointer, before, after) of each field that differs."""
    with compared(range_, path, Options()) as comparison:
        found = document(comparison)
    return [
        (change["object"]["name"], field["pointer"], field["base"], field["head"])
        for change in found["changes"]
        for field in change["fields"]
    ]


ONE = [("a", "/data/k", "v", "w")]


def test_two_revisions_of_a_clone(repository: Path) -> None:
    """The field that the commit changed, and its file."""
    assert fields("HEAD~1..HEAD", repository / "prod") == ONE
    with compared("HEAD~1..HEAD", repository / "prod", Options()) as comparison:
        assert document(comparison)["changes"][0]["source"]["file"] == "prod/a.yaml"


def test_nothing_is_left_behind(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file in the scratch place, no worktree, no branch, no object, no changed file in the repository."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def state() -> list[str]:
        return sorted(f"{p} {p.stat().st_mtime_ns}" for p in repository.rglob("*"))

    before = state()
    fields("HEAD~1..HEAD", repository / "prod")
    assert state() == before
    assert list(scratch.iterdir()) == []


def test_a_dirty_worktree_does_not_matter_and_stays_dirty(repository: Path) -> None:
    """Revisions are compared, not files on the way to one."""
    put(repository, {"prod/a.yaml": "not even YAML: [", "prod/new.yaml": "x"})
    assert fields("HEAD~1..HEAD", repository / "prod") == ONE
    assert (repository / "prod/a.yaml").read_text() == "not even YAML: ["


def test_a_linked_worktree_and_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    """Both have their objects elsewhere than in a folder called .git."""
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"), "HEAD~1")
    assert fields("main~1..main", tmp_path / "linked" / "prod") == ONE
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    assert fields("HEAD~1..HEAD", tmp_path / "bare.git" / "prod") == ONE


def test_a_shallow_clone_is_refused_in_one_line(repository: Path, tmp_path: Path) -> None:
    """The missing base is named, with what to do."""
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(tmp_path / "shallow"))
    base = git(repository, "rev-parse", "HEAD~1")
    with pytest.raises(KfmChecksError, match=r"is no commit in this clone; this clone is shallow: fetch"):
        fields(f"{base}..HEAD", tmp_path / "shallow" / "prod")


def test_a_partial_clone_is_refused_in_one_line(repository: Path, tmp_path: Path) -> None:
    """Blobs that were left out are not fetched behind the user's back."""
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repository}", str(tmp_path / "partial"))
    with pytest.raises(KfmChecksError, match=r"is not in this clone, which is a partial one; clone without --filter"):
        fields("HEAD~1..HEAD", tmp_path / "partial" / "prod")


@pytest.mark.parametrize("range_", ["nowhere..HEAD", "HEAD..--output=x", "HEAD..", "main~9..main"])
def test_a_missing_base_or_head(repository: Path, range_: str) -> None:
    """A name that is none is refused; an empty one is HEAD, and options are names like any other."""
    if range_ == "HEAD..":
        assert fields(range_, repository / "prod") == []
        return
    with pytest.raises(KfmChecksError, match="is no commit in this clone"):
        fields(range_, repository / "prod")
    assert not (repository / "x").exists()


def test_three_dots_start_where_the_two_parted(repository: Path) -> None:
    """What came to the base since is none of the change's."""
    git(repository, "checkout", "-q", "-b", "feature", "HEAD~1")
    put(repository, {"base/b.yaml": BASE["base/b.yaml"] + "data: {x: y}\n"})
    commit(repository, "feature")
    assert fields("main...feature", repository / "prod") == [("b", "/data", None, {"x": "y"})]
    assert len(fields("main..feature", repository / "prod")) == 2


def test_a_merge_commit(repository: Path) -> None:
    """Against its first parent: what the merge brought."""
    git(repository, "checkout", "-q", "-b", "feature", "HEAD~1")
    put(repository, {"base/b.yaml": BASE["base/b.yaml"] + "data: {x: y}\n"})
    commit(repository, "feature")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "--no-edit", "feature")
    assert fields("HEAD^1..HEAD", repository / "prod") == [("b", "/data", None, {"x": "y"})]


def test_a_renamed_overlay_is_found(repository: Path) -> None:
    """By git's own detection of renamed files, in both directions."""
    git(repository, "mv", "prod", "production")
    commit(repository, "rename")
    assert fields("HEAD~2..HEAD", repository / "production") == ONE
    assert fields("HEAD~2..HEAD", repository / "prod") == ONE


def test_an_overlay_that_neither_revision_has(repository: Path) -> None:
    """One line, exit status 2."""
    with pytest.raises(KfmChecksError, match="neither revision has an overlay there"):
        fields("HEAD~1..HEAD", repository / "staging")


def test_a_submodule_is_named(repository: Path, tmp_path: Path) -> None:
    """Its files are in another repository; what to do is said."""
    other = tmp_path / "other"
    start(other)
    put(other, {"kustomization.yaml": "resources: []\n"})
    commit(other)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "vendor/other")
    put(repository, {"prod/kustomization.yaml": "resources: [a.yaml, ../base, ../vendor/other]\n"})
    commit(repository, "submodule")
    with pytest.raises(KfmChecksError, match=r"vendor/other is a submodule, whose files are in another repository"):
        fields("HEAD~1..HEAD", repository / "prod")


def test_outside_of_any_repository(tmp_path: Path) -> None:
    """Said in one line."""
    with pytest.raises(KfmChecksError, match="not in a git repository"):
        locate(tmp_path / "nothing")


def test_nothing_of_the_repository_runs(repository: Path, tmp_path: Path) -> None:
    """Hooks, filters, textconv, a pager, fsmonitor, merge drivers, attributes: none is called, whatever they say."""
    mark = tmp_path / "ran"
    script = repository / ".git" / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv",
                "diff.external", "merge.evil.driver", "core.sshCommand", "uploadpack.packObjectsHook"):  # fmt: skip
        git(repository, "config", key, str(script))
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        path = repository / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {mark}\n")
        path.chmod(0o755)
    (repository / ".git/info").mkdir(exist_ok=True)
    (repository / ".git/info/attributes").write_text("* filter=evil diff=evil merge=evil export-ignore\n")
    mark.unlink(missing_ok=True)
    assert fields("HEAD~1..HEAD", repository / "prod") == ONE
    assert not mark.exists()


def test_variables_that_point_git_elsewhere_are_dropped(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook runs with GIT_DIR and GIT_INDEX_FILE set."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    clone = locate(repository / "prod")
    assert clone.commit("HEAD")


def test_links_that_lead_out_are_not_made(repository: Path, tmp_path: Path) -> None:
    """A link within the revision is; one that leads out, by whatever way, is left out."""
    (repository / "prod/in.yaml").symlink_to("../base/b.yaml")
    (repository / "prod/out.yaml").symlink_to("../../../../etc/passwd")
    (repository / "prod/absolute.yaml").symlink_to("/etc/passwd")
    head = commit(repository, "links")
    place = extract(Clone(repository), head, tmp_path / "extracted")
    assert (place / "prod/in.yaml").is_symlink()
    assert not os.path.lexists(place / "prod/out.yaml")
    assert not os.path.lexists(place / "prod/absolute.yaml")


def test_attributes_do_not_leave_files_out(repository: Path, tmp_path: Path) -> None:
    """``git archive`` would: ``export-ignore`` comes from the pull request."""
    put(repository, {".gitattributes": "prod/a.yaml export-ignore\n*.yaml text eol=crlf\n"})
    head = commit(repository, "attributes")
    place = extract(Clone(repository), head, tmp_path / "extracted")
    assert (place / "prod/a.yaml").read_bytes() == HEAD["prod/a.yaml"].encode()


def test_revisions_of_a_range(repository: Path) -> None:
    """``BASE`` alone ends at HEAD."""
    clone = Clone(repository)
    head, base = git(repository, "rev-parse", "HEAD"), git(repository, "rev-parse", "HEAD~1")
    assert revisions(clone, "HEAD~1") == revisions(clone, "HEAD~1..HEAD") == (base, head)


def test_the_command_line(repository: Path) -> None:
    """JSON on stdout and status 0; one line on stderr and status 2."""
    command = [".venv/bin/kfm-checks", "diff", "--git"]
    root = Path(__file__).resolve().parents[2]
    command[0] = str(Path(os.sys.executable).parent / "kfm-checks")  # type: ignore[attr-defined]
    done = subprocess.run(
        [*command, "HEAD~1..HEAD", "--format", "json", str(repository / "prod")], capture_output=True, cwd=root
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema"] == "kfm-checks/diff/v1"
    done = subprocess.run([*command, "x..HEAD", str(repository / "prod")], capture_output=True, text=True, cwd=root)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
