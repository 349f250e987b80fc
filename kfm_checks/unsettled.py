"""What a variable that nobody knows leaves open: evidence that reads it, and what is computed from many objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from kfm_checks.evidence import json_pointer, reopened, unknown
from kfm_checks.facts.substitution import Variable
from kfm_checks.model import Evidence, ObjectKey

Variables = Mapping[ObjectKey, tuple[Variable, ...]]

#: Fields that decide nothing of the object around them; a check that reads one points to it.
_APART = frozenset(
    {
        *("name", "namespace", "labels", "annotations", "image", "args", "command", "env", "data", "stringData"),
        *("host", "hosts", "hostnames", "dnsNames", "commonName", "secretName", "description", "resources"),
    }
)
#: Fields that decide nothing of who reaches whom, and who may do what.
_ASIDE = frozenset({"metadata", "host", "hosts", "hostnames", "secretName"})
#: Facts that judge what is written (credentials) or what is changed: whatever is filled in later is no part of it.
_WRITTEN = frozenset({"object_credentials", "file_credentials", "diff"})
#: Fact -> groups or kinds of the objects that it is computed from: a variable in one of them leaves its answers open.
_RELATIONS: Mapping[str, frozenset[str]] = {
    "network": frozenset({"networking.k8s.io/NetworkPolicy", "policy.networking.k8s.io", "cilium.io"}),
    "access": frozenset({"rbac.authorization.k8s.io"}),
    "exposures": frozenset(
        {
            *("/Service", "networking.k8s.io/Ingress", "route.openshift.io", "gateway.networking.k8s.io"),
            *("networking.istio.io", "traefik.io"),
        }
    ),
}


def settled(evidence: Iterable[Evidence], variables: Variables, reached: Collection[str]) -> Iterator[Evidence]:
    """The evidence of a check that reaches these facts; of what reads a variable nobody knows if it is right."""
    if not variables or _WRITTEN & set(reached):
        yield from evidence
        return
    related = {fact: _related(fact, variables) for fact in _RELATIONS if fact in reached}
    policies = related.get("network", ())
    for item in evidence:
        read = _read(item, variables.get(item.subject, ()), "tree" in reached) or _near(item, policies)
        yield reopened(item, _why(read)) if read else item
    named = {(each.obj.key, json_pointer(each.path)): each for found in related.values() for each in found}
    for _, each in sorted(named.items(), key=lambda item: item[0]):
        yield unknown(each.obj, each.path, message=_why([each]))


def _read(item: Evidence, found: tuple[Variable, ...], written: bool) -> tuple[Variable, ...]:
    """The variables that evidence reads: at its place, or below it where that decides it.

    What fails for all of an object fails whatever the variable is; files are judged as they are ``written``.
    """
    read = []
    for each in found if item.holds is not None else ():
        at, where = json_pointer(each.path), item.pointer
        inside = set(each.path[where.count("/") :])
        below = at.startswith(f"{where}/") and not _APART & inside and not written
        if at == where or where.startswith(f"{at}/") or (below and (item.holds or where)):
            read.append(each)
    return tuple(read)


def _related(fact: str, variables: Variables) -> tuple[Variable, ...]:
    """The first deciding variable of each object that a fact is computed from."""
    found: list[Variable] = []
    for key, each in sorted(variables.items()):
        if {key.group, f"{key.group}/{key.kind}"} & _RELATIONS[fact]:
            found += [one for one in each if not _ASIDE & set(one.path)][:1]
    return tuple(found)


def _near(item: Evidence, policies: tuple[Variable, ...]) -> tuple[Variable, ...]:
    """The open policies of the same namespace: a policy admits as well as it shuts out, and neither is known."""
    subject = item.subject
    home = subject.name if subject.kind == "Namespace" else subject.namespace
    found = (each for each in policies if each.obj.key.namespace in {"", home})
    return tuple(found) if item.holds is not None else ()


def _why(found: Iterable[Variable]) -> str:
    names = sorted({name for each in found for name in each.names})
    written = ", ".join(f"${{{name}}}" for name in names) or "a variable"
    return f"Flux fills in {written} when it applies the object, with what is not known here"
