"""From ``--change FILE`` to what a run needs: the request, the base, and whose configuration and records hold.

A change never judges itself: the configuration and the records of its base hold, and what the change does to them is
shown first. Where the base can't be read, nothing that loosens counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kfm_checks.change.base import Commits, GitBase
from kfm_checks.change.git import Clone
from kfm_checks.change.governance import GovernanceChange, governance_changes
from kfm_checks.change.worktree import dirty
from kfm_checks.config import Settings
from kfm_checks.errors import ConfigError, NotVerified, UsageError
from kfm_checks.facts.change_request import ChangeRequest, read_request
from kfm_checks.records import Record
from kfm_checks.run import Judged, Options
from kfm_checks.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

#: GitHub's events are some tens of kilobytes; more than this is none.
LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Governed:
    """A change that is judged: inputs, why the base is missing, and the rules that hold."""

    inputs: Mapping[str, Any]
    absent: Mapping[str, str]
    settings: Settings
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()
    #: What the change does to configuration and records.
    governance: tuple[GovernanceChange, ...] = field(default=())


def read_change(path: Path) -> ChangeRequest:
    """The request that a file tells of. Raises ConfigError or UsageError."""
    try:
        if path.stat().st_size > LIMIT:
            raise ConfigError("is larger than any event", file=path.name, remedy="give one pull request's facts")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"can't be read: {error.strerror}", file=path.name, remedy="check --change") from error
    except UnicodeDecodeError as error:
        raise ConfigError("is no UTF-8 text", file=path.name, remedy="give a JSON file") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"is no JSON: {error.msg}", file=path.name, line=error.lineno, remedy="mend it") from error
    except RecursionError as error:
        raise ConfigError("is nested too deeply", file=path.name, remedy="give one pull request's facts") from error
    return read_request(content, path.name)


def governed(target: Target, options: Options, settings: Settings, records: tuple[Record, ...]) -> Governed:
    """Read the change and its base; ``settings`` and ``records`` are the head's. Raises KfmChecksError."""
    assert options.change is not None
    request = read_change(options.change)
    try:
        base = find_base(request, target, options)
    except NotVerified as why:
        return _without_base(request, why.reason, settings, records)
    inputs = {"change": request, "base": base}
    notes = list(_elsewhere(base))
    if base.path != base.head_path:
        notes.append(f"the change renames the overlay, which is {base.path} in its base")
    if not base.governs:
        notes.append(
            "the change adds this overlay: its own configuration holds, over that of its base; no waiver, attestation "
            "or exemption that it brings counts until it is merged"
        )
        return Governed(inputs, {}, base.settings_with(target.folder), _incidents(records), tuple(notes))
    changes = governance_changes(base.settings, base.records, settings, records)
    notes.append(f"judged by the configuration and records of its base {base.commits.tip[:12]}")
    if changes:
        loosening = sum(change.loosens is True for change in changes)
        notes.append(f"the change alters {len(changes)} of their settings and records, {loosening} of them loosened")
    return Governed(inputs, {}, base.settings, base.records, tuple(notes), changes)


def _without_base(request: ChangeRequest, why: str, settings: Settings, records: Sequence[Record]) -> Governed:
    """Nobody knows what held before: exemptions, waivers and attestations of the change itself don't count."""
    stripped = msgspec.structs.replace(settings.config, not_applicable=())
    note = f"{why}: no waiver, attestation or exemption counts, as nobody can tell which of them the change brought in"
    return Governed(
        {"change": request}, {"base": why}, replace(settings, config=stripped), _incidents(records), (note,)
    )


def _incidents(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records that accept nothing and vouch for nothing."""
    return tuple(record for record in records if record.kind == "incident")


def find_base(request: ChangeRequest, target: Target, options: Options) -> GitBase:
    """The base of a change in the repository of a target.

    Raises NotVerified with the reason where it isn't there, UsageError where the clone is shallow: then CI would never
    look at the base.
    """
    if not target.in_git:
        raise NotVerified("the overlay is not in a git repository, so its base was not looked at")
    clone = Clone(target.root)
    head = clone.find(request.head.sha) if request.head.sha else clone.find("HEAD")
    tip = _tip(clone, request)
    missing = f"head commit {request.head.sha[:12]}" if head is None else "base commit " + request.base.sha[:12]
    if head is None or tip is None:
        if clone.shallow:
            remedy = "fetch the whole history (git fetch --unshallow; fetch-depth: 0 in a workflow)"
            raise UsageError(f"the {missing} is not in this shallow clone", remedy=remedy)
        raise NotVerified(f"the {missing.strip()} is not in this clone".replace("commit  ", "commit "))
    start = _start(clone, tip, head)
    quiet = replace(options, change=None, inputs={}, only=())
    return GitBase(clone, Commits(tip, start, head), "" if target.path == "." else target.path, quiet)


def _tip(clone: Clone, request: ChangeRequest) -> str | None:
    names = [request.base.sha] if request.base.sha else []
    if not names and request.base.ref:
        names = [f"refs/remotes/origin/{request.base.ref}", f"refs/heads/{request.base.ref}"]
    return next((found for name in names if (found := clone.find(name))), None)


def _start(clone: Clone, tip: str, head: str) -> str:
    """Where the change parted from its base; of a change that has landed, before it did."""
    try:
        start = clone.merge_base(tip, head)
        if start == head and tip != head:
            landed = clone.text("rev-list", "--first-parent", "--reverse", "--ancestry-path", f"{head}..{tip}").split()
            parents = clone.parents(landed[0]) if landed else ()
            start = clone.merge_base(parents[0], head) if len(parents) == 2 else start
    except UsageError as error:
        raise NotVerified(str(error)) from error
    return start


def _elsewhere(base: GitBase) -> list[str]:
    """What to say where the files that are judged are not those of the change's head, nor of its merge."""
    here = base.clone.find("HEAD") or ""
    head = base.commits.head
    others = dirty(base.clone, base.head_path)
    uncommitted = [f"not everything that is judged is committed: {_few(others)}"] if others else []
    if here == head or (here and head in base.clone.parents(here)):
        return uncommitted
    return [*uncommitted, f"the files judged are of commit {here[:12]}, the change's head is {head[:12]}"]


def _few(paths: Sequence[str], most: int = 3) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


def governance_of(judged: Judged) -> tuple[GovernanceChange, ...]:
    """What the judged change does to the rules that it is judged by: the first thing that a review shows.

    () where no change was given, or its base isn't there.
    """
    base = judged.facts.inputs.get("base")
    if not isinstance(base, GitBase):
        return ()
    from kfm_checks.config import load_settings
    from kfm_checks.records import FOLDER, load_records

    target = judged.target
    shown = FOLDER if target.path in {"", "."} else f"{target.path}/{FOLDER}"
    head = load_settings(target.folder, target.root)
    brought = load_records(target.folder / FOLDER, shown=shown)
    if base.governs:
        return governance_changes(base.settings, base.records, head, brought)
    # Of an overlay that the change adds every setting is new: what would loosen is told.
    return tuple(each for each in governance_changes(base.settings, (), head, brought) if each.loosens)
