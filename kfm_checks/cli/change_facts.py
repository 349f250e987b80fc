"""``kfm-checks change-facts``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfm_checks.cli.options import write_file
from kfm_checks.errors import UsageError

if TYPE_CHECKING:
    from kfm_checks.facts.change_request import ChangeRequest


@click.command()
@click.option("--github", metavar="[OWNER/NAME#N]", is_flag=False, flag_value="", help="A pull request of GitHub.")
@click.option("--gitlab", metavar="[GROUP/NAME!N]", is_flag=False, flag_value="", help="A merge request of GitLab.")
@click.option("--asking", metavar="JOB", help="The job that asks, left out of the CI runs (else from the environment).")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file, not stdout.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the facts instead.")
def change_facts(github: str | None, gitlab: str | None, asking: str | None, output: Path | None, schema: bool) -> int:
    """Collect what a pull request says of itself, as kfm-checks/change/v1, for `check --change`.

    In a workflow of GitHub or a pipeline of GitLab the request is known from the environment. The token is read from
    GITHUB_TOKEN (or GH_TOKEN), GITLAB_TOKEN; it only needs to read. What it may not read stays unknown.
    """
    if schema:
        from kfm_checks.facts.change_request import json_schema

        _put(json.dumps(json_schema(), indent=2, sort_keys=True) + "\n", output)
        return 0
    if (github is None) == (gitlab is None):
        raise UsageError("no forge was named, or two", remedy="give --github or --gitlab")
    request = _of_github(github, asking) if github is not None else _of_gitlab(gitlab or "", asking)
    _put(written(request), output)
    return 0


def written(request: ChangeRequest) -> str:
    """The facts as a JSON document that ``--change`` reads."""
    import msgspec

    content = {"schema": request.schema, **msgspec.to_builtins(request)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _put(text: str, output: Path | None) -> None:
    if output is not None:
        write_file(output, text)
    else:
        click.echo(text, nl=False)


def _of_github(name: str, asking: str | None) -> ChangeRequest:
    from kfm_checks.change.collect_github import client, collect

    reference = re.match(r"refs/pull/(\d+)/", os.environ.get("GITHUB_REF", ""))
    number = reference[1] if reference else _event_number()
    repository, number = _split(name, "#", os.environ.get("GITHUB_REPOSITORY", ""), number)
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN", "")
    get = client(token, os.environ.get("GITHUB_API_URL", "https://api.github.com"))
    return collect(get, repository, int(number), os.environ.get("GITHUB_JOB", "") if asking is None else asking)


def _of_gitlab(name: str, asking: str | None) -> ChangeRequest:
    from kfm_checks.change.collect_gitlab import client, collect

    known = os.environ.get("CI_PROJECT_PATH", ""), os.environ.get("CI_MERGE_REQUEST_IID", "")
    project, number = _split(name, "!", *known)
    server = client(os.environ.get("GITLAB_TOKEN", ""), os.environ.get("CI_SERVER_URL", "https://gitlab.com"))
    return collect(server, project, int(number), os.environ.get("CI_JOB_NAME", "") if asking is None else asking)


def _event_number() -> str:
    """The number of the pull request that GitHub's event file tells of, "" for none."""
    from kfm_checks.change.inputs import read_change

    path = os.environ.get("GITHUB_EVENT_PATH", "")
    return str(read_change(Path(path)).number or "") if path and Path(path).is_file() else ""


def _split(name: str, sign: str, repository: str, number: str) -> tuple[str, str]:
    given, _, last = name.rpartition(sign) if sign in name else (name, "", "")
    repository, number = given or repository, last or number
    if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+", repository) or not number.isdigit():
        raise UsageError("which request is meant can't be told", remedy=f"write owner/name{sign}12")
    return repository, number
