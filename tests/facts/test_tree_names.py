"""The scan of a file finds the objects that a parser finds, on the lines where they begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.facts.tree import TreeFile
from kfm_checks.facts.tree_names import names

#: (apiVersion, kind, namespace, name, line) of each object of a text.
CASES: dict[str, tuple[str, list[tuple[str, str, str, str, int]]]] = {
    "one object": (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: n\n",
        [("v1", "Secret", "n", "a", 1)],
    ),
    "comments, an empty line and a mark before it": (
        "# a\n\n---\n# b\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  # c\n\n  name: a # d\n",
        [("apps/v1", "Deployment", "", "a", 5)],
    ),
    "two, with a word on the mark": (
        "kind: A\napiVersion: v1\nmetadata:\n  name: a\n--- # next\nmetadata:\n    labels:\n      name: no\n    name: 'b'\nkind: \"B\"\napiVersion: 'x.io/v1'\n",
        [("v1", "A", "", "a", 1), ("x.io/v1", "B", "", "b", 6)],
    ),
    "an empty line first": ("\nkind: A\nmetadata:\n  name: a\n", [("", "A", "", "a", 2)]),
    "a patch without a version": ("kind: A\nmetadata:\n  name: a\n", [("", "A", "", "a", 1)]),
    "a name below labels is no name": (
        "apiVersion: v1\nkind: A\nmetadata:\n  labels:\n    name: x\n  generateName: g-\n",
        [("v1", "A", "", "g-", 1)],
    ),
    "a kustomization has no name": (
        "# c\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n---\nkind: Component\n",
        [("kustomize.config.k8s.io/v1beta1", "Kustomization", "", "", 2), ("", "Component", "", "", 6)],
    ),
    "the items of a list": (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n  metadata: {name: a}\n- kind: B\n  apiVersion: v1\n  metadata: {name: b}\n- text\n- {kind: 1}\n- name: none\n",
        [("v1", "A", "", "a", 4), ("v1", "B", "", "b", 7)],
    ),
    "the items of a list that has a name": (
        "kind: List\nmetadata:\n  name: l\nitems:\n- kind: A\n  metadata: {name: a}\n",
        [("", "A", "", "a", 5)],
    ),
    "a list of one kind, then an object": (
        "kind: RoleList\napiVersion: rbac/v1\nitems: []\n---\nkind: A\napiVersion: v1\nmetadata:\n  name: a\n",
        [("v1", "A", "", "a", 5)],
    ),
    "a list without items stands for itself": (
        "apiVersion: v1\nkind: SpecialList\nmetadata:\n  name: a\n",
        [("v1", "SpecialList", "", "a", 1)],
    ),
    "items of what is no list": (
        "apiVersion: v1\nkind: A\nmetadata: {name: a}\nitems:\n- kind: B\n  metadata: {name: b}\n",
        [("v1", "A", "", "a", 1)],
    ),
    "metadata in flow style": (
        "kind: A\napiVersion: v1\nmetadata: {name: a, namespace: n}\n",
        [("v1", "A", "n", "a", 1)],
    ),
    "JSON": ('{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}\n', [("v1", "A", "", "a", 1)]),
    "JSON after a block": (
        'kind: B\nmetadata:\n  name: b\n---\n{"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}}\n',
        [("", "B", "", "b", 1), ("v1", "A", "", "a", 5)],
    ),
    "an array, whose first item is no mapping": ("- kind: A\n- 1\n", []),
    "a kind below another key": ("spec:\n  kind: A\nvalue: 1\n", []),
    "nothing": ("# a comment\n---\n---\n", []),
    "a kind written twice: the parser's answer": (
        "\napiVersion: v1\nkind: A\nmetadata:\n  name: a\nkind: B\n",
        [("v1", "B", "", "a", 2)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_objects_of_a_file(tmp_path: Path, name: str) -> None:
    """Their identity as written and the line of their first key; what is no plain block is parsed instead."""
    text, wanted = CASES[name]
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    file = TreeFile("a.yaml", "a.yaml", len(text), path)
    found = [(one.key.api_version, one.key.kind, one.key.namespace, one.key.name, one.line) for one in names(file)]
    assert found == wanted
    assert names(file) is names(file)


def test_what_is_no_manifest_has_no_objects(tmp_path: Path) -> None:
    """A Markdown file that shows an object holds none."""
    path = tmp_path / "a.md"
    path.write_text("kind: A\nmetadata:\n  name: a\n", encoding="utf-8")
    assert names(TreeFile("a.md", "a.md", 10, path)) == ()
