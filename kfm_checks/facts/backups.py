"""Backup schedules of the render, and which of them cover a datastore, with what retention."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.disruption import selects
from kfm_checks.facts.objects import Inventory, dig, items, labels_of
from kfm_checks.facts.selectors import matches_map
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest
from kfm_checks.values import Value

#: What Velero keeps a backup for where the schedule gives no ``ttl`` (its documented default).
VELERO_TTL = "720h0m0s"
#: Kinds whose whole purpose is a backup schedule: (group, kind).
SCHEDULES = (
    ("velero.io", "Schedule"),
    ("postgresql.cnpg.io", "ScheduledBackup"),
    ("k8up.io", "Schedule"),
    ("snapscheduler.backube", "SnapshotSchedule"),
    ("volsync.backube", "ReplicationSource"),
    ("config.kio.kasten.io", "Policy"),
)
#: Programs that copy a datastore away; a CronJob that runs one of them beside the datastore's address is a backup.
_TOOLS = re.compile(
    r"pg_dump|pg_basebackup|pgbackrest|wal-g|barman|neo4j-admin|mysqldump|mariadb-dump|mongodump"
    r"|redis-cli --rdb|restic|velero|kopia|borg|rclone|mc mirror|mc cp|aws s3|gsutil|azcopy"
    r"|etcdctl snapshot|_snapshot|elasticdump|backup"
)
_RETENTION = re.compile(r"retention|retain|keep[-_ ]|forget|prune|expire|older-than|max-age|-mtime", re.I)
#: Resources that hold a datastore's volumes, as Velero's include and exclude lists name them.
_VOLUMES = ("persistentvolumeclaims", "persistentvolumes", "pods")
#: The label by which a policy of Kasten K10 selects namespaces.
_KASTEN_NAMESPACE = "k10.kasten.io/appNamespace"


class Target(Value, frozen=True):
    """A datastore as backups see it."""

    namespace: str
    kind: str
    name: str
    obj: Manifest
    pod_labels: Mapping[str, str]
    #: Claims by exact name, and the prefixes of those that a StatefulSet makes (``data-postgis-``).
    claims: frozenset[str]
    prefixes: tuple[str, ...]
    claim_labels: tuple[Mapping[str, str], ...]
    hosts: frozenset[str]


class Backup(Value, frozen=True):
    """One schedule that covers a datastore. ``retention`` is "" where nothing says how long a copy is kept."""

    obj: Manifest
    retention: str
    #: Why it makes no copy (suspended, no schedule), "" where it does.
    problem: str = ""

    @property
    def words(self) -> str:
        """The schedule's kind and name."""
        return f"{self.obj.key.kind} {self.obj.key.name}"


def target(inventory: Inventory, obj: Manifest, workload: Workload | None) -> Target:
    """What identifies a datastore to backups: its claims, its labels, the hosts that its Services give it."""
    namespace, name = obj.key.namespace, obj.key.name
    spec = workload.spec if workload is not None else {}
    claims = {str(dig(volume, "persistentVolumeClaim", "claimName")) for volume in items(spec, "volumes")} - {"None"}
    templates = items(obj, "spec", "volumeClaimTemplates")
    prefixes = tuple(f"{dig(item, 'metadata', 'name', default='')}-{name}-" for item in templates)
    rendered = [
        claim
        for claim in inventory.of("PersistentVolumeClaim")
        if claim.key.namespace == namespace
        and (claim.key.name in claims or claim.key.name.startswith(prefixes or ("\0",)))
    ]
    labels = tuple(labels_of(item) for item in [*templates, *rendered])
    hosts = {name}
    for service in inventory.of("Service"):
        selector = dig(service, "spec", "selector")
        if service.key.namespace != namespace or workload is None or not isinstance(selector, dict):
            continue
        if matches_map(selector, workload.pod_labels):
            hosts.add(service.key.name)
    pod_labels = workload.pod_labels if workload is not None else labels_of(obj)
    return Target(namespace, obj.key.kind, name, obj, pod_labels, frozenset(claims), prefixes, labels, frozenset(hosts))


def backups_of(inventory: Inventory, workloads: tuple[Workload, ...], wanted: Target) -> tuple[Backup, ...]:
    """Every schedule that covers a datastore, also those that make no copy."""
    return (
        *_own(inventory, wanted),
        *_velero(inventory, wanted),
        *_cron_jobs(workloads, wanted),
        *_volume_schedules(inventory, wanted),
    )


def _names(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _velero(inventory: Inventory, wanted: Target) -> Iterator[Backup]:
    for obj in inventory.of("Schedule", "velero.io"):
        template = dig(obj, "spec", "template", default={})
        if not _velero_namespace(template, wanted.namespace) or not _velero_labels(template, wanted):
            continue
        if not _velero_volumes(template):
            yield Backup(obj, "", "leaves the volumes out")
        elif dig(obj, "spec", "paused") is True:
            yield Backup(obj, "", "is paused")
        elif not dig(obj, "spec", "schedule"):
            yield Backup(obj, "", "has no schedule")
        else:
            yield Backup(obj, str(dig(template, "ttl", default=f"{VELERO_TTL} (Velero's default)")))


def _velero_namespace(template: Any, namespace: str) -> bool:
    included = _names(dig(template, "includedNamespaces")) or ["*"]
    excluded = _names(dig(template, "excludedNamespaces"))
    matched = any(fnmatch.fnmatchcase(namespace, pattern) for pattern in included)
    return matched and not any(fnmatch.fnmatchcase(namespace, pattern) for pattern in excluded)


def _velero_labels(template: Any, wanted: Target) -> bool:
    selectors = [
        s for s in (dig(template, "labelSelector"), *items(template, "orLabelSelectors")) if isinstance(s, dict)
    ]
    candidates = [wanted.pod_labels, *wanted.claim_labels]
    return not selectors or any(selects(selector, labels) for selector in selectors for labels in candidates)


def _velero_volumes(template: Any) -> bool:
    """Whether volumes' content is in the backup: snapshots switched off need file-system backup instead."""
    included = [name.lower() for name in _names(dig(template, "includedResources"))] or ["*"]
    excluded = [name.lower() for name in _names(dig(template, "excludedResources"))]
    if "*" not in included and not set(included) & {*_VOLUMES, "pvc", "pv", "po"}:
        return False
    if set(excluded) & {"persistentvolumeclaims", "persistentvolumes", "pvc", "pv"}:
        return False
    return dig(template, "snapshotVolumes") is not False or dig(template, "defaultVolumesToFsBackup") is True


def _cron_jobs(workloads: tuple[Workload, ...], wanted: Target) -> Iterator[Backup]:
    for workload in workloads:
        if workload.kind != "CronJob":
            continue
        text = "\n".join(_texts([workload.spec.get("containers"), workload.spec.get("initContainers")]))
        if not (_mounts(workload, wanted) or _addresses(workload, text, wanted)) or not _TOOLS.search(
            text + workload.name
        ):
            continue
        found = _RETENTION.search(text)
        if dig(workload.obj, "spec", "suspend") is True:
            yield Backup(workload.obj, "", "is suspended")
        else:
            yield Backup(workload.obj, "its command removes old copies" if found else "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        yield " ".join(item for item in value if isinstance(item, str))
        for item in value:
            if isinstance(item, dict | list):
                yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _mounts(workload: Workload, wanted: Target) -> bool:
    if workload.namespace != wanted.namespace:
        return False
    names = [str(dig(volume, "persistentVolumeClaim", "claimName")) for volume in items(workload.spec, "volumes")]
    return any(name in wanted.claims or name.startswith(wanted.prefixes or ("\0",)) for name in names)


def _addresses(workload: Workload, text: str, wanted: Target) -> bool:
    for host in wanted.hosts:
        full = rf"(?<![\w.-]){re.escape(host)}\.{re.escape(wanted.namespace)}(?![\w-])"
        short = rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)"
        if re.search(full, text) or (workload.namespace == wanted.namespace and re.search(short, text)):
            return True
    return False


def _own(inventory: Inventory, wanted: Target) -> Iterator[Backup]:
    """What the datastore's operator is told by its own objects."""
    if wanted.obj.key.group == "postgresql.cnpg.io":
        yield from _cloud_native_pg(inventory, wanted)
    elif wanted.obj.key.group == "postgres-operator.crunchydata.com":
        settings = dig(wanted.obj, "spec", "backups", "pgbackrest", "global", default={})
        named = settings.items() if isinstance(settings, dict) else ()
        kept = min((f"{key}={value}" for key, value in named if "-retention-" in str(key)), default="")
        if any(dig(repo, "schedules") for repo in items(wanted.obj, "spec", "backups", "pgbackrest", "repos")):
            yield Backup(wanted.obj, kept)
    elif (scheduled := items(wanted.obj, "spec", "backup", "schedule")) or items(wanted.obj, "spec", "backup", "tasks"):
        tasks = scheduled or items(wanted.obj, "spec", "backup", "tasks")
        kept = next((f"keeps {task['keep']}" for task in tasks if isinstance(task.get("keep"), int)), "")
        yield Backup(
            wanted.obj, kept, "" if dig(wanted.obj, "spec", "backup", "enabled") is not False else "is disabled"
        )


def _cloud_native_pg(inventory: Inventory, wanted: Target) -> Iterator[Backup]:
    kept = str(dig(wanted.obj, "spec", "backup", "retentionPolicy", default=""))
    for store in inventory.of("ObjectStore", "barmancloud.cnpg.io"):
        if store.key.namespace == wanted.namespace:
            kept = kept or str(dig(store, "spec", "retentionPolicy", default=""))
    for obj in inventory.of("ScheduledBackup", "postgresql.cnpg.io"):
        if obj.key.namespace == wanted.namespace and dig(obj, "spec", "cluster", "name") == wanted.name:
            problem = "is suspended" if dig(obj, "spec", "suspend") is True else ""
            yield Backup(obj, kept, problem or ("" if dig(obj, "spec", "schedule") else "has no schedule"))


def _volume_schedules(inventory: Inventory, wanted: Target) -> Iterator[Backup]:
    for obj in inventory.of("Schedule", "k8up.io"):
        if obj.key.namespace == wanted.namespace and dig(obj, "spec", "backup", "schedule"):
            yield Backup(obj, _shown(dig(obj, "spec", "prune", "retention")))
    for obj in inventory.of("SnapshotSchedule", "snapscheduler.backube"):
        selector = dig(obj, "spec", "claimSelector", default={})
        if obj.key.namespace == wanted.namespace and any(selects(selector, labels) for labels in wanted.claim_labels):
            problem = "is disabled" if dig(obj, "spec", "disabled") is True else ""
            yield Backup(obj, _shown(dig(obj, "spec", "retention")), problem)
    for obj in inventory.of("ReplicationSource", "volsync.backube"):
        claim = str(dig(obj, "spec", "sourcePVC", default=""))
        known = claim in wanted.claims or claim.startswith(wanted.prefixes or ("\0",))
        if obj.key.namespace == wanted.namespace and known and dig(obj, "spec", "trigger", "schedule"):
            problem = "is paused" if dig(obj, "spec", "paused") is True else ""
            yield Backup(obj, _shown(dig(obj, "spec", "restic", "retain")), problem)
    for obj in inventory.of("Policy", "config.kio.kasten.io"):
        chosen = selects(dig(obj, "spec", "selector"), {_KASTEN_NAMESPACE: wanted.namespace})
        if chosen and any(item.get("action") == "backup" for item in items(obj, "spec", "actions")):
            yield Backup(obj, _shown(dig(obj, "spec", "retention")))


def _shown(retention: Any) -> str:
    given = isinstance(retention, dict) and any(value for value in retention.values())
    return ", ".join(sorted(f"{key}: {value}" for key, value in retention.items())) if given else ""
