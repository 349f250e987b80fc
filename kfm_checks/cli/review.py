"""``kfm-checks review``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kfm_checks.cli.options import judging, looking, options_of, write_file
from kfm_checks.errors import UsageError
from kfm_checks.run import exit_status, judge, required_unknown

FORMATS = {"table": "text", "markdown": "markdown", "html": "page"}


@click.command()
@click.argument("path", default=".")
@click.option("--format", "format_", default="table", metavar="|".join(FORMATS), help="The format; html prints on A4.")
@click.option("--output", "-o", "out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead.")
@click.option("--record", is_flag=True, help="Write governance/reviews/DATE.yaml; needs --by and --role.")
@click.option("--by", default="", metavar="NAME", help="Who decides.")
@click.option("--role", default="", metavar="ROLE", help="In which role.")
@click.option("--condition", "conditions", multiple=True, metavar="TEXT", help="On what condition; may repeat.")
@click.option("--prove", metavar="DATE", help="Judge a recorded review's commit again, and say whether it was so.")
@judging
@looking
def review(path: str, format_: str, out: Path | None, prove: str | None, **given: Any) -> int:
    """The decision page of the overlay at PATH; exits like ``check``.

    With --prove: 0 where the recorded review holds, else 1.
    """
    if format_ not in FORMATS:
        raise UsageError(f"a review has no format called {format_!r}", remedy=f"choose one of {', '.join(FORMATS)}")
    if prove is not None:
        return _prove(path, prove, given)
    from kfm_checks import review_writers
    from kfm_checks.review import review as gather

    if given["record"]:
        _signed(given)
    options = options_of(given)
    judged = judge(path, options)
    required_unknown(given["require"], judged.report)
    found = gather(judged, conditions=given["conditions"])
    text = getattr(review_writers, FORMATS[format_])(found)
    kept = _record(judged, given) if given["record"] else None
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)
    if kept is not None:
        write_file(*kept)
        click.echo(f"kfm-checks: recorded in {kept[0].name}; it counts once it is committed and merged", err=True)
    return exit_status(judged.report, strict=options.strict, require=given["require"])


def _signed(given: dict[str, Any]) -> None:
    from kfm_checks.wording import ROLES

    if not given["by"].strip():
        raise UsageError("a record needs somebody who decides", remedy="give --by NAME")
    if given["role"] not in ROLES:
        raise UsageError(f"no role is called {given['role']!r}", remedy=f"give --role, one of {', '.join(ROLES)}")
    if given["change"] is not None:
        raise UsageError("a review of a change is not recorded", remedy="record one of what has landed")


def _record(judged: Any, given: dict[str, Any]) -> tuple[Path, str]:
    from kfm_checks.review_record import as_yaml, path_for, recorded

    record = recorded(judged, given["by"].strip(), given["role"], given["conditions"])
    return path_for(judged.target, record), as_yaml(record)


def _prove(path: str, day: str, given: dict[str, Any]) -> int:
    from kfm_checks.review_record import prove, read_review, reviews
    from kfm_checks.target import locate

    target = locate(path)
    known = reviews(target)
    if day not in known:
        remedy = f"recorded are {', '.join(known)}" if known else "none is recorded"
        raise UsageError(f"there is no review of {day!r}", file=target.path, remedy=remedy)
    record = read_review(known[day])
    differs = prove(target, record, options_of(given))
    for line in differs:
        click.echo(line)
    click.echo(f"The review of {day} {'is not what a new run finds' if differs else 'holds'}: commit {record.commit}.")
    return int(bool(differs))
