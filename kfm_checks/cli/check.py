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
    if options.rendered is not None and len(named) > 1:
        raise UsageError("--rendered is the render of one overlay", remedy="give one PATH at a time")
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
    from kfm_checks.target import locate, relative

    here = locate(".")
    settings = load_settings(here.folder, here.root)
    patterns = settings.config.overlays
    if not patterns and entrypoint(Path()):
        return ["."]
    # The patterns start from the file that gives them, wherever below it the command runs.
    file = settings.origins[("overlays",)][0] if patterns else ""
    start = Path(relative(here.root / file, here.folder)).parent if file else Path()
    found = sorted({p for each in patterns or USUAL for p in start.glob(each) if p.is_dir() and entrypoint(p)})
    if not found:
        raise UsageError("no overlay was named", remedy="give its path, or `overlays:` in kfm-checks.yaml")
    return [str(path) for path in found]
