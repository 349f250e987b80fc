"""SEN-01 and SEN-02: what is not public is not seen by the public, and lies behind three fences."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.access.grants import Access
from kfm_checks.facts.access.personas import Personas, standing
from kfm_checks.facts.access.powers import READ
from kfm_checks.facts.access.rules import Rule
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import scheme_of
from kfm_checks.facts.datasets_copies import Copies
from kfm_checks.facts.datasets_policy import PolicyCheck
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network import Network
from kfm_checks.facts.network.entries import Exposure
from kfm_checks.facts.network.ports import intersection
from kfm_checks.model import Evidence

#: Subresources through which somebody gets at a datastore's files, past the API.
STREAMS = ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy")


def sensitive_data_is_not_public(
    datasets: tuple[Dataset, ...],
    copies: Copies,
    exposures: tuple[Exposure, ...],
    datastores: tuple[Datastore, ...],
) -> Iterator[Evidence]:
    """Every dataset is classified, and none that is restricted or tells a sensitive location is exposed publicly.

    A site's exact position, once published, can't be called back (NIST SP 800-53 RA-2, AC-3; CARE Principles).
    Exposed is what the manifest itself opens (`access: public`), what an open web address serves, what a public route
    to a datastore leads to, what lies in a ConfigMap, and what a dashboard or a log pipeline reads past the API.
    Access through the API behind the policy engine is no public exposure.

    Remedy: classify the dataset in data/manifest.yaml, set `access: api`, take the copy out of the ConfigMap and the
    route away from the datastore.
    """
    for dataset in datasets:
        yield from _classified(dataset)
    sensitive = [dataset for dataset in datasets if dataset.is_sensitive]
    for dataset in sensitive:
        looked = [*_declared(dataset), *_addresses(dataset), *_copied(dataset, copies)]
        yield from looked
        if not looked:
            looked_at = f"no open address, and no copy in {copies.looked} ConfigMaps"
            message = f"{dataset.id} ({dataset.sensitivity}) is not public: {looked_at}"
            yield holds(
                dataset.subject,
                dataset.path,
                message=message,
                observed=dataset.text("access") or "not public",
                source=dataset.source,
                about=f"{dataset.id} public",
            )
    if sensitive:
        yield from _routes(exposures, datastores, len(sensitive))
        for copy in copies.found:
            if copy.dataset is None:
                yield fails(
                    copy.obj,
                    copy.path,
                    message=f"it {copy.what}, while {len(sensitive)} datasets are not public",
                    about=copy.what,
                )


def _classified(dataset: Dataset) -> Iterator[Evidence]:
    message = (
        f"{dataset.id} is classified {dataset.sensitivity}"
        if dataset.sensitivity
        else f"nobody classified {dataset.id}"
    )
    path = (*dataset.path, "sensitivity")
    yield judged(
        bool(dataset.sensitivity),
        dataset.subject,
        path,
        message=message,
        observed=dataset.sensitivity or "absent",
        source=dataset.source,
        about=dataset.id,
    )


def _declared(dataset: Dataset) -> Iterator[Evidence]:
    if dataset.text("access") == "public":
        message = f"{dataset.id} is {dataset.sensitivity}, and the manifest opens it to everybody"
        path = (*dataset.path, "access")
        yield fails(
            dataset.subject,
            path,
            message=message,
            expected="api or internal",
            observed="public",
            source=dataset.source,
            about=dataset.id,
        )


def _addresses(dataset: Dataset) -> Iterator[Evidence]:
    for index, uri in enumerate(dataset.uris):
        if scheme_of(uri) in ("http", "https", "ftp"):
            message = f"{dataset.id} is {dataset.sensitivity}: nobody tried whether {uri} answers without credentials"
            path = (*dataset.path, "uris", index)
            yield unknown(dataset.subject, path, message=message, source=dataset.source, about=uri)


def _copied(dataset: Dataset, copies: Copies) -> Iterator[Evidence]:
    for copy in copies.found:
        if copy.dataset is dataset:
            message = f"{dataset.id} is {dataset.sensitivity}, and this object {copy.what}"
            yield fails(
                copy.obj,
                copy.path,
                message=message,
                expected="no copy outside its datastore",
                observed=copy.what,
                about=dataset.id,
            )


def _routes(exposures: tuple[Exposure, ...], datastores: tuple[Datastore, ...], number: int) -> Iterator[Evidence]:
    stores = {datastore.id for datastore in datastores} | {name for one in datastores for name in one.services}
    for one in exposures:
        if one.destination in stores or one.service in stores:
            where = one.destination or one.service
            message = f"{one.means} leads from outside to {where}, while {number} datasets are not public"
            yield fails(
                one.entry,
                one.path,
                message=message,
                expected="the API in between",
                observed=one.destination,
                about=one.service,
            )


def sensitive_data_is_fenced(
    datasets: tuple[Dataset, ...],
    datastores: tuple[Datastore, ...],
    network: Network,
    access: Access,
    personas: Personas,
    config: Config,
    policy_checks: tuple[PolicyCheck, ...] | None,
) -> Iterator[Evidence]:
    """Sensitive data is kept behind a namespace boundary, behind RBAC and behind a policy check of the API.

    One fence has one gap (NIST SP 800-53 AC-3 and SC-7). The boundary: no pod outside the approved clients reaches the
    datastore's ports, and no gateway shares its namespace. RBAC: nobody but platform operators opens streams into that
    namespace's pods or reads its Secrets. The policy check: each declared gateway that reaches a datastore asks a
    policy engine that is in the render. Where the API checks in its own code no file can show it; an attestation says
    so.

    Remedy: give the datastore a namespace with a default deny, take `pods/exec` and Secrets from others, and point the
    gateway at its policy engine.
    """
    sensitive = [dataset.id for dataset in datasets if dataset.is_sensitive]
    if not sensitive:
        return
    if not datastores:
        raise NotVerified("no datastore is declared or recognised, so nobody knows where sensitive data lies")
    for datastore in datastores:
        yield _boundary(datastore, network, config)
    yield from _rbac(sorted({datastore.namespace for datastore in datastores}), access, personas, config)
    yield from _policy(policy_checks)


def _boundary(datastore: Datastore, network: Network, config: Config) -> Evidence:
    subject = datastore.obj or file_key("kfm-checks.yaml")
    about = f"boundary {datastore.id}"
    targets = network.find(datastore.id)
    if not targets or not datastore.visible:
        return unknown(
            subject, message=f"who reaches {datastore.id} can't be seen: its pods are not in the render", about=about
        )
    shared = sorted(g for g in config.entry.gateways or () if g.partition("/")[0] == datastore.namespace)
    strangers = any(intersection(network.ports(network.stranger, target), datastore.port_set) for target in targets)
    others = _others(datastore, network, targets)
    if shared or strangers or others:
        why = (
            f"the gateway {shared[0]} lives in its namespace"
            if shared
            else f"{(others or ['any other pod'])[0]} reaches it"
        )
        message = f"{datastore.id} has no boundary of its own: {why}"
        return fails(
            subject,
            message=message,
            expected="its approved clients alone",
            observed=shared or others or "any pod",
            about=about,
        )
    if datastore.clients is None:
        return unknown(subject, message=f"nobody declares who may reach {datastore.id}", about=about)
    message = f"{datastore.id} lies in {datastore.namespace}, and only its approved clients reach it"
    return holds(subject, message=message, observed=datastore.clients, about=about)


def _others(datastore: Datastore, network: Network, targets: list[int]) -> list[str]:
    """Workloads of other namespaces that reach it and are no approved clients."""
    if datastore.clients is None:
        return []
    return sorted(
        {
            endpoint.id
            for source, endpoint in enumerate(network.endpoints)
            if source != network.stranger and endpoint.namespace != datastore.namespace
            if endpoint.id not in datastore.clients
            and any(intersection(network.ports(source, target), datastore.port_set) for target in targets)
        }
    )


def _rbac(namespaces: list[str], access: Access, personas: Personas, config: Config) -> Iterator[Evidence]:
    for namespace in namespaces:
        open_to = False
        for grant in access.grants:
            if grant.namespace not in ("", namespace):
                continue
            if grant.rules is None:
                if not personas.is_operator(grant.subject):
                    message = (
                        f"{grant.role} is not in the render: nobody knows what {grant.subject} may do in {namespace}"
                    )
                    yield unknown(grant.binding, grant.path, message=message, about=namespace)
                continue
            ways = sorted({way for rule in grant.effective for way in _ways(rule)})
            ok, why = standing(grant.subject, personas, config) if ways else (True, "")
            if not ok:
                open_to = True
                message = f"{grant.subject}, {why}, may {' and '.join(ways)} in {namespace}"
                yield judged(
                    ok,
                    grant.binding,
                    grant.path,
                    message=message,
                    expected="platform operators alone",
                    observed=ways,
                    about=namespace,
                )
        if not open_to:
            message = f"nobody but platform operators gets at pods or Secrets of {namespace}"
            yield holds(file_key(namespace), message=message, about=f"rbac {namespace}")


def _ways(rule: Rule) -> Iterator[str]:
    if any(rule.touches(("get", "create", "update", "patch"), "", resource) for resource in STREAMS):
        yield "open streams into pods"
    if rule.touches(READ, "", "secrets"):
        yield "read Secrets"


def _policy(checks: tuple[PolicyCheck, ...] | None) -> Iterator[Evidence]:
    if checks is None:
        message = "nobody declares which workloads are gateways, so nobody knows where a policy check belongs"
        yield unknown(file_key("kfm-checks.yaml"), ("entry", "gateways"), message=message, about="policy")
        return
    for check in checks:
        yield judged(
            check.ok,
            check.subject,
            check.path,
            message=check.message,
            expected="a policy engine is asked",
            observed=check.engine or "none seen",
            about="policy",
        )
