"""What no check may depend on: order, how a policy, role or quota is cut up, and namespaces that it is not about."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks.checks import CHECKS
from kfm_checks.config import Config, parse_settings
from kfm_checks.facts.network import reachability
from kfm_checks.model import CheckResult
from kfm_checks.run import Options, check_objects, judge
from tests.conftest import AS_OF, ROOT
from tests.test_ordinary_cases import ALL, AMOUNTS, PROBES, box, obj, policy, work, zone

Objects = list[dict[str, Any]]
Seen = tuple[str, str, str, bool | None]
#: Lists whose order means nothing to Kubernetes (``env``, ``command`` and ``args`` are not among them).
UNORDERED = frozenset(
    ("containers", "volumes", "volumeMounts", "ports", "rules", "subjects", "ingress", "egress", "from", "to", "policyTypes",
     "verbs", "resources", "apiGroups", "matchExpressions", "tolerations", "tls", "hosts", "imagePullSecrets", "limits",
     "topologySpreadConstraints", "data", "conditions", "namespaces", "drop", "metrics", "endpoints", "backendRefs")
)  # fmt: skip
#: Checks that need more than objects, or whose subject is the set as a whole.
NAMES = [check.name for check in CHECKS]
QUICK = settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@cache
def shipped() -> tuple[tuple[dict[str, Any], ...], Config]:
    """The shipped overlay's objects and configuration; the admission policies are tried in tests of their own."""
    judged = judge(ROOT / "infra/clusters/prod", Options(only=("overlay-renders",), as_of=AS_OF))
    return tuple(dict(found) for found in judged.objects), judged.settings.config


def results(objects: Iterable[dict[str, Any]], config: Config | None = None) -> dict[str, CheckResult]:
    """What every check says, by its name."""
    wanted = [name for name in NAMES if not name.startswith(("admission-", "objects-pass-", "image-signatures"))]
    return {
        r.check: r for r in check_objects(copy.deepcopy(list(objects)), only=wanted, config=config, as_of=AS_OF).results
    }


def evidence(found: dict[str, CheckResult], without: str = "") -> Counter[Seen]:
    """What was found of which object; a namespace may be left out."""
    return Counter(
        (name, str(e.subject), e.message if e.holds is not True else "", e.holds)
        for name, result in found.items()
        for e in result.evidence
        if not without or without not in (e.subject.namespace, e.subject.name)
    )


def outcomes(found: dict[str, CheckResult]) -> dict[str, str]:
    """The outcome of each check."""
    return {name: result.outcome for name, result in found.items()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Objects, Config]:
    """Objects of a few ordinary cases together, with the settings of the first that has any."""
    lines = draw(st.lists(st.sampled_from(ALL), min_size=1, max_size=4))
    unique: dict[tuple[str, ...], dict[str, Any]] = {}
    for line in lines:
        for one in line.objects:
            meta = one["metadata"]
            unique.setdefault((one["apiVersion"], one["kind"], meta.get("namespace", ""), meta["name"]), one)
    config = next((line.config for line in lines if line.config), {})
    return list(unique.values()), parse_settings(config).config


def shuffled(value: Any, chance: random.Random, key: str = "") -> Any:
    """The same content in another order of keys, and of items where order means nothing."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {name: shuffled(value[name], chance, name) for name in keys}
    if isinstance(value, list):
        items = [shuffled(item, chance) for item in value]
        if key in UNORDERED:
            chance.shuffle(items)
        return items
    return value


def reordered(objects: Iterable[dict[str, Any]], seed: int) -> Objects:
    """Everything in another order."""
    chance = random.Random(seed)
    found = [shuffled(one, chance) for one in objects]
    chance.shuffle(found)
    return found


@QUICK
@given(cases(), st.integers(0, 1000))
def test_order_changes_no_verdict(case: tuple[Objects, Config], seed: int) -> None:
    """The order of objects, of list items and of map keys changes nothing that a check says."""
    objects, config = case
    before, after = results(objects, config), results(reordered(objects, seed), config)
    assert outcomes(before) == outcomes(after)
    assert evidence(before) == evidence(after)


@pytest.mark.parametrize("seed", range(2))
def test_order_changes_no_verdict_of_the_shipped_overlay(seed: int) -> None:
    """The same of the overlay in this repository."""
    objects, config = shipped()
    before, after = results(objects, config), results(reordered(objects, seed), config)
    assert outcomes(before) == outcomes(after)
    assert evidence(before) == evidence(after)


# -- two halves ---------------------------------------------------------------------------------------------------------


def halves(one: dict[str, Any]) -> Objects:
    """A policy, role or quota in two parts that say together what it said; anything else as it is."""
    kind, spec = one["kind"], one.get("spec") or {}
    if kind == "NetworkPolicy" and len(spec.get("policyTypes", ())) == 2:
        return [_named(one, f"-{word.lower()}", spec=_half(spec, word)) for word in ("Ingress", "Egress")]
    if (
        kind == "ResourceQuota"
        and len(spec.get("hard", ())) > 1
        and not spec.get("scopes")
        and "scopeSelector" not in spec
    ):
        keys = sorted(spec["hard"])
        parts = keys[::2], keys[1::2]
        return [_named(one, f"-{n}", spec={"hard": {k: spec["hard"][k] for k in part}}) for n, part in enumerate(parts)]
    return [one]


def _half(spec: dict[str, Any], word: str) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if key not in {"ingress", "egress"} - {word.lower()}}
    return {**kept, "policyTypes": [word]}


def _named(one: dict[str, Any], more: str, **body: Any) -> dict[str, Any]:
    return {**one, "metadata": {**one["metadata"], "name": one["metadata"]["name"] + more}, **body}


def split(objects: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Everything that can be cut in two, cut in two: a role's bindings are doubled."""
    found = list(objects)
    cut = {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])
        for one in found
        if one["kind"] in ("Role", "ClusterRole") and len(one.get("rules") or ()) > 1 and "aggregationRule" not in one
    }
    for one in found:
        meta = one["metadata"]
        if (one["kind"], meta.get("namespace", ""), meta["name"]) in cut:
            yield {**one, "rules": one["rules"][::2]}
            yield _named(one, "-more", rules=one["rules"][1::2])
            continue
        yield from halves(one)
        ref = one.get("roleRef") or {}
        place = meta.get("namespace", "") if ref.get("kind") == "Role" else ""
        if (ref.get("kind"), place, ref.get("name")) in cut:
            yield _named(one, "-more", roleRef={**ref, "name": f"{ref['name']}-more"})


def test_two_halves_are_the_whole() -> None:
    """Each policy, role and quota of the shipped overlay in two parts: every check says the same."""
    objects, config = shipped()
    parts = list(split(objects))
    assert len(parts) > len(objects) + 10
    assert outcomes(results(parts, config)) == outcomes(results(objects, config))


@QUICK
@given(cases())
def test_two_halves_are_the_whole_of_any_case(case: tuple[Objects, Config]) -> None:
    """The same of ordinary cases, well-run and sloppy."""
    objects, config = case
    assert outcomes(results(split(objects), config)) == outcomes(results(objects, config))


# -- an unrelated namespace ---------------------------------------------------------------------------------------------

FULL = {"requests": AMOUNTS, "limits": AMOUNTS}
UNRELATED = [
    zone("a-new-one", **{"pod-security.kubernetes.io/enforce": "baseline"}),
    policy("a-new-one", "a-new-one"),
    work(
        "Deployment",
        "a-new-one",
        box(resources=FULL, **PROBES),
        namespace="a-new-one",
        automountServiceAccountToken=False,
    ),
    obj("v1", "ResourceQuota", "a-new-one", "a-new-one", spec={"hard": {"limits.cpu": "4", "limits.memory": "4Gi"}}),
    obj("v1", "LimitRange", "a-new-one", "a-new-one", spec={"limits": [{"type": "Container", "default": AMOUNTS}]}),
]


def unrelated(objects: Iterable[dict[str, Any]], config: Config) -> None:
    """Add the namespace and compare what is said of all others."""
    before = results(objects, config)
    after = results([*objects, *UNRELATED], config)
    looked = {name for name, result in before.items() if result.outcome in ("pass", "fail")}
    old = evidence({name: before[name] for name in looked})
    new = evidence({name: after[name] for name in looked}, without="a-new-one")
    assert {seen for seen in old if seen[3] is False} == {seen for seen in new if seen[3] is False}
    assert {seen[:2] for seen in old if seen[3]} == {seen[:2] for seen in new if seen[3]}


@QUICK
@given(cases())
def test_an_unrelated_namespace_changes_nothing_of_others(case: tuple[Objects, Config]) -> None:
    """A namespace that nobody refers to changes no finding about others."""
    unrelated(*case)


def test_an_unrelated_namespace_changes_nothing_of_the_shipped_overlay() -> None:
    """The same of the overlay in this repository."""
    unrelated(*shipped())


# -- more and less ------------------------------------------------------------------------------------------------------


def reached(objects: Iterable[dict[str, Any]]) -> set[tuple[str, str, str, int]]:
    """Who reaches whom, port by port of those that matter here."""
    frame = reachability(list(objects))
    ports = (1, 53, 80, 443, 5432, 6333, 8080, 9000, 65535)
    return {
        (row.source if not row.source.startswith("external") else "outside", row.destination, row.protocol, port)
        for row in frame.itertuples()
        if not row.destination.startswith("external")
        for port in ports
        if row.first_port <= port <= row.last_port
    }


@settings(QUICK, max_examples=4)
@given(st.sampled_from(["kfm-app", "kfm-data", "kfm-pipelines", "kfm-edge"]), st.sampled_from(["Ingress", "Egress"]))
def test_an_allow_only_adds_and_an_isolation_only_removes(namespace: str, direction: str) -> None:
    """On the shipped overlay: a policy that allows, where pods are isolated already, adds; one that isolates removes."""
    objects, _ = shipped()
    word = direction.lower()
    allow = policy("more", namespace, policyTypes=[direction], **{word: [{}]})
    isolate = policy("less", namespace, policyTypes=[direction])
    base = reached(objects)
    assert base <= reached([*objects, allow])
    assert reached([*objects, isolate]) <= base
