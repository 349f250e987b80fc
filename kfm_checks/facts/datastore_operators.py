"""Custom resources that become datastores, with the labels of the pods and the names of the Services that they make.

Each was looked up in the operator's own documentation or source, which the comment above it names (repository: place).
docs/agreement/operators.md says when, and what was not found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from kfm_checks.facts.datastore_kinds import (
    CASSANDRA,
    CLICKHOUSE,
    ELASTICSEARCH,
    MARIADB,
    MILVUS,
    MINIO,
    MONGODB,
    MYSQL,
    NEO4J,
    OPENSEARCH,
    POSTGRES,
    QDRANT,
    REDIS,
    SCYLLA,
    Product,
)
from kfm_checks.facts.objects import dig
from kfm_checks.model import Manifest


class Operator(NamedTuple):
    """A custom resource that becomes a datastore.

    ``pods`` are the labels of each kind of pod that serves data, None where no public source tells them; ``services``
    the names of the Services that lead to them. "{name}" is the resource's name, "{spec.x}" a field of it; what names
    a field that is absent is left out.
    """

    product: Product
    pods: tuple[Mapping[str, str], ...] | None
    services: tuple[str, ...] = ("{name}",)
    #: More pods, which are made where a field is true: (field, labels).
    where: tuple[tuple[str, Mapping[str, str]], ...] = ()

    def labels(self, obj: Manifest) -> list[dict[str, str]]:
        """The labels of each kind of pod that a resource becomes."""
        made = [*(self.pods or ()), *(pods for field, pods in self.where if dig(obj, *field.split(".")) is True)]
        return [{key: filled(value, obj) for key, value in pods.items()} for pods in made]


def filled(text: str, obj: Manifest) -> str:
    """A template of a label or name with the fields of a resource; "" where one of them is absent."""
    values = {
        word: obj.key.name if word == "name" else dig(obj, *word.split(".")) for word in re.findall(r"{([^}]+)}", text)
    }
    if not all(value and isinstance(value, str) for value in values.values()):
        return ""
    return re.sub(r"{([^}]+)}", lambda found: str(values[found[1]]), text)


_INSTANCE = "app.kubernetes.io/instance"
_NAME = "app.kubernetes.io/name"
_COMPONENT = "app.kubernetes.io/component"
_PERCONA_MONGODB = {_NAME: "percona-server-mongodb", _INSTANCE: "{name}"}
_CRUNCHY = {"postgres-operator.crunchydata.com/cluster": "{name}", "postgres-operator.crunchydata.com/data": "postgres"}
_CRUNCHY_SERVICES = ("{name}-primary", "{name}-replicas", "{name}-ha", "{name}-pods", "{name}-pgbouncer")


# kubedb/apimachinery: apis/kubedb/v1, OffshootSelectors and ResourceFQN of each kind
def _kubedb(product: Product, plural: str) -> Operator:
    labels = {_NAME: f"{plural}.kubedb.com", _INSTANCE: "{name}", "app.kubernetes.io/managed-by": "kubedb.com"}
    return Operator(product, (labels,))


# OT-CONTAINER-KIT/redis-operator: internal/k8sutils, labels.go and the redis-….go beside it
def _opstree(name: str, setup: str, role: str) -> dict[str, str]:
    return {"app": name, "redis_setup_type": setup, "role": role}


# The role's label is documented for a team's own Services, which lead to the primary or to the replicas alone.
def _cnpg(role: str) -> dict[str, str]:
    labels = {"cnpg.io/cluster": "{name}", "cnpg.io/podRole": "instance"}
    return {**labels, "cnpg.io/instanceRole": role, "role": role}


def _spilo(role: str) -> dict[str, str]:
    return {"application": "spilo", "cluster-name": "{name}", "spilo-role": role}


#: By (group, kind).
OPERATORS: Mapping[tuple[str, str], Operator] = {
    # cloudnative-pg/cloudnative-pg: docs/src/labels_annotations.md, docs/src/service_management.md
    ("postgresql.cnpg.io", "Cluster"): Operator(
        POSTGRES,
        (_cnpg("primary"), _cnpg("replica")),
        ("{name}-rw", "{name}-ro", "{name}-r"),
    ),
    # zalando/postgres-operator: docs/reference/operator_parameters.md (defaults)
    ("acid.zalan.do", "postgresql"): Operator(
        POSTGRES, (_spilo("master"), _spilo("replica")), ("{name}", "{name}-repl", "{name}-pooler")
    ),
    # CrunchyData/postgres-operator: internal/naming, internal/controller/postgrescluster/instance.go
    ("postgres-operator.crunchydata.com", "PostgresCluster"): Operator(POSTGRES, (_CRUNCHY,), _CRUNCHY_SERVICES),
    # percona/percona-postgresql-operator: the same places
    ("pgv2.percona.com", "PerconaPGCluster"): Operator(POSTGRES, (_CRUNCHY,), _CRUNCHY_SERVICES),
    # percona/percona-server-mongodb-operator: pkg/naming/labels.go and service.go
    ("psmdb.percona.com", "PerconaServerMongoDB"): Operator(
        MONGODB,
        ({**_PERCONA_MONGODB, _COMPONENT: "mongod"},),
        ("{name}-rs0", "{name}-mongos"),
        (("spec.sharding.enabled", {**_PERCONA_MONGODB, _COMPONENT: "mongos"}),),
    ),
    # percona/percona-xtradb-cluster-operator: pkg/naming/labels.go, pkg/apis/pxc/v1/pxc_types.go
    ("pxc.percona.com", "PerconaXtraDBCluster"): Operator(
        MYSQL,
        ({_NAME: "percona-xtradb-cluster", _INSTANCE: "{name}", _COMPONENT: "pxc"},),
        ("{name}-pxc", "{name}-haproxy", "{name}-haproxy-replicas", "{name}-proxysql"),
    ),
    # mongodb/mongodb-kubernetes-operator: controllers/construct/mongodbstatefulset.go
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): Operator(MONGODB, ({"app": "{name}-svc"},), ("{name}-svc",)),
    # elastic/cloud-on-k8s: pkg/controller/elasticsearch/label/label.go, pkg/apis/elasticsearch/v1/name.go
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): Operator(
        ELASTICSEARCH,
        ({"common.k8s.elastic.co/type": "elasticsearch", "elasticsearch.k8s.elastic.co/cluster-name": "{name}"},),
        ("{name}-es-http", "{name}-es-transport", "{name}-es-internal-http"),
    ),
    # opensearch-project/opensearch-k8s-operator: docs/userguide/migration-guide.md, pkg/builders/cluster.go
    ("opensearch.opster.io", "OpenSearchCluster"): Operator(
        OPENSEARCH, ({"opster.io/opensearch-cluster": "{name}"},), ("{spec.general.serviceName}",)
    ),
    ("opensearch.org", "OpenSearchCluster"): Operator(
        OPENSEARCH, ({"opensearch.org/opensearch-cluster": "{name}"},), ("{spec.general.serviceName}",)
    ),
    # mariadb-operator/mariadb-operator: pkg/builder/labels/labels.go, api/v1alpha1/mariadb_keys.go
    ("k8s.mariadb.com", "MariaDB"): Operator(
        MARIADB,
        ({_NAME: "mariadb", _INSTANCE: "{name}"},),
        ("{name}", "{name}-internal", "{name}-primary", "{name}-secondary"),
    ),
    # mysql/mysql-operator: mysqloperator/controller/innodbcluster/cluster_objects.py
    ("mysql.oracle.com", "InnoDBCluster"): Operator(
        MYSQL, ({"component": "mysqld", "mysql.oracle.com/cluster": "{name}"},), ("{name}", "{name}-instances")
    ),
    # Altinity/clickhouse-operator: pkg/model/chi/tags/labeler/list.go, pkg/model/chi/namer/patterns.go
    ("clickhouse.altinity.com", "ClickHouseInstallation"): Operator(
        CLICKHOUSE,
        ({"clickhouse.altinity.com/app": "chop", "clickhouse.altinity.com/chi": "{name}"},),
        ("clickhouse-{name}",),
    ),
    # k8ssandra/cass-operator: apis/cassandra/v1beta1/cassandradatacenter_types.go
    ("cassandra.datastax.com", "CassandraDatacenter"): Operator(
        CASSANDRA,
        ({"cassandra.datastax.com/datacenter": "{name}"},),
        ("{spec.clusterName}-{name}-service", "{spec.clusterName}-{name}-all-pods-service"),
    ),
    # scylladb/scylla-operator: pkg/naming/labels.go and names.go
    ("scylla.scylladb.com", "ScyllaCluster"): Operator(
        SCYLLA, ({"scylla/cluster": "{name}", "app": "scylla"},), ("{name}-client",)
    ),
    # minio/operator: pkg/apis/minio.min.io/v2/labels.go and names.go
    ("minio.min.io", "Tenant"): Operator(
        MINIO, ({"v1.min.io/tenant": "{name}"},), ("minio", "{name}-console", "{name}-hl")
    ),
    # zilliztech/milvus-operator: pkg/controllers/utils.go and components.go
    ("milvus.io", "Milvus"): Operator(MILVUS, ({_NAME: "milvus", _INSTANCE: "{name}"},), ("{name}-milvus",)),
    ("kubedb.com", "Postgres"): _kubedb(POSTGRES, "postgreses"),
    ("kubedb.com", "MySQL"): _kubedb(MYSQL, "mysqls"),
    ("kubedb.com", "MariaDB"): _kubedb(MARIADB, "mariadbs"),
    ("kubedb.com", "MongoDB"): _kubedb(MONGODB, "mongodbs"),
    ("kubedb.com", "Redis"): _kubedb(REDIS, "redises"),
    ("kubedb.com", "Elasticsearch"): _kubedb(ELASTICSEARCH, "elasticsearches"),
    # priyolahiri/neo4j-kubernetes-operator: internal/resources/cluster.go, internal/controller
    ("neo4j.neo4j.com", "Neo4jEnterpriseCluster"): Operator(
        NEO4J, ({"neo4j.com/cluster": "{name}"},), ("{name}-client", "{name}-headless", "{name}-internals")
    ),
    ("neo4j.neo4j.com", "Neo4jEnterpriseStandalone"): Operator(NEO4J, ({"app": "{name}"},), ("{name}-service",)),
    # neo4j-partners/neo4j-kubernetes-operator: src/internal/render/context.go (ClusterMemberSelectorLabels)
    ("neo4j.com", "Neo4j"): Operator(NEO4J, ({_NAME: "neo4j", _INSTANCE: "{name}"},), ("{name}", "{name}-admin")),
    ("redis.redis.opstreelabs.in", "Redis"): Operator(REDIS, (_opstree("{name}", "standalone", "standalone"),)),
    ("redis.redis.opstreelabs.in", "RedisReplication"): Operator(
        REDIS, (_opstree("{name}", "replication", "replication"),)
    ),
    ("redis.redis.opstreelabs.in", "RedisCluster"): Operator(
        REDIS,
        (_opstree("{name}-leader", "cluster", "leader"), _opstree("{name}-follower", "cluster", "follower")),
        ("{name}-leader", "{name}-follower"),
    ),
    # spotahome/redis-operator: operator/redisfailover/service/client.go and names.go; the sentinels hold no data
    ("databases.spotahome.com", "RedisFailover"): Operator(
        REDIS,
        ({_NAME: "{name}", _COMPONENT: "redis", "app.kubernetes.io/part-of": "redis-failover"},),
        ("rfr-{name}", "rfrm-{name}", "rfrs-{name}"),
    ),
    # No public source of this one was found: recognised, and not verified.
    ("qdrant.io", "QdrantCluster"): Operator(QDRANT, None),
}
