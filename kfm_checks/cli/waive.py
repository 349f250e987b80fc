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
    """Print a well-formed waiver for the overlay at PATH; with --write append it to its records.

    A subject that names no failure of the check is said on stderr: such a waiver accepts nothing.
    """
    record = Record(kind="waiver", by="", requirement=requirement, check=check, subject=subject, reason=reason)
    filled = propose(path, given, record)
    warning = _idle(path, filled)
    if warning:
        click.echo(f"kfm-checks: {warning}", err=True)
    return 0


#: So many failing objects are named to somebody who mistyped one.
_NAMED = 3


def _idle(path: str, waiver: Record) -> str:
    """Why the waiver accepts nothing as the overlay is, in one line; "" where it names a failure."""
    from kfm_checks.errors import KfmChecksError, one_line
    from kfm_checks.exports.shared import printable
    from kfm_checks.records_state import idle_subject
    from kfm_checks.run import check_overlay

    try:
        result = check_overlay(path, only=[waiver.check], as_of=waiver.date).result(waiver.check)
    except KfmChecksError as error:
        return f"nobody could look whether {waiver.subject} fails: {one_line(str(error))}"
    if result.outcome in {"not-verified", "error", "blocked"} and not result.evidence:
        return f"nobody could look whether {waiver.subject} fails: {result.reason}"
    why = idle_subject(waiver, result)
    if not why:
        return ""
    failing = sorted({str(item.subject) for item in result.evidence if item.holds is False})
    more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    known = f"{', '.join(failing[:_NAMED])}{more}" if failing else "nothing"
    return printable(one_line(f"{waiver.subject} accepts nothing: {why}; {waiver.check} fails on {known}"))
