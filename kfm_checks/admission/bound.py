"""The policies that are bound to one resource, and which of them are asked about some fields; looked up once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import field

from kfm_checks.admission import vap
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.admission.together import Group, groups
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.values import Value


class Unit(Value, frozen=True):
    """One thing that judges: a binding, or a policy that needs none. ``judge``: a candidate, whether to locate."""

    key: ObjectKey
    #: The policy, and the binding where it has one.
    source: tuple[Manifest, ...]
    judge: Callable[[Candidate, bool], Iterator[Verdict]]
    #: What of it can be asked together with others, by identity; () where it is asked by itself.
    parts: tuple[int, ...] = ()


class Asked(NamedTuple):
    """Some of the bound policies: their places, by the binding's key, and how they are asked together."""

    places: tuple[int, ...]
    by_key: dict[ObjectKey, int]
    groups: tuple[Group, ...]


class Bound(Value, frozen=True):
    """Bound policies with a rule for a resource, and whether they reach it whatever the object is."""

    pairs: tuple[tuple[vap.Policy, vap.Binding, bool], ...]
    groups: tuple[Group, ...]
    _asked: dict[frozenset[str], Asked] = field(default_factory=dict)

    def asked(self, keys: frozenset[str]) -> Asked:
        """Those that refuse what fails, and that may read fields with these names."""
        if keys not in self._asked:
            places = tuple(
                place
                for place, (policy, binding, _) in enumerate(self.pairs)
                if "deny" in binding.actions and policy.may_read(keys)
            )
            found = [p if always and i in places else None for i, (p, _, always) in enumerate(self.pairs)]
            self._asked[keys] = Asked(places, {self.pairs[i][1].key: i for i in places}, groups(found))
        return self._asked[keys]
