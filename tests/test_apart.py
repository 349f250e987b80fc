"""Checks in a copy of the process: the same report with the copy, without it, and where the copy fails."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kfm_checks import apart
from kfm_checks.checks import Check
from kfm_checks.engine import Facts
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds
from kfm_checks.model import Evidence, Manifest, ObjectKey, Origin, Source
from kfm_checks.model import Path as Steps
from tests.cli.helper import write

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": "app"}, "spec": {"hostPID": True}}
OVERLAY = {
    "kustomization.yaml": "resources: [all.yaml]\n",
    "all.yaml": """
apiVersion: v1
kind: Namespace
metadata: {name: app}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: app}
spec:
  hostPID: true
  containers: [{name: api, image: "registry.example/api:1"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: pods}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations: [{expression: "!has(object.spec.hostPID)", message: "no hostPID"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: pods}
spec: {policyName: pods, validationActions: [Deny]}
""",
}
#: What is done to the copy before the command runs. ``written`` is what the copy gives as its answer.
COPIES = {
    "none": "apart._possible = lambda: False",
    "whole": "apart._possible = lambda: True",
    "killed": "apart._possible = lambda: True; apart._written = lambda *given: os.kill(os.getpid(), 9)",
    "broken": "apart._possible = lambda: True; apart._written = lambda *given: 1 / 0",
    "cut off": "apart._possible = lambda: True; apart._written = lambda *given: written(*given)[:-20]",
}
COMMAND = """
import os, sys
from kfm_checks import apart, cli
written, looked = apart._written, apart.Apart.looked
def counted(self):
    found = looked(self)
    sys.stderr.write(f"{len(found)} of {len(self.checks)} from the copy\\n")
    return found
apart.Apart.looked = counted
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the overlay without a copy."""
    status, report, said = ran(tmp_path_factory.mktemp("alone"), "none")
    assert (status, said) == (1, "")
    assert "no hostPID" in report
    return report


def ran(folder: Path, copy: str) -> tuple[int, str, str]:
    """Exit status, report and what was said on stderr, of a process of its own."""
    write(folder, OVERLAY)
    code = f"{COMMAND}{COPIES[copy]}\nsys.argv[1:] = ['check', '.', '--format', 'json']\ncli.main()\n"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("copy", sorted(COPIES.keys() - {"none"}))
@pytest.mark.skipif(sys.platform != "linux", reason="no copy is made elsewhere")
def test_the_report_is_the_same_whatever_becomes_of_the_copy(tmp_path: Path, alone: str, copy: str) -> None:
    """Also where it is killed, breaks, or its answer is cut off: then its checks run here."""
    taken = 3 if copy == "whole" else 0
    assert ran(tmp_path, copy) == (1, alone, f"{taken} of 3 from the copy\n")


class Finder:
    """Finds the places of fields; remembers that it was asked."""

    def __init__(self) -> None:
        self.asked: list[Steps] = []

    def source(self, path: Steps) -> Source:
        """Line 7 of a file."""
        self.asked.append(path)
        return Source("pod.yaml", 7)


def test_evidence_comes_through_as_it_was_and_reads_no_file_on_the_way() -> None:
    """Where a field comes from is found in the file only when somebody asks, on the other side too."""
    finder = Finder()
    pod = Manifest(POD, Origin("pod.yaml", 1, finder))

    def check(objects: Sequence[Manifest]) -> Iterator[Evidence]:
        yield fails(objects[0], ("spec", "hostPID"), message="bad", expected=False, observed=True, about="x", must=True)
        yield holds(ObjectKey("", "File", "", "a.yaml"), message="fine", source=Source("a.yaml", 3))

    facts, checks = Facts({"objects": (pod,)}), [Check(check, "nothing")]
    origins = apart._origins(facts.inputs)
    found = apart._Reader(io.BytesIO(apart._written(facts, checks, origins)), origins).load()
    assert finder.asked == []
    assert found == {"check": (facts.looked(checks[0]).evidence, None)}
    assert (str(found["check"][0][0].source), finder.asked[0]) == ("pod.yaml:7", ("spec", "hostPID"))


def test_a_check_that_ends_in_an_error_is_left_to_its_turn() -> None:
    """The evidence that it gave before goes, too: it gives that again. What is not verified is no error."""

    def sound(objects: int) -> Iterator[Evidence]:
        yield holds(ObjectKey("v1", "Pod", "app", "api"), message="fine")

    def crashes(objects: int) -> Iterator[Evidence]:
        yield holds(ObjectKey("v1", "Pod", "app", "api"), message="seen")
        raise ValueError("broken")

    def absent(objects: int) -> Iterator[Evidence]:
        yield holds(ObjectKey("v1", "Pod", "app", "api"), message="seen")
        raise NotVerified("nobody knows")

    checks = [Check(crashes, ""), Check(sound, ""), Check(absent, "")]
    given = apart._Reader(io.BytesIO(apart._written(Facts({"objects": ()}), checks, [])), []).load()
    assert {name: (len(evidence), why) for name, (evidence, why) in given.items()} == {
        "sound": (1, None),
        "absent": (1, "nobody knows"),
    }


def test_what_is_shared_is_computed_once_before_the_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heavy check goes; one that waits, looks at a cluster, or needs nothing heavy stays."""
    calls: list[str] = []

    def shared(objects: int) -> int:
        calls.append("shared")
        return objects

    def admission_policies(shared: int) -> int:
        calls.append("heavy")
        return shared

    def lone(objects: int) -> int:
        calls.append("lone")
        return objects

    def goes(admission_policies: int) -> Iterator[Evidence]:
        yield from ()

    def waits(admission_policies: int, overlay: int) -> Iterator[Evidence]:
        yield from ()

    def stays(shared: int, lone: int) -> Iterator[Evidence]:
        yield from ()

    def looks(admission_policies: int) -> Iterator[Evidence]:
        yield from ()

    functions = {"shared": shared, "admission_policies": admission_policies, "lone": lone}
    facts = Facts({"objects": 1}, {}, functions)
    checks = [Check(goes, ""), Check(stays, ""), Check(looks, "", live=("pods",)), Check(waits, "")]
    monkeypatch.setattr(apart, "Apart", lambda facts, checks: [check.name for check in checks])
    monkeypatch.setattr(apart, "_possible", lambda: True)
    begun: object = apart.begin(facts, checks[:3], ["overlay"])
    assert (begun, calls) == (["goes"], ["shared"])
    assert apart.begin(facts, checks[1:], ["overlay"]) is None
    monkeypatch.setattr(apart, "_possible", lambda: False)
    assert apart.begin(facts, checks, ["overlay"]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="no copy is made elsewhere")
@pytest.mark.parametrize(
    ("threads", "cores", "load", "possible"),
    [
        (1, 2, 0.5, True),
        (1, 2, 2.9, True),
        (1, 2, 3.0, False),
        (1, 1, 0.0, False),
        (2, 2, 0.0, False),
        (1, 8, 9.0, True),
    ],
)
def test_a_copy_needs_a_core_and_a_process_of_one_thread(
    monkeypatch: pytest.MonkeyPatch, threads: int, cores: int, load: float, possible: bool
) -> None:
    """A thread is not copied, and what it holds would be held forever; on a busy machine the copy would only cost."""
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert apart._possible() is possible
