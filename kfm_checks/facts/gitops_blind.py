"""What an Argo CD Application is told not to see: drift that nobody heals although ``selfHeal`` is on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Path

#: Argo CD documentation, *Skip Application Reconcile*.
SKIP = "argocd.argoproj.io/skip-reconcile"
#: Parts of an object that are nearly all of it.
_WHOLE = frozenset({"", "/", "/spec", "/data", ".", ".spec", ".data"})


def blind_spots(reconciler: Reconciler) -> Iterator[tuple[Path, Any, str]]:
    """Where an Application is told not to look, what stands there, and what that means in words.

    A field of one kind that another controller owns (replicas, a webhook's caBundle) is everyday practice, and none.
    """
    obj, spec = reconciler.obj, reconciler.spec
    path: Path = (*spec[:-1], "metadata", "annotations", SKIP)
    if str(dig(obj, *path, default="")).lower() == "true":
        yield path, dig(obj, *path), "its controller is told to skip it"
    for index, rule in enumerate(items(obj, *spec, "ignoreDifferences")):
        at: Path = (*spec, "ignoreDifferences", index)
        if rule.get("kind") == "*" and not rule.get("name"):
            for field in ("jsonPointers", "jqPathExpressions"):
                whole = [text for text in _texts(rule.get(field)) if text in _WHOLE]
                if whole:
                    yield (*at, field), ", ".join(whole), "changes of any kind of object are not seen"
        hands = [name for name in _texts(rule.get("managedFieldsManagers")) if name.startswith("kubectl")]
        if hands:
            yield (*at, "managedFieldsManagers"), ", ".join(hands), "what is changed with kubectl is not seen"


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
