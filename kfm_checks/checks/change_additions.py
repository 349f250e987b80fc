"""DOD-03's own check: what the diff adds."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.evidence import file_key, holds, judged
from kfm_checks.facts.change_additions import AddedAddress, AddedCredential, Additions
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_request import ChangeRequest
from kfm_checks.facts.datastores import Datastore
from kfm_checks.model import Evidence


def no_secret_or_endpoint_added(
    pull_request: ChangeRequest, additions: Additions, diff: Diff, datastores: tuple[Datastore, ...]
) -> Iterator[Evidence]:
    """The change adds no credential and no sensitive address, in none of its commits.

    History keeps what a later commit removes, so each version of a file that a commit brings in is looked at. A
    datastore's or administration interface's address is sensitive outside its namespace; the configuration of its
    declared clients may hold a datastore's. A new way in from outside to a datastore counts too. NIST SP 800-53 SC-28.

    Remedy: take the value out of the branch's history, rotate it, and refer to a secret; keep an address in its own
    namespace, or declare the client under `datastores` in kfm-checks.yaml.
    """
    looked = f"{additions.files} versions of files and {additions.objects} changed objects were looked at"
    clean = not any(found.certain for found in additions.credentials)
    if clean:
        yield holds(pull_request.key, message=f"no credential was added: {looked}", about="credentials")
    for found in additions.credentials:
        yield _credential(found)
    for address in additions.addresses:
        yield _address(address)
    stores = {store.id for store in datastores}
    for change in diff.changes:
        for risk in change.of("exposure"):
            if any(f"the datastore {store}" in risk.message for store in stores):
                message = f"{change.key.kind} {change.key.name} {risk.message}"
                yield judged(False, change.obj, risk.path, message=message, expected="no way in from outside")


def _credential(found: AddedCredential) -> Evidence:
    when = f" (commit {found.commit[:12]})" if found.commit else ""
    message = f"the change writes out a credential in {found.where}: {found.kind}{when}"
    if not found.certain:
        message = f"whether the change writes out a credential in {found.where} can't be told: {found.kind}{when}"
    about = f"{found.kind} {found.source.line if found.source else ''} {found.commit}".strip()
    subject = found.obj if found.obj is not None else file_key(found.where)
    verdict = False if found.certain else None
    details = {"expected": "a reference to a secret", "observed": found.kind, "about": about}
    return judged(verdict, subject, found.path, message=message, source=found.source, **details)


def _address(found: AddedAddress) -> Evidence:
    message = f"the change writes the address {found.address} of the {found.what} {found.owner} into another namespace"
    if found.allowed:
        message += ", into the configuration of declared clients"
    elif found.allowed is None:
        message += ", and nobody declared its clients"
    return judged(
        found.allowed,
        found.obj,
        found.path,
        message=message,
        expected="an address known in its namespace and to declared clients",
        observed=found.address,
        about=found.address,
    )
