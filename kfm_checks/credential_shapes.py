"""Credentials that their own form gives away, whatever they are called: private keys, tokens, URLs, password hashes.

Vendors' token formats come from detect-secrets (docs/decisions/0003-secret-detector.md says why); it is asked only
about lines that hold one of its prefixes, for it costs a fifth of a second to import. The rest is written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from kfm_checks.credential_keys import is_reference

#: (kind, start, end) of what was found.
Span = tuple[str, int, int]

#: A private key, told apart from a mere mention of its header by the body that follows it.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\s|\\n|\\r|[A-Za-z-]+: [^\n\\]*(?:\n|\\n))*[A-Za-z0-9+/=]{10}"
    r"(?:[^-]|-(?!----))*(?:-----END[A-Z0-9 ]*-----)?"
    r"|PuTTY-User-Key-File-\d[^\n]*(?:\n[^\n]+)*"
    r"|AGE-SECRET-KEY-1[0-9A-Za-z]{20,}"
)
_URL = re.compile(
    r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://([^\s/:@'\"<>`]*):((?:\$\{[^}]*\}|\$\([^)]*\)|[^\s/@'\"`$]|\$(?![{(]))+)@[\w.$({\[%*-]"
)
_HASH = re.compile(
    r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{50,}|\$(?:apr1|1|5|6|y|7|gy)\$[^\s$:]{1,24}\$(?:[^\s$:]{1,40}\$)?[./A-Za-z0-9]{20,}"
    r"|\$argon2\w{1,2}\$[^\s]{30,}|\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{20,}={0,2}|\$pbkdf2[\w-]*\$[^\s]{30,}"
    r"|SCRAM-SHA-256\$\d+:[A-Za-z0-9+/]{8,}={0,2}\$[A-Za-z0-9+/=:]{20,}"
)
_BEARER = re.compile(r"\b(?:[Bb]earer|BEARER|Basic|BASIC)[ \t]+(?=[A-Za-z_+/.=~-]*\d)([A-Za-z0-9_+/.=~-]{16,})")
_CURL_USER = re.compile(r"\bcurl\b[^\n]{0,500}?\s(?:-u|--user)[= ]+[\"']?[^\s:'\"]+:([^\s'\"]+)")
_SPACED = re.compile(
    r"(?m)^[ \t]*(?:requirepass|masterauth|masterpass|login \S+ password|machine \S+ login \S+ password)[ \t]+(\S+)"
)
#: A role's password in SQL; the user and password of Oracle's own kind of address.
_SQL = re.compile(
    r"\b(?:(?:CREATE|ALTER)\s+(?:USER|ROLE|LOGIN)\b|GRANT\b)[^;]{0,300}?"
    r"\b(?:PASSWORD|IDENTIFIED[ \t]+BY(?:[ \t]+PASSWORD)?)[ \t]*=?[ \t]*'([^'\n]+)'",
    re.IGNORECASE,
)
_ORACLE = re.compile(r"jdbc:oracle:\w+:[^\s/@'\"]+/([^\s@'\"]+)@")
_PASS_FLAG = re.compile(
    r"\b(?:sshpass -p ?|mysql(?:dump|admin)?\b[^\n|;&]{0,300}? -p(?=\S)|redis-cli\b[^\n|;&]{0,300}? -a "
    r"|(?:cypher-shell|mongo(?:sh|dump|restore|export|import))\b[^\n|;&]{0,300}? -p |set-initial-password "
    r"|\bmc (?:alias set|config host add) \S+ \S+ \S+ "
    r"|\b(?:docker|podman|buildah|oras|registry) login\b[^\n|;&]{0,300}? -p[ =])"
    r"[\"']?([^\s\"']+)"
)
#: A user in an access list of Redis, in its own file or in redis.conf.
_ACL = re.compile(r"(?m)^[ \t]*user[ \t]+\S+[ \t]+(?:[^\s>]\S*[ \t]+){0,40}>(\S+)")
#: The private part of a JSON web key (RFC 7517), or a symmetric one.
_JWK = re.compile(r"\{(?=[^{}]{0,8000}\"kty\\*\")[^{}]{0,8000}?\"[dk]\\*\"\s{0,20}:\s{0,20}\\*\"([A-Za-z0-9_-]{20,})")
#: A property in Hadoop's kind of XML.
_XML_PROPERTY = re.compile(
    r"<name>[^<]{0,200}(?:[Pp]assword|[Ss]ecret|[Ss]ecret\.[Kk]ey)</name>\s{0,80}<value>([^<>{}$\s][^<>]*)</value>"
)
_XML = re.compile(r"<(?:\w{0,40}(?:[Pp]assword|[Ss]ecret|[Aa]pi[Kk]ey|[Tt]oken))>([^<>{}$\s][^<>]*)</")
#: The data source name of Go's MySQL driver.
_DSN = re.compile(r"(?<![\w.-])[\w.-]{1,64}:([^\s:@/\"']{1,200})@(?:tcp|unix)\(")
_PHP = re.compile(
    r"\bdefine\(\s{0,20}[\"'](?=\w{0,60}(?:PASS|SECRET|TOKEN|_KEY|SALT))\w{1,80}[\"']\s{0,20},\s{0,20}[\"']([^\"'\n]{1,400})[\"']"
)
_DOCKER_AUTH = re.compile(r"\"(?:auth|identitytoken|registrytoken)\"\s*:\s*\"([A-Za-z0-9+/=_.-]{6,})\"")

#: Vendors' formats that detect-secrets does not know, or knows in an older form.
_TOKENS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"github_pat_[A-Za-z0-9_]{22,}|AIza[0-9A-Za-z_-]{35}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,}|hv[sbr]\.[\w-]{20,}"
    r"|do[opr]_v1_[a-f0-9]{40,}|hf_[A-Za-z0-9]{30,}|glsa_[\w-]{30,}|glc_[\w=+/-]{30,}|dapi[0-9a-f]{32}"
    r"|dckr_pat_[\w-]{20,}|shp(?:at|ca|pa|ss)_[a-f0-9]{32}|npm_[A-Za-z0-9]{36}|NRAK-[A-Z0-9]{20,}|dp\.(?:pt|st|ct|sa|scim)\.[\w.-]{20,}"
    r"|lin_api_\w{30,}|sntry[su]_[\w=+/-]{30,}|ops_eyJ[\w-]{40,}|whsec_[A-Za-z0-9+/=]{24,}"
    r"|[rs]k_(?:test|prod)_[0-9a-zA-Z]{24,}"
    r"|sk-(?:proj|ant|svcacct)-[\w-]{20,}|xapp-\d-[\w-]{20,}|xox[eabposr]-[\w-]{20,}|pul-[a-f0-9]{40}|tfp_\w{40,}"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{50,}|glpat-[\w-]{20,}|EAAC[A-Za-z0-9]{30,}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
    r")|hooks\.slack\.com/(?:services|workflows)/T\w+/\w+/\w{10,}|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{30,}"
    r"|AccountKey=[A-Za-z0-9+/=]{40,}|SharedAccessKey=[A-Za-z0-9+/=]{30,}|[?&]sig=[A-Za-z0-9%+/=]{30,}"
    r"|(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}"
)
#: Plugins of detect-secrets whose formats are narrow enough to be trusted; entropy and keyword plugins cry wolf on
#: digests and names (measured in the decision record), and names are judged by ``credential_keys``.
_PLUGINS = (
    ("aws", "AWSKeyDetector"), ("azure_storage_key", "AzureStorageKeyDetector"),
    ("github_token", "GitHubTokenDetector"), ("gitlab_token", "GitLabTokenDetector"), ("jwt", "JwtTokenDetector"),
    ("npm", "NpmDetector"), ("openai", "OpenAIDetector"), ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"), ("slack", "SlackDetector"), ("square_oauth", "SquareOAuthDetector"),
    ("stripe", "StripeDetector"), ("telegram_token", "TelegramBotTokenDetector"),
)  # fmt: skip
#: How far around a hint detect-secrets looks, in characters.
_WINDOW = 2_000
#: What a line must hold before detect-secrets is asked.
_VENDOR = re.compile(
    r"(?<![A-Za-z0-9+/])(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9+/])|AccountKey="
    r"|gh[pousr]_[A-Za-z0-9_]{36}|gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-|GR1348941|(?<![\w-])eyJ[\w-]{8,}\.[\w=-]{4,}|_authToken=|T3BlbkFJ|pypi-AgE"
    r"|SG\.[\w-]{22}\.|xox[abposr]-|sq0csp-|[rs]k_live_|(?<![\w+/.-])\d{8,10}:AA[\w-]{33}(?![\w-])"
)
#: One cheap look before all else: a text without any of these has no credential by its form. Looking for ninety
#: literals one by one costs less than one regular expression with as many branches.
_HINTS = (
    *(  # noqa: SIM905 - ninety strings read better so
        "-----B eyJ AKIA ASIA A3T ABIA ACCA AIza ghp_ gho_ ghu_ ghs_ ghr_ github_pat glpat gldt- glft- "
        "glsoat- glrt- glcbt- glimt- glptt- glagent- gloas- GR13 _authT T3Bl pypi- SG. xox xapp- sq0c "
        "k_live_ k_test_ k_prod_ sk-proj sk-ant sk-svc :AA $2a$ $2b$ $2x$ $2y$ $apr1$ $1$ $5$ $6$ $y$ $7$ $gy$ $argon "
        "$pbkdf {SHA {SSHA SCRAM- requirepass masterauth masterpass sshpass mysql redis-cli </ GOCSPX ya29 hvs. hvb. "
        "cypher-sh mongosh mongodump mongoexport mongorestore mongoimport set-initial "
        "hvr. _v1_ hf_ dapi dckr shpat_ shpca_ shppa_ shpss_ npm_ NRAK dp.pt. dp.st. dp.ct. dp.sa. dp.scim. lin_api "
        "sntry ops_ whsec pul- tfp_ atlasv EAAC PMAK hooks.s discord AccountK SharedA sig= Q~ AGE-S PuTTY "
        "glsa_ glc_ "
        '"auth" "identitytoken" "registrytoken" @tcp( @unix( define('
    ).split(),
    *('"auth\\"', '"identitytoken\\"', '"registrytoken\\"'),  # in JSON within JSON, as an object is looked at
    *(
        "mc alias",
        "mc config",
        "on >",
        '"kty',
        "earer ",
        "EARER ",
        "asic ",
        "BASIC ",
        "curl ",
        'curl"',
        "login ",
        "jdbc:oracle:",
    ),
    *(f"{verb} {what}" for verb in ("REATE", "LTER") for what in ("USER", "ROLE", "LOGIN")),
    *(f"{verb} {what}" for verb in ("reate", "lter") for what in ("user", "role", "login")),
    *("IDENTIFIED BY", "identified by"),
)
_USERINFO = re.compile(r"://[^\s]{0,400}@")


def hints_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The hints that are anywhere in many texts: a handful, so that each text can then be asked about those alone."""
    joined = "\n".join(texts)
    # Objects and files repeat themselves: what stands on a line, or between quotes, is looked at once. Some hints have
    # quotes of their own.
    pieces = "\n".join(set(joined.replace("\n", '"').split('"')))
    return tuple(hint for hint in _HINTS if hint in (joined if '"' in hint else pieces))


def has_hint(text: str, hints: tuple[str, ...] = _HINTS) -> bool:
    """Whether a text may hold a credential that its form gives away."""
    for hint in hints:  # a loop, for it is asked of every text: any() with a generator takes a third longer
        if hint in text:
            return True
    return "://" in text and "@" in text and bool(_USERINFO.search(text))


def spans(text: str) -> Iterator[Span]:
    """Every credential that its form gives away, in no order; spans may overlap."""
    if not has_hint(text):
        return
    for match in _PRIVATE_KEY.finditer(text):
        yield "private key", match.start(), match.end()
    for match in _URL.finditer(text):
        if match[2] and not is_reference(match[2]):
            yield "password in a URL", match.start(2), match.end(2)
    for match in _HASH.finditer(text):
        yield "password hash", match.start(), match.end()
    for match in _TOKENS.finditer(text):
        yield "access token", match.start(), match.end()
    for pattern, kind in _GROUPED:
        for match in pattern.finditer(text):
            if not is_reference(match[1]):
                yield kind, match.start(1), match.end(1)
    yield from _docker(text)
    yield from _vendor(text)


_GROUPED = (
    (_BEARER, "authorization header"),
    (_CURL_USER, "password of a command"),
    (_SPACED, "password"),
    (_PASS_FLAG, "password of a command"),
    (_SQL, "password in SQL"),
    (_ORACLE, "password in a URL"),
    (_XML, "password"),
    (_XML_PROPERTY, "password"),
    (_ACL, "password"),
    (_JWK, "private key"),
    (_DSN, "password in a data source name"),
    (_PHP, "password"),
)


def command_spans(line: str) -> Iterator[Span]:
    """The passwords in a command line that only the program's own flags tell (``curl -u``, ``mysql -p``)."""
    for pattern, kind in ((_CURL_USER, "password of a command"), (_PASS_FLAG, "password of a command")):
        for match in pattern.finditer(line):
            if not is_reference(match[1]):
                yield kind, match.start(1), match.end(1)


def _docker(text: str) -> Iterator[Span]:
    """Registry logins: ``auth`` is the base64 of user:password."""
    for match in _DOCKER_AUTH.finditer(text):
        decoded = decode_base64(match[1])
        if match[0].startswith('"auth"') and (decoded is None or ":" not in decoded):
            continue
        if decoded is None or not is_reference(decoded.partition(":")[2]):
            yield "registry login", match.start(1), match.end(1)


def _vendor(text: str) -> Iterator[Span]:
    looked_at = -1
    for hint in _VENDOR.finditer(text):
        if hint.start() < looked_at:
            continue
        # a window of lines, so that a line without end costs no more than others
        start = max(text.rfind("\n", 0, hint.start()) + 1, hint.start() - _WINDOW)
        line = text[start : hint.end() + _WINDOW].partition("\n")[0]
        looked_at = max(hint.end(), start + len(line) - _WINDOW // 2)
        for kind, plugin in _plugins():
            for value in {value for value in plugin.analyze_string(line) if isinstance(value, str) and value}:
                yield from _occurrences(line, value, kind, start)


def _occurrences(line: str, value: str, kind: str, offset: int) -> Iterator[Span]:
    at = line.find(value)
    while at >= 0:
        end = _end(line, at + len(value), kind)
        if not _inside_word(line, at, end):
            yield kind, offset + at, offset + end
        at = line.find(value, end)


def _end(line: str, end: int, kind: str) -> int:
    """Where a token ends: detect-secrets stops before the signature of a JSON web token."""
    tail = _TAIL.match(line, end) if kind == "JSON Web Token" else None
    return tail.end() if tail else end


def _inside_word(line: str, start: int, end: int) -> bool:
    """A match in the middle of a longer run of base64 is chance, not a token."""
    return (start > 0 and line[start - 1] in _RUN) or (end < len(line) and line[end] in _RUN)


_TAIL = re.compile(r"[\w.=+/-]*")
_RUN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


@lru_cache(maxsize=1)
def _plugins() -> tuple[tuple[str, Any], ...]:
    import importlib

    found = []
    for module, name in _PLUGINS:
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)()
        found.append((str(plugin.secret_type), plugin))
    return tuple(found)


_BASE64 = re.compile(r"^[A-Za-z0-9+/\s]+={0,2}\s*$")
_BASE64_URL = re.compile(r"^[A-Za-z0-9_-]+={0,2}$")


def decode_base64(text: str) -> str | None:
    """The text that a base64 text stands for; None where it is none, or stands for no printable text."""
    import base64
    import binascii

    compact = "".join(text.split())
    if len(compact) < 4 or not (_BASE64.match(compact) or _BASE64_URL.match(compact)):
        return None
    padded = compact.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return decoded if decoded and all(char.isprintable() or char in "\n\r\t" for char in decoded) else None
