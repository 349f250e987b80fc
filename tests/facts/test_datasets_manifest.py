"""The data manifest as it is read: entries, shards and what is wrong; where bytes lie; what earlier revisions say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfm_checks.errors import ConfigError, NotVerified
from kfm_checks.facts.datasets import DataManifest, Dataset, data_manifest, datasets, parse_datasets, withdrawals
from kfm_checks.facts.datasets_bytes import located, relative_path, scheme_of
from kfm_checks.facts.datasets_reader import SMALL, read_manifest
from kfm_checks.facts.tree import Tree
from kfm_checks.yamlfile import parse_yaml

HEAD = "schema: kfm-checks/data-manifest/v1\n"


def entry(id: str, **more: str) -> str:
    """One entry of a manifest."""
    said = {"version": "'1'", "release": "r1", "uris": "[x]", "sha256": "a" * 64, "media-type": "text/csv", "licence": "CC0-1.0",
            "provenance": "p", "sensitivity": "public", "steward": "ann", **{key.replace("_", "-"): value for key, value in more.items()}}  # fmt: skip
    return f"  - id: {id}\n" + "".join(f"    {name}: {value}\n" for name, value in said.items())


def manifest(folder: Path, text: str | bytes, **files: str) -> DataManifest:
    """A manifest with further files beside it."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data/manifest.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in files.items():
        (folder / f"data/{name}.yaml").write_text(content)
    return data_manifest(Tree(folder, folder))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, ("datasets/0", "", "", None, "", (), "", False)),
        ({"id": "a", "release": "r", "sha256": "s", "bytes": 5, "media-type": "Text/CSV; charset=x", "uris": ["u", 5], "sensitivity": "restricted"},
         ("a", "r", "s", 5, "text/csv", ("u",), "restricted", True)),
        ({"id": 5, "bytes": True, "uris": "u", "sensitivity": "secret"}, ("datasets/0", "", "", None, "", (), "", False)),
        ({"id": "a", "bytes": "5", "sensitivity": "public"}, ("a", "", "", None, "", (), "public", False)),
        ({"id": "a", "bytes": 0, "sensitivity": "sensitive-location"}, ("a", "", "", 0, "", (), "sensitive-location", True)),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_absent(raw: dict[str, Any], said: tuple[Any, ...]) -> None:
    """Every property is safe to read."""
    one = Dataset(raw, "data/manifest.yaml", ("datasets", 0))
    assert (
        one.id,
        one.release,
        one.sha256,
        one.size,
        one.media_type,
        one.uris,
        one.sensitivity,
        one.is_sensitive,
    ) == said
    assert Dataset({"review": {"by": "ann", "at": {"x": 1}}}, "", ()).text("review", "by") == "ann"
    assert Dataset({"review": "ann"}, "", ()).text("review", "by") == ""
    assert (one.part("review"), Dataset({"review": {"by": "a"}}, "", ()).part("review")) == ({}, {"by": "a"})


def test_entries_and_shards_in_the_order_written(tmp_path: Path) -> None:
    """Each with its file and its line; what is no mapping is a problem and no dataset."""
    text = f"{HEAD}datasets:\n{entry('a')}  - x\n{entry('b')}shards: [one.yaml, ./two.yaml, gone.yaml, 5, bad.yaml]\n"
    shard = HEAD + "datasets:\n"
    found = manifest(tmp_path, text, one=shard + entry("c"), two=shard + entry("d", steward="''"), bad="[")
    assert [(one.id, one.file, one.path[-1], one.source.line if one.source else 0) for one in found.datasets] == [
        ("a", "data/manifest.yaml", 0, 3), ("b", "data/manifest.yaml", 2, 14), ("c", "data/one.yaml", 0, 3), ("d", "data/two.yaml", 0, 3)
    ]  # fmt: skip
    problems = [(one.file, "/".join(map(str, one.path)), one.message) for one in found.problems]
    assert [(file, path) for file, path, _ in problems] == [
        ("data/manifest.yaml", "datasets/1"), ("data/manifest.yaml", "shards/3"), ("data/two.yaml", "datasets/0/steward"),
        ("data/manifest.yaml", "shards/2"), ("data/manifest.yaml", "shards/4"),
    ]  # fmt: skip
    assert ("data/manifest.yaml", "shards/2", "the shard gone.yaml is not there") in problems
    assert all("\n" not in message and len(message) <= 200 for _, _, message in problems)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "it is no mapping"),
        (b"\xff", "it is not UTF-8 text"),
        ("a: [", "not valid YAML"),
        ("", "it is no mapping"),
    ],
)
def test_a_manifest_that_can_not_be_read(tmp_path: Path, text: str | bytes, message: str) -> None:
    """It names no dataset, and why is said; nobody takes it for one without data."""
    found = manifest(tmp_path, text)
    assert found.datasets == ()
    assert message in found.problems[0].message
    with pytest.raises(NotVerified, match="can't be read: "):
        datasets(found)


def test_a_manifest_without_a_dataset_and_none_at_all(tmp_path: Path) -> None:
    """Neither is a pass."""
    with pytest.raises(NotVerified, match="names no dataset"):
        datasets(manifest(tmp_path, f"{HEAD}datasets: []\n"))
    (tmp_path / "none").mkdir()
    with pytest.raises(NotVerified, match="has no data manifest"):
        data_manifest(Tree(tmp_path / "none", tmp_path))
    assert [one.id for one in parse_datasets(f"datasets:\n{entry('a')}", "x")] == ["a"]
    assert parse_datasets("a: [", "x") == ()
    assert parse_datasets("- a", "x") == ()


def test_what_is_wrong_is_said_in_few_words(tmp_path: Path) -> None:
    """The field, or the entry where one is missing; a form of several in one sentence."""

    def said(**more: str) -> str:
        [problem] = manifest(tmp_path, f"{HEAD}datasets:\n{entry('a', **more)}").problems
        return problem.message

    assert said(sha256="x").startswith("sha256: ")
    assert said(provenance="5") == "provenance has not the form that the schema wants"
    assert said(extra="x").startswith("the entry: ")
    assert said(sensitivity="x" * 200) == "sensitivity has not the form that the schema wants"


@pytest.mark.parametrize(
    ("more", "tail"),
    [
        ({"id": "'A'"}, ""), ({"id": "a-"}, ""), ({"id": "a" * 129}, ""), ({"version": "''"}, ""), ({"uris": "[]"}, ""), ({"uris": f"[{'u' * 2049}]"}, ""), ({"uris": "['']"}, ""),
        ({"sha256": "a" * 63}, ""), ({"sha256": "A" * 64}, ""), ({"media_type": "csv"}, ""), ({"multihash": "abc"}, ""), ({"bytes": "-1"}, ""), ({"sensitivity": "secret"}, ""),
        ({"access": "some"}, ""), ({"reason": "because"}, ""), ({"media-typ": "x"}, ""), ({"media_types": "x"}, ""), ({"approval": "{by: a, role: r, date: 2026-1-1}"}, ""),
        ({"generalisation": "{method: geohash, length: 13}"}, ""), ({"generalisation": "{method: grid, degrees: 0}"}, ""), ({"generalisation": "{method: grid, degrees: 181}"}, ""),
        ({"generalisation": "{method: guess}"}, ""), ({"provenance": "{was_derived_from: [a]}"}, ""), ({"load": "[{into: x}]"}, ""),
        ({}, "retention: {revisions: 0}\n"), ({}, "retention: {days: 0}\n"), ({}, "withdrawals: [{dataset: a, release: r, reason: x, by: b, date: '2026-01-01'}]\n"), ({}, "shards: x\n"), ({}, "more: x\n"),
    ],
)  # fmt: skip
def test_what_the_schema_refuses(tmp_path: Path, more: dict[str, str], tail: str) -> None:
    """One problem for each mistake, and none for what stands at the edge of what is allowed."""
    good = entry("a" * 128, uris=f"[{'u' * 2048}]", multihash="ab", bytes="0", access="api", reason="legal", provenance="{was-derived-from: [a]}",
                 load="[{loader: stac}]", generalisation="{method: geohash, length: 12, degrees: 180}", approval="{by: a, role: r, date: '2026-01-01'}")  # fmt: skip
    assert manifest(tmp_path, f"{HEAD}datasets:\n{good}retention: {{revisions: 1, days: 1}}\n").problems == ()
    said = {"id": "a", **more}
    text = f"{HEAD}datasets:\n{entry(said.pop('id'), **said)}{tail}"
    assert len(manifest(tmp_path, text).problems) == 1


WITHDRAWAL = {"dataset": "a", "release": "r1", "reason": "wrong", "by": "ann", "role": "steward", "date": "2026-01-01"}


def test_only_a_complete_withdrawal_is_one() -> None:
    """With a reason, a person, a role and a date."""
    assert list(withdrawals({"withdrawals": ["x", WITHDRAWAL]})) == [("a", "r1")]
    for name in WITHDRAWAL:
        for value in ("", " ", None, 5):
            assert list(withdrawals({"withdrawals": [{**WITHDRAWAL, name: value}]})) == []
    assert list(withdrawals({"withdrawals": "x"})) == list(withdrawals({})) == []


# -- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "scheme", "path"),
    [
        ("a/b.csv", "file", "a/b.csv"), ("file:a%20b.csv", "file", "a b.csv"), ("FILE:a.csv", "file", "a.csv"), ("https://x.org/a", "https", None),
        ("s3://b/a", "s3", None), ("file:///etc/passwd", "file", None), ("/etc/passwd", "file", None), ("file://host/a", "file", None),
        ("//host/a", "", None), ("", "", None), ("http://[", "", None), ("a%00b", "file", None),
    ],
)  # fmt: skip
def test_what_kind_of_address_it_is(uri: str, scheme: str, path: str | None) -> None:
    """A path beside the manifest, one that has to be fetched, or none."""
    assert scheme_of(uri) == scheme
    assert (relative_path(uri) if scheme else None) == path


def test_where_bytes_lie(tmp_path: Path) -> None:
    """Beside the manifest, elsewhere, missing, or out of the repository; a git-lfs pointer stands for others."""
    root = tmp_path / "repo"
    (root / "infra/data").mkdir(parents=True)
    (root / "infra/data/a.csv").write_text("a")
    (root / "top.csv").write_text("t")
    pointer = f"version https://git-lfs.github.com/spec/v1\next-0-x sha256:00\noid sha256:{'b' * 64}\nsize 5\n"
    (root / "infra/data/lfs").write_text(pointer)
    (root / "infra/data/long").write_text(pointer + "x" * 1024)
    (root / "infra/data/out").symlink_to("/etc/hostname")
    uris = [
        "a.csv",
        "./a.csv",
        "../../top.csv",
        "../../../x",
        "../../..",
        "gone.csv",
        "https://x.org/a",
        "/etc/passwd",
        "http://[",
        "lfs",
        "long",
        "out",
    ]
    found = located(Tree(root / "infra", root), (Dataset({"uris": uris}, "", ()),))
    assert [(one.uri, one.index, one.where, one.pointer[:1]) for one in found] == [
        (uri, number, where, mark) for number, (uri, where, mark) in enumerate(zip(uris, [
            "here", "here", "here", "outside", "outside", "missing", "elsewhere", "outside", "outside", "here", "here", "missing",
        ], ["", "", "", "", "", "", "", "", "", "b", "", ""], strict=True))
    ]  # fmt: skip


# -- the fast reader -------------------------------------------------------------------------------------------------

MANY = "".join(entry(f"n{number}", note=f"'row {number}'") for number in range(SMALL // 200))


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}datasets:\n{MANY}", f"{HEAD}datasets: # all\n\n# first\n{MANY}retention: {{days: 5}}\nshards: [a]\n",
        f"{HEAD}datasets:\n{MANY.replace('  - ', '- ').replace('    ', '  ')}", f"{HEAD}datasets:\n{MANY.replace('note:', '# a comment' + chr(10) + '    note:')}",
        f"{HEAD}datasets:\n{MANY.replace('note:', chr(10) + '    note:')}", f"{HEAD}datasets:\n{MANY.replace('provenance: p', 'provenance: p and' + chr(10) + '      more of it')}",
        f"{HEAD}datasets:\n{MANY.replace('provenance: p', 'provenance: |' + chr(10) + '      # no comment' + chr(10) + '      text')}",
        f"{HEAD}x: {{y: 1}}\ndatasets:\n{MANY}",
        # What can't be cut is read whole.
        f"{HEAD}datasets:\n{MANY}".replace("\n", "\r\n"), f"{HEAD}datasets: [{{id: a, note: '{'x' * SMALL}'}}]\n", f"{HEAD}datasets:\n  a: '{'x' * SMALL}'\n",
        f"{HEAD}note: '{'x' * SMALL}'\ndatasets:\n", f"# {'x' * SMALL}\n- a\n",
    ],
)  # fmt: skip
def test_a_long_manifest_reads_as_a_short_one(text: str) -> None:
    """The same values, and the same line of every entry and field."""
    assert len(text) > SMALL
    exact, fast = parse_yaml(text, shown="x"), read_manifest(text, "x")
    assert fast.value == exact.value
    assert {path: line for path, line in fast.lines.items() if line != exact.lines.get(path, line)} == {}
    listed = exact.value.get("datasets") if isinstance(exact.value, dict) else None
    for number in range(len(listed) if isinstance(listed, list) else 0):
        assert fast.lines["datasets", number] == exact.lines["datasets", number]
        assert ("datasets", number, "id") in fast.lines


def test_a_mistake_in_a_long_manifest_has_its_line() -> None:
    """That of the entry which has it."""
    text = f"{HEAD}datasets:\n{MANY}{entry('z', note='[')}"
    with pytest.raises(ConfigError, match="not valid YAML") as error:
        read_manifest(text, "x")
    assert error.value.line is not None
    assert error.value.line >= text[: text.index("id: z")].count("\n")
