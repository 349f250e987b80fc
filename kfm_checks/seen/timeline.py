"""A timeline drawn by hand: a lane for each manager, a mark for each change; the same bytes on every machine.

Colours come from variables of the page around it, with what a plain page has as the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from kfm_checks.seen.drift import Moment
from kfm_checks.seen.times import seconds, shown

#: Pixels: a lane, its name, the width of time, and the space around.
_LANE, _NAME, _WIDTH, _EDGE, _TOP = 34, 190, 640, 8, 26
_RADIUS = 6
#: Characters of a lane's name that fit.
_FITS = 26
#: Colour of a mark by the kind of change, and its shape's half width: shape tells it without colour, too.
_FILL = {
    "missing": "var(--not-verified,#8a5a00)",
    "changed": "var(--not-met,#b3261e)",
    "extra": "var(--waived,#7a4f9a)",
}


def drawn(moments: Sequence[Moment], until: str, clean: Callable[[str], str] = str) -> str:
    """An SVG, "" where no moment has a time. ``clean`` makes hostile text plain; everything is escaped here."""
    dated = [(at, moment) for moment in moments if (at := seconds(moment.since)) is not None]
    if not dated:
        return ""
    lanes = list(dict.fromkeys(moment.by for _, moment in dated))
    first = min(at for at, _ in dated)
    last = max(seconds(until) or 0, *(at for at, _ in dated), first + 60)
    height = _TOP + _LANE * len(lanes) + 26
    width = _NAME + _WIDTH + 2 * _EDGE

    def x(at: int) -> int:
        return _EDGE + _NAME + (at - first) * (_WIDTH - 2 * _RADIUS) // (last - first) + _RADIUS

    rows = "".join(_lane(name, number, clean) for number, name in enumerate(lanes))
    marks = "".join(_mark(x(at), lanes.index(moment.by), moment, clean) for at, moment in dated)
    days = _axis(first, last, x, height)
    title = f"{len(dated)} changes by {len(lanes)} managers, from {shown(first)} to {shown(last)} UTC"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'style="width:100%;max-width:{width}px;min-width:{width * 3 // 4}px" aria-label="{escape(title, quote=True)}">'
        f"{rows}{days}{marks}</svg>"
    )


def _lane(name: str, number: int, clean: Callable[[str], str]) -> str:
    y = _TOP + number * _LANE + _LANE // 2
    whole = clean(name) or "nobody said who"
    short = whole if len(whole) <= _FITS else whole[: _FITS - 1] + "…"
    return (
        f'<text x="{_EDGE}" y="{y + 4}" font-size="12" fill="currentColor">{escape(short)}'
        f"<title>{escape(whole)}</title></text>"
        f'<path d="M{_EDGE + _NAME} {y}h{_WIDTH}" stroke="var(--edge,#6b7280)" stroke-width="1" opacity=".45"/>'
    )


def _mark(x: int, lane: int, moment: Moment, clean: Callable[[str], str]) -> str:
    y = _TOP + lane * _LANE + _LANE // 2
    fill = _FILL.get(moment.change, "currentColor")
    r = _RADIUS
    shape = {
        "missing": f'<path d="M{x - r} {y - r}l{2 * r} {2 * r}M{x - r} {y + r}l{2 * r} -{2 * r}" stroke="{fill}" '
        'stroke-width="3" fill="none"/>',
        "extra": f'<path d="M{x} {y - r}l{r} {r}l-{r} {r}l-{r} -{r}z" fill="{fill}"/>',
    }.get(moment.change, f'<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"/>')
    return f"<g><title>{escape(clean(moment.text))}</title>{shape}</g>"


def _axis(first: int, last: int, x: Callable[[int], int], height: int) -> str:
    ends = ((first, "start"), (last, "end"))
    return "".join(
        f'<text x="{x(at) + (_RADIUS if anchor == "end" else -_RADIUS)}" y="{height - 6}" font-size="11" '
        f'fill="currentColor" text-anchor="{anchor}">{shown(at)}</text>'
        f'<path d="M{x(at)} {_TOP - 6}V{height - 20}" stroke="var(--edge,#6b7280)" stroke-dasharray="2 3"/>'
        for at, anchor in ends
    )
