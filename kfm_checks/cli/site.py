"""``kfm-checks site``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from kfm_checks import wording
from kfm_checks.cli.gate import measuring, status_of
from kfm_checks.cli.options import judging, looking, options_of
from kfm_checks.run import required_unknown


@click.command()
@click.argument("path", metavar="PATH")
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, metavar="OUT", help="Its folder."
)
@click.option("--notebooks/--no-notebooks", default=True, help="Execute the notebooks on this overlay.")
@judging
@looking
@measuring
def site(path: str, out: Path, notebooks: bool, **given: Any) -> int:
    """Build the living README of the overlay at PATH, whatever the verdict; then exit as ``check`` does.

    Expiry is judged by the date of the last commit, unless ``--as-of`` names a day.
    """
    from kfm_checks.baseline import read_baseline
    from kfm_checks.site import build

    before = None if given["baseline"] is None else read_baseline(given["baseline"])
    built = build(path, out, options_of(given), notebooks=notebooks, baseline=before, progress=_progress())
    report = built.judged.report
    required_unknown(given["require"], report)
    for warning in built.warnings:
        click.echo(warning, err=True)
    click.echo(wording.headline(report))
    for line in built.against.lines() if built.against else ():
        click.echo(line)
    click.echo(f"The site is {built.index}")
    click.echo(wording.last_line(report))
    return status_of(report, built.against, given)


def _progress() -> Any:
    """Tell on stderr what goes on, one line that is written over, and only on a terminal."""
    if not sys.stderr.isatty():
        return lambda line: None

    # A copy: the build keeps what kernels write to stderr from the reader.
    terminal = os.fdopen(os.dup(sys.stderr.fileno()), "w")

    def tell(line: str) -> None:
        print(f"\r\x1b[K{line[:100]}", end="", file=terminal, flush=True)
        if line.startswith("build succeeded"):
            print("\r\x1b[K", end="", file=terminal, flush=True)

    return tell
