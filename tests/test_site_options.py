"""The notebooks of a site see what its pages see: the same overlay, day, change, and way to render."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kfm_checks.errors import UsageError
from kfm_checks.judged import Options, options_from, options_text
from kfm_checks.notebook import open_notebook
from kfm_checks.notebook.given import given
from kfm_checks.render import Loosened
from kfm_checks.requirements import CATALOGUE
from kfm_checks.sphinx_ext.state import notebook_environment
from tests.conftest import AS_OF

WHOLE = Options(
    kustomize="kubectl",
    rendered=Path("/a/render.yaml"),
    schemas=Path("/a/schemas"),
    policies=Path("/a/policies"),
    kubernetes_versions=("1.33", "1.34"),
    only=("RAIL-06", "services-avoid-node-port"),
    loosened=Loosened(enable_helm=True, load_restrictor=False, allow_network=True),
)


@pytest.mark.parametrize("options", [Options(), WHOLE], ids=["usual", "all"])
def test_options_survive_the_way_to_another_process(options: Options) -> None:
    """All that decides how an overlay is rendered and read; nothing else, so the usual options for nothing."""
    assert options_from(options_text(options)) == options
    assert options_from("") == Options()


def test_paths_are_absolute_for_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook works in another folder."""
    monkeypatch.chdir(tmp_path)
    found = options_from(options_text(Options(rendered=Path("r.yaml"), kustomize="./kustomize")))
    assert (found.rendered, found.kustomize) == (tmp_path / "r.yaml", str(tmp_path / "kustomize"))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"loosened": 3}', '{"loosened": [], "x": 1}'])
def test_options_that_are_none_are_one_line(text: str) -> None:
    """Whatever somebody set the variable to."""
    with pytest.raises(UsageError, match="options for notebooks can't be read"):
        options_from(text)


def test_the_variables_of_a_user_do_not_reach_the_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a change on the command line no notebook shows one; afterwards everything is as it was."""
    monkeypatch.setenv("KFM_CHANGE", "other.json")
    monkeypatch.setenv("KFM_OVERLAY", "elsewhere")
    before = dict(os.environ)
    with notebook_environment(tmp_path, AS_OF, Options()):
        assert (given("OVERLAY"), given("AS_OF"), given("CHANGE")) == (str(tmp_path), AS_OF, "")
    with notebook_environment(tmp_path, AS_OF, Options(change=tmp_path / "change.json")):
        assert given("CHANGE") == str(tmp_path / "change.json")
    assert dict(os.environ) == before


def test_a_notebook_uses_the_render_of_the_site(tmp_path: Path) -> None:
    """An overlay that can't be rendered here is shown by the render that was given."""
    (tmp_path / "kustomization.yaml").write_text("helmCharts: [{name: shop, repo: 'https://charts.example'}]\n")
    render = tmp_path / "render.yaml"
    render.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\n")
    with notebook_environment(tmp_path, AS_OF, Options(rendered=render)):
        book = open_notebook("01-overlay-render-and-inventory", given("OVERLAY"), given("AS_OF"))
    assert book.report.overlay.objects == 1
    assert any("render.yaml" in note for note in book.report.overlay.notes)


@pytest.mark.parametrize("only", [(), ("RAIL-07", "RAIL-06")])
def test_a_notebook_says_that_its_site_shows_less(only: tuple[str, ...], tmp_path: Path) -> None:
    """It judges all of its rows, and its first output says so where the pages show some alone."""
    (tmp_path / "kustomization.yaml").write_text("resources: [ns.yaml]\n")
    (tmp_path / "ns.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    with notebook_environment(tmp_path, AS_OF, Options(only=only)):
        book = open_notebook("05-safety-rails", given("OVERLAY"), given("AS_OF"))
    said = "The site shows RAIL-07, RAIL-06 alone; this notebook shows all of its rows."
    assert [said in text for text in (repr(book), book._repr_html_())] == [bool(only)] * 2
    assert {row.id for row in book.report.requirements} == set(book.notebook.rows)


# What Sphinx tells the authors of other extensions is not ours to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_front_page_of_a_part_says_so(tmp_path: Path) -> None:
    """The big words are true of what was looked at, and how much that was stands below."""
    from kfm_checks.site import build

    (tmp_path / "o").mkdir()
    (tmp_path / "o/kustomization.yaml").write_text("resources: [ns.yaml]\n")
    (tmp_path / "o/ns.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    built = build(tmp_path / "o", tmp_path / "site", Options(only=("RAIL-07",), as_of=AS_OF), notebooks=False)
    words = re.search(r'<div class="kfm-decision.*?</div>', built.index.read_text(), re.DOTALL)
    assert words is not None
    for said in ("No must was looked at, so nothing is decided", f"1 of {len(CATALOGUE)} rows looked at"):
        assert said in words[0]
    assert "could not be verified" not in words[0]
