"""A comparison as HTML: a fragment for the site, or a page by itself without any outside request."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from kfm_checks.change.governance import sentence
from kfm_checks.change.shown import Shown, pointer, text_pair
from kfm_checks.change.sides import Comparison
from kfm_checks.change.words import MARKS, RISK_WORDS, counted, headline, ranked, risk_line
from kfm_checks.change.write_json import governance_of
from kfm_checks.facts.change_model import ObjectChange, Pair, RiskName
from kfm_checks.facts.network.ports import text as ports
from kfm_checks.model import ObjectKey
from kfm_checks.redaction import redact

_STYLE = (
    "body{font-family:system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #8886;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}summary{cursor:pointer;padding:.3rem 0}"
    ".risk{font-weight:600;font-size:.82em;border:1px solid;border-radius:.25rem;padding:0 .35em;white-space:nowrap}"
    ".risk-data-loss,.risk-exposure,.risk-permission{color:#b3261e}.risk-network-reach,.risk-disruption{color:#8a5a00}"
    "@media print{details{break-inside:avoid}}"
)
_PAIRS = 500


def write(comparison: Comparison) -> str:
    """A whole page."""
    title = escape(headline(comparison.diff))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{fragment(comparison)}</body></html>\n"
    )


def fragment(comparison: Comparison, link: Callable[[ObjectKey], str] = lambda key: "") -> str:
    """The comparison as one ``section`` element; every text from a manifest is escaped.

    ``link`` gives the address of the page that shows an object of the head, "" where none does.
    """
    diff, shown = comparison.diff, Shown(comparison.diff)
    parts = ['<section class="kfm-diff">', f"<h1>{escape(headline(diff))}</h1>"]
    parts += _rules(comparison)
    parts += [f"<p>{escape(risk_line(diff))}</p>"] if risk_line(diff) else []
    parts += [f"<p>Not compared: {_e(reason)}</p>" for reason in diff.unseen]
    parts += [_object(change, shown, link) for change in ranked(diff)]
    parts += _pairs("Can connect now", diff.opened) + _pairs("Can no longer connect", diff.closed)
    return "\n".join([*parts, "</section>"]) + "\n"


def _e(value: Any) -> str:
    return escape(redact(str(value)))


def _rules(comparison: Comparison) -> list[str]:
    governance = governance_of(comparison)
    if not governance:
        return []
    items = "".join(f"<li>{_e(sentence(item))} <code>{_e(item.source)}</code></li>" for item in governance)
    return [f"<h2>The rules that it is judged by change</h2><p>The base's hold until it is merged.</p><ul>{items}</ul>"]


def _object(change: ObjectChange, shown: Shown, link: Callable[[ObjectKey], str]) -> str:
    was = f" (was {change.renamed_from})" if change.renamed_from else ""
    risks = "".join(f"<li>{_risk(risk.name)} {_e(risk.message)}</li>" for risk in change.risks)
    marks = " ".join(_risk(name) for name in dict.fromkeys(risk.name for risk in change.risks))
    opened = " open" if change.of("data-loss", "exposure", "permission") else ""
    return (
        f'<details{opened}><summary><span class="kfm-{change.change}">{MARKS[change.change]} {change.change}</span> '
        f"<code>{_e(str(change.key) + was)}</code> {marks}</summary>"
        + (f"<ul>{risks}</ul>" if risks else "")
        + (_fields(change, shown) if change.fields else _made(change, link))
        + "</details>"
    )


def _risk(name: RiskName) -> str:
    """A risk in the reader's words, its name in the contract's on hovering."""
    return f'<span class="risk risk-{name}" title="{name}">{escape(RISK_WORDS[name])}</span>'


def _made(change: ObjectChange, link: Callable[[ObjectKey], str]) -> str:
    """Where a whole object stands that came or went: its file, and its page where there is one."""
    source, where = change.source(), link(change.key) if change.head is not None else ""
    shown = f' · <a href="{escape(where, quote=True)}">as rendered</a>' if where else ""
    return f"<p>{'in' if change.head is not None else 'was in'} <code>{_e(source or 'no known file')}</code>{shown}</p>"


def _fields(change: ObjectChange, shown: Shown) -> str:
    rows = []
    for item in change.fields:
        before, after = text_pair(*shown.field(change, item), 2_000)
        cells = (pointer(item), before, after, change.source(item) or "")
        rows.append("<tr>" + "".join(f"<td><code>{escape(str(cell))}</code></td>" for cell in cells) + "</tr>")
    head = "<tr><th>field</th><th>before</th><th>after</th><th>made by</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def _pairs(title: str, pairs: tuple[Pair, ...]) -> list[str]:
    if not pairs:
        return []
    rows = "".join(
        f"<tr><td>{_e(pair.source)}</td><td>{_e(pair.destination)}</td>"
        f"<td>{escape(ports(pair.before) if pair.before else 'no')}</td>"
        f"<td>{escape(ports(pair.after) if pair.after else 'no')}</td></tr>"
        for pair in pairs[:_PAIRS]
    )
    more = f"<p>… and {len(pairs) - _PAIRS} more pairs.</p>" if len(pairs) > _PAIRS else ""
    head = "<tr><th>from</th><th>to</th><th>before</th><th>after</th></tr>"
    return [
        f"<details><summary>{title}: {counted(len(pairs), 'pair')}</summary><table><thead>{head}</thead>"
        f"<tbody>{rows}</tbody></table>{more}</details>"
    ]
