"""The functions that Kubernetes adds to CEL, as one table: name, whether it is a method, parameters, result, code.

https://kubernetes.io/docs/reference/using-api/cel/ and, for what is in which version,
``k8s.io/apiserver/pkg/cel/environment``. Opaque types (Quantity, IP, …) are types to the checker, and mappings with an
``@type`` at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kfm_checks.admission import lib_image, lib_kyverno, lib_lists, lib_net, lib_quantity, lib_resource


class Function(NamedTuple):
    """One overload. Types: str, int, uint, double, bool, bytes, dyn, list, map, list<…>, or an opaque type's name."""

    name: str
    member: bool
    params: tuple[str, ...]
    returns: str
    code: Callable[..., Any]


#: Opaque type -> the ``@type`` of its values.
OPAQUE = {
    "Quantity": "quantity", "Semver": "semver", "IP": "ip", "CIDR": "cidr", "URL": "url", "Image": "image",
}  # fmt: skip


def _rows(member: bool, *rows: tuple[str, str, str, Callable[..., Any]]) -> Iterable[Function]:
    for name, params, returns, code in rows:
        yield Function(name, member, tuple(params.split()), returns, code)


def _over(name: str, code: Callable[..., Any], kinds: str) -> Iterable[Function]:
    """One overload for each type of the items: the result has it too."""
    return (Function(name, True, (f"list<{kind}>",), kind, code) for kind in kinds.split())


def _negative(compare: Callable[..., int]) -> Callable[..., bool]:
    return lambda a, b: compare(a, b) < 0


def _positive(compare: Callable[..., int]) -> Callable[..., bool]:
    return lambda a, b: compare(a, b) > 0


_Q, _S = lib_quantity.compare, lib_quantity.semver_compare

KUBERNETES: tuple[Function, ...] = (
    *_rows(
        False,
        ("quantity", "str", "Quantity", lib_quantity.quantity),
        ("isQuantity", "str", "bool", lib_quantity.is_quantity),
        ("semver", "str", "Semver", lib_quantity.semver),
        ("semver", "str bool", "Semver", lib_quantity.semver),
        ("isSemver", "str", "bool", lib_quantity.is_semver),
        ("isSemver", "str bool", "bool", lib_quantity.is_semver),
        ("ip", "str", "IP", lib_net.ip),
        ("isIP", "str", "bool", lib_net.is_ip),
        ("ip.isCanonical", "str", "bool", lib_net.is_canonical),
        ("cidr", "str", "CIDR", lib_net.cidr),
        ("isCIDR", "str", "bool", lib_net.is_cidr),
        ("url", "str", "URL", lib_net.url),
        ("isURL", "str", "bool", lib_net.is_url),
        ("image", "str", "Image", lib_image.image),
        ("isImage", "str", "bool", lib_image.is_image),
        ("kfm_format", "str str", "list<str>", lib_lists.format_problems),
    ),
    *_rows(
        True,
        ("sign", "Quantity", "int", lib_quantity.sign),
        ("isInteger", "Quantity", "bool", lib_quantity.is_integer),
        ("asInteger", "Quantity", "int", lib_quantity.as_integer),
        ("asApproximateFloat", "Quantity", "double", lib_quantity.as_float),
        ("add", "Quantity Quantity", "Quantity", lib_quantity.add),
        ("add", "Quantity int", "Quantity", lib_quantity.add),
        ("sub", "Quantity Quantity", "Quantity", lib_quantity.sub),
        ("sub", "Quantity int", "Quantity", lib_quantity.sub),
        ("compareTo", "Quantity Quantity", "int", _Q),
        ("isLessThan", "Quantity Quantity", "bool", _negative(_Q)),
        ("isGreaterThan", "Quantity Quantity", "bool", _positive(_Q)),
        ("compareTo", "Semver Semver", "int", _S),
        ("isLessThan", "Semver Semver", "bool", _negative(_S)),
        ("isGreaterThan", "Semver Semver", "bool", _positive(_S)),
        ("major", "Semver", "int", lib_quantity.semver_part(0)),
        ("minor", "Semver", "int", lib_quantity.semver_part(1)),
        ("patch", "Semver", "int", lib_quantity.semver_part(2)),
        ("family", "IP", "int", lib_net.family),
        ("isUnspecified", "IP", "bool", lib_net.is_unspecified),
        ("isLoopback", "IP", "bool", lib_net.is_loopback),
        ("isLinkLocalMulticast", "IP", "bool", lib_net.is_link_local_multicast),
        ("isLinkLocalUnicast", "IP", "bool", lib_net.is_link_local_unicast),
        ("isGlobalUnicast", "IP", "bool", lib_net.is_global_unicast),
        ("containsIP", "CIDR str", "bool", lib_net.contains_ip),
        ("containsIP", "CIDR IP", "bool", lib_net.contains_ip),
        ("containsCIDR", "CIDR str", "bool", lib_net.contains_cidr),
        ("containsCIDR", "CIDR CIDR", "bool", lib_net.contains_cidr),
        ("ip", "CIDR", "IP", lib_net.cidr_ip),
        ("masked", "CIDR", "CIDR", lib_net.masked),
        ("prefixLength", "CIDR", "int", lib_net.prefix_length),
        ("getScheme", "URL", "str", lib_net.url_scheme),
        ("getHost", "URL", "str", lib_net.url_host),
        ("getHostname", "URL", "str", lib_net.url_hostname),
        ("getPort", "URL", "str", lib_net.url_port),
        ("getEscapedPath", "URL", "str", lib_net.url_path),
        ("getQuery", "URL", "map<str,list<str>>", lib_net.url_query),
        ("containsDigest", "Image", "bool", lib_image.contains_digest),
        ("registry", "Image", "str", lib_image.registry),
        ("repository", "Image", "str", lib_image.repository),
        ("identifier", "Image", "str", lib_image.identifier),
        ("tag", "Image", "str", lib_image.tag),
        ("digest", "Image", "str", lib_image.digest),
        ("find", "str str", "str", lib_lists.find),
        ("findAll", "str str", "list<str>", lib_lists.find_all),
        ("findAll", "str str int", "list<str>", lib_lists.find_all),
        ("isSorted", "list", "bool", lib_lists.is_sorted),
        ("kfm_indexOf", "list dyn", "int", lib_lists.index_of),
        ("kfm_indexOf", "str str", "int", lib_lists.index_of),
        ("kfm_indexOf", "str str int", "int", lib_lists.index_of),
        ("kfm_lastIndexOf", "list dyn", "int", lib_lists.last_index_of),
        ("kfm_lastIndexOf", "str str", "int", lib_lists.last_index_of),
        ("kfm_lastIndexOf", "str str int", "int", lib_lists.last_index_of),
    ),
    *_over("sum", lib_lists.total, "int uint double duration"),
    *_over("min", lib_lists.least, "int uint double str bytes bool duration timestamp"),
    *_over("max", lib_lists.greatest, "int uint double str bytes bool duration timestamp"),
)
#: What Kyverno's policies.kyverno.io adds.
KYVERNO: tuple[Function, ...] = (
    *KUBERNETES,
    *_rows(
        False,
        ("resource.Get", "str str str str", "dyn", lib_resource.get),
        ("resource.get", "str str str str", "dyn", lib_resource.get),
        ("resource.Get", "str str str", "dyn", lib_resource.get_here),
        *((f"{prefix}{name}", "str", "str", code) for prefix in ("", "hash.") for name, code in lib_kyverno.HASHES),
        ("json.unmarshal", "str", "dyn", lib_kyverno.unmarshal),
        ("yaml.parse", "str", "dyn", lib_kyverno.parse),
        *((f"{prefix}listObjToMap", "list list str str", "map", lib_kyverno.to_map) for prefix in ("", "transform.")),
    ),
)
