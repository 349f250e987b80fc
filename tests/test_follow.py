"""Following GitOps objects: what is rendered, what is not and why, once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.applicationsets import CannotExpandError, expand
from kfm_checks.judged import Judged, Options
from kfm_checks.manifests import parse_manifests
from kfm_checks.run import judge
from kfm_checks.sources import remote
from kfm_checks.target import Target
from tests.examples import commit_all

REPOSITORY = "https://git.example.org/acme/infra.git"
CONFIG = f"gitops: {{repository: '{REPOSITORY}'}}\n"


def workload(name: str) -> str:
    """A Deployment without a namespace."""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, "
        f"template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: {name}}}]}}}}}}\n"
    )


def application(name: str, path: str, repository: str = REPOSITORY, extra: str = "") -> str:
    """An Argo CD Application."""
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n"
        f"  source: {{repoURL: '{repository}', path: {path}, targetRevision: main{extra}}}\n"
        f"  destination: {{server: https://kubernetes.default.svc, namespace: shop}}\n"
    )


LOOKED = ("overlay-renders", "workloads-have-liveness-probe")


def run(scratch: Path, files: dict[str, str], only: tuple[str, ...] = LOOKED) -> Judged:
    """Judge ``clusters/prod`` of a repository with these files."""
    for name, text in {"clusters/prod/kfm-checks.yaml": CONFIG, **files}.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    commit_all(scratch)
    return judge(scratch / "clusters/prod", Options(as_of="2026-11-22", only=only))


def states(judged: Judged) -> dict[str, tuple[str, int]]:
    """State and number of objects of each source, by its path."""
    return {item.path: (item.state, item.objects) for item in judged.facts.inputs["followed"]}


def test_in_repository_sources_are_rendered_once_and_recursively(tmp_path: Path) -> None:
    """An app of apps: the child of a child is rendered too; two Applications of one path give its objects once."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
            "clusters/prod/apps.yaml": application("root", "clusters/prod")
            + "---\n"
            + application("set", "apps/set")
            + "---\n"
            + application("again", "apps/set"),
            "apps/set/kustomization.yaml": "resources: [child.yaml]\n",
            "apps/set/child.yaml": application("web", "apps/web"),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/web.yaml": workload("web"),
        },
    )
    assert states(judged) == {"clusters/prod": ("overlay", 0), "apps/set": ("rendered", 0), "apps/web": ("rendered", 1)}
    names = [str(obj.key) for obj in judged.objects if obj.key.kind == "Deployment"]
    assert names == ["shop/Deployment/web"]  # Argo CD puts it into the destination's namespace
    assert [obj.origin.file for obj in judged.objects if obj.key.kind == "Deployment"] == ["apps/web/web.yaml"]


def test_flux_kustomizations_are_followed_with_their_settings(tmp_path: Path) -> None:
    """targetNamespace and images are applied; a folder without a kustomization file is read as plain manifests."""
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\n"
        "spec: {path: ./%s, prune: true, targetNamespace: shop, sourceRef: {kind: GitRepository, name: infra}%s}\n"
    )
    source = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: infra, namespace: flux-system}\n"
        "spec: {url: ssh://git@git.example.org/acme/infra, ref: {branch: main}}\n"
    )
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
            "clusters/prod/apps.yaml": "---\n".join(
                [
                    source,
                    flux % ("web", "apps/web", ", images: [{name: web, newTag: v2}]"),
                    flux % ("plain", "apps/plain", ""),
                ]
            ),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/web.yaml": workload("web"),
            "apps/plain/deep/job.yaml": workload("plain"),
        },
    )
    made = {obj.key.name: obj for obj in judged.objects if obj.key.kind == "Deployment"}
    assert {name: obj.key.namespace for name, obj in made.items()} == {"web": "shop", "plain": "shop"}
    assert made["web"]["spec"]["template"]["spec"]["containers"][0]["image"] == "web:v2"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (application("other", "prod", "https://git.example.org/other/repo.git"), "another repository"),
        (application("chart", "x").replace("path: x", "chart: redis"), "a chart"),
        (application("helm", "charts/web"), "Helm chart"),
        (application("broken", "apps/broken"), "missing"),
    ],
)
def test_what_cannot_be_had_is_named_and_workload_rows_are_not_verified(
    tmp_path: Path, manifest: str, reason: str
) -> None:
    """Never a pass on half of the workloads."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
            "clusters/prod/apps.yaml": manifest,
            "charts/web/Chart.yaml": "name: web\n",
            "apps/broken/kustomization.yaml": "resources: [gone.yaml]\n",
        },
    )
    item = judged.facts.inputs["followed"][0]
    assert item.state == "unavailable"
    assert reason in item.reason
    assert judged.report.result("workloads-have-liveness-probe").outcome == "not-verified"


def test_without_a_declared_repository_nothing_is_guessed(tmp_path: Path) -> None:
    """The remedy is said."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kfm-checks.yaml": "environment: prod\n",
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
            "clusters/prod/apps.yaml": application("web", "apps/web"),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/web.yaml": workload("web"),
        },
    )
    assert "gitops.repository" in judged.facts.inputs["followed"][0].reason


FLUX = (
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: prod, namespace: f}\n"
    "spec: {path: ./clusters/prod, prune: true, sourceRef: {kind: GitRepository, name: infra}%s}\n---\n"
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: infra, namespace: f}\n"
    f"spec: {{url: '{REPOSITORY}', ref: {{branch: main}}}}\n"
)
KUSTOMIZED = application("prod", "clusters/prod", extra=", kustomize: {namespace: shop}").replace(
    ", namespace: shop}\n", "}\n"
)
BINDING = (
    "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\n"
    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\n"
    "subjects: [{kind: ServiceAccount, name: web}, {kind: ServiceAccount, name: gone}, {kind: User, name: web}]\n"
    "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: %s}\n"
    "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
)


def delivered(scratch: Path, reconciler: str, own: str = "shop", more: str = "") -> Judged:
    """An overlay whose objects mostly name no namespace, delivered by this reconciler."""
    return run(
        scratch,
        {
            "clusters/prod/kustomization.yaml": "resources: [web.yaml]\n",
            "clusters/prod/web.yaml": workload("web") + BINDING % own + more,
            "clusters/prod/kfm-checks.yaml": CONFIG.replace("}", ", manifests: [../../flux]}"),
            "flux/prod.yaml": reconciler,
        },
    )


@pytest.mark.parametrize(
    ("reconciler", "subject"),
    [
        (application("prod", "clusters/prod"), None),
        (KUSTOMIZED, "shop"),
        (FLUX % ", targetNamespace: shop", "shop"),
    ],
    ids=["destination", "argo's kustomize", "flux"],
)
def test_objects_are_judged_where_the_reconciler_puts_them(
    tmp_path: Path, reconciler: str, subject: str | None
) -> None:
    """The namespace of the destination; kustomize's own setting mends the subjects of bindings as well."""
    judged = delivered(tmp_path, reconciler)
    found = judged.facts.get("inventory")
    assert {str(obj.key) for obj in found} == {
        "shop/Deployment/web", "shop/RoleBinding/b", "shop/ServiceAccount/web", "shop/ConfigMap/own", "Namespace/shop",
    }  # fmt: skip
    assert [each.get("namespace") for each in found.of("RoleBinding", "rbac.authorization.k8s.io")[0]["subjects"]] == [
        subject, None, None,
    ]  # fmt: skip
    assert "default" not in {obj.key.namespace for obj in judged.objects}, "what was rendered stays as it is"
    evidence = judged.report.result("workloads-have-liveness-probe").evidence
    assert [(str(item.subject), item.holds) for item in evidence] == [("shop/Deployment/web", False)]
    assert any("objects that name no namespace (3) are judged in shop" in note for note in judged.report.overlay.notes)


def test_a_reconciler_without_a_namespace_finds_its_source_where_both_go(tmp_path: Path) -> None:
    """A Kustomization of the overlay that names no namespace, and the GitRepository of the namespace that it goes to."""
    prod, separator, source = FLUX.partition("---")
    child = (
        FLUX.partition("---")[0].replace("clusters/prod", "apps/web").replace("name: prod, namespace: f", "name: web")
    )
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [child.yaml]\n",
            "clusters/prod/child.yaml": child % "",
            "clusters/prod/kfm-checks.yaml": CONFIG.replace("}", ", manifests: [../../flux]}"),
            "flux/prod.yaml": prod % ", targetNamespace: f" + separator + source,
            "apps/web/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n",
            "apps/web/web.yaml": workload("web"),
        },
    )
    assert states(judged) == {"clusters/prod": ("overlay", 0), "apps/web": ("rendered", 1)}


def test_without_a_reconciler_that_says_it_is_default(tmp_path: Path) -> None:
    """As an API server would; nothing is noted."""
    judged = delivered(tmp_path, FLUX % "")
    assert {obj.key.namespace for obj in judged.facts.get("inventory")} == {"default", "shop", ""}
    assert judged.report.overlay.notes == ()


TWO = application("a", "clusters/prod") + "---\n" + application("b", "clusters/prod").replace("shop", "office")
SET = (
    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\nspec:\n"
    "  generators: [{list: {elements: [{to: shop}, {to: office}]}}]\n"
    f"  template: {{metadata: {{name: x}}, spec: {{source: {{repoURL: '{REPOSITORY}', path: clusters/prod}}, "
    "destination: {namespace: '{{to}}'}}}\n"
)


@pytest.mark.parametrize(
    ("reconciler", "where"),
    [
        (TWO, "argocd/Application/a: shop, argocd/Application/b: office"),
        (SET, "argocd/ApplicationSet/s: office, argocd/ApplicationSet/s: shop"),
    ],
    ids=["two Applications", "one set of two"],
)
def test_reconcilers_that_disagree_leave_workloads_unverified(tmp_path: Path, reconciler: str, where: str) -> None:
    """One overlay for two namespaces, with objects that name none: which pods are where, nobody can tell."""
    judged = delivered(tmp_path, reconciler)
    assert judged.facts.inputs["delivery"].doubtful
    evidence = judged.report.result("workloads-have-liveness-probe").evidence
    assert [item.message for item in evidence if item.holds is None] == [
        f"objects that name no namespace (3) are judged in default, and reconcilers disagree on it ({where})"
    ]


PROBED = workload("web").replace("image: web", 'image: "web:${TAG}", livenessProbe: {tcpSocket: {port: 1}}')
COUNTED = PROBED.replace("spec: {selector", 'spec: {replicas: "${COUNT}", selector', 1)


def variable(scratch: Path, post_build: str, only: tuple[str, ...]) -> Judged:
    """An overlay with two variables, delivered by Flux with this ``postBuild``."""
    files = {
        "clusters/prod/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n",
        "clusters/prod/web.yaml": COUNTED,
        "clusters/prod/kfm-checks.yaml": CONFIG.replace("}", ", manifests: [../../flux]}"),
        "flux/prod.yaml": FLUX % f", postBuild: {post_build}" if post_build else FLUX % "",
    }
    return run(scratch, files, only)


def test_what_flux_says_inline_is_filled_in(tmp_path: Path) -> None:
    """Numbers become numbers; nothing is open, and nothing is noted."""
    judged = variable(tmp_path, "{substitute: {TAG: latest, COUNT: '3'}}", ("images-are-not-latest", "GATE-02"))
    spec = judged.objects[0]["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (3, "web:latest")
    assert judged.report.result("images-are-not-latest").outcome == "fail"
    assert judged.report.result("objects-match-schema").outcome == "pass"
    assert judged.report.overlay.notes == ()


def test_what_only_the_cluster_knows_is_not_verified(tmp_path: Path) -> None:
    """Neither red nor green where it is read, and as before where it is not; the report names the variables."""
    only = ("images-are-not-latest", "objects-match-schema", "workloads-have-liveness-probe", "pods-meet-baseline")
    judged = variable(tmp_path, "{substitute: {TAG: v1}, substituteFrom: [{kind: Secret, name: s}]}", only)
    outcomes = {result.check: result.outcome for result in judged.report.results}
    assert outcomes == {
        "images-are-not-latest": "pass",
        "objects-match-schema": "not-verified",
        "workloads-have-liveness-probe": "pass",
        "pods-meet-baseline": "pass",
    }
    assert any("not known here: COUNT (objects: 1)" in note for note in judged.report.overlay.notes)


def test_without_postbuild_a_variable_is_text(tmp_path: Path) -> None:
    """Flux substitutes nothing then, and the API server refuses the object."""
    judged = variable(tmp_path, "", ("objects-match-schema",))
    assert judged.report.result("objects-match-schema").outcome == "fail"
    assert judged.report.overlay.notes == ()


def test_a_followed_kustomization_fills_in_its_own(tmp_path: Path) -> None:
    """Each with its own values, not with those of the overlay around it."""
    web = FLUX.replace("clusters/prod", "apps/web").replace("name: prod", "name: web").partition("---")[0]
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml, own.yaml]\n",
            "clusters/prod/apps.yaml": FLUX % ", postBuild: {substitute: {TAG: outer, WEB: inner}}"
            + "---\n"
            + web % ", postBuild: {substitute: {TAG: '${WEB}'}}",
            "clusters/prod/own.yaml": PROBED.replace("name: web", "name: own"),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/web.yaml": PROBED,
        },
    )
    images = {
        obj.key.name: obj["spec"]["template"]["spec"]["containers"][0]["image"]
        for obj in judged.objects
        if obj.key.kind == "Deployment"
    }
    assert images == {"own": "web:outer", "web": "web:inner"}


def test_what_the_setting_would_rename_is_a_change(tmp_path: Path) -> None:
    """Flux's targetNamespace moves objects of other namespaces and renames Namespaces: that was not rendered."""
    for own, more in (("other", ""), ("shop", "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: second}\n")):
        judged = delivered(tmp_path / own, FLUX % ", targetNamespace: shop", own, more)
        assert [item.state for item in judged.facts.inputs["followed"]] == ["unavailable"]


def test_a_source_without_a_destination_is_not_put_where_the_overlay_goes(tmp_path: Path) -> None:
    """Each Application speaks for its own objects; kinds that a CustomResourceDefinition scopes stay outside."""
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: tiers.example.org}\n"
        "spec: {group: example.org, scope: Cluster, names: {kind: Tier, plural: tiers}}\n"
        "---\napiVersion: example.org/v1\nkind: Tier\nmetadata: {name: gold}\n---\n"
    )
    web = application("web", "apps/web").replace(", namespace: shop}", "}")
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml, own.yaml]\n",
            "clusters/prod/apps.yaml": application("prod", "clusters/prod") + "---\n" + web,
            "clusters/prod/own.yaml": workload("own"),
            "apps/web/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/web.yaml": crd + workload("web"),
        },
    )
    names = {str(obj.key) for obj in judged.facts.get("inventory") if obj.key.kind in {"Deployment", "Tier"}}
    assert names == {"shop/Deployment/own", "default/Deployment/web", "Tier/gold"}


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ("", "overlay"),
        (", targetNamespace: shop", "overlay"),
        (", targetNamespace: other", "unavailable"),
        (", patches: [{patch: '[{op: remove, path: /spec}]', target: {kind: Deployment}}]", "unavailable"),
        (", images: [{name: web, newTag: latest}]", "unavailable"),
    ],
)
def test_a_reconciler_that_changes_the_overlay(tmp_path: Path, settings: str, state: str) -> None:
    """What it patches on the way into the cluster was not rendered: rows of workloads are not verified."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "namespace: shop\nresources: [web.yaml]\n",
            "clusters/prod/web.yaml": workload("web").replace(
                "image: web", "image: web, livenessProbe: {tcpSocket: {port: 1}}"
            ),
            "clusters/prod/kfm-checks.yaml": CONFIG.replace("}", ", manifests: [../../flux]}"),
            "flux/prod.yaml": FLUX % settings,
        },
    )
    assert [item.state for item in judged.facts.inputs["followed"]] == [state]
    outcome = next(
        result.outcome for result in judged.report.results if result.check == "workloads-have-liveness-probe"
    )
    assert outcome == ("pass" if state == "overlay" else "not-verified")


def test_the_remote_of_a_clone_and_of_its_worktree(tmp_path: Path) -> None:
    """A worktree has a file where a clone has a folder; the address to push to is another matter."""
    import subprocess

    clone, tree = tmp_path / "clone", tmp_path / "tree"
    clone.mkdir()
    (clone / "a").write_text("")
    commit_all(clone)
    config = clone / ".git/config"
    config.write_text(config.read_text() + f'[remote "origin"]\n\tpushurl = ssh://elsewhere\n\turl = {REPOSITORY}\n')
    subprocess.run(["git", "-C", str(clone), "worktree", "add", "-q", str(tree)], check=True, capture_output=True)
    for root in (clone, tree):
        assert remote(Target(root, root, ".", True, True)) == REPOSITORY


def test_a_loop_ends(tmp_path: Path) -> None:
    """Two Applications that make each other are rendered once each."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [apps.yaml]\n",
            "clusters/prod/apps.yaml": application("a", "apps/a"),
            "apps/a/kustomization.yaml": "resources: [b.yaml]\n",
            "apps/a/b.yaml": application("b", "apps/b"),
            "apps/b/kustomization.yaml": "resources: [a.yaml]\n",
            "apps/b/a.yaml": application("a", "apps/a"),
        },
    )
    assert sum(obj.key.kind == "Application" for obj in judged.objects) == 3


GENERATORS = {
    "list": "[{list: {elements: [{path: apps/web}, {path: apps/api}]}}]",
    "git": "[{git: {repoURL: x, directories: [{path: 'apps/*'}, {path: apps/old, exclude: true}]}}]",
    "git, excluded first": "[{git: {repoURL: x, directories: [{path: apps/old, exclude: true}, {path: 'apps/*'}]}}]",
    "matrix": "[{matrix: {generators: [{list: {elements: [{dir: apps}]}}, {list: {elements: [{app: web}, {app: api}]}}]}}]",
}
PATHS = {
    "list": "'{{path}}'",
    "git": "'{{path.path}}'",
    "git, excluded first": "'{{path.path}}'",
    "matrix": "'{{dir}}/{{app}}'",
}


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("dot", ["", "."])
def test_applicationset_generators(tmp_path: Path, kind: str, dot: str) -> None:
    """List, git directories and matrix, in both template languages."""
    for name in ("web", "api", "old"):
        (tmp_path / "apps" / name).mkdir(parents=True)
    path = PATHS[kind].replace("{{", "{{ " + dot).replace("}}", " }}") if dot else PATHS[kind]
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\nspec:\n"
        f"  generators: {GENERATORS[kind]}\n  template: {{metadata: {{name: x}}, spec: {{source: {{repoURL: r, path: {path}}}}}}}\n"
    )
    specs = expand(parse_manifests(text)[0], tmp_path)
    assert sorted(spec["source"]["path"] for spec in specs) == ["apps/api", "apps/web"]


@pytest.mark.parametrize(
    ("generators", "more"),
    [
        ("[{list: {elementsYaml: '- path: apps/web'}}]", ""),
        (
            "[{matrix: {generators: [{list: {elements: [{dir: apps}]}}, {git: {directories: [{path: '{{dir}}/*'}]}}]}}]",
            "",
        ),
        ("[{git: {files: [{path: '{{dir}}/config.json'}]}}]", ""),
        ("[{list: {elements: [{path: apps/web}]}}]", "  templatePatch: 'spec: {source: {path: elsewhere}}'\n"),
    ],
)
def test_what_is_not_evaluated_is_not_taken_for_nothing(tmp_path: Path, generators: str, more: str) -> None:
    """An ApplicationSet that can't be expanded says so; it would make no Application at all, and nobody would ask."""
    (tmp_path / "apps/web").mkdir(parents=True)
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\nspec:\n"
        f"  generators: {generators}\n{more}  template: {{metadata: {{name: x}}, spec: {{source: {{repoURL: r, path: p}}}}}}\n"
    )
    with pytest.raises(CannotExpandError, match="not evaluated"):
        expand(parse_manifests(text)[0], tmp_path)


def test_a_generator_that_needs_a_cluster_is_named(tmp_path: Path) -> None:
    """Not evaluated, with the reason."""
    judged = run(
        tmp_path,
        {
            "clusters/prod/kustomization.yaml": "resources: [set.yaml]\n",
            "clusters/prod/set.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\n"
            "spec:\n  generators: [{clusters: {}}]\n  template: {metadata: {name: x}, spec: {source: {repoURL: r, path: p}}}\n",
        },
    )
    item = judged.facts.inputs["followed"][0]
    assert (item.state, "clusters" in item.reason) == ("unavailable", True)
