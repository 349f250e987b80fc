"""Who holds what: each subject of each binding with the rules that it gets, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from kfm_checks.errors import UsageError
from kfm_checks.facts.access.roles import GROUP, RoleBook, role_book
from kfm_checks.facts.access.rules import Request, Rule
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

AUTHENTICATED = "Group:system:authenticated"
UNAUTHENTICATED = "Group:system:unauthenticated"
SERVICE_ACCOUNTS = "Group:system:serviceaccounts"
MASTERS = "Group:system:masters"
ANONYMOUS = "User:system:anonymous"


class Grant(Value, frozen=True):
    """One subject of one binding. ``namespace`` is "" where the grant holds in the whole cluster."""

    binding: Manifest
    index: int
    subject: str
    namespace: str
    role_kind: str
    role_name: str
    #: None: the role is neither rendered nor built in, so nobody can say what it grants.
    rules: tuple[Rule, ...] | None

    @property
    def path(self) -> Path:
        """The path of the subject in the binding."""
        return ("subjects", self.index)

    @property
    def role(self) -> str:
        """The role in words."""
        return f"{self.role_kind} {self.role_name}"

    @property
    def effective(self) -> tuple[Rule, ...]:
        """The rules; in a namespace without URLs, which no RoleBinding can grant."""
        if not self.namespace:
            return self.rules or ()
        return tuple(rule for rule in self.rules or () if rule.resources)

    def allows(self, request: Request, namespace: str) -> bool:
        """Whether the grant covers a request in a namespace ("" is the cluster's own scope)."""
        if self.namespace and (self.namespace != namespace or request.non_resource_url):
            return False
        return any(rule.allows(request) for rule in self.rules or ())


class Access(Value, frozen=True):
    """Effective RBAC of the rendered objects."""

    grants: tuple[Grant, ...]
    roles: RoleBook
    #: Bindings and roles of kinds that nobody evaluates here (OpenShift's own ``authorization.openshift.io``).
    unread: tuple[Manifest, ...] = ()

    @cached_property
    def by_subject(self) -> Mapping[str, tuple[Grant, ...]]:
        """Grants by the subject as written."""
        found: dict[str, list[Grant]] = {}
        for grant in self.grants:
            found.setdefault(grant.subject, []).append(grant)
        return {subject: tuple(grants) for subject, grants in found.items()}

    def of(self, subject: str) -> tuple[Grant, ...]:
        """Every grant that a request by the subject benefits from, implied groups included."""
        return tuple(g for identity in sorted(identities(subject)) for g in self.by_subject.get(identity, ()))

    def allows(self, subject: str, request: Request, namespace: str = "") -> bool:
        """What the RBAC authorizer answers. Members of ``system:masters`` are allowed everything."""
        names = identities(subject)
        if MASTERS in names:
            return True
        return any(g.allows(request, namespace) for name in names for g in self.by_subject.get(name, ()))

    def account_grants(self, namespace: str, name: str) -> tuple[Grant, ...]:
        """Grants to a service account by its own name or by a group of service accounts (not of everybody)."""
        own = identities(f"ServiceAccount:{namespace}/{name}") - {AUTHENTICATED}
        return tuple(g for identity in sorted(own) for g in self.by_subject.get(identity, ()))


def access(inventory: Inventory) -> Access:
    """Effective RBAC: roles, aggregation, bindings and subjects.

    Source: Kubernetes documentation, *Using RBAC Authorization*. A subject that the API server would refuse is dropped.
    """
    book = role_book(inventory)
    grants: list[Grant] = []
    for binding in inventory.of("RoleBinding", GROUP):
        grants += _grants(binding, binding.key.namespace, book)
    for binding in inventory.of("ClusterRoleBinding", GROUP):
        grants += _grants(binding, "", book)
    unread = sorted(inventory.of_group("authorization.openshift.io"), key=lambda obj: obj.key)
    grants.sort(key=lambda g: (g.subject, g.namespace, g.binding.key, g.index))
    return Access(tuple(grants), book, tuple(unread))


def _grants(binding: Manifest, namespace: str, book: RoleBook) -> Iterator[Grant]:
    kind, name = dig(binding, "roleRef", "kind"), dig(binding, "roleRef", "name")
    if not isinstance(name, str) or kind not in (("Role", "ClusterRole") if namespace else ("ClusterRole",)):
        return
    rules = book.cluster_rules(name) if kind == "ClusterRole" else book.role_rules(namespace, name)
    subjects = binding.get("subjects")
    for index, item in enumerate(subjects if isinstance(subjects, list) else ()):
        subject = _subject(item, namespace)
        if subject:
            yield Grant(binding, index, subject, namespace, kind, name, rules)


def _subject(item: Any, namespace: str) -> str:
    """The subject in words, "" where the API server would refuse it.

    A service account without a namespace is one of the RoleBinding's own; a ClusterRoleBinding has none to offer.
    """
    kind, name = dig(item, "kind"), dig(item, "name")
    if not isinstance(name, str) or not name:
        return ""
    if kind in ("User", "Group"):
        return f"{kind}:{name}"
    home = dig(item, "namespace", default="") or namespace
    return f"ServiceAccount:{home}/{name}" if kind == "ServiceAccount" and isinstance(home, str) and home else ""


def canonical(subject: str) -> str:
    """A subject as ``User:n``, ``Group:n`` or ``ServiceAccount:ns/n``, which a service account's user name becomes.

    Raises UsageError where it has no such form.
    """
    kind, _, name = subject.partition(":")
    namespace, _, account = name.partition("/")
    known = bool(name) if kind in ("User", "Group") else kind == "ServiceAccount" and bool(namespace and account)
    if not known:
        raise UsageError(
            f"{subject!r} is no subject", remedy="write User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME"
        )
    parts = name.split(":")
    if kind == "User" and parts[:2] == ["system", "serviceaccount"] and len(parts) == 4 and parts[2] and parts[3]:
        return f"ServiceAccount:{parts[2]}/{parts[3]}"
    return subject


def identities(subject: str) -> frozenset[str]:
    """Every subject of a binding that a request by ``subject`` matches: itself and the groups it is in.

    ``Group:x`` means a request by a user who is in that group (and in ``system:authenticated``).
    Source: Kubernetes documentation, *Authenticating*: groups that the API server adds.
    """
    subject = canonical(subject)
    kind, _, name = subject.partition(":")
    if kind == "ServiceAccount":
        namespace, _, account = name.partition("/")
        user = f"User:system:serviceaccount:{namespace}:{account}"
        return frozenset({subject, user, SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}", AUTHENTICATED})
    if subject in (ANONYMOUS, UNAUTHENTICATED):
        return frozenset({subject, UNAUTHENTICATED})
    if subject.startswith(f"{SERVICE_ACCOUNTS}:"):
        return frozenset({subject, SERVICE_ACCOUNTS, AUTHENTICATED})
    return frozenset({subject, AUTHENTICATED})


def member_of(subject: str, declared: Iterable[str]) -> bool:
    """Whether a subject is one of those declared, by name or by a group that it is always in."""
    names = identities(subject)
    return any(name in names for name in declared)
