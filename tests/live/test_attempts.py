"""The pods that enforcement is tried with, and what a refusal proves. The real server: tests/cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads
from kfm_checks.live.attempts import BREAKS, CONFORMING, _refused, broken, conforming
from kfm_checks.live.client import Refusal
from kfm_checks.model import Manifest

DIGEST = "sha256:" + "a" * 64


def of(image: Any = f"ghcr.io/x/app@{DIGEST}", **spec: Any) -> dict[str, Any]:
    """The pod of a namespace with one Deployment."""
    pod = {"containers": [{"name": "a", "image": image, "resources": {"limits": {"cpu": "1"}}}], **spec}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "small"},
        "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}},
    }
    return conforming("small", workloads(inventory([Manifest(obj)])))


@pytest.mark.parametrize(
    ("image", "latest"),
    [
        (f"ghcr.io/x/app@{DIGEST}", "ghcr.io/x/app:latest"),
        (f"ghcr.io/x/app:1.2@{DIGEST}", "ghcr.io/x/app:latest"),
        ("ghcr.io/x/app:1.2", "ghcr.io/x/app:latest"),
        (f"registry.example:5000/app@{DIGEST}", "registry.example:5000/app:latest"),
        ("registry.example:5000/app:1", "registry.example:5000/app:latest"),
        ("app", "app:latest"),
    ],
)
def test_another_tag_and_nothing_else(image: str, latest: str) -> None:
    """The same repository of the same registry: a policy on registries must not refuse it for that."""
    assert broken(of(image), "latest-tag")["spec"]["containers"][0]["image"] == latest


@pytest.mark.parametrize("breaks", BREAKS)
def test_each_breaks_its_own_rail(breaks: str) -> None:
    """A copy with one thing wrong; the conforming one stays as it was."""
    pod = of(hostUsers=False)
    changed = broken(pod, breaks)
    assert pod == of(hostUsers=False)
    assert changed != pod
    assert changed["metadata"] == pod["metadata"]
    # The server refuses host networking beside a user namespace of the pod's own before it asks any policy.
    assert changed["spec"].get("hostUsers", True) is (breaks == "host-network")


@pytest.mark.parametrize("image", [None, "", 5, {}])
def test_a_workload_without_an_image(image: Any) -> None:
    """What is no whole pod is nothing to try with: the plain one stands for it, and each rail can be broken."""
    pod = of(image)
    assert pod["spec"]["containers"][0]["name"] == "probe"
    assert all(broken(pod, breaks) != pod for breaks in BREAKS)


_PSA = 'forbidden: pods "x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)'
_VAP = "refused: pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
_KYVERNO = 'refused: admission webhook "validate.kyverno.svc-fail" denied the request: no'


@pytest.mark.parametrize(
    ("reason", "status", "any_pod", "own"),
    [
        (_PSA, 403, False, False),
        (_VAP, 422, False, False),
        (_KYVERNO, 400, False, False),
        (_KYVERNO.replace("refused", "the server answered 409"), 409, False, False),
        ('forbidden: pods is forbidden: User "me" cannot create resource "pods" in API group ""', 403, None, None),
        ('refused: Pod "x" is invalid: spec.hostNetwork: Forbidden: when `hostUsers` is false', 422, None, False),
        ("refused: the namespace of the provided object does not match the namespace sent", 400, None, False),
        ("the namespace small is not in the cluster", 404, None, None),
        (
            'forbidden: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
            403,
            None,
            None,
        ),
        ('forbidden: pods "x" is forbidden: failed quota: q: must specify limits.cpu for: probe', 403, False, False),
        ('the server answered 500: failed calling webhook "validate.kyverno.svc-fail"', 500, None, None),
        ("the server did not answer within 20 s", 0, None, None),
        ("the token was refused (401)", 401, None, None),
    ],
)
def test_what_a_refusal_proves(reason: str, status: int, any_pod: bool | None, own: bool | None) -> None:
    """A policy's word alone; whatever refuses the conforming pod, it is refused."""
    refusal = Refusal(reason, status)
    assert _refused(refusal, "privileged") is any_pod
    assert _refused(refusal, CONFORMING) is own
