"""Pod Security Standards by policy version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.facts.pod_security import LATEST, enforcement, parse_version, violations

RESTRICTED: dict[str, Any] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(container: dict[str, Any] | None = None, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A pod with one container."""
    return {"metadata": metadata, "spec": {"containers": [{"name": "c", **(container or {})}], **(spec or {})}}


def checks(given: dict[str, Any], level: str, version: str = "latest") -> set[str]:
    """The ids of the controls that a pod violates."""
    return {bad.check for bad in violations(given, level, version)}


def test_psa_corpus(corpora: Path) -> None:
    """Every case of kubernetes/pod-security-admission, at every policy version for which its verdict stands."""
    pairs = 0
    for line in (corpora / "psa.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        documents = [d for d in yaml.safe_load_all((corpora / case["path"]).read_text(encoding="utf-8")) if d]
        for version in [*case["versions"], *(["latest"] if case.get("latest") else [])]:
            pairs += 1
            bad = any(violations(document, case["level"], version) for document in documents)
            assert bad == (case["expect"] == "fail"), (case["id"], version)
    assert pairs >= 680


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_notsent_lowat", 37),
    ],
)
def test_sysctls_widen_with_the_version(name: str, first: int) -> None:
    """A sysctl is allowed from the version in which Kubernetes called it safe."""
    given = pod(spec={"securityContext": {"sysctls": [{"name": name, "value": "1"}]}})
    for minor in range(38):
        assert ("sysctls" in checks(given, "baseline", f"v1.{minor}")) == (minor < first)


def test_proc_mount_and_user_namespaces() -> None:
    """From 1.35 baseline lets a pod in a user namespace unmask /proc; restricted never does."""
    given = pod({"securityContext": {"procMount": "Unmasked"}}, {"hostUsers": False})
    assert checks(given, "baseline", "v1.34") == {"procMount"}
    assert checks(given, "baseline", "v1.35") == set()
    assert "procMount_restricted" in checks(given, "restricted", "v1.35")
    assert "procMount" not in checks(given, "restricted", "v1.35")


def test_root_in_a_user_namespace() -> None:
    """From 1.35 restricted lets a pod in a user namespace run as root."""
    given = pod({"securityContext": {**RESTRICTED, "runAsNonRoot": False, "runAsUser": 0}}, {"hostUsers": False})
    assert checks(given, "restricted", "v1.34") == {"runAsNonRoot", "runAsUser"}
    assert checks(given, "restricted", "v1.35") == set()


def test_seccomp_by_annotation_then_by_field() -> None:
    """Annotations count up to 1.18, fields from 1.19; restricted asks for a profile from 1.19."""
    annotated = pod(annotations={"seccomp.security.alpha.kubernetes.io/pod": "unconfined"})
    field = pod({"securityContext": {"seccompProfile": {"type": "Unconfined"}}})
    assert checks(annotated, "baseline", "v1.18") == {"seccompProfile_baseline"}
    assert checks(annotated, "baseline", "v1.19") == set()
    assert checks(field, "baseline", "v1.18") == set()
    assert checks(field, "baseline", "v1.19") == {"seccompProfile_baseline"}
    assert "seccompProfile_restricted" not in checks(pod(), "restricted", "v1.18")
    assert "seccompProfile_restricted" in checks(pod(), "restricted", "v1.19")


def test_app_armor_by_field_and_annotation() -> None:
    """Both forms are judged, at the pod and at each container."""
    key = "container.apparmor.security.beta.kubernetes.io/c"
    assert checks(pod(annotations={key: "unconfined"}), "baseline") == {"appArmorProfile"}
    assert checks(pod(annotations={key: "localhost/x"}), "baseline") == set()
    assert checks(pod(spec={"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}), "baseline") == {
        "appArmorProfile"
    }
    assert checks(pod({"securityContext": {"appArmorProfile": {"type": "Localhost"}}}), "baseline") == set()


def test_se_linux_types() -> None:
    """container_engine_t is allowed from 1.31; a user or a role never is."""
    engine = pod(spec={"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}})
    assert checks(engine, "baseline", "v1.30") == {"seLinuxOptions"}
    assert checks(engine, "baseline", "v1.31") == set()
    assert checks(pod({"securityContext": {"seLinuxOptions": {"user": "root"}}}), "baseline") == {"seLinuxOptions"}


@pytest.mark.parametrize("place", [("livenessProbe",), ("startupProbe",), ("lifecycle", "preStop")])
def test_hosts_of_probes_and_hooks(place: tuple[str, ...]) -> None:
    """From 1.34 a probe or a hook may not name another host."""
    handler: dict[str, Any] = {"httpGet": {"host": "10.0.0.1", "port": 80}}
    for step in reversed(place):
        handler = {step: handler}
    assert checks(pod(handler), "baseline", "v1.33") == set()
    assert checks(pod(handler), "baseline", "v1.34") == {"hostProbesAndHostLifecycle"}


def test_windows_pods() -> None:
    """From 1.25 what only Linux has is not asked of a pod that says it runs on Windows; a host process is forbidden."""
    given = pod({"securityContext": {"runAsNonRoot": True}}, {"os": {"name": "windows"}})
    assert checks(given, "restricted", "v1.24") == {
        "allowPrivilegeEscalation",
        "capabilities_restricted",
        "seccompProfile_restricted",
    }
    assert checks(given, "restricted", "v1.25") == set()
    host = pod(spec={"securityContext": {"windowsOptions": {"hostProcess": True}}})
    assert checks(host, "baseline") == {"windowsHostProcess"}


@pytest.mark.parametrize("field", ["initContainers", "ephemeralContainers"])
def test_every_container_is_looked_at(field: str) -> None:
    """Init and ephemeral containers are judged, and the path leads to the place."""
    given = pod(spec={field: [{"name": "x", "securityContext": {"privileged": True}}]})
    (bad,) = violations(given, "baseline")
    assert bad.path == ("spec", field, 0, "securityContext", "privileged")
    assert bad.container == (field, 0)


def test_a_volume_without_a_source_is_an_empty_dir() -> None:
    """As the API server fills it in; any other source beyond the list is forbidden."""
    assert "restrictedVolumes" not in checks(pod(spec={"volumes": [{"name": "v"}]}), "restricted")
    assert "restrictedVolumes" in checks(pod(spec={"volumes": [{"name": "v", "nfs": {"server": "s"}}]}), "restricted")


def test_restricted_is_met_and_privileged_forbids_nothing() -> None:
    """The pod that Kubernetes recommends passes; the privileged level has no control."""
    assert violations(pod({"securityContext": RESTRICTED}), "restricted") == []
    assert violations(pod({"securityContext": {"privileged": True}}), "privileged") == []


def test_versions() -> None:
    """Versions are read as the label writes them; a later one is judged as the newest known."""
    assert parse_version("latest") == LATEST
    assert parse_version("v1.24") == (1, 24) == parse_version("1.24")
    assert parse_version("v1.99") == LATEST
    for wrong in ("", "v2.0", "v1", "v1.024", "1.x"):
        with pytest.raises(ValueError, match="no policy version"):
            parse_version(wrong)
    with pytest.raises(ValueError, match="no level"):
        violations(pod(), "strict")


def test_enforcement_of_a_namespace() -> None:
    """The label decides; without one Kubernetes enforces privileged; a wrong one is named."""
    prefix = "pod-security.kubernetes.io/enforce"
    assert enforcement(None).level == "privileged"
    found = enforcement({"metadata": {"labels": {prefix: "baseline", f"{prefix}-version": "v1.30"}}})
    assert (found.level, found.version, found.problem) == ("baseline", "v1.30", "")
    assert enforcement({"metadata": {"labels": {prefix: "Baseline"}}}).problem
    assert enforcement({"metadata": {"labels": {prefix: "baseline", f"{prefix}-version": "1"}}}).problem


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("ALL"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["securityContext", "containers", "volumes", "capabilities", "add", "name", "type", "ports", "sysctls"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(JUNK, JUNK)
def test_wrong_types_never_crash(spec: Any, container: Any) -> None:
    """Whatever a manifest holds, there is an answer."""
    for level in ("baseline", "restricted"):
        violations({"metadata": spec, "spec": spec}, level)
        violations({"spec": {"containers": [container], "securityContext": spec, "volumes": [container]}}, level)


@settings(max_examples=50, deadline=None)
@given(st.permutations(["securityContext", "ports", "name"]), st.booleans(), st.integers(0, 37))
def test_restricted_forbids_what_baseline_forbids(keys: list[str], privileged: bool, minor: int) -> None:
    """A pod that baseline refuses is refused by restricted too, whatever the order of keys."""
    parts = {"securityContext": {"privileged": privileged}, "ports": [{"hostPort": 80}], "name": "c"}
    given = {"spec": {"containers": [{key: parts[key] for key in keys}]}}
    assert violations(given, "baseline", f"v1.{minor}")
    assert violations(given, "restricted", f"v1.{minor}")
