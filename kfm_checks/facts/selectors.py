"""Label selectors as the API server evaluates them (Kubernetes API conventions, ``LabelSelector``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a ``LabelSelector`` selects these labels. None selects nothing, {} selects everything.

    Raises ValueError on an operator that Kubernetes doesn't know.
    """
    if selector is None:
        return False
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != str(value):
            return False
    return all(_expression(expression, labels) for expression in selector.get("matchExpressions") or [])


def matches_map(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether an equality map (``Service.spec.selector``) selects these labels; an empty one selects nothing."""
    return bool(selector) and all(labels.get(key) == str(value) for key, value in (selector or {}).items())


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator = str(expression.get("key")), expression.get("operator")
    values = {str(value) for value in expression.get("values") or []}
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    raise ValueError(f"unknown selector operator {operator!r}")
