"""What a change brings in that should not be there: credentials, and addresses of what is to stay private.

An address is sensitive where it is a datastore's or an administration interface's, and stands in configuration of
another namespace than its own (or leads in from outside). History keeps what a later commit removes, so every version
of a file that the change's commits bring in is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from kfm_checks.facts.change_base import Base
from kfm_checks.facts.change_model import Diff, ObjectChange
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.disruption import selects
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.references import References
from kfm_checks.facts.secrets_walk import exposures_in, exposures_of
from kfm_checks.facts.tree import Tree
from kfm_checks.facts.workloads import POD_TEMPLATES, Workload
from kfm_checks.model import Manifest, Path, Source
from kfm_checks.values import Value

#: Names of interfaces by which a platform is administered, as their charts and manifests name the Services.
_ADMIN = re.compile(
    r"(?:^|-)(?:pgadmin|phpmyadmin|adminer|kibana|grafana|prometheus|alertmanager|argocd-server|argo-server|dashboard|kubeview"
    r"|rancher|mongo-express|redis-commander|rabbitmq-management|minio-console|console|admin|neo4j-browser|opensearch-dashboards)"
    r"(?:-|$)",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![\w.-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.svc(?:\.[a-z0-9.-]+)?)?(?![\w-])"
)


class AddedCredential(Value, frozen=True):
    """A credential that the change brings in. ``commit`` "": it is in the files as they are now."""

    where: str
    kind: str
    certain: bool
    obj: Manifest | None = None
    path: Path = ()
    source: Source | None = None
    commit: str = ""


class AddedAddress(Value, frozen=True):
    """An address that the change writes into configuration outside its namespace; ``allowed`` None: nobody declared."""

    obj: Manifest
    path: Path
    address: str
    what: Literal["datastore", "administration interface"]
    owner: str
    allowed: bool | None


class Additions(Value, frozen=True):
    """What was looked at, and what was found in it."""

    files: int
    objects: int
    credentials: tuple[AddedCredential, ...]
    addresses: tuple[AddedAddress, ...]


def additions(
    inventory: Inventory,
    workloads: tuple[Workload, ...],
    datastores: tuple[Datastore, ...],
    diff: Diff,
    base: Base,
    tree: Tree | None,
    references: References | None,
) -> Additions:
    """Credentials and sensitive addresses that the change brings in. Raises NotVerified without a base."""
    paths = _governed(base, tree, references)
    versions = base.introduced(paths)
    credentials = [*_in_files(base, versions), *_in_objects(diff)]
    addresses = _addresses(inventory, workloads, datastores, diff)
    return Additions(len(versions), len(diff.changes), tuple(credentials), tuple(addresses))


def _governed(base: Base, tree: Tree | None, references: References | None) -> frozenset[str]:
    """The changed files of the overlay and of what it is made from; removed ones were added once, by a commit."""
    reached = frozenset(references.reached) if references is not None else frozenset()
    prefix = tree.source_path if tree is not None else base.prefix()
    inside = "" if prefix in {"", "."} else f"{prefix}/"
    written = {path for _, path in base.changed} | base.touched
    return frozenset(path for path in written if path in reached or path.startswith(inside))


def _in_files(base: Base, versions: Iterable[Any]) -> Iterator[AddedCredential]:
    listed = list(versions)
    found = exposures_in([version.file for version in listed])
    for version, exposures in zip(listed, found, strict=True):
        lines = version.file.text.splitlines()
        for exposure in exposures:
            line = lines[exposure.line - 1].strip() if exposure.line and exposure.line <= len(lines) else None
            if line is None or line not in version.known:
                source = version.file.at(exposure.line)
                yield AddedCredential(
                    version.file.source_path, exposure.kind, exposure.certain, source=source, commit=version.commit
                )


def _in_objects(diff: Diff) -> Iterator[AddedCredential]:
    """Credentials in fields that the change sets; what stood there before is not of its making."""
    changes = [change for change in diff.changes if change.head is not None]
    found = exposures_of([change.obj for change in changes])
    for change, exposures in zip(changes, found, strict=True):
        for exposure in exposures:
            if change.change == "added" or any(_within(exposure.path, item.path) for item in change.fields):
                source = change.obj.origin.source(exposure.path) if change.obj.origin.file else None
                yield AddedCredential(
                    str(change.key), exposure.kind, exposure.certain, change.obj, exposure.path, source
                )


def _within(path: Path, changed: Path) -> bool:
    return path[: len(changed)] == changed or changed[: len(path)] == path


# -- addresses -------------------------------------------------------------------------------------------------------


class _Sensitive(Value, frozen=True):
    what: Literal["datastore", "administration interface"]
    owner: str
    clients: tuple[str, ...] | None


def _addresses(
    inventory: Inventory, workloads: tuple[Workload, ...], datastores: tuple[Datastore, ...], diff: Diff
) -> Iterator[AddedAddress]:
    sensitive = _sensitive(inventory, datastores)
    for change in diff.changes:
        if change.head is None:
            continue
        for path, text in _settings(change):
            for name, namespace in sorted(set(_NAME.findall(text))):
                target = sensitive.get((name, namespace))
                if target is not None and namespace != change.key.namespace:
                    allowed = _allowed(change.obj, target, workloads)
                    yield AddedAddress(change.obj, path, f"{name}.{namespace}", target.what, target.owner, allowed)


def _sensitive(inventory: Inventory, datastores: tuple[Datastore, ...]) -> Mapping[tuple[str, str], _Sensitive]:
    """(name, namespace) of each Service that leads to a datastore or is an administration interface."""
    found: dict[tuple[str, str], _Sensitive] = {}
    for service in inventory.of("Service"):
        if _ADMIN.search(service.key.name):
            owner = str(service.key)
            found[service.key.name, service.key.namespace] = _Sensitive("administration interface", owner, None)
    for store in datastores:
        target = _Sensitive("datastore", store.id, store.clients)
        for name in store.services:
            found[name.rpartition("/")[2], store.namespace] = target
        for service in inventory.of("Service"):
            if service.key.namespace == store.namespace and _leads_to(service, store):
                found[service.key.name, service.key.namespace] = target
    return found


def _leads_to(service: Manifest, store: Datastore) -> bool:
    selector = dig(service, "spec", "selector")
    if store.obj is None or not isinstance(selector, dict) or not selector:
        return False
    path = POD_TEMPLATES.get((store.obj.key.group, store.obj.key.kind))
    labels = dig(store.obj, *(path or ()), "metadata", "labels", default={})
    plain = {str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else {}
    return selects({"matchLabels": {str(k): str(v) for k, v in selector.items()}}, plain)


def _settings(change: ObjectChange) -> Iterator[tuple[Path, str]]:
    """The texts that the change writes into what configures a program: ConfigMaps, variables, arguments, aliases."""
    obj = change.obj
    roots = [item.path for item in change.fields] if change.change == "changed" else [()]
    for path, text in _texts(obj, ()):
        if _configures(obj, path) and any(path[: len(root)] == root for root in roots):
            yield path, text


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _configures(obj: Manifest, path: Path) -> bool:
    key = obj.key
    if (key.group, key.kind) == ("", "ConfigMap"):
        return path[:1] == ("data",)
    if (key.group, key.kind) == ("", "Service"):
        return path == ("spec", "externalName")
    if (key.group, key.kind) in POD_TEMPLATES:
        return bool({"env", "args", "command"} & set(path))
    return False


def _allowed(obj: Manifest, target: _Sensitive, workloads: tuple[Workload, ...]) -> bool | None:
    """Whether whoever reads this configuration may reach the target: declared clients may know its address."""
    if target.what != "datastore":
        return False
    if obj.key.kind == "Service":
        return False
    if target.clients is None:
        return None
    if (obj.key.group, obj.key.kind) in POD_TEMPLATES:
        readers = {str(obj.key)}
    else:
        readers = {w.id for w in workloads if w.namespace == obj.key.namespace and _reads(w, obj.key.name)}
    return bool(readers) and readers <= set(target.clients)


def _reads(workload: Workload, name: str) -> bool:
    """Whether a workload takes a ConfigMap in, as variables or as files."""
    for volume in items(workload.spec, "volumes"):
        projected = [dig(source, "configMap", "name") for source in items(volume, "projected", "sources")]
        if name in (dig(volume, "configMap", "name"), *projected):
            return True
    for container in workload.containers:
        froms = [dig(one, "configMapRef", "name") for one in items(container.spec, "envFrom")]
        froms += [dig(one, "valueFrom", "configMapKeyRef", "name") for one in items(container.spec, "env")]
        if name in froms:
            return True
    return False
