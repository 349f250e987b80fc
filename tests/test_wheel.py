"""The wheel, as a stranger installs it: an empty environment, an empty folder, somebody else's overlay."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.xdist_group("wheel")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program without this project's environment and without anything on the path."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("KFM_", "PYTHON", "VIRTUAL"))
    }
    return subprocess.run(
        [str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree as it is."""
    source, out = tmp_path_factory.mktemp("source") / "kfm", tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "dist", "*_cache", "__pycache__", "infra", "tests")
    shutil.copytree(ROOT, source, ignore=ignored)
    done = run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", out, ".", cwd=source
    )
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel with its extra ``site``, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    pins = re.sub(
        r" \\\n(?:    --hash=\S+(?: \\)?\n)+", "\n", (ROOT / "requirements/site.txt").read_text(encoding="utf-8")
    )
    (folder / "constraints.txt").write_text(pins, encoding="utf-8")
    assert run(sys.executable, "-m", "venv", folder / "env", cwd=folder).returncode == 0
    programs = folder / "env" / "bin"
    install = [
        programs / "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        "constraints.txt",
        f"{wheel}[site]",
    ]
    done = run(*install, cwd=folder)
    if done.returncode != 0 and "No matching distribution" in done.stderr:
        pytest.skip("no package registry is reached: the wheel was not installed")
    assert done.returncode == 0, done.stderr
    return programs


def test_the_wheel_carries_what_the_site_needs(wheel: Path) -> None:
    """Schemas, examples, notebooks and page sources are in it; tests and caches are not."""
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "site_sources/conf.py",
        "site_sources/index.md",
        "site_sources/notebooks/00-start-here.ipynb",
        "py.typed",
    ):
        assert f"kfm_checks/{wanted}" in names
    assert any(name.startswith("kfm_checks/schemas/") for name in names)
    assert any(name.startswith("kfm_checks/checks/examples/") for name in names)
    assert not [
        name for name in names if name.startswith("tests/") or "__pycache__" in name or ".ipynb_checkpoints" in name
    ]


def test_check_and_site_on_a_foreign_overlay(installed: Path, tmp_path: Path) -> None:
    """No kubectl or kustomize of the machine is used; nothing of this repository is near."""
    shutil.copytree(ROOT / "tests" / "fixtures" / "shop", tmp_path / "shop")
    overlay = "shop/deploy/overlays/live"
    done = run(installed / "kfm-checks", "check", overlay, "--as-of", "2026-11-22", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].endswith("musts could not be verified by anybody.")
    built = run(installed / "kfm-checks", "site", overlay, "-o", "out", "--as-of", "2026-11-22", cwd=tmp_path)
    assert built.returncode == 1, built.stderr
    front = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Not compliant" in front
    assert str(tmp_path) not in front
