"""Label selectors: the API server's semantics, operator by operator."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.selectors import matches, matches_map

LABELS = {"app": "api", "tier": "1"}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": None, "matchExpressions": None}, True),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "api", "tier": 1}}, True),
        ({"matchLabels": {"app": "api", "tier": "2"}}, False),
        ({"matchLabels": {"zone": "a"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": [1]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["api"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "zone", "operator": "Exists"}]}, False),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]}, False),
    ],
)
def test_a_selector(selector: dict[str, Any] | None, selected: bool) -> None:
    """Labels and expressions all have to hold; none at all selects everything, an absent selector nothing."""
    assert matches(selector, LABELS) is selected


def test_an_unknown_operator_is_refused() -> None:
    """The API server knows four operators."""
    with pytest.raises(ValueError, match="'Like'"):
        matches({"matchExpressions": [{"key": "app", "operator": "Like"}]}, LABELS)


@pytest.mark.parametrize(
    ("selector", "selected"),
    [(None, False), ({}, False), ({"app": "api"}, True), ({"tier": 1}, True), ({"app": "api", "tier": "2"}, False)],
)
def test_an_equality_map(selector: dict[str, Any] | None, selected: bool) -> None:
    """A Service's selector: every pair has to be there, and an empty one selects no pod."""
    assert matches_map(selector, LABELS) is selected
