"""The tree lists everything, reads each file at most once, follows nothing out, and never breaks on hostile YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts import tree as tree_module
from kfm_checks.facts.manifest_files import manifest_files
from kfm_checks.facts.references import references
from kfm_checks.facts.tree import TEXT_LIMIT, Tree
from kfm_checks.facts.tree_yaml import DEPTH_LIMIT, VALUE_LIMIT, load
from kfm_checks.model import Source


def overlay(root: Path, files: dict[str, str]) -> Tree:
    """A tree over files written below ``root/infra/prod``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "infra/prod").mkdir(parents=True, exist_ok=True)
    return Tree(root / "infra/prod", root)


def test_lists_hidden_files_and_leaves_git_out(tmp_path: Path) -> None:
    """``.env`` is listed, ``.git`` is not; paths are relative to the overlay and to the repository."""
    tree = overlay(
        tmp_path,
        {
            "infra/prod/.env": "A=1",
            "infra/prod/.git/config": "x",
            "infra/prod/b/c.yaml": "a: 1",
            "infra/prod/b/.git": "gitdir: x",
        },
    )
    assert [(file.path, file.source_path) for file in tree.files] == [
        (".env", "infra/prod/.env"),
        ("b/c.yaml", "infra/prod/b/c.yaml"),
    ]
    assert [file.path for file in tree.folder("b")] == ["b/c.yaml"]
    assert tree.folders == {"b"}
    assert tree.get("b/c.yaml") is tree.files[1] and tree.get("x") is None


def test_a_link_out_is_listed_and_not_read(tmp_path: Path) -> None:
    """A symbolic link that leads out of the tree is never followed."""
    tree = overlay(tmp_path, {"outside": "secret", "infra/prod/a": "x"})
    (tmp_path / "infra/prod/link").symlink_to("../../outside")
    (tmp_path / "infra/prod/inner").symlink_to("a")
    (tmp_path / "infra/prod/up").symlink_to("..")
    assert [file.path for file in tree.links_out] == ["link", "up"]
    link, inner = tree.get("link"), tree.get("inner")
    assert link and link.text == "" and "leads out" in link.unread and link.sha256 == ""
    assert inner and inner.text == "x" and inner.unread == ""


def test_large_and_binary_files_say_so(tmp_path: Path) -> None:
    """What was not read as text is named, never passed in silence."""
    tree = overlay(tmp_path, {"infra/prod/big.txt": "x" * (TEXT_LIMIT + 1)})
    (tmp_path / "infra/prod/a.bin").write_bytes(b"\0\1")
    (tmp_path / "infra/prod/u.txt").write_bytes("a: ü".encode("utf-16"))
    binary, big, wide = tree.files
    assert big.text == "" and "larger than 5 MB" in big.unread
    assert binary.is_binary and binary.text == ""
    assert wide.text == "a: ü"


def test_a_text_as_large_as_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte more is not."""
    monkeypatch.setattr(tree_module, "TEXT_LIMIT", 5)
    assert [
        bool(file.unread) for file in overlay(tmp_path, {"infra/prod/a": "12345", "infra/prod/b": "123456"}).files
    ] == [
        False,
        True,
    ]


def test_the_suffix_of_a_name(tmp_path: Path) -> None:
    """In lower case; a name that only begins with a dot has none."""
    tree = overlay(tmp_path, {f"infra/prod/{name}": "" for name in (".env", "Makefile", "a.YAML", "b.tar.gz")})
    assert [file.suffix for file in tree.files] == ["", "", ".yaml", ".gz"]


def test_an_overlay_that_is_the_repository(tmp_path: Path) -> None:
    """Its paths begin at the root, and its errors name it by a dot."""
    (tmp_path / "a").write_text("x", encoding="utf-8")
    tree = Tree(tmp_path, tmp_path)
    assert (tree.source_path, tree.files[0].source_path) == ("", "a")
    with pytest.raises(KfmChecksError, match=r"^\.: can't be read \(no such file"):
        _ = Tree(tmp_path / "gone", tmp_path / "gone").files


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    """A folder that can't be listed is an error with its path and a remedy."""
    with pytest.raises(KfmChecksError, match="nowhere: can't be read"):
        _ = Tree(tmp_path / "nowhere", tmp_path).files


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]", "[" * 100_000, "a: 1\n b: 2", "- " * 20_000 + "a", "\t", "{", "a: !!python/object:os.system x", "%"],
)
def test_hostile_yaml_is_a_problem_and_no_crash(text: str) -> None:
    """A cycle, a bomb, a tower of brackets: no documents, and a problem in a few words."""
    result = load(text)
    assert result.documents == () or not result.problem
    assert result.documents or result.problem or text == "\t"


def test_a_bomb_of_aliases_is_refused() -> None:
    """Nine lines that stand for a billion values are not expanded."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)
    ]
    assert "expand" in load("\n".join(lines)).problem


def test_lines_of_fields() -> None:
    """Each field has its line, nested ones too."""
    (document,) = load("a: 1\nb:\n  - name: x\n    v: 2\n").documents
    assert document.line_of("b", 0, "v") == 4
    assert document.line_of("b", 0, "missing") == 3
    assert document.line_of() == 1


@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_brackets_may_be_as_deep_as_the_limit(pair: str) -> None:
    """One deeper is refused; many that are closed again, of either kind, are not deep."""
    opening, closing = pair[0] * (DEPTH_LIMIT - 1), pair[1] * (DEPTH_LIMIT - 1)
    assert not load("a: [[], " + opening.replace("{", "{a: ") + closing + "]").problem
    assert "deeper than" in load("a: [[" + opening + closing + "]]").problem
    assert "deeper than" in load("a: [{b: [" + opening + closing + "]}]").problem
    flat = load(f"a: [{', '.join([pair[0] + 'X' + pair[1]] * (DEPTH_LIMIT + 1))}]")
    assert not flat.problem and len(flat.documents[0].value["a"]) == DEPTH_LIMIT + 1
    assert not load(f"a: ']' # {pair[0] * DEPTH_LIMIT}").problem
    assert "deeper than" in load("a: " + f"[X, {pair}, " * (DEPTH_LIMIT + 1)).problem


def test_closing_brackets_of_a_text_make_no_room() -> None:
    """Those before the tower don't count against it."""
    assert "deeper than" in load("a: ']]]]]]'\nb: " + "[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1)).problem
    assert "deeper than" not in load("a: ']'\nb: []\nc: " + "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT).problem


def test_values_may_be_as_many_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapping, a list, a key and what they stand for count; one more than the limit is refused, on its line."""
    monkeypatch.setattr("kfm_checks.facts.tree_yaml.VALUE_LIMIT", 9)
    assert load("a: &a [x, x]\nb: *a\n").documents[0].value == {"a": ["x", "x"], "b": ["x", "x"]}
    assert load("---\nok: 1\n---\na: &a [x, x, x]\nb: *a\n").problem.startswith("line 4: aliases expand to more than 9")
    assert VALUE_LIMIT == 500_000


@pytest.mark.parametrize(
    ("text", "documents", "problem"),
    [
        ('\t{"a": [1]}', [{"a": [1]}], ""),  # a tab at its head: JSON, and no YAML for libyaml
        ('\t[1, {"b": 2}]', [[1, {"b": 2}]], ""),
        ('\t{"a": [1]', [], "line 1: found character that cannot start any token"),
        ('\t"a"', [], "line 1: found character that cannot start any token"),
        ("a:\t- 1\n", [], "line 1: block sequence entries are not allowed in this context"),
        ("a: 1\n---\nb: 2\n b: 3\n", [], "line 4: "),
        ("a: !!timestamp x", [], "it can't be read as YAML"),
        ("a: !!bool x", [], "it can't be read as YAML"),
        ('a: !!int ""', [], "it can't be read as YAML"),
        ("a: 2026-99-99", [], "it can't be read as YAML"),
        ("", [], ""),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, documents: list[object], problem: str) -> None:
    """JSON that YAML refuses is read; the rest has a problem in a few words, where there is a line with the line."""
    found = load(text)
    assert [one.value for one in found.documents] == documents
    assert found.problem.startswith(problem) and bool(found.problem) is bool(problem)


def test_json_that_yaml_refuses_has_one_line() -> None:
    """Without marks every field is on the first line."""
    (document,) = load('\n\n\t{"a": [1]}').documents
    assert (document.line, document.line_of("a", 0)) == (1, 1)


def test_a_folder_of_the_tree(tmp_path: Path) -> None:
    """Folders are those that hold a file, at any depth; a name with or without slashes is the same folder."""
    tree = overlay(tmp_path, {"infra/prod/a/b/c.yaml": "", "infra/prod/ab/d.YAML": "", "infra/prod/Kustomization": ""})
    assert tree.folders == {"a", "a/b", "ab"}
    assert [file.path for file in tree.folder("/a/")] == ["a/b/c.yaml"] and tree.folder("b") == ()
    assert [file.is_manifest_file for file in tree.files] == [True, True, True]
    assert [file.name for file in tree.files] == ["Kustomization", "c.yaml", "d.YAML"]
    assert not overlay(tmp_path, {"infra/prod/x.txt": ""}).files[-1].is_manifest_file


@pytest.mark.parametrize(
    ("text", "found"),
    [("resources: [a]\n---\nb: 1\n", {"resources": ["a"]}), ("- a\n", {}), ("", {}), ("a: [\n", {})],
)
def test_the_entrypoint(tmp_path: Path, text: str, found: object) -> None:
    """The first of kustomize's own names counts; its first document is its content, {} where that is no mapping."""
    tree = overlay(tmp_path, {"infra/prod/kustomization.yml": text, "infra/prod/Kustomization": "resources: [no]"})
    assert tree.entrypoint is tree.get("kustomization.yml") and tree.kustomization == found
    assert tree.entrypoint is not None and bool(tree.entrypoint.problem) is (text == "a: [\n")


def test_a_tree_without_an_entrypoint(tmp_path: Path) -> None:
    """None, and nothing in it."""
    tree = overlay(tmp_path, {"infra/prod/a.yaml": "a: 1"})
    assert (tree.entrypoint, tree.kustomization) == (None, {})


def test_files_of_the_repository(tmp_path: Path) -> None:
    """A base is read by its path from the root; what leads out of the repository, and folders, are not."""
    tree = overlay(tmp_path / "r", {"infra/base/a.yaml": "a: 1", "infra/base/sub/b.yaml": "", "infra/prod/c": ""})
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "r/infra/base/link").symlink_to(tmp_path / "secret")
    (tmp_path / "r/infra/base/folder").symlink_to(tmp_path)
    base = tree.read("infra/base/a.yaml")
    assert base is not None and (base.path, base.source_path, base.text, base.size) == (
        "../base/a.yaml",
        "infra/base/a.yaml",
        "a: 1",
        4,
    )
    assert tree.read("infra/base/a.yaml") is base
    assert [tree.read(path) for path in ("infra/base/link", "../secret", "infra/base", "infra/gone")] == [None] * 4
    assert [file.source_path for file in tree.listed("infra/base")] == ["infra/base/a.yaml"]
    assert tree.listed("infra/base/folder") == tree.listed("infra/gone") == tree.listed("infra/base/a.yaml") == ()
    assert [tree.is_folder(path) for path in ("infra", "infra/base/a.yaml", "infra/base/folder", "..")] == [
        True,
        False,
        False,
        False,
    ]


def test_how_large_a_file_may_be(tmp_path: Path) -> None:
    """As large as the limit is still read; a link has the size of the file it leads to."""
    tree = overlay(tmp_path, {"infra/prod/a": "12345"})
    (tmp_path / "infra/prod/link").symlink_to("a")
    (tmp_path / "infra/prod/out").symlink_to("../x")
    inner, link, out = tree.files
    assert (inner.raw(5), inner.raw(4), link.raw(5), link.raw(4), out.raw(5)) == (b"12345", None, b"12345", None, None)
    assert (link.size, out.size, out.leads_out) == (5, 0, "../x")


def test_a_folder_with_too_many_files_is_no_overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the limit are listed; one more is one clear error that names the folder."""
    monkeypatch.setattr(tree_module, "FILE_LIMIT", 2)
    tree = overlay(tmp_path, {"infra/prod/a": "", "infra/prod/b": ""})
    assert len(tree.files) == 2
    with pytest.raises(KfmChecksError, match=r"^infra/prod: holds more than 2 files"):
        _ = overlay(tmp_path, {"infra/prod/c": ""}).files
    with pytest.raises(KfmChecksError, match=r"^\.: holds more than 2 files"):
        _ = Tree(tmp_path / "infra/prod", tmp_path / "infra/prod").files


def test_references_follow_the_graph(tmp_path: Path) -> None:
    """Resources, components, patches, generators and remote bases are found, with the line that names each."""
    tree = overlay(
        tmp_path,
        {
            "infra/prod/kustomization.yaml": (
                "resources:\n- ../base\n- api.yaml\n- https://github.com/x/y?ref=v1\n- missing.yaml\n"
                "components: [../part]\npatches:\n- path: patches/a.yaml\n- patch: |-\n    a: 1\n"
                "secretGenerator:\n- name: s\n  literals: [A=1]\n  envs: [s.env]\n  files: [k=f.txt]\n"
                "replacements:\n- path: r.yaml\nhelmCharts:\n- name: c\n  valuesFile: values.yaml\n"
            ),
            "infra/prod/api.yaml": "", "infra/prod/patches/a.yaml": "", "infra/prod/s.env": "", "infra/prod/f.txt": "",
            "infra/prod/r.yaml": "", "infra/prod/values.yaml": "",
            "infra/base/kustomization.yml": "resources: [d.yaml, ../prod]\n", "infra/base/d.yaml": "",
            "infra/part/Kustomization": "kind: Component\npatches: [{path: p.yaml}]\n", "infra/part/p.yaml": "",
        },
    )  # fmt: skip
    found = references(tree)
    roles = {reference.target or reference.inline: reference.role for reference in found}
    assert roles["infra/base"] == "folder" and roles["infra/prod/missing.yaml"] == "missing"
    assert roles["https://github.com/x/y?ref=v1"] == "remote" and roles["A=1"] == "inline"
    assert {"infra/base/d.yaml", "infra/part/p.yaml", "infra/prod/s.env", "infra/prod/f.txt"} <= set(found.reached)
    assert found.reached["infra/prod/api.yaml"] == Source("infra/prod/kustomization.yaml", 3)
    assert "A=1" not in repr(tuple(found))


@pytest.mark.parametrize(
    ("name", "text", "manifest"),
    [
        ("a.yaml", "kind: A", True), ("a.yaml", "- kind: A", True), ("a.yaml", "kinds: A", False), ("a.yaml", "kind", False), ("a.yaml", "", False), ("a.txt", "kind: A", False),
        ("a.json", '{"kind": "A"}', True), ("kustomization.yaml", "resources: []", True), ("b/kustomization.yml", "", True), ("Kustomization", "", True),
        ("kfm-checks.yaml", "kind: A", False), (".sops.yaml", "kind: A", False), ("governance/a.yaml", "kind: A", False), ("data/a.yaml", "kind: A", False),
        ("x/data/a.yaml", "kind: A", True), ("database/a.yaml", "kind: A", True), ("a.yaml", "x: 1\n---\nkind: A", True),
    ],
)  # fmt: skip
def test_which_files_are_manifests(tmp_path: Path, name: str, text: str, manifest: bool) -> None:
    """What Kubernetes or kustomize would read; our own configuration, records and plain data are none."""
    found = manifest_files(overlay(tmp_path, {f"infra/prod/{name}": text}))
    assert [file.path for file in found] == ([name] if manifest else [])
