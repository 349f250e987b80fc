"""The configuration that holds for an overlay which the change itself adds."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import msgspec

from kfm_checks.config import NAME, Settings, load_settings


def settings_of_added(base: Path, path: str, own: Path, parents: Settings) -> Settings:
    """The file of the overlay in ``own`` over those that the base has above ``path``. Raises ConfigError.

    What it declares not applicable doesn't count, ``parents`` have the last word there: a change never exempts itself.
    """
    with tempfile.TemporaryDirectory(prefix="kfm-checks-change-") as place:
        for folder in PurePosixPath(path).parents:
            _copied(base / folder / NAME, Path(place) / folder / NAME)
        _copied(own / NAME, Path(place) / path / NAME)
        found = load_settings(Path(place) / path, Path(place))
    config = msgspec.structs.replace(found.config, not_applicable=parents.config.not_applicable)
    return replace(found, config=config)


def _copied(file: Path, to: Path) -> None:
    if file.is_file():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)
