"""Where secrets may stand: not in the entrypoint, and as references in their folder (LAY-03, LAY-08)."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.checks.secrets import exposed_in_file
from kfm_checks.credential_keys import is_reference
from kfm_checks.credentials import find
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, unknown
from kfm_checks.facts.ciphertext import sealed_faults, sops_claim
from kfm_checks.facts.layout import Layout
from kfm_checks.facts.references import Reference, References
from kfm_checks.facts.secrets import FileCredentials
from kfm_checks.facts.secrets_makers import plain_secret
from kfm_checks.facts.secrets_stores import GENERATORS
from kfm_checks.facts.secrets_values import judge_entry
from kfm_checks.facts.secrets_walk import Exposure
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Evidence, Manifest

#: What the entrypoint should have in the place of a credential.
_WANTED = "a reference to a secret, or nothing"


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
                expected=_WANTED,
                observed=finding.kind,
                source=kustomization.file.at(finding.line),
            )
            for finding in find(kustomization.file.text)
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
            yield fails(
                subject, reference.path, message=message, expected=_WANTED, observed=kind, source=reference.source
            )
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
            expected=_WANTED,
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
        "BitwardenSecret",
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

    Remedy: replace a plain Secret by an ExternalSecret, a SealedSecret or a file encrypted with SOPS; move workloads
    out.
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
        yield fails(subject, message=message, expected=wanted, observed=fault, about=fault, source=file.at(line))
    for exposure in exposures:
        evidence = exposed_in_file(file, exposure)
        bad += evidence.holds is not True
        yield evidence
    for value, line in _objects(file):
        for message in _misplaced(value):
            bad += 1
            seen = str(value["kind"])
            yield fails(subject, message=message, expected=wanted, observed=seen, about=message, source=file.at(line))
    if not bad:
        yield holds(subject, message="It holds references or ciphertext only.", expected=wanted, source=file.at())


def _objects(file: TreeFile) -> Iterator[tuple[dict[str, object], int]]:
    """Each object of a file with its line; the items of a List stand for themselves."""
    for document in file.documents if file.is_manifest_file else ():
        listed = document.value.get("items") if isinstance(document.value, dict) else None
        for index, value in enumerate(listed if isinstance(listed, list) else [document.value]):
            if isinstance(value, dict) and isinstance(value.get("kind"), str):
                yield value, document.line_of("items", index) if isinstance(listed, list) else document.line


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
