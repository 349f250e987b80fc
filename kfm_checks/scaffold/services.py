"""What the rendered objects say of the way in, of workloads, of datastores and of images."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kfm_checks.engine import Facts
from kfm_checks.facts.network.reach import STRANGER
from kfm_checks.facts.network.tls import ANY
from kfm_checks.facts.network.views import clients
from kfm_checks.facts.objects import dig, items, labels_of
from kfm_checks.facts.selectors import matches
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest
from kfm_checks.scaffold.environments import environment_words
from kfm_checks.scaffold.lines import Section, note, scalar

_LABEL = re.compile(r"(^|[/.-])(env|environment)$")
#: A digest made of so few different characters was typed by a person.
_MADE_UP = 2


def place(obj: Manifest) -> str:
    """An object with its file and line, as evidence names it."""
    source = str(obj.origin.source())
    return f"{obj.key} ({source})" if source else str(obj.key)


def labelled_environment(facts: Facts) -> tuple[str, str] | None:
    """The environment that labels name, and an object that carries one; None where they disagree or are silent."""
    found: dict[str, str] = {}
    for obj in facts.get("inventory"):
        for label, value in labels_of(obj).items():
            if _LABEL.search(label) and environment_words(value):
                found.setdefault(value, f"label {label} of {place(obj)}")
    return next(iter(found.items())) if len(found) == 1 else None


def entry(facts: Facts) -> Section:
    """Hosts as read; gateways as a proposal: whether an open door is meant is the team's decision."""
    section = Section("entry")
    hosts = {one.host: place(one.entry) for one in reversed(facts.get("public_hosts")) if one.host != ANY and one.host}
    if hosts:
        section.items("hosts", sorted(hosts.items()))
    stores = {store.id for store in facts.get("datastores")}
    doors: dict[str, str] = {}
    for one in facts.get("exposures"):
        if one.destination and one.destination not in stores:
            means = "" if one.means == one.entry.key.kind else f"{one.means} of "
            doors.setdefault(one.destination, f"{means}{place(one.entry)} leads to it")
    if doors:
        section.say("Which of these is meant to be reached from outside?")
        section.items("gateways", sorted(doors.items()), on=False)
    else:
        section.raw("#  gateways: []  # nothing in the render leads in from outside")
    return section


def workloads(facts: Facts) -> Section:
    """Candidates for critical workloads, with what speaks for each; namespaces that the overlay only refers to."""
    section = Section("workloads")
    critical = [(w.id, why) for w in facts.get("criticality").candidates if (why := _importance(w, facts))]
    others = [w.id for w in facts.get("criticality").candidates if not _importance(w, facts)]
    if critical:
        section.say("Which of these must not go away? Something in the render speaks for each.")
        section.items("critical", critical, on=False)
    else:
        section.raw("#  critical: []  # nothing in the render says which workload is critical")
    if others:
        section.say(f"Nothing speaks for: {', '.join(others)}.")
    platform = _platform_namespaces(facts)
    if platform:
        section.say("Namespaces that are not this overlay's: which belong to the platform?")
        section.items("platform-namespaces", platform, on=False)
    return section


def _importance(workload: Workload, facts: Facts) -> str:
    reasons = []
    if workload.kind == "StatefulSet":
        reasons.append("it keeps data")
    if workload.replicas > 1:
        reasons.append(f"{workload.replicas} replicas")
    inventory = facts.get("inventory")
    if any(_selects(budget, workload) for budget in inventory.of("PodDisruptionBudget", "policy")):
        reasons.append("a PodDisruptionBudget selects it")
    if any(_scales(one, workload) for one in inventory.of("HorizontalPodAutoscaler", "autoscaling")):
        reasons.append("it is autoscaled")
    if any(one.destination == workload.id for one in facts.get("exposures")):
        reasons.append("it is reached from outside")
    return f"{', '.join(reasons)} ({workload.obj.origin.source()})" if reasons else ""


def _selects(budget: Manifest, workload: Workload) -> bool:
    selector = dig(budget, "spec", "selector")
    return (
        isinstance(selector, dict)
        and budget.key.namespace == workload.namespace
        and matches(selector, workload.pod_labels)
    )


def _scales(autoscaler: Manifest, workload: Workload) -> bool:
    target = dig(autoscaler, "spec", "scaleTargetRef", default={})
    same = (dig(target, "kind"), dig(target, "name")) == (workload.kind, workload.name)
    return same and autoscaler.key.namespace == workload.namespace


def _platform_namespaces(facts: Facts) -> list[tuple[str, str]]:
    """Namespaces that network policies and GitOps objects name, and that the overlay neither declares nor fills."""
    inventory = facts.get("inventory")
    own = {obj.key.name for obj in inventory.of("Namespace")} | {w.namespace for w in facts.get("workloads")}
    found: dict[str, str] = {}
    for policy in inventory.of("NetworkPolicy", "networking.k8s.io"):
        for name in _named(policy):
            found.setdefault(name, f"{place(policy)} lets it in or out")
    for reconciler in facts.get("reconcilers"):
        found.setdefault(reconciler.obj.key.namespace, f"{place(reconciler.obj)} lives there")
    return sorted((name, why) for name, why in found.items() if name not in own and not name.startswith("kube-"))


def _named(policy: Manifest) -> Iterable[str]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in items(policy, "spec", direction):
            for peer in items(rule, peers):
                name = dig(peer, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
                if isinstance(name, str) and name:
                    yield name


def datastores(facts: Facts) -> Section:
    """Datastores as recognised; their clients as a proposal: that somebody can connect doesn't mean that they may."""
    section = Section("datastores")
    found = facts.get("datastores")
    for store in found:
        where = f" ({store.obj.origin.source()})" if store.obj is not None else ""
        section.raw(f"  - workload: {scalar(store.id)}{note(store.why + where)}")
        section.raw(f"    ports: [{', '.join(map(str, store.ports))}]")
        reached = clients(facts.get("network"), store)
        inside = [name for name in reached if name != STRANGER and not name.startswith("external:")]
        open_to = "; any other pod can, too" if STRANGER in reached else ""
        section.raw(f"#    clients:  # these can connect today{open_to}: which of them may?")
        for name in inside:
            section.raw(f"#      - {scalar(name)}")
    if not found:
        section.raw("#  - workload: namespace/StatefulSet/name  # none was recognised by image, port or operator")
        section.raw("#    ports: []")
        section.raw("#    clients: []")
    return section


def images(facts: Facts) -> Section:
    """Digests that look made up."""
    section = Section("images")
    found: dict[str, str] = {}
    for container in facts.get("containers"):
        digest = container.image.rpartition("@")[2]
        if re.fullmatch(r"sha256:[0-9a-f]{64}", digest) and len(set(digest[7:])) <= _MADE_UP:
            found.setdefault(digest, place(container.workload.obj))
    if found:
        section.say("Digests that look like placeholders: do they stand for images not built yet?")
        section.items("placeholders", sorted(found.items()), on=False)
    return section
