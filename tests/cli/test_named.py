"""Which overlays are judged where nobody names one on the command line, and the names that may be given there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kfm_checks.render import find_renderer
from kfm_checks.requirements import CATALOGUE
from tests.cli.helper import OVERLAY, run, write


@pytest.mark.parametrize(
    ("folders", "cwd", "config", "judged"),
    [
        (("infra/clusters/prod",), ".", "", ["infra/clusters/prod"]),
        (("infra/clusters/prod", "infra/clusters/next"), ".", "", ["infra/clusters/next", "infra/clusters/prod"]),
        (("infra/clusters/prod",), "infra/clusters/prod", "", ["infra/clusters/prod"]),
        (("infra/clusters/prod", "envs/live"), ".", "overlays: ['envs/*']\n", ["envs/live"]),
        (("infra/clusters/prod", "envs/live"), "infra/clusters", "overlays: ['envs/*']\n", ["envs/live"]),
        (("infra/clusters/prod", "envs/live"), "envs/live", "overlays: ['envs/*']\n", ["envs/live"]),
    ],
)
def test_without_a_path(
    folders: tuple[str, ...], cwd: str, config: str, judged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration's, from whatever folder below it, else this folder, else those where the house keeps them."""
    (tmp_path / ".git").mkdir()
    for folder in folders:
        write(tmp_path, {f"{folder}/{name}": text for name, text in OVERLAY.items()})
    write(tmp_path, {"kfm-checks.yaml": config} if config else {})
    monkeypatch.chdir(tmp_path / cwd)
    ran = run("check", "--only", "GATE-01", "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    found = json.loads(ran.out)
    reports = found.get("reports", [found])
    assert [os.path.normpath(report["overlay"]["path"]) for report in reports] == judged


def test_the_catalogue_names_every_check_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """However narrow the terminal: what is printed can be given to --only."""
    monkeypatch.setenv("COLUMNS", "40")
    ran = run("requirements")
    assert (ran.status, ran.err) == (0, "")
    assert {name for row in CATALOGUE for name in (*row.checks, row.id)} <= set(ran.out.split())


def test_a_renderer_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path relative to the working directory is that, though the renderer itself runs in the overlay's folder."""
    write(tmp_path, {f"o/{name}": text for name, text in OVERLAY.items()})
    (tmp_path / "my-kubectl").symlink_to(find_renderer().program)
    monkeypatch.chdir(tmp_path)
    ran = run("check", "o", "--kustomize", "./my-kubectl", "--only", "GATE-01", "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    assert json.loads(ran.out)["overlay"]["renderer"].startswith("kustomize v")
