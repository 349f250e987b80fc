"""``governance/reviews/DATE.yaml``: what was decided, on what, by whom; and the proof that it was so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from kfm_checks import __version__
from kfm_checks.baseline import Standing, catalogue_digest, rule_digests, standing
from kfm_checks.errors import ConfigError, NotVerified, UsageError
from kfm_checks.facts.repository import Repository
from kfm_checks.judged import Judged, Options
from kfm_checks.model import Decision
from kfm_checks.target import Target
from kfm_checks.yamlfile import read_yaml

SCHEMA = "kfm-checks/review/v1"
FOLDER = "governance/reviews"


class Digests(Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 of the rendered objects, of the catalogue in force, and of the report as JSON."""

    overlay: str
    catalogue: str
    report: str


class Review(Struct, frozen=True, forbid_unknown_fields=True):
    """One recorded review."""

    schema: str
    overlay: str
    commit: str
    as_of: str
    decision: Decision
    by: str
    role: str
    digests: Digests
    rows: dict[str, str]
    rules: dict[str, str]
    conditions: tuple[str, ...] = ()
    tool: str = ""
    #: Fingerprint -> what it is about; failures that nobody accepted, and those that somebody did.
    failing: dict[str, str] = {}
    accepted: dict[str, str] = {}

    def standing(self) -> Standing:
        """What stood at the time."""
        return Standing(self.overlay, self.rows, self.failing, self.accepted, self.rules, self.as_of)


def folder_of(target: Target) -> Path:
    """Where an overlay's reviews are kept."""
    return target.folder / FOLDER


def recorded(judged: Judged, by: str, role: str, conditions: Sequence[str] = ()) -> Review:
    """The record of a review of what is committed.

    Raises UsageError: no git, a working tree that differs from its commit (nobody could prove such a review later), a
    run that looked at a part only.
    """
    if len(judged.report.requirements) < len(judged.rows):
        raise UsageError("a part of the rows was looked at", remedy="leave --only out to record a review")
    rules = rule_digests(judged.rows)
    now = standing(judged.report, rules)
    overlay = judged.report.overlay
    digests = Digests(overlay.digest, catalogue_digest(rules), report_digest(judged))
    return Review(
        SCHEMA,
        overlay.path,
        _commit(judged.target),
        overlay.as_of,
        judged.report.decision,
        by,
        role,
        digests,
        now.rows,
        rules,
        tuple(conditions),
        f"kfm-checks {__version__}",
        now.failing,
        now.accepted,
    )


def report_digest(judged: Judged) -> str:
    """The digest of the report as JSON."""
    from kfm_checks.exports.json_report import write

    return "sha256:" + hashlib.sha256(write(judged.report).encode("utf-8", "replace")).hexdigest()


def _commit(target: Target) -> str:
    if not target.in_git:
        raise UsageError("is not in a git repository", file=target.path, remedy="a review records a commit")
    repository = Repository(target.root, target.path)
    try:
        status = repository.git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        commit = repository.git("rev-parse", "HEAD").strip()
    except NotVerified as error:
        raise UsageError(error.reason, file=target.path, remedy="a review records a commit") from error
    changed = [(entry[:2], entry[3:]) for entry in status.split("\0") if entry]
    inside = "" if target.path in {"", "."} else f"{target.path}/"
    reviews = f"{inside}{FOLDER}/"
    dirty = [
        path for mark, path in changed if not path.startswith(reviews) and (mark != "??" or path.startswith(inside))
    ]
    if dirty:
        remedy = "commit or remove it first: what isn't committed can't be proved later"
        raise UsageError("differs from its commit", file=sorted(dirty)[0], remedy=remedy)
    return commit


def as_yaml(review: Review) -> str:
    """The record as a file."""
    plain = msgspec.to_builtins(review)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=1000)


def path_for(target: Target, review: Review) -> Path:
    """The file of a review's day. Raises UsageError where that day has one already."""
    path = folder_of(target) / f"{review.as_of}.yaml"
    if path.exists():
        remedy = "a recorded review is never rewritten; remove the file by a commit of its own, or review another day"
        raise UsageError("there is a review of this day", file=f"{FOLDER}/{path.name}", remedy=remedy)
    return path


def reviews(target: Target) -> dict[str, Path]:
    """Recorded reviews by day."""
    folder = folder_of(target)
    files = folder.glob("*.yaml") if folder.is_dir() else ()
    return {path.stem: path for path in sorted(files) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", path.stem)}


def read_review(path: Path) -> Review:
    """A recorded review. Raises ConfigError."""
    shown = f"{FOLDER}/{path.name}"
    document = read_yaml(path, shown=shown)
    try:
        found = msgspec.convert(document.value, Review)
    except msgspec.ValidationError as error:
        raise ConfigError(f"not a review: {error}", file=shown, line=1, remedy="restore it from git") from error
    if found.schema != SCHEMA or found.as_of != path.stem:
        raise ConfigError(f"not a review of {path.stem}", file=shown, line=1, remedy="restore it from git")
    return found


def last_review(target: Target, as_of: str) -> Review | None:
    """The latest review before a day, or None. Raises ConfigError where it is malformed."""
    known = [day for day in reviews(target) if day < as_of]
    return read_review(reviews(target)[max(known)]) if known else None


def prove(target: Target, review: Review, options: Options) -> list[str]:
    """What differs between a recorded review and a new run on its commit and day; [] where it was so.

    Raises UsageError where the commit isn't in this clone.
    """
    from kfm_checks.run import judge

    with _worktree(target, review.commit) as root:
        found = judge(root / review.overlay, replace(options, as_of=review.as_of, only=()))
    rules = rule_digests(found.rows)
    now = standing(found.report, rules)
    pairs = {
        "digest of the overlay": (review.digests.overlay, found.report.overlay.digest),
        "digest of the catalogue": (review.digests.catalogue, catalogue_digest(rules)),
        "digest of the report": (review.digests.report, report_digest(found)),
        "decision": (review.decision, found.report.decision),
    }
    differs = [f"{what}: recorded {then}, found {there}" for what, (then, there) in pairs.items() if then != there]
    statuses = {row: (then, now.rows.get(row, "absent")) for row, then in review.rows.items()}
    differs += [f"{row}: recorded {then}, found {there}" for row, (then, there) in statuses.items() if then != there]
    differs += [
        f"recorded as failing, not found: {review.failing[id]}" for id in review.failing if id not in now.failing
    ]
    differs += [f"found failing, not recorded: {now.failing[id]}" for id in now.failing if id not in review.failing]
    return differs


@contextmanager
def _worktree(target: Target, commit: str) -> Iterator[Path]:
    """The files of a commit with the repository's history beside them; nothing is left behind."""
    import tempfile

    repository = Repository(target.root, target.path)
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit) or not repository.has_commit(commit):
        remedy = "fetch the whole history (git fetch --unshallow)"
        raise UsageError(f"commit {commit[:12]} is not in this clone", remedy=remedy)
    with tempfile.TemporaryDirectory(prefix="kfm-checks-review-") as place:
        folder = Path(place).resolve() / "files"
        repository.git("worktree", "add", "--detach", "--quiet", str(folder), commit)
        try:
            yield folder
        finally:
            with suppress(NotVerified):  # the folder goes with its parent in any case
                repository.git("worktree", "remove", "--force", str(folder))
            repository.git("worktree", "prune")
