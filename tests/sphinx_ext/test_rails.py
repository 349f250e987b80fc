"""What the page of a rail says of the policies that enforce it."""

from __future__ import annotations

from types import SimpleNamespace

from kfm_checks.engine import Facts
from kfm_checks.sphinx_ext.html import fill
from kfm_checks.sphinx_ext.rails import rails


def attempt(row: str, words: str, *policies: str, unknown: str = "", fails_open: bool = False) -> SimpleNamespace:
    """One attempt to break a rail."""
    refused = bool(policies)
    return SimpleNamespace(
        row=row, words=words, policies=policies, refused=refused, unknown=unknown, fails_open=fails_open
    )


def test_policies_are_named_by_row() -> None:
    """Each policy is named with what it refuses; what gets in, is doubted or rests on failing open is told."""
    tried = (
        attempt("RAIL-06", "has a tag", "Policy <b>", "Policy a"),
        attempt("RAIL-06", "has no tag", "Policy a", fails_open=True),
        attempt("RAIL-06", "has latest"),
        attempt("RAIL-07", "has no probe", unknown="not evaluated"),
    )
    found = rails(Facts({"admission_attempts": tried}))
    assert list(found) == ["RAIL-06", "RAIL-07"]
    rail = found["RAIL-06"]
    assert (rail.tried, rail.refused) == (3, 2)
    assert rail.by == {"Policy <b>": 1, "Policy a": 2}
    assert (rail.let_in, rail.weak, found["RAIL-07"].doubted) == (("has latest",), ("has no tag",), ("has no probe",))
    shown = fill("rail.html", rail=rail)
    assert "<b>" not in shown
    assert "Nothing refuses one that has latest." in shown
    assert "no admission policy" in fill("rail.html", rail=found["RAIL-07"])


def test_nothing_tried() -> None:
    """Where nobody could try, nothing is said."""
    assert rails(Facts({}, functions={"admission_attempts": lambda inventory: ()})) == {}
