"""Parity of the Pod Security Standards, beyond the cases of ``psa`` itself: every version, and pods that others wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks import load_manifests
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.pod_security import violations
from kfm_checks.facts.workloads import workloads
from tests.cluster.agreement import counted
from tests.cluster.asking import Server, server
from tests.cluster.controlplane import control_plane
from tests.cluster.parity import Case, corpus
from tests.conftest import CORPORA

pytestmark = pytest.mark.cluster
LEVELS = ("baseline", "restricted")
VERSIONS = ("latest", *(f"v1.{minor}" for minor in range(38)))
PODS = 1500
Pod = dict[str, Any]


@pytest.fixture(scope="module")
def found() -> Iterator[Server]:
    """A server with a namespace for each level and version."""
    with control_plane(controllers=False) as plane, server(plane) as asked:
        for level in LEVELS:
            for version in VERSIONS:
                labels = {"enforce": level, "enforce-version": version}
                metadata = {"name": _home(level, version),
                            "labels": {f"pod-security.kubernetes.io/{k}": v for k, v in labels.items()}}  # fmt: skip
                assert asked.request("POST", "/api/v1/namespaces", {"metadata": metadata}).accepted
        yield asked


def _home(level: str, version: str) -> str:
    return f"{level}-{version.replace('.', '-')}"


def _asked(asked: Server, name: str, pod: Pod, level: str, version: str) -> Case | None:
    """Both verdicts; None where the server finds the pod invalid before Pod Security is asked."""
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": {}, **pod["metadata"], "name": "a"},
        "spec": pod["spec"],
    }
    made["metadata"]["namespace"] = "set below"
    answer = asked.dry_run(made, _home(level, version))
    if not answer.accepted and "violates PodSecurity" not in answer.message:
        assert answer.code in (400, 422), answer.message
        return None
    return f"{name} {level} {version}", not violations(made, level, version), answer.accepted, answer.message


def test_every_case_at_every_version(found: Server) -> None:
    """The corpus ``psa``: each case at each version for which its verdict stands, and what its authors expect."""
    cases: list[Case] = []
    for case in corpus("psa"):
        (pod,) = [obj for obj in load_manifests(CORPORA / case["path"]) if obj["kind"] == "Pod"]
        for version in [*case["versions"], *(["latest"] if case.get("latest") else [])]:
            one = _asked(found, case["id"], pod, case["level"], version)
            if one is not None:
                assert one[1] == (case["expect"] == "pass"), one
                cases.append(one)
    counted("Pod Security, every version", cases)


def test_pods_that_others_wrote(found: Server) -> None:
    """Each pod, bare or in a workload, of every corpus, at both levels."""
    seen: dict[str, Pod] = {}
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is absent: others' pods were not offered")
    for path in sorted(CORPORA.rglob("*.yaml")):
        try:
            objects = load_manifests(path)
        except Exception:
            continue  # broken on purpose
        for workload in workloads(inventory(objects)):
            template = {
                "metadata": dict(workload.template.get("metadata") or {}),
                "spec": workload.template.get("spec"),
            }
            template["metadata"] = {
                k: template["metadata"][k] for k in ("labels", "annotations") if template["metadata"].get(k)
            }
            if isinstance(template["spec"], dict):
                spec = {**template["spec"], "serviceAccountName": "default", "serviceAccount": "default"}
                seen[json.dumps({**template, "spec": spec}, sort_keys=True, default=str)] = {**template, "spec": spec}
    tried = [(str(i), pod, level, "latest") for i, pod in enumerate(seen.values()) for level in LEVELS]
    cases = [one for args in tried if (one := _asked(found, *args)) is not None]
    counted("Pod Security, pods of the corpora", cases)


_flag = st.sampled_from([None, None, True, False])
_profile = st.sampled_from(
    [None, None, {"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "a"}]
)
_capabilities = st.fixed_dictionaries({}, optional={
    "add": st.lists(st.sampled_from(["NET_BIND_SERVICE", "NET_RAW", "SYS_ADMIN", "CHOWN", "ALL"]), max_size=2),
    "drop": st.lists(st.sampled_from(["ALL", "NET_RAW", "all"]), max_size=2)})  # fmt: skip
_options = st.sampled_from(
    [None, None, None, {}, {"type": "container_t"}, {"type": "spc_t"}, {"user": "a"}, {"level": "s0"}]
)
_shared = {"runAsNonRoot": _flag, "runAsUser": st.sampled_from([None, 0, 1000]), "seccompProfile": _profile,
           "appArmorProfile": _profile, "seLinuxOptions": _options}  # fmt: skip
_container = st.fixed_dictionaries({}, optional={**_shared, "privileged": _flag, "allowPrivilegeEscalation": _flag,
                                                 "capabilities": _capabilities,
                                                 "procMount": st.sampled_from([None, "Default", "Unmasked"])})  # fmt: skip
_sysctls = st.lists(st.sampled_from(["kernel.shm_rmid_forced", "net.ipv4.tcp_rmem", "kernel.msgmax", "net.ipv4.ping_group_range"]),
                    max_size=2, unique=True)  # fmt: skip
_volumes = st.lists(st.sampled_from([{"emptyDir": {}}, {"hostPath": {"path": "/"}}, {"nfs": {"server": "a", "path": "/"}},
                                     {"secret": {"secretName": "a"}}, {"csi": {"driver": "a"}}]), max_size=2)  # fmt: skip


@st.composite
def pods(draw: st.DrawFn) -> Pod:
    """A pod with settings that matter to the standards."""
    wide = {k: v for k, v in draw(st.fixed_dictionaries({}, optional=_shared)).items() if v is not None}
    sysctls = [{"name": name, "value": "1"} for name in draw(_sysctls)]
    spec: Pod = {"securityContext": {**wide, **({"sysctls": sysctls} if sysctls else {})}}
    spec |= {name: True for name in ("hostNetwork", "hostPID", "hostIPC") if draw(st.integers(0, 9)) == 0}
    spec |= {"hostUsers": False} if draw(st.integers(0, 4)) == 0 else {}
    spec["volumes"] = [{"name": f"v{index}", **volume} for index, volume in enumerate(draw(_volumes))]
    for field, number in (("containers", draw(st.integers(1, 2))), ("initContainers", draw(st.integers(0, 1)))):
        spec[field] = [_one(draw, f"{field[0]}{index}") for index in range(number)]
    return {"metadata": {}, "spec": spec}


def _one(draw: st.DrawFn, name: str) -> Pod:
    context = {k: v for k, v in draw(_container).items() if v is not None}
    port = draw(st.sampled_from([None, None, None, 0, 8080]))
    ports = [] if port is None else [{"containerPort": 8080, "hostPort": port}]
    return {"name": name, "image": "a", "securityContext": context, "ports": ports}


def test_random_pods(found: Server) -> None:
    """Random pods, at both levels and a version drawn with them."""
    drawn: list[tuple[Pod, str]] = []

    @settings(
        max_examples=PODS, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(pods(), st.sampled_from(VERSIONS))
    def collect(pod: Pod, version: str) -> None:
        drawn.append((pod, version))

    collect()
    tried = [(json.dumps(pod), pod, level, version) for pod, version in drawn for level in LEVELS]
    cases = [one for args in tried if (one := _asked(found, *args)) is not None]
    assert len({case[2] for case in cases}) == 2
    counted("Pod Security, random pods", cases)
