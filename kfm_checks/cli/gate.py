"""``check --baseline``: fail only on what got worse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kfm_checks.model import Report

Command = TypeVar("Command", bound=Callable[..., Any])


def gating(command: Command) -> Command:
    """The options of the regression gate."""
    options = (
        click.option(
            "--baseline",
            type=click.Path(path_type=Path),
            metavar="REPORT",
            help="Fail only on what is worse than in this report: a new failure, or a row once met now not verified.",
        ),
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
    from dataclasses import replace

    from kfm_checks.baseline import compare, read_baseline, standing
    from kfm_checks.run import exit_status

    before = read_baseline(given["baseline"])
    shown, statuses = [], []
    for report in reports:
        then = before.get(report.overlay.path)
        if then is None:
            statuses.append(exit_status(report, strict=given["strict"], require=given["require"]))
            shown.append(_noted(report, ["the baseline does not know this overlay"]))
            continue
        comparison = compare(then, standing(report, partial=bool(given["only"])))
        wanted = exit_status(replace(report, results=(), requirements=_only(report, given)), require=given["require"])
        statuses.append(max(int(comparison.regressed), wanted))
        shown.append(_noted(report, comparison.lines()))
    write(shown)
    keep(reports, given)
    return max(statuses)


def _only(report: Report, given: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row for row in report.requirements if row.id in given["require"])


def _noted(report: Report, lines: Sequence[str]) -> Report:
    from dataclasses import replace

    return replace(report, overlay=replace(report.overlay, notes=(*report.overlay.notes, *lines)))


def keep(reports: Sequence[Report], given: Mapping[str, Any]) -> None:
    """Write the baseline where that was asked for, and say what it left out. Raises UsageError."""
    path: Path | None = given["write_baseline"]
    if path is None:
        return
    from kfm_checks.baseline import read_baseline, written
    from kfm_checks.cli.options import write_file

    text, left_out = written(reports, read_baseline(path) if path.exists() else {}, grow=given["grow"])
    write_file(path, text)
    if left_out:
        click.echo(f"kfm-checks: {left_out} new failures were not taken into {path} (--grow does)", err=True)
