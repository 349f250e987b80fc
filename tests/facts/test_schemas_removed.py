"""Removed APIs, by the Deprecated API Migration Guide and by what the bundled versions serve."""

from __future__ import annotations

import pytest

from kfm_checks.facts.schemas_formats import (
    base64_bytes,
    date_time,
    dns_1035,
    dns_label,
    dns_subdomain,
    int32,
    label_key,
    label_value,
    path_segment,
)
from kfm_checks.facts.schemas_removed import REMOVALS, deprecations, removal
from kfm_checks.facts.schemas_store import Kind, as_numbers, bundled_versions, kinds
from kfm_checks.run import check_objects

#: What the guide lists, version by version: API version -> kinds, and where to go.
GUIDE: dict[str, dict[str, tuple[str, str]]] = {
    "1.16": {
        "extensions/v1beta1": ("Deployment DaemonSet ReplicaSet NetworkPolicy PodSecurityPolicy", ""),
        "apps/v1beta1": ("Deployment DaemonSet ReplicaSet StatefulSet", "apps/v1"),
        "apps/v1beta2": ("Deployment DaemonSet ReplicaSet StatefulSet", "apps/v1"),
    },
    "1.22": {
        "extensions/v1beta1": ("Ingress", "networking.k8s.io/v1"),
        "admissionregistration.k8s.io/v1beta1": ("MutatingWebhookConfiguration ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1"),
        "apiextensions.k8s.io/v1beta1": ("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
        "apiregistration.k8s.io/v1beta1": ("APIService", "apiregistration.k8s.io/v1"),
        "authentication.k8s.io/v1beta1": ("TokenReview", "authentication.k8s.io/v1"),
        "certificates.k8s.io/v1beta1": ("CertificateSigningRequest", "certificates.k8s.io/v1"),
        "coordination.k8s.io/v1beta1": ("Lease", "coordination.k8s.io/v1"),
        "networking.k8s.io/v1beta1": ("Ingress IngressClass", "networking.k8s.io/v1"),
        "rbac.authorization.k8s.io/v1beta1": ("ClusterRole ClusterRoleBinding Role RoleBinding", "rbac.authorization.k8s.io/v1"),
        "scheduling.k8s.io/v1beta1": ("PriorityClass", "scheduling.k8s.io/v1"),
        "storage.k8s.io/v1beta1": ("CSIDriver CSINode StorageClass VolumeAttachment", "storage.k8s.io/v1"),
    },
    "1.25": {
        "batch/v1beta1": ("CronJob", "batch/v1"),
        "discovery.k8s.io/v1beta1": ("EndpointSlice", "discovery.k8s.io/v1"),
        "events.k8s.io/v1beta1": ("Event", "events.k8s.io/v1"),
        "autoscaling/v2beta1": ("HorizontalPodAutoscaler", "autoscaling/v2"),
        "policy/v1beta1": ("PodDisruptionBudget PodSecurityPolicy", ""),
        "node.k8s.io/v1beta1": ("RuntimeClass", "node.k8s.io/v1"),
    },
    "1.26": {
        "autoscaling/v2beta2": ("HorizontalPodAutoscaler", "autoscaling/v2"),
        "flowcontrol.apiserver.k8s.io/v1beta1": ("FlowSchema PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1"),
    },
    "1.27": {"storage.k8s.io/v1beta1": ("CSIStorageCapacity", "storage.k8s.io/v1")},
    "1.29": {"flowcontrol.apiserver.k8s.io/v1beta2": ("FlowSchema PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1")},
    "1.32": {"flowcontrol.apiserver.k8s.io/v1beta3": ("FlowSchema PriorityLevelConfiguration", "flowcontrol.apiserver.k8s.io/v1")},
}  # fmt: skip
ROWS = [
    (since, api, kind, instead)
    for since, apis in GUIDE.items()
    for api, (listed, instead) in apis.items()
    for kind in listed.split()
]


@pytest.mark.parametrize(("since", "api", "kind", "instead"), ROWS)
def test_the_guide(since: str, api: str, kind: str, instead: str) -> None:
    """Named as removed from that version on, with what to write instead; not one version earlier."""
    group, _, version = api.rpartition("/")
    found = removal(Kind(group, version, kind), since)
    assert found is not None and found.removed_in == since
    assert found.instead == instead or (not instead and found.instead)
    major, minor = as_numbers(since)
    assert removal(Kind(group, version, kind), f"{major}.{minor - 1}") is None
    assert any("removes it" in text for text in deprecations(Kind(group, version, kind), f"{major}.{minor - 1}"))
    assert list(deprecations(Kind(group, version, kind), since)) == []


def test_the_table_is_what_the_versions_serve() -> None:
    """From the second bundled version on: served until then, and not after, as the OpenAPI documents have it."""
    known = bundled_versions()
    for kind, gone in REMOVALS.items():
        if gone.removed_in in known[1:]:
            before = known[known.index(gone.removed_in) - 1]
            assert kind in kinds(before) and kind not in kinds(gone.removed_in), kind


def test_a_removed_api_fails_and_says_what_to_write() -> None:
    """In the version asked for; in an older one it is still served, and only deprecated."""
    obj = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema", "metadata": {"name": "x"}, "spec": {"priorityLevelConfiguration": {"name": "y"}}}  # fmt: skip
    (failed,) = check_objects([obj], only=["objects-match-schema"], kubernetes_versions=("1.32",)).results
    assert failed.outcome == "fail" and "write flowcontrol.apiserver.k8s.io/v1" in failed.evidence[0].message
    (passed,) = check_objects([obj], only=["objects-match-schema"], kubernetes_versions=("1.31",)).results
    assert passed.outcome == "pass"


LONG = "a" * 63
FORMATS = [
    (dns_label, f"a a-1 1 {LONG}", f"A a. -a a- a_b {LONG}a é"), (dns_1035, f"a a-1 {LONG}", f"1a A -a a- {LONG}a a.b"),
    (dns_subdomain, f"a a.b 1.2 a-b.c {'.'.join(['a' * 60] * 4)}", f"A a..b .a a. a_b -a {'.'.join([LONG] * 4)}"),
    (path_segment, "a A:b system:node a.b ...", ". .. a/b a%b"),
    (label_key, f"a A_b.c-d 1 a.b/c {LONG} x.y/{LONG}", f"/a a/ a/b/c -a a- {LONG}a A.b/c a_b/c"),
    (label_value, f"a A_b.c-1 {LONG}", f"-a a- a/b {LONG}a é"),
    (base64_bytes, "YQ== YWI= YWJj YWJj\nYWJj", "YQ YQ=== !! YQ==YQ== é"),
    (date_time, "2026-01-31T12:00:00Z 2026-01-31t23:59:59.5z 2026-12-01T00:00:00+24:59 2026-01-01T00:00:00,25-01:00",
     "2026-01-31 2026-13-01T00:00:00Z 2026-00-01T00:00:00Z 2026-01-32T00:00:00Z 2026-01-00T00:00:00Z 2026-01-01T24:00:00Z 2026-01-01T00:60:00Z 2026-01-01T00:00:60Z 2026-01-01T00:00:00 2026-01-01T00:00:00+25:00 x2026-01-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "good", "bad"), FORMATS, ids=lambda value: getattr(value, "__name__", ""))
def test_names_and_formats(rule: object, good: str, bad: str) -> None:
    """What the API server takes and what it refuses, at the edges of each rule."""
    assert callable(rule)
    assert [text for text in good.split(" ") if rule(text)] == []
    assert [text for text in bad.split(" ") if not rule(text)] == []
    assert label_value("") == ""


@pytest.mark.parametrize(
    ("number", "fits"), [(2**31 - 1, True), (2**31, False), (-(2**31), True), (-(2**31) - 1, False), (0, True)]
)
def test_thirty_two_bits(number: int, fits: bool) -> None:
    """Both ends."""
    assert (int32(number) == "") is fits


@pytest.mark.parametrize(
    ("kind", "since", "instead"),
    [
        ("ComponentStatus", "1.19", "the health endpoints of the control plane"),
        ("Endpoints", "1.33", "discovery.k8s.io/v1 EndpointSlice"),
    ],
)
def test_what_is_served_and_not_to_be_used(kind: str, since: str, instead: str) -> None:
    """From the version in which Kubernetes said so, without a date of removal."""
    minor = int(since.partition(".")[2])
    assert list(deprecations(Kind("", "v1", kind), since)) == [f"deprecated since Kubernetes {since}; use {instead}"]
    assert list(deprecations(Kind("", "v1", kind), f"1.{minor + 1}")) != []
    assert (
        list(deprecations(Kind("", "v1", kind), f"1.{minor - 1}"))
        == list(deprecations(Kind("x", "v1", kind), since))
        == []
    )
