"""Two sides of a change and its base made by hand, without git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from kfm_checks.change.sides import view
from kfm_checks.config import parse_settings
from kfm_checks.engine import Facts
from kfm_checks.facts.change_base import Introduced, Rehearsal
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_risks import View, compare_views
from kfm_checks.manifests import parse_manifests


def facts(text: str, settings: Mapping[str, Any] | None = None) -> Facts:
    """The facts of one side."""
    config = parse_settings(dict(settings or {})).config
    return Facts({"objects": tuple(parse_manifests(text)), "gitops_objects": (), "followed": (), "config": config})


def compared(base: str, head: str, settings: Mapping[str, Any] | None = None) -> Diff:
    """What differs, with its risks."""
    return compare_views(view(facts(base, settings)), view(facts(head, settings)))


def graph(*reached: str) -> Any:
    """The kustomizations that reach these files."""
    return SimpleNamespace(reached=dict.fromkeys(reached))


@dataclass
class Made:
    """A base without git."""

    files: dict[str, str] = field(default_factory=dict)
    changed: tuple[tuple[str, str], ...] = ()
    touched: frozenset[str] = frozenset()
    versions: tuple[Introduced, ...] = ()
    asked: list[frozenset[str]] = field(default_factory=list)
    commit: str = "base"
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    answer: bool | None = None
    seen: Any = None

    @property
    def view(self) -> View:
        """The base's own."""
        found: View = self.seen
        return found

    def read(self, path: str) -> str | None:
        """A file of the base."""
        return self.files.get(path)

    def kept(self, commit: str) -> bool | None:
        """What it was told to say."""
        return self.answer

    def introduced(self, paths: frozenset[str]) -> tuple[Introduced, ...]:
        """What it was given, remembering what was asked for."""
        self.asked.append(paths)
        return self.versions

    def prefix(self) -> str:
        """The overlay's folder."""
        return "prod"
