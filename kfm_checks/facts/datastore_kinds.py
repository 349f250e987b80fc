"""What is known of datastores from public documentation: images, ports, and the labels of operators' pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Product(NamedTuple):
    """A datastore product and the ports that it serves data on."""

    name: str
    ports: tuple[int, ...]


class Operator(NamedTuple):
    """A custom resource that becomes a datastore.

    ``labels`` are those that its documentation promises on the pods ("{name}" is the resource's name), None where it
    promises none; ``services`` the names of the Services that it makes.
    """

    product: Product
    labels: Mapping[str, str] | None
    services: tuple[str, ...] = ("{name}",)


POSTGRES = Product("PostgreSQL", (5432,))
MYSQL = Product("MySQL", (3306,))
MARIADB = Product("MariaDB", (3306,))
MONGODB = Product("MongoDB", (27017,))
REDIS = Product("Redis", (6379,))
NEO4J = Product("Neo4j", (7473, 7474, 7687))
ELASTICSEARCH = Product("Elasticsearch", (9200, 9300))
OPENSEARCH = Product("OpenSearch", (9200, 9300))
MINIO = Product("MinIO", (9000, 9001))
CASSANDRA = Product("Cassandra", (7000, 9042))
SCYLLA = Product("ScyllaDB", (9042,))
CLICKHOUSE = Product("ClickHouse", (8123, 8443, 9000, 9440))
MILVUS = Product("Milvus", (19530,))

#: The last part of an image's repository, exactly: an exporter or a pooler is no datastore.
IMAGES: Mapping[str, Product] = {
    **dict.fromkeys(
        ("postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "spilo"), POSTGRES
    ),
    **dict.fromkeys(("mysql", "mysql-server", "percona-server", "percona-xtradb-cluster"), MYSQL),
    **dict.fromkeys(("mariadb", "mariadb-galera"), MARIADB),
    **dict.fromkeys(("mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb"), MONGODB),
    **dict.fromkeys(("redis", "redis-cluster", "redis-stack", "redis-stack-server", "keydb", "dragonfly"), REDIS),
    **dict.fromkeys(("valkey", "valkey-cluster"), Product("Valkey", (6379,))),
    "neo4j": NEO4J,
    "elasticsearch": ELASTICSEARCH,
    "opensearch": OPENSEARCH,
    "minio": MINIO,
    "qdrant": Product("Qdrant", (6333, 6334)),
    "milvus": MILVUS,
    "weaviate": Product("Weaviate", (8080, 50051)),
    "chroma": Product("Chroma", (8000,)),
    "cassandra": CASSANDRA,
    "scylla": SCYLLA,
    "etcd": Product("etcd", (2379, 2380)),
    **dict.fromkeys(("clickhouse", "clickhouse-server"), CLICKHOUSE),
    "couchdb": Product("CouchDB", (5984,)),
    "influxdb": Product("InfluxDB", (8086,)),
    "cockroach": Product("CockroachDB", (26257,)),
    "arangodb": Product("ArangoDB", (8529,)),
    "solr": Product("Solr", (8983,)),
    "meilisearch": Product("Meilisearch", (7700,)),
    "typesense": Product("Typesense", (8108,)),
    "seaweedfs": Product("SeaweedFS", (8333, 8888, 9333)),
}

#: Ports that, on a workload which keeps volumes, tell a datastore whatever its image is called.
PORTS: Mapping[int, Product] = {
    5432: POSTGRES,
    3306: MYSQL,
    27017: MONGODB,
    6379: REDIS,
    7687: NEO4J,
    9042: CASSANDRA,
    9200: ELASTICSEARCH,
    6333: Product("Qdrant", (6333, 6334)),
    19530: MILVUS,
    1433: Product("SQL Server", (1433,)),
}

_INSTANCE = "app.kubernetes.io/instance"
_NAME = "app.kubernetes.io/name"
_CRUNCHY = {"postgres-operator.crunchydata.com/cluster": "{name}", "postgres-operator.crunchydata.com/data": "postgres"}


def _kubedb(product: Product, plural: str) -> Operator:
    return Operator(product, {_NAME: f"{plural}.kubedb.com", _INSTANCE: "{name}"})


#: By (group, kind).
OPERATORS: Mapping[tuple[str, str], Operator] = {
    ("postgresql.cnpg.io", "Cluster"): Operator(
        POSTGRES, {"cnpg.io/cluster": "{name}", "cnpg.io/podRole": "instance"}, ("{name}-rw", "{name}-ro", "{name}-r")
    ),
    ("acid.zalan.do", "postgresql"): Operator(
        POSTGRES, {"application": "spilo", "cluster-name": "{name}"}, ("{name}", "{name}-repl")
    ),
    ("postgres-operator.crunchydata.com", "PostgresCluster"): Operator(
        POSTGRES, _CRUNCHY, ("{name}-primary", "{name}-replicas", "{name}-ha")
    ),
    ("pgv2.percona.com", "PerconaPGCluster"): Operator(
        POSTGRES, _CRUNCHY, ("{name}-primary", "{name}-replicas", "{name}-ha", "{name}-pgbouncer")
    ),
    ("psmdb.percona.com", "PerconaServerMongoDB"): Operator(
        MONGODB, {_NAME: "percona-server-mongodb", _INSTANCE: "{name}"}, ("{name}-rs0", "{name}-mongos")
    ),
    ("pxc.percona.com", "PerconaXtraDBCluster"): Operator(
        MYSQL,
        {_NAME: "percona-xtradb-cluster", _INSTANCE: "{name}"},
        ("{name}-pxc", "{name}-haproxy", "{name}-proxysql"),
    ),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): Operator(MONGODB, {"app": "{name}-svc"}, ("{name}-svc",)),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): Operator(
        ELASTICSEARCH,
        {"common.k8s.elastic.co/type": "elasticsearch", "elasticsearch.k8s.elastic.co/cluster-name": "{name}"},
        ("{name}-es-http", "{name}-es-transport", "{name}-es-internal-http"),
    ),
    ("opensearch.opster.io", "OpenSearchCluster"): Operator(OPENSEARCH, {"opster.io/opensearch-cluster": "{name}"}),
    ("k8s.mariadb.com", "MariaDB"): Operator(
        MARIADB, {_NAME: "mariadb", _INSTANCE: "{name}"}, ("{name}", "{name}-primary", "{name}-secondary")
    ),
    ("mysql.oracle.com", "InnoDBCluster"): Operator(
        MYSQL, {"component": "mysqld", "mysql.oracle.com/cluster": "{name}"}, ("{name}", "{name}-instances")
    ),
    ("clickhouse.altinity.com", "ClickHouseInstallation"): Operator(
        CLICKHOUSE,
        {"clickhouse.altinity.com/app": "chop", "clickhouse.altinity.com/chi": "{name}"},
        ("clickhouse-{name}",),
    ),
    ("cassandra.datastax.com", "CassandraDatacenter"): Operator(
        CASSANDRA, {"cassandra.datastax.com/datacenter": "{name}"}, ()
    ),
    ("scylla.scylladb.com", "ScyllaCluster"): Operator(SCYLLA, {"scylla/cluster": "{name}"}, ("{name}-client",)),
    ("minio.min.io", "Tenant"): Operator(
        MINIO, {"v1.min.io/tenant": "{name}"}, ("minio", "{name}-console", "{name}-hl")
    ),
    ("milvus.io", "Milvus"): Operator(MILVUS, {_NAME: "milvus", _INSTANCE: "{name}"}, ("{name}-milvus",)),
    ("kubedb.com", "Postgres"): _kubedb(POSTGRES, "postgreses"),
    ("kubedb.com", "MySQL"): _kubedb(MYSQL, "mysqls"),
    ("kubedb.com", "MariaDB"): _kubedb(MARIADB, "mariadbs"),
    ("kubedb.com", "MongoDB"): _kubedb(MONGODB, "mongodbs"),
    ("kubedb.com", "Redis"): _kubedb(REDIS, "redises"),
    ("kubedb.com", "Elasticsearch"): _kubedb(ELASTICSEARCH, "elasticsearches"),
    # The documentation of these promises no labels: recognised, and not verified.
    ("neo4j.neo4j.com", "Neo4jEnterpriseCluster"): Operator(NEO4J, None),
    ("neo4j.neo4j.com", "Neo4jEnterpriseStandalone"): Operator(NEO4J, None),
    ("redis.redis.opstreelabs.in", "Redis"): Operator(REDIS, None),
    ("redis.redis.opstreelabs.in", "RedisCluster"): Operator(REDIS, None, ("{name}-leader", "{name}-follower")),
    ("redis.redis.opstreelabs.in", "RedisReplication"): Operator(REDIS, None),
    ("databases.spotahome.com", "RedisFailover"): Operator(REDIS, None, ("rfs-{name}", "rfrm-{name}", "rfrs-{name}")),
    ("qdrant.io", "QdrantCluster"): Operator(Product("Qdrant", (6333, 6334)), None),
}
