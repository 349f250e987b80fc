"""Which mutants are tried, in which order, and what earlier runs found of them."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
#: The seed of the order, and how many mutants of a module are tried before the next one's turn.
SEED, ROUND = 4, 15
#: Datasets, changes, admission policies and the live cluster have tests of their own make (MORE_TESTS), most of them
#: long: their modules are broken where they are asked for by name.
LEFT_OUT = ("datasets", "change", "admission", "live")


def modules(wanted: Iterable[str]) -> list[Path]:
    """The modules to be broken, where a wrong verdict hurts most first."""
    folder = ROOT / "kfm_checks"
    first = ["engine.py", "fold.py", "facts/selectors.py", "facts/network", "facts/access", "facts/pod_security",
             "facts/images.py", "facts/resources.py", "facts/secrets", "facts/gitops", "facts/disruption",
             "facts/rollouts", "facts/scaling", "facts/criticality", "facts/schemas", "facts/quantities"]  # fmt: skip
    found = [folder / "engine.py", folder / "fold.py", *sorted((folder / "facts").rglob("*.py"))]
    names = {path: path.relative_to(folder).as_posix() for path in found}
    kept = [path for path in found if not path.name.startswith(LEFT_OUT) or any(word in names[path] for word in wanted)]
    chosen = [path for path in kept if not list(wanted) or any(word in names[path] for word in wanted)]
    rank = {path: next((n for n, word in enumerate(first) if names[path].startswith(word)), 99) for path in chosen}
    return sorted(chosen, key=lambda path: (rank[path], names[path]))


def order(counts: dict[Path, int]) -> Iterator[tuple[Path, int]]:
    """A few of every module, then a few more, drawn with a fixed seed: whenever it ends, each has been looked at."""
    drawn = {}
    for path, count in counts.items():
        drawn[path] = list(range(count))
        random.Random(SEED).shuffle(drawn[path])  # noqa: S311 - an order, no secret
    for start in range(0, max(counts.values(), default=0), ROUND):
        for path, numbers in drawn.items():
            for number in numbers[start : start + ROUND]:
                yield path, number


def attempts(out: Path) -> Counter[tuple[str, str]]:
    """How often each mutant was tried; what was tried least is tried first again."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    return Counter((record["module"], record["key"]) for record in map(json.loads, lines))


def known_records(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What earlier runs found, by module and key; the last word counts."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.is_file() else []
    return {(record["module"], record["key"]): record for record in map(json.loads, lines)}


def known_results(out: Path) -> dict[tuple[str, str], str]:
    """The result alone."""
    return {key: record["result"] for key, record in known_records(out).items()}
