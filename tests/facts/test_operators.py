"""What is known of operators' pods, Services and Secrets, as their public sources give it."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.config import Config
from kfm_checks.facts.datastore_operators import OPERATORS, filled
from kfm_checks.facts.datastores import datastores, operated
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets_operators import operator_secrets
from kfm_checks.model import Manifest


def custom(api: str, kind: str, **spec: Any) -> Manifest:
    """A custom resource ``db`` in the namespace ``data``."""
    return Manifest({"apiVersion": api, "kind": kind, "metadata": {"name": "db", "namespace": "data"}, "spec": spec})


PODS = {
    "CloudNativePG": (
        custom("postgresql.cnpg.io/v1", "Cluster", inheritedMetadata={"labels": {"team": "x"}}),
        [
            {"cnpg.io/cluster": "db", "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": x, "role": x, "team": "x"}
            for x in ("primary", "replica")
        ],
        ["db-rw", "db-ro", "db-r"],
    ),
    "Zalando": (
        custom("acid.zalan.do/v1", "postgresql"),
        [{"application": "spilo", "cluster-name": "db", "spilo-role": role} for role in ("master", "replica")],
        ["db", "db-repl", "db-pooler"],
    ),
    "ECK": (
        custom(
            "elasticsearch.k8s.elastic.co/v1",
            "Elasticsearch",
            nodeSets=[{"podTemplate": {"metadata": {"labels": {"role": "hot"}}}}, {"name": "warm"}],
        ),
        [
            {
                "common.k8s.elastic.co/type": "elasticsearch",
                "elasticsearch.k8s.elastic.co/cluster-name": "db",
                "role": "hot",
            },
            {"common.k8s.elastic.co/type": "elasticsearch", "elasticsearch.k8s.elastic.co/cluster-name": "db"},
        ],
        ["db-es-http", "db-es-transport", "db-es-internal-http"],
    ),
    "OpenSearch": (
        custom("opensearch.org/v1", "OpenSearchCluster", general={"serviceName": "search"}),
        [{"opensearch.org/opensearch-cluster": "db"}],
        ["search"],
    ),
    "OpenSearch without a name": (
        custom("opensearch.opster.io/v1", "OpenSearchCluster"),
        [{"opster.io/opensearch-cluster": "db"}],
        [],
    ),
    "Neo4j": (
        custom("neo4j.neo4j.com/v1beta1", "Neo4jEnterpriseCluster"),
        [{"neo4j.com/cluster": "db"}],
        ["db-client", "db-headless", "db-internals"],
    ),
    "MongoDB": (
        custom("psmdb.percona.com/v1", "PerconaServerMongoDB"),
        [
            {
                "app.kubernetes.io/name": "percona-server-mongodb",
                "app.kubernetes.io/instance": "db",
                "app.kubernetes.io/component": "mongod",
            }
        ],
        ["db-rs0", "db-mongos"],
    ),
    "Redis": (
        custom("redis.redis.opstreelabs.in/v1beta2", "RedisCluster"),
        [
            {"app": "db-leader", "redis_setup_type": "cluster", "role": "leader"},
            {"app": "db-follower", "redis_setup_type": "cluster", "role": "follower"},
        ],
        ["db-leader", "db-follower"],
    ),
    "KubeDB": (
        custom("kubedb.com/v1", "Postgres"),
        [
            {
                "app.kubernetes.io/name": "postgreses.kubedb.com",
                "app.kubernetes.io/instance": "db",
                "app.kubernetes.io/managed-by": "kubedb.com",
            }
        ],
        ["db"],
    ),
    "Cassandra": (
        custom("cassandra.datastax.com/v1beta1", "CassandraDatacenter", clusterName="ring"),
        [{"cassandra.datastax.com/datacenter": "db"}],
        ["ring-db-service", "ring-db-all-pods-service"],
    ),
}


@pytest.mark.parametrize("name", PODS)
def test_pods_and_services(name: str) -> None:
    """Each kind of pod with the labels that its source gives, and the Services that lead to them."""
    obj, labels, services = PODS[name]
    found = inventory([obj])
    assert [dict(pod.labels) for pod in operated(found)] == labels
    (store,) = datastores(found, (), Config())
    assert store.services == tuple(f"data/Service/{service}" for service in services)
    assert store.visible and store.operated and store.how == "recognised"


def test_an_unknown_operator_is_seen_and_has_no_pods() -> None:
    """Where no public source tells the labels, nothing is made up."""
    found = inventory([custom("qdrant.io/v1", "QdrantCluster")])
    (store,) = datastores(found, (), Config())
    assert not store.visible and not operated(found)


def test_every_template_can_be_filled() -> None:
    """A template names the resource, or a field of its spec."""
    obj = custom("v1", "X", general={"serviceName": "s"}, clusterName="c")
    for operator in OPERATORS.values():
        for labels in [*(operator.pods or ()), *(labels for _, labels in operator.where)]:
            assert all(filled(value, obj) for value in labels.values())
        assert all(filled(service, obj) for service in operator.services)


ACID = "credentials.postgresql.acid.zalan.do"
SECRETS: dict[str, tuple[Manifest, list[tuple[str, str]]]] = {
    "a named one": (
        custom("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", destination={"name": "api", "create": True}),
        [("data", "api")],
    ),
    "a name that is missing": (custom("cert-manager.io/v1", "Certificate"), []),
    "in another namespace": (
        custom("secrets.doppler.com/v1alpha1", "DopplerSecret", managedSecret={"name": "api", "namespace": "app"}),
        [("app", "api")],
    ),
    "Doppler, in its own": (
        custom("secrets.doppler.com/v1alpha1", "DopplerSecret", managedSecret={"name": "api"}),
        [("data", "api")],
    ),
    "several": (
        custom(
            "secrets.infisical.com/v1alpha1",
            "InfisicalSecret",
            managedKubeSecretReferences=[{"secretName": "a", "secretNamespace": "app"}, {"secretName": "b"}],
        ),
        [("app", "a"), ("data", "b")],
    ),
    "of its own name": (custom("onepassword.com/v1", "OnePasswordItem"), [("data", "db")]),
    "RabbitMQ": (custom("rabbitmq.com/v1beta1", "RabbitmqCluster"), [("data", "db-default-user")]),
    "CloudNativePG as it is": (
        custom("postgresql.cnpg.io/v1", "Cluster"),
        [("data", "db-app"), ("data", "db-ca"), ("data", "db-server"), ("data", "db-replication")],
    ),
    "CloudNativePG with all of one's own": (
        custom(
            "postgresql.cnpg.io/v1",
            "Cluster",
            enableSuperuserAccess=True,
            superuserSecret={"name": "root"},
            bootstrap={"recovery": {"secret": {"name": "mine"}}},
            certificates={"serverCASecret": "a", "serverTLSSecret": "b", "replicationTLSSecret": "c"},
        ),
        [],
    ),
    "CloudNativePG with a superuser": (
        custom(
            "postgresql.cnpg.io/v1",
            "Cluster",
            enableSuperuserAccess=True,
            bootstrap={"initdb": {"secret": {"name": "mine"}}},
            certificates={"serverCASecret": "a", "serverTLSSecret": "b", "replicationTLSSecret": "c"},
        ),
        [("data", "db-superuser")],
    ),
    "Zalando": (
        custom("acid.zalan.do/v1", "postgresql", users={"foo_user": []}),
        [("data", f"foo-user.db.{ACID}"), ("data", f"postgres.db.{ACID}"), ("data", f"standby.db.{ACID}")],
    ),
    "Crunchy by default": (
        custom("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster"),
        [("data", "db-pguser-db")],
    ),
    "Crunchy with users": (
        custom("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", users=[{"name": "api"}]),
        [("data", "db-pguser-api")],
    ),
    "Percona": (custom("pgv2.percona.com/v2", "PerconaPGCluster", users=[]), []),
    "MariaDB by default": (
        custom("k8s.mariadb.com/v1alpha1", "MariaDB"),
        [("data", "db-root"), ("data", "db-password")],
    ),
    "MariaDB with a Secret of one's own": (
        custom(
            "k8s.mariadb.com/v1alpha1",
            "MariaDB",
            rootPasswordSecretKeyRef={"name": "db-root", "key": "p"},
            passwordSecretKeyRef={"name": "made", "key": "p", "generate": True},
        ),
        [("data", "made")],
    ),
    "no operator": (custom("v1", "ConfigMap"), []),
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets(name: str) -> None:
    """The Secrets that an operator writes, and none that its resource takes from elsewhere."""
    obj, wanted = SECRETS[name]
    assert list(operator_secrets(obj)) == wanted


NAMES = [
    ("cert-manager.io/v1", "Certificate", {"secretName": "s"}, ["s"]),
    *(("secrets.hashicorp.com/v1beta1", kind, {"destination": {"name": "s"}}, ["s"])
      for kind in ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "HCPVaultSecretsApp")),
    *(("secrets.infisical.com/v1alpha1", kind, {"managedSecretReference": {"secretName": "s", "secretNamespace": "data"}}, ["s"])
      for kind in ("InfisicalSecret", "InfisicalDynamicSecret")),
    ("spv.no/v2beta1", "AzureKeyVaultSecret", {"output": {"secret": {"name": "s"}}}, ["s"]),
    *((f"{group}/v1", kind, {}, ["db"]) for group, kind in (
        ("onepassword.com", "OnePasswordItem"), ("secretgenerator.mittwald.de", "StringSecret"), ("secretgenerator.mittwald.de", "BasicAuth"),
        ("secretgenerator.mittwald.de", "SSHKeyPair"), ("secretgen.k14s.io", "Password"), ("secretgen.k14s.io", "Certificate"),
        ("secretgen.k14s.io", "RSAKey"), ("secretgen.k14s.io", "SSHKey"), ("kafka.strimzi.io", "KafkaUser"), ("ricoberger.de", "VaultSecret"))),
    ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", {},
     ["db-es-elastic-user", "db-es-http-certs-public", "db-es-http-ca-internal", "db-es-internal-users"]),
    ("kibana.k8s.elastic.co/v1", "Kibana", {}, ["db-kb-http-certs-public"]), ("rabbitmq.com/v1beta1", "RabbitmqCluster", {}, ["db-default-user"]),
    ("kafka.strimzi.io/v1beta2", "Kafka", {}, ["db-cluster-ca-cert", "db-clients-ca-cert"]),
    ("pgv2.percona.com/v2", "PerconaPGCluster", {}, ["db-pguser-db"]),
    *(("postgresql.cnpg.io/v1", "Cluster", {"bootstrap": {way: {"secret": {"name": "mine"}}}}, ["db-ca", "db-server", "db-replication"])
      for way in ("initdb", "recovery", "pg_basebackup")),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind", "spec", "names"), NAMES)
def test_names_of_secrets(api: str, kind: str, spec: dict[str, Any], names: list[str]) -> None:
    """In the namespace of the resource; a kind of the same name elsewhere makes none."""
    assert list(operator_secrets(custom(api, kind, **spec))) == [("data", name) for name in names]
    assert list(operator_secrets(custom("example.org/v1", kind, **spec))) == []
