"""What the checks on secrets say, and that they never tell a value."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.facts.ciphertext import sealed_faults
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets import object_credentials
from kfm_checks.facts.secrets_makers import plain_secret, secret_makers
from kfm_checks.facts.secrets_uses import direct_backends, secret_uses
from kfm_checks.facts.workloads import workloads
from kfm_checks.model import Manifest
from kfm_checks.run import check_objects

AS_OF = "2026-11-23"
VALUES = st.from_regex(re.compile(r"[a-z]{4,8}[0-9]{3,6}[A-Z]{3,6}", re.ASCII), fullmatch=True)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["spec", "data", "stringData", "type", "metadata", "env", "password", "name", "value", "template"]
)
KINDS = st.sampled_from(["Secret", "Pod", "Ingress", "ExternalSecret", "ConfigMap"])


def secret(**entries: str) -> Manifest:
    """A Secret with these entries in stringData."""
    return Manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": entries})


@settings(max_examples=6, deadline=None)
@given(VALUES)
def test_no_value_in_any_evidence(value: str) -> None:
    """A credential in every place that is looked at: no evidence, message, pointer, repr or reason has its value."""
    encoded = base64.b64encode(value.encode()).decode()
    container: dict[str, Any] = {"name": "c", "args": ["--password", value, f"--token={value}"]}
    container["env"] = [{"name": "API_KEY", "value": value}]
    settings_ = {"url": f"redis://:{value}@x", "x.env": f"PASSWORD={value}"}
    sealed = {"metadata": {"name": "e"}, "spec": {"encryptedData": {"a": encoded}}}
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": encoded}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": settings_},
        {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", **sealed},
    ]  # fmt: skip
    report = check_objects(objects, as_of=AS_OF)
    shown = repr(report) + repr([found for _, found in object_credentials(inventory(objects)).looked_at])
    assert report.result("no-plaintext-credentials").outcome == "fail"
    assert value not in shown and encoded not in shown


@pytest.mark.parametrize(
    ("entries", "controlled"),
    [
        ({"password": "hunter2"}, False),
        ({"opaque": "x7!kQ2"}, False),
        ({"motto": "kansas"}, None),
        ({}, None),
        ({"type": "git", "url": "https://x.example/y.git"}, True),
        ({"password": "<path:kfm/db#password>"}, True),
        ({"password": "ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]"}, True),
        ({"url": "https://u:hunter2@x.example/y.git"}, False),
        ({"config": '{"tlsClientConfig": {"insecure": false}}'}, True),
        ({"config": '{"bearerToken": "abc123def456"}'}, False),
    ],
)
def test_plain_secrets(entries: dict[str, str], controlled: bool | None) -> None:
    """A plain Secret fails by a credential in it, holds where it has none, and is unclear where nobody can tell."""
    assert plain_secret(secret(**entries)).controlled is controlled


@settings(deadline=None)
@given(st.dictionaries(FIELDS, ANYTHING, max_size=4), KINDS)
def test_hostile_objects_break_nothing(fields: dict[str, Any], kind: str) -> None:
    """Wrong types anywhere are survived by every fact about secrets."""
    versions = {"ExternalSecret": "external-secrets.io/v1", "Ingress": "networking.k8s.io/v1"}
    obj = {**fields, "apiVersion": versions.get(kind, "v1"), "kind": kind}
    objects = inventory([obj])
    object_credentials(objects)
    secret_makers(objects)
    pods = workloads(objects)
    secret_uses(objects, pods)
    direct_backends(pods)
    sealed_faults(obj)


COMMANDS: list[tuple[str, str, bool]] = [
    ("", '["--db-password", "{}"]', True),
    ("", '["--password", "$(DB_PASSWORD)"]', False),
    ("", '["--password-file", "/run/secrets/db"]', False),
    ('["redis-server"]', '["--requirepass", "{}"]', True),
    ('["redis-cli"]', '["-a", "{}", "ping"]', True),
    ('["redis-cli"]', '["-h", "cache", "ping"]', False),
    ('["mysql", "-uroot", "-p{}"]', "[]", True),
    ('["mysqladmin"]', '["-p$(PASSWORD)", "ping"]', False),
    ('["sshpass", "-p", "{}", "ssh", "host"]', "[]", True),
    ('["curl"]', '["-u", "admin:{}", "http://api"]', True),
    ('["curl"]', '["-u", "admin:$PASSWORD", "http://api"]', False),
]


@pytest.mark.parametrize(("command", "args", "fails"), COMMANDS)
def test_a_password_among_the_arguments(command: str, args: str, fails: bool) -> None:
    """A program and its arguments are read as one line, wherever the lists cut it; a reference is no finding."""
    container = {"name": "c", "image": "i", "command": json.loads(command.format("Xk29fLq81Zp") or "[]")}
    container["args"] = json.loads(args.format("Xk29fLq81Zp"))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    result = check_objects([pod], only=["no-plaintext-credentials"], as_of=AS_OF).results[0]
    assert result.outcome == ("fail" if fails else "pass")
    assert "Xk29fLq81Zp" not in repr(result)


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ('{"a":"{\\"password\\":\\"Xk29fLq81Zp\\"}"}', True),
        ('{"a":"{\\"b\\":\\"{\\\\\\"password\\\\\\":\\\\\\"Xk29fLq81Zp\\\\\\"}\\"}"}', True),
        ('{"a":"{\\"password\\":\\"${PASSWORD}\\"}"}', False),
        ('{"a":"{\\"user\\":\\"Xk29fLq81Zp\\"}"}', False),
    ],
)
def test_json_within_json(text: str, fails: bool) -> None:
    """Settings that carry settings as text, once and twice."""
    settings_ = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"settings": text}}
    result = check_objects([settings_], only=["no-plaintext-credentials"], as_of=AS_OF).results[0]
    assert result.outcome == ("fail" if fails else "pass")
