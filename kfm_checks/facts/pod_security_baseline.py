"""The baseline controls of the Pod Security Standards, each by policy version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kfm_checks.facts.objects import dig, items
from kfm_checks.facts.pod_security_model import Control, Finding, Part, PodView, listed

CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"}
    | {"NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    }
)
SYSCTLS_27 = SYSCTLS | {"net.ipv4.ip_local_reserved_ports"}
SYSCTLS_29 = SYSCTLS_27 | {
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
SYSCTLS_32 = SYSCTLS_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
SYSCTLS_37 = SYSCTLS_32 | {"net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"}
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/"
PROFILES = frozenset({"RuntimeDefault", "Localhost"})
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = (*((probe,) for probe in PROBES), ("lifecycle", "postStart"), ("lifecycle", "preStop"))


def on(value: Any) -> bool:
    """A switch that is not off; a value of another type counts as on, since nobody can say that it is off."""
    return value is not None and value is not False


def host_process(pod: PodView) -> Iterator[Finding]:
    """Windows host processes."""
    for part in pod.parts:
        value = part.context("windowsOptions", "hostProcess")
        if on(value):
            yield part.at("windowsOptions", "hostProcess"), value, f"{part.name} runs as a process of the Windows host"


def host_namespaces(pod: PodView) -> Iterator[Finding]:
    """The host's network, processes and memory."""
    for field, what in (("hostNetwork", "network"), ("hostPID", "processes"), ("hostIPC", "inter-process memory")):
        if on(pod.spec.get(field)):
            yield ("spec", field), pod.spec[field], f"the pod shares the {what} of its node"


def privileged(pod: PodView) -> Iterator[Finding]:
    """Privileged containers."""
    for part in pod.containers:
        if on(value := part.context("privileged")):
            yield part.at("privileged"), value, f"{part.name} has every privilege on its node"


def capabilities(pod: PodView) -> Iterator[Finding]:
    """Capabilities beyond the default set of container runtimes."""
    for part in pod.containers:
        added = listed(part.context("capabilities", "add"))
        beyond = [str(name) for name in added if not (isinstance(name, str) and name in CAPABILITIES)]
        if beyond:
            yield part.at("capabilities", "add"), beyond, f"{part.name} adds Linux capabilities beyond the default set"


def host_path(pod: PodView) -> Iterator[Finding]:
    """Volumes of the node's own file system."""
    for index, volume in enumerate(listed(pod.spec.get("volumes"))):
        source = dig(volume, "hostPath")
        if source is not None:
            text = f"volume {dig(volume, 'name', default=index)} is a folder of the node"
            yield ("spec", "volumes", index, "hostPath"), dig(source, "path", default=""), text


def host_ports(pod: PodView) -> Iterator[Finding]:
    """Ports opened on the node."""
    for part in pod.containers:
        for index, port in enumerate(listed(part.spec.get("ports"))):
            value = dig(port, "hostPort", default=0)
            if value != 0:
                yield (*part.path, "ports", index, "hostPort"), value, f"{part.name} opens a port on its node"


def host_probes(pod: PodView) -> Iterator[Finding]:
    """Probes and lifecycle hooks that call another host (from 1.34)."""
    for part in pod.containers:
        for handler in HANDLERS:
            for action in ("httpGet", "tcpSocket"):
                value = dig(part.spec, *handler, action, "host", default="")
                if value != "":
                    text = f"{part.name} makes the kubelet call another host"
                    yield (*part.path, *handler, action, "host"), value, text


def app_armor(pod: PodView) -> Iterator[Finding]:
    """AppArmor profiles other than the runtime's and local ones, by field and by annotation."""
    for part in pod.parts:
        kind = part.context("appArmorProfile", "type")
        if part.context("appArmorProfile") is not None and not named(kind, PROFILES):
            yield part.at("appArmorProfile", "type"), kind, f"{part.name} replaces the AppArmor profile of the runtime"
    for key, value in sorted(pod.annotations.items()):
        allowed = value in {"", "runtime/default"} or value.startswith("localhost/")
        if key.startswith(APPARMOR_ANNOTATION) and not allowed:
            yield ("metadata", "annotations", key), value, "an annotation replaces the AppArmor profile of the runtime"


def se_linux(types: frozenset[str]) -> Callable[[PodView], Iterator[Finding]]:
    """SELinux types beyond these, and any user or role."""

    def run(pod: PodView) -> Iterator[Finding]:
        for part in pod.parts:
            kind = part.context("seLinuxOptions", "type")
            if kind is not None and not named(kind, types):
                yield part.at("seLinuxOptions", "type"), kind, f"{part.name} sets an SELinux type of its own"
            for field in ("user", "role"):
                value = part.context("seLinuxOptions", field)
                if value is not None and value != "":
                    yield part.at("seLinuxOptions", field), value, f"{part.name} sets an SELinux {field}"

    return run


def proc_mount(pod: PodView) -> Iterator[Finding]:
    """/proc without its masks."""
    for part in pod.containers:
        value = part.context("procMount")
        if value is not None and value != "Default":
            yield part.at("procMount"), value, f"{part.name} sees /proc without the usual masks"


def proc_mount_35(pod: PodView) -> Iterator[Finding]:
    """From 1.35 a pod in a user namespace may unmask /proc."""
    return iter(()) if pod.user_namespace else proc_mount(pod)


def seccomp_annotations(pod: PodView) -> Iterator[Finding]:
    """Seccomp before the field existed (up to 1.18)."""
    keys = [SECCOMP_POD_ANNOTATION, *(SECCOMP_ANNOTATION + str(part.spec.get("name")) for part in pod.containers)]
    for key in dict.fromkeys(keys):
        value = pod.annotations.get(key)
        if value is None or value in {"runtime/default", "docker/default"} or value.startswith("localhost/"):
            continue
        yield ("metadata", "annotations", key), value, "an annotation replaces the seccomp profile of the runtime"


def seccomp(pod: PodView) -> Iterator[Finding]:
    """Seccomp profiles other than the runtime's and local ones."""
    for part in pod.parts:
        if bad_seccomp(part):
            yield seccomp_finding(part)


def bad_seccomp(part: Part) -> bool:
    """Whether a part gives a profile of a type that isn't allowed."""
    kind = part.context("seccompProfile", "type")
    return part.context("seccompProfile") is not None and not named(kind, PROFILES)


def seccomp_finding(part: Part) -> Finding:
    """What to say of such a part."""
    place = part.at("seccompProfile", "type")
    return place, part.context("seccompProfile", "type"), f"{part.name} has no allowed seccomp profile"


def sysctls(allowed: frozenset[str]) -> Callable[[PodView], Iterator[Finding]]:
    """Kernel parameters beyond the safe ones."""

    def run(pod: PodView) -> Iterator[Finding]:
        for index, item in enumerate(items(pod.spec, "securityContext", "sysctls")):
            name = item.get("name")
            if not named(name, allowed):
                text = "the pod changes a kernel parameter that is not safe"
                yield ("spec", "securityContext", "sysctls", index, "name"), name, text

    return run


def named(value: Any, allowed: frozenset[str]) -> bool:
    """Whether a value is one of these names; it may be of any type, and not even hashable."""
    return isinstance(value, str) and value in allowed


BASELINE: tuple[Control, ...] = (
    Control("windowsHostProcess", "HostProcess", "absent or false", ((0, host_process),)),
    Control("hostNamespaces", "Host Namespaces", "absent or false", ((0, host_namespaces),)),
    Control("privileged", "Privileged Containers", "absent or false", ((0, privileged),)),
    Control("capabilities_baseline", "Capabilities", "only " + ", ".join(sorted(CAPABILITIES)), ((0, capabilities),)),
    Control("hostPathVolumes", "HostPath Volumes", "no hostPath volume", ((0, host_path),)),
    Control("hostPorts", "Host Ports", "absent or 0", ((0, host_ports),)),
    Control("hostProbesAndHostLifecycle", "Host Probes / Lifecycle Hooks", "absent or empty", ((34, host_probes),)),
    Control("appArmorProfile", "AppArmor", "absent, RuntimeDefault or Localhost", ((0, app_armor),)),
    Control(
        "seLinuxOptions",
        "SELinux",
        "no user, no role, and a container type or none",
        ((0, se_linux(SELINUX_TYPES)), (31, se_linux(SELINUX_TYPES | {"container_engine_t"}))),
    ),
    Control("procMount", "/proc Mount Type", "absent or Default", ((0, proc_mount), (35, proc_mount_35))),
    Control(
        "seccompProfile_baseline",
        "Seccomp",
        "absent, RuntimeDefault or Localhost",
        ((0, seccomp_annotations), (19, seccomp)),
    ),
    Control(
        "sysctls",
        "Sysctls",
        "only parameters that Kubernetes calls safe",
        (
            (0, sysctls(SYSCTLS)),
            (27, sysctls(SYSCTLS_27)),
            (29, sysctls(SYSCTLS_29)),
            (32, sysctls(SYSCTLS_32)),
            (37, sysctls(SYSCTLS_37)),
        ),
    ),
)
