"""Renders begun on a guess: taken where the render confirms it, ended unread and unreported where it doesn't."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.checks import Check
from kfm_checks.engine import Facts, Looked
from kfm_checks.errors import ManifestError, RenderError
from kfm_checks.render import Render, Renderer, Version
from tests.test_follow import application, run, states, workload


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Render]:
    """Every render that a run begins; their scratch folders lie in ``tmp_path/scratch``."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made: list[Render] = []
    start = Renderer.start

    def counted(self: Renderer, folder: Path, overrides: Mapping[str, object] | None = None) -> Render:
        made.append(start(self, folder, overrides))
        return made[-1]

    monkeypatch.setattr(Renderer, "start", counted)
    return made


def nothing_left(begun: list[Render], scratch: Path) -> bool:
    """Whether no process and no scratch folder is left of the renders."""
    ended = [render.process._process.returncode is not None for render in begun]
    return all(ended) and not list(scratch.iterdir())


def folders(begun: list[Render]) -> list[str]:
    """The last two parts of what was rendered, in the order begun."""
    return ["/".join(render.folder.parts[-2:]) for render in begun]


WEB = {"apps/web/kustomization.yaml": "resources: [web.yaml]\n", "apps/web/web.yaml": workload("web")}
#: The files name another folder than the render does.
MOVED = {
    "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\npatches: [{path: patch.yaml}]\n",
    "clusters/prod/apps.yaml": application("web", "apps/guessed"),
    "clusters/prod/patch.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
    "metadata: {name: web, namespace: argocd}\nspec: {source: {path: apps/web}}\n",
    **WEB,
}


def test_a_guess_that_the_render_confirms_is_rendered_once(tmp_path: Path, begun: list[Render]) -> None:
    """The source is begun beside the overlay, and not again when it is followed."""
    apps = {"clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n"}
    judged = run(tmp_path, {**apps, "clusters/prod/apps.yaml": application("web", "apps/web"), **WEB})
    assert states(judged) == {"apps/web": ("rendered", 1)}
    assert folders(begun) == ["clusters/prod", "apps/web"]
    assert nothing_left(begun, tmp_path / "scratch")


@pytest.mark.parametrize("content", ["resources: [gone.yaml]\n", "resources: [slow.yaml]\n"])
def test_a_guess_that_nobody_wants_leaves_nothing_behind(tmp_path: Path, begun: list[Render], content: str) -> None:
    """A patch points the Application elsewhere: neither the failure nor the objects of the guess are anywhere."""
    wrong = {"apps/guessed/kustomization.yaml": content, "apps/guessed/slow.yaml": workload("wrong")}
    judged = run(tmp_path, {**MOVED, **wrong})
    assert folders(begun) == ["clusters/prod", "apps/guessed", "apps/web"]
    assert states(judged) == {"apps/web": ("rendered", 1)}
    assert [obj.key.name for obj in judged.objects if obj.key.kind == "Deployment"] == ["web"]
    assert nothing_left(begun, tmp_path / "scratch")


def test_a_guess_that_fails_and_is_wanted_is_said(tmp_path: Path, begun: list[Render]) -> None:
    """The reason is that of the render, as without the guess."""
    files = {
        "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
        "clusters/prod/apps.yaml": application("web", "apps/web"),
        "apps/web/kustomization.yaml": "resources: [gone.yaml]\n",
    }
    item = run(tmp_path, files).facts.inputs["followed"][0]
    assert (item.state, "gone.yaml" in item.reason) == ("unavailable", True)
    assert folders(begun) == ["clusters/prod", "apps/web"]


def test_a_guess_ends_with_an_overlay_that_does_not_render(tmp_path: Path, begun: list[Render]) -> None:
    """The overlay's own error is the one that is raised."""
    files = {
        "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\nnamePrefix: [no, text]\n",
        "clusters/prod/apps.yaml": application("web", "apps/web"),
        **WEB,
    }
    with pytest.raises(RenderError, match="clusters/prod"):
        run(tmp_path, files)
    assert folders(begun) == ["clusters/prod", "apps/web"]
    assert nothing_left(begun, tmp_path / "scratch")


@pytest.mark.parametrize("spec", ["[a, list]", "{source: [a]}", "{source: {repoURL: [x], path: {y: z}}}", "text"])
def test_files_that_no_guess_can_be_made_of_change_nothing(tmp_path: Path, begun: list[Render], spec: str) -> None:
    """What is wrong with the object is for the checks to say, after the render."""
    odd = f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: odd}}\nspec: {spec}\n"
    files = {"clusters/prod/kustomization.yaml": "resources: [odd.yaml, web.yaml]\n", "clusters/prod/odd.yaml": odd}
    judged = run(tmp_path, {**files, "clusters/prod/web.yaml": workload("web")})
    assert folders(begun) == ["clusters/prod"]
    assert "web" in {obj.key.name for obj in judged.objects}


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The checks that were run and the moments at which the renderer's version was asked for and awaited, in order."""
    said: list[str] = []
    looked, ask, wait = Facts.looked, Renderer.version, Version.text

    def look(self: Facts, check: Check) -> Looked:
        said.append(check.name)
        return looked(self, check)

    def asked(self: Renderer) -> Version:
        said.append("asked")
        return ask(self)

    def awaited(self: Version) -> str:
        said.append("awaited")
        return wait(self)

    monkeypatch.setattr(Facts, "looked", look)
    monkeypatch.setattr(Renderer, "version", asked)
    monkeypatch.setattr(Version, "text", awaited)
    return said


SOUND = {"clusters/prod/kustomization.yaml": "resources: [web.yaml]\n", "clusters/prod/web.yaml": workload("web")}


def test_checks_run_while_the_renderer_says_its_version(tmp_path: Path, order: list[str]) -> None:
    """All but those that show it, which wait for it."""
    judged = run(tmp_path, SOUND)
    assert order == ["asked", "workloads-have-liveness-probe", "awaited"]
    assert judged.report.result("overlay-renders").evidence[0].observed == judged.report.overlay.renderer
    assert judged.report.overlay.renderer.startswith("kustomize v")


def test_a_version_that_nobody_waits_for_is_ended(
    tmp_path: Path, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad input that a fact meets after the render ends the run; no process and no scratch folder stays."""
    begun: list[Version] = []
    ask = Renderer.version

    def asked(self: Renderer) -> Version:
        begun.append(ask(self))
        return begun[-1]

    def broken(*_: object) -> object:
        raise ManifestError("broken", file="a.yaml")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(Renderer, "version", asked)
    monkeypatch.setattr(Facts, "compute", broken_after(Facts.compute, begun, broken))
    with pytest.raises(ManifestError):
        run(tmp_path, SOUND)
    assert begun[0].process._process.returncode is not None
    assert (list(scratch.iterdir()), "awaited" in order) == ([], False)


def broken_after(compute: Any, begun: list[Version], broken: Any) -> Any:
    """Facts that are computed until the version is asked for, and break then."""
    return lambda self, *given: broken() if begun else compute(self, *given)
