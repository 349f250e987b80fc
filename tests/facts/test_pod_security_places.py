"""Each control of the Pod Security Standards: what it lets pass, and the place and value of what it forbids."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.pod_security import CONTROLS, Violation, enforcement, violations
from tests.facts.test_pod_security import RESTRICTED, checks, pod

C0 = ("spec", "containers", 0)
SC = (*C0, "securityContext")
POD_SC = ("spec", "securityContext")
SECCOMP = "container.seccomp.security.alpha.kubernetes.io/c"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/c"


def secured(**context: Any) -> dict[str, Any]:
    """A container with a security context."""
    return {"securityContext": context}


#: The pod, a level, a version, and what is forbidden: control, place, value.
FORBIDDEN: list[tuple[dict[str, Any], str, str, list[tuple[str, tuple[Any, ...], Any]]]] = [
    (pod(secured(windowsOptions={"hostProcess": True})), "baseline", "latest", [("windowsHostProcess", (*SC, "windowsOptions", "hostProcess"), True)]),
    (pod(spec={"securityContext": {"windowsOptions": {"hostProcess": True}}}), "baseline", "latest", [("windowsHostProcess", (*POD_SC, "windowsOptions", "hostProcess"), True)]),
    *((pod(spec={field: True}), "baseline", "v1.0", [("hostNamespaces", ("spec", field), True)]) for field in ("hostNetwork", "hostPID", "hostIPC")),
    (pod(secured(privileged=True)), "baseline", "v1.0", [("privileged", (*SC, "privileged"), True)]),
    (pod(secured(capabilities={"add": ["KILL", "NET_ADMIN", 1]})), "baseline", "v1.0", [("capabilities_baseline", (*SC, "capabilities", "add"), ["NET_ADMIN", "1"])]),
    (pod(spec={"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/etc"}}, {"hostPath": {}}]}), "baseline", "v1.0",
     [("hostPathVolumes", ("spec", "volumes", 1, "hostPath"), "/etc"), ("hostPathVolumes", ("spec", "volumes", 2, "hostPath"), "")]),
    (pod({"ports": [{"containerPort": 1}, {"hostPort": 0}, {"hostPort": 80}]}), "baseline", "v1.0", [("hostPorts", (*C0, "ports", 2, "hostPort"), 80)]),
    (pod({"ports": [{"hostPort": 1}]}), "baseline", "v1.0", [("hostPorts", (*C0, "ports", 0, "hostPort"), 1)]),
    (pod({"livenessProbe": {"httpGet": {"host": "x"}}}), "baseline", "v1.34", [("hostProbesAndHostLifecycle", (*C0, "livenessProbe", "httpGet", "host"), "x")]),
    (pod(secured(appArmorProfile={"type": "Unconfined"})), "baseline", "v1.0", [("appArmorProfile", (*SC, "appArmorProfile", "type"), "Unconfined")]),
    (pod(annotations={APPARMOR: "unconfined"}), "baseline", "v1.0", [("appArmorProfile", ("metadata", "annotations", APPARMOR), "unconfined")]),
    (pod(secured(seLinuxOptions={"type": "spc_t", "user": "u", "role": "r"})), "baseline", "v1.0",
     [("seLinuxOptions", (*SC, "seLinuxOptions", "type"), "spc_t"), ("seLinuxOptions", (*SC, "seLinuxOptions", "user"), "u"), ("seLinuxOptions", (*SC, "seLinuxOptions", "role"), "r")]),
    (pod(secured(procMount="Unmasked")), "baseline", "v1.0", [("procMount", (*SC, "procMount"), "Unmasked")]),
    (pod(annotations={SECCOMP: "unconfined", "seccomp.security.alpha.kubernetes.io/pod": "unconfined"}), "baseline", "v1.18",
     [("seccompProfile_baseline", ("metadata", "annotations", "seccomp.security.alpha.kubernetes.io/pod"), "unconfined"), ("seccompProfile_baseline", ("metadata", "annotations", SECCOMP), "unconfined")]),
    (pod(annotations={SECCOMP: "unconfined", "seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}), "baseline", "v1.18", [("seccompProfile_baseline", ("metadata", "annotations", SECCOMP), "unconfined")]),
    (pod(secured(seccompProfile={"type": "Unconfined"})), "baseline", "v1.19", [("seccompProfile_baseline", (*SC, "seccompProfile", "type"), "Unconfined")]),
    (pod(spec={"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced"}, {"name": "kernel.sem"}]}}), "baseline", "v1.0", [("sysctls", (*POD_SC, "sysctls", 1, "name"), "kernel.sem")]),
    (pod(secured(**RESTRICTED), {"volumes": [1, {"name": "a", "secret": {}}, {"name": "b", "nfs": {}}]}), "restricted", "latest", [("restrictedVolumes", ("spec", "volumes", 2), "nfs")]),
    (pod(secured(**{**RESTRICTED, "allowPrivilegeEscalation": None})), "restricted", "v1.8", [("allowPrivilegeEscalation", (*SC, "allowPrivilegeEscalation"), None)]),
    (pod(secured(**{**RESTRICTED, "runAsNonRoot": False})), "restricted", "latest", [("runAsNonRoot", (*SC, "runAsNonRoot"), False)]),
    (pod(secured(**RESTRICTED), {"securityContext": {"runAsNonRoot": False}}), "restricted", "latest", [("runAsNonRoot", (*POD_SC, "runAsNonRoot"), False)]),
    *((pod(secured(**{**RESTRICTED, "runAsUser": zero})), "restricted", "v1.23", [("runAsUser", (*SC, "runAsUser"), zero)]) for zero in (0, 0.0, -0.0)),
    (pod(secured(**RESTRICTED), {"securityContext": {"runAsUser": 0}}), "restricted", "v1.23", [("runAsUser", (*POD_SC, "runAsUser"), 0)]),
    (pod(secured(**{**RESTRICTED, "seccompProfile": None})), "restricted", "v1.19", [("seccompProfile_restricted", (*SC, "seccompProfile"), None)]),
    (pod(secured(**{**RESTRICTED, "seccompProfile": {"type": "Unconfined"}})), "restricted", "v1.19", [("seccompProfile_restricted", (*SC, "seccompProfile", "type"), "Unconfined")]),
    (pod(secured(**{**RESTRICTED, "capabilities": {"drop": ["KILL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}})), "restricted", "v1.22",
     [("capabilities_restricted", (*SC, "capabilities", "drop"), ["KILL"]), ("capabilities_restricted", (*SC, "capabilities", "add"), ["CHOWN"])]),
]  # fmt: skip


def test_controls_that_were_there_from_the_start() -> None:
    """Restricted has asked for these since the first version of the standards."""
    bad = pod(
        secured(runAsNonRoot=False, procMount="Unmasked"), {"volumes": [{"name": "n", "nfs": {}}], "hostNetwork": True}
    )
    assert checks(bad, "restricted", "v1.0") == {"runAsNonRoot", "restrictedVolumes", "hostNamespaces", "procMount"}


@pytest.mark.parametrize(("given", "level", "version", "wanted"), FORBIDDEN)
def test_what_is_forbidden_and_where(given: dict[str, Any], level: str, version: str, wanted: list[Any]) -> None:
    """Control, place and value as the page of the standards lists the restricted fields."""
    assert [(bad.check, bad.path, bad.observed) for bad in violations(given, level, version)] == wanted


CAPABILITIES = (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT"
)
SYSCTLS = {
    0: "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start",
    27: "net.ipv4.ip_local_reserved_ports",
    29: "net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes",
    32: "net.ipv4.tcp_rmem net.ipv4.tcp_wmem",
    37: "net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat",
}
#: What baseline lets pass, at a version.
ALLOWED: list[tuple[dict[str, Any], str]] = [
    *((pod(secured(capabilities={"add": [name]})), "v1.0") for name in CAPABILITIES.split()),
    *((pod(spec={"securityContext": {"sysctls": [{"name": name}]}}), f"v1.{since}") for since, names in SYSCTLS.items() for name in names.split()),
    *((pod(secured(seLinuxOptions={"type": kind, "user": "", "role": ""})), "v1.0") for kind in ("", "container_t", "container_init_t", "container_kvm_t")),
    (pod(secured(seLinuxOptions={"type": "container_engine_t"})), "v1.31"),
    *((pod(annotations={SECCOMP: value, APPARMOR: "runtime/default"}), "v1.18") for value in ("runtime/default", "docker/default", "localhost/x")),
    *((pod(annotations={APPARMOR: value}), "latest") for value in ("", "runtime/default", "localhost/x")),
    *((pod(secured(seccompProfile={"type": kind}, appArmorProfile={"type": kind})), "latest") for kind in ("RuntimeDefault", "Localhost")),
    (pod(annotations={SECCOMP: "unconfined"}), "v1.19"), (pod(secured(seccompProfile={"type": "Unconfined"})), "v1.18"),
    (pod(spec={"hostNetwork": False, "hostPID": None}), "latest"), (pod(secured(procMount="Default", privileged=False)), "latest"),
    (pod({"livenessProbe": {"httpGet": {"host": ""}, "tcpSocket": {}}}), "latest"), (pod({"livenessProbe": {"httpGet": {"host": "x"}}}), "v1.33"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "version"), ALLOWED)
def test_what_baseline_lets_pass(given: dict[str, Any], version: str) -> None:
    """Every name on the page, from the version that it says."""
    assert violations(given, "baseline", version) == []


@pytest.mark.parametrize(
    ("since", "name"), [(since, name) for since, names in SYSCTLS.items() if since for name in names.split()]
)
def test_a_parameter_was_not_safe_before(since: int, name: str) -> None:
    """One version earlier it is forbidden."""
    given = pod(spec={"securityContext": {"sysctls": [{"name": name}]}})
    assert checks(given, "baseline", f"v1.{since - 1}") == {"sysctls"}


@pytest.mark.parametrize(
    "kind",
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ],
)
def test_volumes_that_restricted_lets_pass(kind: str) -> None:
    """Nine sources, and no other."""
    assert violations(pod(secured(**RESTRICTED), {"volumes": [{"name": "v", kind: {}}]}), "restricted") == []


#: The first minor version of each control that came later than the standards.
SINCE = {"allowPrivilegeEscalation": 8, "runAsUser": 23, "seccompProfile_restricted": 19, "capabilities_restricted": 22}


@pytest.mark.parametrize("name", SINCE)
def test_a_control_begins_with_its_version(name: str) -> None:
    """One version earlier restricted doesn't ask for it, and baseline's own control stands in its place."""
    bad = pod(secured(runAsUser=0, capabilities={"add": ["NET_ADMIN"]}, seccompProfile={"type": "Unconfined"}))
    assert name in checks(bad, "restricted", f"v1.{SINCE[name]}")
    assert name not in checks(bad, "restricted", f"v1.{SINCE[name] - 1}")
    stands = {
        "seccompProfile_restricted": "seccompProfile_baseline",
        "capabilities_restricted": "capabilities_baseline",
    }
    if name in stands:
        assert stands[name] not in checks(bad, "restricted", f"v1.{SINCE[name]}")
    if name == "capabilities_restricted":
        assert stands[name] in checks(bad, "restricted", "v1.21")
    host = pod(spec={"volumes": [{"name": "a", "hostPath": {}}]})
    assert {"hostPathVolumes", "restrictedVolumes"} & checks(host, "restricted") == {"restrictedVolumes"}


def test_names_of_controls() -> None:
    """As the page of the standards heads them."""
    assert {id: control.name for id, control in CONTROLS.items()} == {
        "windowsHostProcess": "HostProcess", "hostNamespaces": "Host Namespaces", "privileged": "Privileged Containers",
        "capabilities_baseline": "Capabilities", "hostPathVolumes": "HostPath Volumes", "hostPorts": "Host Ports",
        "hostProbesAndHostLifecycle": "Host Probes / Lifecycle Hooks", "appArmorProfile": "AppArmor", "seLinuxOptions": "SELinux",
        "procMount": "/proc Mount Type", "seccompProfile_baseline": "Seccomp", "sysctls": "Sysctls",
        "restrictedVolumes": "Volume Types", "allowPrivilegeEscalation": "Privilege Escalation", "runAsNonRoot": "Running as Non-root",
        "runAsUser": "Running as Non-root user", "seccompProfile_restricted": "Seccomp", "capabilities_restricted": "Capabilities",
        "procMount_restricted": "/proc Mount Type",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "container"),
    [
        (("spec", "containers", 1, "ports"), ("containers", 1)), (("spec", "initContainers", 0), ("initContainers", 0)),
        (("spec", "ephemeralContainers", 2, "x"), ("ephemeralContainers", 2)), (("spec", "containers"), None),
        (("spec", "volumes", 0), None), (("spec", "containers", "x"), None), (("spec",), None),
    ],
)  # fmt: skip
def test_which_container_a_violation_is_about(path: tuple[Any, ...], container: tuple[str, int] | None) -> None:
    """Field and index; none where the pod itself is meant."""
    assert Violation("x", "X", "", path, None, "").container == container


@pytest.mark.parametrize(
    ("labels", "level", "version", "labelled", "problem"),
    [
        ({}, "privileged", "latest", False, False), ({"enforce": "baseline"}, "baseline", "latest", True, False),
        ({"enforce": "restricted", "enforce-version": "v1.30"}, "restricted", "v1.30", True, False),
        ({"enforce": "baseline", "enforce-version": "new"}, "baseline", "latest", True, True),
        ({"enforce-version": "new"}, "privileged", "latest", False, True), ({"enforce-version": "v1.9"}, "privileged", "v1.9", False, False),
        ({"enforce": "high", "enforce-version": "v1.9"}, "privileged", "v1.9", True, True),
    ],
)  # fmt: skip
def test_labels_of_a_namespace(labels: dict[str, str], level: str, version: str, labelled: bool, problem: bool) -> None:
    """Level and version in force, whether the level is written, and whether a label is wrong."""
    found = enforcement(
        {"metadata": {"labels": {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}}}
    )
    assert (found.level, found.version, found.labelled, bool(found.problem)) == (level, version, labelled, problem)
    assert enforcement(None).labelled is False
