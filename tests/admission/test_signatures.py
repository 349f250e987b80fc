"""Image signatures: which image a rule asks for, whether it is enforced, whom it trusts."""

from __future__ import annotations

import pytest

from kfm_checks.admission.candidates import candidates
from kfm_checks.admission.resources import resources
from kfm_checks.admission.signatures import Verifier, verifiers
from tests.admission.helpers import POD, known

IMAGE = "ghcr.io/kfm/a:1"
KYVERNO = """
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: s}
spec:
  validationFailureAction: Enforce
%s
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ["ghcr.io/kfm/*"]
          attestors: [{entries: [{keys: {publicKeys: k}}]}]
%s
"""
EXCEPTION = """
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: ns1}
spec: {exceptions: [{policyName: s, ruleNames: [%s]}], match: {any: [{resources: {kinds: [Pod]}}]}}
"""
OVERRIDE = "  validationFailureActionOverrides: [{action: Audit, namespaces: [%s]}]"
CONTROLLER = """
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: c}
spec: {images: [{glob: "ghcr.io/kfm/*"}], authorities: [{key: {data: k}}], mode: %s}
"""
INCLUDED = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns1, labels: {policy.sigstore.dev/include: '%s'}}\n"
RATIFY = """
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: RatifyVerification
metadata: {name: r}
spec: {enforcementAction: %s, match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}
---
apiVersion: config.ratify.deislabs.io/v1beta1
kind: Verifier
metadata: {name: cosign}
"""
CONNAISSEUR = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: connaisseur-app-config, namespace: c}\ndata: {config.yaml: 'policy: []'}\n"


def asked(*texts: str, image: str = IMAGE) -> tuple[str | None, Verifier]:
    """What the one rule says of the image in the Pod."""
    inventory = known(POD, *texts)
    names = resources(inventory)
    (pod,) = (c for c in candidates(inventory, names) if c.kind == "Pod")
    (verifier,) = verifiers(inventory, names)
    return verifier.covers(pod, image), verifier


@pytest.mark.parametrize(
    ("texts", "covered"),
    [
        ([KYVERNO % ("", "")], "enforced"),
        ([KYVERNO % ("", "          required: false")], "audited"),
        ([KYVERNO % ("", "          failureAction: Audit")], "audited"),
        ([KYVERNO % (OVERRIDE % "ns1", "")], "audited"),
        ([KYVERNO % (OVERRIDE % "ns2", "")], "enforced"),
        ([KYVERNO % ("", "          skipImageReferences: ['ghcr.io/kfm/a*']")], None),
        ([KYVERNO % ("", ""), EXCEPTION % "r"], None),
        ([KYVERNO % ("", ""), EXCEPTION % "other"], "enforced"),
        ([CONTROLLER % "enforce", INCLUDED % "true"], "enforced"),
        ([CONTROLLER % "warn", INCLUDED % "true"], "audited"),
        ([CONTROLLER % "enforce", INCLUDED % "false"], None),
        ([CONTROLLER % "enforce"], "unknown"),
        ([RATIFY % "deny"], "enforced"),
        ([RATIFY % "warn"], "audited"),
        ([CONNAISSEUR], "unknown"),
    ],
)
def test_covered(texts: list[str], covered: str | None) -> None:
    """Enforced, recorded only, not asked for, or nobody can tell."""
    assert asked(*texts)[0] == covered


def test_another_image_is_not_covered() -> None:
    """An image outside the references is asked for by nobody."""
    assert asked(KYVERNO % ("", ""), image="docker.io/other:1")[0] is None


@pytest.mark.parametrize(
    ("spec", "weak"), [("", ""), ("  failurePolicy: Ignore", "fails open"), ("  failurePolicy: Fail", "")]
)
def test_a_policy_that_fails_open_is_weak(spec: str, weak: str) -> None:
    """An error of the webhook would let the image by."""
    found = asked(KYVERNO % (spec, ""))[1].weak
    assert (weak in found) if weak else not found
