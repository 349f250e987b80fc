"""Which Secrets the workloads, routes and service accounts of the render use, and where they say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.secrets_makers import tls_secrets
from kfm_checks.facts.workloads import Container, Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value


class Use(Value, frozen=True):
    """A Secret that something uses, and the field that names it."""

    obj: Manifest
    path: Path
    namespace: str
    secret: str
    optional: bool = False


class Direct(Value, frozen=True):
    """A value that a pod fetches from a backend with no Secret between: a CSI volume, Vault's agent."""

    obj: Manifest
    path: Path
    why: str


def secret_uses(inventory: Inventory, workloads: tuple[Workload, ...]) -> tuple[Use, ...]:
    """Every use of a Secret by name, in the order of the objects."""
    found = [use for workload in workloads for use in _of_workload(workload)]
    for obj in inventory:
        key = obj.key
        if key.kind in ("Ingress", "Gateway"):
            found += [Use(obj, path, key.namespace, name) for path, name in tls_secrets(obj)]
        elif (key.group, key.kind) == ("", "ServiceAccount"):
            found += [Use(obj, path, key.namespace, name) for path, name in _named(obj, ("imagePullSecrets",))]
    return tuple(found)


def _of_workload(workload: Workload) -> Iterator[Use]:
    def use(path: Path, name: Any, optional: Any = False) -> Iterator[Use]:
        if isinstance(name, str) and name:
            yield Use(workload.obj, path, workload.namespace, name, optional is True)

    for container in workload.containers:
        for path, reference in _references(container):
            yield from use((*path, "name"), dig(reference, "name"), dig(reference, "optional"))
    for path, name in _named(workload.spec, ("imagePullSecrets",)):
        yield from use((*workload.path, *path), name)
    for index, volume in enumerate(_list(workload.spec, "volumes")):
        base: Path = (*workload.path, "volumes", index)
        secret = dig(volume, "secret")
        yield from use((*base, "secret", "secretName"), dig(secret, "secretName"), dig(secret, "optional"))
        for at, source in enumerate(_list(dig(volume, "projected"), "sources")):
            projected = dig(source, "secret")
            path = (*base, "projected", "sources", at, "secret", "name")
            yield from use(path, dig(projected, "name"), dig(projected, "optional"))


def _references(container: Container) -> Iterator[tuple[Path, Any]]:
    for index, entry in enumerate(_list(container.spec, "env")):
        if isinstance(dig(entry, "valueFrom", "secretKeyRef"), dict):
            yield (*container.path, "env", index, "valueFrom", "secretKeyRef"), entry["valueFrom"]["secretKeyRef"]
    for index, entry in enumerate(_list(container.spec, "envFrom")):
        if isinstance(dig(entry, "secretRef"), dict):
            yield (*container.path, "envFrom", index, "secretRef"), entry["secretRef"]


def direct_backends(workloads: tuple[Workload, ...]) -> tuple[Direct, ...]:
    """Pods that fetch values from a backend themselves: the secrets store driver, Vault's injector."""
    return tuple(found for workload in workloads for found in _direct(workload))


def _direct(workload: Workload) -> Iterator[Direct]:
    for index, volume in enumerate(_list(workload.spec, "volumes")):
        if dig(volume, "csi", "driver") == "secrets-store.csi.k8s.io":
            path: Path = (*workload.path, "volumes", index, "csi")
            yield Direct(workload.obj, path, "the secrets store driver mounts the values from the backend")
    if workload.pod_annotations.get("vault.hashicorp.com/agent-inject") == "true":
        path = (*workload.path[:-1], "metadata", "annotations", "vault.hashicorp.com/agent-inject")
        yield Direct(workload.obj, path, "Vault's agent injects the values")


def _named(value: Any, path: Path) -> list[tuple[Path, str]]:
    listed = enumerate(_list(value, *path))
    return [((*path, i, "name"), item["name"]) for i, item in listed if isinstance(dig(item, "name"), str)]


def _list(value: Any, *path: str | int) -> list[Any]:
    found = dig(value, *path)
    return found if isinstance(found, list) else []
