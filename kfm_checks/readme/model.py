"""What a README holds, as frozen dataclasses. Lines count from 1; text is plain, without markup and comments."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from kfm_checks.values import Value


class Heading(Value, frozen=True):
    """A heading and the anchor that GitHub gives it."""

    text: str
    level: int
    line: int
    anchor: str
    bindings: tuple[str, ...] = ()


class Item(Value, frozen=True):
    """An item of a list; ``checked`` is None where it is no checklist item."""

    text: str
    checked: bool | None
    line: int
    #: The last line of the item's own first paragraph: where a comment can be appended.
    last_line: int
    #: How many lists it is nested in, 0 for the outermost.
    depth: int
    bindings: tuple[str, ...]
    #: The nearest heading above, and that heading's anchor; "" where there is none.
    heading: str
    anchor: str


class Cell(Value, frozen=True):
    """A cell of a table's body."""

    text: str
    line: int
    #: 0 for the first column.
    column: int
    bindings: tuple[str, ...]
    #: Code spans and link targets of the cell: what it names as a path.
    paths: tuple[str, ...] = ()


class Table(Value, frozen=True):
    """A table with its header; every row has as many cells as the header."""

    line: int
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heading: str
    anchor: str


class Folder(Value, frozen=True):
    """An entry of the folder map: drawn as a tree in a code block, or listed in a table's first column."""

    #: As the README means it, forward slashes; a folder ends with one.
    path: str
    line: int
    #: The remark beside it: the comment of the tree's line, or the row's second cell.
    about: str
    drawn: Literal["tree", "table"]
    bindings: tuple[str, ...] = ()


class Link(Value, frozen=True):
    """A link, an image, or a path named in a code span (``named``)."""

    target: str
    text: str
    line: int
    kind: Literal["link", "image", "named"]


class Bound(Value, frozen=True):
    """A place of the README that is bound to requirement ids."""

    ids: tuple[str, ...]
    line: int
    text: str
    kind: Literal["item", "cell", "heading", "paragraph"]


class Problem(Value, frozen=True):
    """A binding comment that can't be read."""

    line: int
    message: str


class Readme(Value, frozen=True):
    """The parsed README; ``path`` is as the caller gives it, for messages."""

    path: str
    title: str
    headings: tuple[Heading, ...]
    items: tuple[Item, ...]
    tables: tuple[Table, ...]
    folders: tuple[Folder, ...]
    links: tuple[Link, ...]
    bound: tuple[Bound, ...]
    problems: tuple[Problem, ...]
    #: Every fragment that resolves within the document: headings, and ``id`` or ``name`` of raw HTML.
    anchors: frozenset[str]

    @cached_property
    def checklist(self) -> tuple[Item, ...]:
        """The checklist items, in order, nested ones included."""
        return tuple(item for item in self.items if item.checked is not None)

    @cached_property
    def unbound(self) -> tuple[Item, ...]:
        """Checklist items that no requirement stands behind: nothing is known of them."""
        return tuple(item for item in self.checklist if not item.bindings)

    @cached_property
    def ids(self) -> frozenset[str]:
        """Every requirement id that something of the README is bound to."""
        return frozenset(id for bound in self.bound for id in bound.ids)
