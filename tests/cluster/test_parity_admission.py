"""Parity of admission policies: the offline engine's verdict and the API server's on the same policy and object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kfm_checks import load_manifests
from kfm_checks.admission import vap
from kfm_checks.admission.candidates import expanded, limited
from kfm_checks.admission.engine import Policies, compile_policies
from kfm_checks.admission.model import Candidate
from kfm_checks.facts.live import tried_in
from kfm_checks.facts.objects import inventory, is_cluster_scoped
from kfm_checks.live.attempts import BREAKS, broken, conforming
from kfm_checks.model import Manifest
from kfm_checks.run import Options, judge
from tests.admission.corpora import compare
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.parity import BUILT_IN, Tally, corpus, in_parallel, path_of, told
from tests.conftest import AS_OF, CORPORA, ROOT

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A server of its own: policies that are bound here must not judge what other tests make."""
    with control_plane() as started:
        yield started


def test_validating_admission_policies(plane: ControlPlane) -> None:
    """Each case of ``cel-admission-library``: its policy bound to a namespace of its own, the object offered there."""
    cases = [case for case in corpus("cel-admission-library") if _on_create(case)]
    tally = Tally("ValidatingAdmissionPolicy")
    offered = [offer for number, case in enumerate(cases) if (offer := _bound(plane, number, case))]
    ours = {c.id: c.ours for c in compare(CORPORA) if c.corpus == "cel-admission-library"}
    _in_force(plane, "vap-last")
    tally.add(in_parallel(lambda one: _admitted(plane, *one, ours), offered))
    told(tally)


def _on_create(case: dict[str, Any]) -> bool:
    return len(case.get("objects", ())) == 1


def _bound(plane: ControlPlane, number: int, case: dict[str, Any]) -> tuple[dict[str, Any], str, Manifest] | None:
    """The policy and its binding, for objects of one namespace; None where the server serves no such kind."""
    wanted = case["objects"][0]
    found = [Manifest(o) for o in load_manifests(CORPORA / case["path"])]
    obj = next((o for o in found if (o.key.kind, o.key.name) == (wanted["kind"], wanted["name"])), None)
    if obj is None or obj.key.group not in BUILT_IN or is_cluster_scoped(obj.key.group, obj.key.kind):
        return None
    namespace = f"vap-{number}"
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
    written = case["policy"] if isinstance(case["policy"], list) else [case["policy"]]
    for given in (Manifest(o) for name in written for o in load_manifests(CORPORA / name.lstrip("_"))):
        if given.key.kind != "ValidatingAdmissionPolicy":
            continue
        name = f"{namespace}-{given.key.name}"[:60].rstrip("-.")
        spec = {k: v for k, v in given["spec"].items() if k not in ("paramKind",)}
        if "paramKind" in given["spec"]:
            return None
        policy = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
                  "metadata": {"name": name}, "spec": spec}  # fmt: skip
        status, answer = plane.request("POST", _POLICIES, policy)
        assert status == 201, answer
        selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
        binding = {"metadata": {"name": name}, "spec": {
            "policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": selector}}}  # fmt: skip
        assert plane.request("POST", f"{_ADMISSION}/validatingadmissionpolicybindings", binding)[0] == 201
    return case, namespace, obj


_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_POLICIES = f"{_ADMISSION}/validatingadmissionpolicies"


def _in_force(plane: ControlPlane, last: str) -> None:
    """Policies reach the server's own cache a moment after they are stored: wait until a last one refuses."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false"}]}
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": last}})
    plane.request("POST", _POLICIES, {"metadata": {"name": last}, "spec": spec})
    selector = {"matchLabels": {"kubernetes.io/metadata.name": last}}
    bound = {"policyName": last, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": selector}}
    plane.request(
        "POST", f"{_ADMISSION}/validatingadmissionpolicybindings", {"metadata": {"name": last}, "spec": bound}
    )
    path = f"/api/v1/namespaces/{last}/configmaps?dryRun=All"
    plane.wait("policies in force", lambda: plane.request("POST", path, {"metadata": {"name": "x"}})[0] == 422, 30)


def _admitted(
    plane: ControlPlane, case: dict[str, Any], namespace: str, obj: Manifest, ours: dict[str, str]
) -> tuple[str, bool, bool, str]:
    placed = Manifest({**obj, "metadata": {**obj["metadata"], "namespace": namespace}})
    status, answer = plane.request("POST", f"{path_of(placed)}?dryRun=All", dict(placed))
    said = str(answer.get("message", "")) if isinstance(answer, dict) else str(answer)
    denied = status in (403, 422) and "ValidatingAdmissionPolicy" in said
    return case["id"], ours[case["id"]] == "pass", not denied, f"{status} {said}"


def test_the_overlays_own_policies(plane: ControlPlane) -> None:
    """The overlay's own policies on its own pods, each broken in one way: what is refused offline is refused here."""
    judged = judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF))
    policies = [o for o in judged.objects if o.key.kind.startswith("ValidatingAdmissionPolicy")]
    # Without the labels of Pod Security, which would refuse some of these pods before a policy is asked.
    namespaces = [_unlabelled(o) for o in judged.objects if o.key.kind == "Namespace"]
    for obj in (*namespaces, *(o for o in judged.objects if o.key.kind == "PriorityClass"), *policies):
        plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(obj))
    _in_force(plane, "vap-last-of-the-overlay")
    seen = judged.facts.get("inventory")
    tally = Tally("The overlay's own policies")
    cases = [
        (name, breaks, conforming(name, judged.facts.get("workloads")))
        for name in sorted(tried_in(seen, judged.settings.config))
        for breaks in ("conforming", *BREAKS)
    ]
    compiled = compile_policies(seen)
    for name, breaks, pod in cases:
        offered = Manifest(pod if breaks == "conforming" else broken(pod, breaks))
        path = f"/api/v1/namespaces/{name}/pods?dryRun=All"
        account = {"metadata": {"name": offered["spec"].get("serviceAccountName", "default")}}
        plane.request("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
        status, answer = plane.request("POST", path, dict(offered))
        said = str(answer.get("message", ""))
        known = inventory([*seen.objects, offered])
        candidate = limited(next(expanded(offered, known, compiled.resources)), known)
        denied = status in (403, 422) and "ValidatingAdmissionPolicy" in said
        tally.add([(f"{name} {breaks}", not _refused(compiled, candidate), not denied, f"{status} {said}")])
    told(tally)


def _unlabelled(namespace: Manifest) -> Manifest:
    labels = {k: v for k, v in namespace["metadata"].get("labels", {}).items() if "pod-security" not in k}
    return Manifest({**namespace, "metadata": {**namespace["metadata"], "labels": labels}})


def _refused(policies: Policies, candidate: Candidate) -> bool:
    """Whether some bound policy that denies refuses it."""
    return any(
        verdict.result in ("fail", "error")
        for policy, bindings in policies.vaps
        for binding in bindings
        for verdict in vap.evaluate(policy, binding, candidate, policies.inventory, policies.resources)
    )
