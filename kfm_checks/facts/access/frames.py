"""The public view of effective RBAC: a table of permissions, and one question at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kfm_checks.facts.access.grants import Access, access
from kfm_checks.facts.access.rules import Permission, Request, Rule
from kfm_checks.facts.objects import Inventory, inventory

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("subject", "namespace", "api_group", "resource", "resource_name", "non_resource_url", "verb")


def permission_rows(access: Access) -> list[tuple[str, ...]]:
    """Every permission as granted, in the order of the columns: no duplicates, sorted."""
    by_rules: dict[tuple[bool, tuple[Rule, ...]], set[Permission]] = {}
    held: dict[tuple[str, str], set[Permission]] = {}
    for grant in access.grants:
        key = (not grant.namespace, grant.rules or ())
        if key not in by_rules:
            by_rules[key] = {one for rule in key[1] for one in rule.tuples(urls=key[0])}
        held.setdefault((grant.subject, grant.namespace), set()).update(by_rules[key])
    return [(*place, *permission) for place in sorted(held) for permission in sorted(held[place])]


def permissions(objects: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Effective RBAC of rendered objects, one row for each permission as granted.

    Columns, all of dtype string and never null: subject (``User:n``, ``Group:n``, ``ServiceAccount:ns/n``),
    namespace ("" for the whole cluster), api_group ("" for core), resource (a subresource as ``pods/exec``),
    resource_name ("" for all), non_resource_url, verb. ``*`` stays as written; groups are not expanded; built-in roles
    are resolved. Sorted, no duplicates, a RangeIndex. A role neither rendered nor built in gives no row.
    """
    import pandas as pd

    rows = permission_rows(_access(objects))
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="string")


def can(
    objects: Iterable[Mapping[str, Any]],
    subject: str,
    verb: str,
    resource: str = "",
    *,
    api_group: str = "",
    namespace: str = "",
    name: str = "",
    non_resource_url: str = "",
) -> bool:
    """Whether the rendered RBAC lets a subject do something: the answer of the API server's RBAC authorizer.

    ``resource`` may carry a subresource (``pods/exec``). ``namespace`` "" asks for the whole cluster. The groups that
    the API server adds are implied; ``Group:x`` asks for a user in that group. Raises UsageError on a bad subject.
    """
    request = Request(verb, api_group, resource, name, non_resource_url)
    return _access(objects).allows(subject, request, "" if non_resource_url else namespace)


def _access(objects: Iterable[Mapping[str, Any]]) -> Access:
    return access(objects if isinstance(objects, Inventory) else inventory(objects))
