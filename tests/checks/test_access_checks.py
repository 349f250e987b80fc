"""The access checks as a whole: hostile objects, order, personas and the matrix."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.checks.personas import parse_overlap
from kfm_checks.config import parse_settings
from kfm_checks.facts.access import access
from kfm_checks.facts.access.capabilities import CAPABILITIES, Writes
from kfm_checks.facts.access.personas import PERSONAS, persona_matrix, personas, proposal
from kfm_checks.facts.access.secrets import readers_of, secret_readers
from kfm_checks.facts.objects import inventory
from kfm_checks.run import check_objects
from tests.facts.test_access import RBAC, binding, json_values, role, rule, worlds

CHECKS = (
    "rbac-roles-are-separated",
    "rbac-has-no-escalation",
    "secrets-are-isolated",
    "service-account-tokens-are-needed",
    "only-reconciler-loads-data",
)
CONFIG = parse_settings(
    {
        "personas": {"platform-operator": ["Group:ops"], "application-deployer": ["Group:g"], "auditor": ["User:u"]},
        "data": {"reconciler": "a/CronJob/loader"},
        "datastores": [{"workload": "a/StatefulSet/db", "clients": []}],
    }
).config
#: One object of each kind that the checks read.
KINDS: list[dict[str, Any]] = [
    role(
        "p", rule("get", "secrets"), labels={f"{RBAC}/aggregate-to-view": "true", "conformance.kfm/persona": "auditor"}
    ),
    binding("p", "User:u", "ServiceAccount:x", namespace="a"),
    {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ClusterSecretStore",
        "metadata": {"name": "s"},
        "spec": {
            "conditions": [{"namespaceRegexes": [".*"], "namespaceSelector": {}}],
            "provider": {"vault": {"auth": {}}},
        },
    },
    {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "e", "namespace": "a"},
        "spec": {"data": [{"secretKey": "k", "remoteRef": {"key": "r"}}], "target": {"template": {"metadata": {}}}},
    },
    {
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "c"},
        "spec": {"rules": [{"generate": {"kind": "Secret", "clone": {"namespace": "a"}}}]},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "a"},
        "spec": {
            "template": {
                "spec": {
                    "serviceAccountName": "x",
                    "containers": [{"name": "c", "env": [{"valueFrom": {"secretKeyRef": {"name": "e"}}}]}],
                    "volumes": [{"projected": {"sources": [{"serviceAccountToken": {}}, {"secret": {"name": "e"}}]}}],
                }
            }
        },
    },
]


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, inner in steps for path in _paths(inner, (*at, key)))]


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = list(value) if isinstance(value, list) else dict(value)
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_hostile_objects_end_in_no_error(data: st.DataObject) -> None:
    """A wrong type at any place of any object that is read: a verdict, never a crash."""
    victim = data.draw(st.integers(0, len(KINDS) - 1))
    paths = [p for p in _paths(KINDS[victim]) if len(p) > 1 and p[0] != "metadata"] or [("spec",)]
    changed = _with(KINDS[victim], data.draw(st.sampled_from(paths)), data.draw(json_values))
    objects = [*KINDS[:victim], changed, *KINDS[victim + 1 :]]
    access_only = (
        [o for o in objects if o["kind"] != "StatefulSet"] if KINDS[victim]["kind"] != "StatefulSet" else objects
    )
    for result in check_objects(access_only, only=CHECKS[:4], config=CONFIG).results:
        assert result.outcome != "error", result.reason


@settings(max_examples=30, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_changes_no_verdict(objects: list[dict[str, Any]], shuffle: random.Random) -> None:
    """Whatever the order of objects, each check ends alike, with the same failing evidence."""

    def verdicts() -> list[Any]:
        results = check_objects(objects, only=CHECKS[:3], config=CONFIG).results
        return [(r.outcome, r.examined, sorted((str(e.subject), e.message) for e in r.evidence)) for r in results]

    before = verdicts()
    shuffle.shuffle(objects)
    assert verdicts() == before


def test_the_file_beats_the_label() -> None:
    """A subject that the configuration names keeps its persona; others take the label's."""
    bound = binding("view", "User:u", "User:w")
    bound["metadata"]["labels"] = {"conformance.kfm/persona": "platform-operator"}
    objects = inventory([bound])
    found = personas(objects, access(objects), CONFIG)
    assert found.held_by("User:u") == ("auditor",)
    assert found.held_by("User:w") == ("platform-operator",)


def test_the_matrix_has_every_persona_and_capability() -> None:
    """Plain rows in fixed order: persona, capability, scope."""
    objects = inventory(
        [
            binding("edit", "Group:g", namespace="b"),
            binding("edit", "Group:g", namespace="a"),
            binding("view", "User:u"),
        ]
    )
    found = access(objects)
    matrix = persona_matrix(found, personas(objects, found, CONFIG))
    assert [row[:2] for row in matrix] == [(p, c.name) for p in PERSONAS for c in CAPABILITIES]
    assert ("application-deployer", "deploy workloads", "a, b") in matrix
    assert ("auditor", "read workloads", "cluster") in matrix
    assert ("auditor", "read Secrets", "") in matrix


def test_the_proposal_is_a_configuration() -> None:
    """What is proposed can be pasted, hostile names and all."""
    import yaml

    found = access(inventory([binding("edit", 'User:"]x: y'), binding("cluster-admin", "Group:ops")]))
    config = parse_settings(yaml.safe_load(proposal(found))).config
    assert config.personas.platform_operator == ("Group:ops", 'User:"]x: y')


@pytest.mark.parametrize(
    ("entry", "allowed"),
    [
        ("update configmaps", True),
        ("configmaps", True),
        ("patch configmaps", False),
        ("application-deployer+data-steward: update configmaps", True),
        ("application-deployer+auditor: update configmaps", False),
        ("application-deployer+data-steward", True),
    ],
)
def test_an_overlap_is_a_permission_a_pair_or_both(entry: str, allowed: bool) -> None:
    """The grammar of ``personas.allowed-overlap``."""
    write = Writes("a", "", "configmaps", "", "update")
    assert parse_overlap(entry).allows(write, "data-steward", "application-deployer") is allowed


def test_who_reads_which_secret() -> None:
    """By name, by all names, and by running pods; a role elsewhere doesn't count."""
    objects = inventory(
        [
            role("one", rule("get", "secrets", names="tls")),
            role("jobs", rule("create", "jobs", "batch")),
            binding("one", "User:u", namespace="a"),
            binding("jobs", "User:v", namespace="a"),
            binding("one", "User:w", namespace="b"),
        ]
    )
    found = readers_of(secret_readers(access(objects)), "a")
    assert [(r.subject, r.name, r.way) for r in found] == [
        ("User:u", "tls", "reads them"),
        ("User:v", "", "runs pods that mount them"),
    ]
