"""What a description says: what changes, why, how it was verified, how it is rolled back. Placeholders say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from kfm_checks.values import Value

Part = Literal["what", "why", "verification", "rollback"]
PARTS: tuple[Part, ...] = ("what", "why", "verification", "rollback")
#: A longer description is cut: nobody reads it, and Markdown can be made slow on purpose.
LIMIT = 200_000

#: How headings of each part are usually worded; the first part whose words are found in a heading has it.
#: Rollback and verification come first: "how to test the rollback" is about the rollback.
_HEADINGS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    (
        "rollback",
        re.compile(
            r"\b(?:roll(?:ing)?[ -]?backs?|revert(?:ing)?|back[ -]?out|undo(?:ing)?|reversal|reversibility"
            r"|recovery plan|taken? back)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "verification",
        re.compile(
            r"\b(?:verif(?:y|ied|ication)|test(?:s|ed|ing)?|validat(?:e|ed|ion)|qa|proof|evidence"
            r"|how (?:was|has) (?:it|this))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "why",
        re.compile(
            r"\b(?:why|motivation|reasons?|rationale|context|background|purpose|problem|justification|goals?|intent)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "what",
        re.compile(
            r"\b(?:what|summary|description|changes?|change ?log|overview|scope|proposed|solution|details)\b",
            re.IGNORECASE,
        ),
    ),
)
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_ATX = re.compile(r"^\s{0,3}(?P<marks>#{1,6})\s+(?P<text>.*?)\s*#*\s*$")
_SETEXT = re.compile(r"^\s{0,3}(?:=+|-{2,})\s*$")
#: ``**Why**``, ``**Why:** because``, ``Why: because``, ``- Why: because``, ``1. **Why** - because``.
_LABEL = re.compile(
    r"^\s{0,3}(?:[-*+]\s+|\d+[.)]\s+)?"
    r"(?:(?P<mark>\*\*|__)(?P<bold>[^*_]{2,60}?):?(?P=mark):?|(?P<plain>[A-Za-z][\w '?()/-]{1,60}?):)"
    r"(?:\s*[-–—:]?\s*(?P<rest>.*))?$"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNCHECKED = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[\s?\]\s+.*$")
_CHECKED = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[xX]\]\s+")
#: What stands where an answer belongs: by itself it is none.
_EMPTY = re.compile(
    r"^(?:to ?dos?|tbd|tba|tbc|fix ?me|xxx+|n\W?a|not applicable|none|nothing|nil|null|no|yes|ok|same|ditto|\?+|-+|\.+"
    r"|…+|as (?:above|title|in the title)|see (?:above|below|title|commits?|diff|code)"
    r"|self[- ]?explanatory|pending|later"
    r"|to be (?:done|defined|added|written|filled(?: in)?|determined)|fill (?:me|this) in|coming soon|placeholder"
    r"|lorem ipsum.*|describe.{0,200}|please (?:describe|explain|fill|add|provide|include).{0,200}"
    r"|(?:add|insert|write|enter|explain|your) .{0,60} here"
    r"|no response|_no response_)$",
    re.IGNORECASE,
)
#: A whole answer between brackets, or in italics with a hint's verb, is a template's hint.
_HINT = re.compile(
    r"^(?:<[^<>]{2,300}>|\[[^\[\]]{2,300}\](?!\()|\{\{?[^{}]{2,300}\}?\}"
    r"|[_*](?:what|why|how|describe|explain|please|list|tell|state|give|e\.g\.|for example)\b[^_*]{0,300}[_*])$",
    re.IGNORECASE,
)
_FEWEST_LETTERS = 5


class Said(Value, frozen=True):
    """What a description says of one part. ``text`` "": nothing, and ``missing`` says in which way."""

    part: Part
    heading: str
    text: str
    missing: str = ""


def intent(description: str, template: str = "") -> Mapping[Part, Said]:
    """The four parts of a description; what a template already said under the same heading counts as untouched."""
    untouched = {_plain(line) for text in _sections(template) for line in text[1].splitlines() if _plain(line)}
    found: dict[Part, Said] = {}
    for heading, text in _sections(description[:LIMIT]):
        part = _part(heading)
        if part is None:
            continue
        said = _judged(part, heading, text, untouched)
        if part not in found or (not found[part].text and said.text):
            found[part] = said
    return {part: found.get(part) or Said(part, "", "", "no heading asks for it") for part in PARTS}


def _part(heading: str) -> Part | None:
    return next((part for part, words in _HEADINGS if words.search(heading)), None)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """(heading, text below it), headings in any of the usual forms; deeper headings of no part stay in the text."""
    heading, depth, lines = "", 0, list[str]()
    for level, value, rest in _lines(_COMMENT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))):
        if not level or (_part(value) is None and level > depth > 0):
            lines.append(value)
            continue
        yield heading, "\n".join(lines)
        heading, depth, lines = value, level, [rest] if rest else []
    yield heading, "\n".join(lines)


#: The depth of a label (``**Why:** …``): below every heading.
_LABEL_DEPTH = 7


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Each line as (depth of the heading, heading, rest of the line); depth 0 for text."""
    fence = ""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        marker = _FENCE.match(line)
        if fence or marker:
            if marker and (not fence or marker[1].startswith(fence)):
                fence = "" if fence else marker[1]
            yield 0, line, ""
        elif found := _ATX.match(line):
            yield len(found["marks"]), found["text"], ""
        elif number + 1 < len(lines) and line.strip() and (under := _SETEXT.match(lines[number + 1])):
            yield (1 if "=" in under[0] else 2), line.strip(), ""
        elif _SETEXT.match(line):
            yield 0, "", ""
        elif (label := _LABEL.match(line)) and _is_label(label):
            yield _LABEL_DEPTH, (label["bold"] or label["plain"]).strip(), (label["rest"] or "").strip()
        else:
            yield 0, line, ""


def _is_label(label: re.Match[str]) -> bool:
    """Whether a bold word or a word before a colon asks for a part, rather than being part of a sentence."""
    words = (label["bold"] or label["plain"] or "").split()
    return len(words) <= 8 and _part(" ".join(words)) is not None


def _plain(line: str) -> str:
    return re.sub(r"[\s*_`>#-]+", " ", line).strip().lower()


def _judged(part: Part, heading: str, text: str, untouched: set[str]) -> Said:
    kept = []
    boxes = 0
    for line in text.splitlines():
        if _UNCHECKED.match(line):
            boxes += 1
            continue
        if _plain(line) in untouched and not _CHECKED.match(line):
            continue
        words = _CHECKED.sub("", line)
        words = re.sub(r"^\s*(?:[-*+>]|\d+[.)])\s+", "", words).strip()
        if words and not _placeholder(words):
            kept.append(words)
    said = " ".join(kept)
    if sum(c.isalnum() for c in said) >= _FEWEST_LETTERS:
        return Said(part, heading, said)
    why = "its boxes are not ticked" if boxes else "it is a placeholder" if text.strip() else "nothing stands below it"
    return Said(part, heading, "", why)


def _placeholder(words: str) -> bool:
    bare = words.strip().strip("*_`\"'.!: ").strip()
    return not any(c.isalnum() for c in bare) or bool(_EMPTY.match(bare)) or bool(_HINT.match(words.strip()))
