"""The tree lists everything, reads each file at most once, follows nothing out, and never breaks on hostile YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.references import references
from kfm_checks.facts.tree import TEXT_LIMIT, Tree
from kfm_checks.facts.tree_yaml import load
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
    tree = overlay(tmp_path, {"infra/prod/.env": "A=1", "infra/prod/.git/config": "x", "infra/prod/b/c.yaml": "a: 1"})
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
    assert link and link.text == "" and "leads out" in link.unread
    assert inner and inner.text == "x" and not inner.unread


def test_large_and_binary_files_say_so(tmp_path: Path) -> None:
    """What was not read as text is named, never passed in silence."""
    tree = overlay(tmp_path, {"infra/prod/big.txt": "x" * (TEXT_LIMIT + 1)})
    (tmp_path / "infra/prod/a.bin").write_bytes(b"\0\1")
    (tmp_path / "infra/prod/u.txt").write_bytes("a: ü".encode("utf-16"))
    binary, big, wide = tree.files
    assert big.text == "" and "larger than 5 MB" in big.unread
    assert binary.is_binary and binary.text == ""
    assert wide.text == "a: ü"


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
