"""Arithmetic of Kyverno's JMESPath: numbers, quantities and durations, as ``add('10Mi', '2Mi')``.

https://kyverno.io/docs/policy-types/cluster-policy/jmespath/#add. A text is a quantity where it can be one, else a
duration; results are texts of the first operand's form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import isfinite
from typing import Any, Literal, NamedTuple

from kfm_checks.admission.kyverno_values import duration, quantity
from kfm_checks.admission.model import NotEvaluated, PolicyError

Kind = Literal["number", "quantity", "duration"]
_DECIMAL = ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n"))
_BINARY = ((6, "Ei"), (5, "Pi"), (4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki"), (0, ""))
_NANO = 10**9


class Operand(NamedTuple):
    """A number with what it is a number of. ``binary``: a quantity that is written with Ki, Mi and so on."""

    kind: Kind
    value: Fraction
    binary: bool = False


def _operand(value: Any, name: str) -> Operand:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return Operand("number", Fraction(value))
    if isinstance(value, str):
        number = quantity(value)
        if number is not None:
            if re.search(r"[eE][+-]?\d+$", value):
                raise NotEvaluated(f"{name}() of a quantity with an exponent is not evaluated")
            return Operand("quantity", number, value.endswith("i"))
        seconds = duration(value)
        if seconds is not None:
            return Operand("duration", seconds)
    raise PolicyError(f"JMESPath function '{name}': invalid operands")


def _shown(operand: Operand) -> Any:
    if operand.kind == "number":
        number = operand.value
        return int(number) if number.denominator == 1 else float(number)
    return go_duration(operand.value) if operand.kind == "duration" else _quantity(operand)


def _quantity(operand: Operand) -> str:
    """The canonical form of a quantity (Kubernetes API reference, *Quantity*)."""
    value = operand.value
    if operand.binary and abs(value) >= 1024:
        for power, suffix in _BINARY:
            scaled = value / 1024**power
            if scaled.denominator == 1:
                return f"{scaled}{suffix}"
        raise NotEvaluated("parts of a byte are not evaluated")
    for power, suffix in _DECIMAL:
        scaled = value / Fraction(10) ** power
        if scaled.denominator == 1:
            return f"{scaled}{suffix}" if value else "0"
    raise NotEvaluated("a quantity below a nano is not evaluated")


def go_duration(seconds: Fraction) -> str:
    """Go's form of a duration: ``1h0m0s``, ``1.5s``, ``20ms``."""
    nanos = int(seconds * _NANO)
    sign, left = "-" if nanos < 0 else "", abs(nanos)
    if not left:
        return "0s"
    for unit, size in (("ns", 1), ("µs", 1000), ("ms", 10**6)):
        if left < size * 1000:
            return f"{sign}{_decimal(Fraction(left, size))}{unit}"
    hours, rest = divmod(left, 3600 * _NANO)
    minutes, rest = divmod(rest, 60 * _NANO)
    text = f"{_decimal(Fraction(rest, _NANO))}s"
    text = f"{minutes}m{text}" if hours or minutes else text
    return f"{sign}{hours}h{text}" if hours else f"{sign}{text}"


def _decimal(number: Fraction) -> str:
    return f"{float(number):.9f}".rstrip("0").rstrip(".")


def _alike(name: str, code: Callable[[Fraction, Fraction], Fraction]) -> Callable[[Any, Any], Any]:
    """An operation of two operands of one kind."""

    def run(first: Any, second: Any) -> Any:
        a, b = _operand(first, name), _operand(second, name)
        if a.kind != b.kind:
            raise PolicyError(f"JMESPath function '{name}': types mismatch")
        return _shown(a._replace(value=code(a.value, b.value), binary=a.binary if a.value else b.binary))

    return run


def _multiply(first: Any, second: Any) -> Any:
    a, b = _operand(first, "multiply"), _operand(second, "multiply")
    if a.kind != "number" and b.kind != "number":
        raise PolicyError("JMESPath function 'multiply': types mismatch")
    whole = b if a.kind == "number" else a
    return _shown(whole._replace(value=a.value * b.value))


def _divide(first: Any, second: Any) -> Any:
    a, b = _operand(first, "divide"), _operand(second, "divide")
    if a.kind != b.kind and b.kind != "number":
        raise PolicyError("JMESPath function 'divide': types mismatch")
    if b.value == 0:
        raise PolicyError("JMESPath function 'divide': Zero divisor passed")
    if a.kind == b.kind:
        return _shown(Operand("number", a.value / b.value))
    made = a.value / b.value
    if a.kind == "quantity":
        # As many decimals as the operands have; the rest is cut off.
        scale = 10 ** max(_places(a.value), _places(b.value))
        made = Fraction(int(made * scale), scale)
    return _shown(a._replace(value=made))


def _places(number: Fraction) -> int:
    places = 0
    while places < 18 and (number * 10**places).denominator != 1:
        places += 1
    return places


def _rest(a: Fraction, b: Fraction) -> Fraction:
    """The remainder as Go gives it: of whole numbers, with the sign of the first."""
    if b == 0:
        raise PolicyError("JMESPath function 'modulo': Zero divisor passed")
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _modulo(first: Any, second: Any) -> Any:
    a, b = _operand(first, "modulo"), _operand(second, "modulo")
    if "duration" not in (a.kind, b.kind) and 1 not in {0, a.value.denominator * b.value.denominator}:
        raise PolicyError("JMESPath function 'modulo': Non-integer argument(s) passed")
    return _alike("modulo", _rest)(first, second)


def total(values: list[Any]) -> Any:
    """``sum(LIST)``."""
    if not values:
        raise PolicyError("JMESPath function 'sum': at least one element in the array is required")
    made = values[0]
    for value in values[1:]:
        made = ARITHMETIC["add"](made, value)
    return made


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "add": _alike("add", lambda a, b: a + b),
    "subtract": _alike("subtract", lambda a, b: a - b),
    "multiply": _multiply,
    "divide": _divide,
    "modulo": _modulo,
}
