"""Where each kind of object belongs, which folder serves which intent, and what stands in the overlay's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.layout import INTENTS, PURPOSES, Layout, home, layout, placed, written
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.references import references
from kfm_checks.model import Manifest, ObjectKey, Origin
from kfm_checks.readme.parser import parse_readme
from tests.facts.test_tree import overlay

#: By intent: groups all of whose kinds belong there, then kinds of other groups.
GROUPS = {
    "apps": "argoproj.io kustomize.toolkit.fluxcd.io helm.toolkit.fluxcd.io source.toolkit.fluxcd.io image.toolkit.fluxcd.io "
    "notification.toolkit.fluxcd.io fleet.cattle.io",
    "secrets": "external-secrets.io generators.external-secrets.io bitnami.com secrets-store.csi.x-k8s.io isindir.github.com",
    "policies": "kyverno.io policies.kyverno.io templates.gatekeeper.sh constraints.gatekeeper.sh config.gatekeeper.sh "
    "policy.sigstore.dev policies.kubewarden.io rbac.authorization.k8s.io security.istio.io cilium.io crd.projectcalico.org "
    "projectcalico.org policy.networking.k8s.io",
    "platform": "networking.istio.io gateway.networking.k8s.io route.openshift.io cert-manager.io trust.cert-manager.io "
    "monitoring.coreos.com velero.io storage.k8s.io scheduling.k8s.io traefik.io opentelemetry.io",
    "patches": "autoscaling autoscaling.k8s.io keda.sh",
}
KINDS = {
    "policies": "v1/ResourceQuota v1/LimitRange v1/Namespace networking.k8s.io/v1/NetworkPolicy "
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding "
    "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding",
    "platform": "networking.k8s.io/v1/Ingress networking.k8s.io/v1/IngressClass",
    "patches": "policy/v1/PodDisruptionBudget",
    "workload": "argoproj.io/v1/Rollout argoproj.io/v1/Workflow argoproj.io/v1/WorkflowTemplate argoproj.io/v1/CronWorkflow "
    "apps/v1/Deployment apps/v1/StatefulSet batch/v1/CronJob v1/Pod",
    "": "v1/ConfigMap v1/Service v1/Secret v1/ServiceAccount example.org/v1/Rollout policy/v1/PodSecurityPolicy "
    "networking.k8s.io/v1/Other",
}


@pytest.mark.parametrize(
    ("intent", "group"), [(intent, group) for intent, groups in GROUPS.items() for group in groups.split()]
)
def test_a_group_has_its_home(intent: str, group: str) -> None:
    """Whatever the kind and the version."""
    assert home(ObjectKey(f"{group}/v1beta1", "Thing", "", "a")) == intent


@pytest.mark.parametrize(
    ("intent", "kind"), [(intent, kind) for intent, kinds in KINDS.items() for kind in kinds.split()]
)
def test_a_kind_has_its_home(intent: str, kind: str) -> None:
    """A kind of its own is asked before its group; what makes pods is a workload; the rest may stand anywhere."""
    version, _, name = kind.rpartition("/")
    assert home(ObjectKey(version, name, "", "a")) == intent


def test_every_intent_has_a_purpose() -> None:
    """Five of them, each with words of its own, as the governing document has them."""
    assert tuple(PURPOSES) == INTENTS == ("patches", "platform", "policies", "apps", "secrets")
    assert [PURPOSES[one].split()[0] for one in INTENTS] == [
        "replicas,",
        "ingress,",
        "network",
        "GitOps",
        "ExternalSecrets,",
    ]


@pytest.mark.parametrize(
    ("path", "intent"),
    [
        ("patches/a.yaml", "patches"), ("k8s/apps/a/b.yaml", "apps"), ("k8s/apps/rails/a.yaml", "policies"),
        ("k8s/appsx/a.yaml", ""), ("a.yaml", ""), ("other/patches/a.yaml", ""), ("secrets/a.yaml", ""),
    ],
)  # fmt: skip
def test_the_intent_of_a_file(path: str, intent: str) -> None:
    """The deepest folder that holds it; slashes around a folder's name don't matter; an intent may have none."""
    folders = {
        "patches": "patches",
        "apps": "/k8s/apps/",
        "policies": "k8s/apps/rails",
        "secrets": None,
        "platform": "",
    }
    assert Layout(folders).intent_of(path) == intent


README = """# R

| folder | what |
|---|---|
| `overrides/` <!-- req: LAY-04 --> | a |
| `base/` <!-- req: LAY-05 --> | a |
| `rails/` <!-- req: LAY-06 --> | a |
| `gitops/` <!-- req: LAY-07 --> | a |
| `vault/` <!-- req: LAY-08 --> | a |
| `again/` <!-- req: LAY-08 --> | a |
| `else/` <!-- req: LAY-09 --> | a |
"""


def test_folders_that_the_readme_names() -> None:
    """The first that is bound to a row counts; what the configuration says itself, null too, wins."""
    silent, readme = parse_settings({}).config, parse_readme(README)
    named = {"patches": "overrides", "platform": "base", "policies": "rails", "apps": "gitops", "secrets": "vault"}
    assert layout(silent, readme).folders == named
    assert layout(silent, None).folders == {intent: intent for intent in INTENTS}
    told = parse_settings({"layout": {"patches": "mine", "secrets": None}}).config
    assert layout(told, readme).folders == {**named, "patches": "mine", "secrets": None}


def test_what_stands_in_the_overlay(tmp_path: Path) -> None:
    """Objects of every YAML file with the way they are used, and those that a generator there makes, once each."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "
    tree = overlay(
        tmp_path,
        {
            "infra/prod/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            "resources: [r.yaml, gone.yaml]\ncrds: [c.yaml]\nbases: [b.yaml]\npatches: [{path: p.yaml}, {path: missing.yaml}]\n"
            "patchesStrategicMerge: [s.yaml]\npatchesJson6902: [{path: j.yaml}]\n",
            "infra/prod/kfm-checks.yaml": "apiVersion: kfm-checks/v1\nkind: X\nmetadata:\n  name: x\n",
            **{f"infra/prod/{name}.yaml": f"{head}{name}\n" for name in "rcbpsju"},
            "infra/prod/notes.md": f"{head}no\n",
        },
    )  # fmt: skip

    def from_file(kind: str, name: str, file: str) -> Manifest:
        return Manifest({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}, Origin(file, 3))

    rendered = [
        from_file("ConfigMap", "r", "infra/prod/r.yaml"), from_file("Secret", "made", "infra/prod/kustomization.yaml"),
        from_file("Secret", "base", "infra/base/a.yaml"), from_file("Secret", "unknown", ""),
    ]  # fmt: skip
    found = placed(tree, written(tree, references(tree)), inventory(rendered))
    assert [(one.key.name, one.file, one.used_as, one.source.line, one.obj is None) for one in found] == [
        ("b", "b.yaml", "resource", 1, True), ("c", "c.yaml", "resource", 1, True), ("j", "j.yaml", "patch", 1, True), ("p", "p.yaml", "patch", 1, True),
        ("r", "r.yaml", "resource", 1, True), ("s", "s.yaml", "patch", 1, True), ("u", "u.yaml", "", 1, True),
        ("made", "kustomization.yaml", "resource", 3, False),
    ]  # fmt: skip
    assert found[0].subject == found[0].key and found[-1].subject is found[-1].obj
