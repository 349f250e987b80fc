"""``kfm-checks waive``."""

from __future__ import annotations

from typing import Any

import click

from kfm_checks.cli.attest import propose, signing
from kfm_checks.records import Record


@click.command()
@click.argument("path", default=".")
@click.option("--requirement", required=True, metavar="ID", help="The row whose failure is accepted.")
@click.option("--check", default="", metavar="NAME", help="The check that fails; may be left out where there is one.")
@click.option("--subject", required=True, metavar="NS/KIND/NAME", help="The object, or one glob that names the kind.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@signing
def waive(path: str, requirement: str, check: str, subject: str, reason: str, **given: Any) -> int:
    """Print a well-formed waiver for the overlay at PATH; with --write append it to its records."""
    record = Record(kind="waiver", by="", requirement=requirement, check=check, subject=subject, reason=reason)
    return propose(path, given, record)
