"""``kfm-checks render``."""

from __future__ import annotations

import json
from typing import Any

import click

from kfm_checks.cli.options import judging, options_of


@click.command()
@click.argument("path")
@click.option("--format", "format_", type=click.Choice(["yaml", "json", "table"]), default="yaml", show_default=True)
@judging
def render(path: str, format_: str, **given: Any) -> int:
    """The rendered objects, with the source file of each; Secret values and recognised credentials withheld."""
    from kfm_checks.inventory import listed, shown_objects

    if format_ == "table":
        for line in listed(path, options_of(given)):
            click.echo(line)
        return 0
    objects = shown_objects(path, options_of(given))
    if format_ == "json":
        click.echo(json.dumps([{"source": source, "object": obj} for source, obj in objects], indent=2, sort_keys=True))
        return 0
    import yaml

    for source, obj in objects:
        click.echo(f"---\n# Source: {source}")
        click.echo(yaml.safe_dump(obj, sort_keys=True, allow_unicode=True), nl=False)
    return 0
