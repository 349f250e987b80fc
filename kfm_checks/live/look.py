"""Look at a cluster: connect, list, compare, try, ask; what can't be read is kept as the reason why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kfm_checks.errors import NotVerified
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live import namespaces_of, tried_in
from kfm_checks.live.attempts import attempt
from kfm_checks.live.client import Connection, Refusal, connect
from kfm_checks.live.compare import compare
from kfm_checks.live.discovery import discover
from kfm_checks.live.listing import list_all
from kfm_checks.live.reviews import ask, questions

if TYPE_CHECKING:
    from kfm_checks.engine import Facts
    from kfm_checks.judged import Options

IN_CLUSTER = "not tried from inside the cluster: this run only reads"


def look_at(options: Options, facts: Facts, render: str) -> Cluster:
    """What the cluster of the context shows now. Raises UsageError where there is no such context."""
    target = facts.get("target")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    cluster = Cluster("cluster", options.context or "", now, render=render, head=_head(facts))
    try:
        connection = connect(None if options.in_cluster else options.context, target.folder)
        cluster = replace(cluster, version=_version(connection))
        return _seen(connection, cluster, facts, options)
    except Refusal as refusal:
        return replace(cluster, problem=refusal.reason)


def _seen(connection: Connection, cluster: Cluster, facts: Facts, options: Options) -> Cluster:
    served = discover(connection)
    inventory = facts.get("inventory")
    rendered, namespaces = inventory.objects, namespaces_of(inventory)
    listings = list_all(connection, served, rendered, namespaces, in_cluster=options.in_cluster)
    why_not = IN_CLUSTER if options.in_cluster else ""
    comparisons = compare(connection, served, rendered, listings, dry_run=not options.in_cluster)
    tried = tried_in(inventory, facts.get("config"))
    attempts = attempt(connection, tried, facts.get("workloads"), why_not)
    asked = questions(facts.get("personas"), namespaces)
    answers = tuple(replace(one, problem=why_not) for one in asked) if why_not else ask(connection, asked)
    seen = replace(cluster, listings=listings, comparisons=comparisons, attempts=attempts, answers=answers)
    return replace(seen, probes=_probes(seen, facts)) if options.probe else seen


def _probes(cluster: Cluster, facts: Facts) -> Any:
    from kfm_checks.live.probe import probe

    homes = namespaces_of(facts.get("inventory"))
    hosts = {one.host for one in facts.get("public_hosts")}
    ports = {port for store in facts.get("datastores") for port in store.ports}
    addresses = {
        str(entry.get("hostname") or entry.get("ip") or "")
        for obj in cluster.of("Service")
        if obj.key.namespace in homes  # what others expose is no business of this overlay's
        for entry in ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    }
    return probe(hosts, {(address, port) for address in addresses | hosts if address for port in ports})


def _version(connection: Connection) -> dict[str, str]:
    return {str(k): str(v) for k, v in connection.get("/version").items() if k in {"gitVersion", "platform"}}


def _head(facts: Facts) -> str:
    """The commit that the overlay's repository is at, "" where there is none."""
    try:
        return str(facts.get("repository").git("rev-parse", "HEAD").strip())
    except NotVerified:
        return ""
