"""What makes each Secret, from where, who uses it, and what the entries of a plain one hold."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml

from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets_makers import secret_makers
from kfm_checks.facts.secrets_stores import external_secret_backing, provider_backing
from kfm_checks.facts.secrets_uses import direct_backends, secret_uses
from kfm_checks.facts.secrets_values import judge_entry, secret_entries
from kfm_checks.facts.workloads import workloads
from kfm_checks.model import Manifest

#: (namespace, Secret, whether from a controlled backend, a word of the reason)
Made = tuple[str, str, bool | None, str]
ESO = "external-secrets.io/v1"


def b64(text: str) -> str:
    """As ``data`` has it."""
    return base64.b64encode(text.encode()).decode()


def load(text: str) -> Any:
    """The objects of a text, in the namespace app unless they say otherwise."""
    objects = [one for one in yaml.safe_load_all(text) if one]
    for one in objects:
        if one["kind"] not in ("Namespace", "ClusterSecretStore", "ClusterExternalSecret", "ClusterIssuer"):
            one["metadata"].setdefault("namespace", "app")
    return inventory(objects)


VAULT = f"---\n{{apiVersion: {ESO}, kind: ClusterSecretStore, metadata: {{name: vault}}, spec: {{provider: {{vault: {{}}}}}}}}\n"
SPACES = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: app, labels: {team: a}}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: data, labels: {team: b}}}\n"
SPREAD = "{secretStoreRef: {name: vault, kind: ClusterSecretStore}, target: {name: s}}"
MAKERS: dict[str, tuple[str, list[Made]]] = {
    "ExternalSecret by its target": (
        f"{{apiVersion: {ESO}, kind: ExternalSecret, metadata: {{name: x}}, spec: {SPREAD}}}\n" + VAULT,
        [("app", "s", True, "vault")],
    ),
    "ExternalSecret by its own name": (
        f"{{apiVersion: {ESO}, kind: ExternalSecret, metadata: {{name: x}}, spec: {{secretStoreRef: {{name: gone}}}}}}\n",
        [("app", "x", None, "not among the rendered objects")],
    ),
    "ClusterExternalSecret by selector": (
        f"{{apiVersion: {ESO}, kind: ClusterExternalSecret, metadata: {{name: c}}, spec: {{namespaceSelector: {{matchLabels: {{team: b}}}}, externalSecretSpec: {SPREAD}}}}}\n" + VAULT + SPACES,
        [("data", "s", True, "vault")],
    ),
    "ClusterExternalSecret by selectors and names": (
        f"{{apiVersion: {ESO}, kind: ClusterExternalSecret, metadata: {{name: c}}, spec: {{namespaceSelectors: [{{matchLabels: {{team: a}}}}], namespaces: [other], externalSecretSpec: {SPREAD}}}}}\n" + VAULT + SPACES,
        [("app", "s", True, "vault"), ("other", "s", True, "vault")],
    ),
    "ClusterExternalSecret by its own name of the Secret": (
        f"{{apiVersion: {ESO}, kind: ClusterExternalSecret, metadata: {{name: c}}, spec: {{externalSecretName: own, namespaces: [app], externalSecretSpec: {{secretStoreRef: {{name: vault, kind: ClusterSecretStore}}}}}}}}\n" + VAULT,
        [("app", "own", True, "vault")],
    ),
    "ClusterExternalSecret for nobody here": (
        f"{{apiVersion: {ESO}, kind: ClusterExternalSecret, metadata: {{name: c}}, spec: {{namespaceSelector: {{matchExpressions: [{{key: team, operator: Is}}]}}, externalSecretSpec: {{secretStoreRef: {{name: vault, kind: ClusterSecretStore}}}}}}}}\n" + VAULT + SPACES,
        [("", "c", True, "vault")],
    ),
    "SealedSecret": ("{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x}, spec: {}}", [("app", "x", True, "decrypts")]),
    "SealedSecret under another name": (
        "{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: x}, spec: {template: {metadata: {name: y}}}}",
        [("app", "y", True, "decrypts")],
    ),
    "SopsSecret": (
        "{apiVersion: isindir.github.com/v1alpha3, kind: SopsSecret, metadata: {name: x}, spec: {secretTemplates: [{name: a}, {name: b}]}}",
        [("app", "a", True, "SOPS"), ("app", "b", True, "SOPS")],
    ),
    "secrets store driver": (
        "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: x}, spec: {provider: azure, secretObjects: [{secretName: a}, {secretName: b}]}}",
        [("app", "a", True, "azure"), ("app", "b", True, "azure")],
    ),
    "secrets store driver without a Secret": (
        "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: x}, spec: {provider: vault}}",
        [("app", "", True, "vault")],
    ),
    "secrets store driver without a provider": (
        "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: x}, spec: {}}",
        [("app", "", None, "names no provider")],
    ),
    "an ACME account": (
        "{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: x}, spec: {acme: {privateKeySecretRef: {name: key}}}}",
        [("cert-manager", "key", True, "account's key")],
    ),
    "an ACME account of a namespace": (
        "{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {name: x}, spec: {acme: {privateKeySecretRef: {name: key}}}}",
        [("app", "key", True, "account's key")],
    ),
    "Crossplane's connection": (
        "{apiVersion: rds.aws.upbound.io/v1, kind: Instance, metadata: {name: x}, spec: {writeConnectionSecretToRef: {name: conn, namespace: data}}}",
        [("data", "conn", True, "operator of Instance")],
    ),
    "Crossplane's connection in its own namespace": (
        "{apiVersion: db.example/v1, kind: Claim, metadata: {name: x}, spec: {writeConnectionSecretToRef: {name: conn}}}",
        [("app", "conn", True, "operator of Claim")],
    ),
    "an Ingress that asks for a certificate": (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, annotations: {cert-manager.io/cluster-issuer: le}}, spec: {tls: [{secretName: a}, {hosts: [x]}, {secretName: b}]}}",
        [("app", "a", True, "certificate"), ("app", "b", True, "certificate")],
    ),
    "a Gateway that asks for one": (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: x, annotations: {cert-manager.io/issuer: le}}, spec: {listeners: [{tls: {certificateRefs: [{name: a}, {kind: Other, name: b}]}}]}}",
        [("app", "a", True, "certificate")],
    ),
    "an Ingress that asks for nothing": (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x}, spec: {tls: [{secretName: a}]}}",
        [],
    ),
    "a token that the cluster fills in": (
        "{apiVersion: v1, kind: Secret, metadata: {name: x}, type: kubernetes.io/service-account-token}",
        [("app", "x", True, "service account's token")],
    ),
    "a generator's": (
        "{apiVersion: v1, kind: Secret, metadata: {name: x, annotations: {secret-generator.v1.mittwald.de/autogenerate: password}}}",
        [("app", "x", True, "secret generator")],
    ),
    "a generator's with a value all the same": (
        "{apiVersion: v1, kind: Secret, metadata: {name: x, annotations: {secret-generator.v1.mittwald.de/autogenerate: a}}, stringData: {password: Xk29fLq81Zp}}",
        [("app", "x", False, "value in the manifest")],
    ),
    "a value": ("{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {password: Xk29fLq81Zp}}", [("app", "x", False, "value in the manifest")]),
    "nobody can tell": ("{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {thing: word}}", [("app", "x", None, "nobody can tell")]),
    "ciphertext": ("{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {password: 'ENC[AES256_GCM,data:x]'}}", [("app", "x", True, "ciphertext")]),
    "a reference": ("{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {password: '<path:kv/db#pass>'}}", [("app", "x", True, "references")]),
    "nothing secret": ("{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {url: 'https://a.example'}}", [("app", "x", True, "no secret value")]),
    "empty": ("{apiVersion: v1, kind: Secret, metadata: {name: x}}", [("app", "x", None, "empty in the render")]),
    "a custom Secret of another group": ("{apiVersion: example.org/v1, kind: Secret, metadata: {name: x}, spec: {}}", []),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_what_makes_a_secret(name: str) -> None:
    """Its namespace, its name, whether from a controlled backend, and why."""
    source, wanted = MAKERS[name]
    seen = [(m.namespace, m.secret, m.controlled, m.why) for m in secret_makers(load(source))]
    assert [one[:3] for one in seen] == [one[:3] for one in wanted]
    assert all(word in why for (*_, why), (*_, word) in zip(seen, wanted, strict=True))


def test_the_first_value_is_the_place() -> None:
    """A plain Secret is blamed at the entry that tells; a harmless one as a whole."""
    bad = "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a-url: 'https://a.example', password: Xk29fLq81Zp}}"
    good = "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {url: 'https://a.example'}}"
    assert [m.path for m in secret_makers(load(bad))] == [("stringData", "password")]
    assert [m.path for m in secret_makers(load(good))] == [()]
    odd = "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {a-url: 'https://a.example', thing: word}}"
    assert [m.path for m in secret_makers(load(odd))] == [("stringData", "thing")]


PROVIDERS: list[tuple[Any, bool | None, str]] = [
    ({"vault": {}}, True, "vault"), ({"aws": {}}, True, "aws"), ({"fake": {}}, False, "fake"), ({"kubernetes": {}}, False, "same cluster"),
    ({"kubernetes": {"server": {"url": "https://kubernetes.default.svc"}}}, False, "same cluster"),
    ({"kubernetes": {"server": {"url": "https://localhost:6443"}}}, False, "same cluster"),
    ({"kubernetes": {"server": {"url": "https://other.example"}}}, None, "another cluster"), ({"webhook": {}}, None, "webhook"),
    ({"vault": {}, "fake": {}}, False, "fake"), ({"aws": {}, "webhook": {}}, None, "webhook"), ({}, None, "no provider"), (None, None, "no provider"),
    ("vault", None, "no provider"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "controlled", "word"), PROVIDERS)
def test_providers_of_stores(provider: Any, controlled: bool | None, word: str) -> None:
    """A backend outside is controlled; a fake one and this very cluster are not; the worst of several counts."""
    store = Manifest({"apiVersion": ESO, "kind": "SecretStore", "metadata": {"name": "s"}, "spec": {"provider": provider}})  # fmt: skip
    found = provider_backing(store)
    assert found.controlled is controlled and word in found.why


SOURCES: list[tuple[Any, bool | None]] = [
    ({"secretStoreRef": {"name": "good"}}, True), ({"secretStoreRef": {"name": "bad"}}, False), ({"secretStoreRef": {"name": "good", "kind": "ClusterSecretStore"}}, None),
    ({"secretStoreRef": {"name": "wide", "kind": "ClusterSecretStore"}}, True), ({"secretStoreRef": {"name": "wide"}}, None),
    ({"secretStoreRef": {"name": "good"}, "data": [{"sourceRef": {"storeRef": {"name": "bad"}}}]}, False),
    ({"secretStoreRef": {"name": "good"}, "dataFrom": [{"sourceRef": {"storeRef": {"name": "gone"}}}]}, None),
    ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password"}}}]}, True), ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Fake"}}}]}, False),
    ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Webhook"}}}]}, None), ({}, None), (None, None),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "controlled"), SOURCES)
def test_where_an_external_secret_comes_from(spec: Any, controlled: bool | None) -> None:
    """Its store, the stores of its entries, its generators; a store of another namespace is none of its own."""
    stores = "".join(
        f"---\n{{apiVersion: {ESO}, kind: {kind}, metadata: {{name: {name}}}, spec: {{provider: {provider}}}}}\n"
        for kind, name, provider in (("SecretStore", "good", "{vault: {}}"), ("SecretStore", "bad", "{fake: {}}"), ("ClusterSecretStore", "wide", "{aws: {}}"))
    )  # fmt: skip
    assert external_secret_backing(spec, "app", load(stores)).controlled is controlled
    if spec and spec.get("secretStoreRef", {}).get("kind") is None and "secretStoreRef" in spec:
        assert external_secret_backing(spec, "other", load(stores)).controlled is None


USES = """
apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {vault.hashicorp.com/agent-inject: "true"}}
spec:
  imagePullSecrets: [{name: pull}, {}]
  containers:
    - name: c
      env:
        - {name: A, valueFrom: {secretKeyRef: {name: env, key: k}}}
        - {name: B, valueFrom: {secretKeyRef: {name: maybe, key: k, optional: true}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: map, key: k}}}
      envFrom: [{secretRef: {name: all}}, {configMapRef: {name: map}}]
  volumes:
    - {name: v, secret: {secretName: file}}
    - {name: o, secret: {secretName: loose, optional: true}}
    - {name: p, projected: {sources: [{configMap: {name: map}}, {secret: {name: part, optional: true}}]}}
    - {name: x, csi: {driver: secrets-store.csi.k8s.io}}
    - {name: y, csi: {driver: other.example}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s}, imagePullSecrets: [{name: pull2}]}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {tls: [{secretName: tls}]}}
"""


def test_every_use_of_a_secret() -> None:
    """By variable, whole, as a file, to pull images, for TLS; with its place, and whether it may be absent."""
    found = load(USES)
    pods = workloads(found)
    at = ("spec", "containers", 0)
    assert {use.secret: (use.path, use.optional) for use in secret_uses(found, pods)} == {
        "env": ((*at, "env", 0, "valueFrom", "secretKeyRef", "name"), False),
        "maybe": ((*at, "env", 1, "valueFrom", "secretKeyRef", "name"), True),
        "all": ((*at, "envFrom", 0, "secretRef", "name"), False),
        "pull": (("spec", "imagePullSecrets", 0, "name"), False),
        "file": (("spec", "volumes", 0, "secret", "secretName"), False),
        "loose": (("spec", "volumes", 1, "secret", "secretName"), True),
        "part": (("spec", "volumes", 2, "projected", "sources", 1, "secret", "name"), True),
        "pull2": (("imagePullSecrets", 0, "name"), False),
        "tls": (("spec", "tls", 0, "secretName"), False),
    }
    assert {use.namespace for use in secret_uses(found, pods)} == {"app"}
    assert [(one.path, one.why.split()[0]) for one in direct_backends(pods)] == [
        (("spec", "volumes", 3, "csi"), "the"),
        (("metadata", "annotations", "vault.hashicorp.com/agent-inject"), "Vault's"),
    ]


def test_the_place_of_an_annotation_in_a_template() -> None:
    """Beside the spec of the pods, not of the workload."""
    meta = "{annotations: {vault.hashicorp.com/agent-inject: 'true'}}"
    text = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: d}}, spec: {{template: {{metadata: {meta}, spec: {{}}}}}}}}"
    (found,) = direct_backends(workloads(load(text)))
    assert found.path == ("spec", "template", "metadata", "annotations", "vault.hashicorp.com/agent-inject")


PEM = "-----BEGIN PRIVATE KEY-----\nbm90IGEgcmVhbCBrZXkgYXQgYWxs\n-----END PRIVATE KEY-----\n"
ENTRIES: list[tuple[str, str, Any, bool, str]] = [
    ("Opaque", "password", "Xk29fLq81Zp", False, "credential"), ("Opaque", "password", b64("Xk29fLq81Zp"), True, "credential"),
    ("Opaque", "anything", "Xk29fLq81Zp", False, "credential"), ("Opaque", "anything", "ab1", False, "unclear"), ("Opaque", "anything", "word", False, "unclear"),
    ("Opaque", "anything", "p@ss!", False, "credential"), ("Opaque", "username", "Xk29fLq81Zp", False, "harmless"), ("Opaque", "db-host", "db.data.svc", False, "harmless"),
    ("Opaque", "aws-region", "eu-1", False, "harmless"), ("Opaque", "access-key-id", "abc1def", False, "harmless"), ("Opaque", "ca.crt", "abc123def", False, "harmless"),
    ("Opaque", "settings", '{"a": 1}', False, "harmless"), ("Opaque", "settings", '{"a": x1y2z3}', False, "credential"), ("Opaque", "notes", "two\nlines 12", False, "harmless"),
    ("Opaque", "password", "", False, "harmless"), ("Opaque", "password", None, False, "harmless"), ("Opaque", "password", "${DB_PASSWORD}", False, "reference"),
    ("Opaque", "password", "vault:v1:abc", False, "ciphertext"), ("Opaque", "password", b64("$ANSIBLE_VAULT;1.1"), True, "ciphertext"),
    ("Opaque", "password", "-----BEGIN AGE ENCRYPTED FILE-----", False, "ciphertext"), ("Opaque", "enabled", True, False, "harmless"),
    ("Opaque", "key.pem", PEM, False, "credential"), ("Opaque", "cert", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", False, "harmless"),
    ("Opaque", "bundle", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" + PEM, False, "credential"),
    ("Opaque", "store.jks", b64("xx"), True, "credential"), ("Opaque", "blob", base64.b64encode(b"\xfe\xed\xfe\xed\x00").decode(), True, "credential"),
    ("Opaque", "blob", base64.b64encode(b"\xff\x00\x01").decode(), True, "unclear"), ("Opaque", "ca.crt", base64.b64encode(b"\xff\x00\x01").decode(), True, "harmless"),
    ("Opaque", "password", "not base64!", True, "credential"), ("kubernetes.io/basic-auth", "password", "word", False, "credential"),
    ("kubernetes.io/basic-auth", "username", "word", False, "harmless"), ("kubernetes.io/ssh-auth", "ssh-privatekey", "word", False, "credential"),
    ("kubernetes.io/tls", "tls.key", "word", False, "credential"), ("kubernetes.io/tls", "tls.crt", "word", False, "harmless"),
    ("kubernetes.io/service-account-token", "token", "word", False, "credential"), ("bootstrap.kubernetes.io/token", "token-secret", "word", False, "credential"),
    ("Opaque", "tls.key", "word", False, "unclear"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "key", "value", "encoded", "grade"), ENTRIES)
def test_what_an_entry_holds(kind: str, key: str, value: Any, encoded: bool, grade: str) -> None:
    """A credential, something harmless, a reference, ciphertext, or nobody can tell."""
    assert judge_entry(kind, key, value, encoded=encoded)[0] == grade


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("kubernetes.io/basic-auth", "password"), ("kubernetes.io/ssh-auth", "ssh-privatekey"), ("kubernetes.io/tls", "tls.key"),
        ("kubernetes.io/service-account-token", "token"), ("bootstrap.kubernetes.io/token", "token-secret"),
    ],
)  # fmt: skip
def test_the_secret_of_a_type(kind: str, key: str) -> None:
    """What Kubernetes itself keeps there is the secret, whatever it looks like; no entry of the same name elsewhere."""
    assert judge_entry(kind, key, "word", encoded=False) == ("credential", f"the secret of a {kind}")
    assert judge_entry(kind, "other", "word", encoded=False)[0] == "unclear"
    assert judge_entry("Opaque", "thing", "word", encoded=False)[0] == "unclear"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("a1b2c3", "credential"), ("a1b2c", "unclear"), ("ab!cd", "credential"), ("a:b@c", "unclear"), ("Ab, cd", "unclear"), ('{"a": "b"}', "harmless"),
        ("{a: b", "credential"), ("one\ntwo", "harmless"),
    ],
)  # fmt: skip
def test_a_value_of_no_known_form(text: str, grade: str) -> None:
    """Letters with digits from six characters on, or a mark that words don't have, look like what Secrets are for."""
    assert judge_entry("Opaque", "thing", text, encoded=False)[0] == grade
    assert judge_entry("Opaque", "thing", b64(text), encoded=True)[0] == grade


def test_entries_of_a_secret() -> None:
    """In sorted order, base64 decoded in ``data`` alone; a field that is no mapping is one that nobody can read."""
    found = secret_entries({"data": {"b": b64("word"), "a": b64("a1b2c3")}, "stringData": ["x"]})
    assert [(entry.path, entry.key, entry.grade) for entry in found] == [
        (("data", "a"), "a", "credential"), (("data", "b"), "b", "unclear"), (("stringData",), "stringData", "unclear"),
    ]  # fmt: skip
    assert secret_entries({"data": "x", "stringData": {"a": "word"}})[1].path == ("stringData", "a")
    assert secret_entries({"type": "kubernetes.io/tls", "stringData": {"tls.key": "word"}})[0].grade == "credential"
    assert (
        secret_entries({"data": {"a": "no base64!"}})[0].grade
        == judge_entry("Opaque", "a", "no base64!", encoded=False)[0]
    )


@pytest.mark.parametrize(
    "value",
    [5, "x", {"a": {"secretName": "b"}}, [5], [{"secretName": 5}], [{"tls": {"certificateRefs": 5}}, {"tls": 5}]],
)
def test_hostile_shapes_of_certificates(value: Any) -> None:
    """They name no Secret, and nothing crashes."""
    notes = {"name": "x", "namespace": "a", "annotations": {"cert-manager.io/issuer": "i"}}
    objects = [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": notes, "spec": {"tls": value}},
               {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": notes, "spec": {"listeners": value}}]  # fmt: skip
    found = inventory(objects)
    assert secret_uses(found, ()) == () and secret_makers(found) == ()


def test_names_that_are_no_text_use_nothing() -> None:
    """A Secret's name is text, and not empty; what a Gateway serves from is a use."""
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "k"}}} for name in (1, "", None, "s")]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"containers": [{"name": "c", "env": env}]},
    }
    gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g", "namespace": "a"},
               "spec": {"listeners": [{}, {"tls": {"certificateRefs": [{"kind": "Other", "name": "o"}, {"name": "t"}]}}]}}  # fmt: skip
    found = inventory([pod, gateway])
    uses = secret_uses(found, workloads(found))
    assert [(use.secret, use.path) for use in uses] == [
        ("s", ("spec", "containers", 0, "env", 3, "valueFrom", "secretKeyRef", "name")),
        ("t", ("spec", "listeners", 1, "tls", "certificateRefs", 1, "name")),
    ]
    assert not any(use.optional for use in uses)


def test_the_worst_of_several_stores_counts() -> None:
    """A store that copies from this cluster beats one that nobody can see, which beats a vault; in any order."""

    def store(name: str, **provider: Any) -> dict[str, Any]:
        return {
            "apiVersion": ESO,
            "kind": "SecretStore",
            "metadata": {"name": name, "namespace": "a"},
            "spec": {"provider": provider},
        }

    found = inventory([store("vault", vault={}), store("copy", kubernetes={}), store("hook", webhook={})])

    def judged(*names: str) -> bool | None:
        data = [{"sourceRef": {"storeRef": {"name": name}}} for name in names]
        return external_secret_backing({"data": data}, "a", found).controlled

    assert [judged("vault", "hook", "copy"), judged("hook", "copy"), judged("copy", "hook")] == [False, False, False]
    assert [judged("vault", "hook"), judged("hook", "vault"), judged("vault")] == [None, None, True]
