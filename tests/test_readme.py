"""A README is read as GitHub reads it: items, tables, folder map, links, anchors, bindings, with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.errors import KfmChecksError
from kfm_checks.readme import LIMIT, Problem, parse_readme, slug

SEED = Path(__file__).parents[2] / "shared" / "seed" / "production-cluster-README.md"


def test_items() -> None:
    """Checklist items keep text, tick, line, nesting, section and bindings; other items are no checklist items."""
    readme = parse_readme(
        "# T\n\n## Secrets\n\n"
        "- [ ] **No** `raw` [keys](a.md) <!-- req: SEC-01 -->\n"
        "- [X] outer <!-- req: RAIL-01,rail-02 -->\n"
        "  with a second line\n"
        "  - [x] inner\n\n"
        "    more <!-- req: SEC-02 -->\n"
        "1. [ ] numbered\n"
        "- plain <!-- req: MEM-01 -->\n"
        "- [] no box\n"
        "- [x]no space\n"
    )
    found = [(i.text, i.checked, i.line, i.last_line, i.depth, i.bindings) for i in readme.items]
    assert found == [
        ("No raw keys", False, 5, 5, 0, ("SEC-01",)),
        ("outer with a second line", True, 6, 7, 0, ("RAIL-01", "RAIL-02")),
        ("inner", True, 8, 8, 1, ("SEC-02",)),
        ("numbered", False, 11, 11, 0, ()),
        ("plain", None, 12, 12, 0, ("MEM-01",)),
        ("[] no box", None, 13, 13, 0, ()),
        ("[x]no space", None, 14, 14, 0, ()),
    ]
    assert {item.heading for item in readme.items} == {"Secrets"}
    assert [item.text for item in readme.unbound] == ["numbered"]


def test_comment_on_its_own_line() -> None:
    """A comment below an item, indented to it, binds it; one that is not indented binds nothing but itself."""
    readme = parse_readme("- [ ] a\n  <!-- req: SEC-01 -->\n- [ ] b\n\n<!-- req: SEC-02 -->\n")
    assert [item.bindings for item in readme.checklist] == [("SEC-01",), ()]
    assert readme.ids == {"SEC-01", "SEC-02"}


@pytest.mark.parametrize(
    "line",
    ["- [ ] a `<!-- req: SEC-01 -->`", "- [ ] a\n\n      <!-- req: SEC-01 -->", "- [ ] a \\<!-- req: SEC-01 -->"],
)
def test_what_only_looks_bound(line: str) -> None:
    """A comment that GitHub would show to the reader as text binds nothing."""
    assert parse_readme(line).checklist[0].bindings == ()


def test_comment_in_a_fence_binds_nothing() -> None:
    """What stands in a code block is an example."""
    assert parse_readme("```md\n- [ ] a <!-- req: SEC-01 -->\n```\n").ids == frozenset()


def test_malformed_bindings_are_problems() -> None:
    """A comment without an id, and a word that is none, are named with their line."""
    readme = parse_readme("# T\n\n- [ ] a <!-- req: -->\n- [ ] b <!-- req: RAIL6 SEC-01 -->\n")
    assert readme.problems == (
        Problem(3, "a binding comment without an id"),
        Problem(4, "'RAIL6' in a binding comment is no requirement id"),
    )
    assert readme.checklist[1].bindings == ("SEC-01",)


def test_table_cells() -> None:
    """Cells carry text, line, column and bindings; short rows are filled, long ones cut, as on GitHub."""
    readme = parse_readme(
        "| Field | Value |\n|---|---|\n| Cluster | *(not confirmed)* <!-- req: META-02 --> |\n| Only `one\\|cell` |\n"
    )
    (table,) = readme.tables
    assert table.header == ("Field", "Value")
    cells = [(c.text, c.line, c.column, c.bindings) for row in table.rows for c in row]
    assert cells == [
        ("Cluster", 3, 0, ()),
        ("(not confirmed)", 3, 1, ("META-02",)),
        ("Only one|cell", 4, 0, ()),
        ("", 4, 1, ()),
    ]


def test_headings_have_githubs_anchors() -> None:
    """Punctuation goes, spaces become hyphens, repeated headings are counted, code and links count as text."""
    readme = parse_readme(
        "# What goes where?\n## What goes where\n## `kustomize` & [co](x.md)\n"
        "Setext\n------\n## Über 2.0_a\n### Sécrets — now\n"
    )
    assert [h.anchor for h in readme.headings] == [
        "what-goes-where",
        "what-goes-where-1",
        "kustomize--co",
        "setext",
        "über-20_a",
        "sécrets--now",
    ]
    assert readme.title == "What goes where?"
    assert slug("  A  b ") == "a--b"


def test_links_and_paths_have_lines() -> None:
    """Links, reference links, images, raw HTML and code spans are listed with the line on which each stands."""
    readme = parse_readme(
        "# T\n\nsee [a](x.md#y)\nand ![b](b.png) or [c][ref] `patches/`\n\n"
        '<a href="z.md">z</a>\n\n<div>\n<img src="i.svg">\n<a id="here"></a>\n</div>\n\n[ref]: r.md\n'
    )
    assert [(link.kind, link.target, link.line) for link in readme.links] == [
        ("link", "x.md#y", 3),
        ("image", "b.png", 4),
        ("link", "r.md", 4),
        ("named", "patches/", 4),
        ("link", "z.md", 6),
        ("image", "i.svg", 9),
    ]
    assert "here" in readme.anchors


TREE = """```text
infra/
└─ prod/            # the overlay
   ├── README.md
   ├─ patches/      # prod-only patches
   │  └─ api.yaml
   ├─ <team>/
   │  └─ notes.md
   └─ ...
```
"""
ASCII = """```
.
|-- base/          <- shared
|   `-- app.yaml
+-- overlays/prod
```
"""


def test_folder_map() -> None:
    """A tree drawn with any of the usual branches gives paths, remarks and lines; placeholders give nothing."""
    assert [(f.path, f.line, f.about) for f in parse_readme(TREE).folders] == [
        ("infra/", 2, ""),
        ("infra/prod/", 3, "the overlay"),
        ("infra/prod/README.md", 4, ""),
        ("infra/prod/patches/", 5, "prod-only patches"),
        ("infra/prod/patches/api.yaml", 6, ""),
    ]
    assert [(f.path, f.about) for f in parse_readme(ASCII).folders] == [
        ("base/", "shared"),
        ("base/app.yaml", ""),
        ("overlays/prod", ""),
    ]
    assert parse_readme("```sh\necho a | tee b\n```\n").folders == ()


def test_folder_table() -> None:
    """A table whose first column names paths is a folder map too."""
    readme = parse_readme(
        "| Path | What |\n|---|---|\n| `tuning/` <!-- req: LAY-04 --> | patches |\n| [c](crd/) | x |\n"
    )
    assert [(f.path, f.about, f.bindings) for f in readme.folders] == [
        ("tuning/", "patches", ("LAY-04",)),
        ("crd/", "x", ()),
    ]


def test_details_and_alerts() -> None:
    """Items inside <details> and inside a quoted alert are items all the same."""
    readme = parse_readme(
        "<details>\n<summary>More</summary>\n\n- [ ] a <!-- req: SEC-01 -->\n\n</details>\n\n> [!NOTE]\n> - [x] b\n"
    )
    assert [(item.text, item.bindings) for item in readme.checklist] == [("a", ("SEC-01",)), ("b", ())]


def test_front_matter_is_no_heading() -> None:
    """A block of settings at the top is skipped."""
    assert [h.text for h in parse_readme("---\ntitle: x\n---\n# T\n").headings] == ["T"]


def test_the_governing_document() -> None:
    """The governing document's fifteen items, seven metadata rows and folder map are found."""
    if not SEED.exists():
        pytest.skip("the governing document is not beside this checkout")
    readme = parse_readme(SEED.read_text(encoding="utf-8"))
    assert len(readme.checklist) == len(readme.unbound) == 15
    assert [len(table.rows) for table in readme.tables] == [7, 6]
    assert {f.path for f in readme.folders if f.drawn == "table"} == {
        "kustomization.yaml",
        "patches/",
        "platform/",
        "policies/",
        "apps/",
        "secrets/",
    }
    assert sum(f.drawn == "tree" for f in readme.folders) == 10


HOSTILE = (
    "- " * 3000 + "[ ] deep",
    ">" * 5000 + " [ ] x",
    "[" * 5000,
    "![" * 2000 + "](" * 2000,
    "| a |\n|---|\n" + "| b |\n" * 2000,
    "<!-- req: " + "A-1 " * 5000 + "-->",
    "- [ ] a <!-- req: SEC-01",
    "<![CDATA[ <!-- req: x",
    "<!DOCTYPE [<!",
    "`" * 3000 + "a",
    "\x00- [ ] a\x00",
    "*a **b " * 3000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile(text: str) -> None:
    """Nesting, unclosed brackets and half comments neither crash nor hang."""
    parse_readme(text)


def test_too_long() -> None:
    """A README beyond the limit is refused in one line."""
    with pytest.raises(KfmChecksError, match="more than"):
        parse_readme("a" * (LIMIT + 1))


@given(st.text(alphabet="-*[]xX ()|`#\n<>!-:reqABC01├─└/\\\t>&", max_size=200))
def test_any_text(text: str) -> None:
    """Whatever the text, lines lie within it and every item has one."""
    readme = parse_readme(text)
    last = text.count("\n") + 1
    assert all(1 <= item.line <= item.last_line <= last for item in readme.items)
    assert all(1 <= link.line <= last for link in readme.links)
