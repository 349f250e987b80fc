"""Secrets: nothing in plain text, values from a controlled backend (SEC-01, SEC-02, LAY-03, LAY-08)."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.credential_keys import is_reference
from kfm_checks.credentials import find
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.ciphertext import Claim, sealed_faults, sops_claim
from kfm_checks.facts.layout import Layout
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.references import Reference, References
from kfm_checks.facts.secrets import FileCredentials, ObjectCredentials
from kfm_checks.facts.secrets_makers import Maker, plain_secret
from kfm_checks.facts.secrets_stores import ESO, GENERATORS, provider_backing
from kfm_checks.facts.secrets_uses import Direct, Use
from kfm_checks.facts.secrets_values import judge_entry
from kfm_checks.facts.secrets_walk import Exposure
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.workloads import POD_TEMPLATES
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
            yield _exposed_in_file(file, exposure)
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


def _exposed_in_file(file: TreeFile, exposure: Exposure) -> Evidence:
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
        wanted = "a value from a controlled backend"
        yield judged(maker.controlled, maker.obj, maker.path, message=message, expected=wanted, about=maker.secret)
    for claim, namespace, name in _decrypted(sops_claims or ()):
        made[namespace, name] = True
        message = f"Secret {name} is encrypted with SOPS in this file."
        yield holds(file_key(claim.file.path), message=message, about=name, source=claim.file.at())
    for direct in direct_backends:
        yield holds(direct.obj, direct.path, message=_sentence(direct.why))
    for use in secret_uses:
        yield from _traced(use, made)


def _decrypted(claims: tuple[Claim, ...]) -> Iterator[tuple[Claim, str, str]]:
    """The Secrets that files encrypted with SOPS stand for (Flux and KSOPS decrypt them on their way to the cluster)."""
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


def entrypoint_has_no_literal_secrets(tree: Tree, references: References) -> Iterator[Evidence]:
    """The entrypoint hard-codes no secret: not in a generator's literal, an env file or an inline patch.

    A generator turns its input into a Secret or a ConfigMap, so the value stands in git as plainly as in a manifest.

    Remedy: take the literal out, keep the value in the secret store, and refer to it by an ExternalSecret.
    """
    own = [
        item for item in references.kustomizations if item.file.source_path in {file.source_path for file in tree.files}
    ]
    for kustomization in own:
        subject = file_key(kustomization.file.path)
        found = [
            evidence
            for reference in kustomization.references
            for evidence in _literal(tree, kustomization.file, reference)
        ]
        found += [
            fails(
                subject,
                message=f"A credential is written out here: {finding.kind}.",
                source=kustomization.file.at(finding.line),
            )
            for finding in find(kustomization.file.text, names_objects=True)
            if kustomization.file.at(finding.line) not in {evidence.source for evidence in found}
        ]
        yield from found
        if not any(evidence.holds is False for evidence in found):
            message = "It hard-codes no secret: no literal, env file or inline patch holds one."
            yield holds(subject, message=message, source=kustomization.file.at(), about="whole")


def _literal(tree: Tree, file: TreeFile, reference: Reference) -> Iterator[Evidence]:
    subject, field = file_key(file.path), reference.name
    if reference.role == "inline":
        secret = field == "secretGenerator" and "=" in reference.inline
        key, _, value = reference.inline.partition("=") if secret else ("", "", reference.inline)
        grade = judge_entry("Opaque", key, value, encoded=False)[0] if secret else "harmless"
        found = find(reference.inline)
        if found or grade == "credential":
            kind = found[0].kind if found else "a literal of a Secret"
            message = f"A credential is written out in {field}: {kind}."
            yield fails(subject, reference.path, message=message, observed=kind, source=reference.source)
        elif grade == "unclear":
            message = f"A literal of {field} may be a credential or not: nobody can tell."
            yield unknown(subject, reference.path, message=message, source=reference.source)
    elif field in ("secretGenerator", "configMapGenerator") and reference.role == "file":
        yield from _input(tree, file, reference)


def _input(tree: Tree, file: TreeFile, reference: Reference) -> Iterator[Evidence]:
    """A file that a generator reads: an env file, or a file that becomes an entry."""
    source = tree.read(reference.target)
    if source is None:
        return
    claim = sops_claim(source)
    if claim is not None and not claim.faults:
        return
    key = reference.written.partition("=")[0] if "=" in reference.written else source.name
    found = find(source.text, key=key if "\n" not in source.text.strip() else "")
    if found and not is_reference(source.text):
        message = f"A credential is written out in {source.name}, which {reference.name} reads: {found[0].kind}."
        yield fails(
            file_key(file.path),
            reference.path,
            message=message,
            observed=found[0].kind,
            source=source.at(found[0].line),
        )


#: Kinds that refer to secrets, seal them, or make them in the cluster; and what those need beside them.
_REFERENCE_KINDS = frozenset(
    [
        "ExternalSecret",
        "ClusterExternalSecret",
        "SecretStore",
        "ClusterSecretStore",
        "PushSecret",
        "ClusterPushSecret",
        "SealedSecret",
        "SopsSecret",
        "SecretProviderClass",
        "VaultAuth",
        "VaultConnection",
        "VaultStaticSecret",
        "VaultDynamicSecret",
        "VaultPKISecret",
        "VaultSecret",
        "DopplerSecret",
        "InfisicalSecret",
        "OnePasswordItem",
        "AzureKeyVaultSecret",
        "StringSecret",
        "BasicAuth",
        "Password",
        "Certificate",
        "Issuer",
        "ClusterIssuer",
        "Bundle",
        "HCPVaultSecretsApp",
        "VaultAuthGlobal",
        "Kustomization",
        "Component",
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "Namespace",
        "NetworkPolicy",
    ]
)


def secrets_are_references(tree: Tree, layout: Layout, file_credentials: FileCredentials) -> Iterator[Evidence]:
    """The folder for secrets holds references and ciphertext only.

    It is the one place where reviewers look for secrets; what is there must be safe to read for everybody.

    Remedy: replace a plain Secret by an ExternalSecret, a SealedSecret or a file encrypted with SOPS; move workloads out.
    """
    name = layout.folders.get("secrets")
    if name is None:
        return
    files = tree.folder(name)
    if not files:
        raise NotVerified(f"the overlay has no folder {name}/ with files in it")
    for file in files:
        yield from _in_secrets(file, file_credentials.by_path.get(file.path, ()))


def _in_secrets(file: TreeFile, exposures: tuple[Exposure, ...]) -> Iterator[Evidence]:
    subject, wanted = file_key(file.path), "references or ciphertext"
    claim = sops_claim(file)
    if claim is not None and not claim.faults:
        yield holds(subject, message="It is a file encrypted with SOPS.", expected=wanted, source=file.at())
        return
    bad = 0
    for fault, line in claim.faults if claim else ():
        bad += 1
        message = f"It claims to be encrypted with SOPS, but {fault}."
        yield fails(subject, message=message, expected=wanted, about=fault, source=file.at(line))
    for exposure in exposures:
        evidence = _exposed_in_file(file, exposure)
        bad += evidence.holds is not True
        yield evidence
    for document in file.documents if file.is_manifest_file else ():
        if isinstance(document.value, dict) and isinstance(document.value.get("kind"), str):
            for message in _misplaced(document.value):
                bad += 1
                yield fails(subject, message=message, expected=wanted, about=message, source=file.at(document.line))
    if not bad:
        yield holds(subject, message="It holds references or ciphertext only.", expected=wanted, source=file.at())


def _misplaced(value: dict[str, object]) -> Iterator[str]:
    kind, version = str(value["kind"]), str(value.get("apiVersion") or "")
    group = version.rpartition("/")[0]
    if kind == "Secret" and not group:
        maker = plain_secret(Manifest(value))
        if maker.controlled is None:
            yield "A plain Secret is here whose values nobody can judge."
    elif kind == "SealedSecret":
        if sealed_faults(value):
            yield "A SealedSecret is here whose payload has not the form of ciphertext."
    elif (group, kind) in POD_TEMPLATES or (kind not in _REFERENCE_KINDS and group != GENERATORS):
        yield f"A {kind} is here, which is neither a reference to a secret nor ciphertext."
