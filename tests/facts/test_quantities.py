"""Quantities as Kubernetes reads them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.facts.quantities import positive, quantity, scaled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", Fraction(1)),
        (1, Fraction(1)),
        (0.5, Fraction(1, 2)),
        ("250m", Fraction(1, 4)),
        ("1Gi", Fraction(1024**3)),
        ("1G", Fraction(10**9)),
        ("1e3", Fraction(1000)),
        ("1E3", Fraction(1000)),
        ("1E", Fraction(10**18)),
        ("-1.5k", Fraction(-1500)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        (" 5 ", Fraction(5)),
        ("Ti", Fraction(0)),
        ("9000Ei", Fraction(2**63 - 1)),
    ],
)
def test_values(text: object, value: Fraction) -> None:
    """Suffixes, exponents and fractions are exact; below a billionth it rounds up."""
    assert quantity(text) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "Pi", "+.Ei", ".e-10", "1 Gi", "64MB", "1gi", "one", "1e", "1Ki3", True, None, [1], "1e999999999", "٣"],
)
def test_what_is_no_quantity(text: object) -> None:
    """Anything else is none, and never positive."""
    assert quantity(text) is None
    assert not positive(text)


@given(st.integers(0, 10**12))
def test_milli_is_a_thousandth(number: int) -> None:
    """1000m is 1, for any number."""
    assert quantity(f"{number}m") == Fraction(number, 1000)


def test_percentages_round_as_the_field_says() -> None:
    """Numbers stay; percentages round up or down; text numbers are refused as Kubernetes refuses them."""
    assert scaled("25%", 3, up=False) == 0
    assert scaled("25%", 3, up=True) == 1
    assert scaled(2, 3, up=True) == 2
    assert scaled("2", 3, up=True) is None
    assert scaled(True, 3, up=True) is None


@pytest.mark.parametrize(
    ("suffix", "factor"),
    [("n", Fraction(1, 10**9)), ("u", Fraction(1, 10**6)), ("m", Fraction(1, 1000)), ("", Fraction(1))]
    + [(letter, Fraction(1000**power)) for power, letter in enumerate("kMGTPE", start=1)]
    + [(f"{letter}i", Fraction(1024**power)) for power, letter in enumerate("KMGTPE", start=1)],
)
def test_each_suffix(suffix: str, factor: Fraction) -> None:
    """Decimal and binary suffixes, each by its power."""
    assert quantity(f"3{suffix}") == 3 * factor


def test_where_a_number_ends() -> None:
    """An exponent of a hundred is the largest, and two hundred characters the longest that is read."""
    assert quantity("1e100") == Fraction(10) ** 100
    assert quantity("1e101") is None
    assert quantity("1" * 200) == Fraction(int("1" * 200))
    assert quantity("1" * 201) is None
