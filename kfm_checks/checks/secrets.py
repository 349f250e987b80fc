"""Secrets: nothing in plain text, values from a controlled backend (SEC-01, SEC-02)."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.evidence import file_key, holds, judged, unknown
from kfm_checks.facts.ciphertext import Claim
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.secrets import FileCredentials, ObjectCredentials
from kfm_checks.facts.secrets_makers import Maker
from kfm_checks.facts.secrets_stores import ESO, provider_backing
from kfm_checks.facts.secrets_uses import Direct, Use
from kfm_checks.facts.secrets_walk import Exposure
from kfm_checks.facts.tree import TreeFile
from kfm_checks.model import Evidence, Manifest

_WANTED = "no credential in plain text or in an encoding"


def no_plaintext_credentials(
    object_credentials: ObjectCredentials, file_credentials: FileCredentials | None
) -> Iterator[Evidence]:
    """No rendered object and no file under the overlay holds a credential, in plain text or encoded.

    Whoever can read the repository, now or from its history, has what is written in it; base64 is no protection
    (Kubernetes documentation, "Good practices for Kubernetes Secrets"). Looked at are environment variables, arguments,
    annotations, ConfigMaps, Secrets, generators' inputs and every file, for private keys, tokens of known vendors,
    passwords under telling names, URLs with a password, registry logins and password hashes. Certificates, public keys,
    digests, references and ciphertext are no credentials.

    Remedy: revoke the credential, for it counts as known; keep the new one in the secret store and refer to it by an
    ExternalSecret, or commit it encrypted (SealedSecret, SOPS).
    """
    places = set()
    for obj, exposures in object_credentials.looked_at:
        for exposure in exposures:
            evidence = _exposed(obj, exposure)
            places.add(evidence.source)
            yield evidence
        if not exposures:
            yield holds(obj, message="No credential was found in this object.", expected=_WANTED)
    for file, found in file_credentials.looked_at if file_credentials else ():
        fresh = [exposure for exposure in found if file.at(exposure.line) not in places]
        for exposure in fresh:
            yield exposed_in_file(file, exposure)
        if not found:
            yield holds(
                file_key(file.path), message="No credential was found in this file.", source=file.at(), expected=_WANTED
            )


def _exposed(obj: Manifest, exposure: Exposure) -> Evidence:
    if exposure.certain:
        message = f"A credential is written out here: {exposure.kind}."
    else:
        message = f"Nobody can tell whether this is a credential: {exposure.kind}."
    details = {"expected": _WANTED, "observed": exposure.kind, "about": exposure.kind}
    return judged(False if exposure.certain else None, obj, exposure.path, message=message, **details)


def exposed_in_file(file: TreeFile, exposure: Exposure) -> Evidence:
    """Evidence for what was found in a file of the tree."""
    if exposure.certain:
        message = f"A credential is written out in this file: {exposure.kind}."
    else:
        message = f"This file could not be judged: {exposure.kind}."
    about = f"{exposure.kind} {exposure.line or ''}".strip()
    return judged(
        False if exposure.certain else None,
        file_key(file.path),
        message=message,
        expected=_WANTED,
        observed=exposure.kind,
        about=about,
        source=file.at(exposure.line),
    )


def secrets_come_from_backend(
    inventory: Inventory,
    secret_makers: tuple[Maker, ...],
    secret_uses: tuple[Use, ...],
    direct_backends: tuple[Direct, ...],
    sops_claims: tuple[Claim, ...] | None,
) -> Iterator[Evidence]:
    """The value of every Secret comes from a controlled backend, or is made in the cluster by an operator.

    A backend (Vault, a cloud's secret manager, an HSM) controls who reads a value, logs it and rotates it; ciphertext
    in git keeps the value from readers of the repository. The fake provider and the provider that copies Secrets of the
    same cluster do neither. Certificates by cert-manager and passwords that an operator makes never pass through git.
    A Secret that nothing in the render makes may be made elsewhere: that is not verified, by name.

    Remedy: replace the plain Secret by an ExternalSecret whose store has a Vault or cloud provider, by a SealedSecret,
    or by a file encrypted with SOPS.
    """
    for store in [*inventory.of("SecretStore", ESO), *inventory.of("ClusterSecretStore", ESO)]:
        controlled, why = provider_backing(store)
        path = ("spec", "provider")
        yield judged(
            controlled, store, path, message=_sentence(why), expected="a Vault, cloud or HSM provider", observed=why
        )
    made: dict[tuple[str, str], bool | None] = {}
    for maker in secret_makers:
        key = (maker.namespace, maker.secret)
        made[key] = maker.controlled if key not in made else min((made[key], maker.controlled), key=_badness)
        message = f"Secret {maker.secret or 'of this class'}: {maker.why}."
        details = {"expected": "a value from a controlled backend", "observed": maker.why, "about": maker.secret}
        yield judged(maker.controlled, maker.obj, maker.path, message=message, **details)
    for claim, namespace, name in _decrypted(sops_claims or ()):
        made[namespace, name] = True
        message = f"Secret {name} is encrypted with SOPS in this file."
        yield holds(file_key(claim.file.path), message=message, about=name, source=claim.file.at())
    for direct in direct_backends:
        yield holds(direct.obj, direct.path, message=_sentence(direct.why))
    for use in secret_uses:
        yield from _traced(use, made)


def _decrypted(claims: tuple[Claim, ...]) -> Iterator[tuple[Claim, str, str]]:
    """The Secrets that files encrypted with SOPS stand for (Flux and KSOPS decrypt them on their way)."""
    for claim in claims:
        for document in claim.file.documents if claim.file.is_manifest_file else ():
            if dig(document.value, "kind") == "Secret" and not claim.faults:
                metadata = dig(document.value, "metadata")
                yield claim, str(dig(metadata, "namespace", default="default")), str(dig(metadata, "name", default=""))


def _badness(controlled: bool | None) -> int:
    return {False: 0, None: 1, True: 2}[controlled]


def _sentence(why: str) -> str:
    return f"{why[0].upper()}{why[1:]}."


def _traced(use: Use, made: dict[tuple[str, str], bool | None]) -> Iterator[Evidence]:
    key = (use.namespace, use.secret)
    if key not in made:
        if not use.optional:
            message = f"Secret {use.secret} is used here, and nothing in the render makes it: it may be made elsewhere."
            yield unknown(
                use.obj, use.path, message=message, expected="a Secret whose source is known", observed=use.secret
            )
    elif made[key]:
        message = f"Secret {use.secret}, used here, is made by a controlled source."
        yield holds(use.obj, use.path, message=message, expected="a Secret whose source is known", observed=use.secret)
