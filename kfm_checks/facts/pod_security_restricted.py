"""What the restricted level adds to baseline, each control by policy version."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kfm_checks.facts.objects import dig
from kfm_checks.facts.pod_security_baseline import bad_seccomp, proc_mount, seccomp_finding
from kfm_checks.facts.pod_security_model import Control, Finding, PodView, listed

#: Volume sources that restricted allows. ``image`` is admitted for every policy version.
VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)

Evaluate = Callable[[PodView], Iterator[Finding]]


def not_windows(run: Evaluate) -> Evaluate:
    """From 1.25 a control of Linux alone is left out for pods that say they run on Windows."""
    return lambda pod: iter(()) if pod.windows else run(pod)


def not_in_user_namespace(run: Evaluate) -> Evaluate:
    """From 1.35 a pod in a user namespace may run as root, since that is not root on the node."""
    return lambda pod: iter(()) if pod.user_namespace else run(pod)


def volumes(pod: PodView) -> Iterator[Finding]:
    """Volume types beyond the allowed ones; a volume with no source at all is an emptyDir."""
    for index, volume in enumerate(listed(pod.spec.get("volumes"))):
        if not isinstance(volume, dict):
            continue
        sources = sorted(str(key) for key, value in volume.items() if key != "name" and value is not None)
        if sources and not any(source in VOLUMES for source in sources):
            text = f"volume {dig(volume, 'name', default=index)} is of a type that restricted forbids"
            yield ("spec", "volumes", index), sources[0], text


def privilege_escalation(pod: PodView) -> Iterator[Finding]:
    """Gaining more privileges than the parent process has."""
    for part in pod.containers:
        value = part.context("allowPrivilegeEscalation")
        if value is not False:
            text = f"{part.name} may gain more privileges than it starts with"
            yield part.at("allowPrivilegeEscalation"), value, text


def non_root(pod: PodView) -> Iterator[Finding]:
    """Running as root, as far as ``runAsNonRoot`` says."""
    whole = pod.pod.context("runAsNonRoot")
    if whole is not None and whole is not True:
        yield pod.pod.at("runAsNonRoot"), whole, "the pod may run as root"
    for part in pod.containers:
        own = part.context("runAsNonRoot")
        if (own is not None and own is not True) or (own is None and whole is not True):
            yield part.at("runAsNonRoot"), own, f"{part.name} may run as root"


def user(pod: PodView) -> Iterator[Finding]:
    """Running as the user 0."""
    for part in pod.parts:
        value = part.context("runAsUser")
        if value is not None and not isinstance(value, bool) and str(value) in {"0", "0.0", "-0.0"}:
            yield part.at("runAsUser"), value, f"{part.name} runs as root"


def seccomp_set(pod: PodView) -> Iterator[Finding]:
    """A seccomp profile is given and allowed."""
    whole = pod.pod.context("seccompProfile") is not None and not bad_seccomp(pod.pod)
    for part in pod.parts:
        given = part.context("seccompProfile") is not None
        if bad_seccomp(part):
            yield seccomp_finding(part)
        elif not given and part is not pod.pod and not whole:
            yield part.at("seccompProfile"), None, f"{part.name} has no seccomp profile"


def drop_all(pod: PodView) -> Iterator[Finding]:
    """All capabilities dropped, and none but NET_BIND_SERVICE added."""
    for part in pod.containers:
        dropped, added = (listed(part.context("capabilities", field)) for field in ("drop", "add"))
        if "ALL" not in dropped:
            kept = [str(name) for name in dropped]
            yield part.at("capabilities", "drop"), kept, f"{part.name} keeps Linux capabilities"
        beyond = [str(name) for name in added if name != "NET_BIND_SERVICE"]
        if beyond:
            yield part.at("capabilities", "add"), beyond, f"{part.name} adds Linux capabilities"


RESTRICTED: tuple[Control, ...] = (
    Control("restrictedVolumes", "Volume Types", "one of " + ", ".join(VOLUMES), ((0, volumes),), ("hostPathVolumes",)),
    Control(
        "allowPrivilegeEscalation",
        "Privilege Escalation",
        "false",
        ((8, privilege_escalation), (25, not_windows(privilege_escalation))),
    ),
    Control("runAsNonRoot", "Running as Non-root", "true", ((0, non_root), (35, not_in_user_namespace(non_root)))),
    Control(
        "runAsUser", "Running as Non-root user", "absent or not 0", ((23, user), (35, not_in_user_namespace(user)))
    ),
    Control(
        "seccompProfile_restricted",
        "Seccomp",
        "RuntimeDefault or Localhost",
        ((19, seccomp_set), (25, not_windows(seccomp_set))),
        ("seccompProfile_baseline",),
    ),
    Control(
        "capabilities_restricted",
        "Capabilities",
        "drop ALL, add at most NET_BIND_SERVICE",
        ((22, drop_all), (25, not_windows(drop_all))),
        ("capabilities_baseline",),
    ),
    Control("procMount_restricted", "/proc Mount Type", "absent or Default", ((35, proc_mount),), ("procMount",)),
)
