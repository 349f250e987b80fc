"""``kfm-checks attest``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kfm_checks.cli.options import day
from kfm_checks.records import Record


def signing(command: Any) -> Any:
    """The options that every record has."""
    options = (
        click.option("--by", required=True, metavar="NAME", help="Who signs."),
        click.option("--role", default="", metavar="ROLE", help="In which role; may be left out where one is allowed."),
        click.option("--expires", required=True, metavar="DATE", callback=day, help="The last day on which it holds."),
        click.option("--evidence", multiple=True, metavar="TEXT", help="Where to look; may repeat."),
        click.option("--as-of", default="", metavar="DATE", callback=day, help="The day of signing (today in UTC)."),
        click.option(
            "--max-days", default=366, show_default=True, type=click.IntRange(1), help="The longest it may hold."
        ),
        click.option("--write", is_flag=True, help="Append it to the overlay's governance folder."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("path", default=".")
@click.option("--requirement", required=True, metavar="ID", help="The row that is vouched for.")
@click.option("--statement", required=True, metavar="TEXT", help="What the signer knows.")
@signing
def attest(path: str, requirement: str, statement: str, **given: Any) -> int:
    """Print a well-formed attestation for the overlay at PATH; with --write append it to its records."""
    propose(path, given, Record(kind="attestation", by="", requirement=requirement, statement=statement))
    return 0


def propose(path: str, given: dict[str, Any], record: Record) -> Record:
    """Fill a record in, print it, and write it where that was asked for. Raises UsageError where it is refused."""
    import msgspec

    from kfm_checks.assess import catalogue
    from kfm_checks.cli.options import write_file
    from kfm_checks.config import load_settings
    from kfm_checks.errors import UsageError
    from kfm_checks.records_write import Rules, appended, as_yaml, file_for, proposed
    from kfm_checks.run import today
    from kfm_checks.target import locate, relative

    target = locate(path)
    if not target.is_overlay:
        raise UsageError("is no overlay", file=path, remedy="give the folder with the kustomization file")
    config = load_settings(target.folder, target.root).config
    evidence = given["evidence"][0] if len(given["evidence"]) == 1 else given["evidence"] or ""
    signed = msgspec.structs.replace(
        record, by=given["by"], role=given["role"], expires=given["expires"], evidence=evidence
    )
    rows = {row.id: row for row in catalogue(config)}
    filled = proposed(signed, Rules(rows, config, given["as_of"] or today(), given["max_days"]))
    file: Path = file_for(target.folder, filled)
    shown = relative(file, target.root)
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    after = appended(before, filled, shown=shown)
    click.echo(f"# {shown}\n{as_yaml(filled)}", nl=False)
    if given["write"]:
        write_file(file, after)
        click.echo(f"kfm-checks: written to {shown}; it counts once it is committed and merged", err=True)
    return filled
