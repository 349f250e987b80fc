"""OPS-02 and OPS-03: what the live cluster shows to the outside, and what it must not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.cluster import Cluster, Probe
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.live import of_door
from kfm_checks.facts.live_ways import ENTRY_KINDS, POD_KINDS, Ways
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.others import entries_not_evaluated
from kfm_checks.facts.network.tls import ANY, PublicHost
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Evidence, Manifest, ObjectKey

#: Routes whose controller writes no address into them: that of its own Service serves all.
_WITHOUT_STATUS = frozenset({"VirtualService", "IngressRoute", "IngressRouteTCP", "IngressRouteUDP"})


def ingress_serves_hosts(
    cluster: Cluster, inventory: Inventory, public_hosts: tuple[PublicHost, ...]
) -> Iterator[Evidence]:
    """The cluster's ingress has an address and serves each host that the overlay declares.

    An Ingress without a controller serves nobody: the live Ingress, Gateway or Route of each host has to carry an
    address that its controller gave it (Kubernetes documentation, Ingress Controllers; Gateway API, status.addresses).
    With `--probe` each host is also asked over HTTPS.

    Remedy: look at the ingress controller, the DNS record and the certificate of the host named.
    """
    live = {(o.key.group, o.key.kind, o.key.namespace, o.key.name): o for o in cluster.objects}
    for one in public_hosts:
        if one.host == ANY:
            continue
        key = one.entry.key
        yield _served(one, live.get((key.group, key.kind, key.namespace, key.name)), cluster)
    for probe in cluster.probes:
        if probe.asks == "https":
            yield _asked(probe)


def _served(one: PublicHost, obj: Manifest | None, cluster: Cluster) -> Evidence:
    kind = f"{one.entry.key.kind}.{one.entry.key.group}"
    if obj is None:
        refused = next((listing.problem for listing in cluster.unread([kind])), "")
        if refused:
            return unknown(one.entry, one.path, message=f"{kind} could not be listed: {refused}", about=one.host)
        text = f"{one.host}: its {one.entry.key.kind} is not in the cluster"
        return fails(one.entry, one.path, message=text, expected="an address", observed="absent", about=one.host)
    addresses = _addresses(obj, cluster)
    if not addresses and one.entry.key.kind in _WITHOUT_STATUS:
        text = f"{one.host}: a {one.entry.key.kind} is given no address of its own; nobody saw whether it is served"
        return unknown(one.entry, one.path, message=text, expected="an address", about=one.host)
    message = f"{one.host} has an address" if addresses else f"{one.host}: no controller gave it an address"
    return judged(
        bool(addresses),
        one.entry,
        one.path,
        message=message,
        expected="an address",
        observed=addresses or "none",
        about=one.host,
    )


def _addresses(obj: Manifest, cluster: Cluster) -> list[str]:
    """Addresses by the object's own status; a Gateway API route has those of its Gateways."""
    found = [str(i.get("ip") or i.get("hostname")) for i in items(obj, "status", "loadBalancer", "ingress")]
    found += [str(i.get("value")) for i in items(obj, "status", "addresses")]
    for router in items(obj, "status", "ingress"):
        admitted = any(c.get("type") == "Admitted" and c.get("status") == "True" for c in items(router, "conditions"))
        found += [str(router.get("routerCanonicalHostname") or router.get("host"))] if admitted else []
    parents = {
        (str(parent.get("namespace") or obj.key.namespace), str(parent.get("name")))
        for parent in items(obj, "spec", "parentRefs")
    }
    for gateway in cluster.of("Gateway", "gateway.networking.k8s.io") if parents else ():
        if (gateway.key.namespace, gateway.key.name) in parents:
            found += [str(i.get("value")) for i in items(gateway, "status", "addresses")]
    return sorted(found)


def _asked(probe: Probe) -> Evidence:
    subject = ObjectKey("", "Host", "", probe.host)
    if probe.answered and probe.certificate:
        text = f"it answers over HTTPS with {probe.status}; its certificate is valid until {probe.until}"
        return holds(subject, message=text, expected="served over HTTPS", observed=str(probe.status))
    what = probe.problem or "no answer"
    if probe.answered is None:
        return unknown(subject, message=f"it could not be asked over HTTPS: {what}", expected="served over HTTPS")
    return fails(subject, message=f"asked over HTTPS: {what}", expected="served over HTTPS", observed=what)


def live_datastores_are_private(cluster: Cluster, live_ways: Ways) -> Iterator[Evidence]:
    """No Service, route or host port of the live cluster exposes a core datastore.

    What was opened by hand is in no file: every live Service, Ingress, route, host port and external address, in
    whatever namespace it stands, is followed to the pods behind it. With `--probe` the datastores' ports are also tried
    at the cluster's external addresses (NIST SP 800-53 SC-7, boundary protection).

    Remedy: delete the exposing object, find out who made it, and let the controller heal.
    """
    for listing in cluster.unread((*ENTRY_KINDS, *POD_KINDS)):
        yield unknown(listing.key, message=listing.refusal)
    for kind, count in cluster.partly(ENTRY_KINDS):
        text = f"{kind.resource} could be listed in {count} namespaces alone: what leads in from another, nobody saw"
        yield unknown(ObjectKey(kind.api_version, kind.kind, "", "*"), message=text)
    if not any(store.obj is not None for store in live_ways.datastores):
        raise NotVerified("no datastore was seen in the cluster")
    for store in live_ways.datastores:
        yield from _ways_to(store, live_ways)
    yield from _blind(live_ways)
    for probe in cluster.probes:
        if probe.asks == "tcp":
            yield _closed(probe)


def _ways_to(store: Datastore, ways: Ways) -> Iterator[Evidence]:
    if store.obj is None:
        yield unknown(
            ObjectKey("", *_parts(store.id)), message=f"the declared datastore {store.id} is not in the cluster"
        )
        return
    led = [one for one in ways.exposures if one.destination == store.id or one.service in store.services]
    for one in led:
        message = f"{one.means} {one.entry.key} leads from outside to the datastore {store.id}"
        yield fails(
            one.entry, one.path, message=message, expected="no way to a datastore", observed=store.id, about=store.id
        )
    if not led:
        text = f"no way in from outside leads to the datastore {store.id}"
        yield holds(store.obj, message=text, expected="no way to a datastore", observed="none")


def _blind(ways: Ways) -> Iterator[Evidence]:
    """Doors that nobody can follow: beside a datastore, to addresses set by hand, or of a kind that names its home."""
    homes = frozenset(store.namespace for store in ways.datastores if store.obj is not None)
    for one in ways.exposures:
        why = "" if one.destination else _lost(one, homes, ways.seen)
        if why:
            text = f"{one.entry.key} can't be followed: {why}"
            yield unknown(one.entry, one.path, message=text, expected="no way to a datastore", about=one.service)
    for obj in entries_not_evaluated(ways.seen):
        if (obj.key.namespace in homes or _names_one(obj, homes)) and not of_door(obj, ways.seen):
            yield unknown(obj, message=f"{obj.key} may let the outside in; objects of this kind are not evaluated")


def _lost(one: Exposure, homes: frozenset[str], seen: Inventory) -> str:
    """Why a way in that ends nowhere may yet lead to a datastore, "" where it can't."""
    namespace, _, name = one.service.partition("/Service/")
    service = seen.get("Service", name, namespace)
    if service is None:
        return one.note if one.entry.key.namespace in homes else ""
    if dig(service, "spec", "type") == "ExternalName" or of_door(service, seen):
        return ""  # it leads out of the cluster again, or is followed by the routes of its Gateway
    if not dig(service, "spec", "selector"):
        return f"{one.service} has no selector, its addresses are set by hand"
    return one.note if one.entry.key.namespace in homes else ""


def _names_one(value: Any, homes: frozenset[str]) -> bool:
    """Whether some text of an object names one of these namespaces, alone or in an address."""
    if isinstance(value, str):
        return not homes.isdisjoint(re.split(r"[^a-z0-9-]+", value))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_names_one(one, homes) for one in inner)


def _parts(id: str) -> tuple[str, str, str]:
    namespace, kind, name = (*id.split("/", 2), "", "")[:3]
    return kind, namespace, name


def _closed(probe: Probe) -> Evidence:
    subject = ObjectKey("", "Host", "", probe.host)
    about = str(probe.port)
    if probe.answered is None:
        return unknown(subject, message=f"port {probe.port} could not be tried: {probe.problem}", about=about)
    text = f"port {probe.port} {'answers' if probe.answered else 'is closed'}"
    return judged(not probe.answered, subject, message=text, expected="closed", observed=text, about=about)
