"""Kyverno's PolicyExceptions: what they let off a rule, the whole of it or single Pod Security controls.

https://kyverno.io/docs/guides/exceptions/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.admission.kyverno_context import Context
from kfm_checks.admission.kyverno_match import rule_matches
from kfm_checks.admission.kyverno_rules import Answer, conditions
from kfm_checks.admission.kyverno_values import wildcard
from kfm_checks.admission.matching import texts
from kfm_checks.admission.model import Candidate
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest

_LET_OFF = Answer("skip", "a PolicyException lets it off")


def excepted(
    exceptions: tuple[Manifest, ...], name: str, rule: Mapping[str, Any], candidate: Candidate, inventory: Inventory
) -> Answer | None:
    """What the rule says where an exception is for the candidate; None where none is. Raises NotEvaluated."""
    controls: list[dict[str, Any]] = []
    for exception in exceptions:
        if not _is_for(exception, name, candidate, inventory):
            continue
        given = items(exception, "spec", "podSecurity")
        if not given:
            return _LET_OFF
        controls += given
    return _without(controls, name, rule, candidate) if controls else None


def _is_for(exception: Manifest, name: str, candidate: Candidate, inventory: Inventory) -> bool:
    spec = dig(exception, "spec", default={})
    if not any(wildcard(n, name) or wildcard(f"autogen-*{n}", name) for n in _names(spec)):
        return False
    if not rule_matches({"match": spec.get("match")}, candidate):
        return False
    given = spec.get("conditions")
    return not given or conditions(Context(candidate, inventory), given, empty=True)


def _names(spec: Any) -> Iterator[str]:
    for entry in items(spec, "exceptions"):
        yield from texts(entry.get("ruleNames"))


def _without(controls: list[dict[str, Any]], name: str, rule: Mapping[str, Any], candidate: Candidate) -> Answer | None:
    """A podSecurity rule with more controls left out; no other rule is touched by such an exception."""
    given = dig(rule, "validate", "podSecurity")
    if not isinstance(given, dict):
        return None
    from kfm_checks.admission.kyverno_pods import pod_security

    message = str(dig(rule, "validate", "message", default=""))
    answer = pod_security(candidate, {**given, "exclude": [*items(given, "exclude"), *controls]}, name, message)
    return _LET_OFF if answer.result == "pass" else answer
