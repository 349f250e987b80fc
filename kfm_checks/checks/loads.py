"""The check against ad-hoc loads: only the declared reconciler can write to the datastores."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import file_key, holds, judged, unknown
from kfm_checks.facts.access.credentials import CredentialUse
from kfm_checks.facts.access.grants import Access, Grant
from kfm_checks.facts.access.personas import Personas, standing
from kfm_checks.facts.access.powers import READ, WRITE, is_impersonation, makes_pods
from kfm_checks.facts.access.rules import Rule
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network import Network
from kfm_checks.facts.network.ports import intersection
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence

#: Streams and calls that reach into a pod past every NetworkPolicy, since the API server or the kubelet makes them.
STREAMS = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy")


def only_reconciler_loads_data(
    workloads: tuple[Workload, ...],
    access: Access,
    personas: Personas,
    config: Config,
    datastores: tuple[Datastore, ...],
    network: Network,
    credential_uses: tuple[CredentialUse, ...],
) -> Iterator[Evidence]:
    """Only the declared reconciler can load data: by RBAC, by credential and by network.

    Data that came in beside the manifest has no version and no review (NIST SP 800-53 CM-5 and AC-6, least privilege).
    In the namespaces of the datastores and of the reconciler, nobody but platform operators and the reconciler itself
    may run or change pods, open streams into them, read Secrets or take tokens. No other workload uses a credential
    of the reconciler or of a datastore itself, be it the same Secret or the same entry of the backend. Nothing reaches
    a datastore's port but its approved clients and the reconciler; clients are taken to hold credentials that only
    read, which no manifest can show. Not verified where no datastore or no reconciler is declared.

    Remedy: declare `data.reconciler`; take the permission, the credential or the connection from everyone else, and
    give readers a credential of their own.
    """
    if not datastores:
        raise NotVerified("no datastore is declared or recognised, so there is nothing to load into that could be seen")
    reconciler = config.data.reconciler
    if not reconciler:
        yield _undeclared(credential_uses, datastores)
        return
    loader = next((w for w in workloads if w.id == reconciler), None)
    if loader is None:
        message = f"the declared reconciler {reconciler} is not in the render"
        yield unknown(file_key("kfm-checks.yaml"), ("data", "reconciler"), message=message, observed=reconciler)
    yield from _by_grant(access, personas, config, datastores, loader)
    yield from _by_credential(workloads, credential_uses, datastores, reconciler)
    yield from _by_network(network, datastores, reconciler)


def _undeclared(uses: tuple[CredentialUse, ...], datastores: tuple[Datastore, ...]) -> Evidence:
    own = {datastore.id for datastore in datastores}
    likely = sorted({u.workload.id for u in uses if u.workload.kind in ("Job", "CronJob") and u.workload.id not in own})
    return unknown(
        file_key("kfm-checks.yaml"),
        ("data", "reconciler"),
        message="nobody declares which workload loads data",
        expected="data.reconciler",
        observed=likely,
        patch=f"data:\n  reconciler: {likely[0]}\n" if likely else "",
    )


def _by_grant(
    access: Access, personas: Personas, config: Config, datastores: tuple[Datastore, ...], loader: Workload | None
) -> Iterator[Evidence]:
    places = {datastore.namespace for datastore in datastores} | ({loader.namespace} if loader else set())
    own = f"ServiceAccount:{loader.namespace}/{loader.service_account}" if loader else ""
    for grant in access.grants:
        reached = sorted(place for place in places if grant.namespace in ("", place))
        if not reached or grant.subject == own:
            continue
        if grant.rules is None:
            ok: bool | None = True if personas.is_operator(grant.subject) else None
            message = (
                f"{grant.role} is neither rendered nor built in: nobody can tell whether it lets {grant.subject} load"
            )
            yield judged(ok, grant.binding, grant.path, message=message, observed=grant.role)
            continue
        yield _loading(grant, reached, personas, config)


def _loading(grant: Grant, reached: list[str], personas: Personas, config: Config) -> Evidence:
    ways = sorted({way for rule in grant.effective for way in _ways(rule)})
    if not ways:
        message = f"{grant.subject} can't load data by {grant.role}"
        return holds(grant.binding, grant.path, message=message, observed="none")
    ok, why = standing(grant.subject, personas, config)
    return judged(
        ok,
        grant.binding,
        grant.path,
        message=f"{grant.subject}, {why}, {', '.join(ways)} in {', '.join(reached)}",
        expected="only the reconciler and platform operators",
        observed=ways,
    )


def _ways(rule: Rule) -> Iterator[str]:
    if makes_pods(rule):
        yield "may run or change pods"
    if any(rule.touches(("get", "create", "update", "patch"), "", resource) for resource in STREAMS):
        yield "may open streams into pods"
    if rule.touches(("update", "patch"), "", "pods/ephemeralcontainers"):
        yield "may add containers to pods"
    if rule.touches((*READ, *WRITE), "", "secrets"):
        yield "may read or write Secrets"
    if rule.touches(("create",), "", "serviceaccounts/token") or is_impersonation(rule):
        yield "may act as service accounts"
    if rule.touches(WRITE, "", "persistentvolumeclaims"):
        yield "may change volume claims"


def _by_credential(
    workloads: tuple[Workload, ...], uses: tuple[CredentialUse, ...], datastores: tuple[Datastore, ...], reconciler: str
) -> Iterator[Evidence]:
    stores = {datastore.id for datastore in datastores}
    loading = [use for use in uses if use.workload.id == reconciler]
    serving = [use for use in uses if use.workload.id in stores]
    for workload in workloads:
        if workload.id == reconciler or workload.id in stores:
            continue
        shared = [
            (use, *found) for use in uses if use.workload.id == workload.id and (found := _owner(use, loading, serving))
        ]
        for use, ok, owner in shared:
            message = f"{workload.id} uses a credential of {owner}: the Secret {use.secret}"
            if ok is None:
                message += "; whether it may write with it can't be seen"
            yield judged(
                ok, workload.obj, use.path, message=message, expected="a credential of its own", observed=use.secret
            )
        if not shared:
            message = f"{workload.id} uses no credential of a datastore or of the reconciler"
            yield holds(workload.obj, workload.path, message=message, observed="none")


def _owner(
    use: CredentialUse, loading: list[CredentialUse], serving: list[CredentialUse]
) -> tuple[bool | None, str] | None:
    """Whose credential a use is, and whether that is wrong; a datastore's backend entry may be a reader's."""
    for other in loading:
        if use.shares(other):
            return False, other.workload.id
    for other in serving:
        if use.shares(other):
            return (None if not use.same_secret(other) else False), other.workload.id
    return None


def _by_network(network: Network, datastores: tuple[Datastore, ...], reconciler: str) -> Iterator[Evidence]:
    stranger = len(network.endpoints) - 1
    for datastore in datastores:
        subject = datastore.obj or file_key("kfm-checks.yaml")
        targets = network.find(datastore.id)
        if not targets or datastore.clients is None:
            why = "its pods are not in the render" if not targets else "nobody declares its approved clients"
            message = f"who can reach {datastore.id} was not judged: {why}"
            yield unknown(subject, about="network", message=message, observed=why)
            continue
        approved = {*datastore.clients, reconciler, datastore.id}
        others = sorted(
            {
                endpoint.id
                for source, endpoint in enumerate(network.endpoints)
                if source != stranger and endpoint.id not in approved
                for target in targets
                if intersection(network.ports(source, target), datastore.port_set)
            }
        )
        yield judged(
            not others,
            subject,
            about="network",
            message=f"{'others than' if others else 'only'} its clients and the reconciler can reach {datastore.id}",
            expected=approved - {datastore.id},
            observed=others or "none",
        )
