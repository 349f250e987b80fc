"""Where credentials are found: in every place of an object, and in files of every kind, by line."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.secrets import file_credentials
from kfm_checks.facts.secrets_walk import exposures_of
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Manifest

PW = "Xk29" + "fLq81Zp"
TOKEN = "gh" + "p_aB3dE5gH7jK9mN1pQ3sT5vW7yZ0aB2cD4eF6"
LOGIN = json.dumps({"auths": {"r.example": {"username": "u", "password": PW}}})
#: What could be a token, and the name of an object as well.
NAME = "db-7f3k9-token2x"
PEM = "-----BEGIN PRIVATE KEY-----\nbm90IGEgcmVhbCBrZXkgYXQgYWxs\n-----END PRIVATE KEY-----\n"


def b64(text: str) -> str:
    """As ``data`` has it."""
    return base64.b64encode(text.encode()).decode()


def obj(api: str, kind: str, **body: Any) -> Manifest:
    """An object."""
    return Manifest({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, **body})


def paths(one: Manifest) -> list[tuple[Any, ...]]:
    """The places of what is found in an object."""
    return [exposure.path for found in exposures_of([one]) for exposure in found]


SPEC = ("spec", "containers", 0)


def pod(**container: Any) -> Manifest:
    """A pod of one container."""
    return obj("v1", "Pod", spec={"containers": [{"name": "c", **container}]})


OBJECTS: list[tuple[Manifest, list[tuple[Any, ...]]]] = [
    (pod(env=[{"name": "DB_PASSWORD", "value": PW}, {"name": "A", "value": "b"}]), [(*SPEC, "env", 0, "value")]),
    (pod(env=[{"name": "PIN_PASSWORD", "value": 12345678}]), [(*SPEC, "env", 0, "value")]),
    (pod(env=[{"name": "DB_PASSWORD", "value": "short"}]), [(*SPEC, "env", 0, "value")]),
    (pod(env=[{"name": "PASSWORD_POLICY", "value": PW}]), []),
    (obj("x.io/v1", "Db", spec={"adminPassword": PW}), [("spec", "adminPassword")]),
    (obj("x.io/v1", "Db", spec={"adminPassword": 12345678}), [("spec", "adminPassword")]),
    (obj("x.io/v1", "Db", spec={"size": 12345678, "enabledPassword": True}), []),
    (obj("x.io/v1", "Db", spec={"params": [{"key": "password", "value": PW}]}), [("spec", "params", 0, "value")]),
    (obj("x.io/v1", "Db", spec={"params": [{"name": "password", "value": {"valueFrom": "x"}}]}), []),
    (obj("x.io/v1", "Db", spec={"args": ["--password", PW]}), [("spec", "args", 1)]),
    (obj("x.io/v1", "Db", spec={"list": ["a", TOKEN]}), [("spec", "list", 1)]),
    (obj("external-secrets.io/v1", "ExternalSecret", spec={"data": [{"secretKey": "password", "remoteRef": {"key": "kv/Db1Pass", "property": "password1"}}]}), []),
    (obj("bitnami.com/v1alpha1", "SealedSecret", spec={"encryptedData": {"password": PW}}), []),
    (obj("x.io/v1", "Db", sops={"password": PW}), []),
    (obj("x.io/v1", "Db", sops={"password": PW}, spec={"password": PW}), [("spec", "password")]),
    (obj("x.io/v1", "Db", spec={"list": [{"name": ["password"], "value": PW}, {"name": 5, "value": PW}], "password": PW}), [("spec", "password")]),
    (obj("x.io/v1", "Db", spec={"x": "redis://:hunt3r@db"}), [("spec", "x")]),
    (obj("x.io/v1", "Db", spec={"password": [12345678], "adminPassword": [PW]}), [("spec", "password", 0)]),
    (obj("x.io/v1", "Db", spec={"password": 12.5}), []),
    (obj("x.io/v1", "Db", spec={"args": ["--password", "--" + PW]}), []),
    (pod(command=["mysql"], args=["-p" + PW]), [(*SPEC, "args", 0)]),
    (pod(command=["sh", "-c"], args=["mysql -p" + PW]), [(*SPEC, "args", 0)]),
    (pod(command=["sh", {"a": "mysql -p" + PW}]), []),
    (pod(env=[{"name": "ACCESS_KEY", "value": NAME}]), [(*SPEC, "env", 0, "value")]),
    (obj("x.io/v1", "Db", spec={"accessKey": NAME}), []),
    (obj("v1", "ConfigMap", data={"accessKey": NAME}, other={"accessKey": NAME}), [("data", "accessKey")]),
    (obj("v1", "ConfigMap", binaryData={"accessKey": NAME}), [("binaryData", "accessKey")]),
    (obj("v1", "ConfigMap", metadata={"name": "x", "annotations": {"accessKey": NAME}}), []),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec={"password": {"default": PW}, "x": {"password": PW}}), []),
    (obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec={"example": TOKEN}), [("spec", "example")]),
    (obj("v1", "ConfigMap", data={"password": PW}), [("data", "password")]),
    (obj("v1", "ConfigMap", data={"password.yaml": "a: b1c2d3"}), []),
    (obj("v1", "ConfigMap", data={"password.yaml": f"password: {PW}"}), [("data", "password.yaml")]),
    (obj("v1", "ConfigMap", binaryData={"x": b64(f"password={PW}")}), [("binaryData", "x")]),
    (obj("v1", "Secret", data={"password": b64(PW)}), [("data", "password")]),
    (obj("v1", "Secret", metadata={"name": "x", "annotations": {"token": TOKEN}}), [("metadata", "annotations", "token")]),
    (obj("v1", "Secret", stringData={"url": "https://a.example"}), []),
    (obj("v1", "Secret", data={".dockerconfigjson": b64(LOGIN)}), [("data", ".dockerconfigjson")]),
    (obj("v1", "Secret", stringData={".dockerconfigjson": LOGIN}), [("stringData", ".dockerconfigjson")]),
    (obj("v1", "Secret", stringData={"thing": "word"}), [("stringData", "thing")]),
]  # fmt: skip


@pytest.mark.parametrize(("one", "wanted"), OBJECTS)
def test_places_of_an_object(one: Manifest, wanted: list[tuple[Any, ...]]) -> None:
    """Values under telling names, beside a name, after a flag, by their form; references, settings and schemas are none."""
    assert paths(one) == wanted


def test_what_nobody_can_tell_is_no_certain_finding() -> None:
    """A word in a Secret may be one; a password is."""
    (found,) = exposures_of([obj("v1", "Secret", stringData={"thing": "word", "password": PW})])
    assert [(exposure.path[-1], exposure.certain) for exposure in found] == [("password", True), ("thing", False)]


SECRET = (
    f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData:\n  url: https://a.example\n  anything: {PW}\n"
)
LISTED = (
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data:\n    anything: " + b64(PW) + "\n"
)
FILES: list[tuple[str, str | bytes, list[int | None]]] = [
    ("a.env", f"USER=a\nDB_PASSWORD={PW}\n", [2]), ("a.yaml", f"auth:\n  user: a\n  password: {PW}\n", [3]), ("a.md", f"The password: {PW}\n", []),
    ("b.md", f"```\nDB_PASSWORD={PW}\n```\n", [2]), ("c.md", "The password: none needed\n", []), ("secret.yaml", SECRET, [6]), ("list.json", LISTED, [7]),
    ("list.yaml", LISTED, [7]), ("secret.txt", SECRET.replace("anything", "other"), []), ("config.yaml", SECRET.replace("Secret", "ConfigMap"), []),
    ("api-token", PW, [1]), ("api-token.txt", PW + "\n", [1]), ("db.password", PW, []), ("password.pass", PW, [1]), ("token.token", PW, [1]), ("tls.key", PW, []),
    ("api.key", PW, [1]), ("password.secret", PW, [1]), ("password.rst", PW, []), ("password.txt", f"a {PW}", []), ("password.txt", f"{PW}\n{PW}\n", []), ("notes.txt", PW, []), ("password", "", []),
    ("store.p12", b"\0\1", [None]), ("store.JKS", b"\0\1", [None]), ("store.pfx", b"x", [None]), ("store.kdbx", b"x", [None]), ("a.ppk", b"x", [None]),
    ("a.tgz", b"\x1f\x8b\0\0", [None]), ("a.zip", b"PK\x03\x04\0", [None]), ("a.xz", b"\xfd7zXZ\0", [None]), ("a.bz2", b"BZh\0", [None]), ("a.zst", b"\x28\xb5\x2f\xfd\0", [None]),
    ("a.7z", b"7z\xbc\xaf\0", [None]), ("a.bin", b"\0" + PEM.encode(), [None]), ("b.bin", b"\0" + TOKEN.encode(), []), ("c.bin", b"\0\1\2", []), ("key.pem", PEM, [1]),
    ("cert.pem", PEM.replace("PRIVATE KEY", "CERTIFICATE"), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "lines"), FILES)
def test_lines_of_a_file(tmp_path: Path, name: str, content: str | bytes, lines: list[int | None]) -> None:
    """Text of any kind by line; prose only what looks real; a secret in a file of its own; key stores and archives."""
    folder = tmp_path / "prod"
    folder.mkdir()
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = file_credentials(Tree(folder, tmp_path))
    assert [exposure.line for exposure in found.by_path[name]] == lines
    assert [file.path for file, _ in found.looked_at] == [name]


def test_what_is_not_opened_is_not_certain(tmp_path: Path) -> None:
    """An archive and an unreadable file may hold one; a key store does."""
    for name, content in (("a.zip", b"PK\x03\x04\0"), ("b.p12", b"\0"), ("c.txt", b"x" * 5_500_000)):
        (tmp_path / name).write_bytes(content)
    found = file_credentials(Tree(tmp_path, tmp_path)).by_path
    assert [found[name][0].certain for name in ("a.zip", "b.p12", "c.txt")] == [False, True, False]
    assert "not opened" in found["a.zip"][0].kind and "larger" in found["c.txt"][0].kind


@pytest.mark.parametrize("suffix", ["md", "rst", "txt", "adoc", "html", "svg", "ipynb"])
def test_prose_speaks_of_passwords(tmp_path: Path, suffix: str) -> None:
    """A sentence is none; the same line in a file of settings is."""
    for name in (f"a.{suffix}", "b.conf"):
        (tmp_path / name).write_text("words\npassword: hunter\n", encoding="utf-8")
    found = file_credentials(Tree(tmp_path, tmp_path)).by_path
    assert [len(found[name]) for name in (f"a.{suffix}", "b.conf")] == [0, 1]


def test_secrets_among_the_items_of_a_file(tmp_path: Path) -> None:
    """Each is judged entry by entry, whatever stands before it; what may be one or not is not certain."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- text\n- apiVersion: v1\n  kind: ConfigMap\n  data: {thing: word}\n"
        f"- apiVersion: v2\n  kind: Secret\n  stringData: {{thing: word}}\n- apiVersion: v1\n  kind: Secret\n  stringData:\n    thing: word\n    other: {PW}\n"
    )
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    found = file_credentials(Tree(tmp_path, tmp_path)).by_path["a.yaml"]
    assert [(one.line, one.certain) for one in found] == [(14, False), (15, True)]
