"""The pages of the datasets that the overlay's data manifest names, each as declared and as measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kfm_checks.engine import Crashed
from kfm_checks.errors import NotVerified
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import Located
from kfm_checks.facts.datasets_generalisation import Measured, measures
from kfm_checks.sphinx_ext.view import View

#: So many datasets get a page of their own; the list names all.
PAGES = 1000
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?")
WHERE = {
    "here": "in the repository",
    "missing": "should be in the repository and is not",
    "elsewhere": "elsewhere: its bytes were not fetched for this page",
    "outside": "leads out of the repository, or is no address",
}


@dataclass(frozen=True)
class Entry:
    """One dataset with its page ("" where it has none), where its bytes are, and what was measured of them."""

    dataset: Dataset
    page: str
    located: tuple[Located, ...]
    measured: Measured | None

    @property
    def name(self) -> str:
        """Its title as a page: its id where that is a plain name."""
        return self.dataset.id if _NAME.fullmatch(self.dataset.id) else self.page.replace("-", " ").capitalize()

    @property
    def approval(self) -> str:
        """Who let it go to users, in one line; "" where nobody did."""
        part = self.dataset.part("approval")
        said = [value for key in ("by", "role", "date") if isinstance(value := part.get(key), str) and value]
        return ", ".join(said)

    @property
    def declared(self) -> str:
        """The generalisation that it declares, in one line; "" where it declares none."""
        part = self.dataset.part("generalisation")
        return ", ".join(f"{key} {value}" for key, value in part.items() if isinstance(value, str | int | float))

    @property
    def provenance(self) -> str:
        """Where it comes from, in one line."""
        parts = self.dataset.part("provenance").values()
        listed = [each for value in parts for each in (value if isinstance(value, list) else [value])]
        return self.dataset.text("provenance") or "; ".join(each for each in listed if isinstance(each, str))


def entries(view: View) -> tuple[Entry, ...]:
    """The datasets in the manifest's order. Raises NotVerified where there is no manifest, or none that can be read."""
    try:
        facts = view.judged.facts
        found: tuple[Dataset, ...] = facts.get("datasets")
        places: tuple[Located, ...] = facts.get("located")
        measured = {id(one.dataset): one for one in measures(facts.get("tree"), places)}
    except Crashed as broke:
        raise NotVerified(str(broke)) from broke
    beside: dict[int, list[Located]] = {}
    for place in places:
        beside.setdefault(id(place.dataset), []).append(place)
    pages = _pages(found)
    return tuple(Entry(one, pages[id(one)], tuple(beside.get(id(one), ())), measured.get(id(one))) for one in found)


def _pages(found: tuple[Dataset, ...]) -> Mapping[int, str]:
    """A page's name for each dataset: its id where that is a plain name and the first of its kind."""
    names: dict[int, str] = {}
    taken = {"index"}
    for number, dataset in enumerate(found, 1):
        plain = _NAME.fullmatch(dataset.id) and dataset.id not in taken and not dataset.id.startswith("dataset-")
        name = dataset.id if plain else f"dataset-{number}"
        taken.add(name)
        names[id(dataset)] = name if number <= PAGES else ""
    return names
