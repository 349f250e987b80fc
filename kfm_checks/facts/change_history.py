"""What the history of a branch tells of rollbacks and of requests that were merged; read with git, on demand."""

from __future__ import annotations

import re

from kfm_checks.errors import NotVerified
from kfm_checks.facts.repository import Repository
from kfm_checks.values import Value

#: So many commits of the branch are looked through.
DEPTH = 2_000
_REVERTED = re.compile(r"This reverts (?:commit|merge request) ([0-9a-f]{7,64})", re.IGNORECASE)
_TITLE = re.compile(r"""(Merge [^\n]*\n\s*)?(Revert ["'“]|revert(\([^)\n]*\))?!?: )""")


class Revert(Value, frozen=True):
    """A commit of the branch that takes back another; ``commits`` are both, as far as they are named."""

    sha: str
    subject: str
    commits: tuple[str, ...]


def reverts(repository: Repository) -> tuple[Revert, ...]:
    """The reverts among the commits of the branch that touch the overlay, the newest first. () without commits.

    The title says so (a merge's is below its first line), or a commit of the branch is named. A squashed request
    repeats the messages of its own branch, where somebody took back what never came to the main one: no rollback.
    """
    try:
        text = repository.git(
            "log", "--first-parent", f"--max-count={DEPTH}", "-z", "--format=%H%n%s%n%B", "--", repository.path or "."
        )
    except NotVerified:
        return ()  # a repository without a commit has no rollback
    found = []
    for entry in text.split("\0"):
        sha, _, rest = entry.strip("\n").partition("\n")
        subject, _, body = rest.partition("\n")
        named = [name.lower() for name in _REVERTED.findall(body)]
        if _TITLE.match(body) or any(_is_of_the_branch(name, repository) for name in named):
            found.append(Revert(sha, subject[:120], (sha, *named)))
    return tuple(found)


def _is_of_the_branch(name: str, repository: Repository) -> bool:
    try:
        repository.git("merge-base", "--is-ancestor", name, "HEAD")
    except NotVerified:
        return False
    return True


def commit_of_request(repository: Repository, number: str) -> str:
    """The commit of the branch whose message says that it merges a pull or merge request; "" where none does."""
    pattern = rf"(\(#{number}\)|Merge pull request #{number} |See merge request [^ ]*!{number}$)"
    try:
        return repository.git("log", "--max-count=1", "-E", f"--grep={pattern}", "--format=%H").strip()
    except NotVerified:
        return ""


def is_shallow(repository: Repository) -> bool:
    """Whether history was cut off when the clone was made."""
    try:
        return repository.git("rev-parse", "--is-shallow-repository").strip() == "true"
    except NotVerified:
        return False
