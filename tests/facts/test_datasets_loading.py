"""What carries out the load, how it learns of the manifest, and which gateways ask a policy engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfm_checks.config import parse_settings
from kfm_checks.facts.datasets import data_manifest
from kfm_checks.facts.datasets_loading import loaders
from kfm_checks.facts.datasets_policy import policy_checks
from kfm_checks.facts.datastores import datastores
from kfm_checks.facts.network.facts import network
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.tree import Tree
from kfm_checks.facts.workloads import workloads
from kfm_checks.manifests import parse_manifests

MANIFEST = "schema: kfm-checks/data-manifest/v1\ndatasets: []\n"
SAME = "schema: kfm-checks/data-manifest/v1\\ndatasets: []\\n"
MAP = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: %s}\ndata: {other: x, m: "%s"}\n'
JOB = """---
apiVersion: batch/v1
kind: CronJob
metadata: {name: load, namespace: a}
spec: {%s jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'kfm:1', command: [%s], env: [{name: E, value: '%s'}]}], volumes: [%s]}}}}}
"""
MOUNTS = "{name: m, configMap: {name: data}}"
PROJECTED = "{name: m, projected: {sources: [{secret: {name: s}}, {configMap: {name: data}}]}}"
RUNS = "kfm-checks, data, reconcile"


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """The loaders of objects and of workflow files: name, whether it sees the manifest, whether it loads, and stops."""

    def look(
        text: str = "", files: dict[str, str] | None = None, settings: dict[str, Any] | None = None, at: str = "."
    ) -> Any:
        overlay = tmp_path / at
        (overlay / "data").mkdir(parents=True, exist_ok=True)
        (overlay / "data/manifest.yaml").write_text(MANIFEST)
        for name, content in (files or {}).items():
            path = tmp_path / ".github/workflows" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        known, tree = inventory(parse_manifests(text)), Tree(overlay, tmp_path)
        config = parse_settings(settings or {}).config
        return [
            (one.id, one.observes, one.loads, one.stopped.partition(":")[0])
            for one in loaders(known, workloads(known), tree, data_manifest(tree), config)
        ]

    return look


TRIES = "its command only tries the load"
CARRIED, STALE = MAP % ("data", "a", SAME), MAP % ("data", "a", SAME.replace("[]", "[x]"))


@pytest.mark.parametrize(
    ("text", "job", "answer"),
    [
        (CARRIED, ("", f"{RUNS}, --apply", "", MOUNTS), (True, True, "")), (CARRIED, ("", f"{RUNS}, --apply", "", PROJECTED), (True, True, "")),
        (CARRIED, ("", RUNS, "", MOUNTS), (True, True, TRIES)), (CARRIED, ("suspend: true,", f"{RUNS}, --apply", "", MOUNTS), (True, True, "it is suspended")),
        (CARRIED, ("suspend: true,", RUNS, "", MOUNTS), (True, True, "it is suspended")), (STALE, ("", f"{RUNS}, --apply", "", MOUNTS), (False, True, "")),
        # What mounts the manifest is looked at, whatever it runs; another namespace's is another one.
        (CARRIED, ("", "cat", "", MOUNTS), (True, False, "")), (MAP % ("data", "b", SAME), ("", f"{RUNS}, --apply", "", MOUNTS), (None, True, "")),
        ("", ("", "cat", "", MOUNTS), None), (MAP % ("data", "a", "text"), ("", "cat", "", MOUNTS), None),
        ("", ("", f"{RUNS}, --apply", "git", ""), (True, True, "")), ("", ("", f"git-sync, {RUNS}, --apply", "", ""), (True, True, "")),
        ("", ("", f"{RUNS}, --apply", "digit", ""), (None, True, "")), ("", ("", f"{RUNS}, --applying", "", ""), (None, True, TRIES)),
        ("", ("", "sh, -c, kfm-checks data reconcile --apply", "", ""), (None, True, "")), ("", ("", "kfm-checks, data, verify", "", ""), None),
        ("", ("", "metadata, reconcile", "", ""), None), ("", ("", "data, reconciled", "", ""), None),
    ],
)  # fmt: skip
def test_a_workload_that_loads(found: Any, text: str, job: tuple[str, ...], answer: Any) -> None:
    """By its command or by the manifest that it mounts, and how it learns of a new one."""
    assert found(text + JOB % job) == ([("a/CronJob/load", *answer)] if answer else [])


def test_an_image_that_reads_git_sees_the_manifest(found: Any) -> None:
    """By its name."""
    job = (JOB % ("", f"{RUNS}, --apply", "", "")).replace("kfm:1", "registry.example.org/git-sync:4")
    assert found(job) == [("a/CronJob/load", True, True, "")]


def test_a_declared_loader_counts_whatever_it_runs(found: Any) -> None:
    """By the settings alone."""
    settings = {"data": {"reconciler": "a/CronJob/load"}}
    assert found(JOB % ("", "cat", "", ""), settings=settings) == [("a/CronJob/load", None, True, "")]
    assert found(JOB % ("", "cat", "", ""), settings={"data": {"reconciler": "a/CronJob/other"}}) == []


ARGO = "---\napiVersion: argoproj.io/v1alpha1\nkind: %s\nmetadata: {name: %s, namespace: a}\nspec: {%s}\n"
STEP = "workflowSpec: {templates: [{container: {command: [kfm-checks, data, reconcile%s], volumes: [%s]}}]}"


@pytest.mark.parametrize(
    ("text", "found_"),
    [
        *((ARGO % (kind, "w", STEP % (", --apply", "")), [(f"a/{kind}/w", None, True, "")]) for kind in ("CronWorkflow", "Workflow", "Sensor")),
        (ARGO % ("WorkflowTemplate", "t", STEP % (", --apply", "")), []), (ARGO % ("CronWorkflow", "w", STEP % ("", "")), [("a/CronWorkflow/w", None, True, TRIES)]),
        (ARGO % ("CronWorkflow", "w", "suspend: true, " + STEP % ("", "")), [("a/CronWorkflow/w", None, True, "it is suspended")]),
        (CARRIED + ARGO % ("CronWorkflow", "w", STEP % (", --apply", "data")), [("a/CronWorkflow/w", True, True, "")]),
        (ARGO % ("CronWorkflow", "w", "workflowSpec: {workflowTemplateRef: {name: tem}}") + ARGO % ("WorkflowTemplate", "tem", STEP % (", --apply", "")),
         [("a/CronWorkflow/w", None, True, "")]),
        (ARGO % ("CronWorkflow", "w", "workflowSpec: {}") + ARGO % ("WorkflowTemplate", "tem", STEP % (", --apply", "")), []),
        (ARGO % ("CronWorkflow", "w", "workflowSpec: {}") + ARGO % ("Workflow", "v", STEP % (", --apply", "")), [("a/Workflow/v", None, True, "")]),
    ],
)  # fmt: skip
def test_an_argo_workflow_that_loads(found: Any, text: str, found_: Any) -> None:
    """A template alone starts nothing; what refers to it does what it says."""
    assert found(text) == found_


WORKFLOW = "on: %s\njobs:\n  a: {steps: [{uses: x}, {run: echo}]}\n  b:\n    steps:\n      - run: kfm-checks data reconcile %s\n"
TRIED = "it only tries the load"


@pytest.mark.parametrize(
    ("on", "observes"),
    [
        ("push", True), ("[pull_request, push]", True), ("pull_request", False), ("{push: }", True), ("{push: {branches: [main]}}", True),
        ("{push: {paths: [infra/prod/data/manifest.yaml]}}", True), ("{push: {paths: ['infra/**']}}", True), ("{push: {paths: [docs/x, '**/data/*']}}", True),
        ("{push: {paths: [docs/**]}}", False), ("{push: {paths: [data/manifest.yaml]}}", False), ("{push: {paths: text}}", True),
        ("{schedule: [{cron: x}]}", True), ("{workflow_dispatch: }", False), ("{push: {paths: [docs/x]}, schedule: [{cron: x}]}", False),
    ],
)  # fmt: skip
def test_a_github_workflow_that_loads(found: Any, on: str, observes: bool) -> None:
    """A push that changes the manifest starts it, or a schedule."""
    files = {
        "load.yml": WORKFLOW % (on, "--apply"),
        "b.yml": "# data reconcile\non: push\njobs: {a: {steps: [{run: make}]}}\n",
        "a-other.yaml": "on: push\njobs: {a: {steps: [{run: make}]}}\n",
    }
    assert found(files=files, at="infra/prod") == [(".github/workflows/load.yml", observes, True, "")]


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("a.yaml", WORKFLOW % ("push", ""), [(True, False, TRIED)]), ("a.txt", WORKFLOW % ("push", "--apply"), []),
        ("a.yml", "# data reconcile --apply\non: push\njobs: {a: {steps: [{run: make}]}}\n", []), ("a.yml", "data reconcile: [", []),
        ("a.yml", "- data reconcile --apply\n", []), ("a.yml", "# data reconcile\non: push\njobs: x\n", []), ("a.yml", WORKFLOW % ("push", "--apply") + "  c: x\n", [(True, True, "")]),
    ],
)  # fmt: skip
def test_a_file_that_is_a_workflow_that_loads(found: Any, name: str, text: str, answer: Any) -> None:
    """One that only tries is told as such; one that only speaks of it is none."""
    assert found(files={name: text}) == [(f".github/workflows/{name}", *one) for one in answer]


def test_the_key_on_may_be_quoted(found: Any) -> None:
    """YAML 1.1 reads it as true without."""
    quoted = '"on"' + (WORKFLOW % ("push", "--apply")).removeprefix("on")
    assert found(files={"a.yml": quoted}) == [(".github/workflows/a.yml", True, True, "")]


# -- policy engines --------------------------------------------------------------------------------------------------

WORKLOAD = """---
apiVersion: apps/v1
kind: %s
metadata: {name: %s, namespace: a}
spec: {template: {metadata: {labels: {app: %s}}, spec: {containers: [%s]}}}
"""
SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: a}\nspec: {selector: {app: %s}, ports: [{port: 1}]}\n"
STORE = WORKLOAD % ("StatefulSet", "db", "db", "{name: db, image: 'postgres:17', ports: [{containerPort: 5432}]}")
ENGINE = WORKLOAD % (
    "Deployment",
    "opa",
    "opa",
    "{name: o, image: 'registry.example.org/x/opa:1', ports: [{containerPort: 8181}]}",
) + SERVICE % ("policies", "opa")
GATEWAY = "{name: g, image: 'api:1', %s}"
FENCE = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {podSelector: {matchLabels: {app: %s}}, policyTypes: [Ingress]}\n"


def checks(text: str, settings: dict[str, Any] | None = None) -> list[tuple[bool | None, str]] | None:
    """What is seen of each gateway."""
    known = inventory(parse_manifests(text))
    config = parse_settings({"entry": {"gateways": ["a/Deployment/api"]}} if settings is None else settings).config
    made = workloads(known)
    found = policy_checks(known, made, network(known, made, ()), datastores(known, made, config), config)
    return None if found is None else [(one.ok, one.message) for one in found]


def gateway(more: str = "x: y", beside: str = "") -> str:
    """A store, an engine and a gateway that is told something."""
    return STORE + ENGINE + WORKLOAD % ("Deployment", "api", "api", GATEWAY % more + beside)


AUTH = "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: %s}\nspec: {action: %s, selector: {matchLabels: {app: %s}}}\n"
INGRESS = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: %s, annotations: {%s: 'https://x'}}\nspec: {}\n"
SETTINGS = (
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: %s}\ndata: {URL: 'http://policies.a:8181'}\n"
)


@pytest.mark.parametrize(
    ("text", "ok", "words"),
    [
        (gateway(), None, "no policy engine is seen"), (gateway(beside=", {name: side, image: 'openpolicyagent/opa:1'}"), True, "has the policy engine side"),
        (gateway(beside=", {name: side, image: 'openpolicyagent/opa-docs:1'}"), None, "no policy engine"),
        *((gateway(f"env: [{{name: U, value: '{url}'}}]"), True, "asks the policy engine a/Deployment/opa") for url in
          ("http://policies.a:8181/v1", "http://policies.a.svc.cluster.local", "http://policies/v1")),
        *((gateway(f"env: [{{name: U, value: '{url}'}}]"), None, "no policy engine") for url in ("http://policies.b", "http://my-policies.a", "policies", "http://policies-x/", "http://policies.example.org", "http://policies.a.example.org")),
        # Other Services are no engine's, whatever they are called.
        (gateway("args: [--to=http://db.a]") + SERVICE % ("db", "db"), None, "no policy engine"),
        (gateway("args: [--to=http://web.a]") + SERVICE % ("web", "web"), None, "no policy engine"),
        (gateway("args: [--to=http://far.b]") + (SERVICE % ("far", "opa")).replace("namespace: a", "namespace: b"), None, "no policy engine"),
        (gateway("args: [--opa=http://policies.a]"), True, "asks"), (gateway("command: [x, 'http://policies.a']"), True, "asks"),
        (gateway("image2: 'http://policies.a'"), None, "no policy engine"),
        (gateway("envFrom: [{configMapRef: {name: s}}]") + SETTINGS % "a", True, "asks"), (gateway("envFrom: [{configMapRef: {name: s}}]") + SETTINGS % "b", None, "no policy"),
        (gateway() + SETTINGS % "a", None, "no policy"),
        (gateway("args: [--opa=http://policies.a]") + FENCE % "opa", False, "is told to ask, and can't reach, the policy engine"),
        (gateway() + AUTH % ("a", "CUSTOM", "api"), True, "is asked for through"), (gateway() + AUTH % ("a", "ALLOW", "api"), None, "no policy"),
        (gateway() + AUTH % ("a", "CUSTOM", "db"), None, "no policy"), (gateway() + AUTH % ("b", "CUSTOM", "api"), None, "no policy"),
        *((gateway() + INGRESS % ("a", name), True, "is asked for through") for name in
          ("nginx.ingress.kubernetes.io/auth-url", "haproxy.org/auth-url", "haproxy-ingress.github.io/auth-url")),
        (gateway() + INGRESS % ("b", "haproxy.org/auth-url"), None, "no policy"), (gateway() + INGRESS % ("a", "nginx.ingress.kubernetes.io/auth-type"), None, "no policy"),
    ],
)  # fmt: skip
def test_whether_a_gateway_asks(text: str, ok: bool | None, words: str) -> None:
    """An engine beside it, one that it is told of and reaches, or one in front; its own code no file shows."""
    found = checks(text)
    assert found is not None
    [(answer, message)] = found
    assert (answer, words in message) == (ok, True), message


def test_only_gateways_that_reach_a_store_are_asked_about() -> None:
    """One that is fenced off it need not ask; one that is not there is told; none declared is no answer."""
    assert checks(gateway() + FENCE % "db") == []
    assert checks(gateway(), {}) is None
    assert checks(gateway(), {"entry": {"gateways": []}}) == []
    assert checks(gateway(), {"entry": {"gateways": ["a/Deployment/gone"]}}) == [
        (None, "the gateway a/Deployment/gone is not in the render")
    ]
