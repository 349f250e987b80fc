"""The real Argo CD beside the control plane: redis, repository server, application and ApplicationSet controllers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.controlplane import ControlPlane, free_port
from tests.cluster.programs import ARGO_CD, KUSTOMIZE, ROOT, acting_as, definitions, program

PUBLISHED = "https://github.com/bartytime4life/Kansas-Frontier-Matrix.git"
#: Namespaces that a platform team has before this overlay comes.
PLATFORM = ("argocd", "cert-manager", "velero", "external-secrets", "vault", "kyverno", "monitoring", "ingress-nginx")
_SETTINGS = ("argocd-cm", "argocd-rbac-cm", "argocd-gpg-keys-cm", "argocd-cmd-params-cm")


@dataclass(frozen=True)
class Repository:
    """A git repository that Argo CD follows; ``folder`` is a working copy of it."""

    folder: Path

    @property
    def url(self) -> str:
        """As Applications name it."""
        return f"file://{self.folder}"

    def git(self, *arguments: str) -> str:
        """Run git in it."""
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, *, heals: bool = True) -> Repository:
    """The tree that git tracks here, in a repository of its own, whose Applications follow that repository."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "infra"], check=True, capture_output=True).stdout
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    made = Repository(folder)
    for path in sorted(folder.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        changed = text.replace(PUBLISHED, made.url)
        if not heals and path.parent.name == "apps":
            changed = changed.replace("selfHeal: true", "selfHeal: false")
        if changed != text:
            path.write_text(changed, encoding="utf-8")
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A", "-f")
    made.git("commit", "-qm", "the overlay")
    return made


def prepare(plane: ControlPlane) -> None:
    """Definitions of custom resources, and the namespaces of the platform."""
    for path in definitions():
        plane.kubectl("apply", "--server-side", "-f", str(path))
    for name in PLATFORM:
        plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})


@contextmanager
def argocd(plane: ControlPlane) -> Iterator[None]:
    """Argo CD's controllers, against this control plane, in the namespace ``argocd``."""
    _settings(plane)
    redis, repo = free_port(), free_port()
    tools = plane.folder / "tools"
    tools.mkdir(exist_ok=True)
    acting_as("kustomize", program(f"kustomize-{KUSTOMIZE}"), tools)
    shared = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(plane.kubeconfig),
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "HOME": str(plane.folder),
    }
    names = ("redis", "argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller")
    try:
        server = shutil.which("redis-server")
        assert server, "redis-server is missing: tools/ci_cluster.sh installs it"
        plane.start("redis", [server, "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        for name in names[1:]:
            command = [acting_as(name, program(f"argocd-{ARGO_CD}"), plane.folder), *_flags(name, plane, redis, repo)]
            plane.start(name, command, **shared)
        yield
    finally:
        for name in reversed(names):
            plane.stop(name)


def _flags(name: str, plane: ControlPlane, redis: int, repo: int) -> list[str]:
    if name == "argocd-repo-server":
        return [f"--port={repo}", f"--metrics-port={free_port()}", f"--redis=127.0.0.1:{redis}", "--disable-tls",
                "--address=127.0.0.1", "--metrics-address=127.0.0.1"]  # fmt: skip
    client = [f"--kubeconfig={plane.kubeconfig}", "--namespace=argocd"]
    if name == "argocd-application-controller":
        return [*client, f"--redis=127.0.0.1:{redis}", f"--repo-server=127.0.0.1:{repo}", "--repo-server-plaintext",
                f"--metrics-port={free_port()}", "--app-resync=5", "--self-heal-timeout-seconds=1"]  # fmt: skip
    ports = [f"--{flag}=127.0.0.1:{free_port()}" for flag in ("metrics-addr", "probe-addr", "webhook-addr")]
    return [*client, f"--argocd-repo-server=127.0.0.1:{repo}", "--repo-server-plaintext", *ports]


def _settings(plane: ControlPlane) -> None:
    labels = {"app.kubernetes.io/part-of": "argocd"}
    for name in _SETTINGS:
        body = {"metadata": {"name": name, "namespace": "argocd", "labels": labels}}
        plane.request("POST", "/api/v1/namespaces/argocd/configmaps", body)
    secret = {"metadata": {"name": "argocd-secret", "namespace": "argocd", "labels": labels},
              "stringData": {"server.secretkey": "for-the-tests-alone"}}  # fmt: skip
    plane.request("POST", "/api/v1/namespaces/argocd/secrets", secret)


def applications(plane: ControlPlane) -> dict[str, dict[str, Any]]:
    """Every Application by its name."""
    listed = plane.request("GET", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications")[1]
    return {item["metadata"]["name"]: item for item in listed["items"]}


def states(plane: ControlPlane) -> dict[str, tuple[str, str]]:
    """Sync and health of each Application, as Argo CD says."""
    return {
        name: (
            item.get("status", {}).get("sync", {}).get("status", ""),
            item.get("status", {}).get("health", {}).get("status", ""),
        )
        for name, item in applications(plane).items()
    }
