"""One tree of exceptions: whatever is wrong with an input is said in one line, and ends in exit status 2."""

from __future__ import annotations


class KfmChecksError(Exception):
    """An input that could not be read, rendered or understood.

    The text is one line: the file, the line where there is one, what is wrong, and what to do.
    """

    def __init__(self, message: str, *, file: str = "", line: int | None = None, remedy: str = "") -> None:
        self.message = one_line(message)
        self.file = one_line(file)
        self.line = line
        self.remedy = one_line(remedy)
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: " if self.file else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{remedy}"


class UsageError(KfmChecksError):
    """The command line or the arguments of a call are wrong."""


class ManifestError(KfmChecksError):
    """A manifest can't be read as Kubernetes reads it."""


class RenderError(KfmChecksError):
    """The overlay can't be rendered."""


class ConfigError(KfmChecksError):
    """The configuration or a record is malformed."""


class CatalogueError(KfmChecksError):
    """The catalogue of requirements, checks and facts contradicts itself: a defect of the code, found at start."""


class NotVerified(Exception):  # noqa: N818 - it is a verdict on the way, not an error
    """Raised by a fact or a check that has nothing to look at: the reason is shown to the reader."""

    def __init__(self, reason: str) -> None:
        self.reason = one_line(reason)
        super().__init__(self.reason)


def one_line(text: str) -> str:
    """Fold hostile text into one printable line, so that an error can't forge a second one."""
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in folded)
