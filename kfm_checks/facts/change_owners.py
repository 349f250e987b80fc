"""Who owns a path, by CODEOWNERS as GitHub reads it: the last line that matches decides.

GitHub documentation, *About code owners*: one file counts, looked for in ``.github/``, the root, then ``docs/``; a line
that GitHub can't read is skipped; ``!`` and ``[ ]`` don't work; a line without owners takes a path out. Patterns are
matched by the library ``codeowners``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from kfm_checks.values import Value

if TYPE_CHECKING:
    from codeowners import CodeOwners

#: Where GitHub, then GitLab, looks for the file.
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
#: A larger file is not read by GitHub, so it names nobody.
LIMIT = 3_000_000
_OWNER = re.compile(r"^(?:@[\w.-]+(?:/[\w.-]+)*|[^@\s]+@[^@\s]+\.[^@\s]+)$")


class OwnerRules(Value, frozen=True):
    """A CODEOWNERS file: its path, its text, and which revision it is of."""

    path: str
    text: str
    of: str

    @cached_property
    def _rules(self) -> CodeOwners:
        from codeowners import CodeOwners

        return CodeOwners(readable(self.text))

    def owners(self, path: str) -> tuple[str, ...]:
        """The owners of a path as written (``@user``, ``@organisation/team``, an address); () for nobody."""
        return tuple(owner for _, owner in self._rules.of(path))

    @property
    def teams(self) -> frozenset[str]:
        """The teams that own anything."""
        words = readable(self.text).split()
        return frozenset(word for word in words if word.startswith("@") and "/" in word)

    def line(self, path: str) -> int | None:
        """The line that decides on a path."""
        return self._rules.matching_line(path)[1]


def readable(text: str) -> str:
    """The text with the lines that GitHub skips made empty, so that numbers of lines stay."""
    if len(text) > LIMIT:
        return ""
    return "\n".join(_line(line) for line in text.splitlines())


def _line(line: str) -> str:
    words = re.sub(r"(?:^|\s)#.*$", "", line).strip()
    if not words or words.startswith(("!", "[", "^[")):
        return ""
    pattern, *owners = re.split(r"(?<!\\)\s+", words)
    if "[" in pattern or "]" in pattern or not all(_OWNER.match(owner) for owner in owners):
        return ""
    return words


def find_rules(read: Callable[[str], str | None], of: str) -> OwnerRules | None:
    """The first CODEOWNERS file that a revision has, None where it has none."""
    for path in PLACES:
        text = read(path)
        if text is not None:
            return OwnerRules(path, text, of)
    return None
