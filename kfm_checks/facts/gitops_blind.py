"""What an Argo CD Application is told not to see: drift that nobody heals although ``selfHeal`` is on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.network.entries import texts
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Path
from kfm_checks.values import Value

#: Argo CD documentation, *Skip Application Reconcile*.
SKIP = "argocd.argoproj.io/skip-reconcile"
#: Parts of an object that are nearly all of it.
_WHOLE = frozenset({"", "/", "/spec", "/data", ".", ".spec", ".data"})


class BlindSpot(Value, frozen=True):
    """Where an Application is told not to look, what stands there, and what that means in words.

    ``mended`` is the value (None: none) that the field at ``field`` needs so that nothing of the kind is left.
    """

    path: Path
    observed: str
    words: str
    field: Path
    mended: Any = None


def blind_spots(reconciler: Reconciler) -> Iterator[BlindSpot]:
    """Every place where an Application is told not to look.

    A field of one kind that another controller owns (replicas, a webhook's caBundle) is everyday practice, and none.
    """
    obj, spec = reconciler.obj, reconciler.spec
    path: Path = (*spec[:-1], "metadata", "annotations", SKIP)
    if str(dig(obj, *path, default="")).lower() == "true":
        yield BlindSpot(path, str(dig(obj, *path)), "its controller is told to skip it", path)
    at: Path = (*spec, "ignoreDifferences")
    rules = items(obj, *at)
    sighted = [rule for rule in rules if not any(_ignored(rule))] or None
    for index, rule in enumerate(rules):
        for field, observed, words in _ignored(rule):
            yield BlindSpot((*at, index, field), observed, words, at, sighted)


def _ignored(rule: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a rule of ``ignoreDifferences`` leaves out, where that is nearly everything: field, value, words."""
    if rule.get("kind") == "*" and not rule.get("name"):
        for field in ("jsonPointers", "jqPathExpressions"):
            whole = [text for text in texts(rule.get(field)) if text in _WHOLE]
            if whole:
                yield field, ", ".join(whole), "changes of any kind of object are not seen"
    hands = [name for name in texts(rule.get("managedFieldsManagers")) if name.startswith("kubectl")]
    if hands:
        yield "managedFieldsManagers", ", ".join(hands), "what is changed with kubectl is not seen"
