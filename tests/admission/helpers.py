"""What the tests of the engines share: manifests from text, and verdicts in short."""

from __future__ import annotations

from kfm_checks.admission.engine import verdicts
from kfm_checks.admission.model import Verdict
from kfm_checks.facts.objects import Inventory, inventory
from kfm_checks.manifests import parse_manifests

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns1, labels: {app: p}}
spec:
  containers:
    - {name: c, image: "nginx:1", ports: [{containerPort: 80}]}
"""


def known(*texts: str) -> Inventory:
    """The objects of YAML texts."""
    return inventory(obj for text in texts for obj in parse_manifests(text))


def said(*texts: str, kind: str = "Pod") -> list[Verdict]:
    """Verdicts on the objects of one kind."""
    objects = [obj for text in texts for obj in parse_manifests(text)]
    return [verdict for verdict in verdicts(objects) if verdict.candidate.kind == kind]


def results(*texts: str, kind: str = "Pod") -> list[str]:
    """The results alone, sorted."""
    return sorted(verdict.result for verdict in said(*texts, kind=kind))
