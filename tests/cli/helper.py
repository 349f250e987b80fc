"""Run the command line in this process, or in one of its own, and write small overlays."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from kfm_checks.cli import main

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n"
OVERLAY = {"kustomization.yaml": "resources: [ns.yaml]\n", "ns.yaml": NAMESPACE}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    """The command line in this process."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(arguments))
        except SystemExit as stop:
            status = int(stop.code or 0)
    return Ran(status, out.getvalue(), err.getvalue())


def run_alone(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()) -> Ran:
    """The command line in a process of its own."""
    command = [*prefix, sys.executable, "-c", "from kfm_checks.cli import main; main()", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), **(env or {})}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder, which is made a repository of its own so that nothing above it counts."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
