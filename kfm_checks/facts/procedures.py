"""Procedures written down under the overlay: sections of documents, and whether they say something that can be done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.values import Value

_DOCUMENTS = frozenset({".md", ".markdown", ".rst", ".adoc", ".txt"})
_HEADING = re.compile(r"^(?:#{1,6}\s+(?P<md>.+?)\s*#*|(?:=+\s+(?P<adoc>.+))|<summary>(?P<html>.*?)</summary>)\s*$")
_UNDERLINE = re.compile(r"^(?:={3,}|-{3,}|~{3,}|\^{3,})\s*$")
_STEP = re.compile(r"^\s*(?:\d+[.)]\s+|[-*+]\s+(?!\[[ xX]\])|\.\s+)(?P<text>\S.*)$")
_COMMAND = re.compile(
    r"^\s*(?:\$\s+)?(?:vault|kubectl|kubeseal|sops|aws|gcloud|az|psql|openssl|argocd|flux|cmctl|git|helm|make)\s+\S"
)
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBC|FIXME|XXX|lorem ipsum|to be (?:written|defined|done|decided|documented|confirmed|added)"
    r"|coming soon|not (?:yet )?(?:confirmed|documented|written|defined)|placeholder"
    r"|fill (?:this |me )?in|work in progress|n/a)\b",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<[^>]*>")


class Section(Value, frozen=True):
    """A section of a document: its heading, those above it, its own lines; ``line`` is that of the heading."""

    file: TreeFile
    heading: str
    above: tuple[str, ...]
    line: int
    lines: tuple[str, ...]

    @property
    def about(self) -> str:
        """Heading, headings above it and text, in lower case, for key words."""
        return "\n".join((self.heading, *self.above, *self.lines)).lower()

    @property
    def steps(self) -> tuple[str, ...]:
        """Steps that somebody could carry out: list items of three words or more and commands, no placeholders."""
        found = []
        for line in self.lines:
            step = _STEP.match(line)
            text = step["text"] if step else line.strip() if _COMMAND.match(line) else ""
            if text and not _PLACEHOLDER.search(text) and len(re.findall(r"\w+", text)) >= 3:
                found.append(text)
        return tuple(found)

    @property
    def is_placeholder(self) -> bool:
        """Whether the section says that it has still to be written."""
        return any(_PLACEHOLDER.search(line) for line in (self.heading, *self.lines))


def procedures(tree: Tree) -> tuple[Section, ...]:
    """Every section of every document under the overlay."""
    files = [file for file in tree.files if file.suffix in _DOCUMENTS and not file.unread]
    return tuple(section for file in files for section in sections(file))


def sections(file: TreeFile) -> Iterator[Section]:
    """The sections of one document; a section has the text up to the next heading of any level."""
    lines = file.text.splitlines()
    fences = () if file.suffix == ".rst" else ("```", "~~~")  # in reStructuredText a row of tildes underlines
    heads = list(_headings(lines, fences)) or [(0, 0, "")]
    above: list[tuple[int, str]] = []
    for index, (number, level, heading) in enumerate(heads):
        above = [(depth, title) for depth, title in above if depth < level]
        end = heads[index + 1][0] if index + 1 < len(heads) else len(lines)
        body = tuple(lines[number + 1 if heading else number : end])
        yield Section(file, heading, tuple(title for _, title in above), number + 1, body)
        above.append((level, heading))


def _headings(lines: list[str], fences: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
    fenced, before = False, ""
    for number, line in enumerate(lines):
        fence = line.lstrip().startswith(fences)
        fenced = fenced is not fence
        match = None if fenced or fence else _HEADING.match(line)
        if match:
            title = match["md"] or match["adoc"] or match["html"] or ""
            level = 7 if match["html"] is not None else len(line) - len(line.lstrip("#="))
            yield number, level, _TAGS.sub("", title).strip()
        elif not fenced and not fence and before and "|" not in before and _UNDERLINE.match(line):
            yield number - 1, 1 if line[0] == "=" else 2, before
        before = "" if match else line.strip()  # a rule below a heading is no second one
