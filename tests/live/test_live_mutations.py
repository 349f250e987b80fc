"""Change a well-run cluster in one place: exactly the named rows turn, no others."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from kfm_checks.assess import assess
from kfm_checks.engine import Facts, closure
from kfm_checks.facts.catalogue import FACTS
from kfm_checks.facts.cluster import Cluster
from kfm_checks.judged import Judged
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest, Report
from kfm_checks.run import Options, judge
from tests.conftest import AS_OF, ROOT
from tests.examples import content, files
from tests.live.wellrun import identity, well_run

OVERLAY = ROOT / "infra/clusters/prod"


def mutations() -> list[Any]:
    """Every mutation of a cluster of every file of examples."""
    return [
        pytest.param(case, id=f"{path.stem}-{case['about'][:60]}")
        for path in files()
        for case in content(path).get("live-mutations") or []
    ]


@cache
def offline() -> Judged:
    """The shipped overlay without a cluster."""
    return judge(OVERLAY, Options(as_of=AS_OF))


@cache
def running() -> Cluster:
    """The cluster as the shipped overlay says."""
    return well_run(offline())


def report_on(cluster: Cluster) -> Report:
    """What a run says of the shipped overlay and this cluster; what the render alone says is computed once."""
    known = offline()
    facts = Facts({**known.facts.inputs, "cluster": cluster}, known.facts.absent)
    facts._known = {name: value for name, value in known.facts._known.items() if "cluster" not in closure(FACTS[name])}
    options = Options(as_of=AS_OF)
    return assess(known.report.overlay, facts, known.settings, known.records, known.target, options).report


@cache
def before() -> dict[str, str]:
    """The rows of the well-run cluster."""
    return {row.id: row.status for row in report_on(running()).requirements}


def test_a_well_run_cluster_is_green() -> None:
    """Every row that a cluster can tell is met; the two that nobody can know here are the exceptions."""
    live = {row.id: row.status for row in report_on(running()).requirements if row.methods.get("cluster")}
    assert {id for id, status in live.items() if status != "met"} == {"META-02", "DOD-02", "DOD-03"}


@pytest.mark.parametrize("case", mutations())
def test_a_change_of_the_cluster_turns_exactly_its_rows(case: dict[str, Any]) -> None:
    """The rows whose status differs from the well-run cluster's are exactly those that the case names."""
    after = report_on(changed(running(), case))
    assert {row.id: row.status for row in after.requirements if row.status != before()[row.id]} == case["turns"]


def changed(cluster: Cluster, case: dict[str, Any]) -> Cluster:
    """The cluster after the case's edits: ``set`` and ``delete`` by object, ``add`` of manifests, other fields."""
    live = {f"{obj.key}": obj for obj in cluster.objects}
    for edit in case.get("edits", ()):
        obj = live[edit["object"]]
        cluster = _without(cluster, obj) if edit.get("delete") else _replaced(cluster, obj, edit["set"])
    for obj in parse_manifests(case.get("add") or ""):
        made = [
            replace(x, objects=(*x.objects, obj)) if (x.kind.group, x.kind.kind) == (obj.key.group, obj.key.kind) else x
            for x in cluster.listings
        ]
        cluster = replace(cluster, listings=tuple(made))
    for kind, problem in (case.get("unread") or {}).items():
        made = [replace(x, objects=(), problem=problem) if str(x.kind) == kind else x for x in cluster.listings]
        cluster = replace(cluster, listings=tuple(made))
    if "attempts" in case:
        cluster = replace(cluster, attempts=tuple(_tried(one, case["attempts"]) for one in cluster.attempts))
    if "answers" in case:
        cluster = replace(cluster, answers=tuple(_answered(one, case["answers"]) for one in cluster.answers))
    return cluster


def _without(cluster: Cluster, gone: Manifest) -> Cluster:
    name = identity(gone)
    made = [replace(x, objects=tuple(o for o in x.objects if identity(o) != name)) for x in cluster.listings]
    compared = [
        replace(c, live=None) if c.live is not None and identity(c.live) == name else c for c in cluster.comparisons
    ]
    return replace(cluster, listings=tuple(made), comparisons=tuple(compared))


def _replaced(cluster: Cluster, obj: Manifest, fields: dict[str, Any]) -> Cluster:
    content = copy.deepcopy(dict(obj))
    for pointer, value in fields.items():
        *steps, last = [s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:]]
        at: Any = content
        for step in steps:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        key: Any = int(last) if isinstance(at, list) else last
        if value is None:
            at.pop(key)
        else:
            at[key] = value
    new, name = Manifest(content), identity(obj)
    made = [replace(x, objects=tuple(new if identity(o) == name else o for o in x.objects)) for x in cluster.listings]
    compared = [
        replace(c, live=new) if c.live is not None and identity(c.live) == name else c for c in cluster.comparisons
    ]
    return replace(cluster, listings=tuple(made), comparisons=tuple(compared))


def _tried(one: Any, wanted: dict[str, Any]) -> Any:
    same = all(getattr(one, name) == value for name, value in wanted["where"].items())
    return replace(one, **wanted["become"]) if same else one


_answered = _tried
