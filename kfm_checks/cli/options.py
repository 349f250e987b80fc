"""Options that several commands share, and how a report is written out."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kfm_checks.errors import UsageError
from kfm_checks.exports import FORMATS, write_all
from kfm_checks.render import Loosened
from kfm_checks.run import Options

if TYPE_CHECKING:
    from kfm_checks.model import Report

Command = TypeVar("Command", bound=Callable[..., Any])


def judging(command: Command) -> Command:
    """The options that decide what is judged and how."""
    options = (
        click.option("--only", multiple=True, metavar="ID", help="A requirement id or a check name; may repeat."),
        click.option("--strict", is_flag=True, help="Also fail on a should not met and a must not verified."),
        click.option(
            "--require", multiple=True, metavar="ID", help="Fail unless this row is met, attested or not applicable."
        ),
        click.option(
            "--as-of", default="", metavar="DATE", callback=day, help="Judge expiry by this day (today in UTC)."
        ),
        click.option("--kustomize", metavar="PROGRAM", help="A kustomize or kubectl to render with."),
        click.option("--rendered", type=click.Path(path_type=Path), help="Judge this render, made elsewhere."),
        click.option(
            "--schemas", type=click.Path(path_type=Path, exists=True), help="CRDs and JSON Schemas of further kinds."
        ),
        click.option(
            "--policies", type=click.Path(path_type=Path, exists=True), help="Admission policies beside those rendered."
        ),
        click.option(
            "--kubernetes-version", "versions", multiple=True, metavar="1.N", callback=_versions, help="May repeat."
        ),
        click.option(
            "--change", type=click.Path(path_type=Path, exists=True), help="Facts of the pull request (JSON)."
        ),
        click.option("--enable-helm", is_flag=True, help="Let kustomize inflate Helm charts."),
        click.option("--load-restrictor/--no-load-restrictor", default=True, help="Refuse files outside the overlay."),
        click.option("--allow-network", is_flag=True, help="Let kustomize fetch remote bases."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def looking(command: Command) -> Command:
    """The options that let a run look at a cluster: nothing is contacted without one of them."""
    options = (
        click.option("--context", metavar="NAME", help="Look at the cluster of this kubeconfig context, too."),
        click.option("--in-cluster", is_flag=True, help="Look at the cluster that this pod runs in; no dry runs."),
        click.option(
            "--snapshot", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Judge this snapshot."
        ),
        click.option("--probe", is_flag=True, help="With a cluster: ask the public hosts over HTTPS, too."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def output(command: Command) -> Command:
    """Where the report goes and in which formats."""
    options = (
        click.option("--format", "format_", default="table", metavar="|".join(FORMATS), help="The format on stdout."),
        click.option(
            "--output", "outputs", multiple=True, metavar="[FORMAT=]FILE", help="Write to a file; may repeat."
        ),
        click.option("--no-color", is_flag=True, help="No colours."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def options_of(given: dict[str, Any]) -> Options:
    """The run's options from what click parsed. Raises UsageError where they contradict each other."""
    # An empty name is a name (of a variable that is not set): it is looked up, and not there.
    asked = ("context", "in_cluster", "snapshot", "probe")
    live = {name: given[name] for name in asked if given.get(name) not in (None, False)}
    named = [name for name in ("context", "in_cluster", "snapshot") if name in live]
    if len(named) > 1:
        raise UsageError("--context, --in-cluster and --snapshot exclude each other", remedy="give one of them")
    if "probe" in live and named in ([], ["snapshot"]):
        raise UsageError("--probe asks a cluster's hosts, and none is looked at", remedy="give --context NAME, too")
    return Options(
        **live,
        only=tuple(given["only"]),
        strict=given["strict"],
        as_of=given["as_of"],
        kustomize=given["kustomize"],
        loosened=Loosened(given["enable_helm"], given["load_restrictor"], given["allow_network"]),
        rendered=given["rendered"],
        schemas=given["schemas"],
        policies=given["policies"],
        kubernetes_versions=tuple(given["versions"]),
        change=given["change"],
    )


def write(reports: Sequence[Report], format_: str, outputs: Sequence[str], *, no_color: bool) -> None:
    """Write each output whole or not at all; without ``--output`` the format goes to stdout."""
    planned = [_planned(item, format_) for item in outputs]
    for name, path in planned:
        write_file(path, _text(reports, name, color=False))
    if not any(name == format_ for name, _ in planned) or not planned:
        color = sys.stdout.isatty() and not no_color and not os.environ.get("NO_COLOR")
        click.echo(_text(reports, format_, color=color), nl=False)


def _planned(item: str, format_: str) -> tuple[str, Path]:
    name, sign, file = item.partition("=")
    if sign and name in FORMATS:
        return name, Path(file)
    if sign and name.isalpha():
        raise UsageError(f"no format is called {name!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    return format_, Path(item)


def _text(reports: Sequence[Report], format_: str, *, color: bool) -> str:
    if format_ == "table":
        from kfm_checks.exports.table import write as table

        width = max(80, min(_width(), 160))
        return "\n".join(table(report, color=color, width=width) for report in reports)
    return write_all(reports, format_)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size((110, 24)).columns


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises UsageError where it can't be written."""
    scratch: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", newline="") as stream:
            scratch = Path(stream.name)
            stream.write(text)
        scratch.chmod(0o644)
        scratch.replace(path)
    except OSError as error:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        raise UsageError(
            f"can't be written: {error.strerror}", file=str(path), remedy="choose another place"
        ) from error


def day(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """An ISO date, or "". Raises UsageError."""
    if value:
        try:
            if date.fromisoformat(value).isoformat() != value:
                raise ValueError(value)  # 2026-W07-1 and 20260216 are days, too, and don't compare with the others
        except ValueError:
            raise UsageError(f"{parameter.opts[0]} {value!r} is no date", remedy="write YYYY-MM-DD") from None
    return value


def _versions(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"v?1\.\d+(\.\d+)?", value):
            raise UsageError(f"--kubernetes-version {value!r} is no version", remedy="write 1.34")
    return tuple(".".join(value.removeprefix("v").split(".")[:2]) for value in values)
