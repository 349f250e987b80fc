"""The one run that a build shows. Sphinx has no place for it: its configuration is pickled, a run is not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx

from kfm_checks.errors import UsageError
from kfm_checks.judged import Options, options_text
from kfm_checks.sphinx_ext.view import View

#: How notebooks are told which overlay to look at, and on which day expiry is judged.
OVERLAY_VARIABLE = "KFM_CHECKS_OVERLAY"
AS_OF_VARIABLE = "KFM_CHECKS_AS_OF"
CHANGE_VARIABLE = "KFM_CHECKS_CHANGE"
OPTIONS_VARIABLE = "KFM_CHECKS_OPTIONS"
#: Which snapshot to look at; a site's notebooks contact no cluster themselves.
SNAPSHOT_VARIABLE = "KFM_CHECKS_SNAPSHOT"
USERS = ("KFM_OVERLAY", "KFM_CHANGE", "KFM_SNAPSHOT", "KFM_CONTEXT", "KFM_CHECKS_CONTEXT")


@dataclass
class _State:
    view: View | None = None
    app: Sphinx | None = None


_STATE = _State()


def provide(view: View | None) -> None:
    """Say which run the next build shows; None forgets it."""
    _STATE.view = view


def provided() -> bool:
    """Whether a run was provided."""
    return _STATE.view is not None


def view() -> View:
    """The run that is shown. Raises UsageError outside a build."""
    if _STATE.view is None:
        raise UsageError("no overlay was judged", remedy="set kfm_overlay in conf.py")
    return _STATE.view


def set_app(app: Sphinx) -> None:
    """The application at work: an environment no longer leads to it."""
    _STATE.app = app


def app() -> Sphinx:
    """The application at work. Raises UsageError outside a build."""
    if _STATE.app is None:
        raise UsageError("no site is being built", remedy="use kfm-checks site")
    return _STATE.app


def uri(start: str, to: str, anchor: str = "") -> str:
    """The address of a page, from another, with an anchor."""
    found = app().builder.get_relative_uri(start, to)
    return f"{found}#{anchor}" if anchor else found


@contextmanager
def notebook_environment(overlay: Path, as_of: str, options: Options, snapshot: Path | None = None) -> Iterator[None]:
    """The variables by which notebooks find overlay, day, change, what was seen of a cluster, and how to render.

    Those that a user sets for `make notebooks` are taken away: the notebooks of a site show what its pages show.
    """
    change = str(options.change.resolve()) if options.change else None
    wanted = {**dict.fromkeys(USERS), OVERLAY_VARIABLE: str(overlay), AS_OF_VARIABLE: as_of, CHANGE_VARIABLE: change}
    wanted[OPTIONS_VARIABLE] = options_text(options)
    wanted[SNAPSHOT_VARIABLE] = str(snapshot) if snapshot else None
    before = {name: os.environ.get(name) for name in wanted}
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
