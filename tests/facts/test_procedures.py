"""Sections of documents and the steps in them that somebody could carry out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.facts.procedures import Section, procedures, sections
from kfm_checks.facts.tree import TreeFile
from tests.facts.test_tree import overlay


def of(tmp_path: Path, text: str, name: str = "a.md") -> list[Section]:
    """The sections of a text."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return list(sections(TreeFile(name, name, len(text), path)))


#: A text, and (heading, headings above, line, number of lines) of each of its sections.
TEXTS: list[tuple[str, list[tuple[str, tuple[str, ...], int, int]]]] = [
    ("# A\na\n## B ##\nb\nc\n### C\n## D\n# E\ne\n",
     [("A", (), 1, 1), ("B", ("A",), 3, 2), ("C", ("A", "B"), 6, 0), ("D", ("A",), 7, 0), ("E", (), 8, 1)]),
    ("A\n===\na\nB\n---\nb\nC\n~~~\nD\n^^^\n", [("A", (), 1, 2), ("B", ("A",), 4, 6)]),  # a fence that nobody closed
    ("A\n===\na\nB\n---\nb\n\nC\n^^^\nc\n", [("A", (), 1, 2), ("B", ("A",), 4, 3), ("C", ("A",), 8, 2)]),
    ("# A\n\nB\n---\n### C\n## D\n", [("A", (), 1, 1), ("B", ("A",), 3, 1), ("C", ("A", "B"), 5, 0), ("D", ("A",), 6, 0)]),
    ("= A\ntext\n== B\ntext\n", [("A", (), 1, 1), ("B", ("A",), 3, 1)]),
    ("## A\n<details>\n<summary>B <b>c</b></summary>\nb\n</details>\n# C\n", [("A", (), 1, 1), ("B c", ("A",), 3, 2), ("C", (), 6, 0)]),
    ("# A\n```sh\n# no heading\n```\n~~~\n# none\n~~~\n# B\n", [("A", (), 1, 6), ("B", (), 8, 0)]),
    ("a | b\n---\nc\n", [("", (), 1, 3)]),
    ("---\na: b\n---\n", [("a: b", (), 2, 1)]),
    ("# A\n---\na\n", [("A", (), 1, 2)]),
    ("text\nmore\n", [("", (), 1, 2)]),
    ("\n---\ntext\n", [("", (), 1, 3)]),
    ("", [("", (), 1, 0)]),
    ("intro\n# A\n", [("A", (), 2, 0)]),
    ("# <i>A</i> #\n#no heading\n####### neither\n", [("A", (), 1, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), TEXTS)
def test_sections(tmp_path: Path, text: str, wanted: list[tuple[str, tuple[str, ...], int, int]]) -> None:
    """Headings of Markdown in both styles, reStructuredText, AsciiDoc and HTML; none within a fence or a table."""
    assert [(one.heading, one.above, one.line, len(one.lines)) for one in of(tmp_path, text)] == wanted


def test_tildes_underline_in_restructuredtext(tmp_path: Path) -> None:
    """There they are no fence, and a row of backquotes is none either."""
    text = "A\n===\nB\n~~~\n```\nC\n---\n"
    assert [(one.heading, one.above) for one in of(tmp_path, text, "a.rst")] == [
        ("A", ()),
        ("B", ("A",)),
        ("C", ("A",)),
    ]


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("1. rotate the key", ["rotate the key"]), ("2) rotate the key", ["rotate the key"]), ("- rotate the key", ["rotate the key"]),
        ("* rotate the key", ["rotate the key"]), ("+ rotate the key", ["rotate the key"]), (". rotate the key", ["rotate the key"]),
        ("  - rotate the key", ["rotate the key"]), ("- rotate it", []), ("- [ ] rotate the key", []), ("- [x] rotate the key", []),
        ("rotate the key", []), ("$ kubectl delete secret a", ["$ kubectl delete secret a"]), ("  vault kv put a", ["vault kv put a"]),
        ("kubectl", []), ("kubectl get", []), ("- TODO rotate the key", []), ("- the key is to be defined here", []), ("- n/a for this key", []),
        ("- coming soon as we go", []), ("- not yet documented at all", []), ("- fill this in some day", []), ("makefile is a file", []),
        *((f"{program} a b", [f"{program} a b"]) for program in (
            "vault", "kubectl", "kubeseal", "sops", "aws", "gcloud", "az", "psql", "openssl", "argocd", "flux", "cmctl", "git", "helm", "make")),
    ],
)  # fmt: skip
def test_steps(tmp_path: Path, line: str, steps: list[str]) -> None:
    """List items of three words or more, and commands; a box to tick, a placeholder and prose are none."""
    (section,) = of(tmp_path, f"# A\n{line}\n")
    assert list(section.steps) == steps


def test_what_a_section_is_about(tmp_path: Path) -> None:
    """Its heading, those above and its text, in lower case; a placeholder in the heading or in a line is one."""
    first, second = of(tmp_path, "# Keys TBD\n## Rotation\nEvery YEAR\n")
    assert second.about == "rotation\nkeys tbd\nevery year"
    assert first.is_placeholder and not second.is_placeholder
    assert of(tmp_path, "# A\nwork in progress\n")[0].is_placeholder


def test_documents_of_a_tree(tmp_path: Path) -> None:
    """By their endings, in the order of the files; what was not read has no sections."""
    names = ("a.md", "b.markdown", "c.rst", "d.adoc", "e.txt", "f.yaml", "g")
    tree = overlay(tmp_path, {f"infra/prod/{name}": "# A\n" for name in names})
    (tmp_path / "infra/prod/h.md").symlink_to("/etc/hostname")
    assert [one.file.path for one in procedures(tree)] == ["a.md", "b.markdown", "c.rst", "d.adoc", "e.txt"]
