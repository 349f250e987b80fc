"""Which folder of an existing overlay serves which intent, by what lies in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kfm_checks.facts.layout import INTENTS, Placed, home

#: A folder serves an intent where so much of what lies in it belongs there.
PURE = 0.6
_DEPTH = 2


@dataclass(frozen=True)
class Guess:
    """The folder of one intent, with what lies in it. ``folder`` "": no folder is clear enough."""

    intent: str
    folder: str
    evidence: str
    #: Why somebody has to decide it first, "" where it is clear.
    doubt: str = ""


def guess(placed: Iterable[Placed]) -> tuple[Guess, ...]:
    """For each intent the folder that serves it: the one that holds most of its kind, and little else."""
    inside: Mapping[str, list[Placed]] = _by_folder(placed)
    return tuple(_best(intent, inside) for intent in INTENTS)


def _by_folder(placed: Iterable[Placed]) -> dict[str, list[Placed]]:
    inside: dict[str, list[Placed]] = defaultdict(list)
    for item in placed:
        parts = item.file.split("/")[:-1]
        for end in range(1, min(len(parts), _DEPTH) + 1):
            inside["/".join(parts[:end])].append(item)
    return inside


def _best(intent: str, inside: Mapping[str, list[Placed]]) -> Guess:
    ranked = []
    for folder, items in inside.items():
        fitting = [item for item in items if _serves(item) == intent]
        if fitting and len(fitting) / len(items) >= PURE:
            bare = intent == "patches" and not any(item.used_as == "patch" for item in fitting)
            ranked.append((folder != intent, bare, -len(fitting), folder.count("/"), folder))
    if not ranked:
        return Guess(intent, "", "")
    folder = min(ranked)[-1]
    kinds = Counter("patch" if item.used_as == "patch" else item.key.kind for item in inside[folder])
    return Guess(
        intent,
        folder,
        ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        # A disruption budget accompanies patches; where it lies alone, it tells nothing of its folder.
        "no patch lies there" if intent == "patches" and folder != intent and "patch" not in kinds else "",
    )


def _serves(item: Placed) -> str:
    return "patches" if item.used_as == "patch" else home(item.key)
