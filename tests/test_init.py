"""``kfm-checks init``: a new overlay renders and is red for nothing; a proposal says what it was read from."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks.config import parse_settings
from kfm_checks.errors import KfmChecksError, UsageError
from kfm_checks.readme import parse_readme
from kfm_checks.scaffold import Choices, plan, write_new
from kfm_checks.scaffold.lines import note, scalar
from kfm_checks.yamlfile import parse_yaml
from tests.cli.helper import run, write
from tests.conftest import AS_OF, ROOT


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository with a remote, as the working directory."""
    monkeypatch.chdir(tmp_path)
    for words in (
        ["init", "-q", "-b", "main"],
        ["remote", "add", "origin", "https://me:t0ken@git.example.org/team/shop.git"],
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
    return tmp_path


def _report(path: str) -> dict[str, Any]:
    subprocess.run(["git", "add", "-A"], check=True, capture_output=True)
    ran = run("check", path, "--as-of", AS_OF, "--format", "json")
    assert ran.err == ""
    report = json.loads(ran.out)
    assert isinstance(report, dict)
    return report


def _files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and ".git/" not in p.as_posix()}


def test_nothing_is_written_without_write(repository: Path) -> None:
    """It says what it would write, and writes nothing."""
    ran = run("init", "deploy/shop/prod")
    assert ran.status == 0
    assert "would write deploy/shop/prod/kustomization.yaml" in ran.out
    assert ran.out.endswith("Nothing was written: give --write.\n")
    assert _files(repository) == set()


@pytest.mark.parametrize("options", [(), ("--controller", "flux"), ("--data",)])
def test_a_new_overlay_renders_and_nothing_is_red(repository: Path, options: tuple[str, ...]) -> None:
    """No row is not met; what the starter manifests can show is met; the rest says why it isn't known."""
    assert run("init", "deploy/shop/prod", "--write", *options).status == 0
    report = _report("deploy/shop/prod")
    statuses = {row["id"]: row["status"] for row in report["requirements"]}
    # An empty data manifest names no dataset: whether that is right, DAT-01 may say.
    assert {id for id, status in statuses.items() if status == "not-met" and not id.startswith("DAT-")} == set()
    met = {"META-01", "META-04", "META-06", "LAY-01", "LAY-03", "LAY-04", "LAY-05", "LAY-06", "LAY-07", "LAY-08"}
    met |= {"LAY-10", "LAY-11", "GIT-01", "GIT-02", "GIT-03", "SEC-01", "SEC-02", "SEC-03", "SEC-05", "RAIL-01"}
    met |= {"RAIL-08", "GATE-01", "REF-01"}
    assert {id: statuses[id] for id in met if statuses[id] != "met"} == {}
    assert not [result for result in report["results"] if result["outcome"] == "error"]


def test_its_readme_binds_every_item(repository: Path) -> None:
    """No checklist item is unbound, and each names a row of the catalogue."""
    from kfm_checks.requirements import CATALOGUE

    assert run("init", "deploy/shop/prod", "--write", "--data").status == 0
    text = (repository / "deploy/shop/prod/README.md").read_text()
    readme = parse_readme(text)
    assert readme.items
    assert list(readme.unbound) == []
    known = {row.id for row in CATALOGUE}
    assert {id for group in re.findall(r"<!-- req: ([A-Z0-9 -]+?) -->", text) for id in group.split()} <= known
    assert "@" not in re.sub(r"[\w.]+@[\w.]+", "", text), "a placeholder was left"


def test_no_file_is_overwritten(repository: Path) -> None:
    """What is there stays; the rest is written beside it."""
    write(repository, {"deploy/shop/prod/README.md": "mine\n"})
    ran = run("init", "deploy/shop/prod", "--write")
    assert "keeps deploy/shop/prod/README.md" in ran.out
    assert (repository / "deploy/shop/prod/README.md").read_text() == "mine\n"
    assert (repository / "deploy/shop/prod/kustomization.yaml").is_file()
    again = run("init", "deploy/shop/prod", "--write")
    assert "wrote" not in again.out


def test_a_link_is_not_written_through(repository: Path) -> None:
    """A symbolic link where a file would go is kept, and its target is not made."""
    (repository / "prod").mkdir()
    (repository / "prod/README.md").symlink_to("../elsewhere.md")
    assert run("init", "prod", "--write", "--namespace", "shop").status == 0
    assert not (repository / "elsewhere.md").exists()


def test_what_cannot_be_written_whole_is_not_written(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves neither files nor folders behind."""
    planned = plan(Path("new/prod"), Choices("new/prod", "shop", "prod"))
    broken = [*planned[:5], planned[5].__class__(Path("new/prod") / ("x" * 300), "text", False)]
    with pytest.raises(UsageError, match="can't be written"):
        write_new(broken)
    assert not (repository / "new").exists()


def test_credentials_in_the_remote_do_not_travel(repository: Path) -> None:
    """A token in git's remote ends in no file."""
    assert run("init", "deploy/shop/prod", "--write").status == 0
    texts = "".join((repository / name).read_text() for name in _files(repository))
    assert "https://git.example.org/team/shop.git" in texts
    assert "t0ken" not in texts
    assert "t0ken" not in run("init", "--detect", "deploy/shop/prod").out


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (Choices("prod", "Shop", "prod"), "namespace"),
        (Choices("prod", "shop", "prod: x"), "environment"),
        (Choices("a b", "shop", "prod"), "path"),
        (Choices("prod", "shop", "prod", repository="x\ny"), "repository"),
    ],
)
def test_names_that_would_need_quotes_are_refused(choices: Choices, said: str) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match=said):
        plan(Path("new"), choices)


OVERLAY = {
    "o/kustomization.yaml": "resources: [all.yaml, net/p.yaml, pod.yaml]\n",
    "o/all.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n",
    "o/net/p.yaml": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: app}\n"
    "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n",
    "o/pod.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: app}\n"
    "spec:\n  replicas: 1\n  serviceName: db\n  selector: {matchLabels: {a: b}}\n  template:\n"
    "    metadata: {labels: {a: b}}\n    spec:\n      containers: [{name: db, image: 'redis:7'}]\n",
}
EXISTING = "deploy/overlays/live"


def _proposal(path: str) -> str:
    ran = run("init", "--detect", path)
    assert (ran.status, ran.err) == (0, "")
    return ran.out


def _decided(text: str) -> str:
    """The proposal with every decision taken: the first # of each line that is a key or an item goes."""
    return re.sub(r"(?m)^#(?=\S+:|  )", "", text)


def test_a_proposal_parses_as_it_is_and_with_every_decision_taken(repository: Path) -> None:
    """Nothing that is commented out is malformed."""
    write(repository, OVERLAY)
    text = _proposal("o")
    for version in (text, _decided(text)):
        parse_settings(parse_yaml(version, shown="kfm-checks.yaml").value)


def test_decisions_are_commented_out(repository: Path) -> None:
    """Undeclared stays undeclared until somebody decides: criticality, clients, gateways, personas."""
    write(repository, OVERLAY)
    config = parse_settings(parse_yaml(_proposal("o"), shown="x").value).config
    assert config.workloads.critical is None
    assert config.entry.gateways is None
    assert config.personas.auditor is None
    assert config.datastores is not None
    assert [(store.workload, store.clients) for store in config.datastores] == [("app/StatefulSet/db", None)]
    assert config.layout.policies == "net"


PDB = (
    "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: db, namespace: app}\nspec: {minAvailable: 1}\n"
)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"o/budgets/pdb.yaml": PDB}, "#  patches: budgets  # 1 PodDisruptionBudget; no patch lies there"),
        ({"o/patches/pdb.yaml": PDB}, "  patches: patches  # 1 PodDisruptionBudget"),
        ({"o/tuning/pdb.yaml": PDB, "o/tuning/db.yaml": ""}, "  patches: tuning  # 1 PodDisruptionBudget, 1 patch"),
        (
            {"o/a/pdb.yaml": PDB, "o/a/more.yaml": PDB.replace("name: db", "name: more"), "o/tuning/db.yaml": ""},
            "  patches: tuning  # 1 patch",
        ),
    ],
    ids=["alone", "by its name", "beside a patch", "elsewhere than the patch"],
)
def test_a_disruption_budget_alone_makes_no_patches_folder(repository: Path, files: dict[str, str], line: str) -> None:
    """It says nothing of the folder's intent: such a folder is shown, and somebody decides."""
    patch = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: app}\nspec: {replicas: 2}\n"
    added = {name: text or patch for name, text in files.items()}
    resources = [name[2:] for name, text in files.items() if text]
    entry = f"resources: [all.yaml, net/p.yaml, pod.yaml, {', '.join(resources)}]\n".replace(", ]", "]")
    entry += "patches: [{path: tuning/db.yaml}]\n" if "o/tuning/db.yaml" in files else ""
    write(repository, {**OVERLAY, **added, "o/kustomization.yaml": entry})
    text = _proposal("o")
    assert re.search(rf"(?m)^{re.escape(line)}$", text), text
    parse_settings(parse_yaml(_decided(text), shown="x").value)


def test_each_value_has_its_evidence(repository: Path) -> None:
    """Behind a value stands the file that it was read from."""
    write(repository, OVERLAY)
    text = _proposal("o")
    assert re.search(r"(?m)^  - workload: app/StatefulSet/db  # .*redis.*o/pod\.yaml:1", text)
    assert re.search(r"(?m)^  policies: net  # 1 NetworkPolicy$", text)
    assert re.search(r"(?m)^#    - app/StatefulSet/db  # it keeps data \(o/pod\.yaml:1\)$", text)
    assert re.search(r"(?m)^  repository: https://git\.example\.org/team/shop\.git  # git's remote origin$", text)


def test_the_proposal_for_the_shipped_overlay_agrees_with_its_own() -> None:
    """What the shipped overlay declares, detection finds: hosts, folders, datastores and their ports."""
    ran = run("init", "--detect", str(ROOT / "infra/clusters/prod"))
    assert ran.status == 0
    found = parse_settings(parse_yaml(ran.out, shown="x").value).config
    decided = parse_settings(parse_yaml(_decided(ran.out), shown="x").value).config
    own = parse_settings(parse_yaml((ROOT / "infra/clusters/prod/kfm-checks.yaml").read_text(), shown="y").value).config
    assert found.layout == own.layout
    assert set(found.entry.hosts or ()) == set(own.entry.hosts or ())
    assert set(decided.entry.gateways or ()) == set(own.entry.gateways or ())
    assert set(decided.workloads.critical or ()) >= set(own.workloads.critical or ())
    assert {s.workload for s in found.datastores or ()} == {s.workload for s in own.datastores or ()}
    assert (found.gitops.path, found.gitops.branch) == (own.gitops.path, own.gitops.branch)


def test_detect_writes_once(repository: Path) -> None:
    """It refuses to overwrite, unless it is forced to."""
    write(repository, OVERLAY)
    assert run("init", "--detect", "o", "--write").status == 0
    first = (repository / "o/kfm-checks.yaml").read_text()
    refused = run("init", "--detect", "o", "--write")
    assert (refused.status, refused.out) == (2, "")
    assert "o/kfm-checks.yaml" in refused.err
    assert run("init", "--detect", "o", "--write", "--force").status == 0
    assert (repository / "o/kfm-checks.yaml").read_text() == first


def test_an_earlier_configuration_is_no_evidence(repository: Path) -> None:
    """Detection reads objects and files, not what somebody declared before."""
    write(repository, OVERLAY)
    plain = _proposal("o")
    write(repository, {"o/kfm-checks.yaml": "environment: dev\nentry: {hosts: [old.example.org]}\n"})
    assert _proposal("o") == plain


def test_reconcilers_are_found_anywhere_in_the_repository(repository: Path) -> None:
    """Argo CD's ApplicationSets are expanded; what can't be read is named."""
    write(repository, OVERLAY)
    write(
        repository,
        {
            "argocd/set.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\n"
            "spec:\n  generators: [{list: {elements: [{folder: o}, {folder: p}]}}]\n  template:\n    metadata: {name: '{{folder}}'}\n"
            "    spec:\n      source: {repoURL: 'https://git.example.org/team/shop.git', path: '{{folder}}', targetRevision: main}\n",
            "argocd/broken.yaml": "# argoproj.io/v1alpha1\na: [\n",
        },
    )
    text = _proposal("o")
    assert '    - "../argocd/set.yaml"  # Argo CD: argocd/ApplicationSet/all (argocd/set.yaml:1)' in text
    assert "# Not looked at: argocd/broken.yaml is not valid YAML." in text


def test_an_overlay_with_nothing_in_it_gets_a_proposal_too(repository: Path) -> None:
    """No folder, no workload, no remote object: every section is a comment, and it parses."""
    write(repository, {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": OVERLAY["o/all.yaml"]})
    text = _proposal("o")
    config = parse_settings(parse_yaml(text, shown="x").value).config
    assert config.datastores is None
    parse_settings(parse_yaml(_decided(text), shown="x").value)


@given(st.text())
def test_any_text_stays_one_value_and_one_comment(text: str) -> None:
    """Whatever a manifest says, it becomes neither another key nor another line."""
    line = f"key: {scalar(text)}{note(text)}"
    assert "\n" not in line
    try:
        value = parse_yaml(line, shown="x").value
    except KfmChecksError:
        # YAML has no way to write some characters (lone surrogates, controls): then it is an error, not another key
        assert any(not c.isprintable() for c in text)
    else:
        assert list(value) == ["key"]
        assert str(value["key"]) == text
