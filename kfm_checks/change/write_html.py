"""A comparison as HTML: a fragment for the site, or a page by itself without any outside request."""

from __future__ import annotations

from html import escape
from typing import Any

from kfm_checks.change.governance import sentence
from kfm_checks.change.shown import Shown, pointer, text_pair
from kfm_checks.change.sides import Comparison
from kfm_checks.change.words import RISK_WORDS, headline, ranked, risk_line
from kfm_checks.change.write_json import governance_of
from kfm_checks.facts.change_model import ObjectChange, Pair
from kfm_checks.facts.network.ports import text as ports
from kfm_checks.redaction import redact

_STYLE = (
    "body{font-family:system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{border:1px solid #8886;padding:.3rem .5rem;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}.risk{font-weight:600}summary{cursor:pointer;padding:.3rem 0}"
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


def fragment(comparison: Comparison) -> str:
    """The comparison as one ``section`` element; every text from a manifest is escaped."""
    diff, shown = comparison.diff, Shown(comparison.diff)
    parts = ['<section class="kfm-diff">', f"<h1>{escape(headline(diff))}</h1>"]
    parts += _rules(comparison)
    parts += [f"<p>{escape(risk_line(diff))}</p>"] if risk_line(diff) else []
    parts += [f"<p>Not compared: {_e(reason)}</p>" for reason in diff.unseen]
    parts += [_object(change, shown) for change in ranked(diff)]
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


def _object(change: ObjectChange, shown: Shown) -> str:
    names = ", ".join(dict.fromkeys(risk.name for risk in change.risks))
    was = f" (was {change.renamed_from})" if change.renamed_from else ""
    mark = f'<span class="risk">{_e(names)}</span>' if names else ""
    risks = "".join(
        f'<li><span class="risk" title="{escape(RISK_WORDS[risk.name])}">{risk.name}</span>: {_e(risk.message)}</li>'
        for risk in change.risks
    )
    opened = " open" if change.of("data-loss", "exposure", "permission") else ""
    return (
        f"<details{opened}><summary>{change.change} <code>{_e(str(change.key) + was)}</code> {mark}</summary>"
        + (f"<ul>{risks}</ul>" if risks else "")
        + (_fields(change, shown) if change.fields else f"<p><code>{_e(change.source() or '')}</code></p>")
        + "</details>"
    )


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
        f"<details><summary>{title}: {len(pairs)} pairs</summary><table><thead>{head}</thead>"
        f"<tbody>{rows}</tbody></table>{more}</details>"
    ]
