"""Workloads: the pod spec of any workload kind, its containers and their effective settings, read once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

from kfm_checks.facts.made import makers_of
from kfm_checks.facts.objects import Inventory, annotations_of, dig, labels_of
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

Role = Literal["container", "init", "sidecar", "ephemeral"]

#: (group, kind) of each kind that makes pods, and the path to its pod template ("" itself for a Pod).
POD_TEMPLATES: dict[tuple[str, str], Path] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("apps.openshift.io", "DeploymentConfig"): ("spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("apps.kruise.io", "CloneSet"): ("spec", "template"),
    ("serving.knative.dev", "Service"): ("spec", "template"),
    # Written without their group, as people do by mistake: no API server takes them (GATE-02 says so), and their
    # pods are judged all the same.
    ("", "Deployment"): ("spec", "template"),
    ("", "StatefulSet"): ("spec", "template"),
    ("", "DaemonSet"): ("spec", "template"),
    ("", "ReplicaSet"): ("spec", "template"),
    ("", "Job"): ("spec", "template"),
    ("", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("extensions", "Deployment"): ("spec", "template"),
    ("extensions", "DaemonSet"): ("spec", "template"),
    ("extensions", "ReplicaSet"): ("spec", "template"),
}
#: Makers of pods by a template, which stands for their pods. A Pod that owns another is no template of it.
MAKERS = frozenset(POD_TEMPLATES) - {("", "Pod")}


class Container(Value, frozen=True):
    """One container of a workload. ``path`` leads to it from the root of the owning object."""

    workload: Workload
    role: Role
    spec: dict[str, Any]
    path: Path

    @property
    def name(self) -> str:
        """The container's name, "" where it has none."""
        return str(self.spec.get("name") or "")

    @property
    def image(self) -> str:
        """The image as written."""
        return str(self.spec.get("image") or "")


class Workload(Value, frozen=True):
    """An object that makes pods, or a bare Pod. ``path`` leads to the pod spec from the root of the object."""

    obj: Manifest
    template: dict[str, Any]
    spec: dict[str, Any]
    path: Path

    @cached_property
    def kind(self) -> str:
        return self.obj.key.kind

    @cached_property
    def namespace(self) -> str:
        return self.obj.key.namespace

    @cached_property
    def name(self) -> str:
        return self.obj.key.name

    @cached_property
    def id(self) -> str:
        """``namespace/Kind/name``, as configuration and reachability name it."""
        return f"{self.namespace}/{self.kind}/{self.name}"

    @cached_property
    def pod_labels(self) -> dict[str, str]:
        """Labels that the pods carry."""
        return labels_of(self.template)

    @cached_property
    def pod_annotations(self) -> dict[str, str]:
        """Annotations that the pods carry."""
        return annotations_of(self.template)

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Init, sidecar (init with ``restartPolicy: Always``), regular and ephemeral containers, in this order."""
        return tuple(self._containers())

    def _containers(self) -> Iterator[Container]:
        for field, role in (
            ("initContainers", "init"),
            ("containers", "container"),
            ("ephemeralContainers", "ephemeral"),
        ):
            for index, spec in enumerate(
                dig(self.spec, field, default=[]) if isinstance(self.spec.get(field), list) else []
            ):
                if isinstance(spec, dict):
                    sidecar = role == "init" and spec.get("restartPolicy") == "Always"
                    yield Container(self, "sidecar" if sidecar else role, spec, (*self.path, field, index))  # type: ignore[arg-type]

    @property
    def replicas(self) -> int:
        """Replicas wanted: one where the field is absent (Deployment and StatefulSet default)."""
        value = dig(self.obj, "spec", "replicas", default=1)
        return value if isinstance(value, int) else 1

    @property
    def service_account(self) -> str:
        """The service account that the pods run as."""
        return str(self.spec.get("serviceAccountName") or self.spec.get("serviceAccount") or "default")


def workloads(inventory: Inventory) -> tuple[Workload, ...]:
    """Every object that makes pods; one that another rendered workload owns is left out: its owner stands for it."""
    found = []
    for obj in inventory:
        path = POD_TEMPLATES.get((obj.key.group, obj.key.kind))
        if path is None or makers_of(obj, inventory, MAKERS):
            continue
        template = dig(obj, *path) if path else obj
        spec = dig(template, "spec")
        if isinstance(template, dict) and isinstance(spec, dict):
            found.append(Workload(obj, template, spec, (*path, "spec")))
    return tuple(found)


def containers(workloads: tuple[Workload, ...]) -> tuple[Container, ...]:
    """Every container of every workload."""
    return tuple(container for workload in workloads for container in workload.containers)
