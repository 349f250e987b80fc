"""Bad input ends in exit status 2: one clear line on stderr, nothing on stdout, nothing half-written, no traceback."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.helper import NAMESPACE, OVERLAY, Ran, run, run_alone, write


def refused(ran: Ran, *said: str, folder: Path) -> str:
    """Assert the contract of exit status 2, and that the line says each of ``said`` (regular expressions)."""
    assert ran.status == 2, ran
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    line = lines[0]
    assert line.startswith("kfm-checks: ")
    assert "Traceback" not in line
    assert str(folder) not in line, "an absolute path"
    assert "/tmp/" not in line.replace("/tmp/x", ""), "a path of this machine"
    assert len(line) < 600
    for words in said:
        assert re.search(words, line), f"{words!r} is missing in: {line}"
    assert "; " in line, "a remedy"
    return line


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
LINE = r"o/[\w./-]+:\d+: "

#: What is wrong -> the files, and what the line has to say.
OVERLAYS: dict[str, tuple[Mapping[str, str | bytes], tuple[str, ...]]] = {
    "an empty folder": ({"o/.keep": ""}, (r"^kfm-checks: o: ", "no manifest")),
    "an empty kustomization": ({"o/kustomization.yaml": ""}, (r"o/kustomization\.yaml|^kfm-checks: o\b", "empty")),
    "a missing base": (
        {"o/kustomization.yaml": "resources:\n  - ../base\n"},
        (r"^kfm-checks: o/kustomization\.yaml:2: ", r"\bbase\b", "missing|isn't there|no such"),
    ),
    "a missing file": (
        {"o/kustomization.yaml": "resources:\n  - ns.yaml\n  - gone.yaml\n", "o/ns.yaml": NAMESPACE},
        (r"^kfm-checks: o/kustomization\.yaml:3: ", r"gone\.yaml", "missing|isn't there|no such"),
    ),
    "a missing patch": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\npatches:\n  - path: gone.yaml\n", "o/ns.yaml": NAMESPACE},
        (r"^kfm-checks: o/kustomization\.yaml:3: ", r"gone\.yaml", "missing|isn't there|no such"),
    ),
    "a base without a kustomization": (
        {"o/kustomization.yaml": "resources:\n  - ../base\n", "base/ns.yaml": NAMESPACE},
        (r"\bbase\b", "no kustomization file"),
    ),
    "broken YAML": (
        {
            "o/kustomization.yaml": "resources: [ns.yaml]\n",
            "o/ns.yaml": "apiVersion: v1\nkind: [Namespace\nmetadata: {}\n",
        },
        (r"^kfm-checks: o/ns\.yaml:\d+: ", "YAML"),
    ),
    "broken YAML in the entrypoint": (
        {"o/kustomization.yaml": "resources:\n  - a\n bad: [\n"},
        (r"^kfm-checks: o/kustomization\.yaml:\d+: ", "YAML"),
    ),
    "broken JSON": (
        {"o/kustomization.yaml": "resources: [ns.json]\n", "o/ns.json": '{"apiVersion": "v1",\n "kind": }\n'},
        (r"^kfm-checks: o/ns\.json(:\d+)?: ", "YAML|JSON"),
    ),
    "tabs": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": "apiVersion: v1\n\tkind: Namespace\n"},
        (r"^kfm-checks: o/ns\.yaml:2: ",),
    ),
    "a binary file": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": bytes(range(256)) * 8},
        (r"^kfm-checks: o/ns\.yaml", "binary|text|YAML"),
    ),
    "a manifest without a kind": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": "apiVersion: v1\nmetadata: {name: app}\n"},
        (r"o/ns\.yaml", "kind"),
    ),
    "a manifest without a name": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": "apiVersion: v1\nkind: Namespace\n"},
        (r"o/ns\.yaml", "name"),
    ),
    "a huge file": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": NAMESPACE + "# x\n" * (50 * 1024 * 256)},
        (r"^kfm-checks: o/ns\.yaml: ", "larger than"),
    ),
    "a YAML bomb": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": NAMESPACE + "---\n" + BOMB},
        (r"^kfm-checks: o/ns\.yaml", "alias"),
    ),
    "a YAML bomb in the entrypoint": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n" + BOMB, "o/ns.yaml": NAMESPACE},
        (r"^kfm-checks: o/kustomization\.yaml", "alias"),
    ),
    "deep nesting": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\n", "o/ns.yaml": NAMESPACE + "x: " + "[" * 20000 + "]" * 20000},
        (r"^kfm-checks: o/ns\.yaml|^kfm-checks: o\b", "deep|nested|YAML"),
    ),
    "a cycle": (
        {"o/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../o]\n"},
        ("cycle",),
    ),
    "itself as base": ({"o/kustomization.yaml": "resources: [.]\n"}, ("cycle",)),
    "an unknown field": (
        {"o/kustomization.yaml": "resources: [ns.yaml]\nresorces: []\n", "o/ns.yaml": NAMESPACE},
        (r"^kfm-checks: o/kustomization\.yaml(:2)?: ", "resorces"),
    ),
    "an object twice": (
        {
            "o/kustomization.yaml": "resources: [ns.yaml, other.yaml]\n",
            "o/ns.yaml": NAMESPACE,
            "o/other.yaml": NAMESPACE,
        },
        ("twice", "Namespace"),
    ),
    "a patch without its object": (
        {
            "o/kustomization.yaml": "resources: [ns.yaml]\npatches: [{path: p.yaml}]\n",
            "o/ns.yaml": NAMESPACE,
            "o/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gone}\nspec: {replicas: 2}\n",
        },
        ("patch", "gone"),
    ),
    "a file outside": (
        {"o/kustomization.yaml": "resources: [../ns.yaml]\n", "ns.yaml": NAMESPACE},
        (r"ns\.yaml", "outside"),
    ),
    "a remote base": (
        {"o/kustomization.yaml": "resources: ['https://git.example.org/team/base.git?ref=v1']\n"},
        ("network", "--allow-network|vendor"),
    ),
    "a chart": (
        {"o/kustomization.yaml": "helmCharts: [{name: c, repo: 'https://charts.example.org', version: 1.0.0}]\n"},
        ("Helm", "--enable-helm|--rendered"),
    ),
    "a value that YAML takes for a boolean": (
        {"o/kustomization.yaml": "helmCharts: [{name: c, releaseName: n}]\n"},
        ("releaseName", "bool", "quote"),
    ),
    "it renders to nothing": ({"o/kustomization.yaml": "namespace: app\n"}, (r"^kfm-checks: o", "nothing|empty")),
    "a component alone": (
        {
            "o/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
            "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: api}\n"
        },
        (r"^kfm-checks: o", "Component", "overlay that uses it"),
    ),
    "a component that changes names alone": (
        {"o/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: a-\n"},
        (r"^kfm-checks: o", "Component", "overlay that uses it"),
    ),
    "two entrypoints": (
        {
            "o/kustomization.yaml": "resources: [ns.yaml]\n",
            "o/Kustomization": "resources: []\n",
            "o/ns.yaml": NAMESPACE,
        },
        (r"^kfm-checks: o", "multiple|several|two|more than one"),
    ),
    "an exec plugin": (
        {
            "o/kustomization.yaml": "resources: [ns.yaml]\ngenerators: [gen.yaml]\n",
            "o/ns.yaml": NAMESPACE,
            "o/gen.yaml": "apiVersion: x/v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n"
            "    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n",
        },
        (r"^kfm-checks: o",),
    ),
}

FILES: dict[str, tuple[Mapping[str, str | bytes], tuple[str, ...]]] = {
    "configuration is no YAML": ({"o/kfm-checks.yaml": "environment: [\n"}, (r"o/kfm-checks\.yaml:\d+: ", "YAML")),
    "configuration is a list": ({"o/kfm-checks.yaml": "- a\n"}, (r"o/kfm-checks\.yaml:1: ", "mapping")),
    "configuration is binary": ({"o/kfm-checks.yaml": b"\xff\xfe\x00\x01"}, (r"o/kfm-checks\.yaml: ", "UTF-8")),
    "an unknown key": (
        {"o/kfm-checks.yaml": "environment: prod\nlayout:\n  patchs: x\n"},
        (r"o/kfm-checks\.yaml:3: ", "patchs", "unknown"),
    ),
    "an unknown key in a parent": (
        {"kfm-checks.yaml": "enviroment: prod\n"},
        (r"^kfm-checks: kfm-checks\.yaml:1: ", "enviroment"),
    ),
    "a wrong type": ({"o/kfm-checks.yaml": "workloads:\n  critical: api\n"}, (r"o/kfm-checks\.yaml:2: ", "critical")),
    "a key twice": ({"o/kfm-checks.yaml": "environment: a\nenvironment: b\n"}, (r"o/kfm-checks\.yaml:2: ", "twice")),
    "an alias": ({"o/kfm-checks.yaml": "a: &a x\nenvironment: *a\n"}, (r"o/kfm-checks\.yaml:2: ", "alias")),
    "a level lowered": ({"o/kfm-checks.yaml": "levels:\n  SEC-01: should\n"}, (r"o/kfm-checks\.yaml:2: ", "raised")),
    "a level of a row that isn't there": (
        {"o/kfm-checks.yaml": "levels:\n  RAIL-99: must\n"},
        (r"o/kfm-checks\.yaml:2: ", "RAIL-99"),
    ),
    "attesters of a row that isn't there": (
        {"o/kfm-checks.yaml": "attesters: {SEC-99: [platform-operator]}\n"},
        (r"o/kfm-checks\.yaml:1: ", "SEC-99"),
    ),
    "a row declared not applicable that isn't there": (
        {"o/kfm-checks.yaml": "not-applicable: [{requirement: NOPE, reason: r, by: b, date: '', expires: ''}]\n"},
        (r"o/kfm-checks\.yaml:1: ", "'NOPE'"),
    ),
    "a declaration that never ends": (
        {"o/kfm-checks.yaml": "not-applicable: [{requirement: RAIL-06, reason: r, by: b, date: '', expires: never}]\n"},
        (r"o/kfm-checks\.yaml:1: ", "'never' is no date"),
    ),
    "a row of the team that shadows the catalogue's": (
        {"o/kfm-checks.yaml": "requirements: [{id: GATE-02, level: must, statement: s, checks: [overlay-renders]}]\n"},
        (r"o/kfm-checks\.yaml:1: ", "GATE-02", "already"),
    ),
    "a row of the team that no check judges": (
        {"o/kfm-checks.yaml": "requirements: [{id: ACME-01, level: must, statement: s, checks: []}]\n"},
        (r"o/kfm-checks\.yaml:1: ", "ACME-01"),
    ),
    "a row of the team with a check that isn't there": (
        {"o/kfm-checks.yaml": "requirements: [{id: ACME-01, level: must, statement: s, checks: [nope]}]\n"},
        (r"o/kfm-checks\.yaml:1: ", "'nope'"),
    ),
    "a row that can't be waved away": (
        {
            "o/kfm-checks.yaml": "not-applicable:\n  - {requirement: SEC-01, reason: r, by: b, date: '2026-01-01', "
            "expires: '2027-01-01'}\n"
        },
        (r"o/kfm-checks\.yaml:2: ", "SEC-01"),
    ),
    "a manifests path that isn't there": (
        {"o/kfm-checks.yaml": "gitops:\n  manifests: [../argocd]\n"},
        (r"^kfm-checks: o/kfm-checks\.yaml:2: gitops\.manifests names \.\./argocd, which isn't there",),
    ),
    "a manifests path outside": (
        {"o/kfm-checks.yaml": "gitops:\n  manifests: [../../..]\n"},
        (r"^kfm-checks: o/kfm-checks\.yaml:2: gitops\.manifests names \.\./\.\./\.\., outside",),
    ),
    "a folder where the configuration should be": (
        {"o/kfm-checks.yaml/x": ""},
        (r"^kfm-checks: o/kfm-checks\.yaml: can't be read", "check path"),
    ),
    "a folder where records should be": (
        {"o/governance/waivers.yaml/x": ""},
        (r"^kfm-checks: o/governance/waivers\.yaml: can't be read", "check path"),
    ),
    "an age that is none": (
        {"kfm-checks.yaml": "schema: kfm-checks/config/v1\nthresholds:\n  snapshot-age: soon\n"},
        (r"kfm-checks\.yaml:3: ", r"snapshot-age: 'soon'", "write 24h"),
    ),
    "records without schema": (
        {"o/governance/waivers.yaml": "records: []\n"},
        (r"o/governance/waivers\.yaml:1: ", "schema"),
    ),
    "a record with an unknown field": (
        {
            "o/governance/incidents.yaml": "schema: kfm-checks/records/v1\nrecords:\n"
            "  - {kind: incident, by: b, what: w, when: '2026-01-01', closed: x}\n"
        },
        (r"o/governance/incidents\.yaml:3: ", "closed"),
    ),
    "a record without a date": (
        {
            "o/governance/attestations.yaml": "schema: kfm-checks/records/v1\nrecords:\n"
            "  - {kind: attestation, requirement: SEC-04, statement: s, by: b, role: platform-operator, expires: '2027-01-01'}\n"
        },
        (r"o/governance/attestations\.yaml:3: ", "date"),
    ),
    "a record with a day that isn't": (
        {
            "o/governance/attestations.yaml": "schema: kfm-checks/records/v1\nrecords:\n"
            "  - {kind: attestation, requirement: SEC-04, statement: s, by: b, role: platform-operator, "
            "date: '2026-02-30', expires: '2027-01-01'}\n"
        },
        (r"o/governance/attestations\.yaml:3: ", "date"),
    ),
    "a waiver of what can't be waived": (
        {
            "o/governance/waivers.yaml": "schema: kfm-checks/records/v1\nrecords:\n"
            "  - {kind: waiver, requirement: SEC-01, check: no-plaintext-credentials, subject: a/ConfigMap/b, reason: r, "
            "by: b, role: platform-operator, date: '2026-01-01', expires: '2027-01-01'}\n"
        },
        (r"o/governance/waivers\.yaml:3: ", "SEC-01"),
    ),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", OVERLAYS)
def test_an_overlay_that_cannot_be_rendered(case: str, here: Path) -> None:
    """Each is told in one line, within seconds."""
    files, said = OVERLAYS[case]
    write(here, files)
    started = time.monotonic()
    refused(run("check", "o"), *said, folder=here)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("case", FILES)
def test_broken_configuration_and_records(case: str, here: Path) -> None:
    """File and line of what is wrong."""
    files, said = FILES[case]
    write(here, {f"o/{name}": text for name, text in OVERLAY.items()})
    write(here, files)
    refused(run("check", "o"), *said, folder=here)


#: Arguments, and what the line has to say; the overlay ``o`` is sound.
ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no such path": (("check", "gone"), ("gone", "no such")),
    "no path": (("check",), ("no overlay",)),
    "no command": ((), (r"^kfm-checks: no command was given; see `kfm-checks --help`$",)),
    "no command of a group": (("data",), (r"no command was given; see `kfm-checks data --help`$",)),
    "unknown command": (("chekc",), ("chekc",)),
    "unknown option": (("check", "o", "--stric"), ("--stric",)),
    "unknown --only": (("check", "o", "--only", "RAIL-99"), ("RAIL-99", "kfm-checks requirements")),
    "unknown --require": (("check", "o", "--require", "RAIL-99"), ("RAIL-99", "kfm-checks requirements")),
    "--require without --only": (
        ("check", "o", "--only", "GATE-01", "--require", "RAIL-06"),
        ("RAIL-06: --only leaves that row out",),
    ),
    "unknown --format": (("check", "o", "--format", "xlm"), ("xlm", "json")),
    "unknown format of --output": (("check", "o", "--output", "xlm=r.xml"), ("xlm",)),
    "--as-of is no date": (("check", "o", "--as-of", "yesterday"), ("yesterday", "YYYY-MM-DD")),
    "--as-of is no day": (("check", "o", "--as-of", "2026-02-30"), ("2026-02-30",)),
    "--as-of is a week": (("check", "o", "--as-of", "2026-W07-1"), ("2026-W07-1",)),
    "--kubernetes-version": (("check", "o", "--kubernetes-version", "latest"), ("latest", "1\\.3")),
    "--rendered is missing": (
        ("check", "o", "--rendered", "gone.yaml"),
        ("gone.yaml", "no such|does not exist|isn't there"),
    ),
    "--rendered is empty": (("check", "o", "--rendered", "empty.yaml"), ("empty.yaml", "no object|empty")),
    "--rendered is broken": (("check", "o", "--rendered", "broken.yaml"), (r"broken\.yaml:\d", "YAML")),
    "--rendered of plain manifests": (("check", "broken.yaml", "--rendered", "o/ns.yaml"), ("overlay's render",)),
    "--rendered of several": (("check", "o", "o", "--rendered", "o/ns.yaml"), ("--rendered", "one overlay")),
    "--change is missing": (("check", "o", "--change", "gone.json"), ("gone.json",)),
    "--schemas is missing": (("check", "o", "--schemas", "gone"), ("gone",)),
    "--policies is missing": (("check", "o", "--policies", "gone"), ("gone",)),
    "--kustomize is no program": (("check", "o", "--kustomize", "gone"), ("gone", "program")),
    "--kustomize is no kustomize": (("check", "o", "--kustomize", "/bin/false"), ("--kustomize",)),
    "--output into a file": (("check", "o", "--output", "json=empty.yaml/r.json"), ("empty.yaml", "written")),
    "--output is a folder": (("check", "o", "--output", "json=o"), (r"\bo\b", "written")),
    "init over a file": (("init", "empty.yaml"), ("empty.yaml", "file")),
    "init --detect without overlay": (("init", "--detect", "nothing"), ("nothing", "kustomization|no such")),
    "init with a bad name": (("init", "new/prod", "--namespace", "Not_A_Name"), ("Not_A_Name",)),
    "bind without a README": (("bind", "gone.md"), ("gone.md",)),
    "bind on a binary": (("bind", "binary"), ("binary", "UTF-8")),
    "config of nothing": (("config", "--show", "gone"), ("gone",)),
    "render of nothing": (("render", "gone"), ("gone",)),
    "a path with a line break": (("check", "no\nsuch"), ("no",)),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_bad_usage(case: str, here: Path) -> None:
    """Arguments that mean nothing."""
    arguments, said = ARGUMENTS[case]
    write(here, {f"o/{name}": text for name, text in OVERLAY.items()})
    write(here, {"empty.yaml": "", "broken.yaml": "a: [\n", "binary": b"\xff\xfe\x00\x80"})
    before = sorted(path.as_posix() for path in here.rglob("*"))
    refused(run(*arguments), *said, folder=here)
    assert sorted(path.as_posix() for path in here.rglob("*")) == before, "something was written"


def test_an_unwritable_output_leaves_the_other_files_alone(here: Path) -> None:
    """Nothing is half-written: a file that was there stays as it was."""
    write(here, {f"o/{name}": text for name, text in OVERLAY.items()})
    write(here, {"file": "", "report.json": "old"})
    ran = run("check", "o", "--output", "json=file/report.json")
    refused(ran, "file", folder=here)
    assert (here / "report.json").read_text() == "old"
    assert not [path for path in here.iterdir() if path.name.startswith("tmp")]


def test_a_symbolic_link_out_of_the_tree(here: Path) -> None:
    """A link to a file elsewhere is not read as part of the overlay, and its content is not shown."""
    write(here / "repo", {"o/kustomization.yaml": "resources: [ns.yaml]\n"})
    (here / "outside.yaml").write_text(NAMESPACE.replace("app", "outside-secret-name"))
    (here / "repo/o/ns.yaml").symlink_to("../../outside.yaml")
    os.chdir(here / "repo")
    line = refused(run("check", "o"), r"ns\.yaml|outside", folder=here)
    assert "outside-secret-name" not in line


def test_plain_manifests_that_are_broken(here: Path) -> None:
    """A folder without kustomization is read as it is, with the same care."""
    write(here, {"m/a.yaml": "kind: [\n"})
    refused(run("check", "m"), r"m/a\.yaml:\d+: ", "YAML", folder=here)


def test_a_duplicate_key_in_plain_manifests(here: Path) -> None:
    """As the API server reads them: duplicate keys are refused."""
    write(here, {"m/a.yaml": "apiVersion: v1\nkind: Namespace\nkind: Namespace\nmetadata: {name: a}\n"})
    refused(run("check", "m"), r"m/a\.yaml:3: ", "kind", folder=here)


def _without_permission(here: Path) -> Ran:
    """Run as somebody whom file permissions bind; root without the capability to overrule them, where we are root."""
    if os.geteuid() != 0:
        return run_alone("check", "o", cwd=here)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("running as root, whom no file permission binds, and setpriv is not here")
    bound = "-dac_override,-dac_read_search"
    return run_alone("check", "o", cwd=here, prefix=(setpriv, f"--bounding-set={bound}", "--inh-caps=-all"))


@pytest.mark.parametrize(("name", "said"), [("ns.yaml", r"o/ns\.yaml"), ("kustomization.yaml", r"o\b")])
def test_no_permission_to_read_a_file(name: str, said: str, here: Path) -> None:
    """A file that may not be read is named."""
    write(here, {f"o/{file}": text for file, text in OVERLAY.items()})
    (here / "o" / name).chmod(0)
    refused(_without_permission(here), said, "permission|can't be read", folder=here)


def test_no_permission_to_look_into_a_folder(here: Path) -> None:
    """Neither an empty folder nor a traceback."""
    write(here, {f"o/{file}": text for file, text in OVERLAY.items()})
    (here / "o").chmod(0)
    ran = _without_permission(here)
    (here / "o").chmod(0o755)
    refused(ran, r"\bo\b", "permission|can't be read", folder=here)


def test_a_crash_of_the_terminal_is_no_traceback(here: Path) -> None:
    """Whoever reads the output may stop reading it."""
    import subprocess
    import sys

    write(here, {f"o/{name}": text for name, text in OVERLAY.items()})
    script = f"{sys.executable} -c 'from kfm_checks.cli import main; main()' check o --format json | head -c 1"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(["/bin/sh", "-c", script], cwd=here, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
