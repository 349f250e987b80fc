"""``kfm-checks requirements``."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def requirements(format_: str) -> int:
    """The catalogue: every requirement with its level, how it is verified, and its checks."""
    from kfm_checks.requirements import CATALOGUE

    if format_ == "json":
        rows = [{name: getattr(row, name) for name in row.__slots__} for row in CATALOGUE]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("id", "level", "by", "title", "checks"):
        table.add_column(title, no_wrap=title in {"id", "level", "checks"})
    for row in CATALOGUE:
        table.add_row(row.id, row.level, ", ".join(row.by), row.title, "\n".join(row.checks or row.rolls_up))
    # A name is there to be given to --only: a narrow terminal breaks lines, and cuts none off.
    console = Console(highlight=False)
    console.width = max(console.width, 110)
    console.print(table, crop=False)
    return 0
