"""Views for a notebook, what stands, and what the attempts leave open."""

from __future__ import annotations

from kfm_checks.admission.engine import compile_policies
from kfm_checks.admission.signatures import normalised
from kfm_checks.admission.signatures_others import glob_pattern
from kfm_checks.admission.standing import standings, unread
from kfm_checks.facts.admission import policy_matrix, rail_matrix
from kfm_checks.manifests import parse_manifests
from tests.admission.helpers import known
from tests.admission.test_vap import BOUND, DEPLOYMENT, policy

PINNED = policy("{expression: \"object.spec.containers.all(c, c.image.contains('@sha256:'))\", message: pin it}")


def test_policy_matrix() -> None:
    """One row a policy, one column a workload, plain text."""
    frame = policy_matrix(parse_manifests(f"{PINNED}---{BOUND}---{DEPLOYMENT}"))
    assert list(frame.columns) == ["policy", "ns1/Deployment/d"]
    assert frame.to_dict("records") == [{"policy": "ValidatingAdmissionPolicy/p", "ns1/Deployment/d": "refused"}]
    assert str(frame.dtypes["policy"]) == "string"


def test_policy_matrix_of_nothing() -> None:
    """No policy: an empty frame with its columns."""
    frame = policy_matrix(parse_manifests(DEPLOYMENT))
    assert list(frame.columns) == ["policy", "ns1/Deployment/d"] and frame.empty


def test_rail_matrix() -> None:
    """Each attempt, refused or not, and by whom; a refusal for another reason doesn't count."""
    frame = rail_matrix(parse_manifests(f"{PINNED}---{BOUND}---{DEPLOYMENT}"))
    assert list(frame.columns) == ["row", "pattern", "subject", "refused", "by"]
    images = frame[frame["row"] == "RAIL-06"]
    assert set(images["refused"]) == {"yes"} and set(images["by"]) == {"ValidatingAdmissionPolicy p"}
    # The object breaks RAIL-06 already: its refusal for that is no refusal for the probes.
    assert set(frame[frame["row"] == "RAIL-08"]["refused"]) == {"no"}


def test_standing_of_a_binding() -> None:
    """Bound, enforcing, with the namespace that it leaves out."""
    bound = f"{BOUND}  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: ns1}}}}}}\n"
    (standing,) = standings(compile_policies(known(PINNED, bound)), ("ns1", "ns2"))
    assert standing.enforcing and standing.failure_policy == "Fail"
    assert standing.exempt_namespaces == ("ns2",)
    assert [str(key) for key in standing.bindings] == ["ValidatingAdmissionPolicyBinding/b"]


def test_dangling_ends_are_named() -> None:
    """A policy without a binding, a binding without its policy, parameters that aren't there."""
    lonely = compile_policies(known(PINNED))
    assert "judges nothing" in standings(lonely, ())[0].problems[0]
    assert [wanted for _, wanted in compile_policies(known(BOUND)).dangling] == ["p"]
    asking = PINNED.replace(
        "  matchConstraints:", "  paramKind: {apiVersion: v1, kind: ConfigMap}\n  matchConstraints:"
    )
    bound = f"{BOUND}  paramRef: {{name: gone, parameterNotFoundAction: Deny}}\n"
    (standing,) = standings(compile_policies(known(asking, bound)), ())
    assert standing.problems == ("the parameters that its binding b names are not in the render",)


def test_webhooks_for_workloads_are_unread() -> None:
    """A validating webhook for Pods may refuse anything; one for certificates is no matter here."""
    hook = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: w}
webhooks: [{name: a.b.c, rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [%s]}]}]
"""
    assert len(unread(known(hook % "pods"))) == 1
    assert unread(known(hook % "certificates")) == ()


def test_globs_of_policy_controller() -> None:
    """One asterisk stays within a part, two don't; a bare name is one of the Docker Hub's library."""
    assert glob_pattern("ghcr.io/a/*").fullmatch("ghcr.io/a/b:1")
    assert not glob_pattern("ghcr.io/a/*").fullmatch("ghcr.io/a/b/c")
    assert glob_pattern("ghcr.io/a/**").fullmatch("ghcr.io/a/b/c@sha256:0")
    assert glob_pattern("nginx").fullmatch("index.docker.io/library/nginx")


def test_normalised_image() -> None:
    """The reference as signature policies compare it."""
    assert normalised("nginx") == "docker.io/nginx:latest"
    assert normalised("ghcr.io/a/b@sha256:" + "0" * 64) == "ghcr.io/a/b@sha256:" + "0" * 64
    assert normalised("!!") == "!!"
