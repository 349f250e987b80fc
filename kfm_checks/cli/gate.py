"""``check --baseline``: fail only on what got worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kfm_checks.model import Report

if TYPE_CHECKING:
    from kfm_checks.baseline import Comparison

Command = TypeVar("Command", bound=Callable[..., Any])


def measuring(command: Command) -> Command:
    """The option that names what stood once."""
    return click.option(
        "--baseline",
        type=click.Path(path_type=Path),
        metavar="REPORT",
        help="Fail only on what is worse than in this report: a new failure, or a row once met now not verified.",
    )(command)


def gating(command: Command) -> Command:
    """The options of the regression gate."""
    options = (
        measuring,
        click.option(
            "--write-baseline",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write what fails now; an existing file only ever shrinks.",
        ),
        click.option("--grow", is_flag=True, help="Let --write-baseline take in new failures."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def gate(reports: Sequence[Report], given: Mapping[str, Any], write: Callable[[Sequence[Report]], None]) -> int:
    """Write the reports with what became of the baseline, and say whether anything got worse. Raises UsageError.

    An overlay that the baseline doesn't know is judged without one.
    """
    from kfm_checks.baseline import against, noted, read_baseline

    before = read_baseline(given["baseline"])
    shown, statuses = [], []
    for report in reports:
        beside, comparison = against(report, before, partial=bool(given["only"]))
        statuses.append(status_of(report, comparison, given))
        shown.append(noted(beside, comparison.lines() if comparison else ()))
    write(shown)
    keep(reports, given)
    return max(statuses)


def status_of(report: Report, comparison: Comparison | None, given: Mapping[str, Any]) -> int:
    """0 or 1: with a comparison what got worse decides, and the rows of ``--require``; without one the whole report."""
    from dataclasses import replace

    from kfm_checks.run import exit_status

    if comparison is None:
        return exit_status(report, strict=given["strict"], require=given["require"])
    asked = tuple(row for row in report.requirements if row.id in given["require"])
    wanted = exit_status(replace(report, results=(), requirements=asked), require=given["require"])
    return max(int(comparison.regressed), wanted)


def keep(reports: Sequence[Report], given: Mapping[str, Any]) -> None:
    """Write the baseline where that was asked for, and say what it left out. Raises UsageError."""
    path: Path | None = given["write_baseline"]
    if path is None:
        return
    from kfm_checks.baseline import read_baseline, written
    from kfm_checks.cli.options import write_file

    before = read_baseline(path) if path.exists() else {}
    text, left_out = written(reports, before, grow=given["grow"], partial=bool(given["only"]))
    write_file(path, text)
    if left_out:
        click.echo(f"kfm-checks: {left_out} new failures were not taken into {path} (--grow does)", err=True)
