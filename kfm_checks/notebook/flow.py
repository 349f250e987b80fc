"""A graph in layers, drawn as SVG by hand: the same bytes on every machine, with the same story as text below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kfm_checks.notebook.style import SIGNS, WORDS, wrapped
from kfm_checks.notebook.text import html, plain, shortened

#: Pixels: a box, the space between boxes, and around the whole.
_WIDTH, _HEIGHT, _ACROSS, _DOWN, _EDGE, _TOP = 196, 46, 44, 14, 4, 30
#: Characters in one line of a box, and boxes in one layer.
_LINE, _MOST = 23, 40


@dataclass(frozen=True, order=True)
class Node:
    """A box: its name, and its tone (a status, or "")."""

    name: str
    tone: str = ""


@dataclass(frozen=True)
class Flow:
    """Layers of boxes from left to right; an edge is (layer of its start, name there, name in a layer to the right).

    The far end lies in the next layer that has the name.
    """

    title: str
    about: str
    layers: Sequence[str]
    nodes: Sequence[Sequence[Node]]
    edges: Sequence[tuple[int, str, str]]
    key: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "\n".join([plain(self.title), plain(self.about), *self._sentences()])

    def _repr_html_(self) -> str:
        too_many = max(map(len, self.nodes), default=0) > _MOST
        drawn = "<p>There are too many boxes to draw; the list has them all.</p>" if too_many else self._svg()
        listed = "".join(f"<li>{html(line)}</li>" for line in self._sentences())
        return wrapped(
            f"<figure><figcaption>{html(self.title)}</figcaption><p>{html(self.about)}</p>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="{html(self.title)}">{drawn}</div>'
            f"{self._legend()}<details{' open' if too_many else ''}><summary>The same as a list</summary>"
            f"<ul>{listed}</ul></details></figure>"
        )

    def _sentences(self) -> list[str]:
        tones = {node.name: node.tone for layer in self.nodes for node in layer}
        linked = {name for _, start, end in self.edges for name in (start, end)}
        lines = [f"{plain(start)} → {plain(end)}{_aside(tones.get(end, ''))}" for _, start, end in self.edges]
        alone = [node for layer in self.nodes for node in layer if node.name not in linked]
        return [*lines, *(f"{plain(node.name)}{_aside(node.tone)}: linked to nothing" for node in alone)]

    def _places(self) -> dict[tuple[int, str], tuple[int, int]]:
        """Where each box is: in a layer by the mean height of the boxes that lead to it, then by name."""
        tallest = max(map(len, self.nodes), default=0)
        places: dict[tuple[int, str], tuple[int, int]] = {}
        for number, layer in enumerate(self.nodes):
            ordered = sorted(layer, key=lambda node: (self._mean(number, node.name, places), node))
            start = _TOP + (tallest - len(layer)) * (_HEIGHT + _DOWN) // 2
            for position, node in enumerate(ordered):
                places[number, node.name] = (
                    _EDGE + number * (_WIDTH + _ACROSS),
                    start + position * (_HEIGHT + _DOWN),
                )
        return places

    def _mean(self, number: int, name: str, places: dict[tuple[int, str], tuple[int, int]]) -> float:
        above = [places[at, start][1] for at, start, end in self.edges if end == name and (at, start) in places]
        return sum(above) / len(above) if above and number else 0.0

    def _svg(self) -> str:
        places = self._places()
        width = 2 * _EDGE + len(self.layers) * (_WIDTH + _ACROSS) - _ACROSS
        height = _TOP + max(map(len, self.nodes), default=0) * (_HEIGHT + _DOWN)
        heads = "".join(
            f'<text x="{_EDGE + number * (_WIDTH + _ACROSS)}" y="18" font-size="13" font-weight="600">'
            f"{html(name)}</text>"
            for number, name in enumerate(self.layers)
        )
        lines = "".join(self._line(edge, places) for edge in self.edges)
        tones = {(number, node.name): node.tone for number, layer in enumerate(self.nodes) for node in layer}
        boxes = "".join(_box(name, tones[number, name], place) for (number, name), place in places.items())
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'style="width:100%;max-width:{width}px;min-width:{width * 7 // 8}px" '
            f'role="img" aria-label="{html(self.title)}: {html(self.about)}">{heads}{lines}{boxes}</svg>'
        )

    def _line(self, edge: tuple[int, str, str], places: dict[tuple[int, str], tuple[int, int]]) -> str:
        at, start, end = edge
        to = next((n for n in range(at + 1, len(self.layers)) if (n, end) in places), None)
        if to is None or (at, start) not in places:
            return ""
        (x1, y1), (x2, y2) = places[at, start], places[to, end]
        x1, y1, y2, bend = x1 + _WIDTH, y1 + _HEIGHT // 2, y2 + _HEIGHT // 2, _ACROSS // 2
        return (
            f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 7} {y2}" fill="none" '
            f'stroke="var(--edge,#6b7280)" stroke-width="1.6"/>'
            f'<path d="M{x2} {y2}l-8 -4v8z" fill="var(--edge,#6b7280)"/>'
        )

    def _legend(self) -> str:
        used = {node.tone for layer in self.nodes for node in layer}
        meanings = {**WORDS, **self.key}
        items = "".join(
            f'<li><span class="{tone}">{SIGNS[tone]}</span> {html(meanings[tone])}</li>'
            for tone in SIGNS
            if tone in used
        )
        return f'<ul class="key">{items}</ul>' if items else ""


def _aside(tone: str) -> str:
    return f" ({WORDS[tone]})" if tone in WORDS else ""


def _box(name: str, tone: str, place: tuple[int, int]) -> str:
    x, y = place
    fill = f"var(--{tone}b,#eef2f6)" if tone else "var(--head,#f1f3f5)"
    stroke = f"var(--{tone},#444)" if tone else "var(--edge,#6b7280)"
    lines = _lines(f"{SIGNS[tone]} {plain(name)}" if tone in SIGNS else plain(name))
    first = y + _HEIGHT // 2 + (5 if len(lines) == 1 else -3)
    texts = "".join(
        f'<text x="{x + 9}" y="{first + 16 * number}" font-size="12">{html(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<g><title>{html(name)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="1.4"/>{texts}</g>'
    )


def _lines(text: str) -> list[str]:
    """A name in at most two lines, broken after a slash, a space or a dot where there is one."""
    if len(text) <= _LINE:
        return [text]
    breaks = [i + 1 for i, c in enumerate(text[: _LINE + 1]) if c in "/ .@" and i + 1 >= len(text) - _LINE]
    cut = max((b for b in breaks if b <= _LINE), default=0) or max(
        (i + 1 for i, c in enumerate(text[:_LINE]) if c in "/ .@" and i > _LINE // 3), default=_LINE
    )
    return [text[:cut].rstrip(), shortened(text[cut:], _LINE)]
