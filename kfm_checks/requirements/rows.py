"""How a row of the catalogue is written down."""

from __future__ import annotations

from typing import Literal

from kfm_checks.model import LETTERS, Level, Requirement

_LEVELS: dict[str, Level] = {"M": "must", "S": "should"}


def row(
    head: str,
    title: str,
    *checks: str,
    statement: str,
    why: str,
    remedy: str,
    advisory: tuple[str, ...] = (),
    rolls_up: str = "",
    origin: Literal["document", "house"] = "document",
    live: tuple[str, ...] = (),
) -> Requirement:
    """One requirement; ``head`` is its id, its level and its letters as the design writes them: ``"SEC-01 M T R"``.

    ``live`` checks look at the cluster, and count only where one was given.
    ``advisory`` checks are among ``checks`` too: they run and are shown, and stay outside a must row's fold.
    """
    id, level, *letters = head.split()
    return Requirement(
        id=id,
        level=_LEVELS[level],
        title=title,
        statement=statement,
        rationale=why,
        remedy=remedy,
        by=tuple(LETTERS[letter] for letter in letters),
        checks=checks,
        advisory=advisory,
        rolls_up=tuple(rolls_up.split()),
        origin=origin,
        live=live,
    )
