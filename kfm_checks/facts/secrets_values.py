"""What the entries of a Secret hold: a credential, something harmless, or nobody can tell. Values never leave here."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from kfm_checks.credential_keys import is_reference, strength
from kfm_checks.credentials import find
from kfm_checks.facts.objects import dig
from kfm_checks.model import Path
from kfm_checks.values import Value

Grade = Literal["credential", "harmless", "unclear", "reference", "ciphertext"]

#: Entries that say who, what and where, and not the secret itself (Argo CD's repositories and clusters, bindings).
_HARMLESS = re.compile(
    r"(?:^|[._-])(?:user(?:name)?|login|host(?:name)?|port|ur[il]s?|endpoints?|server|type|name|project|namespace|db|dbname"
    r"|database|region|zone|bucket|email|realm|scope|issuer|tenant(?:id)?|insecure|proxy|noproxy|provider|path|version|schema"
    r"|enable\w+|disable\w+|force\w+|githubapp(?:installation)?id|githubappenterprisebaseurl|clusterresources|namespaces"
    r"|client-?id|clientid|account-?id|account|subscription-?id|app-?id|key-?id|access-?key-?id|sslmode|ssl|driver|jdbcurl)$",
    re.IGNORECASE,
)
_PUBLIC_NAME = re.compile(
    r"(?:^|[._-])(?:ca|crt|cert|certs|certificate|pub|known[_-]?hosts|sshknownhosts|cacert)(?:$|[._-])", re.I
)
_PLAIN = re.compile(
    r"^(?:[a-z]+(?:[ .,_/-][a-z]+)*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|\d{1,5})$", re.I
)
_PUBLIC = re.compile(
    r"^\s*(?:-----BEGIN (?:TRUSTED )?(?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY|X509 CRL)-----|ssh-\w+ |ecdsa-)"
)
_CIPHERTEXT = re.compile(r"^(?:ENC\[AES256_GCM,|vault:v\d+:|\$ANSIBLE_VAULT;|-----BEGIN (?:AGE ENCRYPTED|PGP MESSAGE))")
_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
#: Entries of the Secret types that Kubernetes itself knows: these hold the secret, whatever they look like.
_BY_TYPE = {
    "kubernetes.io/basic-auth": "password",
    "kubernetes.io/ssh-auth": "ssh-privatekey",
    "kubernetes.io/tls": "tls.key",
    "kubernetes.io/service-account-token": "token",
    "bootstrap.kubernetes.io/token": "token-secret",
}


class Entry(Value, frozen=True):
    """One entry of a Secret: where it is and what it is; no value."""

    path: Path
    key: str
    grade: Grade
    kind: str = ""


def secret_entries(obj: Any) -> tuple[Entry, ...]:
    """Judge each entry of a Secret's ``data`` (base64) and ``stringData``, in sorted order."""
    return tuple(sorted(_entries(obj), key=lambda entry: (str(entry.path[0]), entry.key)))


def _entries(obj: Any) -> Iterator[Entry]:
    kind = str(dig(obj, "type", default="Opaque"))
    for field in ("data", "stringData"):
        content = dig(obj, field)
        if content is not None and not isinstance(content, dict):
            yield Entry((field,), field, "unclear", "something that is no mapping")
            continue
        for key, value in (content or {}).items():
            grade, what = judge_entry(kind, str(key), value, encoded=field == "data")
            yield Entry((field, str(key)), str(key), grade, what)


def judge_entry(secret_type: str, key: str, value: Any, *, encoded: bool) -> tuple[Grade, str]:
    """Judge one entry; ``encoded`` says that the value is base64, as in ``data``."""
    if value is None:
        return "harmless", ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _CIPHERTEXT.match(text):
        return "ciphertext", ""
    if encoded and (raw := _decode(text)) is not None:  # what is no base64 is filled in before it gets to a cluster
        if raw.startswith(_KEYSTORES) or re.search(r"\.(?:p12|pfx|jks|keystore)$", key):
            return "credential", "a key store"
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return ("harmless", "") if _PUBLIC_NAME.search(key) else ("unclear", "binary data")
    return _judge_text(secret_type, key, text)


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _judge_text(secret_type: str, key: str, text: str) -> tuple[Grade, str]:
    stripped = text.strip()
    if _CIPHERTEXT.match(stripped):
        return "ciphertext", ""
    if not stripped or _PUBLIC.match(stripped):
        found = find(text) if stripped else []
        return ("credential", found[0].kind) if found else ("harmless", "")
    if is_reference(stripped) and not find(text):
        return ("harmless" if _HARMLESS.search(key) else "reference"), ""
    if key == _BY_TYPE.get(secret_type):
        return "credential", "the secret of a " + secret_type
    found = find(text, key=key)
    if found:
        return "credential", found[0].kind
    return _judge_unknown(key, stripped)


def _judge_unknown(key: str, text: str) -> tuple[Grade, str]:
    """No known form and no telling name: settings are harmless, what looks random is taken for what Secrets are for."""
    if _HARMLESS.search(key) or _PUBLIC_NAME.search(key) or "\n" in text or _is_json(text):
        return "harmless", ""
    if strength(key) or not _PLAIN.match(text):
        mixed = len(text) >= 6 and any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
        marks = any(not c.isalnum() and c not in " .,_/:@-" for c in text)
        if strength(key) or mixed or marks:
            return "credential", "a value that looks like a credential"
    return "unclear", "a value that may be a credential or not"


def _is_json(text: str) -> bool:
    if text[:1] not in "{[":
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
