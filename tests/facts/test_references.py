"""Every field of a kustomization that names a file, a folder, a remote source or text of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.facts.references import Reference, references
from tests.facts.test_tree import overlay

#: The text of a kustomization, and (field, way to the entry, target, role) of each of its references in order.
CASES: dict[str, tuple[str, list[tuple[str, tuple[str | int, ...], str, str]]]] = {
    field: (f"{field}: [a.yaml]", [(field, (field, 0), "infra/prod/a.yaml", "file")])
    for field in (
        "resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators",
        "patchesStrategicMerge",
    )
}  # fmt: skip
CASES |= {
    field: (f"{field}: [{{path: a.yaml}}]", [(field, (field, 0, "path"), "infra/prod/a.yaml", "file")])
    for field in ("patches", "patchesJson6902", "replacements")
}
CASES |= {
    f"{field} {value} of {kind}": (
        f"{kind}: [{{name: g, {field}: {value}}}]",
        [(kind, (kind, 0, field, *step), target, role)],
    )
    for kind in ("configMapGenerator", "secretGenerator")
    for field, value, step, target, role in (
        ("env", "a.yaml", (), "infra/prod/a.yaml", "file"),
        ("envs", "[a.yaml]", (0,), "infra/prod/a.yaml", "file"),
        ("files", "[a.yaml]", (0,), "infra/prod/a.yaml", "file"),
        ("files", "[key=a.yaml]", (0,), "infra/prod/a.yaml", "file"),
        ("envs", "[odd=name.env]", (0,), "infra/prod/odd=name.env", "missing"),
        ("literals", "[A=1]", (0,), "", "inline"),
        ("literals", "A=1", (), "", "inline"),
    )
}
CASES |= {
    "a field of a chart": (
        "helmCharts: [{name: c, valuesFile: a.yaml, additionalValuesFiles: [b.yaml, 1]}]",
        [
            ("helmCharts", ("helmCharts", 0, "valuesFile"), "infra/prod/a.yaml", "file"),
            ("helmCharts", ("helmCharts", 0, "additionalValuesFiles", 0), "infra/prod/b.yaml", "missing"),
        ],
    ),
    "openapi": ("openapi: {path: a.yaml}", [("openapi", ("openapi", "path"), "infra/prod/a.yaml", "file")]),
    "a patch in the text": (
        "patches: [{patch: 'a: 1'}]\npatchesJson6902: [{patch: '[]'}]",
        [("patches", ("patches", 0, "patch"), "", "inline"), ("patchesJson6902", ("patchesJson6902", 0, "patch"), "", "inline")],
    ),
    "what is no path": ("resources: {a: b}\nbases: [1, {path: x}]\npatches: [{path: 1}, a.yaml]\nopenapi: a.yaml", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_field(tmp_path: Path, name: str) -> None:
    """As the kustomization reference lists them (kubectl.docs.kubernetes.io); what has another shape names nothing."""
    text, wanted = CASES[name]
    found = list(references(overlay(tmp_path, {"infra/prod/kustomization.yaml": text, "infra/prod/a.yaml": ""})))
    assert [(one.name, one.path, one.target, one.role) for one in found] == wanted
    assert all(bool(one.inline) is (one.role == "inline") is not bool(one.written) for one in found)


#: What is written, where it leads, and as what.
ENTRIES: list[tuple[str, str, str]] = [
    ("a.yaml", "infra/prod/a.yaml", "file"),
    ("./sub/../a.yaml", "infra/prod/a.yaml", "file"),
    ("sub/", "infra/prod/sub", "folder"),
    ("../..", "", "folder"),
    ("../base", "infra/base", "missing"),
    ("../../..", "..", "outside"),
    ("../../../other/x", "../other/x", "outside"),
    ("/etc/passwd", "/etc/passwd", "outside"),
    ("..data/x", "infra/prod/..data/x", "missing"),
    ("https://github.com/o/r//base?ref=v1", "https://github.com/o/r//base?ref=v1", "remote"),
    ("ssh://git@git.example/r", "ssh://git@git.example/r", "remote"),
    ("git@github.com:o/r", "git@github.com:o/r", "remote"),
    ("deploy@git.example.org:o/r", "deploy@git.example.org:o/r", "remote"),
    ("git::https://git.example/o/r", "git::https://git.example/o/r", "remote"),
    ("github.com/o/r", "github.com/o/r", "remote"),
    ("github.com:o/r", "github.com:o/r", "remote"),
    ("git.example/o/r.git", "git.example/o/r.git", "remote"),
    ("git.example/o/r.git/base", "git.example/o/r.git/base", "remote"),
    ("git.example/o/r?ref=v1", "git.example/o/r?ref=v1", "remote"),
    ("../../../git.example/o/r?ref=v1", "../../../git.example/o/r?ref=v1", "remote"),
    ("r.gitignore", "infra/prod/r.gitignore", "missing"),
    ("  {kind: A}", "", "inline"),
]


@pytest.mark.parametrize(("written", "target", "role"), ENTRIES)
def test_where_an_entry_leads(tmp_path: Path, written: str, target: str, role: str) -> None:
    """A file or folder of the repository, a remote address as written, text of its own, or nothing that is there."""
    files = {
        "infra/prod/kustomization.yaml": f"transformers: ['{written}']",
        "infra/prod/a.yaml": "",
        "infra/prod/sub/b": "",
    }
    (found,) = references(overlay(tmp_path, files))
    assert (found.target, found.role, found.written, found.inline) == (
        target, role, "" if role == "inline" else written, written if role == "inline" else "",
    )  # fmt: skip


def test_yaml_in_the_place_of_a_path(tmp_path: Path) -> None:
    """A block of text is a patch of its own; it stands on its line, and no repr shows it."""
    text = "resources: []\npatchesStrategicMerge:\n- |-\n  kind: A\n  password: hush\n"
    (found,) = references(overlay(tmp_path, {"infra/prod/kustomization.yaml": text}))
    assert (found.role, found.target, found.inline) == ("inline", "", "kind: A\npassword: hush")
    assert (found.source.file, found.source.line) == ("infra/prod/kustomization.yaml", 3) and "hush" not in repr(found)


def test_the_graph_is_followed_once(tmp_path: Path) -> None:
    """From the entrypoint through folders, each once whoever names it; a folder without a kustomization ends the way."""
    base, again = "resources: [../prod, ../empty, d.yaml]", "resources: [../base, d.yaml]\npatches: [{path: p.yaml}]"
    tree = overlay(
        tmp_path,
        {
            "infra/prod/kustomization.yaml": "resources: [../empty, ../base, ../more, ../base]\n", "infra/base/Kustomization": base,
            "infra/base/d.yaml": "", "infra/more/kustomization.yml": again, "infra/more/d.yaml": "",
            "infra/empty/x": "", "infra/more/p.yaml": "",
        },
    )  # fmt: skip
    found = references(tree)
    assert [one.folder for one in found.kustomizations] == ["infra/prod", "infra/base", "infra/more"]
    assert [one.content for one in found.kustomizations][1] == {"resources": ["../prod", "../empty", "d.yaml"]}
    assert list(found.reached) == [
        "infra/prod/kustomization.yaml", "infra/base/Kustomization", "infra/base/d.yaml", "infra/more/kustomization.yml",
        "infra/more/d.yaml", "infra/more/p.yaml",
    ]  # fmt: skip
    assert found.reached["infra/base/Kustomization"] is None
    assert [one.target for one in found.of("patches", "none")] == ["infra/more/p.yaml"]
    assert all(isinstance(one, Reference) for one in found)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "text"])
def test_an_entrypoint_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    """It refers to nothing, and its content is empty."""
    found = references(overlay(tmp_path, {"infra/prod/kustomization.yaml": text}))
    assert [one.content for one in found.kustomizations] == [{}] and list(found) == []
