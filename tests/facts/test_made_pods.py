"""Pods in custom resources: those that are read, those that are named, and where each part of them stands."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.made_pods import MadePod, made_pods
from kfm_checks.facts.objects import inventory
from kfm_checks.manifests import parse_manifests


def made(api: str, kind: str, spec: str, *, status: str = "{}") -> tuple[MadePod, ...]:
    """What one custom resource holds."""
    text = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: x, namespace: a, labels: {{privileged: x}}}}\nspec: {spec}\nstatus: {status}\n"
    return made_pods(inventory(parse_manifests(text)))


def places(found: tuple[MadePod, ...]) -> list[tuple[str, str]]:
    """Where each stands, and the first words of what nobody knows of it."""
    return [("/".join(map(str, one.path)), " ".join(one.missing.split()[:4])) for one in found]


CONTAINER = "{name: c, image: 'i:1'}"


def test_a_pooler_holds_a_whole_pod() -> None:
    """With the metadata beside its spec; every path in it stands below its own."""
    [pod] = made(
        "postgresql.cnpg.io/v1",
        "Pooler",
        f"{{template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{CONTAINER}]}}}}}}",
    )
    assert pod.pod == {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    assert (pod.path, pod.missing) == (("spec", "template", "spec"), "")
    assert pod.place(("spec", "containers", 0, "image")) == ("spec", "template", "spec", "containers", 0, "image")
    assert pod.place(("metadata",)) == ("spec", "template", "spec")


def workflow(template: str, more: str = "") -> tuple[MadePod, ...]:
    """Of a Workflow with one template."""
    return made("argoproj.io/v1alpha1", "Workflow", f"{{templates: [{{name: t, {template}}}]{more}}}")


def test_a_workflow_takes_its_pod_from_beside_and_above() -> None:
    """The nearest goes before what is above; volumes of both; a patch is text that nobody evaluates."""
    [pod] = workflow(
        f"container: {CONTAINER}, securityContext: {{runAsUser: 1}}, volumes: [{{name: near}}]",
        ", securityContext: {runAsUser: 2}, hostNetwork: true, volumes: [{name: far}]",
    )
    assert pod.pod["spec"] == {
        "containers": [{"name": "c", "image": "i:1"}], "securityContext": {"runAsUser": 1}, "hostNetwork": True,
        "volumes": [{"name": "near"}, {"name": "far"}],
    }  # fmt: skip
    assert pod.missing == ""
    at: Any = ("spec", "templates", 0)
    assert pod.place(("spec", "containers", 0, "image")) == (*at, "container", "image")
    assert pod.place(("spec", "securityContext", "runAsUser")) == (*at, "securityContext", "runAsUser")
    assert pod.place(("spec", "hostNetwork")) == ("spec", "hostNetwork")
    assert pod.place(("spec", "volumes", 0)) == (*at, "volumes", 0)
    assert pod.place(("spec", "volumes", 1, "name")) == ("spec", "volumes", 0, "name")
    [patched] = workflow(f"container: {CONTAINER}", ", podSpecPatch: 'hostPID: true'")
    assert patched.missing == "its podSpecPatch is text"
    [near] = workflow(f"container: {CONTAINER}, podSpecPatch: 'hostPID: true'")
    assert near.missing == "its podSpecPatch is text"


@pytest.mark.parametrize("field", ["sidecars", "initContainers"])
def test_lists_of_containers_in_a_workflow(field: str) -> None:
    """Each at its place; a list without a container is none."""
    found = [one for one in workflow(f"container: {CONTAINER}, {field}: [{CONTAINER}]") if one.path[-1] == field]
    assert [one.place(("spec", "containers", 0)) for one in found] == [("spec", "templates", 0, field, 0)]
    assert [one for one in workflow(f"container: {CONTAINER}, {field}: [a]") if one.path[-1] == field] == []


def test_containers_of_another_group_are_part_of_a_pod() -> None:
    """A Tekton Task's pod settings come with its run."""
    found = made("tekton.dev/v1", "Task", f"{{steps: [{CONTAINER}], volumes: text}}")
    assert places(found) == [("spec/steps", "the rest of its")]
    assert found[0].pod["spec"]["volumes"] == []


@pytest.mark.parametrize(
    ("api", "kind", "spec", "found"),
    [
        ("x.io/v1", "Thing", f"{{a: [{{b: {{containers: [{CONTAINER}]}}}}]}}", [("spec/a/0/b", "nothing here knows how")]),
        ("x.io/v1", "Thing", f"{{initContainers: [{CONTAINER}]}}", [("spec", "nothing here knows how")]),
        ("x.io/v1", "Thing", "{container: {securityContext: {}}}", [("spec", "nothing here knows how")]),
        ("x.io/v1", "Thing", f"{{sidecars: [name, {CONTAINER}]}}", [("spec", "nothing here knows how")]),
        ("x.io/v1", "Thing", "{containers: [a, b], container: name, sidecars: {a: {image: b}}}", []),
        # The first place of each branch; what is below it is its own.
        ("x.io/v1", "Thing", f"{{containers: [{CONTAINER}], a: {{containers: [{CONTAINER}]}}}}", [("spec", "nothing here knows how")]),
        ("x.io/v1", "Thing", f"{{a: {{containers: [{CONTAINER}]}}, b: {{containers: [{CONTAINER}]}}}}",
         [("spec/a", "nothing here knows how"), ("spec/b", "nothing here knows how")]),
        # What baseline forbids means the same in whatever kind it stands.
        *(("x.io/v1", "Thing", f"{{pod: [{{{name}: true}}]}}", [(f"spec/pod/0/{name}", "nothing here knows what")])
          for name in ("privileged", "hostNetwork", "hostPID", "hostIPC", "hostProcess")),
        ("x.io/v1", "Thing", "{hostNetwork: false, privileged: 'true', hostPID: 1}", []),
        ("x.io/v1", "Thing", "{v: {hostPath: {path: /}}}", [("spec/v/hostPath", "nothing here knows what")]),
        ("x.io/v1", "Thing", "{v: {hostPath: /, hostPort: 1}}", []), ("x.io/v1", "Thing", "{v: {hostPath: {type: x}}}", []),
        ("x.io/v1", "Thing", f"{{a: {{containers: [{CONTAINER}], hostPID: true}}}}", [("spec/a", "nothing here knows how")]),
        # Groups that hold containers to match or to describe them, Kubernetes' own, and their workloads, make none.
        *((f"{group}/v1", "Thing", f"{{containers: [{CONTAINER}], hostPID: true}}", []) for group in
          ("kyverno.io", "apiextensions.k8s.io", "helm.toolkit.fluxcd.io", "constraints.gatekeeper.sh", "apps")),
        ("argoproj.io/v1alpha1", "Application", "{source: {helm: {valuesObject: {hostPID: true}}}}", []),
        ("argoproj.io/v1alpha1", "AppProject", "{a: {hostPID: true}}", [("spec/a/hostPID", "nothing here knows what")]),
        ("v1", "ConfigMap", f"{{containers: [{CONTAINER}], hostPID: true}}", []),
    ],
)  # fmt: skip
def test_what_looks_like_a_pod(api: str, kind: str, spec: str, found: list[tuple[str, str]]) -> None:
    """Told by its place, wherever nobody here knows what its controller makes of it; never in a status."""
    assert places(made(api, kind, spec)) == found
    assert places(made(api, kind, "{}", status=spec)) == []


def test_what_stands_beside_a_known_pod_is_told() -> None:
    """And what is within it is judged with it."""
    inside = made(
        "postgresql.cnpg.io/v1", "Pooler", f"{{template: {{spec: {{hostPID: true, containers: [{CONTAINER}]}}}}}}"
    )
    assert places(inside) == [("spec/template/spec", "")]
    beside = made(
        "postgresql.cnpg.io/v1", "Pooler", f"{{hostPID: true, template: {{spec: {{containers: [{CONTAINER}]}}}}}}"
    )
    assert places(beside) == [("spec/template/spec", ""), ("spec/hostPID", "nothing here knows what")]
