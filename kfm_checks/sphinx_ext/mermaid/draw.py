"""Write a placed flowchart as SVG; colours come from the page's style sheet, so that dark pages and paper work."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from kfm_checks.sphinx_ext.mermaid.layout import LINE, Box, Placed, place
from kfm_checks.sphinx_ext.mermaid.parse import Chart, Edge, Unreadable, parse

_BELOW = 26


def flowchart_svg(source: str) -> str | None:
    """The diagram as inline SVG, or None where the source is not a flowchart that is understood here."""
    try:
        chart = parse(source)
    except Unreadable:
        return None
    placed = place(chart)
    across = chart.direction in ("LR", "RL")
    returning = sum(is_back for *_, is_back in placed.routes)
    width = placed.width + (0 if across else _BELOW * returning)
    height = placed.height + (_BELOW * returning if across else 0)
    drawn = [_edges(chart, placed, across), *(_node(box) for box in placed.boxes.values() if box.shape != "bend")]
    return (
        f'<svg class="kfm-flow" role="img" aria-label="{escape(_spoken(chart), quote=True)}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>'
    )


def _spoken(chart: Chart) -> str:
    """The diagram in words, for those who can't see it."""
    name = {id: " ".join(text.split()) for id, (text, _) in chart.nodes.items()}
    steps = (
        f"{name[edge.source]} to {name[edge.target]}{f' ({edge.label})' if edge.label else ''}" for edge in chart.edges
    )
    return "Diagram: " + ("; ".join(steps) or ", ".join(name.values()))


def _node(box: Box) -> str:
    x, y, w, h = box.x - box.width / 2, box.y - box.height / 2, box.width, box.height
    if box.shape == "choice":
        points = f"{box.x:.1f},{y:.1f} {x + w:.1f},{box.y:.1f} {box.x:.1f},{y + h:.1f} {x:.1f},{box.y:.1f}"
        outline = f'<polygon points="{points}"/>'
    elif box.shape == "circle":
        outline = f'<circle cx="{box.x:.1f}" cy="{box.y:.1f}" r="{w / 2:.1f}"/>'
    else:
        radius = h / 2 if box.shape in ("round", "store") else 5
        outline = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{radius:.1f}"/>'
    first = box.y - (len(box.lines) - 1) * LINE / 2 + 4.5
    spans = "".join(
        f'<tspan x="{box.x:.1f}" y="{first + number * LINE:.1f}">{escape(line)}</tspan>'
        for number, line in enumerate(box.lines)
    )
    return f'<g class="kfm-flow-node">{outline}<text text-anchor="middle">{spans}</text></g>'


def _edges(chart: Chart, placed: Placed, across: bool) -> str:
    drawn, returning = [], 0
    forward = 1 if chart.direction in ("LR", "TB") else -1
    for edge, route, is_back in placed.routes:
        if is_back or edge.source == edge.target:
            returning += is_back
            drawn.append(_return(edge, placed, across, returning))
            continue
        points = [_port(placed.boxes[route[0]], across, forward)]
        points += [(placed.boxes[id].x, placed.boxes[id].y) for id in route[1:-1]]
        points.append(_port(placed.boxes[route[-1]], across, -forward))
        drawn.append(_line(edge, _curve(points, across), points[-1], (forward, 0) if across else (0, forward)))
        middle = len(points) // 2
        at = [(points[middle - 1][axis] + points[middle][axis]) / 2 for axis in (0, 1)]
        drawn.append(_text(edge.label, at[0], at[1] - (7 if across else 0)))
    return "".join(drawn)


def _port(box: Box, across: bool, side: int) -> tuple[float, float]:
    return (box.x + side * box.width / 2, box.y) if across else (box.x, box.y + side * box.height / 2)


def _curve(points: list[tuple[float, float]], across: bool) -> str:
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        mx, my = (x1 + x2) / 2, (y1 + y2) / 2
        control = (mx, y1, mx, y2) if across else (x1, my, x2, my)
        path += "C" + " ".join(f"{value:.1f}" for value in (*control, x2, y2))
    return path


def _return(edge: Edge, placed: Placed, across: bool, number: int) -> str:
    """An edge that leads back: around, below a chart that runs across or beside one that runs down."""
    a, b = placed.boxes[edge.source], placed.boxes[edge.target]
    far = (placed.height if across else placed.width) + _BELOW * (number - 0.5) - 6
    if across:
        (x1, y1), (x2, y2) = (a.x, a.y + a.height / 2), (b.x + 8, b.y + b.height / 2)
        path = f"M{x1:.1f} {y1:.1f}V{far - 8:.1f}Q{x1:.1f} {far:.1f} {_nearer(x1, x2):.1f} {far:.1f}"
        path += f"H{_nearer(x2, x1):.1f}Q{x2:.1f} {far:.1f} {x2:.1f} {far - 8:.1f}V{y2:.1f}"
        return _line(edge, path, (x2, y2), (0, -1)) + _text(edge.label, (x1 + x2) / 2, far - 5)
    (x1, y1), (x2, y2) = (a.x + a.width / 2, a.y), (b.x + b.width / 2, b.y + 8)
    path = f"M{x1:.1f} {y1:.1f}H{far - 8:.1f}Q{far:.1f} {y1:.1f} {far:.1f} {_nearer(y1, y2):.1f}"
    path += f"V{_nearer(y2, y1):.1f}Q{far:.1f} {y2:.1f} {far - 8:.1f} {y2:.1f}H{x2:.1f}"
    return _line(edge, path, (x2, y2), (-1, 0)) + _text(edge.label, far - 4, (y1 + y2) / 2)


def _nearer(at: float, other: float) -> float:
    return at + (8 if other > at else -8)


def _line(edge: Edge, path: str, tip: tuple[float, float], heading: tuple[int, int]) -> str:
    style = ' stroke-dasharray="4 4"' if edge.dotted else ""
    line = f'<path class="kfm-flow-edge" d="{path}"{style}/>'
    if not edge.arrow:
        return line
    (x, y), (dx, dy) = tip, heading
    left, right = (x - 8 * dx + 4.5 * dy, y - 8 * dy + 4.5 * dx), (x - 8 * dx - 4.5 * dy, y - 8 * dy - 4.5 * dx)
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in ((x, y), left, right))
    return line + f'<polygon class="kfm-flow-tip" points="{corners}"/>'


def _text(label: str, x: float, y: float) -> str:
    if not label:
        return ""
    shown = escape(" ".join(label.split()))
    return f'<text class="kfm-flow-label" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{shown}</text>'
