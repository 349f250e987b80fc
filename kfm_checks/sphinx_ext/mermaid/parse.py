"""Read the part of Mermaid's flowchart syntax that READMEs use."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

#: More than this is no diagram for a page; it is shown as text.
MAX_NODES = 80
MAX_EDGES = 200

_HEAD = re.compile(r"(?:flowchart|graph)\s+(TB|TD|BT|LR|RL)\s*$", re.IGNORECASE)
_IGNORED = re.compile(r"(%%|classDef\b|class\b|style\b|linkStyle\b|click\b|direction\b|end\b|accTitle|accDescr)")
_SUBGRAPH = re.compile(r"subgraph\b")
_ID = re.compile(r"[A-Za-z0-9_À-ɏ][\w.-]*?(?=$|[\s\[({>&|;:=<~-])|[A-Za-z0-9_]\w*")
#: Opening and closing marks of a node's text, longest first, and the shape that they give.
_SHAPES = (
    ("(((", ")))", "circle"),
    ("((", "))", "circle"),
    ("([", "])", "round"),
    ("[(", ")]", "store"),
    ("[[", "]]", "box"),
    ("{{", "}}", "box"),
    ("[/", "/]", "box"),
    ("[\\", "\\]", "box"),
    ("[", "]", "box"),
    ("(", ")", "round"),
    ("{", "}", "choice"),
    (">", "]", "box"),
)
_ARROW = re.compile(
    r"\s*(?P<left><|x(?=-)|o(?=-))?"
    r"(?:(?P<open>--|==|-\.)\s+(?P<text>[^-=|>][^|>]*?)\s*(?P<close>-{2,}|={2,}|\.+-)(?P<head1>[>xo])?"
    r"|(?P<line>-{2,}|={2,}|-\.+-|~~~)(?P<head2>>|[xo](?=\s|$))?)"
    r"(?:\s*\|(?P<label>[^|]*)\|)?\s*"
)


@dataclass
class Edge:
    """A connection; ``dotted`` and ``arrow`` say how it is drawn."""

    source: str
    target: str
    label: str = ""
    dotted: bool = False
    arrow: bool = True


@dataclass
class Chart:
    """Nodes (text and shape by id, in order of appearance) and edges."""

    direction: str = "TB"
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


class Unreadable(ValueError):  # noqa: N818 - it only says: show it as text
    """The text is no flowchart that is understood here."""


def parse(source: str) -> Chart:
    """Read a flowchart. Raises Unreadable: nothing is guessed."""
    lines = [part.strip() for line in source.splitlines() for part in _statements(line)]
    lines = [line for line in lines if line and not line.startswith("%%")]
    head = _HEAD.match(lines[0]) if lines else None
    if head is None:
        raise Unreadable("no flowchart")
    chart = Chart(head[1].upper().replace("TD", "TB"))
    for line in lines[1:]:
        if not _IGNORED.match(line) and not _SUBGRAPH.match(line):
            _statement(line, chart)
    if not chart.nodes or len(chart.nodes) > MAX_NODES or len(chart.edges) > MAX_EDGES:
        raise Unreadable("too large, or empty")
    return chart


def _statements(line: str) -> list[str]:
    """Statements of a line, cut at semicolons outside quotes."""
    return re.findall(r'(?:"[^"]*"|[^;"])+', line)


def _statement(line: str, chart: Chart) -> None:
    sources, rest = _group(line, chart)
    while rest.strip():
        found = _ARROW.match(rest)
        if found is None or not found.end():
            raise Unreadable(rest)
        targets, rest = _group(rest[found.end() :], chart)
        label = _clean(found["label"] or found["text"] or "")
        kind = found["open"] or found["line"]
        arrow = bool(found["head1"] or found["head2"])
        if kind != "~~~":
            chart.edges += [Edge(a, b, label, "." in kind, arrow) for a in sources for b in targets]
        sources = targets


def _group(text: str, chart: Chart) -> tuple[list[str], str]:
    """One node, or several joined by ``&``, and what follows."""
    found: list[str] = []
    while True:
        id, text = _node(text.lstrip(), chart)
        found.append(id)
        if not text.lstrip().startswith("&"):
            return found, text
        text = text.lstrip()[1:]


def _node(text: str, chart: Chart) -> tuple[str, str]:
    found = _ID.match(text)
    if found is None:
        raise Unreadable(text)
    id, rest = found[0], text[found.end() :]
    for opening, closing, shape in _SHAPES:
        if rest.startswith(opening):
            label, rest = _label(rest[len(opening) :], closing)
            chart.nodes[id] = (_clean(label), shape)
            break
    chart.nodes.setdefault(id, (id, "box"))
    return id, re.sub(r"^:::[\w-]+", "", rest)


def _label(text: str, closing: str) -> tuple[str, str]:
    if text.startswith('"'):
        end = text.find('"', 1)
        after = text[end + 1 :].lstrip()
        if end > 0 and after.startswith(closing):
            return text[1:end], after[len(closing) :]
        raise Unreadable(text)
    end = text.find(closing)
    if end < 0:
        raise Unreadable(text)
    return text[:end], text[end + len(closing) :]


def _clean(text: str) -> str:
    """Plain text: Mermaid's entities resolved, line breaks kept, markup gone."""
    plain = re.sub(r"<br\s*/?>|\\n", "\n", text.strip().strip('"'), flags=re.IGNORECASE)
    plain = re.sub(r"<[^>]*>|`", "", plain)
    return html.unescape(re.sub(r"#(\w+);", r"&\1;", plain))
