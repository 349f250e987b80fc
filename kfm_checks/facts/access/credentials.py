"""Which workload uses which Secret, and where the Secret's values come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Path
from kfm_checks.values import Value

ESO = "external-secrets.io"


class CredentialUse(Value, frozen=True):
    """A workload's use of a Secret; ``key`` "" is the whole Secret."""

    workload: Workload
    path: Path
    secret: str
    key: str
    #: Entries of the backend that feed it, as (key, property); empty where no ExternalSecret of the render does.
    remotes: frozenset[tuple[str, str]]

    def shares(self, other: CredentialUse) -> bool:
        """Whether both uses give the same value: one Secret, or one entry of the backend."""
        return self.same_secret(other) or self.draws_with(other)

    def same_secret(self, other: CredentialUse) -> bool:
        """Whether both use one Secret, and the same key of it where both name one."""
        here = (self.workload.namespace, self.secret) == (other.workload.namespace, other.secret)
        return here and (not self.key or not other.key or self.key == other.key)

    def draws_with(self, other: CredentialUse) -> bool:
        """Whether both draw on one entry of the backend."""
        return any(a[0] == b[0] and (a[1] == b[1] or not a[1] or not b[1]) for a in self.remotes for b in other.remotes)


def credential_uses(inventory: Inventory, workloads: tuple[Workload, ...]) -> tuple[CredentialUse, ...]:
    """Every use of a Secret by a workload's pods, in input order; pull secrets of images are none."""
    remotes = _remotes(inventory)
    return tuple(
        CredentialUse(workload, path, secret, key, _drawn(remotes.get((workload.namespace, secret), []), key))
        for workload in workloads
        for path, secret, key in _uses(workload)
    )


def _uses(workload: Workload) -> Iterator[tuple[Path, str, str]]:
    for container in workload.containers:
        for index, variable in enumerate(_list(container.spec.get("env"))):
            name = dig(variable, "valueFrom", "secretKeyRef", "name")
            if isinstance(name, str):
                key = str(dig(variable, "valueFrom", "secretKeyRef", "key", default=""))
                yield (*container.path, "env", index, "valueFrom", "secretKeyRef"), name, key
        for index, source in enumerate(_list(container.spec.get("envFrom"))):
            name = dig(source, "secretRef", "name")
            if isinstance(name, str):
                yield (*container.path, "envFrom", index, "secretRef"), name, ""
    for index, volume in enumerate(_list(workload.spec.get("volumes"))):
        path = (*workload.path, "volumes", index)
        name = dig(volume, "secret", "secretName")
        if isinstance(name, str):
            yield from _mounted((*path, "secret"), name, dig(volume, "secret", "items"))
        for at, source in enumerate(_list(dig(volume, "projected", "sources"))):
            name = dig(source, "secret", "name")
            if isinstance(name, str):
                yield from _mounted((*path, "projected", "sources", at, "secret"), name, dig(source, "secret", "items"))


def _mounted(path: Path, name: str, chosen: object) -> Iterator[tuple[Path, str, str]]:
    keys = [str(item.get("key")) for item in items(chosen)] if isinstance(chosen, list) else []
    for key in keys or [""]:
        yield path, name, key


def _remotes(inventory: Inventory) -> dict[tuple[str, str], list[tuple[str, tuple[str, str]]]]:
    """By (namespace, Secret): its keys ("" for unknown) and the backend's (key, property) that feeds each."""
    found: dict[tuple[str, str], list[tuple[str, tuple[str, str]]]] = defaultdict(list)
    for obj in inventory.of("ExternalSecret", ESO):
        target = (obj.key.namespace, str(dig(obj, "spec", "target", "name") or obj.key.name))
        for entry in items(obj, "spec", "data"):
            remote = (str(dig(entry, "remoteRef", "key") or ""), str(dig(entry, "remoteRef", "property") or ""))
            found[target].append((str(entry.get("secretKey") or ""), remote))
        for entry in items(obj, "spec", "dataFrom"):
            key = dig(entry, "extract", "key")
            if isinstance(key, str):
                found[target].append(("", (key, str(dig(entry, "extract", "property") or ""))))
    return found


def _drawn(entries: list[tuple[str, tuple[str, str]]], key: str) -> frozenset[tuple[str, str]]:
    return frozenset(remote for name, remote in entries if not key or not name or name == key)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
