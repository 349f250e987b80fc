"""Two sides of a comparison: each is a whole run over its files, with its facts computed on demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_risks import View, compare_views, view_of
from kfm_checks.run import Judged, Options, judge

if TYPE_CHECKING:
    from kfm_checks.engine import Facts

#: What a comparison needs of each side.
_FACTS = ("inventory", "network", "exposures", "access", "datastores")


@dataclass(frozen=True)
class Comparison:
    """Two judged sides and what differs between them. ``base_name`` and ``head_name`` are for readers."""

    base: Judged
    head: Judged
    diff: Diff
    base_name: str
    head_name: str


def side(path: str | Path, options: Options) -> Judged:
    """Render and read one side. Raises KfmChecksError."""
    # Any one cheap check: the run is wanted for its objects and facts.
    return judge(path, replace(options, only=("overlay-renders",), change=None))


def view(facts: Facts) -> View:
    """What a comparison looks at, of a run's facts."""
    followed = facts.inputs.get("followed", ())
    unseen = tuple(
        f"{source.subject}: its source {source.path or source.repository} was not rendered: {source.reason}"
        for source in followed
        if source.state == "unavailable"
    )
    return view_of({name: facts.get(name) for name in _FACTS}, unseen)


def compare_sides(base: Judged, head: Judged, base_name: str, head_name: str) -> Comparison:
    """Compare two sides."""
    return Comparison(base, head, compare_views(view(base.facts), view(head.facts)), base_name, head_name)


def compare_folders(base: str | Path, head: str | Path, options: Options) -> Comparison:
    """Compare two overlays, or two folders or files of manifests. Raises KfmChecksError."""
    before, after = side(base, options), side(head, options)
    return compare_sides(before, after, before.target.path, after.target.path)
