"""Which schedules cover a datastore, how long each keeps a copy, and why one makes none."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.backups import backups_of, target
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads


def obj(api: str, kind: str, spec: Any, namespace: str = "data", name: str = "b", **metadata: Any) -> dict[str, Any]:
    """An object."""
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


TEMPLATE = {"metadata": {"name": "store", "labels": {"tier": "db"}}}
POD = {
    "containers": [{"name": "d", "image": "postgres"}],
    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "extra"}}],
}
DB = obj(
    "apps/v1",
    "StatefulSet",
    {"template": {"metadata": {"labels": {"app": "db"}}, "spec": POD}, "volumeClaimTemplates": [TEMPLATE]},
    name="db",
)
SERVICES = [
    obj("v1", "Service", {"selector": {"app": "db"}}, name="postgres"), obj("v1", "Service", {"selector": {"app": "web"}}, name="web"),
    obj("v1", "Service", {"selector": {"app": "db"}}, "other", name="far"), obj("v1", "Service", {}, name="headless"),
]  # fmt: skip
CLAIMS = [
    obj("v1", "PersistentVolumeClaim", {}, name="extra", labels={"kept": "yes"}), obj("v1", "PersistentVolumeClaim", {}, name="store-db-0", labels={"n": "0"}),
    obj("v1", "PersistentVolumeClaim", {}, name="cache", labels={"no": "x"}), obj("v1", "PersistentVolumeClaim", {}, "other", name="extra", labels={"no": "y"}),
]  # fmt: skip


def covering(*objects: dict[str, Any], datastore: dict[str, Any] | None = None) -> list[tuple[str, str, str]]:
    """(schedule, retention, problem) of what covers the datastore."""
    store = datastore or DB
    found = inventory([store, *SERVICES, *CLAIMS, *objects])
    made = workloads(found)
    workload = next(
        (one for one in made if one.name == "db" and one.namespace == "data" and one.kind == "StatefulSet"), None
    )
    here = found.objects[0]
    return [
        (one.words, one.retention, one.problem)
        for one in backups_of(found, made, target(found, here, workload if datastore is None else None))
    ]


def velero(template: Any, **spec: Any) -> dict[str, Any]:
    """A schedule of Velero's."""
    return obj("velero.io/v1", "Schedule", {"schedule": "0 1 * * *", "template": template, **spec}, "velero")


def test_what_identifies_a_datastore() -> None:
    """Its claims by name and by the StatefulSet's template, their labels, and the Services in front of it."""
    found = inventory([DB, *SERVICES, *CLAIMS])
    seen = target(found, found.objects[0], workloads(found)[0])
    assert (seen.namespace, seen.kind, seen.name, seen.pod_labels) == ("data", "StatefulSet", "db", {"app": "db"})
    assert (seen.claims, seen.prefixes, seen.hosts) == ({"extra"}, ("store-db-",), {"db", "postgres"})
    assert seen.claim_labels == ({"tier": "db"}, {"kept": "yes"}, {"n": "0"})
    bare = inventory([obj("example.org/v1", "Store", {}, labels={"a": "b"}), *SERVICES, *CLAIMS])
    seen = target(bare, bare.objects[0], None)
    assert (seen.pod_labels, seen.claims, seen.prefixes, seen.hosts) == ({"a": "b"}, set(), (), {"b"})


#: A template of Velero's: whether it takes the datastore (None: it is about something else).
VELERO: list[tuple[Any, bool | None]] = [
    ({}, True), (None, True), ({"includedNamespaces": ["data"]}, True), ({"includedNamespaces": ["*"]}, True), ({"includedNamespaces": ["da*"]}, True),
    ({"includedNamespaces": ["app"]}, None), ({"excludedNamespaces": ["data"]}, None), ({"excludedNamespaces": ["app"]}, True),
    ({"labelSelector": {"matchLabels": {"app": "db"}}}, True), ({"labelSelector": {"matchLabels": {"tier": "db"}}}, True),
    ({"labelSelector": {"matchLabels": {"kept": "yes"}}}, True), ({"labelSelector": {"matchLabels": {"app": "web"}}}, None),
    ({"orLabelSelectors": [{"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}]}, True), ({"orLabelSelectors": [{"matchLabels": {"no": "x"}}]}, None),
    ({"snapshotVolumes": False}, False), ({"snapshotVolumes": False, "defaultVolumesToFsBackup": True}, True), ({"snapshotVolumes": True}, True),
    ({"includedResources": ["deployments"]}, False), *(({"includedResources": [name]}, True) for name in ("*", "PersistentVolumeClaims", "persistentvolumes", "pods", "pvc", "pv", "po")),
    *(({"excludedResources": [name]}, False) for name in ("persistentvolumeclaims", "PersistentVolumes", "pvc", "pv")), ({"excludedResources": ["events"]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("template", "taken"), VELERO)
def test_what_velero_takes(template: Any, taken: bool | None) -> None:
    """Namespaces, labels and resources of the backup's template (velero.io, "Schedule"); 30 days unless it says more."""
    wanted = (
        []
        if taken is None
        else [("Schedule b", "720h0m0s (Velero's default)", "")]
        if taken
        else [("Schedule b", "", "leaves the volumes out")]
    )
    assert covering(velero(template)) == wanted


def test_a_schedule_of_velero() -> None:
    """It has to run, and may say how long it keeps."""
    assert covering(velero({"ttl": "48h"})) == [("Schedule b", "48h", "")]
    assert covering(velero({}, paused=True)) == [("Schedule b", "", "is paused")]
    assert covering(velero({}, schedule="")) == [("Schedule b", "", "has no schedule")]
    assert covering(velero({}, paused=False)) == covering(velero({}))


def cron(command: Any, namespace: str = "data", name: str = "copy", volumes: Any = (), **spec: Any) -> dict[str, Any]:
    """A CronJob that runs a command."""
    pod = {"containers": [{"name": "c", "image": "x", "command": command}], "volumes": list(volumes)}
    return obj("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec}, namespace, name)


MOUNT = [{"name": "v", "persistentVolumeClaim": {"claimName": "store-db-0"}}]
CRON: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (cron(["pg_dump", "-h", "postgres"]), [("CronJob copy", "", "")]),
    (cron(["pg_dump", "-h", "db"]), [("CronJob copy", "", "")]),
    (cron(["pg_dump", "-h", "web"]), []), (cron(["pg_dump", "-h", "postgres-old"]), []), (cron(["pg_dump", "-h", "postgres.example"]), []),
    (cron(["psql", "-h", "postgres"]), []), (cron(["psql", "-h", "postgres"], name="db-backup"), [("CronJob db-backup", "", "")]),
    (cron(["pg_dump", "-h", "postgres.data"], "jobs"), [("CronJob copy", "", "")]), (cron(["pg_dump", "-h", "postgres"], "jobs"), []),
    (cron(["pg_dump", "-h", "postgres.data.svc.cluster.local"], "jobs"), [("CronJob copy", "", "")]), (cron(["pg_dump", "-h", "postgres.database"], "jobs"), []),
    (cron(["restic", "backup", "/v"], volumes=MOUNT), [("CronJob copy", "", "")]), (cron(["restic", "backup", "/v"], "jobs", volumes=MOUNT), []),
    (cron(["restic", "backup", "/v"], volumes=[{"persistentVolumeClaim": {"claimName": "extra"}}]), [("CronJob copy", "", "")]),
    (cron(["restic", "backup", "/v"], volumes=[{"persistentVolumeClaim": {"claimName": "cache"}}]), []),
    (cron(["sh", "-c", "pg_dump -h postgres && restic forget --keep-daily 7"]), [("CronJob copy", "its command removes old copies", "")]),
    (cron(["sh", {"pg_dump": 1}, "postgres"]), []), (cron(["psql", 5432, "postgres"]), []),
    (cron(["pg_dump", "-h", "postgres"], suspend=True), [("CronJob copy", "", "is suspended")]),
    (obj("batch/v1", "Job", {"template": {"spec": {"containers": [{"command": ["pg_dump", "-h", "postgres"]}]}}}), []),
]  # fmt: skip


@pytest.mark.parametrize(("job", "wanted"), CRON)
def test_a_cron_job_that_copies(job: dict[str, Any], wanted: list[Any]) -> None:
    """It runs a tool of that trade, and mounts the datastore's claim or calls one of its hosts."""
    assert covering(job) == wanted


def test_words_of_variables_and_init_containers_count() -> None:
    """The host may stand in the environment, the tool in an init container."""
    job = cron(["sh"])
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["containers"][0]["env"] = [{"name": "PGHOST", "value": "postgres"}]
    spec["initContainers"] = [{"name": "i", "args": ["pg_dump"]}]
    assert covering(job) == [("CronJob copy", "", "")]
    spec["initContainers"] = [{"name": "pg_dump", "image": "x"}]
    assert covering(job) == [("CronJob copy", "", "")]


@pytest.mark.parametrize(
    "tool",
    [
        "pg_dump", "pg_basebackup", "pgbackrest", "wal-g", "barman", "neo4j-admin", "mysqldump", "mariadb-dump", "mongodump", "redis-cli --rdb", "restic",
        "velero", "kopia", "borg", "rclone", "mc mirror", "mc cp", "aws s3", "gsutil", "azcopy", "etcdctl snapshot", "curl _snapshot", "elasticdump",
    ],
)  # fmt: skip
def test_tools_that_copy(tool: str) -> None:
    """Each of them, beside the datastore's address."""
    assert covering(cron(["sh", "-c", f"{tool} postgres"])) == [("CronJob copy", "", "")]


def test_what_covers_nothing_hides_nothing() -> None:
    """Schedules and Services are looked at one by one, in any order."""
    other = {**velero({"includedNamespaces": ["app"]}), "metadata": {"name": "0", "namespace": "velero"}}
    unfit = [
        other,
        cron(["true"], name="0"),
        obj("v1", "Service", {"selector": {"app": "web"}}, name="0"),
        obj("v1", "Pod", {"containers": []}, name="0"),
    ]
    assert covering(*unfit, velero({}), cron(["pg_dump", "-h", "last"]), obj("v1", "Service", {"selector": {"app": "db"}}, name="last")) == [
        ("Schedule b", "720h0m0s (Velero's default)", ""), ("CronJob copy", "", ""),
    ]  # fmt: skip


K8UP, SNAP, VOLSYNC, KASTEN = (
    "k8up.io/v1",
    "snapscheduler.backube/v1",
    "volsync.backube/v1alpha1",
    "config.kio.kasten.io/v1alpha1",
)
BACKUP = [{"action": "backup"}]


def kasten(expression: Any, actions: Any = BACKUP) -> dict[str, Any]:
    """A policy of Kasten's."""
    return obj(KASTEN, "Policy", {"selector": expression, "actions": actions, "retention": {"daily": 7}}, "kasten-io")


def by_namespace(operator: str, *values: str) -> dict[str, Any]:
    """How Kasten selects namespaces."""
    return {"matchExpressions": [{"key": "k10.kasten.io/appNamespace", "operator": operator, "values": list(values)}]}


VOLUMES: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (obj(K8UP, "Schedule", {"backup": {"schedule": "@daily"}, "prune": {"retention": {"keepLast": 5, "keepDaily": 14}}}), [("Schedule b", "keepDaily: 14, keepLast: 5", "")]),
    (obj(K8UP, "Schedule", {"backup": {"schedule": "@daily"}, "prune": {"retention": {"keepLast": 0}}}), [("Schedule b", "", "")]),
    (obj(K8UP, "Schedule", {"prune": {"schedule": "@daily"}}), []), (obj(K8UP, "Schedule", {"backup": {"schedule": "@daily"}}, "other"), []),
    (obj(SNAP, "SnapshotSchedule", {"retention": {"maxCount": 3}}), [("SnapshotSchedule b", "maxCount: 3", "")]),
    (obj(SNAP, "SnapshotSchedule", {"claimSelector": {"matchLabels": {"tier": "db"}}, "disabled": True}), [("SnapshotSchedule b", "", "is disabled")]),
    (obj(SNAP, "SnapshotSchedule", {"claimSelector": {"matchLabels": {"no": "x"}}}), []), (obj(SNAP, "SnapshotSchedule", {}, "other"), []),
    (obj(VOLSYNC, "ReplicationSource", {"sourcePVC": "extra", "trigger": {"schedule": "@daily"}, "restic": {"retain": {"daily": 2}}}), [("ReplicationSource b", "daily: 2", "")]),
    (obj(VOLSYNC, "ReplicationSource", {"sourcePVC": "store-db-0", "trigger": {"schedule": "@daily"}, "paused": True}), [("ReplicationSource b", "", "is paused")]),
    (obj(VOLSYNC, "ReplicationSource", {"sourcePVC": "cache", "trigger": {"schedule": "@daily"}}), []), (obj(VOLSYNC, "ReplicationSource", {"sourcePVC": "extra"}), []),
    (obj(VOLSYNC, "ReplicationSource", {"sourcePVC": "extra", "trigger": {"schedule": "@daily"}}, "other"), []),
    (kasten(by_namespace("In", "data", "app")), [("Policy b", "daily: 7", "")]), (kasten(by_namespace("In", "app")), []),
    (kasten(by_namespace("NotIn", "app")), [("Policy b", "daily: 7", "")]), (kasten(by_namespace("NotIn", "data")), []),
    (kasten({"matchLabels": {"k10.kasten.io/appNamespace": "data"}}), [("Policy b", "daily: 7", "")]), (kasten(None), []),
    (kasten(by_namespace("In", "data"), [{"action": "report"}]), []),
]  # fmt: skip


@pytest.mark.parametrize(("schedule", "wanted"), VOLUMES)
def test_schedules_of_volumes(schedule: dict[str, Any], wanted: list[Any]) -> None:
    """K8up by its namespace, SnapScheduler by labels of claims, VolSync by the claim, Kasten by the namespaces that it selects."""
    assert covering(schedule) == wanted


CNPG, CRUNCHY = "postgresql.cnpg.io/v1", "postgres-operator.crunchydata.com/v1beta1"


def test_cloud_native_pg() -> None:
    """A ScheduledBackup of this cluster; the cluster says how long a copy is kept, else the store that it archives to."""
    cluster = obj(CNPG, "Cluster", {"backup": {"retentionPolicy": "30d"}}, name="pg")
    daily = obj(CNPG, "ScheduledBackup", {"schedule": "0 0 * * * *", "cluster": {"name": "pg"}})
    assert covering(daily, datastore=cluster) == [("ScheduledBackup b", "30d", "")]
    silent = obj(CNPG, "Cluster", {}, name="pg")
    stores = [
        obj("barmancloud.cnpg.io/v1", "ObjectStore", {"retentionPolicy": keep}, space)
        for keep, space in (("9d", "other"), ("7d", "data"))
    ]
    assert covering(daily, *stores, datastore=silent) == [("ScheduledBackup b", "7d", "")]
    assert covering(daily, *stores, datastore=cluster) == [("ScheduledBackup b", "30d", "")]
    suspended = obj(CNPG, "ScheduledBackup", {"schedule": "x", "suspend": True, "cluster": {"name": "pg"}})
    unscheduled = obj(CNPG, "ScheduledBackup", {"cluster": {"name": "pg"}})
    assert covering(suspended, datastore=silent) == [("ScheduledBackup b", "", "is suspended")]
    assert covering(unscheduled, datastore=silent) == [("ScheduledBackup b", "", "has no schedule")]
    others = [
        obj(CNPG, "ScheduledBackup", {"schedule": "x", "cluster": {"name": "my"}}),
        obj(CNPG, "ScheduledBackup", {"schedule": "x", "cluster": {"name": "pg"}}, "other"),
    ]
    assert covering(*others, datastore=silent) == []


def crunchy(repos: Any, settings: Any) -> dict[str, Any]:
    """A PostgresCluster of Crunchy Data's operator."""
    return obj(CRUNCHY, "PostgresCluster", {"backups": {"pgbackrest": {"repos": repos, "global": settings}}})


def percona(schedule: Any, field: str = "schedule", **backup: Any) -> dict[str, Any]:
    """A cluster of one of Percona's operators."""
    return obj("pxc.percona.com/v1", "PerconaXtraDBCluster", {"backup": {field: schedule, **backup}})


OWN: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (crunchy([{"name": "repo1", "schedules": {"full": "@weekly"}}], {"repo1-retention-full": "14", "repo1-path": "/x"}), [("PostgresCluster b", "repo1-retention-full=14", "")]),
    (crunchy([{"name": "repo1", "schedules": {"full": "@weekly"}}], None), [("PostgresCluster b", "", "")]), (crunchy([{"name": "repo1"}], {"repo1-retention-full": "14"}), []),
    (percona([{"name": "daily", "keep": 5}]), [("PerconaXtraDBCluster b", "keeps 5", "")]), (percona([{"name": "daily"}], enabled=False), [("PerconaXtraDBCluster b", "", "is disabled")]),
    (percona([{"keep": "5"}, {"keep": 3}], "tasks", enabled=True), [("PerconaXtraDBCluster b", "keeps 3", "")]), (percona([]), []), (percona("daily"), []),
]  # fmt: skip


@pytest.mark.parametrize(("store", "wanted"), OWN)
def test_what_the_datastore_tells_its_operator(store: dict[str, Any], wanted: list[Any]) -> None:
    """Crunchy's repositories with schedules; Percona's schedules, and tasks of its operator for MongoDB."""
    assert covering(datastore=store) == wanted
