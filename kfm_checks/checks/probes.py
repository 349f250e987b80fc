"""RAIL-02: workloads say whether they live and whether they are ready."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks import remedies
from kfm_checks.evidence import judged
from kfm_checks.facts.criticality import SERVING
from kfm_checks.facts.objects import dig
from kfm_checks.facts.workloads import Container
from kfm_checks.model import Evidence

#: What a probe does; one without any of these is refused by Kubernetes.
HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")


def workloads_have_liveness_probe(containers: tuple[Container, ...]) -> Iterator[Evidence]:
    """Every container of a serving workload has a liveness probe.

    A process that hangs is only restarted if the kubelet can notice it. A startup probe is no liveness probe: it stops
    once the container has started. Judged are the containers and sidecars of Deployments, StatefulSets, DaemonSets and
    kinds like them; what runs to its end (Jobs, init containers) and ephemeral containers are not.
    Kubernetes documentation, *Liveness, Readiness, and Startup Probes*.

    Remedy: give the container a `livenessProbe` that fails only when a restart would help.
    """
    return _probes(containers, "livenessProbe", "a hang would go unnoticed")


def workloads_have_readiness_probe(containers: tuple[Container, ...]) -> Iterator[Evidence]:
    """Every container of a serving workload has a readiness probe.

    Without one, traffic is sent to a pod as soon as its process starts, and a rollout goes on whether or not the new
    version works. Judged are the same containers as for liveness.
    Kubernetes documentation, *Liveness, Readiness, and Startup Probes*.

    Remedy: give the container a `readinessProbe` that succeeds once it can serve.
    """
    return _probes(containers, "readinessProbe", "it gets traffic before it can serve")


def _probes(containers: tuple[Container, ...], field: str, otherwise: str) -> Iterator[Evidence]:
    name = {"livenessProbe": "liveness probe", "readinessProbe": "readiness probe"}[field]
    for container in containers:
        if container.workload.kind not in SERVING or container.role not in ("container", "sidecar"):
            continue
        handlers = [handler for handler in HANDLERS if dig(container.spec, field, handler) is not None]
        ok = len(handlers) == 1 and (handlers != ["exec"] or bool(dig(container.spec, field, "exec", "command")))
        written = dig(container.spec, field) is not None
        text = f"container {container.name} has a {name}" if ok else f"container {container.name} has no {name}"
        if written and not ok:
            what = "too many things" if len(handlers) > 1 else "nothing"
            text = f"the {name} of container {container.name} says {what} to do"
        observed = ", ".join(handlers) or ("a probe without a handler" if written else "absent")
        path = (*container.path, field)
        yield judged(
            ok,
            container.workload.obj,
            path,
            message=text if ok else f"{text}: {otherwise}",
            expected="one of " + ", ".join(HANDLERS),
            observed=observed,
            patch="" if ok else remedies.probe(container.workload.obj, path, handlers),
        )
