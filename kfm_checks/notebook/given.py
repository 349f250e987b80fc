"""What a notebook is told: which overlay to look at, and by which day. Raises nothing; empty means the default."""

from __future__ import annotations

import os
from pathlib import Path

from kfm_checks.errors import UsageError

#: The overlay that this repository ships.
SHIPPED = "infra/clusters/prod"
#: Environment variables by parameter, the first that is set counts: the site sets its own, `make notebooks` the other.
VARIABLES = {
    "OVERLAY": ("KFM_CHECKS_OVERLAY", "KFM_OVERLAY"),
    "AS_OF": ("KFM_CHECKS_AS_OF",),
    "CHANGE": ("KFM_CHECKS_CHANGE", "KFM_CHANGE"),
    "CONTEXT": ("KFM_CHECKS_CONTEXT", "KFM_CONTEXT"),
    "SNAPSHOT": ("KFM_CHECKS_SNAPSHOT", "KFM_SNAPSHOT"),
}
GATE = "KFM_CHECKS_GATE"
#: How the site rendered and read the overlay; nothing that anybody sets by hand.
OPTIONS = "KFM_CHECKS_OPTIONS"


def given(parameter: str) -> str:
    """The value of a parameter (``OVERLAY``, ``AS_OF``, ``CHANGE``…) from the environment, "" where nothing says."""
    return next((value for name in VARIABLES[parameter] if (value := os.environ.get(name, "").strip())), "")


def options_given() -> str:
    """The options of the site that runs this notebook, for ``kfm_checks.judged.options_from``; "" for none."""
    return os.environ.get(OPTIONS, "")


def gate_is_on() -> bool:
    """Whether gates raise: only where ``KFM_CHECKS_GATE=1``, as tests and CI set it."""
    return os.environ.get(GATE) == "1"


def overlay_folder(overlay: str, start: Path | None = None) -> Path:
    """The overlay to look at: as given, from here or from a folder above; else the one that the repository ships.

    Raises UsageError where there is none.
    """
    here = (start or Path.cwd()).resolve()
    wanted = overlay or SHIPPED
    for folder in (here, *here.parents):
        if (folder / wanted).exists():
            return folder / wanted
    if overlay:
        raise UsageError("no such file or folder", file=overlay, remedy="give an overlay folder as OVERLAY")
    raise UsageError("no overlay was named", remedy="set OVERLAY in the first cell, or the variable KFM_OVERLAY")


def change_file(change: str, start: Path | None = None) -> Path | None:
    """The file with a change's facts, as given, from here or from a folder above; None where none is named.

    Raises UsageError where it isn't there.
    """
    return _found(change, "give the file with a pull request's facts as CHANGE", start) if change else None


def cluster_of(context: str, snapshot: str, start: Path | None = None) -> tuple[str | None, Path | None]:
    """The context to look at, or the folder of a snapshot; neither where neither is named.

    Raises UsageError where both are, and where the folder isn't there.
    """
    if context and snapshot:
        raise UsageError("a context and a snapshot were given", remedy="give CONTEXT or SNAPSHOT, not both")
    folder = _found(snapshot, "give the folder of a snapshot as SNAPSHOT", start) if snapshot else None
    return context or None, folder


def _found(name: str, remedy: str, start: Path | None) -> Path:
    """A file or folder, from here or from a folder above."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / name).exists():
            return folder / name
    raise UsageError("no such file", file=name, remedy=remedy)
