"""``kfm-checks config``."""

from __future__ import annotations

import json

import click

from kfm_checks.redaction import redact


@click.command()
@click.option("--show", "path", metavar="PATH", default=".", help="The overlay whose settings are wanted.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of kfm-checks.yaml instead.")
def config(path: str, schema: bool) -> int:
    """The settings in force for an overlay, and the file and line that each comes from."""
    from kfm_checks.config import json_schema, load_settings
    from kfm_checks.target import locate

    if schema:
        click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
        return 0
    target = locate(path)
    for key, value, origin in load_settings(target.folder, target.root).rows():
        click.echo(f"{key} = {redact(json.dumps(value, ensure_ascii=False))}  # {origin}")
    return 0
