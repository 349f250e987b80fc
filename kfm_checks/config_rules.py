"""What a configuration may not say though its form is right: names of rows and checks that nothing bears, no dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kfm_checks.errors import ConfigError
from kfm_checks.model import Path
from kfm_checks.requirements import CATALOGUE

if TYPE_CHECKING:
    from kfm_checks.config import Config, NotApplicable, Settings

_IDS = frozenset(row.id for row in CATALOGUE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_CHECKS = frozenset(name for row in CATALOGUE for name in (*row.checks, *row.live))


def refuse_unknown(settings: Settings) -> None:
    """A name that nothing bears is a typing error: what it was to raise, waive or judge would be left out in silence.

    Raises ConfigError for the first.
    """
    for path, message, remedy in (*_own_rows(settings.config), *_names(settings.config), *_times(settings.config)):
        places = (settings.origins[path[:end]] for end in range(len(path), 0, -1) if path[:end] in settings.origins)
        file, line = next(places, ("", None))
        raise ConfigError(message, file=file, line=line, remedy=remedy)


def declaration_holds(declared: NotApplicable, as_of: str) -> bool:
    """Whether a declaration counts: somebody gives a reason, and the day is between its dates."""
    dated = _is_date(declared.date) and _is_date(declared.expires)
    return dated and bool(declared.by and declared.reason) and declared.date <= as_of <= declared.expires


def _own_rows(config: Config) -> Iterator[tuple[Path, str, str]]:
    seen = set(_IDS)
    for row in config.requirements:
        if row.id in seen:
            yield ("requirements",), f"requirements: there is a row {row.id!r} already", "give it another id"
        if not row.checks:
            yield ("requirements",), f"requirements: {row.id} names no check, so nothing would judge it", "name one"
        for name in row.checks:
            if name not in _CHECKS:
                remedy = "see `kfm-checks requirements`"
                yield ("requirements",), f"requirements: {row.id}: no check is called {name!r}", remedy
        seen.add(row.id)


def _names(config: Config) -> Iterator[tuple[Path, str, str]]:
    known = _IDS | {row.id for row in config.requirements}
    named: list[tuple[Path, str]] = [(("levels", id), id) for id in config.levels]
    named += [(("attesters", id), id) for id in config.attesters]
    named += [(("not-applicable",), declared.requirement) for declared in config.not_applicable]
    for path, id in named:
        if id not in known:
            yield path, f"{path[0]}: no requirement is called {id!r}", "see `kfm-checks requirements`"
    for declared in config.not_applicable:
        for text in (declared.date, declared.expires):
            if text and not _is_date(text):
                message = f"not-applicable: {declared.requirement}: {text!r} is no date"
                yield ("not-applicable",), message, "write YYYY-MM-DD"


def _times(config: Config) -> Iterator[tuple[Path, str, str]]:
    text = config.thresholds.snapshot_age
    if span_of(text) is None:
        yield ("thresholds", "snapshot-age"), f"thresholds.snapshot-age: {text!r} is no time", "write 24h, 90m or 7d"


def span_of(text: str) -> timedelta | None:
    """``24h``, ``90m`` or ``7d`` as a time, None where it is none."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
