"""What reconcilers point to: each source as a job, and whether it is this very overlay."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.applicationsets import CannotExpandError, expand
from kfm_checks.config import Config
from kfm_checks.facts.gitops import GitSource, Reconciler, application, clean_path
from kfm_checks.facts.objects import dig
from kfm_checks.model import ObjectKey
from kfm_checks.target import Target

#: The reconciler, one source of it, the namespace that it names, and why it can't be followed ("" where it can).
Job = tuple[ObjectKey, GitSource, str, str]


def sources(reconciler: Reconciler, target: Target) -> Iterator[Job]:
    """The sources of a reconciler; those of an ApplicationSet are of the Applications that it makes."""
    obj = reconciler.obj
    if obj.key.kind != "ApplicationSet":
        for source in reconciler.sources:
            yield obj.key, source, reconciler.namespace, ""
        return
    try:
        for spec in expand(obj, target.root):
            namespace = str(dig(spec, "destination", "namespace", default=""))
            for source in application(obj, spec, ()):
                yield obj.key, source, namespace, ""
    except CannotExpandError as why:
        for source in reconciler.sources:
            yield obj.key, source, "", str(why)


def overlay_path(config: Config, target: Target) -> str:
    """The overlay's path in its repository: as configured, else as found."""
    return clean_path(config.gitops.path or target.path)


def is_overlay(source: GitSource, config: Config, target: Target) -> bool:
    """Whether a source of this repository is the overlay itself."""
    return source.path == overlay_path(config, target) and not source.chart


def remote(target: Target) -> str:
    """The URL of git's remote ``origin``, "" where there is none."""
    git = target.root / ".git"
    if git.is_file():  # a worktree: the file names its own folder, below that of the clone
        named = re.match(r"gitdir: (.+)/worktrees/[^/\n]+\s*$", git.read_text(encoding="utf-8", errors="replace"))
        git = target.root / named[1] if named else git
    config = git / "config"
    if not config.is_file():
        return ""
    text = config.read_text(encoding="utf-8", errors="replace")
    found = re.search(r'\[remote "origin"\][^\[]*?\burl\s*=\s*(\S+)', text)
    return found[1] if found else ""
