"""The one ordered catalogue of checks. A check is a function of facts; its name is the function's, with hyphens."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kfm_checks.checks import render
from kfm_checks.model import Evidence


@dataclass(frozen=True)
class Check:
    """A line of the catalogue."""

    function: Callable[..., Iterable[Evidence]]
    #: What to say where there was nothing to examine: the check is then not applicable.
    nothing: str

    @property
    def name(self) -> str:
        """``images-are-not-latest``, from ``images_are_not_latest``."""
        return self.function.__name__.replace("_", "-")

    @property
    def assertion(self) -> str:
        """The first line of the docstring."""
        return inspect.cleandoc(self.function.__doc__ or "").partition("\n")[0]

    @property
    def why(self) -> str:
        """The docstring between the assertion and the remedy."""
        return _documentation(self.function).partition("Remedy:")[0].partition("\n")[2].strip()

    @property
    def remedy(self) -> str:
        """The part of the docstring after ``Remedy:``."""
        return _documentation(self.function).partition("Remedy:")[2].strip()


def _documentation(function: Callable[..., object]) -> str:
    return inspect.cleandoc(function.__doc__ or "")


#: One line a check, in the order of the requirement rows.
CHECKS: tuple[Check, ...] = (
    Check(render.render_is_reproducible, "nothing was rendered"),
    Check(render.overlay_renders, "nothing was rendered"),
)
