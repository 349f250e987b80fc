"""IP addresses, CIDR ranges and URLs as Kubernetes' CEL has them.

https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-ip-address-library and the sections after it.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

Value = dict[str, Any]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _address(text: str) -> _Address:
    """Neither a zone nor an IPv4 address inside IPv6 is allowed, as in Kubernetes."""
    parsed = ipaddress.ip_address(text)
    if isinstance(parsed, ipaddress.IPv6Address) and (parsed.ipv4_mapped or "%" in text):
        raise ValueError(f"IP Address {text[:60]!r} is not allowed: IPv4-mapped, or with a zone")
    return parsed


def ip(text: str) -> Value:
    """``ip(TEXT)``."""
    return {"@type": "ip", "@value": str(_address(text))}


def is_ip(text: str) -> bool:
    """``isIP(TEXT)``."""
    try:
        _address(text)
    except ValueError:
        return False
    return True


def is_canonical(text: str) -> bool:
    """Whether the text is the address's canonical form; raises ValueError on no address."""
    return str(_address(text)) == text


def _of(value: Value) -> _Address:
    return ipaddress.ip_address(value["@value"])


def family(value: Value) -> int:
    """4 or 6."""
    return _of(value).version


def is_unspecified(value: Value) -> bool:
    """``0.0.0.0`` or ``::``."""
    return _of(value).is_unspecified


def is_loopback(value: Value) -> bool:
    """Loopback."""
    return _of(value).is_loopback


def is_link_local_multicast(value: Value) -> bool:
    """Multicast within the link."""
    address = _of(value)
    if isinstance(address, ipaddress.IPv4Address):
        return address in ipaddress.ip_network("224.0.0.0/24")
    return address.packed[0] == 0xFF and address.packed[1] & 0x0F == 0x02


def is_link_local_unicast(value: Value) -> bool:
    """Unicast within the link."""
    return _of(value).is_link_local


def is_global_unicast(value: Value) -> bool:
    """As Go's ``netip.Addr.IsGlobalUnicast``: private addresses count."""
    address = _of(value)
    broadcast = str(address) == "255.255.255.255"
    return not (
        address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local or broadcast
    )


def _prefix(text: str) -> _Network:
    host, slash, length = text.partition("/")
    if not slash or not length.isdigit() or (len(length) > 1 and length.startswith("0")):
        raise ValueError(f"network address parse error during conversion from string: {text[:60]!r}")
    _address(host)
    return ipaddress.ip_interface(text)


def cidr(text: str) -> Value:
    """``cidr(TEXT)``."""
    return {"@type": "cidr", "@value": str(_prefix(text))}


def is_cidr(text: str) -> bool:
    """``isCIDR(TEXT)``."""
    try:
        _prefix(text)
    except ValueError:
        return False
    return True


def _network(value: Value) -> Any:
    return ipaddress.ip_interface(value["@value"]).network


def contains_ip(value: Value, other: Any) -> bool:
    """Whether an address, or the text of one, is in the range."""
    return (_address(other) if isinstance(other, str) else _of(other)) in _network(value)


def contains_cidr(value: Value, other: Any) -> bool:
    """Whether a range, or the text of one, lies within this one."""
    inner = (_prefix(other) if isinstance(other, str) else ipaddress.ip_interface(other["@value"])).network
    outer = _network(value)
    return inner.version == outer.version and inner.subnet_of(outer)


def cidr_ip(value: Value) -> Value:
    """The address before the slash."""
    return {"@type": "ip", "@value": value["@value"].partition("/")[0]}


def masked(value: Value) -> Value:
    """The range with its host bits cleared."""
    return {"@type": "cidr", "@value": str(_network(value))}


def prefix_length(value: Value) -> int:
    """The number after the slash."""
    return int(_network(value).prefixlen)


def _split(text: str) -> SplitResult:
    """As Go's ``url.ParseRequestURI``: an absolute URI or an absolute path."""
    if not text or any(ord(c) < 0x21 or ord(c) == 0x7F for c in text):
        raise ValueError("URL parse error during conversion from string")
    parts = urlsplit(text)
    if not parts.scheme and not text.startswith("/"):
        raise ValueError("URL parse error during conversion from string: invalid URI for request")
    if parts.scheme and not parts.netloc and not parts.path.startswith("/") and text.partition(":")[2] == "":
        raise ValueError("URL parse error during conversion from string: invalid URI for request")
    _ = parts.port
    return parts


def url(text: str) -> Value:
    """``url(TEXT)``."""
    _split(text)
    return {"@type": "url", "@value": text}


def is_url(text: str) -> bool:
    """``isURL(TEXT)``."""
    try:
        _split(text)
    except ValueError:
        return False
    return True


def url_scheme(value: Value) -> str:
    """``https`` of ``https://…``."""
    return _split(value["@value"]).scheme


def url_host(value: Value) -> str:
    """Host with port."""
    return _split(value["@value"]).netloc.rpartition("@")[2]


def url_hostname(value: Value) -> str:
    """Host without port and brackets."""
    host = url_host(value)
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def url_port(value: Value) -> str:
    """The port as text, "" where there is none."""
    host = url_host(value).rpartition("]")[2]
    return host.partition(":")[2]


def url_path(value: Value) -> str:
    """The path, percent-encoded."""
    path = _split(value["@value"]).path
    return path if "%" in path else quote(unquote(path), safe="/:@!$&'()*+,;=-._~")


def url_query(value: Value) -> dict[str, list[str]]:
    """The query's values by name."""
    return parse_qs(_split(value["@value"]).query, keep_blank_values=True)
