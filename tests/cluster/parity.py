"""Counting agreement with the API server: each disagreement is one of those that the docs explain, or a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from kfm_checks.facts.objects import is_cluster_scoped
from kfm_checks.model import Manifest
from tests.conftest import CORPORA, ROOT

PAGE = ROOT / "docs/agreement/api-server.md"
#: Subject -> patterns of the cases that differ, and why; the page has a line for each reason.
EXPLAINED: dict[str, dict[str, str]] = {}
Case = tuple[str, bool, bool, str]


@dataclass
class Tally:
    """Cases of one subject: name, our verdict, the server's, and what the server said."""

    subject: str
    cases: list[Case] = field(default_factory=list)

    def add(self, cases: Iterable[Case]) -> None:
        """Count cases."""
        self.cases += cases

    @property
    def differ(self) -> list[Case]:
        """Cases in which the two verdicts differ."""
        return [case for case in self.cases if case[1] != case[2]]

    @property
    def unexplained(self) -> list[Case]:
        """Of those, the ones that nobody explained."""
        known = EXPLAINED.get(self.subject, {})
        return [case for case in self.differ if not any(re.search(pattern, case[0]) for pattern in known)]

    @property
    def line(self) -> str:
        """A row of the page's table: subject, cases, agree, explained."""
        agree = len(self.cases) - len(self.differ)
        return f"| {self.subject} | {len(self.cases)} | {agree} | {len(self.differ) - len(self.unexplained)} |"


def told(tally: Tally) -> None:
    """Print the row; fail on what nobody explained, and where there was nothing to compare."""
    print(tally.line)
    assert tally.cases, f"{tally.subject}: nothing was compared"
    shown = "\n".join(
        f"{name}: ours {ours}, the server's {theirs}: {said[:300]}"
        for name, ours, theirs, said in tally.unexplained[:15]
    )
    assert not tally.unexplained, f"{len(tally.unexplained)} of {len(tally.cases)} differ\n{shown}"


WORKERS = 8


def in_parallel(work: Any, cases: list[Any]) -> list[Any]:
    """Each case's result, in the order of the cases."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, cases))


def corpus(name: str) -> list[dict[str, Any]]:
    """Others' cases; skipped, visibly, where they are absent."""
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is absent: others' cases were not offered to the server")
    return [json.loads(line) for line in (CORPORA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


BUILT_IN = {
    "", "apps", "batch", "policy", "autoscaling", "networking.k8s.io", "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io", "scheduling.k8s.io",
}  # fmt: skip
_PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "PriorityClass": "priorityclasses"}


def path_of(obj: Manifest) -> str:
    """Where objects of this kind are created."""
    key = obj.key
    root = f"/apis/{key.api_version}" if key.group else f"/api/{key.api_version}"
    plural = _PLURALS.get(key.kind) or (
        f"{key.kind.lower()[:-1]}ies" if key.kind.endswith("Policy") else f"{key.kind.lower()}s"
    )
    inside = "" if is_cluster_scoped(key.group, key.kind) else f"/namespaces/{key.namespace or 'default'}"
    return f"{root}{inside}/{plural}"
