"""RAIL-08: namespaces enforce Pod Security, and the pods meet it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from kfm_checks import remedies
from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.criticality import outside
from kfm_checks.facts.made_pods import MadePod
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.pod_security import Enforcement, enforcement, parse_version, violations
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, Path

ENFORCE: Path = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
Versions = tuple[str, ...]


def namespaces_enforce_pod_security(
    inventory: Inventory, admission_engines: tuple[Manifest, ...], config: Config
) -> Iterator[Evidence]:
    """Every namespace enforces Pod Security at baseline or stricter.

    Without the label Kubernetes lets any pod in, a privileged one too; `warn` and `audit` keep nothing out. Namespaces
    that the team declares the platform's may be privileged. Where another admission engine restricts pods, a namespace
    without the label is not verified. Kubernetes documentation, *Pod Security Admission*.

    Remedy: label the Namespace with `pod-security.kubernetes.io/enforce: restricted` (or `baseline`).
    """
    judged_names = [name for name in sorted(inventory.namespaces) if not name.startswith("kube-")]
    if not judged_names:
        raise NotVerified("no namespace is declared here")
    for name in judged_names:
        obj = inventory.namespaces[name]
        yield _enforced(obj, enforcement(obj), admission_engines, platform=name in config.workloads.platform_namespaces)


def _enforced(obj: Manifest, found: Enforcement, engines: tuple[Manifest, ...], *, platform: bool) -> Evidence:
    name, expected = obj.key.name, "baseline or restricted"
    observed = found.level if found.labelled else "absent"
    if found.problem:
        text, patch = f"a Pod Security label of namespace {name} is wrong: {found.problem}", remedies.enforce(obj, True)
        return fails(obj, ENFORCE, message=text, expected=expected, observed=observed, patch=patch)
    if found.level != "privileged":
        text = f"namespace {name} enforces {found.level}, version {found.version}"
        return holds(obj, ENFORCE, message=text, expected=expected, observed=observed)
    if platform:
        text = f"namespace {name} is declared the platform's, and may run privileged pods"
        return holds(obj, ENFORCE, message=text, expected=expected, observed=observed)
    if engines and not found.labelled:
        by = f"{engines[0].key.kind} {engines[0].key.name}"
        text = f"namespace {name} enforces no level; {by} restricts pods by other means, which are not evaluated here"
        return unknown(obj, ENFORCE, message=text, expected=expected, observed=observed)
    text = f"namespace {name} enforces no level" if not found.labelled else f"namespace {name} lets any pod in"
    patch = remedies.enforce(obj)
    return fails(obj, ENFORCE, message=text, expected=expected, observed=observed, patch=patch)


def pods_meet_baseline(
    inventory: Inventory,
    workloads: tuple[Workload, ...],
    made_pods: tuple[MadePod, ...],
    config: Config,
    kubernetes_versions: Versions | None,
) -> Iterator[Evidence]:
    """Every pod meets the baseline Pod Security Standard.

    Baseline keeps out the known ways from a pod to its node: privileged containers, host namespaces, host paths, host
    ports, added capabilities and more. Each pod template is judged as the pod that it makes, by the policy version
    that its namespace enforces, else by the Kubernetes version given, else by the newest. Pods of namespaces that the
    team declares the platform's are left out. Pods that controllers make of custom resources are judged where their
    kind is known (Argo Workflows, Knative, Ray, Volcano…). Of a kind that holds a part of its pods (Tekton), what is
    forbidden fails and the rest is not verified; so are containers in a kind that nobody knows here. Kubernetes
    documentation, *Pod Security Standards*.

    Remedy: remove the setting that is named; what must have it belongs in a declared platform namespace.
    """
    return _pods(inventory, (*workloads, *made_pods), config, kubernetes_versions, "baseline")


def pods_meet_restricted(
    inventory: Inventory,
    workloads: tuple[Workload, ...],
    made_pods: tuple[MadePod, ...],
    config: Config,
    kubernetes_versions: Versions | None,
) -> Iterator[Evidence]:
    """Every pod meets the restricted Pod Security Standard.

    Restricted is what Kubernetes recommends for anything exposed: no root, no capabilities, no privilege escalation, a
    seccomp profile. It is a should; where the namespace itself enforces restricted, it is a must, since the API server
    would refuse the pods. Kubernetes documentation, *Pod Security Standards*.

    Remedy: set `runAsNonRoot: true`, `allowPrivilegeEscalation: false`, `capabilities: {drop: [ALL]}` and
    `seccompProfile: {type: RuntimeDefault}` in the security context.
    """
    return _pods(inventory, (*workloads, *made_pods), config, kubernetes_versions, "restricted")


def _pods(
    inventory: Inventory,
    pods: Iterable[Workload | MadePod],
    config: Config,
    given: Versions | None,
    level: Literal["baseline", "restricted"],
) -> Iterator[Evidence]:
    seen: set[tuple[str, Path, str]] = set()
    for pod in pods:
        namespace = pod.obj.key.namespace
        if outside(namespace, config):
            continue
        enforced = enforcement(inventory.namespaces.get(namespace))
        binding = enforced.level == "restricted" or enforced.level == level
        versions = policy_versions(enforced if binding else None, given)
        must = level == "restricted" and enforced.level == "restricted"
        if isinstance(pod, Workload):
            yield from _judged(pod, level, versions, must=must)
        else:
            yield from _made(pod, level, versions, seen, must=must)


def _made(
    made: MadePod,
    level: Literal["baseline", "restricted"],
    versions: Versions,
    seen: set[tuple[str, Path, str]],
    *,
    must: bool,
) -> Iterator[Evidence]:
    """What a custom resource's pod does; ``seen`` keeps what several parts of it share from being said twice.

    In a part of a pod only what baseline forbids is sure: what restricted asks for may stand in the rest.
    """
    name = f"{made.obj.key.kind} {made.obj.key.name}"
    sure = "baseline" if made.missing else level
    found = [bad for version in versions for bad in violations(made.pod, sure, version)] if made.pod else []
    for bad in found:
        path = made.place(bad.path)
        if (key := (str(made.obj.key), path, bad.check)) not in seen:
            seen.add(key)
            text = f"{bad.message}; {level} forbids it ({bad.control})"
            observed = bad.observed if bad.observed != [] else "none"
            details = {"expected": bad.expected, "observed": observed, "about": bad.check, "must": must}
            yield fails(made.obj, path, message=text, **details)
    if made.missing:
        text = f"the pods of {name} could not be judged: {made.missing}"
        yield unknown(made.obj, made.path, message=text, expected=level)
    elif not found:
        text = f"the pods of {name} meet {level}, version {', '.join(versions)}"
        yield holds(made.obj, made.path, message=text, expected=level, observed=level)


def policy_versions(enforced: Enforcement | None, given: Versions | None) -> Versions:
    """The policy versions to judge by: the one that a namespace pins, else those of the clusters, else the newest."""
    if enforced is not None and enforced.version != "latest":
        return (enforced.version,)
    known = []
    for version in given or ():
        try:
            parse_version(".".join(version.removeprefix("v").split(".")[:2]))
        except ValueError:
            continue  # the option's own check refuses it; here it only means that it can't choose a policy
        known.append(".".join(version.removeprefix("v").split(".")[:2]))
    return tuple(known) or ("latest",)


def _judged(workload: Workload, level: str, versions: Versions, *, must: bool) -> Iterator[Evidence]:
    found = {
        (bad.path, bad.check): bad for version in versions for bad in violations(workload.template, level, version)
    }
    root = workload.path[:-1]
    for bad in found.values():
        text = f"{bad.message}; {level} forbids it ({bad.control})"
        path = (*root, *bad.path)
        yield fails(
            workload.obj,
            path,
            message=text,
            expected=bad.expected,
            observed=bad.observed if bad.observed != [] else "none",
            about=bad.check,
            must=must,
            patch=remedies.pod_security(workload.obj, path, bad.check, workload.path),
        )
    if not found:
        text = f"the pods of {workload.kind} {workload.name} meet {level}, version {', '.join(versions)}"
        yield judged(True, workload.obj, workload.path, message=text, expected=level, observed=level)
