"""JMESPath with the functions that Kyverno adds to it.

https://kyverno.io/docs/policy-types/cluster-policy/jmespath/. What needs the network, a clock or a random source is not
evaluated, by name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import posixpath
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from kfm_checks.admission import lib_image, re2
from kfm_checks.admission.kyverno_arithmetic import ARITHMETIC, total
from kfm_checks.admission.kyverno_time import TIMES
from kfm_checks.admission.kyverno_values import sprint, wildcard
from kfm_checks.admission.model import NotEvaluated, PolicyError
from kfm_checks.admission.semver_range import in_range

#: Functions of Kyverno that are not evaluated here: they need a clock, a random source or a certificate.
ELSEWHERE = frozenset({"random", "time_now", "time_now_utc", "x509_decode"})


def _text(value: Any) -> str:
    return sprint(value)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise PolicyError("JMESPath function 'base64_decode': illegal base64 data") from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise PolicyError("JMESPath function 'parse_json': invalid JSON") from error


def _yaml(text: str) -> Any:
    import yaml

    try:
        return json.loads(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise PolicyError("JMESPath function 'parse_yaml': invalid YAML") from error


def _semver_compare(version: str, wanted: str) -> bool:
    try:
        return in_range(version, wanted)
    except ValueError as error:
        raise PolicyError(f"JMESPath function 'semver_compare': {error}") from error


def _external(text: str) -> bool:
    """Whether an address is outside; a name would have to be looked up."""
    host = urlsplit(text).hostname
    try:
        address = ip_address(host or "")
    except ValueError as error:
        raise NotEvaluated("is_external_url() of a name asks the network, and is not evaluated") from error
    return not (address.is_loopback or address.is_private)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise PolicyError("JMESPath function 'to_boolean': lowercase string 'true' or 'false' is expected")
    return text.lower() == "true"


def _image(text: str) -> str:
    try:
        found = lib_image.image(text)
    except ValueError as error:
        raise PolicyError(f"JMESPath function 'image_normalize': {error}") from error
    end = f"@{found['digest']}" if found["digest"] else f":{found['tag'] or 'latest'}"
    return f"{found['registry']}/{found['repository']}{end}"


def _lookup(collection: Any, key: Any) -> Any:
    try:
        return collection[int(key) if isinstance(collection, list) else key]
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _items(found: Any, key: str, value: str) -> list[dict[str, Any]]:
    pairs = enumerate(found) if isinstance(found, list) else sorted(found.items())
    return [{key: k, value: v} for k, v in pairs]


def _regex(code: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        try:
            return code(*(_text(a) for a in args))
        except re2.BadPatternError as error:
            raise PolicyError(f"JMESPath function: {error}") from error

    return run


def _round(number: float, digits: float) -> float:
    return round(number, int(digits))


FUNCTIONS: dict[str, tuple[tuple[str, ...], Callable[..., Any]]] = {
    "compare": (("string", "string"), lambda a, b: (a > b) - (a < b)),
    "equal_fold": (("string", "string"), lambda a, b: a.casefold() == b.casefold()),
    "replace": (("string", "string", "string", "number"), lambda s, o, n, c: s.replace(o, n, int(c))),
    "replace_all": (("string", "string", "string"), lambda s, o, n: s.replace(o, n)),
    "to_upper": (("string",), str.upper),
    "to_lower": (("string",), str.lower),
    "trim": (("string", "string"), lambda s, c: s.strip(c)),
    "trim_prefix": (("string", "string"), lambda s, p: s.removeprefix(p)),
    "split": (("string", "string"), lambda s, p: s.split(p) if p else list(s)),
    "truncate": (("string", "number"), lambda s, n: s[: int(n)]),
    "regex_match": (("string", "string|number"), _regex(lambda p, s: re2.matches(s, p))),
    "regex_replace_all": (("string", "string|number", "string|number"), _regex(lambda p, s, r: re2.replace(s, p, r))),
    "pattern_match": (("string", "string|number"), lambda p, s: wildcard(p, _text(s))),
    "label_match": (("object", "object"), lambda a, b: all(k in b and b[k] == v for k, v in a.items())),
    "to_boolean": (("string",), _boolean),
    **{name: (("any", "any"), code) for name, code in ARITHMETIC.items()},
    "sum": (("array",), total),
    **TIMES,
    "is_external_url": (("string",), _external),
    "regex_replace_all_literal": (
        ("string", "string|number", "string|number"),
        _regex(lambda p, s, r: re2.replace_literally(s, p, r)),
    ),
    "round": (("number", "number"), _round),
    "base64_decode": (("string",), _decoded),
    "base64_encode": (("string",), lambda s: base64.b64encode(s.encode()).decode()),
    "path_canonicalize": (("string",), lambda s: posixpath.normpath("/" + s.lstrip("/") if s[:1] == "/" else s)),
    "semver_compare": (("string", "string"), _semver_compare),
    "parse_json": (("string",), _json),
    "parse_yaml": (("string",), _yaml),
    "lookup": (("object|array", "string|number"), _lookup),
    "items": (("object|array", "string", "string"), _items),
    "object_from_lists": (("array", "array"), lambda k, v: dict(zip(k, [*v, *[None] * len(k)], strict=False))),
    "image_normalize": (("string",), _image),
    "sha256": (("string",), lambda s: hashlib.sha256(s.encode()).hexdigest()),
}


@cache
def _options() -> Any:
    import jmespath
    from jmespath import functions

    members: dict[str, Any] = {}
    for name, (kinds, code) in FUNCTIONS.items():

        def call(_self: Any, *args: Any, _code: Callable[..., Any] = code) -> Any:
            return _code(*args)

        types: list[Any] = [{"types": [] if kind == "any" else kind.split("|")} for kind in kinds]
        members[f"_func_{name}"] = functions.signature(*types)(call)
    made = type("KyvernoFunctions", (functions.Functions,), members)
    return jmespath.Options(custom_functions=made())


@lru_cache(maxsize=2048)
def compiled(expression: str) -> Any:
    """An expression that is read once. Raises PolicyError where it can't be."""
    import jmespath
    from jmespath import exceptions

    try:
        return jmespath.compile(expression)
    except (exceptions.JMESPathError, RecursionError, ValueError) as error:
        raise PolicyError(f"failed to parse the JMESPath expression {expression[:80]!r}") from error


def search(expression: str, data: Any) -> Any:
    """The value of an expression, None where it finds nothing. Raises PolicyError, or NotEvaluated for a function."""
    from jmespath import exceptions

    try:
        return compiled(expression).search(data, _options())
    except exceptions.UnknownFunctionError as error:
        name = str(error).rpartition(": ")[2].removesuffix("()")
        if name in ELSEWHERE:
            raise NotEvaluated(f"the JMESPath function {name}() is not evaluated") from error
        raise PolicyError(f"unknown JMESPath function {name}()") from error
    except exceptions.JMESPathError as error:
        raise PolicyError(f"failed to query: {str(error).partition(chr(10))[0][:200]}") from error
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise PolicyError(f"failed to query {expression[:80]!r}") from error
