"""The files of a new overlay: real manifests that render, records that are empty, a README whose items are bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from kfm_checks.errors import UsageError

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
#: What stands in YAML, in a URL and in Markdown without quotes.
_PLAIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.~@:/+-]*")
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")


@dataclass(frozen=True)
class Choices:
    """What a new overlay is made with. ``path`` is the overlay's, from the root of its repository."""

    path: str
    namespace: str
    environment: str
    controller: str = "argocd"
    repository: str = ""
    data: bool = False

    def values(self) -> dict[str, str]:
        """The placeholders of the templates."""
        repository = self.repository or "https://git.example.com/REPLACE/ME.git"
        return {
            "PATH": self.path,
            "NAMESPACE": self.namespace,
            "ENVIRONMENT": self.environment,
            "REPOSITORY": repository,
            "DECLARED": f"repository: {repository}"
            if self.repository
            else 'repository: ""  # declare it: GIT-01, GIT-03',
            "CONTROLLER": "Argo CD" if self.controller == "argocd" else "Flux",
            "WIRING": "application.yaml" if self.controller == "argocd" else "flux.yaml",
            "DATA_ROW": "| [`data/`](data) | the data manifest and what it names | data that no manifest names |\n"
            * self.data,
            "DATA_ITEM": (
                "- [ ] The [data manifest](data/manifest.yaml) names each dataset's version <!-- req: DAT-01 -->\n"
                * self.data
            ),
        }


@dataclass(frozen=True)
class File:
    """One file of the scaffold; ``exists``: one of that name is there already, and is left as it is."""

    path: Path
    text: str
    exists: bool


def plan(folder: Path, choices: Choices) -> list[File]:
    """Every file of the new overlay, in order. Raises UsageError: a name that Kubernetes refuses, a file in the way."""
    _refuse_unfit(choices)
    in_the_way = next((p for p in (folder, *folder.parents) if (p.exists() or p.is_symlink()) and not p.is_dir()), None)
    if in_the_way is not None:
        raise UsageError("it is a file, not a folder", file=str(in_the_way), remedy="give the path of a new folder")
    values = choices.values()
    found = []
    for name, source in sorted(_templates(choices)):
        path = folder / name
        text = _PLACEHOLDER.sub(lambda match: values[match[1]], source.read_text(encoding="utf-8"))
        found.append(File(path, text, path.exists() or path.is_symlink()))
    return found


def _refuse_unfit(choices: Choices) -> None:
    """Refuse what would not stay one plain word in the files. Raises UsageError."""
    for option, value in (("--namespace", choices.namespace), ("--environment", choices.environment)):
        if not _NAME.fullmatch(value):
            raise UsageError(f"{value!r} is no name for {option}", remedy="use a-z, 0-9 and -")
    for what, value in (("the path", choices.path), ("the repository", choices.repository or ".")):
        if not _PLAIN.fullmatch(value):
            raise UsageError(f"{what} {value!r} has characters that need quotes", remedy="use letters, digits, . - _ /")


def _templates(choices: Choices) -> Iterator[tuple[str, Traversable]]:
    root = files("kfm_checks.scaffold") / "templates"
    yield from _walk(root / "overlay", "")
    yield from _walk(root / choices.controller, "")
    if choices.data:
        yield from _walk(root / "data", "")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.endswith(".pyc"):
            yield f"{prefix}{entry.name}", entry


def write_new(planned: Iterable[File]) -> list[Path]:
    """Write what isn't there yet; nothing is overwritten. Raises UsageError, and then nothing of it stays.

    A file that appears in the meantime is left as it is, too.
    """
    made: list[Path] = []
    folders: list[Path] = []
    try:
        for file in planned:
            if file.exists:
                continue
            folders += _make_folder(file.path.parent)
            with file.path.open("x", encoding="utf-8", newline="\n") as stream:
                made.append(file.path)
                stream.write(file.text)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        for path in reversed(folders):
            with suppress(OSError):  # somebody else put something into it: then it stays
                path.rmdir()
        cause = (error.strerror or "unknown error").lower()
        raise UsageError(
            f"can't be written: {cause}", file=str(error.filename or ""), remedy="choose another place"
        ) from error
    return made


def _make_folder(folder: Path) -> list[Path]:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
    return list(reversed(missing))
