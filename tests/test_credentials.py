"""Credentials are recognised in every common form, and nothing else is taken for one."""

from __future__ import annotations

import json
import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.credential_keys import is_literal, is_reference, strength
from kfm_checks.credentials import WITHHELD, find, mask, quiet
from tests.credential_cases import ALNUM, NEGATIVE, POSITIVE, Case, b64

PASSWORDS = st.from_regex(re.compile(r"[a-z]{3,8}[0-9]{2,6}[A-Z]{2,6}", re.ASCII), fullmatch=True)


@pytest.mark.parametrize("case", POSITIVE, ids=lambda case: case.about)
def test_recognises(case: Case) -> None:
    """Each common form is found, and masked without a trace of it."""
    findings = find(case.text, key=case.key)
    assert findings
    if not case.key:
        masked = mask(case.text)
        for finding in findings:
            assert case.text[finding.start : finding.end] not in masked


@pytest.mark.parametrize("case", NEGATIVE, ids=lambda case: case.about)
def test_cries_no_wolf(case: Case) -> None:
    """Digests, names, references, certificates and ciphertext are no findings, and are shown as they are."""
    assert find(case.text, key=case.key) == []
    assert case.key or mask(case.text) == case.text


@pytest.mark.parametrize("case", [case for case in POSITIVE if not case.key], ids=lambda case: case.about)
def test_the_quick_look_misses_nothing(case: Case) -> None:
    """What ``find`` finds, the quick look lets through: in a file, and in an object, which is looked at as JSON."""
    assert quiet([case.text, "kind: Namespace"]) == [False, True]
    assert quiet([json.dumps({"data": {"x": case.text}}, ensure_ascii=False), "{}"]) == [False, True]


@settings(deadline=None)
@given(PASSWORDS)
def test_no_finding_tells_its_value(password: str) -> None:
    """Neither the repr of a finding nor the masked text has the value, its length or anything made from it."""
    text = f"db:\n  password: {password}\nurl: postgres://app:{password}@db/kfm\n"
    findings = find(text)
    assert {finding.line for finding in findings} == {2, 3}
    assert password not in repr(findings) + mask(text)
    assert all(finding.end - finding.start == len(password) for finding in findings)


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_survived(text: str) -> None:
    """No text crashes the search; what is masked once is not masked again; findings lie within the text."""
    findings = find(text)
    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert all(one.end <= two.start for one, two in pairwise(findings))
    mask(text)


@settings(deadline=None)
@given(PASSWORDS, st.sampled_from(["{}", "--db-password={}", "export TOKEN={}", '{{"apiKey": "{}"}}']))
def test_base64_hides_nothing(password: str, form: str) -> None:
    """A credential is found behind base64, once and twice."""
    text = form.format(f"password={password}") if form == "{}" else form.format(password)
    assert find(b64(text)) and find(b64(b64(text)))


@pytest.mark.parametrize(
    "text",
    [
        "key" * 100_000, "eyJ" * 100_000, "://" * 100_000, "a://u:" + "${x}" * 50_000, "A" * 500_000, "curl " * 50_000, "CREATE USER a " * 20_000,
        "-----BEGIN " + "PRIVATE KEY-----" + "a: " * 50_000, "<password" * 50_000,
        'password="' * 50_000, "name: key " * 40_000, '{"kty"' * 50_000, 'token{a="b",' * 30_000, "user a b " * 40_000,
        'x="token=\\\\"' * 40_000, "<name>a Password</name> " * 20_000, "password " * 40_000, "{" + 'a="b",token=' * 20_000,
    ],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_hostile_text_is_not_slow(text: str) -> None:
    """Text made to make regular expressions run wild takes seconds at most, also on a slow machine."""
    start = time.process_time()
    find(text)
    assert time.process_time() - start < 8


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("DB_PASSWORD", "strong"), ("clientSecret", "strong"), ("AWS_SECRET_ACCESS_KEY", "strong"),
        ("apiKey", "strong"),
        ("token", "weak"), ("secret", "weak"), ("passwordSecret", "weak"), ("secretKey", "weak"),
        ("secretName", ""), ("passwordSecretRef", ""), ("TOKEN_TTL", ""), ("PASSWORD_FILE", ""), ("topologyKey", ""),
        ("max_tokens", ""), ("automountServiceAccountToken", ""), ("compass", ""), ("existingSecret", ""),
        ("x" * 500, ""),
    ],
)  # fmt: skip
def test_names_tell(key: str, expected: str) -> None:
    """A name says that its value is a credential, perhaps one, or only something about one."""
    assert strength(key) == expected


def test_a_weak_name_may_name_an_object() -> None:
    """Where fields name objects, ``secret: api-tls`` is no credential; a password is one everywhere."""
    assert not is_literal("secret", "apitls", names_objects=True)
    assert is_literal("secret", "apitls")
    assert is_literal("password", "apitls", names_objects=True)
    assert is_literal("token", ALNUM[:20], names_objects=True)


@pytest.mark.parametrize(
    "value", ["$(X)", "${X}", "{{ .x }}", "vault:a#b", "ENC[AES256_GCM,data:x]", "<x>", "true", "/run/x"]
)
def test_references(value: str) -> None:
    """What stands for a value kept elsewhere is none."""
    assert is_reference(value)


def test_prose_wants_more() -> None:
    """In a document, ``password: see the vault`` is a sentence; a value that looks real is a finding."""
    assert not find("Password: ask the operators\n", prose=True)
    assert find("Password: Hunter2real\n", prose=True)
    assert mask("Log in with `password: Hunter2real` today.") == f"Log in with `password: {WITHHELD}` today."
    (found,) = find("Log in with `password: Hunter2real` today.", prose=True)
    assert (found.start, found.end) == (23, 34)
    assert not find("Put `password: <yours>` or `secret: postgis-admin2` there.", prose=True)


PW = "Xk29" + "fLq81Zp"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CREATE USER app WITH PASSWORD '{}';", True), ("create role app\n  login password '{}';", True), ("ALTER ROLE app PASSWORD '{}'", True),
        ("CREATE LOGIN app WITH PASSWORD = '{}'", True), ("CREATE USER 'a'@'%' IDENTIFIED BY '{}';", True), ("ALTER ROLE app PASSWORD '${{DB_PASSWORD}}'", False),
        ("ALTER ROLE app PASSWORD NULL; -- '{}'", False), ("CREATE USER app; -- password '{}'", False), ("they call the password '{}' a joke", False), ("the object identified by '{}'", False), ("GRANT ALL ON *.* TO 'a' IDENTIFIED BY '{}';", True),
        ("jdbc:oracle:thin:scott/{}@//db:1521/x", True), ("jdbc:oracle:thin:@//db:1521/x", False), ("docker login -u a -p {} reg", True),
        ("helm registry login -u a -p {} reg", True), ("docker login -u a -p $TOKEN reg", False), ("docker login -u a --password-stdin reg", False),
        ("curl -H 'X-Api-Key: {}' http://api", True), ('curl --header "X-Api-Key: {}" http://api', True), ("curl -H 'X-Api-Key: $KEY' http://api", False),
        ("curl -H 'X-Request: {}' http://api", False), ("mycli --password {} run", True), ("mycli --api-key '{}' run", True), ("mycli --password $PW1 run", False),
        ("mycli --password-file {} run", False), ("use --password to set it", False), ("--password PASSWORD  what it says", False), ("mycli --name {} run", False),
    ],
)  # fmt: skip
def test_sql_commands_and_headers(text: str, found: bool) -> None:
    """A role's password in SQL, Oracle's address, logins, headers and flags of a command line; references are none."""
    whole = text.format(PW)
    assert bool(find(whole)) is found
    assert not found or (PW not in mask(whole) and quiet([whole]) == [False])
