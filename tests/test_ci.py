"""What runs elsewhere: workflows, the composite action, the hook and GitLab's component, as far as they can be tried here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from .conftest import ROOT
from .exports.published import builtin_schema

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ALL = [*WORKFLOWS, ROOT / "action.yml"]
PIN = re.compile(
    r"uses: (?P<name>[\w.-]+/[\w./-]+)@(?P<sha>[0-9a-f]{40}) # (?P<version>v[\d.]+), (?P<source>https://\S+)"
)
workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
everything = pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)


def load(path: Path) -> dict[str, Any]:
    """A workflow as data; YAML 1.1 reads the key ``on`` as true."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return {("on" if key is True else key): each for key, each in value.items()}


def valid(name: str, value: Any) -> None:
    """Hold a document against a published schema."""
    validator = jsonschema_rs.validator_for(builtin_schema(name))
    problems = [f"{list(each.instance_path)}: {each.message[:160]}" for each in validator.iter_errors(value)]
    assert not problems, problems[:5]


@workflows
def test_workflows_are_valid(path: Path) -> None:
    """The SchemaStore's schema of workflows takes each."""
    valid("github-workflows", load(path))


def test_the_action_is_valid() -> None:
    """The SchemaStore's schema of actions takes it."""
    valid("github-actions", load(ROOT / "action.yml"))


def test_the_gitlab_component_is_valid() -> None:
    """Its job is valid for GitLab, and every input that it uses is declared, and the other way round."""
    text = (ROOT / "templates/conformance.yml").read_text(encoding="utf-8")
    head, job = yaml.safe_load_all(text)
    valid("gitlab-ci", job)
    assert set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text)) == set(head["spec"]["inputs"])


@everything
def test_actions_are_pinned_and_their_source_is_named(path: Path) -> None:
    """By commit, with the release and the public address where it can be looked up."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.match(r"\s*(- )?uses:", line):
            found = PIN.search(line)
            assert found, line
            repository = "/".join(found["name"].split("/")[:2])
            assert found["source"] == f"https://github.com/{repository}/releases/tag/{found['version']}"


def test_an_action_has_one_pin() -> None:
    """The same action at the same release is the same commit everywhere."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in ALL:
        for each in PIN.finditer(path.read_text(encoding="utf-8")):
            found.setdefault((each["name"], each["version"]), set()).add(each["sha"])
    assert found
    assert all(len(shas) == 1 for shas in found.values()), found


@workflows
def test_permissions_are_least(path: Path) -> None:
    """Nothing by default; what a job may do is said at the job; checkout keeps no token; a job has an end."""
    value = load(path)
    assert value["permissions"] == {}
    assert "pull_request_target" not in value["on"]
    for job in value["jobs"].values():
        assert isinstance(job["permissions"], dict)
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@workflows
def test_what_a_pull_request_brings_never_runs_with_a_token(path: Path) -> None:
    """On pull requests no job may write, and a job that uses the token checks out the base; ``workflow_run`` never the head."""
    value = load(path)
    for name, job in value["jobs"].items():
        checkouts = [step.get("with", {}).get("ref") for step in job["steps"] if "checkout@" in step.get("uses", "")]
        if "pull_request" in value["on"] and "github.event_name == 'push'" not in job.get("if", ""):
            assert "write" not in job["permissions"].values(), name
            if "github.token" in str(job) or "secrets." in str(job):
                assert checkouts == ["${{ github.event.pull_request.base.sha }}"], name
        if "workflow_run" in value["on"]:
            assert set(checkouts) <= {None}, name


def scripts(path: Path) -> Iterator[str]:
    """The shell scripts of a workflow or action."""
    value = load(path)
    jobs = value["jobs"].values() if "jobs" in value else [value["runs"]]
    for job in jobs:
        yield from (step["run"] for step in job["steps"] if "run" in step)


@everything
def test_scripts_take_no_text_from_outside(path: Path) -> None:
    """Expressions reach scripts by the environment alone, and bash can read each script."""
    for script in scripts(path):
        assert "${{" not in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True, timeout=20)


@workflows
def test_javascript_can_be_read(path: Path) -> None:
    """Node can read each script of github-script."""
    node = shutil.which("node")
    for job in load(path)["jobs"].values():
        for step in job["steps"]:
            script = step.get("with", {}).get("script")
            if script is None:
                continue
            if node is None:
                pytest.skip("no node here, so the script was not read")
            assert "${{" not in script
            whole = f"async function main(github, context, core, require) {{\n{script}\n}}"
            subprocess.run([node, "--check", "-"], input=whole, text=True, check=True, timeout=30)


def test_zizmor_finds_nothing() -> None:
    """The auditor of workflows, offline, at the most that it takes for sure."""
    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=str(ROOT / ".venv/bin"))
    if zizmor is None:
        pytest.skip("zizmor is not installed: the workflows were not audited")
    paths = [str(path) for path in ALL]
    done = subprocess.run([zizmor, "--offline", "--no-progress", *paths], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def actionlint() -> str:
    """The actionlint that ``make lint-workflows`` built, or one on the path; skipped, visibly, where there is none."""
    script = (ROOT / "tools/actionlint.sh").read_text(encoding="utf-8")
    found = re.search(r"^version=(v[\d.]+)", script, flags=re.MULTILINE)
    assert found
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    program = shutil.which("actionlint", path=str(cache / f"kfm-checks/actionlint-{found[1]}")) or shutil.which(
        "actionlint"
    )
    if program is None:
        pytest.skip("actionlint is not there (make lint-workflows builds it where there is Go): it did not look")
    return program


def test_actionlint_finds_nothing() -> None:
    """actionlint has nothing to say of any workflow."""
    done = subprocess.run([actionlint(), *map(str, WORKFLOWS)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "")


def test_actionlint_would_find_something(tmp_path: Path) -> None:
    """A script that takes the title of a pull request, and a key that nobody knows, are told."""
    text = (ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(
        text.replace("run: make", "run: echo ${{ github.event.pull_request.title }} && make", 1) + "  x: {}\n"
    )
    done = subprocess.run([actionlint(), str(bad)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "potentially untrusted" in done.stdout
    assert '"runs-on" section is missing in job "x"' in done.stdout


def test_the_signed_workflows_exist() -> None:
    """The admission policy trusts workflows by path: each is there, signs, and runs on main only."""
    policy = (ROOT / "infra/clusters/prod/policies/admission/images-are-signed.yaml").read_text(encoding="utf-8")
    trusted = re.findall(r"/\.github/workflows/([\w.-]+)@refs/heads/main", policy)
    assert sorted(trusted) == ["mirror.yml", "release.yml"]
    for name in trusted:
        text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
        assert "cosign sign --yes" in text
        assert "github.ref == 'refs/heads/main'" in text


def test_an_untouched_template_states_nothing() -> None:
    """The template's four headings are found, and nothing below them counts until somebody writes there."""
    from kfm_checks.facts.change_intent import PARTS, intent

    template = (ROOT / ".github/PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")
    untouched = intent(template)
    assert [untouched[part].text for part in PARTS] == [""] * 4
    filled = re.sub(
        r"(## [^\n]+\n)\n<!--.+?-->", r"\1\nThe API gets a third replica, as measured.", template, flags=re.DOTALL
    )
    assert all(intent(filled)[part].text for part in PARTS)


def test_owners_cover_production() -> None:
    """Every file of the overlay, and each file that decides how it is judged, has an owner."""
    codeowners = pytest.importorskip("codeowners")
    owners = codeowners.CodeOwners((ROOT / ".github/CODEOWNERS").read_text(encoding="utf-8"))
    paths = [path for path in (ROOT / "infra").rglob("*") if path.is_file()]
    assert paths
    for path in [*(str(each.relative_to(ROOT)) for each in paths), ".github/workflows/conformance.yml", "action.yml"]:
        assert owners.of(path), path


def test_the_hook_runs_a_command_that_exists() -> None:
    """The pre-commit hook's entry is a command of ours that takes its options."""
    from kfm_checks.cli import COMMANDS

    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, command, *options = hook["entry"].split()
    assert (program, command in COMMANDS, options) == ("kfm-checks", True, ["--no-color"])
    assert hook["pass_filenames"] is False


def options_of(command: str) -> set[str]:
    """Every option that a command of ours takes."""
    import click

    from kfm_checks.cli import cli

    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    return {option for each in found.params for option in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("path", [*ALL, ROOT / "templates/conformance.yml"], ids=lambda path: path.name)
def test_options_exist(path: Path) -> None:
    """Each option that a script gives to kfm-checks is one that the command takes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        found = re.search(r"kfm-checks\"? (check|site|review|change-facts|data)\b(.*)", line)
        if found and not line.lstrip().startswith(("#", "description")) and found[1] != "data":
            used = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", re.split(r"\|\||&&", found[2])[0]))
            assert used <= options_of(found[1]), line


STUBS = """
const done = [];
const core = { info: (t) => done.push(["info", t]), setOutput: (k, v) => done.push(["output", k, v]) };
const context = { repo: { owner: "o", repo: "r" }, payload: { workflow_run: {
  head_sha: "abc", head_branch: "topic", html_url: "https://forge/run", head_repository: { owner: { login: "fork" } } } } };
const github = { rest: {
  pulls: { list: "pulls" },
  issues: { listComments: "comments",
    updateComment: async (a) => done.push(["update", a.comment_id, a.body]),
    createComment: async (a) => done.push(["create", a.issue_number, a.body]) } },
  paginate: async (what) => given[what] };
main(github, context, core, require).then(() => process.stdout.write(JSON.stringify(done)));
"""
OWN = {"id": 7, "user": {"type": "Bot"}, "body": "<!-- kfm-checks -->\\nold"}
OTHERS = {"id": 6, "user": {"type": "User"}, "body": "<!-- kfm-checks -->\\nforged"}


@pytest.mark.parametrize(
    ("pulls", "comments", "expected"),
    [
        ([{"number": 3, "head": {"sha": "abc"}}], [OTHERS], [["output", "number", 3], ["create", 3]]),
        ([{"number": 3, "head": {"sha": "abc"}}], [OTHERS, OWN], [["output", "number", 3], ["update", 7]]),
        (
            [{"number": 3, "head": {"sha": "newer"}}],
            [OWN],
            [["info", "the pull request is closed, or has a newer commit"]],
        ),
        ([], [], [["info", "the pull request is closed, or has a newer commit"]]),
    ],
)
def test_there_is_one_comment(
    pulls: list[Any], comments: list[Any], expected: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made once, then kept up to date; only our own is touched, only for the newest commit, and nobody is mentioned."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here, so the comment's script was not run")
    steps = load(ROOT / ".github/workflows/conformance-comment.yml")["jobs"]["tell"]["steps"]
    script = next(step["with"]["script"] for step in steps if "script" in step.get("with", {}))
    report = tmp_path / "summary.md"
    report.write_text("## Compliant @everyone <!-- kfm-checks -->" + "x" * 70_000, encoding="utf-8")
    monkeypatch.setenv("REPORT", str(report))
    given = f"const given = {json.dumps({'pulls': pulls, 'comments': comments})};"
    whole = f"{given}\nasync function main(github, context, core, require) {{\n{script}\n}}\n{STUBS}"
    done = subprocess.run([node, "-"], input=whole, capture_output=True, text=True, check=True, timeout=30)
    told = json.loads(done.stdout)
    assert [each[: len(wanted)] for each, wanted in zip(told, expected, strict=True)] == expected
    if told[-1][0] in {"create", "update"}:
        body = told[-1][2]
        assert len(body) <= 65_000
        assert body.count("<!-- kfm-checks -->") == 1
        assert "@everyone" not in body
        assert "https://forge/run" in body
