"""MEM-07: every public host is served over TLS."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks import remedies
from kfm_checks.evidence import judged, unknown
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.others import entries_not_evaluated, is_entry_controller
from kfm_checks.facts.network.tls import ANY, PublicHost
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence

_DIRECT = ("LoadBalancer", "NodePort", "externalIPs")


def public_hosts_use_tls(
    inventory: Inventory,
    public_hosts: tuple[PublicHost, ...],
    exposures: tuple[Exposure, ...],
    workloads: tuple[Workload, ...],
) -> Iterator[Evidence]:
    """Every public host is served over TLS, and in plain HTTP only to redirect.

    Looked at is where the host enters: `tls` of an Ingress, an OpenShift Route, a Traefik IngressRoute, the listeners
    that a Gateway route or VirtualService is attached to. Where TLS ends at a cloud load balancer, or with a
    controller's default certificate, the render can't show it: not verified. NIST SP 800-53 SC-8.

    Remedy: add the host with a `secretName` to the Ingress's `tls`, give the Gateway an HTTPS listener with
    `certificateRefs`, or give the Route `tls`; let cert-manager issue the certificate, and redirect plain HTTP.
    """
    for one in public_hosts:
        if not one.entry.key.namespace.startswith("kube-"):
            yield _host(one)
    controllers = {workload.id for workload in workloads if is_entry_controller(workload)}
    for door in exposures:
        internal = door.entry.key.namespace.startswith("kube-")
        if door.means in _DIRECT and door.destination not in controllers and not internal:
            text = f"{door.means} {door.entry.key} leads to {door.destination or 'pods outside the render'} by itself: "
            text += "whether the load balancer or the pod serves TLS can't be seen"
            yield unknown(door.entry, door.path, message=text, expected="TLS", about=door.destination)
    for obj in entries_not_evaluated(inventory):
        yield unknown(obj, message=f"{obj.key} may serve a public host; objects of this kind are not evaluated")


def _host(one: PublicHost) -> Evidence:
    name = one.host if one.host != ANY else "any host"
    patch = ""
    if one.secure is False and one.entry.key.kind == "Ingress":
        patch = remedies.tls(one.entry, one.host if one.host != ANY else "")
    return judged(
        one.secure,
        one.entry,
        one.path,
        message=f"{name} ({one.entry.key}): {one.note}",
        expected="TLS, and plain HTTP only to redirect",
        observed=one.note,
        about=one.host,
        patch=patch,
    )
