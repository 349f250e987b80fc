"""Plain YAML scalars, read as the Kubernetes API server reads them (sigs.k8s.io/yaml 1.6 over go-yaml 2.4).

That is YAML 1.1 with house rules: ``yes``, ``on``, ``y`` are booleans, ``0644`` and ``0o644`` octal, underscores are
dropped from numbers, sexagesimal numbers and timestamps stay text, and what a JSON decoder of Kubernetes would make of
the result: ``1.0`` is the integer 1, an integer beyond 64 bits a float.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from decimal import Decimal
from typing import Any

Scalar = str | int | float | bool | None

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
WORDS: dict[str, Scalar] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL, None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
MERGE = "<<"
_NUMERIC_START = frozenset("0123456789+-.")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))", re.ASCII)
_BASES = (16, 8, 2, 10)
_ODD_BINARY = re.compile(r"0b([-+][01]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
INT64 = range(-(2**63), 2**63)
_INT64_OR_UINT64 = range(-(2**63), 2**64)
_LONGEST_NUMBER = 400
#: From here on Go writes floats with an exponent, which is no integer to a JSON decoder.
_GO_EXPONENT = 1e21
#: Powers of ten within which Go's %g writes no exponent.
_GO_LEAST, _GO_MOST = -4, 6
_PREFIX = "tag:yaml.org,2002:"


class ScalarError(ValueError):
    """A scalar that can't be what its tag says, or that JSON has no word for."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def plain(text: str) -> Scalar:
    """The value of an unquoted, untagged scalar, as go-yaml has it; ``json_value`` makes it what Kubernetes sees."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _NUMERIC_START or len(text) > _LONGEST_NUMBER:
        return text
    if text[0] == ".":
        return _float(text, text) if _POINT_FLOAT.fullmatch(text) else text
    return _number(text)


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    found = _INTEGER.fullmatch(digits)
    if found:
        body = next((group, base) for group, base in zip(found.groups()[1:], _BASES, strict=True) if group is not None)
        value = int(body[0], body[1]) * (-1 if found[1] == "-" else 1)
        if value in INT64 or (value in _INT64_OR_UINT64 and not found[1]):
            return value
    if _FLOAT.fullmatch(digits):
        return _float(digits, text)
    odd = _ODD_BINARY.fullmatch(digits)
    return int(odd[1], 2) if odd and int(odd[1], 2) in INT64 else text


def _float(digits: str, text: str) -> float | str:
    """A number beyond the range of a float stays text, as in Go."""
    value = float(digits.replace("_", ""))
    return text if math.isinf(value) else value


def json_value(value: Scalar) -> Scalar:
    """What Kubernetes' JSON decoder makes of a scalar that went through JSON. Raises ScalarError for infinities.

    Go writes a whole float without a point, so that it is read back as an integer where 64 bits hold it; larger
    integers are read as floats.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ScalarError("an infinite number or NaN, which JSON can't carry", "quote it, or write a number")
        written = int(Decimal(repr(value))) if value.is_integer() and abs(value) < _GO_EXPONENT else None
        return value if written is None or written not in INT64 else written
    return value if not isinstance(value, int) or value in INT64 else float(value)


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag; a tag of nobody's (``!vault``) leaves the text."""
    short = tag.removeprefix(_PREFIX)
    if short == "binary":
        return _binary(text)
    if short not in ("bool", "int", "float", "null") or short == tag:
        return text
    value = plain(text) if text else None
    if short == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if _kind(value) != short:
        raise ScalarError(f"a value is no {short}, though its tag says so", "mend the value or the tag")
    return value


def _kind(value: Scalar) -> str:
    if value is None:
        return "null"
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "str")


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ScalarError("a !!binary value is not base64 of text", "write the base64 as a plain string") from error


def key_text(value: Any) -> str:
    """A mapping key as JSON has it: text. Raises ScalarError for null, and for what is no scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value in INT64:
        return str(value)
    if isinstance(value, float):
        return _go_float32(value)
    raise ScalarError("a mapping key is null, too large a number or no scalar", "write it as quoted text")


_NOT_FINITE = {math.inf: ".inf", -math.inf: "-.inf"}


def _go_float32(value: float) -> str:
    """Go's ``FormatFloat(value, 'g', -1, 32)``: the shortest text that gives the same 32-bit float."""
    if math.isnan(value):
        return ".nan"
    try:
        target = struct.pack("<f", value)
    except OverflowError:
        value = math.copysign(math.inf, value)
    if math.isinf(value):
        return _NOT_FINITE[value]
    (value,) = struct.unpack("<f", target)
    digits = next(text for n in range(17) if struct.pack("<f", float(text := f"{value:.{n}e}")) == target)
    mantissa, _, exponent = digits.partition("e")
    power, places = int(exponent), len(mantissa.partition(".")[2])
    if _GO_LEAST <= power < _GO_MOST:
        return f"{float(digits):.{max(places - power, 0)}f}"
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
