"""What is known of datastores from public documentation: images and ports. Operators: ``datastore_operators``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Product(NamedTuple):
    """A datastore product and the ports that it serves data on."""

    name: str
    ports: tuple[int, ...]


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
QDRANT = Product("Qdrant", (6333, 6334))
SQL_SERVER = Product("SQL Server", (1433,))

#: The last part of an image's repository, or the last two, exactly: an exporter or a pooler is no datastore.
IMAGES: Mapping[str, Product] = {
    **dict.fromkeys(
        ("postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha", "spilo", "paradedb"),
        POSTGRES,
    ),
    **dict.fromkeys(("postgresql-repmgr", "percona-distribution-postgresql", "crunchy-postgres"), POSTGRES),
    **dict.fromkeys(("mysql", "mysql-server", "percona-server", "percona-xtradb-cluster"), MYSQL),
    **dict.fromkeys(("mariadb", "mariadb-galera"), MARIADB),
    **dict.fromkeys(("mongo", "mongodb", "mongodb-community-server", "percona-server-mongodb"), MONGODB),
    **dict.fromkeys(("redis", "redis-cluster", "redis-stack", "redis-stack-server", "keydb", "dragonfly"), REDIS),
    **dict.fromkeys(("valkey", "valkey-cluster"), Product("Valkey", (6379,))),
    "neo4j": NEO4J,
    "elasticsearch": ELASTICSEARCH,
    "opensearch": OPENSEARCH,
    "minio": MINIO,
    "qdrant": QDRANT,
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
    "mssql/server": SQL_SERVER,
    **dict.fromkeys(("oracle-free", "oracle-xe"), Product("Oracle", (1521,))),
    "yugabyte": Product("YugabyteDB", (5433, 9042)),
    "ferretdb": Product("FerretDB", (27017,)),
    "surrealdb": Product("SurrealDB", (8000,)),
    "questdb": Product("QuestDB", (8812, 9000, 9009)),
    **dict.fromkeys(("memgraph", "memgraph-mage"), Product("Memgraph", (7444, 7687))),
    "dgraph": Product("Dgraph", (8080, 9080)),
    "janusgraph": Product("JanusGraph", (8182,)),
    "graphdb": Product("GraphDB", (7200,)),
    "jena-fuseki": Product("Jena Fuseki", (3030,)),
    "virtuoso-opensource-7": Product("Virtuoso", (1111, 8890)),
    "stardog": Product("Stardog", (5820,)),
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
    6333: QDRANT,
    19530: MILVUS,
    1433: SQL_SERVER,
}
