"""META-05: the domain that outside clients come in by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged
from kfm_checks.facts.network.tls import ANY, PublicHost
from kfm_checks.model import Evidence


def ingress_domain_is_known(public_hosts: tuple[PublicHost, ...], config: Config) -> Iterator[Evidence]:
    """The primary ingress domain is known.

    Read from the hosts of Ingresses, Gateway routes, OpenShift Routes, VirtualServices and IngressRoutes: the parent
    that most of them share. Where hosts are declared, one of them has to lie in it. Where no object names a host, the
    domain is not confirmed here.

    Remedy: write the host into the Ingress's rules, the route's `hostnames` or the Route's `spec.host`; where the
    render is right, mend `entry.hosts` in kfm-checks.yaml.
    """
    named = [one for one in public_hosts if one.host != ANY and "." in one.host]
    if not named and config.entry.hosts == ():
        return  # declared: nothing here is public
    if not named:
        raise NotVerified("no Ingress, route or Route in the render names a host")
    domain = primary_domain([one.host for one in named])
    declared = config.entry.hosts or ()
    agrees = not declared or any(_in(host, domain) for host in declared)
    for one in named:
        inside = _in(one.host, domain)
        text = f"{one.host} is in the primary domain {domain}" if inside else f"{one.host} is beside the primary domain"
        text += "" if agrees else ", in which no declared host lies"
        expected = ", ".join(declared) or "a host"
        yield judged(agrees, one.entry, one.path, message=text, expected=expected, observed=one.host, about=one.host)


def _in(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def primary_domain(hosts: list[str]) -> str:
    """The parent domain that most hosts share; of equals the longest, then the first by name."""
    parents = Counter(host.removeprefix("*.").partition(".")[2] or host for host in sorted(set(hosts)))
    usable = {name: count for name, count in parents.items() if "." in name} or {min(hosts): 1}
    return min(usable, key=lambda name: (-usable[name], -len(name), name))
