"""Others' cases of admission policies, and what the engines here say of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kfm_checks import load_manifests
from kfm_checks.admission import kyverno, kyverno_cel, vap
from kfm_checks.admission.candidates import expanded
from kfm_checks.admission.engine import Policies, compile_policies
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.facts.objects import inventory
from kfm_checks.model import Manifest

NAMES = ("cel-admission-library", "kyverno-cli", "kyverno-policies")


@dataclass(frozen=True)
class Comparison:
    """One case: what they expect, what we say, and why where nothing could be said."""

    corpus: str
    id: str
    expected: str
    ours: str
    reason: str

    @property
    def evaluated(self) -> bool:
        return self.ours != "not evaluated"


@cache
def _manifests(path: Path) -> tuple[Manifest, ...]:
    return tuple(Manifest(obj) for obj in load_manifests(path))


def _facts(case: dict[str, Any]) -> Iterator[Manifest]:
    """What a case's test tells of its cluster in files that the corpus names and doesn't carry: see facts.yaml."""
    for obj in _manifests(Path(__file__).with_name("facts.yaml")):
        if any(name.startswith(f"{obj['metadata']['annotations']['of']}/") for name in case.get("context_files") or []):
            yield obj


def compare(root: Path) -> Iterator[Comparison]:
    """Every case of the three corpora."""
    for name in NAMES:
        for line in (root / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            yield _compared(root, name, json.loads(line))


def _compared(root: Path, corpus: str, case: dict[str, Any]) -> Comparison:
    written = case["policy"] if isinstance(case["policy"], list) else [case["policy"]]
    given = [obj for name in written for obj in _manifests(root / name.lstrip("_"))]
    known = inventory([*given, *_manifests(root / case["path"]), *_facts(case)])
    policies = compile_policies(known)
    wanted = case["rule"].split("/")
    found = [
        verdict
        for obj in known
        if _wanted(obj, case["objects"])
        for verdict in _verdicts(policies, next(expanded(obj, known, policies.resources)))
        if _of_rule(verdict, wanted)
    ]
    refused = any(verdict.result in ("fail", "error") for verdict in found)
    unknown = next((verdict.message for verdict in found if verdict.result == "not-evaluated"), "")
    ours = "fail" if refused else "not evaluated" if unknown else "pass"
    return Comparison(corpus, case["id"], case["expect"], ours, unknown if ours == "not evaluated" else "")


def _wanted(obj: Manifest, named: list[dict[str, str]]) -> bool:
    return any(
        (item["kind"], item["name"]) == (obj.key.kind, obj.key.name)
        and item.get("namespace") in (None, obj.key.namespace)
        for item in named
    )


def _of_rule(verdict: Verdict, wanted: list[str]) -> bool:
    """A case of a Kyverno rule is about that policy and that rule, or the rule generated from it."""
    if len(wanted) < 2:
        return True
    rule = verdict.rule.removeprefix("autogen-").removeprefix("cronjob-")
    return [verdict.policy.key.name, rule] == wanted[:2]


def _verdicts(policies: Policies, candidate: Candidate) -> Iterator[Verdict]:
    """As their command line judges: a ValidatingAdmissionPolicy without a binding as if bound to everything."""
    for policy, bindings in policies.vaps:
        for binding in bindings or (None,):
            yield from vap.evaluate(policy, binding, candidate, policies.inventory, policies.resources)
    for rules in policies.kyverno:
        yield from kyverno.evaluate(rules, candidate, policies.inventory)
    for cel in policies.kyverno_cel:
        yield from kyverno_cel.evaluate(cel, candidate, policies.resources)
