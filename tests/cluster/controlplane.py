"""A real control plane on loopback: etcd, kube-apiserver, controller manager, scheduler, and kwok in place of kubelets.

Everything lies in one folder and ends with the context manager, also when a test fails.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.programs import KUBERNETES, KWOK, acting_as, etcd, program

HERE = Path(__file__).resolve().parent
#: Name in the kubeconfig -> token, user, groups.
USERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "admin": ("token-of-the-admin", "admin", ("system:masters",)),
    "nobody": ("token-of-nobody", "nobody", ()),
}
AUDIT = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
"""


@dataclass
class ControlPlane:
    """One control plane; ``server`` is its URL, ``kubeconfig`` has one context for each user."""

    folder: Path
    port: int
    processes: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate that signs the server's."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with a context for each user of ``USERS``; the current one is ``admin``."""
        return self.folder / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """The audit log: one JSON event a line."""
        return self.folder / "audit.log"

    def audit(self) -> list[dict[str, Any]]:
        """Every event so far."""
        return [json.loads(line) for line in self.audit_log.read_text(encoding="utf-8").splitlines() if line]

    def write_kubeconfig(
        self, path: Path, tokens: Mapping[str, str], *, server: str = "", authority: Path | None = None
    ) -> Path:
        """A kubeconfig with one context for each token, for this server or one in front of it."""
        cluster = {"server": server or self.server, "certificate-authority": str(authority or self.authority)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
            "contexts": [{"name": name, "context": {"cluster": "here", "user": name}} for name in tokens],
            "current-context": next(iter(tokens)),
        }
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = USERS["admin"][0],
        content_type: str = "application/json",
    ) -> tuple[int, Any]:
        """One request as JSON; the status and the answer. For tests, so that they don't use what they test."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type, "Accept": "application/json"}
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        context = ssl.create_default_context(cafile=str(self.authority))
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return answer.status, _json(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _json(error.read())

    def kubectl(self, *arguments: str, context: str = "admin", stdin: str | None = None) -> str:
        """Run kubectl; its output. Raises AssertionError with kubectl's words where it fails."""
        kubectl = Path(sys.executable).with_name("kubectl")  # the wheel's, as the product renders with it
        command = [str(kubectl), "--kubeconfig", str(self.kubeconfig), "--context", context, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def start(self, name: str, command: Sequence[str | Path], **environment: str) -> subprocess.Popen[bytes]:
        """Start a program of the control plane; its output goes to ``<name>.log``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self.processes.append((name, process))
        return process

    def stop(self, name: str) -> None:
        """Stop the programs of this name, and what they started."""
        for known, process in [entry for entry in self.processes if entry[0] == name]:
            _end(process)
            self.processes.remove((known, process))

    def log(self, name: str, lines: int = 30) -> str:
        """The last lines of a program's log."""
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.is_file() else ""

    def wait(self, what: str, ready: Any, seconds: float = 60) -> Any:
        """Ask until the answer is true, and give it back. Raises AssertionError with the logs' ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            dead = [name for name, process in self.processes if process.poll() is not None]
            assert not dead, f"{dead[0]} ended while waiting for {what}:\n{self.log(dead[0])}"
            if answer := ready():
                return answer
            time.sleep(0.2)
        logs = "\n".join(f"--- {name}\n{self.log(name, 8)}" for name, _ in self.processes)
        raise AssertionError(f"{what}: not within {seconds:.0f} s\n{logs}")


@contextmanager
def control_plane(*, controllers: bool = True, arguments: Sequence[str] = ()) -> Iterator[ControlPlane]:
    """A control plane that is ready; without ``controllers`` only etcd and the API server."""
    with tempfile.TemporaryDirectory(prefix="kfm-cluster-", ignore_cleanup_errors=True) as scratch:
        plane = ControlPlane(Path(scratch), free_port())
        try:
            _start_server(plane, controllers, arguments)
            if controllers:
                _start_controllers(plane)
            yield plane
        finally:
            for _, process in reversed(plane.processes):
                _end(process)


def _start_server(plane: ControlPlane, controllers: bool, arguments: Sequence[str]) -> None:
    store, peer = free_port(), free_port()
    binary = etcd()
    assert binary is not None, "etcd is missing: run `make test-cluster`"
    urls = [f"--listen-client-urls=http://127.0.0.1:{store}", f"--advertise-client-urls=http://127.0.0.1:{store}"]
    peers = f"http://127.0.0.1:{peer}"
    urls += [
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]
    plane.start("etcd", [binary, "--data-dir", plane.folder / "etcd", "--unsafe-no-fsync", *urls])
    _write_secrets(plane.folder)
    command = acting_as("kube-apiserver", program(f"kube-{KUBERNETES}"), plane.folder)
    plane.start("kube-apiserver", [command, *_server_flags(plane, store, controllers), *arguments])
    plane.write_kubeconfig(plane.kubeconfig, {name: token for name, (token, _, _) in USERS.items()})
    plane.wait("the API server", lambda: _ready(plane))


def _server_flags(plane: ControlPlane, store: int, controllers: bool) -> list[str]:
    folder = plane.folder
    flags = [
        f"--etcd-servers=http://127.0.0.1:{store}",
        f"--secure-port={plane.port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.key'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={plane.audit_log}",
        "--audit-log-mode=blocking-strict",
    ]
    return flags if controllers else [*flags, "--disable-admission-plugins=ServiceAccount"]


def _write_secrets(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "accounts.key").write_bytes(key.private_bytes(encoding, format_, serialization.NoEncryption()))
    rows = [f'{token},{user},{user},"{",".join(groups)}"' for token, user, groups in USERS.values()]
    (folder / "tokens.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "audit.yaml").write_text(AUDIT, encoding="utf-8")


def _ready(plane: ControlPlane) -> bool:
    if not plane.authority.is_file():
        return False
    try:
        return plane.request("GET", "/readyz")[0] == 200
    except OSError:
        return False


def _start_controllers(plane: ControlPlane) -> None:
    kube = program(f"kube-{KUBERNETES}")
    shared = [f"--kubeconfig={plane.kubeconfig}", "--leader-elect=false", "--secure-port=0"]
    manager = [acting_as("kube-controller-manager", kube, plane.folder), *shared]
    manager += [
        f"--service-account-private-key-file={plane.folder / 'accounts.key'}",
        f"--root-ca-file={plane.authority}",
    ]
    plane.start(
        "kube-controller-manager",
        [*manager, "--concurrent-deployment-syncs=10", "--kube-api-qps=200", "--node-monitor-grace-period=1h"],
    )
    plane.start("kube-scheduler", [acting_as("kube-scheduler", kube, plane.folder), *shared])
    stages = [word for path in sorted((HERE / "stages").glob("*.yaml")) for word in ("--config", path)]
    kwok = [
        program(f"kwok-{KWOK}"),
        "--kubeconfig",
        plane.kubeconfig,
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        *stages,
    ]
    plane.start("kwok", kwok)
    for number in (1, 2, 3):
        labels = {"kubernetes.io/hostname": f"node-{number}", "topology.kubernetes.io/zone": f"zone-{number}"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}", "labels": labels}}
        assert plane.request("POST", "/api/v1/nodes", node)[0] == 201
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    plane.wait("the controllers", lambda: plane.request("GET", path)[0] == 200)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group: SIGTERM, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
