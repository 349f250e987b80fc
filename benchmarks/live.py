"""What looking at a cluster costs: ``python -m benchmarks.live [-n RUNS] [-o FILE]``.

A control plane on loopback (see tests/cluster), an overlay of a thousand objects applied to it, and the same overlay
checked with and without ``--context``. A second table lists the pods of one namespace by the thousand.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from benchmarks.__main__ import Measured, measure
from tests.cluster.controlplane import ControlPlane, control_plane

NAMESPACES, APPS = 10, 20
IMAGE = "registry.example.org/app@sha256:" + "a" * 64
COLUMNS = ("objects compared", "runs", "without a cluster (s)", "with it (s)", "without, CPU s", "with, CPU s")
#: A process of its own that lists the pods: how many there are, and the most memory that it took.
LISTED = """
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from kfm_checks.live.client import connect
from kfm_checks.live.discovery import discover
from kfm_checks.live.listing import _pages
connection = connect("admin", Path("nowhere"))
found = _pages(connection, discover(connection).find("", "Pod"), "", set())
print(len(found), getrusage(RUSAGE_SELF).ru_maxrss // 1024)
"""


def overlay(folder: Path) -> Path:
    """Ten namespaces with twenty applications of five objects each."""
    folder.mkdir()
    (folder / ".git").mkdir()
    (folder / "kustomization.yaml").write_text("resources: [all.yaml]\n", encoding="utf-8")
    text = yaml.safe_dump_all(_objects(), sort_keys=False)
    (folder / "all.yaml").write_text(text, encoding="utf-8")
    return folder


def _objects() -> Iterator[dict[str, Any]]:
    for number in range(NAMESPACES):
        home = f"bench-{number}"
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}
        for app in range(APPS):
            yield from _app(home, f"app-{app}")


def _app(home: str, name: str) -> Iterator[dict[str, Any]]:
    labels = {"app": name}
    limits = {"cpu": "10m", "memory": "16Mi"}
    container = {"name": "app", "image": IMAGE, "resources": {"requests": limits, "limits": limits}}
    specs: dict[tuple[str, str], dict[str, Any]] = {
        ("apps/v1", "Deployment"): {"spec": {
            "replicas": 0, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        }},
        ("v1", "Service"): {"spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}},
        ("v1", "ServiceAccount"): {},
        ("v1", "ConfigMap"): {"data": {"LEVEL": "info"}},
        ("networking.k8s.io/v1", "NetworkPolicy"): {
            "spec": {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}
        },
    }  # fmt: skip
    for (version, kind), content in specs.items():
        yield {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": home}, **content}


def compared(plane: ControlPlane, folder: Path, runs: int) -> str:
    """One line of the table."""
    plane.kubectl("apply", "--server-side", "-k", str(folder))
    os.environ["KUBECONFIG"] = str(plane.kubeconfig)
    check = [str(Path(sys.executable).with_name("kfm-checks")), "check", str(folder)]
    alone, looked = list[Measured](), list[Measured]()
    for number in range(runs + 1):
        one, other = measure(check), measure([*check, "--context", "admin"])
        if number:
            alone.append(one)
            looked.append(other)
    same = json.loads(
        subprocess.run(
            [*check, "--context", "admin", "--only", "GIT-04", "--format", "json"], capture_output=True, check=True
        ).stdout
    )
    [drift] = [result for result in same["results"] if result["check"] == "live-matches-render"]
    held = sum(one["holds"] is True and "server-side apply" in one["message"] for one in drift["evidence"])
    cells = [f"{statistics.median(m.wall for m in found):.2f}" for found in (alone, looked)]
    cells += [f"{statistics.median(m.cpu for m in found):.2f}" for found in (alone, looked)]
    return f"| {' | '.join(map(str, (held, runs, *cells)))} |"


def pods(plane: ControlPlane, count: int) -> str:
    """Make so many pods in one namespace, list them, and say how long it took and what memory it needed."""
    path = "/api/v1/namespaces/bench-0/pods"
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda number: plane.request("POST", path, _pod(number))[0], range(count)))
    assert set(made) == {201}, f"not every pod was made: {set(made)}"
    started, before = time.perf_counter(), os.times()
    done = subprocess.run([sys.executable, "-c", LISTED], capture_output=True, check=True, text=True)
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    listed, peak = done.stdout.split()
    return f"| {listed} | {wall:.2f} | {cpu:.2f} | {peak} |"


def _pod(number: int) -> dict[str, Any]:
    container = {
        "name": "app",
        "image": IMAGE,
        "env": [{"name": f"VARIABLE_{n}", "value": "x" * 40} for n in range(20)],
    }
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "many", "uid": "1", "controller": True}
    metadata = {"name": f"many-{number}", "labels": {"app": "many"}, "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def main() -> None:
    """Measure, and print the tables."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__.splitlines()[0])
    options.add_argument("-n", "--runs", type=int, default=3)
    options.add_argument("-p", "--pods", type=int, default=10_000)
    options.add_argument("-o", "--output", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch, control_plane(controllers=False) as plane:
        lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
        lines.append(compared(plane, overlay(Path(scratch) / "overlay"), chosen.runs))
        lines += ["", "| pods listed | seconds | CPU s | most memory, whole process (MB) |", "|---|---|---|---|"]
        lines.append(pods(plane, chosen.pods))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    lines += ["", f"{os.cpu_count()} cores; load {load:.1f} a core at the end. Medians of the runs."]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if chosen.output:
        chosen.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
