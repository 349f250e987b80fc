"""Propose which requirement stands behind each checklist item of a README, and write the bindings down.

Nothing is guessed in silence: each proposal has a score between 0 and 1 and its runners-up; one that is weak or too
close to the next is ambiguous, and ``write`` leaves it out.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rapidfuzz import fuzz

from kfm_checks.model import Requirement
from kfm_checks.readme import Cell, Item, Readme, parse_readme
from kfm_checks.requirements.words import HEADINGS, WORDS

#: Below this score a proposal is weak; nearer to its runner-up than the margin it is ambiguous.
THRESHOLD = 0.45
MARGIN = 0.05
#: Below this score nothing is proposed at all.
FLOOR = 0.2
#: What the neighbours under the same heading add to a score at most.
COMPANY = 0.12

#: Two words that are written as one as often.
_JOINED = re.compile(r"\b(break|plain|clear|multi|service|node)[- ](?=glass|text|tenan|account|port)")
_KEYS = re.compile(r"\b(?:api|private)[- ]keys?\b|\bkeys?\b")
#: Endings, what stays of them, and how long a word must be: a rough stemmer is enough for checklists.
_ENDINGS = (
    ("ies", "y", 5),
    ("ations", "at", 8),
    ("ation", "at", 7),
    ("ating", "at", 7),
    ("ing", "", 6),
    ("ed", "", 5),
    ("es", "", 6),
    ("s", "", 4),
    ("e", "", 5),
)
_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    """a all an and any are aren as at be been by can do does don each every everywhere everything for from has have how
    if in into is isn it its may must no not of on or our shall should so that the their then there these this to up via
    was we were what when where which who will with you your production prod kfm cluster""".split()  # noqa: SIM905 - one word a line would fill a page
)


@dataclass(frozen=True, slots=True)
class Runner:
    """Another requirement that might be meant."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What stands behind one item; ``id`` is "" where nothing comes near."""

    #: First and last line of the item or cell, from 1.
    line: int
    last_line: int
    text: str
    id: str
    score: float
    runners_up: tuple[Runner, ...] = ()
    #: The column of a table's cell, None for a checklist item.
    column: int | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether a person has to decide: the score is low, or the next requirement is as near."""
        next_best = self.runners_up[0].score if self.runners_up else 0.0
        return not self.id or self.score < THRESHOLD or self.score - next_best < MARGIN


def propose(readme: Readme, catalogue: Sequence[Requirement]) -> list[Proposal]:
    """A proposal for each unbound checklist item, and for each unbound row of a field-and-value table, by line."""
    matcher = _Matcher(catalogue)
    drafts = {item: matcher.rank(item.text, _trail(readme, item)) for item in readme.unbound}
    company = _company(drafts)
    found = [_proposal(item, _beside(ranked, company[item.heading])) for item, ranked in drafts.items()]
    for line, text, column, heading in _metadata_cells(readme):
        ranked = [each for each in matcher.rank(text, heading, fields=True) if each.id.startswith("META-")]
        proposal = _ranked(line, line, text, ranked, column)
        if not proposal.ambiguous:
            found.append(proposal)
    return sorted(found, key=lambda each: each.line)


def write(text: str, proposals: Iterable[Proposal]) -> str:
    """The README with a comment behind each item that has a clear proposal; what is bound already stays as it is."""
    keep = parse_readme(text)
    unbound = {item.line for item in keep.unbound} | {line for line, *_ in _metadata_cells(keep)}
    lines = text.split("\n")
    for proposal in proposals:
        if proposal.ambiguous or proposal.line not in unbound or proposal.last_line > len(lines):
            continue
        index = proposal.last_line - 1
        comment = f"<!-- req: {proposal.id} -->"
        if proposal.column is None:
            lines[index] = _append(lines[index], comment)
        else:
            lines[index] = _into_cell(lines[index], proposal.column, comment)
    return "\n".join(lines)


def _append(line: str, comment: str) -> str:
    bare = line.rstrip("\r")
    return f"{bare.rstrip()} {comment}{line[len(bare) :]}"


def _into_cell(line: str, column: int, comment: str) -> str:
    """Insert before the bar that ends the cell; an escaped bar is part of it."""
    bars = [found.start() for found in re.finditer(r"(?<!\\)\|", line)]
    if not line.lstrip().startswith("|"):
        bars = [-1, *bars]
    if column + 1 >= len(bars):
        return _append(line, comment)
    end = bars[column + 1]
    return f"{line[:end].rstrip()} {comment} {line[end:]}"


def _company(drafts: Mapping[Item, list[Runner]]) -> dict[str, Counter[str]]:
    """How often each section of the catalogue comes first under each heading."""
    company: dict[str, Counter[str]] = defaultdict(Counter)
    for item, ranked in drafts.items():
        company[item.heading].update(_section(each.id) for each in ranked[:1])
    return company


def _beside(ranked: list[Runner], company: Counter[str]) -> list[Runner]:
    """Items under one heading tend to be of one section: what its neighbours are speaks for an item, a little."""
    total = company.total() or 1
    raised = (Runner(each.id, _rounded(each.score + COMPANY * company[_section(each.id)] / total)) for each in ranked)
    return sorted(raised, key=lambda each: (-each.score, each.id))


def _section(id: str) -> str:
    return id.partition("-")[0]


def _rounded(score: float) -> float:
    return round(min(1.0, score), 3)


def _proposal(item: Item, ranked: list[Runner]) -> Proposal:
    return _ranked(item.line, item.last_line, item.text, ranked, None)


def _ranked(line: int, last: int, text: str, ranked: list[Runner], column: int | None) -> Proposal:
    if not ranked or ranked[0].score < FLOOR:
        return Proposal(line, last, text, "", ranked[0].score if ranked else 0.0, tuple(ranked[:3]), column)
    return Proposal(line, last, text, ranked[0].id, ranked[0].score, tuple(ranked[1:4]), column)


def _trail(readme: Readme, item: Item) -> str:
    """The headings above an item, from the title down."""
    trail: dict[int, str] = {}
    for heading in readme.headings:
        if heading.line < item.line:
            trail = {level: text for level, text in trail.items() if level < heading.level}
            trail[heading.level] = heading.text
    return " ".join(text for level, text in sorted(trail.items()) if level > 1)


def _metadata_cells(readme: Readme) -> Iterator[tuple[int, str, int, str]]:
    """Line, field, column of the value, and heading, for each unbound row of a two-column table."""
    for table in readme.tables:
        if len(table.header) != 2 or any(_names_folder(row[0]) for row in table.rows if row):
            continue
        for row in table.rows:
            if len(row) == 2 and row[0].text and not any(cell.bindings for cell in row):
                yield row[0].line, row[0].text, 1, table.heading


def _names_folder(cell: Cell) -> bool:
    """A table of folders says what belongs where: its rows are no fields, written as code or not."""
    return bool(cell.paths) or cell.text.rstrip().endswith("/")


def words_of(text: str) -> list[str]:
    """The words that carry meaning, in a common form: ``Secrets rotated`` -> ``secret rotate``."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("’", "'")).lower()
    joined = _JOINED.sub(r"\1", split)
    named = _KEYS.sub("secret", joined).replace("merge request", "pull request")
    stems = (_stem(word) for word in _WORD.findall(named) if word not in _STOP and len(word) > 1)
    return [_SAME.get(stem, stem) for stem in stems if stem]


def _stem(word: str) -> str:
    for ending, stem, length in _ENDINGS:
        if word.endswith(ending) and len(word) >= length and not word.endswith("ss"):
            return word[: -len(ending)] + stem
    return word


#: Words that mean the same in a checklist; each group has one name.
_SAME = {
    _stem(word): _stem(group.split()[0])
    for group in (
        "secret credential password token apikey",
        "pr mr merge pull",
        "approve signoff reviewer review",
        "database datastore db store postgre postgresql postgi mysql mariadb redi mongodb elasticsearch neo4j",
        "plaintext cleartext unencrypted raw",
        "rollback revert backout undo",
        "namespace tenant tenancy project",
        "dashboard alert monitor observability metric grafana prometheu",
        "endpoint address",
        "scan gitleak trufflehog detect",
        "build render",
        "leak compromise",
        "procedure playbook runbook",
        "requirement constraint policy polici",
        "document written explain describe",
        "breakglas emergency glas",
        "rotate rotation renew",
        "digest sha256",
        "ci pipeline",
        "generalise obfuscate coarse fuzz",
        "public internet outside external expose reachable reach",
        "steward owner",
        "tls https certificate",
        "checksum sum hash",
    )
    for word in group.split()
}


@dataclass
class _Matcher:
    """Compares text with each requirement: weighted words, the nearest phrase, and the heading above."""

    catalogue: Sequence[Requirement]
    _weights: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        counts = Counter(word for row in self._vocabulary.values() for word in set(row))
        total = len(self.catalogue) or 1
        self._weights = {word: math.log(1 + total / count) for word, count in counts.items()}

    @cached_property
    def _phrases(self) -> dict[str, list[list[str]]]:
        return {
            row.id: [words_of(phrase) for phrase in (row.title, *WORDS.get(row.id, "").split("|")) if phrase]
            for row in self.catalogue
        }

    @cached_property
    def _vocabulary(self) -> dict[str, list[str]]:
        return {
            row.id: [word for phrase in self._phrases[row.id] for word in phrase] + words_of(row.statement)
            for row in self.catalogue
        }

    @cached_property
    def _headings(self) -> dict[str, set[str]]:
        return {section: set(words_of(text)) for section, text in HEADINGS.items()}

    def rank(self, text: str, heading: str, *, fields: bool = False) -> list[Runner]:
        """Every requirement with its score, best first; a checklist item is hardly ever a field of the metadata."""
        words = words_of(text)
        above = set(words_of(heading))
        scored = (
            Runner(row.id, self._score(row, words, above) * (0.6 if row.section == "META" and not fields else 1))
            for row in self.catalogue
        )
        return sorted(scored, key=lambda each: (-each.score, each.id))

    def _score(self, row: Requirement, words: list[str], above: set[str]) -> float:
        if not words:
            return 0.0
        covered = self._overlap(words, self._vocabulary[row.id])
        nearest = max((self._likeness(words, phrase) for phrase in self._phrases[row.id]), default=0.0)
        context = len(above & self._headings.get(row.section, set())) / (len(above) or 1)
        return _rounded(0.35 * covered + 0.5 * nearest + 0.15 * min(1.0, 2 * context))

    def _likeness(self, words: list[str], phrase: list[str]) -> float:
        """How alike two phrases are: shared weight over all weight, and the letters of the sorted words."""
        both, either = set(words) & set(phrase), set(words) | set(phrase)
        shared = self._weight(both) / (self._weight(either) or 1)
        letters: float = fuzz.token_set_ratio(" ".join(words), " ".join(phrase)) / 100
        return 0.6 * shared + 0.4 * letters

    def _overlap(self, words: list[str], vocabulary: list[str]) -> float:
        return self._weight(set(words) & set(vocabulary)) / (self._weight(set(words)) or 1)

    def _weight(self, words: set[str]) -> float:
        return sum(self._weights.get(word, 2.0) for word in words)
