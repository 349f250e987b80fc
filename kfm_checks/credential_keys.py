"""What a name says of its value (``DB_PASSWORD``), and which values are no credential though their name says so."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

#: ``strong``: a literal under it is a credential. ``weak``: so is one, unless it looks like the name of something.
Strength = Literal["strong", "weak", ""]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_STRONG = re.compile(
    r"passw(?:or)?d|passphrase|passcode|passwort|apikey|apitoken|accesstoken|authtoken|secretkey|secretaccesskey"
    r"|privatekey|clientsecret|htpasswd|pgpass$|dockerconfigjson|dockercfg|requirepass$|masterauth$"
)
_STRONG_LAST = frozenset({"pass", "passwd", "pwd", "pw", "bearer", "psk"})
_WEAK_LAST = frozenset({"secret", "token", "credential", "credentials", "jwt", "apitoken"})
#: Two words in a row that name a key which must stay secret.
_PAIRS = frozenset(
    {
        *((word, "key") for word in ("api", "access", "private", "encryption", "encrypt", "signing", "account")),
        *((word, "key") for word in ("storage", "master", "shared", "auth", "service", "license", "hmac", "root")),
        *((word, "key") for word in ("secret", "admin", "jwt", "session", "cookie", "deploy", "host", "db", "app")),
        *((word, "key") for word in ("database", "batch", "fernet", "preshared")),
        ("j", "auth"), ("erlang", "cookie"),  # NEO4J_AUTH=neo4j/…; what lets a node of RabbitMQ into the cluster
        ("key", "content"), ("client", "secret"), ("api", "secret"), ("app", "secret"), ("shared", "secret"),
        ("webhook", "secret"), ("session", "secret"), ("cookie", "secret"), ("jwt", "secret"), ("signing", "secret"),
        ("access", "token"), ("auth", "token"), ("api", "token"), ("bearer", "token"), ("refresh", "token"),
        ("root", "token"), ("bot", "token"), ("secret", "value"), ("token", "value"), ("unseal", "key"),
    }
)  # fmt: skip
#: Pairs whose value is as often the name of a key as the key (``secretKey: password`` of an ExternalSecret).
_WEAK_PAIRS = frozenset({("secret", "key"), ("access", "key"), ("service", "key"), ("host", "key"), ("app", "key")})
#: After the word that names the secret, one of these says that the value is about it, and not it.
_ABOUT = _words(
    "name names ref refs reference file files filename path paths dir directory url uri endpoint endpoints ttl"
    " expiry expiration expires lifetime duration timeout interval period age length len size count policy"
    " policies type kind algorithm alg algo method methods mode format version id ids issuer audience audiences"
    " aud store stores namespace key keys enabled disabled required rotation header headers claim claims mount"
    " location selector provider providers class manager regex pattern hint prefix suffix field fields label"
    " annotation annotations env var variable reset change minimum maximum encryption description usage review"
    " reviews reviewer controller template schedule request requests binding permissions automount limit limits"
    " max min cache cost source sources checksum scope scopes role server service host port user username login"
    " page form input generator engine backend mapping map list volume projection projected rate revision status"
    " validation validator validity strength complexity history operator webhook sync config configuration"
    " settings options properties driver plugin agent exporter reader readers resource resources group groups data"
    " from to in on for is are and or not as by with created updated deleted last next rotated exists missing"
    " found invalid valid used unused access lifespan expire creation time days hours minutes seconds hashers rounds"
    " cookie cookies domain connector alias bits"
)
#: Before it, one of these says the same (``max_password_length``, ``existingSecret``).
_NOT = _words(
    "public max min num no enable enabled disable disabled use automount allow require required requires skip show hide"
    " has is existing pull forgot reset change rotate mount create generate without missing per"
    " by checksum digest sha sha256 md5 inject expose"
)

_BOOLEAN = _words(
    "true false yes no on off null none nil ~ enabled disabled required optional auto always never n/a undefined {} []"
)
#: Forms that stand for a value kept elsewhere or filled in later.
_REFERENCE = re.compile(
    r"""\{\{|\$\(|\$\{|^\$[A-Z_][A-Z0-9_]*$|^\$[a-z_]+$|^\$[\d@*]$|^\$__\w+\{|^\$[a-z][\w-]*[.:][\w.:-]+$|^%\w*[({]|^%\w+%$|^@@?[\w.]+@@?$|^__\w+__$
    |^<[^>]*>$|^\[[^\]]*\]$|^\((?:withheld|redacted)\)|^[*.…•-]+$|(?i:^\[?redacted\]?$)|^\\+$|ENC\[|^\*\w+$|^!\w+
    |^Ag[A-Za-z0-9+/]{100}|^\(?\[\^|^\\[SwdW]|^\(?\.[*+]|^\*\*\*
    |^(?i:ref\+|vault:|bao:|secret:|secretref|bank-vaults|arn:|ocid1\.|projects/|op://|sops|aws-?sm|gcp-?sm|sm:|akv|kms:
      |azurekeyvault|file:|env:|k8s:|configmap:|sealed:|age1|ssm:|doppler:|keyvault)
    |^(?:var|local|data|module|each|self|env|os|process|secrets|inputs|vars|github|steps|config|settings|context|ctx|req|request|ngx)\.[\w.]
    |^(?:random_|aws_|google_|azurerm_)\w+\.|^[A-Za-z_][\w.]*(?:\(|\[$)|^await$|^(?:str|[Ss]tring|bytes|SecretStr)[!?]?(?:\s*[=|,;)]|$)
    |^(?:await|new|lambda|func|function)\s
    |^@?(?:/[\w.@$-]+)+/?$|^~?\.{0,2}/[\w./-]+$|^sha(?:256|384|512)[:-]
    |^-----BEGIN\ (?:CERTIFICATE|PUBLIC|RSA\ PUBLIC|PGP\ MESSAGE|PGP\ PUBLIC|AGE\ ENC|X509|TRUSTED)
    |^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+|sk-ssh-\S+)\s""",
    re.VERBOSE,
)
_PLAIN_URL = re.compile(r"^[a-zA-Z][\w+.-]*://[^\s@]*$")
_FILE_NAME = re.compile(r"^[\w.-]+\.(?:ya?ml|json|txt|pem|crt|key|conf|ini|env|toml|jks|p12|pfx)$")
_DURATION = re.compile(r"^\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|w|y|Mi|Gi|Ki|MB|KB)?$")
_NAME_LIKE = re.compile(r"^[a-z]+(?:[-./][a-z]+)+$")
_OBJECT_NAME = re.compile(r"^[a-z][a-z0-9]*(?:[-./_][a-z0-9]+)*$")


#: What a variable is worth where nobody sets it: ``${PW:-x}`` of a shell, ``${PW:x}`` of Spring.
_FALLBACK = re.compile(r"^\$\{(?:\w+:?[-=]|[A-Z][A-Z0-9_]+:(?![-=?+]|\d{1,3}(?::\d+)?\}))([^{}$]+)\}$")


@lru_cache(maxsize=16_384)
def strength(key: str) -> Strength:
    """How surely a name (an environment variable, a field, a flag) says that its value is a credential."""
    if len(key) > 128:
        return ""
    words = [word.lower() for word in _WORD.findall(key)]
    for index, word in enumerate(words):
        found = _strength_at(words, index, word)
        if found:
            return found
    joined = "".join(words)
    return "strong" if len(words) < 4 and _STRONG.search(joined) and not _about(words, 0) else ""


def _strength_at(words: list[str], index: int, word: str) -> Strength:
    pair = (word, words[index + 1]) if index + 1 < len(words) else ("", "")
    end = index + 1 + (pair in _PAIRS)
    if _about(words, end) or _NOT & set(words[:index]):
        return ""
    if pair in _PAIRS:
        if words[-1] == "secret" and end < len(words):
            return "weak"  # as "passwordSecret" below
        return "weak" if pair in _WEAK_PAIRS and index == 0 and len(words) == 2 else "strong"
    if _STRONG.search(word) or word in _STRONG_LAST:
        # "passwordSecret: db" names the Secret
        return "weak" if words[-1] == "secret" and index + 1 < len(words) else "strong"
    return "weak" if word in _WEAK_LAST else ""


def _about(words: list[str], end: int) -> bool:
    return bool(_ABOUT & set(words[end:]))


@lru_cache(maxsize=16_384)
def is_reference(value: str) -> bool:
    """Whether a value stands for one kept elsewhere, is public, or is no value at all."""
    text = value.strip()
    if fallback := _FALLBACK.match(text):
        return is_reference(fallback[1])
    return (
        not text
        or text.lower() in _BOOLEAN
        or bool(_REFERENCE.search(text))
        or bool(_PLAIN_URL.match(text))
        or bool(_FILE_NAME.match(text))
    )


def _letters(text: str) -> str:
    """A name without what words are kept apart by: "API key" is the label of ``apiKey``."""
    return "".join(filter(str.isalnum, text.lower()))


def is_literal(key: str, value: str, *, names_objects: bool = False) -> bool:
    """Whether a value under a name is a credential written out; ``changeme`` is one, and a weak one at that.

    ``names_objects`` says that fields like this one often hold the name of an object instead (a field of a custom
    resource, a line of YAML): there, a value under a weak name that could be an object's name is no finding.
    """
    grade = strength(key)
    if not grade or is_reference(value):
        return False
    fallback = _FALLBACK.match(value.strip())
    text = fallback[1] if fallback else value.strip()
    if grade == "strong":
        prose = text.count(" ") > 2 and names_objects
        return not prose and _letters(text) != _letters(key)
    if _DURATION.match(text) or text.count(" ") > 2 or _NAME_LIKE.match(text):
        return False
    return not (names_objects and (_OBJECT_NAME.match(text) or text.lower() == key.lower()))
