"""``kfm-checks diff``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfm_checks.cli.options import judging, options_of, write_file
from kfm_checks.errors import UsageError

if TYPE_CHECKING:
    from kfm_checks.change.sides import Comparison

#: Format -> the module of ``kfm_checks.change`` that writes it.
WRITERS: Mapping[str, str] = {
    "table": "write_table",
    "json": "write_json",
    "markdown": "write_markdown",
    "html": "write_html",
}


@click.command()
@click.argument("paths", nargs=-1, metavar="BASE HEAD | PATH", required=True)
@click.option("--git", "range_", metavar="BASE..HEAD", help="Compare two git revisions of PATH instead.")
@click.option("--format", "format_", type=click.Choice(list(WRITERS)), default="table", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of stdout.")
@click.option("--no-color", is_flag=True, help="No colours.")
@judging
def diff(
    paths: tuple[str, ...], range_: str | None, format_: str, output: Path | None, no_color: bool, **given: Any
) -> int:
    """What changes between two overlays, or between two git revisions of one: object by object, field by field.

    Both sides are rendered, with what their GitOps objects reconcile from the repository. Secret values are never
    shown. BASE...HEAD (three dots) starts where the two parted.
    """
    options = options_of(given)
    if options.rendered is not None:
        raise UsageError(
            "--rendered gives one render, and a diff has two sides", remedy="give the two files themselves"
        )

    def put(comparison: Comparison) -> None:
        text = _writer(format_, color=output is None and sys.stdout.isatty() and not no_color)(comparison)
        if output is not None:
            write_file(output, text)
        else:
            click.echo(text, nl=False)

    if range_ is None:
        if len(paths) != 2:
            raise UsageError("a diff needs two sides", remedy="give BASE and HEAD, or --git BASE..HEAD PATH")
        from kfm_checks.change.sides import compare_folders

        put(compare_folders(paths[0], paths[1], options))
        return 0
    if len(paths) != 1:
        raise UsageError("--git compares two revisions of one path", remedy="give one PATH")
    from kfm_checks.change.revisions import compared

    with compared(range_, paths[0], options) as comparison:
        put(comparison)
    return 0


def _writer(name: str, *, color: bool) -> Callable[[Any], str]:
    write: Callable[..., str] = import_module(f"kfm_checks.change.{WRITERS[name]}").write
    if name == "table":
        return lambda comparison: write(comparison, color=color and not os.environ.get("NO_COLOR"))
    return write
