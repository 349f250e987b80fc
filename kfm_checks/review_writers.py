"""The review for a terminal, for Markdown, and as a page that prints on A4."""

from __future__ import annotations

import textwrap
from html import escape

from kfm_checks.exports.markdown import LIMIT, cell
from kfm_checks.exports.shared import printable
from kfm_checks.review import Review, Section

WIDTH = 110
SHORT = 14


def text(review: Review) -> str:
    """For a terminal: no table is wider than the lines are long."""
    parts = [review.title, "=" * len(review.title)]
    for section in review.sections:
        parts += ["", section.title, ("-" if section.level == 2 else "·") * len(section.title)]
        parts += [line for each in section.lines for line in textwrap.wrap(each, WIDTH, subsequent_indent="  ")]
        parts += [line for row in section.rows for line in _item(section, row)]
    return printable("\n".join(parts)) + "\n"


def _item(section: Section, row: tuple[str, ...]) -> list[str]:
    told = [
        f"{name} {value}" if name in {"from", "until", "by"} else value
        for name, value in zip(section.head, row, strict=True)
        if value
    ]
    return textwrap.wrap("* " + " · ".join(told), WIDTH, subsequent_indent="  ")


def markdown(review: Review) -> str:
    """For a comment: hostile text made harmless, within GitHub's limit."""
    parts = [f"# {cell(review.title)}", ""]
    for section in review.sections:
        parts += [f"{'#' * section.level} {cell(section.title)}", ""]
        parts += [f"- {cell(line)}" for line in section.lines]
        if section.rows:
            parts += ["", _line(section.head), _line(tuple("---" for _ in section.head), plain=True)]
            parts += [_line(row) for row in section.rows]
        parts.append("")
    return _fitted(parts)


def _fitted(parts: list[str]) -> str:
    whole = "\n".join(parts)
    if len(whole) <= LIMIT:
        return whole
    note = "\n… the rest is left out here; `kfm-checks review` shows it all.\n"
    kept = whole[: LIMIT - len(note)]
    return kept[: kept.rindex("\n")] + note


def _line(cells: tuple[str, ...], *, plain: bool = False) -> str:
    return "| " + " | ".join(each if plain else cell(each) for each in cells) + " |"


def fragment(review: Review) -> str:
    """The review as a piece of a page: every value escaped, no script, no style of its own."""
    parts = [f'<section class="kfm-review"><p class="kfm-decision">{_e(review.decision)}</p>']
    for section in review.sections:
        parts.append(f"<h{section.level}>{_e(section.title)}</h{section.level}>")
        parts += [f"<p>{_e(line)}</p>" for line in section.lines]
        if section.rows:
            head = "".join(f'<th scope="col">{_e(name)}</th>' for name in section.head)
            body = "".join("<tr>" + "".join(_cell(each) for each in row) + "</tr>" for row in section.rows)
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    parts.append(_SIGNATURE + "</section>")
    return "\n".join(parts)


def _cell(value: str) -> str:
    """A table's cell; a short one (an id, a date) is kept on one line."""
    short = ' class="kfm-short"' if len(value) <= SHORT else ""
    return f"<td{short}>{_e(value)}</td>"


def page(review: Review) -> str:
    """A whole page, ``review.html``: one file, no outside request, A4 on paper."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_e(review.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_e(review.title)}</h1>\n{fragment(review)}\n</body>\n</html>\n"
    )


def _e(value: str) -> str:
    return escape(printable(value), quote=True)


_SIGNATURE = '<div class="kfm-signature"><p>Decided by</p><p>Role</p><p>Date</p><p>Conditions</p></div>'
#: Wide tables break within their cells; a row is never cut by the end of a sheet, and its head is repeated.
STYLE = """
@page { size: A4; margin: 16mm 14mm; }
body {
  font: 11pt/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff;
  max-width: 190mm; margin: 2em auto; padding: 0 1em;
}
h1 { font-size: 1.5em; }
h2 { font-size: 1.2em; margin: 1.6em 0 .4em; border-bottom: 1px solid #888; }
h3 { font-size: 1em; margin: 1em 0 .3em; }
h2, h3 { break-after: avoid; }
.kfm-decision {
  font-size: 1.4em; font-weight: 700; border: 2px solid #1b1b1b; padding: .4em .7em; display: inline-block;
}
table { border-collapse: collapse; width: 100%; font-size: .82em; }
th, td { border: 1px solid #999; padding: .25em .4em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; }
th, .kfm-short { white-space: nowrap; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.kfm-signature {
  display: grid; grid-template-columns: 1fr 1fr; gap: 1.2em 2em; margin-top: 2.5em; break-inside: avoid;
}
.kfm-signature p { border-top: 1px solid #1b1b1b; padding-top: .2em; margin: 1.6em 0 0; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt; } }
"""
