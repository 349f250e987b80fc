"""How datastores are recognised: by image, by port and volumes, by label, by declaration; and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.config import Config
from kfm_checks.config import Datastore as Declared
from kfm_checks.facts.datastores import Datastore, datastores, place
from kfm_checks.facts.network.ports import EVERYTHING
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

#: The images that projects publish, and the ports that their documentation names for data.
IMAGES: list[tuple[str, str, tuple[int, ...]]] = [
    ("postgres:16", "PostgreSQL", (5432,)), ("bitnami/postgresql:16", "PostgreSQL", (5432,)), ("postgis/postgis:16", "PostgreSQL", (5432,)),
    ("pgvector/pgvector:pg16", "PostgreSQL", (5432,)), ("timescale/timescaledb", "PostgreSQL", (5432,)), ("timescale/timescaledb-ha", "PostgreSQL", (5432,)),
    ("ghcr.io/zalando/spilo", "PostgreSQL", (5432,)), ("mysql:8", "MySQL", (3306,)), ("mysql/mysql-server", "MySQL", (3306,)),
    ("percona/percona-server", "MySQL", (3306,)), ("percona/percona-xtradb-cluster", "MySQL", (3306,)), ("mariadb:11", "MariaDB", (3306,)),
    ("bitnami/mariadb-galera", "MariaDB", (3306,)), ("mongo:7", "MongoDB", (27017,)), ("bitnami/mongodb", "MongoDB", (27017,)),
    ("mongodb/mongodb-community-server", "MongoDB", (27017,)), ("percona/percona-server-mongodb", "MongoDB", (27017,)), ("redis:7", "Redis", (6379,)),
    ("bitnami/redis-cluster", "Redis", (6379,)), ("redis/redis-stack", "Redis", (6379,)), ("redis/redis-stack-server", "Redis", (6379,)),
    ("eqalpha/keydb", "Redis", (6379,)), ("dragonflydb/dragonfly", "Redis", (6379,)), ("valkey/valkey:8", "Valkey", (6379,)),
    ("bitnami/valkey-cluster", "Valkey", (6379,)), ("neo4j:5", "Neo4j", (7473, 7474, 7687)), ("elasticsearch:8", "Elasticsearch", (9200, 9300)),
    ("opensearchproject/opensearch:2", "OpenSearch", (9200, 9300)), ("minio/minio", "MinIO", (9000, 9001)), ("qdrant/qdrant", "Qdrant", (6333, 6334)),
    ("milvusdb/milvus", "Milvus", (19530,)), ("semitechnologies/weaviate", "Weaviate", (8080, 50051)), ("chromadb/chroma", "Chroma", (8000,)),
    ("cassandra:5", "Cassandra", (7000, 9042)), ("scylladb/scylla", "ScyllaDB", (9042,)), ("quay.io/coreos/etcd", "etcd", (2379, 2380)),
    ("clickhouse/clickhouse-server", "ClickHouse", (8123, 8443, 9000, 9440)), ("bitnami/clickhouse", "ClickHouse", (8123, 8443, 9000, 9440)),
    ("couchdb:3", "CouchDB", (5984,)), ("influxdb:2", "InfluxDB", (8086,)), ("cockroachdb/cockroach", "CockroachDB", (26257,)),
    ("arangodb:3", "ArangoDB", (8529,)), ("solr:9", "Solr", (8983,)), ("getmeili/meilisearch", "Meilisearch", (7700,)),
    ("bitnami/postgresql-repmgr:16", "PostgreSQL", (5432,)), ("percona/percona-distribution-postgresql", "PostgreSQL", (5432,)),
    ("crunchydata/crunchy-postgres", "PostgreSQL", (5432,)), ("paradedb/paradedb", "PostgreSQL", (5432,)), ("mcr.microsoft.com/mssql/server:2022", "SQL Server", (1433,)),
    ("gvenzl/oracle-free", "Oracle", (1521,)), ("yugabytedb/yugabyte", "YugabyteDB", (5433, 9042)), ("ghcr.io/ferretdb/ferretdb", "FerretDB", (27017,)),
    ("surrealdb/surrealdb", "SurrealDB", (8000,)), ("questdb/questdb", "QuestDB", (8812, 9000, 9009)), ("memgraph/memgraph", "Memgraph", (7444, 7687)),
    ("dgraph/dgraph", "Dgraph", (8080, 9080)), ("janusgraph/janusgraph", "JanusGraph", (8182,)), ("ontotext/graphdb", "GraphDB", (7200,)),
    ("stain/jena-fuseki", "Jena Fuseki", (3030,)), ("openlink/virtuoso-opensource-7", "Virtuoso", (1111, 8890)), ("stardog/stardog", "Stardog", (5820,)),
    ("typesense/typesense", "Typesense", (8108,)), ("chrislusf/seaweedfs", "SeaweedFS", (8333, 8888, 9333)),
]  # fmt: skip
PORTS = [(5432, "PostgreSQL"), (3306, "MySQL"), (27017, "MongoDB"), (6379, "Redis"), (7687, "Neo4j"), (9042, "Cassandra"),
         (9200, "Elasticsearch"), (6333, "Qdrant"), (19530, "Milvus"), (1433, "SQL Server")]  # fmt: skip
CLAIMS = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]


def work(*containers: dict[str, Any], kind: str = "Deployment", labels: dict[str, str] | None = None, own: dict[str, str] | None = None, **pod: Any) -> dict[str, Any]:  # fmt: skip
    """A workload ``data/kind/db``."""
    api = {"Pod": "v1", "Job": "batch/v1", "PodTemplate": "v1"}.get(kind, "apps/v1")
    template = {"metadata": {"labels": labels or {}}, "spec": {"containers": list(containers), **pod}}
    meta = {"name": "db", "namespace": "data", "labels": own or {}}
    if kind == "PodTemplate":
        return {"apiVersion": api, "kind": kind, "metadata": meta, "template": template}
    return {"apiVersion": api, "kind": kind, "metadata": meta, "spec": {"template": template}}


def box(image: str, *ports: int, name: str = "c") -> dict[str, Any]:
    """A container."""
    return {"name": name, "image": image, "ports": [{"containerPort": port} for port in ports]}


def found(obj: dict[str, Any], *declared: Declared) -> list[Datastore]:
    """The datastores among one workload."""
    known = inventory([obj])
    return list(datastores(known, workloads(known), Config(datastores=declared)))


@pytest.mark.parametrize(("image", "product", "ports"), IMAGES)
def test_by_image(image: str, product: str, ports: tuple[int, ...]) -> None:
    """With the product's own ports where none is declared, else with those declared; a sidecar image is none."""
    (store,) = found(work(box(f"registry.example:5000/{image}")))
    assert (store.id, store.ports, store.how, store.clients) == ("data/Deployment/db", ports, "recognised", None)
    assert store.why.endswith(f"is {product}")
    assert (store.operated, store.visible) == (False, True)  # its pods are there to be seen, and nobody's operator's
    assert found(work(box(image, 1234, 99)))[0].ports == (99, 1234)
    assert found(work(box(image.partition(":")[0] + "-exporter"))) == []


@pytest.mark.parametrize(("port", "product"), PORTS)
def test_by_port_and_volumes(port: int, product: str) -> None:
    """A known port on a workload that keeps volumes; without volumes it is somebody's client or proxy."""
    (store,) = found(work(box("acme/thing", port, 9999), volumes=CLAIMS))
    assert store.why == f"recognised: port {port} and volumes: {product}" and port in store.ports
    kept = work(box("acme/thing", port), kind="StatefulSet")
    kept["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "v"}}]
    assert len(found(kept)) == 1
    assert found(work(box("acme/thing", port))) == []
    assert found(work(box("acme/thing", port + 1), volumes=CLAIMS)) == []


@pytest.mark.parametrize("kind", ["Job", "PodTemplate"])
def test_what_comes_and_goes_is_none(kind: str) -> None:
    """A dump runs the database's own image."""
    assert found(work(box("postgres:16"), kind=kind)) == []


def test_a_label_says_so_and_unsays_it() -> None:
    """On the pods first, else on the object; "false" opts out of the recognition."""
    label = "conformance.kfm/datastore"
    (store,) = found(work(box("acme/thing", 77), labels={label: "true"}))
    assert (store.how, store.ports, store.why) == ("labelled", (77,), f"labelled {label}")
    assert found(work(box("acme/thing"), own={label: "true"}))[0].how == "labelled"
    assert found(work(box("postgres"), labels={label: "false"})) == []
    assert found(work(box("postgres"), labels={label: "true"}, own={label: "false"}))[0].ports == (5432,)
    assert found(work(box("acme/thing"), labels={label: "true"}))[0].port_set == EVERYTHING


def test_a_declaration_wins() -> None:
    """Its ports and clients hold; what it leaves out comes from what is seen, else from the workload."""
    here = "data/Deployment/db"
    (store,) = found(work(box("postgres:16")), Declared(workload=here, clients=("a/Pod/x",)))
    assert (store.how, store.ports, store.clients) == ("declared", (5432,), ("a/Pod/x",))
    (store,) = found(work(box("postgres:16")), Declared(workload=here, ports=(6000,)))
    assert store.ports == (6000,) and store.port_set == (("TCP", 6000, 6000),)
    (store,) = found(work(box("acme/thing", 77)), Declared(workload=here))
    assert (store.ports, store.obj is not None) == ((77,), True)
    (store,) = found(work(box("acme/thing", 77)), Declared(workload="data/Deployment/gone"))
    assert (store.id, store.namespace, store.obj, store.ports) == ("data/Deployment/gone", "data", None, ())


def test_metrics_and_sidecars_serve_no_data() -> None:
    """A port called metrics, a port of an init container."""
    main = {
        "name": "c",
        "image": "postgres",
        "ports": [{"containerPort": 5432}, {"name": "metrics", "containerPort": 9187}],
    }
    side = {"name": "s", "image": "x", "restartPolicy": "Always", "ports": [{"containerPort": 8080}]}
    assert found(work(main, initContainers=[side]))[0].ports == (5432,)


@pytest.mark.parametrize(("id", "parts"), [("a/Pod/b", ("Pod", "a", "b")), ("a", ("", "a", "")), ("a/K/b/c", ("K", "a", "b/c"))])  # fmt: skip
def test_the_parts_of_an_id(id: str, parts: tuple[str, str, str]) -> None:
    """Kind, namespace and name."""
    assert place(id) == parts


def test_what_runs_once_or_is_a_template_serves_no_data() -> None:
    """A Job with a client's image, an init container that waits for the server, a PodTemplate; a label makes none of it one."""
    label = {"conformance.kfm/datastore": "true"}
    waiting = work({"name": "w", "image": "acme/web"}, initContainers=[{"name": "i", "image": "postgres:16"}])
    assert found(waiting) == []
    pod = {"metadata": {}, "spec": {"containers": [box("postgres:16", 5432)]}}
    head = {"metadata": {"name": "x", "namespace": "data"}}
    job = {**head, "apiVersion": "batch/v1", "kind": "Job", "spec": {"template": pod}}
    cron = {**head, "apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": pod}}}}
    template = {**head, "apiVersion": "v1", "kind": "PodTemplate", "template": pod}
    assert [found(one) for one in (job, cron, template)] == [[], [], []]
    assert found({**template, "template": {**pod, "metadata": {"labels": label}}}) == []


def test_a_label_beside_a_known_image() -> None:
    """The label is what is told; ports are those of the regular containers."""
    label = {"conformance.kfm/datastore": "true"}
    side = {"name": "s", "image": "x", "restartPolicy": "Always", "ports": [{"containerPort": 8080}]}
    (store,) = found(work(box("postgres", 5432), labels=label, initContainers=[side]))
    assert (store.how, store.why, store.ports) == ("labelled", "labelled conformance.kfm/datastore", (5432,))
    (store,) = found(work(box("acme/thing", 77), labels=label, initContainers=[side]))
    assert store.ports == (77,)
