"""The admission checks beyond their examples: no secret leaks, order doesn't matter, policies from elsewhere count."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kfm_checks import check_objects
from kfm_checks.checks import admission as checks
from kfm_checks.facts import admission as facts
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests
from tests.admission.test_vap import BOUND, DEPLOYMENT, policy

NAMES = ("admission-policies-are-enforced", "objects-pass-admission-policies", "image-signatures-are-verified")
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ns1}\nstringData: {password: correct-horse-battery}\n"
)
QUOTING = policy(
    "{expression: 'false', messageExpression: '\"it is \" + object.stringData.password'}", resources="[secrets]"
)
PINNED = policy("{expression: \"object.spec.containers.all(c, c.image.contains('@sha256:'))\", message: pin it}")


def objects(*texts: str) -> list[Any]:
    """Manifests of YAML texts."""
    return [obj for text in texts for obj in parse_manifests(text)]


def test_message_about_a_secret_is_withheld() -> None:
    """A policy may quote a Secret in its message; the evidence doesn't."""
    result = check_objects(objects(QUOTING, BOUND, SECRET), only=[NAMES[1]]).results[0]
    assert result.outcome == "fail"
    assert "correct-horse" not in str(dataclasses.asdict(result))


@pytest.mark.parametrize("name", NAMES)
def test_order_of_the_input_does_not_matter(name: str) -> None:
    """The same objects in another order give the same result."""
    given = objects(PINNED, BOUND, DEPLOYMENT, SECRET)
    assert check_objects(given, only=[name]).results == check_objects(given[::-1], only=[name]).results


def test_every_object_tried_is_examined() -> None:
    """Matched or not, each object counts once."""
    result = check_objects(objects(PINNED, BOUND, DEPLOYMENT, SECRET), only=[NAMES[1]]).results[0]
    assert {str(item.subject) for item in result.evidence} >= {"ns1/Deployment/d", "ns1/Secret/s"}
    assert result.examined == 4


def test_policies_from_elsewhere_judge_and_are_not_judged() -> None:
    """``--policies``: they count as policies, and are no objects of the overlay."""
    known, extra = inventory(objects(DEPLOYMENT)), tuple(objects(PINNED, BOUND))
    found = facts.admission_policies(known, extra)
    run = facts.admission_run(known, found, facts.admission_candidates(known, extra))
    evidence = list(checks.objects_pass_admission_policies(run, workloads(known)))
    assert [(str(item.subject), item.holds) for item in evidence] == [("ns1/Deployment/d", False)]
    assert "container bad would be refused" in evidence[0].message


def test_verdict_names_policy_rule_object_container_and_message() -> None:
    """All that is needed to mend it is in one sentence and one pointer."""
    result = check_objects(objects(PINNED, BOUND, DEPLOYMENT), only=[NAMES[1]]).results[0]
    (item,) = [item for item in result.evidence if item.holds is False]
    assert item.pointer == "/spec/template/spec/containers/1"
    for part in ("ValidatingAdmissionPolicy p", "validation 1", "Deployment d (its Pod)", "container bad", "pin it"):
        assert part in item.message
