"""What would be let in: the patterns that the rails forbid, each tried as an object made from the overlay's own.

A workload (or a Service) is changed so that it breaks one rail, and every enforcing policy is asked. The change is made
to the Pod that it makes, since policies often match Pods alone, and then to the workload itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kfm_checks.admission.engine import Policies, Unit
from kfm_checks.admission.locate import pod_path
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.admission.patterns import SERVING, Pattern
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.pod_security import enforcement, violations
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, ObjectKey, Path


@dataclass(frozen=True)
class Attempt:
    """One attempt and what came of it. ``by`` is empty where it would be let in."""

    row: str
    words: str
    subject: Manifest
    path: Path
    #: Verdicts that refuse it; Pod Security is said in ``pod_security``.
    by: tuple[Verdict, ...] = ()
    pod_security: str = ""
    #: Why nobody can tell, "" where it is known.
    unknown: str = ""
    #: Whether every policy that refuses it fails open.
    fails_open: bool = False

    @property
    def refused(self) -> bool:
        """Whether the API server would refuse it."""
        return bool(self.by or self.pod_security)

    @property
    def policies(self) -> tuple[str, ...]:
        """Who refuses it, in words."""
        names = sorted({f"{v.policy.key.kind} {v.policy.key.name}" for v in self.by})
        return (self.pod_security, *names) if self.pod_security else tuple(names)


class Changed:
    """The changed objects of one attempt, the Pod first: that is what most policies match. Made when asked for."""

    def __init__(self, made: tuple[Candidate, ...], pattern: Pattern | None, index: int) -> None:
        self._made = made
        self._pattern = pattern
        self._index = index

    def __iter__(self) -> Iterator[tuple[Candidate, Candidate | None]]:
        """Each changed object with the one that it was made from; None where that one breaks the rail already.

        What refuses the unchanged object too, refuses it for another reason: that doesn't count.
        """
        for one in reversed(self._made):
            if self._pattern is None:
                edited: Candidate | None = _node_port(one)
                broken = dig(one.obj, "spec", "type") == "NodePort"
            else:
                edited = _edited(one, self._pattern, self._index)
                broken = _broken(one, self._pattern)
            if edited is not None:
                yield edited, None if broken else one


class Trier:
    """Tries patterns; remembers which policy refused a pattern last, since it most often refuses the next too."""

    def __init__(self, policies: Policies, inventory: Inventory) -> None:
        self.policies = policies
        self.inventory = inventory
        self._last: dict[str, ObjectKey] = {}
        self._before: dict[tuple[int, ObjectKey], frozenset[str]] = {}

    def workload(
        self, workload: Workload, made: tuple[Candidate, ...], patterns: tuple[Pattern, ...]
    ) -> Iterator[tuple[Attempt, Changed]]:
        """Each pattern on a workload, with the changed objects. ``made``: the workload and what it makes."""
        index = _last_container(workload)
        if index is None:
            return
        for pattern in patterns:
            if pattern.serving and workload.kind not in SERVING:
                continue
            changed = Changed(made, pattern, index)
            attempt = Attempt(pattern.row, pattern.words, workload.obj, _path(workload, pattern.row, index))
            yield self._tried(attempt, changed), changed

    def service(self, own: Candidate) -> tuple[Attempt, Changed]:
        """A Service turned into one with a node port."""
        attempt = Attempt("RAIL-07", "is of type NodePort", own.source, ("spec", "type"))
        changed = Changed((own,), None, 0)
        return self._tried(attempt, changed), changed

    def _tried(self, attempt: Attempt, changed: Changed) -> Attempt:
        guarded = self._pod_security(attempt, changed)
        if guarded:
            return replace(attempt, pod_security=guarded)
        open_by: tuple[Verdict, ...] = ()
        unknown = ""
        for one, unchanged in changed:
            refused, failing_open, reason = self._ask(one, unchanged, attempt.words)
            if refused:
                return replace(attempt, by=refused)
            open_by = open_by or failing_open
            unknown = unknown or reason
        if open_by:
            return replace(attempt, by=open_by, fails_open=True)
        return replace(attempt, unknown=unknown)

    def _ask(
        self, one: Candidate, unchanged: Candidate | None, words: str
    ) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...], str]:
        """Verdicts that refuse it, those that do so but fail open, and why one could not be evaluated."""
        open_by: tuple[Verdict, ...] = ()
        unknown = ""
        first = self._last.get(words)
        for unit in self.policies.units(one, first):
            found = tuple(unit.judge(one, False))
            refused = tuple(v for v in found if v.refuses)
            if refused and unchanged is not None:
                before = self._refusing(unchanged, unit)
                refused = tuple(v for v in refused if v.rule not in before)
            if refused and not _fails_open(refused[0].policy):
                self._last[words] = unit.key
                return refused, (), ""
            open_by = open_by or refused
            unknown = unknown or next(
                (_why(v) for v in found if v.result == "not-evaluated" and "deny" in v.actions), ""
            )
        return (), open_by, unknown

    def _refusing(self, unchanged: Candidate, unit: Unit) -> frozenset[str]:
        """Rules of a policy that refuse an object before it is changed."""
        key = (id(unchanged), unit.key)
        if key not in self._before:
            self._before[key] = frozenset(v.rule for v in unit.judge(unchanged, False) if v.refuses)
        return self._before[key]

    def _pod_security(self, attempt: Attempt, changed: Changed) -> str:
        """Pod Security by the namespace's label, which refuses Pods as any policy does."""
        pod, _ = next(iter(changed), (None, None)) if attempt.row == "RAIL-08" else (None, None)
        if pod is None:
            return ""
        enforced = enforcement(self.inventory.namespaces.get(pod.namespace))
        if pod.kind != "Pod" or enforced.level == "privileged" or enforced.problem:
            return ""
        if violations(pod.obj, enforced.level, enforced.version):
            return f"Pod Security ({enforced.level}) of namespace {pod.namespace}"
        return ""


def _why(verdict: Verdict) -> str:
    return f"{verdict.policy.key.kind} {verdict.policy.key.name}: {verdict.message}"


def _fails_open(policy: Manifest) -> bool:
    spec = dig(policy, "spec", default={})
    return "Ignore" in (dig(spec, "failurePolicy"), dig(spec, "webhookConfiguration", "failurePolicy"))


def _path(workload: Workload, row: str, index: int) -> Path:
    """The field that the rail of a row is about."""
    container = (*workload.path, "containers", index)
    fields: dict[str, Path] = {"RAIL-03": (*container, "resources"), "RAIL-06": (*container, "image")}
    return workload.path if row == "RAIL-08" else fields.get(row, container)


def _last_container(workload: Workload) -> int | None:
    listed = workload.spec.get("containers")
    if not isinstance(listed, list) or not listed or not all(isinstance(c, dict) for c in listed):
        return None
    return len(listed) - 1


def _edited(one: Candidate, pattern: Pattern, index: int) -> Candidate | None:
    path = pod_path(one)
    spec = dig(one.obj, *path) if path is not None else None
    if path is None or not isinstance(spec, dict):
        return None
    return replace(one, obj=_placed(one.obj, path, pattern.edit(spec, index)))


def _broken(one: Candidate, pattern: Pattern) -> bool:
    """Whether a container of the object breaks the rail as it is."""
    path = pod_path(one)
    spec = dig(one.obj, *path) if path is not None else None
    listed = spec.get("containers") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(listed, list):
        return False
    if pattern.row == "RAIL-06":
        return any("@sha256:" not in str(dig(container, "image")) for container in listed)
    return any(isinstance(c, dict) and pattern.edit(spec, i) == spec for i, c in enumerate(listed))


def _node_port(own: Candidate) -> Candidate:
    spec = dig(own.obj, "spec", default={})
    kept = {k: v for k, v in spec.items() if k != "allocateLoadBalancerNodePorts"} if isinstance(spec, dict) else {}
    return replace(own, obj={**own.obj, "spec": {**kept, "type": "NodePort", "externalTrafficPolicy": "Cluster"}})


def _placed(obj: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    head = str(path[0])
    return {**obj, head: value if len(path) == 1 else _placed(obj[head], path[1:], value)}


def settle(policies: Policies, tried: list[tuple[Attempt, Changed]], others: tuple[Manifest, ...]) -> list[Attempt]:
    """Ask Gatekeeper about all attempts that no other engine refuses; then what isn't evaluated here leaves a doubt."""
    refusing: dict[int, list[Verdict]] = {}
    doubts: dict[int, str] = {}
    if policies.constraints:
        pairs = [(i, *pair) for i, (attempt, made) in enumerate(tried) if not attempt.refused for pair in made]
        before = {id(old): old for _, _, old in pairs if old is not None}
        known = {
            (id(v.candidate), v.policy.key, v.message) for v in policies.gatekeeper(tuple(before.values())) if v.refuses
        }
        # Candidates of different attempts may be equal in all but identity.
        place = {id(new): (i, id(old)) for i, new, old in pairs}
        for verdict in policies.gatekeeper(tuple(new for _, new, _ in pairs)):
            index, old = place[id(verdict.candidate)]
            if verdict.refuses and (old, verdict.policy.key, verdict.message) not in known:
                refusing.setdefault(index, []).append(verdict)
            elif verdict.result == "not-evaluated" and "deny" in verdict.actions:
                doubts.setdefault(index, _why(verdict))
    out = []
    for index, (attempt, _) in enumerate(tried):
        if not attempt.refused and index in refusing:
            attempt = replace(attempt, by=tuple(refusing[index]), unknown="")
        elif not attempt.refused and not attempt.unknown:
            doubt = doubts.get(index, "")
            if not doubt and others:
                doubt = f"{others[0].key.kind} {others[0].key.name} may refuse it, and is not evaluated here"
            attempt = replace(attempt, unknown=doubt)
        out.append(attempt)
    return out
