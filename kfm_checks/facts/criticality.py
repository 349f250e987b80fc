"""Which workloads a team declares critical, by ``kfm-checks.yaml`` or by label. It is never guessed."""

from __future__ import annotations

from kfm_checks.config import Config
from kfm_checks.facts.objects import labels_of
from kfm_checks.facts.workloads import Workload
from kfm_checks.values import Value

LABEL = "conformance.kfm/critical"
#: Kinds that serve for as long as they are wanted; only these can be critical in the sense of the rows.
SERVING = frozenset(
    {
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "DeploymentConfig",
        "Rollout",
        "CloneSet",
    }
)


class Criticality(Value, frozen=True):
    """What is declared. ``declared`` is False where neither the file nor any label says anything."""

    declared: bool
    critical: tuple[Workload, ...]
    #: Workloads that could be critical, for a proposal.
    candidates: tuple[Workload, ...]
    #: Declared, but absent from the render (or of a kind whose pods only its operator makes).
    missing: tuple[str, ...]
    singletons: frozenset[str]


def criticality(workloads: tuple[Workload, ...], config: Config) -> Criticality:
    """Join the file with the labels: the file wins where they contradict each other (label ``"false"``)."""
    listed = config.workloads.critical
    by_id = {workload.id: workload for workload in workloads}
    labelled = {workload.id: labels_of(workload.obj).get(LABEL) for workload in workloads}
    wanted = {*(listed or ()), *(id for id, label in labelled.items() if label == "true")}
    return Criticality(
        declared=listed is not None or any(label is not None for label in labelled.values()),
        critical=tuple(by_id[id] for id in sorted(wanted) if id in by_id),
        candidates=tuple(
            workload
            for id, workload in sorted(by_id.items())
            if workload.kind in SERVING and not outside(workload.namespace, config) and labelled[id] != "false"
        ),
        missing=tuple(id for id in sorted(wanted) if id not in by_id),
        singletons=frozenset(config.workloads.singletons),
    )


def outside(namespace: str, config: Config) -> bool:
    """Whether a namespace is Kubernetes' own or declared the platform's."""
    return namespace.startswith("kube-") or namespace in config.workloads.platform_namespaces
