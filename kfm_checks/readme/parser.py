"""Read GitHub-flavoured Markdown with markdown-it into a ``Readme``.

Only what the parser takes for HTML counts as a binding: a comment inside a code span or a code block is text.
"""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from kfm_checks.errors import KfmChecksError
from kfm_checks.readme.folders import table_folders, tree_folders
from kfm_checks.readme.inline import Inline, bindings, html_references, read_inline
from kfm_checks.readme.model import Bound, Cell, Folder, Heading, Item, Link, Problem, Readme, Table
from kfm_checks.readme.slugs import Slugger

#: A README with more characters is refused: Markdown can be made slow on purpose.
LIMIT = 1_000_000


def parse_readme(text: str, path: str = "README.md") -> Readme:
    """Parse a README. Raises KfmChecksError for one of more than LIMIT characters; no other text makes it fail."""
    if len(text) > LIMIT:
        raise KfmChecksError(
            f"has more than {LIMIT} characters", file=path, remedy="move what is not a README out of it"
        )
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    front_matter_plugin(markdown)
    return _Reader(path).read(markdown.parse(text))


class _Reader:
    """Walks the token stream once, with the open lists and the last heading in mind."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.slugger = Slugger()
        self.headings: list[Heading] = []
        self.open_items: list[_OpenItem] = []
        self.items: list[_OpenItem] = []
        self.tables: list[Table] = []
        self.folders: list[Folder] = []
        self.links: list[Link] = []
        self.bound: list[Bound] = []
        self.problems: list[Problem] = []
        self.anchors: set[str] = set()

    def read(self, tokens: list[Token]) -> Readme:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "table_open":
                index = self._table(tokens, index)
            elif token.type == "list_item_open":
                self._open_item(token)
            elif token.type == "list_item_close":
                self.open_items.pop()
            elif token.type == "inline":
                self._inline(token, tokens[index - 1])
            elif token.type == "html_block":
                self._html(token)
            elif token.type in ("fence", "code_block"):
                start = _line(token) + (token.type == "fence")
                self.folders.extend(tree_folders(token.content, start))
            index += 1
        return self._result()

    def _result(self) -> Readme:
        items = tuple(item.close() for item in self.items)
        bound = [*self.bound, *(Bound(i.bindings, i.line, i.text, "item") for i in items if i.bindings)]
        for table in self.tables:
            self.folders.extend(table_folders(table))
            bound += [Bound(c.bindings, c.line, c.text, "cell") for row in table.rows for c in row if c.bindings]
        return Readme(
            path=self.path,
            title=next((h.text for h in self.headings if h.level == 1), ""),
            headings=tuple(self.headings),
            items=items,
            tables=tuple(self.tables),
            folders=tuple(sorted(self.folders, key=lambda folder: folder.line)),
            links=tuple(self.links),
            bound=tuple(sorted(bound, key=lambda each: each.line)),
            problems=tuple(sorted(self.problems, key=lambda problem: problem.line)),
            anchors=frozenset(self.anchors | {heading.anchor for heading in self.headings}),
        )

    @property
    def section(self) -> tuple[str, str]:
        """Text and anchor of the last heading."""
        return (self.headings[-1].text, self.headings[-1].anchor) if self.headings else ("", "")

    def _open_item(self, token: Token) -> None:
        item = _OpenItem(_line(token), len(self.open_items), *self.section)
        self.open_items.append(item)
        self.items.append(item)

    def _inline(self, token: Token, opener: Token) -> None:
        found = self._note(token)
        ids = tuple(found.ids)
        if opener.type == "heading_open":
            level = int(opener.tag[1:])
            self.headings.append(Heading(found.text, level, _line(token), self.slugger(found.text), ids))
            if ids:
                self.bound.append(Bound(ids, _line(token), found.text, "heading"))
        elif self.open_items:
            self.open_items[-1].add(token, found)
        elif ids:
            self.bound.append(Bound(ids, _line(token), found.text, "paragraph"))

    def _note(self, token: Token, line: int | None = None) -> Inline:
        found = read_inline(token, line or _line(token))
        self.links.extend(found.links)
        self.anchors.update(found.anchors)
        self.problems.extend(_problem(at, word) for at, word in found.strange)
        return found

    def _html(self, token: Token) -> None:
        ids, strange = bindings(token.content)
        self.problems.extend(_problem(_line(token), word) for word in strange)
        for link, anchor in html_references(token.content, _line(token)):
            if link is not None:
                self.links.append(link)
            else:
                self.anchors.add(anchor)
        if ids and self.open_items:
            self.open_items[-1].ids.extend(ids)
        elif ids:
            self.bound.append(Bound(tuple(ids), _line(token), "", "paragraph"))

    def _table(self, tokens: list[Token], index: int) -> int:
        """Read a table; the index of its closing token."""
        line = _line(tokens[index])
        header: list[str] = []
        rows: list[list[Cell]] = []
        row_line, in_head = line, True
        while tokens[index].type != "table_close":
            token = tokens[index]
            if token.type == "tbody_open":
                in_head = False
            elif token.type == "tr_open":
                row_line = _line(token)
                if not in_head:
                    rows.append([])
            elif token.type == "inline" and in_head:
                header.append(self._note(token, row_line).text)
            elif token.type == "inline":
                rows[-1].append(self._cell(token, row_line, len(rows[-1])))
            index += 1
        self.tables.append(Table(line, tuple(header), tuple(map(tuple, rows)), *self.section))
        return index

    def _cell(self, token: Token, line: int, column: int) -> Cell:
        found = self._note(token, line)
        targets = [link.target for link in found.links if link.kind == "link"]
        return Cell(found.text, line, column, tuple(found.ids), tuple(dict.fromkeys([*found.codes, *targets])))


class _OpenItem:
    """A list item while its tokens are still coming."""

    def __init__(self, line: int, depth: int, heading: str, anchor: str) -> None:
        self.line = self.last_line = line
        self.depth, self.heading, self.anchor = depth, heading, anchor
        self.text: str | None = None
        self.checked: bool | None = None
        self.ids: list[str] = []

    def add(self, token: Token, found: Inline) -> None:
        """Take in a paragraph: the first one is the item's text, any of them may carry a binding."""
        self.ids.extend(found.ids)
        if self.text is not None:
            return
        self.text = found.text
        self.last_line = token.map[1] if token.map else self.line
        marker = token.content[:3].lower()
        if marker in ("[ ]", "[x]") and token.content[3:4].isspace():
            self.checked = marker == "[x]"
            self.text = found.text[3:].strip()

    def close(self) -> Item:
        """The finished item."""
        ids = tuple(dict.fromkeys(self.ids))
        return Item(
            self.text or "", self.checked, self.line, self.last_line, self.depth, ids, self.heading, self.anchor
        )


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _problem(line: int, word: str) -> Problem:
    if not word:
        return Problem(line, "a binding comment without an id")
    return Problem(line, f"{word!r} in a binding comment is no requirement id")
