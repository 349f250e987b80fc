"""``kfm-checks bind``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfm_checks.errors import UsageError, one_line
from kfm_checks.redaction import redact

if TYPE_CHECKING:
    from kfm_checks.bind import Proposal

#: A README is prose; a larger file is something else.
LIMIT = 4 * 1024 * 1024
_SHOWN = 70


@click.command()
@click.argument("readme", type=click.Path(path_type=Path))
@click.option("--write", "writes", is_flag=True, help="Insert the clear ones; without this they are only printed.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def bind(readme: Path, writes: bool, format_: str) -> int:
    """Propose the requirement behind each checklist item of a README that has none bound.

    Each proposal has its score and its runners-up. One that is ambiguous is shown and never written.
    """
    from kfm_checks.bind import propose, write
    from kfm_checks.cli.options import write_file
    from kfm_checks.readme import parse_readme
    from kfm_checks.requirements import CATALOGUE

    text = _read(readme)
    proposals = propose(parse_readme(text), CATALOGUE)
    if format_ == "json":
        click.echo(json.dumps([_plain(each) for each in proposals], indent=2, ensure_ascii=False))
    else:
        click.echo(_table(proposals), nl=False)
    changed = write(text, proposals)
    if writes and changed != text:
        write_file(readme, changed)
    if format_ == "table":
        clear = sum(not each.ambiguous for each in proposals)
        did = "written" if writes else "nothing was written: give --write"
        click.echo(f"{clear} clear, {len(proposals) - clear} left for you to decide; {did}.")
    return 0


def _read(path: Path) -> str:
    """The text with its line ends as they are. Raises UsageError."""
    try:
        if path.stat().st_size > LIMIT:
            raise UsageError(f"it is larger than {LIMIT // 1024 // 1024} MiB", file=str(path), remedy="give a README")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("it is not UTF-8 text", file=str(path), remedy="save it as UTF-8") from error
    except OSError as error:
        cause = (error.strerror or "unknown error").lower()
        raise UsageError(f"can't be read: {cause}", file=str(path), remedy="give a README") from error


def _plain(each: Proposal) -> dict[str, object]:
    return {
        "line": each.line,
        "text": redact(each.text),
        "requirement": each.id,
        "score": each.score,
        "ambiguous": each.ambiguous,
        "runners-up": [{"requirement": other.id, "score": other.score} for other in each.runners_up],
    }


def _table(proposals: Iterable[Proposal]) -> str:
    lines = []
    for each in proposals:
        text = one_line(redact(each.text))
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        others = ", ".join(f"{other.id} {other.score:.2f}" for other in each.runners_up)
        mark = "?" if each.ambiguous else " "
        lines.append(f"{each.line:>5} {mark} {each.id or '-':<8} {each.score:.2f}  {shown}  ({others or 'no other'})\n")
    return "".join(lines)
