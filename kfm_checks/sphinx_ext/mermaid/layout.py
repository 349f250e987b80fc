"""Place a flowchart's nodes in layers: longest path, then barycentres to keep edges short."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from kfm_checks.sphinx_ext.mermaid.parse import Chart, Edge

CHAR, LINE, PAD = 7.2, 18, 14
GAP_LAYER, GAP_NODE = 38, 24
#: Letters to a line; fewer where layers are columns, so that a chart fits the page.
WRAP, WRAP_ACROSS = 24, 15


@dataclass
class Box:
    """A placed node; ``x`` and ``y`` are its centre. A bend of a long edge has no size and no text."""

    lines: list[str]
    shape: str
    width: float
    height: float
    x: float = 0
    y: float = 0


@dataclass
class Placed:
    """Boxes by id, and each edge with the ids that its line passes."""

    boxes: dict[str, Box] = field(default_factory=dict)
    routes: list[tuple[Edge, list[str], bool]] = field(default_factory=list)
    width: float = 0
    height: float = 0


def place(chart: Chart) -> Placed:
    """Coordinates for every node and bend; the same chart gives the same picture."""
    across = chart.direction in ("LR", "RL")
    wrap = WRAP_ACROSS if across else WRAP
    placed = Placed({id: _box(text, shape, wrap) for id, (text, shape) in chart.nodes.items()})
    back = _back_edges(chart)
    layer = _layers(chart, back)
    for number, edge in enumerate(chart.edges):
        placed.routes.append((edge, _route(number, edge, number in back, layer, placed), number in back))
    rows = _order(layer, placed)
    _coordinates(rows, placed, across)
    if chart.direction in ("RL", "BT"):
        _mirror(placed, across)
    return placed


def _box(text: str, shape: str, wrap: int) -> Box:
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, wrap) or [""]][:8]
    width = max((len(line) for line in lines), default=1) * CHAR + 2 * PAD
    height = len(lines) * LINE + 1.4 * PAD
    if shape == "choice":
        width, height = width * 1.35, height * 1.5
    if shape == "circle":
        width = height = max(width, height)
    return Box(lines, shape, max(width, 44), height)


def _back_edges(chart: Chart) -> set[int]:
    """Indexes of edges that close a cycle, found in order of appearance."""
    leaving: dict[str, list[int]] = defaultdict(list)
    for number, edge in enumerate(chart.edges):
        leaving[edge.source].append(number)
    state: dict[str, int] = {}
    back: set[int] = set()
    for start in chart.nodes:
        stack = [(start, iter(leaving[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            node, edges = stack[-1]
            following = next(edges, None)
            if following is None:
                state[node] = 2
                stack.pop()
                continue
            target = chart.edges[following].target
            if state.get(target) == 1:
                back.add(following)
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(leaving[target])))
    return back


def _layers(chart: Chart, back: set[int]) -> dict[str, int]:
    layer = dict.fromkeys(chart.nodes, 0)
    forward = [edge for number, edge in enumerate(chart.edges) if number not in back]
    for _ in chart.nodes:
        moved = False
        for edge in forward:
            if layer[edge.target] <= layer[edge.source]:
                layer[edge.target] = layer[edge.source] + 1
                moved = True
        if not moved:
            break
    return layer


def _route(number: int, edge: Edge, is_back: bool, layer: dict[str, int], placed: Placed) -> list[str]:
    """Ids that an edge passes: a bend in each layer between its ends."""
    start, end = layer[edge.source], layer[edge.target]
    if is_back or end - start < 2:
        return [edge.source, edge.target]
    bends = []
    for level in range(start + 1, end):
        id = f"\0{number}:{level}"
        layer[id] = level
        placed.boxes[id] = Box([], "bend", 0, 8)
        bends.append(id)
    return [edge.source, *bends, edge.target]


def _order(layer: dict[str, int], placed: Placed) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for id, level in layer.items():
        rows[level].append(id)
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for _, route, is_back in placed.routes:
        for a, b in pairwise(route):
            if not is_back:
                before[b].append(a)
                after[a].append(b)
    for sweep in range(6):
        neighbours, order = (before, rows[1:]) if sweep % 2 == 0 else (after, rows[-2::-1])
        position = {id: index for row in rows for index, id in enumerate(row)}
        for row in order:
            row.sort(key=lambda id: _barycentre(id, neighbours[id], position))
            position.update({id: index for index, id in enumerate(row)})
    return rows


def _barycentre(id: str, neighbours: list[str], position: dict[str, int]) -> float:
    return sum(position[n] for n in neighbours) / len(neighbours) if neighbours else position[id]


def _coordinates(rows: list[list[str]], placed: Placed, across: bool) -> None:
    """Layers one after another; within a layer nodes are centred. ``across``: layers are columns."""
    gaps = [_label_room(level, rows, placed, across) for level in range(len(rows))]
    extents = [sum(_breadth(placed.boxes[id], across) for id in row) + GAP_NODE * (len(row) - 1) for row in rows]
    widest = max(extents, default=0)
    depth = 8.0
    for level, row in enumerate(rows):
        thickness = max((_depth(placed.boxes[id], across) for id in row), default=0)
        at = 8 + (widest - extents[level]) / 2
        for id in row:
            box = placed.boxes[id]
            breadth = _breadth(box, across)
            box.x, box.y = (
                (depth + thickness / 2, at + breadth / 2) if across else (at + breadth / 2, depth + thickness / 2)
            )
            at += breadth + GAP_NODE
        depth += thickness + gaps[level]
    long, wide = depth - (gaps[-1] if gaps else 0) + 8, widest + 16
    placed.width, placed.height = (long, wide) if across else (wide, long)


def _label_room(level: int, rows: list[list[str]], placed: Placed, across: bool) -> float:
    """The gap behind a layer: wide enough for the labels of edges that start in it."""
    here = set(rows[level])
    labels = [len(edge.label) for edge, route, _ in placed.routes if edge.label and route[0] in here]
    return max([GAP_LAYER, *(min(n, 24) * 6.4 + 30 for n in labels)]) if across else GAP_LAYER + (8 if labels else 0)


def _breadth(box: Box, across: bool) -> float:
    return box.height if across else box.width


def _depth(box: Box, across: bool) -> float:
    return box.width if across else box.height


def _mirror(placed: Placed, across: bool) -> None:
    for box in placed.boxes.values():
        if across:
            box.x = placed.width - box.x
        else:
            box.y = placed.height - box.y
