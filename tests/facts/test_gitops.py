"""What GitOps objects tell a controller to reconcile, and which other engines and quota makers are recognised."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.gitops import (
    GitSource,
    canonical_url,
    clean_path,
    other_controllers,
    reconcilers,
    same_repository,
)
from kfm_checks.facts.governors import admission_engines, quota_governors
from kfm_checks.facts.objects import dig, inventory
from kfm_checks.model import Manifest

REPO = "https://git.example.org/acme/infra"


def obj(api: str, kind: str, name: str = "x", namespace: str = "ops", **spec: Any) -> Manifest:
    """An object."""
    return Manifest({"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec})


def sources(*objects: Manifest) -> list[GitSource]:
    """The sources of every reconciler."""
    found = inventory(objects)
    return [source for one in reconcilers(found, ()) for source in one.sources]


def test_an_application_of_one_source() -> None:
    """Its repository, path and revision, and where it sends what it reads."""
    kustomize = {"namePrefix": "a-"}
    spec = {"source": {"repoURL": REPO, "path": "./clusters/prod/", "targetRevision": "v1", "kustomize": kustomize},
            "destination": {"name": "prod", "server": "https://k", "namespace": "app"}}  # fmt: skip
    (one,) = reconcilers(inventory([obj("argoproj.io/v1alpha1", "Application", **spec)]), ())
    assert one.sources == (GitSource(REPO, "clusters/prod", "v1", "", ("spec", "source"), kustomize),)
    assert (one.tool, one.cluster, one.server, one.namespace, one.spec) == (
        "Argo CD",
        "prod",
        "https://k",
        "app",
        ("spec",),
    )


def test_an_application_of_several_sources() -> None:
    """``sources`` wins over ``source``; a chart has no path, and a folder rendered by Helm is told."""
    many = [
        {"repoURL": REPO, "path": "a"},
        {"repoURL": "https://charts", "chart": "nginx", "targetRevision": "1"},
        {"repoURL": REPO, "helm": {"values": ""}},
    ]
    found = sources(obj("argoproj.io/v1alpha1", "Application", source={"repoURL": "other"}, sources=many))
    assert [(s.path, s.revision, s.chart, s.at) for s in found] == [
        ("a", "HEAD", "", ("spec", "sources", 0)),
        ("", "1", "nginx", ("spec", "sources", 1)),
        (".", "HEAD", "helm", ("spec", "sources", 2)),
    ]


def test_an_application_set_by_its_template() -> None:
    """The place is that of the template."""
    template = {"spec": {"source": {"repoURL": REPO, "path": "/x"}}}
    (one,) = reconcilers(inventory([obj("argoproj.io/v1alpha1", "ApplicationSet", template=template)]), ())
    assert one.sources[0].at == ("spec", "template", "spec", "source") and one.sources[0].path == "x"
    assert one.spec == ("spec", "template", "spec")


REFS: list[tuple[dict[str, str], str]] = [
    ({"branch": "main"}, "main"), ({"tag": "v1", "branch": "main"}, "v1"), ({"semver": ">=1", "tag": "v1"}, ">=1"),
    ({"name": "refs/heads/x", "semver": ">=1"}, "refs/heads/x"), ({"commit": "abc", "name": "refs/x"}, "abc"), ({}, "master"),
]  # fmt: skip


@pytest.mark.parametrize(("ref", "revision"), REFS)
def test_a_kustomization_follows_its_source(ref: dict[str, str], revision: str) -> None:
    """The reference is the first of those that Flux looks at; "master" where none is set."""
    git = obj("source.toolkit.fluxcd.io/v1", "GitRepository", "infra", "flux-system", url=REPO, ref=ref)
    same = obj("source.toolkit.fluxcd.io/v1", "GitRepository", "infra", "ops", url="other")
    spec = {"path": "./clusters/prod", "sourceRef": {"kind": "GitRepository", "name": "infra", "namespace": "flux-system"},
            "kubeConfig": {"secretRef": {"name": "far"}}, "targetNamespace": "app"}  # fmt: skip
    (one,) = reconcilers(inventory([same, git, obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", **spec)]), ())
    source = one.sources[0]
    assert (source.repository, source.path, source.revision, source.chart) == (REPO, "clusters/prod", revision, "")
    assert (one.tool, one.cluster, one.namespace, source.at) == ("Flux", "far", "app", ("spec", "path"))
    assert dig(one.obj, *one.spec) == spec


def test_a_source_of_its_own_namespace_elsewhere_or_absent() -> None:
    """Without a namespace it is the Kustomization's; a bucket is no repository; what is absent has no address."""
    kind = "kustomize.toolkit.fluxcd.io/v1"
    git = obj("source.toolkit.fluxcd.io/v1", "GitRepository", "infra", "ops", url=REPO)
    own = obj(kind, "Kustomization", sourceRef={"kind": "GitRepository", "name": "infra"})
    assert [(s.repository, s.path) for s in sources(git, own)] == [(REPO, ".")]
    bucket = obj(kind, "Kustomization", sourceRef={"kind": "Bucket", "name": "infra"})
    assert [(s.repository, s.revision, s.chart) for s in sources(git, bucket)] == [("", "", "Bucket")]
    assert [s.repository for s in sources(own)] == [""]


def test_objects_outside_the_render_count() -> None:
    """Those of the places that the configuration names; a Kustomization of kustomize itself is none."""
    outside = (obj("argoproj.io/v1alpha1", "Application", source={"repoURL": REPO}),)
    assert len(reconcilers(inventory([]), outside)) == 1
    plain = obj("kustomize.config.k8s.io/v1beta1", "Kustomization")
    assert reconcilers(inventory([plain, obj("example.org/v1", "Application")]), ()) == ()


def test_wrong_shapes_are_survived() -> None:
    """A spec that is no mapping, a source that is a text."""
    strange = Manifest(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "x"}, "spec": "x"}
    )
    assert sources(strange, obj("argoproj.io/v1alpha1", "Application", source="x")) == []


@pytest.mark.parametrize(
    ("group", "name"),
    [("fleet.cattle.io", "Rancher Fleet"), ("apps.open-cluster-management.io", "Open Cluster Management"), ("configsync.gke.io", "Config Sync"),
     ("configmanagement.gke.io", "Config Sync")],
)  # fmt: skip
def test_other_controllers_are_named(group: str, name: str) -> None:
    """Recognised, and not judged."""
    assert [found for _, found in other_controllers(inventory([obj(f"{group}/v1", "Anything"), obj("v1", "Pod")]))] == [
        name
    ]


@pytest.mark.parametrize(
    "url",
    ["https://git.example.org/acme/infra", "https://git.example.org/acme/infra.git", "https://git.example.org/acme/infra/", "HTTPS://user@Git.Example.org/Acme/infra.git",
     "ssh://git@git.example.org/acme/infra.git", "git@git.example.org:acme/infra.git", "git+ssh://git@git.example.org/acme/infra", " https://git.example.org/acme/infra "],
)  # fmt: skip
def test_one_repository_in_many_forms(url: str) -> None:
    """Scheme, user, ending and case apart."""
    assert canonical_url(url) == "git.example.org/acme/infra" and same_repository(url, REPO)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://git.example.org/acme/infra2",
        "https://git.example.org/other/infra",
        "https://git.example.org:8443/acme/infra",
    ],
)
def test_other_repositories(url: str) -> None:
    """Another name, owner or port is another repository; nothing is none."""
    assert not same_repository(url, REPO) and not same_repository(REPO, url)


@pytest.mark.parametrize(
    ("path", "clean"),
    [("./a/b/", "a/b"), ("/a", "a"), ("", "."), (None, "."), ("./", "."), ("a/../b", "b"), ("/", ".")],
)
def test_paths(path: Any, clean: str) -> None:
    """Without dots and slashes around."""
    assert clean_path(path) == clean


# -- who else governs a namespace --------------------------------------------------------------------------------------------

QUOTAS = [
    ("capsule.clastix.io/v1beta2", "Tenant"), ("capsule.clastix.io/v1beta2", "ResourcePool"), ("hnc.x-k8s.io/v1alpha2", "HierarchicalResourceQuota"),
    ("quota.openshift.io/v1", "ClusterResourceQuota"), ("policy.karmada.io/v1alpha1", "FederatedResourceQuota"), ("redhatcop.redhat.io/v1alpha1", "NamespaceConfig"),
    ("redhatcop.redhat.io/v1alpha1", "GroupConfig"), ("management.loft.sh/v1", "Project"), ("tenancy.kiosk.sh/v1alpha1", "Account"),
    ("config.kiosk.sh/v1alpha1", "Template"), ("tenantoperator.stakater.com/v1beta1", "Quota"), ("stakater.com/v1", "Quota"),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind"), QUOTAS)
def test_kinds_that_make_quotas(api: str, kind: str) -> None:
    """By group and kind; a kind of the same name elsewhere is none."""
    assert len(quota_governors(inventory([obj(api, kind), obj("example.org/v1", kind)]))) == 1


GENERATES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"kind": "ResourceQuota"}}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"kind": "LimitRange"}}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"kind": "NetworkPolicy"}}]}, False),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"cloneList": {"kinds": ["v1/Secret", "v1/LimitRange"]}}}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"validate": {"message": "ResourceQuota"}}]}, False),
    ("policies.kyverno.io/v1", "GeneratingPolicy", {"generate": [{"expression": "ResourceQuota"}]}, True),
    ("policies.kyverno.io/v1", "GeneratingPolicy", {"generate": [{"expression": "Secret"}]}, False),
    ("policies.kyverno.io/v1", "GeneratingPolicy", {"generate": [{"expression": "LimitRange"}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"cloneList": {"kinds": ["v1/Secret", "v1/ResourceQuota"]}}}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"generate": {"cloneList": {"kinds": ["v1/Secret", "v1/ConfigMap"]}}}]}, False),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind", "spec", "makes"), GENERATES)
def test_policies_that_make_quotas(api: str, kind: str, spec: dict[str, Any], makes: bool) -> None:
    """What they generate decides, not what they say."""
    assert bool(quota_governors(inventory([obj(api, kind, **spec)]))) is makes


ENGINES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("security.openshift.io/v1", "SecurityContextConstraints", {}, True), ("policy/v1beta1", "PodSecurityPolicy", {}, True), ("extensions/v1beta1", "PodSecurityPolicy", {}, True),
    ("constraints.gatekeeper.sh/v1beta1", "K8sPSPPrivilegedContainer", {}, True), ("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels", {}, False),
    ("policies.kubewarden.io/v1", "ClusterAdmissionPolicy", {"module": "ghcr.io/kubewarden/policies/psp-capabilities:v1"}, True),
    ("policies.kubewarden.io/v1", "ClusterAdmissionPolicy", {"module": "ghcr.io/kubewarden/policies/safe-labels:v1"}, False),
    ("policies.kubewarden.io/v1", "AdmissionPolicy", {"module": "registry://example.org/pod-security:v1"}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"validate": {"podSecurity": {"level": "baseline"}}}]}, True),
    ("kyverno.io/v1", "ClusterPolicy", {"rules": [{"validate": {"pattern": {}}}]}, False),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind", "spec", "holds"), ENGINES)
def test_engines_that_hold_pods_to_the_standards(api: str, kind: str, spec: dict[str, Any], holds: bool) -> None:
    """Other ways than the namespace's label."""
    assert bool(admission_engines(inventory([obj(api, kind, **spec)]))) is holds


def test_a_policy_of_the_category() -> None:
    """Kyverno's own library marks its policies of the standards."""
    policy = obj("policies.kyverno.io/v1", "ValidatingPolicy")
    policy["metadata"]["annotations"] = {"policies.kyverno.io/category": "Pod Security Standards (Baseline)"}
    assert len(admission_engines(inventory([policy]))) == 1
