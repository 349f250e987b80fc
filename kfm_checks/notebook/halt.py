"""How a notebook stops: with one line, and no traceback that a steward would have to read."""

from __future__ import annotations


class Halt(Exception):  # noqa: N818 - a verdict, not a defect
    """Stops a notebook with one sentence. IPython asks ``_render_traceback_`` what to show."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)

    def _render_traceback_(self) -> list[str]:
        return [self.sentence]


class GateClosed(Halt):
    """A must of the notebook's rows is not met, or a check of a must broke."""


class NoVerdict(Halt):
    """The overlay could not be read or rendered: there is no verdict at all."""
