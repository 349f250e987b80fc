"""A comparison for the terminal."""

from __future__ import annotations

from io import StringIO

from kfm_checks.change.governance import sentence
from kfm_checks.change.shown import Shown, pointer, text_pair
from kfm_checks.change.sides import Comparison
from kfm_checks.change.words import MARKS, headline, ranked, risk_line
from kfm_checks.change.write_json import governance_of
from kfm_checks.errors import one_line
from kfm_checks.facts.change_model import ObjectChange
from kfm_checks.redaction import redact

_COLOURS = {"added": "green", "removed": "red", "changed": "yellow"}


def write(comparison: Comparison, *, color: bool = False, width: int = 110) -> str:
    """Headline, what changes of the rules, then object by object, the gravest first."""
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, width=width, force_terminal=color, no_color=not color, highlight=False, soft_wrap=True)

    def line(words: str, style: str = "") -> None:
        console.print(Text(one_line_kept(words), style=style))

    line(headline(comparison.diff), "bold")
    for item in governance_of(comparison):
        line(f"  rule  {sentence(item)}  [{item.source}]", "magenta")
    if risk_line(comparison.diff):
        line(risk_line(comparison.diff))
    for reason in comparison.diff.unseen:
        line(f"  not compared: {reason}", "dim")
    shown = Shown(comparison.diff)
    for change in ranked(comparison.diff):
        _object(change, shown, line)
    return out.getvalue()


def _object(change: ObjectChange, shown: Shown, line: object) -> None:
    assert callable(line)
    was = f" (was {change.renamed_from})" if change.renamed_from else ""
    source = change.source()
    made = f"  [{source}]" if source is not None else ""
    line(f"{MARKS[change.change]} {redact(str(change.key) + was)}{made}", _COLOURS[change.change])
    for risk in change.risks:
        line(f"    ! {risk.name}: {redact(risk.message)}", "bold red" if risk.name in {"data-loss", "exposure"} else "")
    for item in change.fields:
        before, after = text_pair(*shown.field(change, item))
        place = change.source(item)
        made = f"  [{place}]" if place is not None else ""
        line(f"    {pointer(item)}: {before} → {after}{made}")


def one_line_kept(text_: str) -> str:
    """One printable line, its indentation kept: hostile text can't draw on the terminal."""
    indent = len(text_) - len(text_.lstrip(" "))
    return " " * indent + one_line(text_)
