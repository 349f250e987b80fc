"""``kfm-checks check``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from kfm_checks.cli.gate import gate, gating, keep
from kfm_checks.cli.options import judging, looking, options_of, output, write
from kfm_checks.cli.store import refuse_without_cluster, store, storing
from kfm_checks.errors import UsageError
from kfm_checks.exports import FORMATS
from kfm_checks.run import exit_status, judge, required_unknown


@click.command()
@click.argument("paths", nargs=-1, metavar="PATH…")
@judging
@looking
@gating
@storing
@output
def check(paths: tuple[str, ...], format_: str, outputs: tuple[str, ...], no_color: bool, **given: Any) -> int:
    """Judge an overlay folder, or a file or folder of plain manifests.

    Without PATH the overlays that the configuration names are judged; where it names none, this folder, else
    infra/clusters/*.
    """
    if format_ not in FORMATS:
        raise UsageError(f"no format is called {format_!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    options = replace(options_of(given), writers=(f"kfm_checks.exports.{FORMATS[format_]}",), apart=True)
    refuse_without_cluster(options, given)
    named = paths or configured()
    reports = [judge(path, options).report for path in named]
    for report in reports:
        required_unknown(given["require"], report)
    if given["baseline"] is not None:
        status = gate(reports, given, lambda shown: write(shown, format_, outputs, no_color=no_color))
    else:
        write(reports, format_, outputs, no_color=no_color)
        keep(reports, given)
        status = max(exit_status(report, strict=options.strict, require=given["require"]) for report in reports)
    store(zip(named, reports, strict=True), options, given)
    return status


#: Where overlays are looked for when nobody names one.
USUAL = ("infra/clusters/*",)


def configured() -> list[str]:
    """The overlays that ``overlays:`` of the nearest configuration names; undeclared, this folder, else the usual ones.

    Raises UsageError where there is none.
    """
    from kfm_checks.config import load_settings
    from kfm_checks.render import entrypoint
    from kfm_checks.target import locate

    here = locate(".")
    patterns = load_settings(here.folder, here.root).config.overlays
    if not patterns and entrypoint(Path()):
        return ["."]
    patterns = patterns or USUAL
    found = sorted({p for pattern in patterns for p in Path().glob(pattern) if p.is_dir() and entrypoint(p)})
    if not found:
        raise UsageError("no overlay was named", remedy="give its path, or `overlays:` in kfm-checks.yaml")
    return [str(path) for path in found]
