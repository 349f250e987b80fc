"""Who committed a record, and when: git's own account of it, beside what the record claims."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kfm_checks.errors import NotVerified
from kfm_checks.records import Record
from kfm_checks.values import Value

if TYPE_CHECKING:
    from kfm_checks.change.base import GitBase
    from kfm_checks.facts.repository import Repository

#: Lines at the end of a commit message by which somebody signs or approves.
_TRAILER = re.compile(r"^(?:signed-off-by|reviewed-by|approved-by|acked-by|co-authored-by):\s*(.+)$", re.I | re.M)
_UNCOMMITTED = "0" * 40


class Commit(Value, frozen=True):
    """The last commit that touched a record. ``id`` is "" where the record isn't committed."""

    id: str = ""
    author: str = ""
    #: The author's day, in UTC.
    day: str = ""
    #: Names and addresses of author, committer and those who signed the message, in lower case.
    people: frozenset[str] = frozenset()

    def vouches_for(self, name: str) -> bool:
        """Whether somebody of this name (or address) wrote, committed or approved it."""
        return name.strip().casefold() in self.people


def record_commits(
    records: tuple[Record, ...], repository: Repository | None, base: GitBase | None
) -> Mapping[int, Commit]:
    """The commits of the records in force: where a change is judged, those of its base."""
    return commits(records, repository, base.commits.tip if base is not None and base.governs else "")


def commits(records: Sequence[Record], repository: Repository | None, revision: str = "") -> Mapping[int, Commit]:
    """Index of a record -> the last commit that touched its lines; nothing where git knows nothing of its file.

    The records are those of the working tree, or of ``revision``.
    """
    if repository is None:
        return {}
    by_file: dict[str, list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        if record.file and record.line:
            by_file[record.file].append(index)
    found: dict[int, Commit] = {}
    for file, indexes in sorted(by_file.items()):
        try:
            found.update(_of_file(file, indexes, records, repository, revision))
        except NotVerified:
            continue  # untracked, or no history here: the record stays without a commit, and is shown so
    return found


def _of_file(
    file: str, indexes: list[int], records: Sequence[Record], repository: Repository, revision: str
) -> dict[int, Commit]:
    lines = _blame(repository.git("blame", "--line-porcelain", *([revision] if revision else []), "--", file))
    starts = sorted((records[index].line or 1, index) for index in indexes)
    ends = [start for start, _ in starts[1:]] + [len(lines) + 1]
    latest: dict[int, str] = {}
    for (start, index), end in zip(starts, ends, strict=True):
        touched = lines[start - 1 : end - 1]
        if touched:
            latest[index] = max(touched, key=lambda each: (each[0] == _UNCOMMITTED, each[1]))[0]
    known = _details(repository, sorted(set(latest.values()) - {_UNCOMMITTED}))
    return {index: known.get(id, Commit()) for index, id in latest.items()}


def _blame(porcelain: str) -> list[tuple[str, int]]:
    """Commit and commit time of each line."""
    found: list[tuple[str, int]] = []
    id, time = "", 0
    for line in porcelain.split("\n"):
        if line.startswith("\t"):
            found.append((id, time))
        elif re.match(r"[0-9a-f]{40} ", line):
            id = line[:40]
        elif line.startswith("committer-time "):
            time = int(line.split()[1])
    return found


def _details(repository: Repository, ids: Sequence[str]) -> dict[str, Commit]:
    if not ids:
        return {}
    # A commit can hold any character but NUL: nothing in it can pass for the next field.
    text = repository.git("show", "--no-patch", "--format=%H%x00%an%x00%ae%x00%cn%x00%ce%x00%at%x00%B%x00", *ids)
    fields = text.split("\0")[:-1]
    found = {}
    for start in range(0, len(fields) - 6, 7):
        id, author, address, committer, committer_address, time, body = fields[start : start + 7]
        id = id.strip()
        named = {author, address, committer, committer_address}
        for trailer in _TRAILER.findall(body):
            name, _, rest = trailer.partition("<")
            named |= {name.strip(), rest.rstrip("> \r")}
        people = frozenset(each.strip().casefold() for each in named if each.strip())
        day = datetime.fromtimestamp(int(time), UTC).date().isoformat()
        found[id] = Commit(id, author, day, people)
    return found
