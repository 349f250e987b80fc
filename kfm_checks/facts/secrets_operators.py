"""Secrets that an operator writes in the cluster: which names, by the operator's own documentation or source.

The comment above each names the place (repository: file). docs/agreement/operators.md says when it was looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest

#: (group, kind) -> paths to the name, and to the namespace where the object may give one ("": its own).
_NAMED: Mapping[tuple[str, str], tuple[str, str]] = {
    # cert-manager: API reference, CertificateSpec
    ("cert-manager.io", "Certificate"): ("spec.secretName", ""),
    # hashicorp/vault-secrets-operator: api/v1beta1/common.go (Destination), and each *_types.go
    ("secrets.hashicorp.com", "VaultStaticSecret"): ("spec.destination.name", ""),
    ("secrets.hashicorp.com", "VaultDynamicSecret"): ("spec.destination.name", ""),
    ("secrets.hashicorp.com", "VaultPKISecret"): ("spec.destination.name", ""),
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): ("spec.destination.name", ""),
    # DopplerHQ/kubernetes-operator: api/v1alpha1/dopplersecret_types.go (ManagedSecretReference)
    ("secrets.doppler.com", "DopplerSecret"): ("spec.managedSecret.name", "spec.managedSecret.namespace"),
    # Infisical/kubernetes-operator: api/v1alpha1/common.go (ManagedKubeSecretConfig)
    ("secrets.infisical.com", "InfisicalSecret"): (
        "spec.managedSecretReference.secretName", "spec.managedSecretReference.secretNamespace"),
    ("secrets.infisical.com", "InfisicalDynamicSecret"): (
        "spec.managedSecretReference.secretName", "spec.managedSecretReference.secretNamespace"),
    # SparebankenVest/azure-key-vault-to-kubernetes: pkg/k8s/apis/azurekeyvault/v2beta1/types.go
    ("spv.no", "AzureKeyVaultSecret"): ("spec.output.secret.name", ""),
    # 1Password/onepassword-operator: internal/controller/onepassworditem_controller.go
    ("onepassword.com", "OnePasswordItem"): ("metadata.name", ""),
    # bitwarden/sm-kubernetes: api/v1/bitwardensecret_types.go
    ("k8s.bitwarden.com", "BitwardenSecret"): ("spec.secretName", ""),
    # mittwald/kubernetes-secret-generator: pkg/controller/crd
    ("secretgenerator.mittwald.de", "StringSecret"): ("metadata.name", ""),
    ("secretgenerator.mittwald.de", "BasicAuth"): ("metadata.name", ""),
    ("secretgenerator.mittwald.de", "SSHKeyPair"): ("metadata.name", ""),
    # carvel-dev/secretgen-controller: docs/password.md, certificate.md, rsa_key.md, ssh_key.md
    ("secretgen.k14s.io", "Password"): ("metadata.name", ""),
    ("secretgen.k14s.io", "Certificate"): ("metadata.name", ""),
    ("secretgen.k14s.io", "RSAKey"): ("metadata.name", ""),
    ("secretgen.k14s.io", "SSHKey"): ("metadata.name", ""),
    # strimzi/strimzi-kafka-operator: documentation/modules/configuring/con-configuring-user-operator.adoc
    ("kafka.strimzi.io", "KafkaUser"): ("metadata.name", ""),
    # ricoberger/vault-secrets-operator: internal/controller/vaultsecret_controller.go
    ("ricoberger.de", "VaultSecret"): ("metadata.name", ""),
}  # fmt: skip
#: (group, kind) -> endings after the object's name.
_SUFFIXED: Mapping[tuple[str, str], tuple[str, ...]] = {
    # elastic/cloud-on-k8s: pkg/apis/elasticsearch/v1/name.go, pkg/controller/common/certificates
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): (
        "-es-elastic-user", "-es-http-certs-public", "-es-http-ca-internal", "-es-internal-users",
    ),
    ("kibana.k8s.elastic.co", "Kibana"): ("-kb-http-certs-public",),
    # rabbitmq/cluster-operator: internal/resource/default_user_secret.go
    ("rabbitmq.com", "RabbitmqCluster"): ("-default-user",),
    # strimzi/strimzi-kafka-operator: documentation/modules/configuring/ref-list-of-kafka-cluster-resources.adoc
    ("kafka.strimzi.io", "Kafka"): ("-cluster-ca-cert", "-clients-ca-cert"),
}  # fmt: skip


def operator_secrets(obj: Manifest) -> Iterator[tuple[str, str]]:
    """(namespace, name) of each Secret that the operator of an object writes."""
    key = obj.key
    kind = (key.group, key.kind)
    if kind in _NAMED:
        name, namespace = (dig(obj, *path.split(".")) if path else None for path in _NAMED[kind])
        if isinstance(name, str):
            yield str(namespace or key.namespace), name
    if kind == ("secrets.infisical.com", "InfisicalSecret"):
        for item in items(obj, "spec", "managedKubeSecretReferences"):
            yield str(item.get("secretNamespace") or key.namespace), str(item.get("secretName"))
    for suffix in _SUFFIXED.get(kind, ()):
        yield key.namespace, key.name + suffix
    if kind in _COMPUTED:
        for name in _COMPUTED[kind](obj):
            yield key.namespace, name


# cloudnative-pg/cloudnative-pg: docs/src/applications.md; api/v1/cluster_funcs.go (Get…SecretName)
def _cloudnative(obj: Manifest) -> Iterator[str]:
    ways = ("initdb", "recovery", "pg_basebackup")
    if not any(dig(obj, "spec", "bootstrap", way, "secret", "name") for way in ways):
        yield f"{obj.key.name}-app"
    if dig(obj, "spec", "enableSuperuserAccess") is True and not dig(obj, "spec", "superuserSecret", "name"):
        yield f"{obj.key.name}-superuser"
    own = (("-ca", "serverCASecret"), ("-server", "serverTLSSecret"), ("-replication", "replicationTLSSecret"))
    for suffix, given in own:
        if not dig(obj, "spec", "certificates", given):
            yield f"{obj.key.name}{suffix}"


# zalando/postgres-operator: docs/user.md, docs/reference/operator_parameters.md, pkg/cluster/util.go (by its defaults)
def _zalando(obj: Manifest) -> Iterator[str]:
    users = dig(obj, "spec", "users")
    for user in sorted({"postgres", "standby", *(users if isinstance(users, dict) else ())}):
        yield f"{user.replace('_', '-')}.{obj.key.name}.credentials.postgresql.acid.zalan.do"


# CrunchyData/postgres-operator and percona/percona-postgresql-operator: internal/naming/names.go, postgres.go
def _crunchy(obj: Manifest) -> Iterator[str]:
    listed = dig(obj, "spec", "users")
    users = [obj.key.name] if listed is None else [str(item.get("name")) for item in items(obj, "spec", "users")]
    for user in users:
        yield f"{obj.key.name}-pguser-{user}"


# mariadb-operator/mariadb-operator: api/v1alpha1/mariadb_keys.go, mariadb_types.go (SetDefaults)
def _mariadb(obj: Manifest) -> Iterator[str]:
    for field, suffix in (("rootPasswordSecretKeyRef", "-root"), ("passwordSecretKeyRef", "-password")):
        given = dig(obj, "spec", field)
        if not given:
            yield obj.key.name + suffix
        elif dig(given, "generate") is True:
            yield str(dig(given, "name"))


_COMPUTED: Mapping[tuple[str, str], Callable[[Manifest], Iterator[str]]] = {
    ("postgresql.cnpg.io", "Cluster"): _cloudnative,
    ("acid.zalan.do", "postgresql"): _zalando,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): _crunchy,
    ("pgv2.percona.com", "PerconaPGCluster"): _crunchy,
    ("k8s.mariadb.com", "MariaDB"): _mariadb,
}
