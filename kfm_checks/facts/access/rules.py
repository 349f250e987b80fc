"""One RBAC rule, and whether it allows a request: the API server's own matching, nothing cleverer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kfm_checks.facts.objects import dig, items
from kfm_checks.values import Value

ALL = "*"


class Request(NamedTuple):
    """What is asked of the API server. A resource may carry its subresource, as in ``pods/exec``."""

    verb: str
    api_group: str = ""
    resource: str = ""
    name: str = ""
    non_resource_url: str = ""


class Permission(NamedTuple):
    """One permission of a rule, as written."""

    api_group: str
    resource: str
    resource_name: str
    non_resource_url: str
    verb: str


class Rule(Value, frozen=True):
    """A ``PolicyRule``; lists keep only text, since the API server refuses anything else."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = ()

    def allows(self, request: Request) -> bool:
        """Whether the rule allows a request.

        As the API server: ``*`` matches all; a resource matches whole, or as ``*/subresource``; a list of names
        excludes requests without a name (create, most lists); a URL may end in ``*``.
        """
        if ALL not in self.verbs and request.verb not in self.verbs:
            return False
        if request.non_resource_url:
            return any(_url_matches(url, request.non_resource_url) for url in self.non_resource_urls)
        return (
            (ALL in self.api_groups or request.api_group in self.api_groups)
            and self._has_resource(request.resource)
            and (not self.resource_names or request.name in self.resource_names)
        )

    def _has_resource(self, resource: str) -> bool:
        subresource = resource.partition("/")[2]
        return any(r in (ALL, resource) or (subresource and r == f"*/{subresource}") for r in self.resources)

    def touches(self, verbs: tuple[str, ...], api_group: str, resource: str) -> bool:
        """Whether it allows any of the verbs on some object of a resource, whatever the names it is limited to."""
        return (
            (ALL in self.api_groups or api_group in self.api_groups)
            and (ALL in self.verbs or any(verb in self.verbs for verb in verbs))
            and self._has_resource(resource)
        )

    def tuples(self, *, urls: bool = True) -> Iterator[Permission]:
        """Every permission of the rule, ``*`` kept as written."""
        for verb in self.verbs:
            for group in self.api_groups:
                for resource in self.resources:
                    for name in self.resource_names or ("",):
                        yield Permission(group, resource, name, "", verb)
            for url in self.non_resource_urls if urls else ():
                yield Permission("", "", "", url, verb)

    @property
    def wildcards(self) -> tuple[str, ...]:
        """Fields that hold a bare ``*``."""
        fields = (
            ("verbs", self.verbs),
            ("apiGroups", self.api_groups),
            ("resources", self.resources),
            ("nonResourceURLs", self.non_resource_urls),
        )
        return tuple(name for name, values in fields if ALL in values)


def _url_matches(rule: str, url: str) -> bool:
    return rule in (ALL, url) or (rule.endswith(ALL) and url.startswith(rule.rstrip(ALL)))


def rules_of(role: dict[str, Any]) -> tuple[Rule, ...]:
    """The rules of a Role or ClusterRole as written; items that are no mappings are dropped."""
    return tuple(
        Rule(
            verbs=texts(rule, "verbs"),
            api_groups=texts(rule, "apiGroups"),
            resources=texts(rule, "resources"),
            resource_names=texts(rule, "resourceNames"),
            non_resource_urls=texts(rule, "nonResourceURLs"),
        )
        for rule in items(role, "rules")
    )


def texts(value: Any, *steps: str | int) -> tuple[str, ...]:
    """The texts of a list; () where there is no list."""
    found = dig(value, *steps)
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()
