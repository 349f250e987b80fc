"""Earlier revisions of the data manifest: how far back, and whether their bytes can still be had."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.datasets import Dataset, data_manifest
from kfm_checks.facts.datasets_history import DataHistory, Revision, changed_fields, data_history, kept, rollbacks
from kfm_checks.facts.repository import Repository
from kfm_checks.facts.tree import Tree
from tests.examples import commit_all

HEAD = "schema: kfm-checks/data-manifest/v1\n"


def entry(id: str, **more: str) -> str:
    """One entry of a manifest."""
    said = {"version": "'1'", "release": "r1", "uris": "[x]", "sha256": "a" * 64, "media-type": "text/csv", "licence": "CC0-1.0",
            "provenance": "p", "sensitivity": "public", "steward": "ann", **{key.replace("_", "-"): value for key, value in more.items()}}  # fmt: skip
    return f"  - id: {id}\n" + "".join(f"    {name}: {value}\n" for name, value in said.items())


def revisions(*days: str) -> DataHistory:
    """A history with one revision a day, the newest first."""
    return DataHistory(tuple(Revision(f"c{number}", day, ()) for number, day in enumerate(days)))


DAYS = ("2026-01-09", "2026-01-05", "2026-01-02", "2025-12-01")


@pytest.mark.parametrize(
    ("retention", "count"),
    [
        (None, 4), ("x", 4), ({}, 4), ({"revisions": 1}, 2), ({"revisions": 0}, 1), ({"revisions": 9}, 4), ({"revisions": "1"}, 4),
        # In force on some day of the last so many: also the one that the first of these days began with.
        ({"days": 3}, 2), ({"days": 5}, 3), ({"days": 0}, 1), ({"days": 8}, 4), ({"days": 40}, 4), ({"days": True}, 4), ({"days": 10**12}, 4),
        ({"days": 5, "revisions": 1}, 2),
    ],
)  # fmt: skip
def test_how_far_back_a_rollback_has_to_go(retention: Any, count: int) -> None:
    """All of them, where the manifest declares no retention that can be read."""
    assert len(list(kept(revisions(*DAYS), {"retention": retention}, "2026-01-10"))) == count
    assert len(list(kept(revisions(*DAYS), {"retention": {"days": 1}}, "no day"))) == 4


def test_a_number_of_bytes_that_was_only_added_is_no_change() -> None:
    """One that was taken away or is another is."""

    def field(**raw: Any) -> Dataset:
        return Dataset(raw, "", ())

    assert changed_fields(field(), field(bytes=5)) == []
    assert changed_fields(field(bytes=5), field()) == ["bytes"]
    assert changed_fields(field(bytes=5), field(bytes=6)) == ["bytes"]
    assert changed_fields(field(), field(sensitivity="public", version="1")) == ["version", "sensitivity"]


def digest(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def history(root: Path, *states: dict[str, str]) -> tuple[Repository, Tree]:
    """A repository in which each state of the files was committed."""
    for state in states:
        for name, text in state.items():
            path = root / "prod" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text) if text else path.unlink()
        commit_all(root, "state")
    return Repository(root, "prod"), Tree(root / "prod", root)


def test_earlier_revisions_and_their_bytes(tmp_path: Path) -> None:
    """Newest first, shards among them; each content once: in the folder, in git, elsewhere, withdrawn or gone."""

    def text(*entries: tuple[str, str, str], shards: str = "[]", more: str = "") -> str:
        return (
            f"{HEAD}datasets:\n"
            + "".join(entry(id, uris=f"[{uri}]", sha256=sha) for id, uri, sha in entries)
            + f"shards: {shards}\n{more}"
        )

    withdrawn = "withdrawals: [{dataset: w, release: r1, reason: x, by: a, role: s, date: '2026-01-01'}]\n"
    one, two = digest("one"), digest("two")
    repository, tree = history(
        tmp_path,
        {"data/a.csv": "one", "data/b.csv": "two", "data/manifest.yaml": text(("a", "../../../out.csv, a.csv", one), ("w", "w.csv", "f" * 64), ("g", "gone.csv", "e" * 64), ("o", "../../out.csv", "9" * 63 + "a")),
         "data/other.yaml": f"{HEAD}datasets:\n{entry('s', uris='[b.csv]', sha256=two)}"},
        {"data/a.csv": "changed", "data/manifest.yaml": text(("a", "a.csv", digest("changed")), ("h", "https://x.org/h", "d" * 64), ("m", "[https://x.org/m, b.csv]"[1:-1], two), shards="[./other.yaml, gone.yaml, 5]", more=withdrawn)},
    )  # fmt: skip
    known = data_manifest(tree)
    found = data_history(repository, known)
    assert [[one.id for one in revision.datasets] for revision in found.revisions] == [
        ["a", "h", "m", "s"],
        ["a", "w", "g", "o"],
    ]
    assert found.cut == ""
    told = {
        (one.dataset.id, one.dataset.sha256[:4]): (one.ok, one.how)
        for one in rollbacks(repository, tree, known, found, "2026-01-10")
    }
    assert told == {
        ("a", digest("changed")[:4]): (True, "a.csv is still there"), ("h", "dddd"): (None, "nobody fetched https://x.org/h"),
        ("m", two[:4]): (True, "b.csv is still there"), ("s", two[:4]): (True, "b.csv is still there"),
        ("a", one[:4]): (True, "a.csv is in git; reverting the pull request brings it back"),
        ("w", "ffff"): (True, "withdrawn on purpose, with reason and name"), ("g", "eeee"): (False, "its bytes are neither in the folder nor in git"),
        ("o", "9999"): (False, "its bytes are neither in the folder nor in git"),
    }  # fmt: skip


def test_a_shallow_clone_has_no_whole_history(tmp_path: Path) -> None:
    """It says so; a repository of which the overlay is all has one."""
    text = f"{HEAD}datasets:\n{entry('a')}"
    history(tmp_path / "whole", {"data/manifest.yaml": text}, {"data/manifest.yaml": text + "# more\n"})
    url = f"file://{tmp_path / 'whole'}"
    subprocess.run(["git", "clone", "-q", "--depth=1", url, str(tmp_path / "cut")], check=True, capture_output=True)
    tree = Tree(tmp_path / "cut/prod", tmp_path / "cut")
    found = data_history(Repository(tmp_path / "cut", "prod"), data_manifest(tree))
    assert (len(found.revisions), found.cut) == (1, "the clone is shallow, its history is cut off")
    (tmp_path / "all/data").mkdir(parents=True)
    (tmp_path / "all/data/manifest.yaml").write_text(text)
    commit_all(tmp_path / "all")
    whole = data_history(Repository(tmp_path / "all", "."), data_manifest(Tree(tmp_path / "all", tmp_path / "all")))
    assert (len(whole.revisions), whole.cut) == (1, "")


@pytest.mark.parametrize("sha", ["''", "9" * 64, "[a]"])
def test_without_a_checksum_nobody_can_tell_which_bytes_it_was(tmp_path: Path, sha: str) -> None:
    """Neither a file of that name nor one that git does not have is what was named; digits alone are a number."""
    text = f"{HEAD}datasets:\n{entry('a', uris='[a.csv, gone.csv]', sha256=sha)}"
    repository, tree = history(tmp_path, {"data/a.csv": "one", "data/manifest.yaml": text})
    known = data_manifest(tree)
    [found] = rollbacks(repository, tree, known, data_history(repository, known), "2026-01-10")
    assert (found.ok, "no checksum" in found.how) == (None, True)
