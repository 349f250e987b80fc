"""Rotation of secrets, the procedure for an emergency, and the form of ciphertext (SEC-04, SEC-05, SEC-06)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks import remedies
from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.ciphertext import Claim, sealed_faults
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.procedures import Section
from kfm_checks.facts.secrets_makers import Maker
from kfm_checks.facts.secrets_stores import ESO
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Evidence, Manifest, Path

_NO_KEY = "without the key no more can be known"
_ZERO = re.compile(r"^0*(?:\.0*)?(?:ns|us|µs|ms|s|m|h)?(?:0+(?:ns|us|ms|s|m|h))*$")
_SCHEDULE = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|quarterly|yearly|annually|twice|\d+\s*(?:-|to\s)?\s*(?:hour|day|week|month|year)s?"
    r"|schedule[ds]?|cron|interval|calendar)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(r"\b(?:secret|credential|password|token|key|certificate)s?\b")
_EMERGENCY = re.compile(r"break[- ]?(?:the[- ]?)?glass|emergenc|compromis|leak|incident")
_ROTATES = re.compile(r"rotat|revok|re-?issu|leak|compromis")
#: Fewer steps than this are no procedure.
_STEPS = 2


def secret_rotation_is_tested(
    inventory: Inventory, secret_makers: tuple[Maker, ...], procedures: tuple[Section, ...] | None
) -> Iterator[Evidence]:
    """Rotation of every secret is scheduled, written down, and has been tested.

    A credential that is never changed is worth stealing for years, and a rotation that nobody has tried fails on the
    day it is needed. The schedule is read from the objects and the document from the overlay; that a rotation has been
    carried out nobody can read from files: it takes a record (``kfm-checks attest SEC-04``).

    Remedy: give each ExternalSecret a refreshInterval, write a rotation calendar in the README or in
    ``governance/``, carry it out, and record it.
    """
    looked = [evidence for maker in secret_makers for evidence in _schedule(maker)]
    looked += [evidence for obj in inventory.of("CronJob", "batch") for evidence in _rotation_job(obj)]
    yield from looked
    if not looked:
        return
    yield _documented(procedures)
    yield unknown(file_key("governance/attestations.yaml"), message="nobody has recorded a test of the rotation")


def _schedule(maker: Maker) -> Iterator[Evidence]:
    kind = maker.obj.key.kind
    if maker.obj.key.group == ESO:
        base: Path = ("spec",) if kind == "ExternalSecret" else ("spec", "externalSecretSpec")
        yield _refreshed(maker.obj, base)
    elif kind == "Certificate":
        yield _renewed(maker.obj)
    elif kind in ("SealedSecret", "SopsSecret"):
        message = "Ciphertext in git is rotated by a commit, and no object of the render schedules one."
        yield unknown(maker.obj, message=message, expected="a schedule")
    elif kind == "Secret" and maker.controlled is not True:
        yield unknown(maker.obj, message="Nothing in the render rotates this plain Secret.", expected="a schedule")
    elif maker.controlled:
        yield holds(maker.obj, message=f"What makes Secret {maker.secret} keeps it current.", about=maker.secret)


def _refreshed(obj: Manifest, base: Path) -> Evidence:
    """External Secrets reads again every ``refreshInterval`` (1h by default), and never where that is 0."""
    interval = str(dig(obj, *base, "refreshInterval", default="1h"))
    policy = str(dig(obj, *base, "refreshPolicy", default="Periodic"))
    if policy != "Periodic":
        message, ok = (
            f"Its refreshPolicy is {policy}, so a value rotated in the backend does not reach the cluster.",
            False,
        )
        return judged(ok, obj, (*base, "refreshPolicy"), message=message, expected="Periodic", observed=policy)
    path = (*base, "refreshInterval")
    if _ZERO.match(interval):
        message = "Its refreshInterval is 0: a value rotated in the backend never reaches the cluster."
        patch = remedies.merge(obj, path, "1h")
        return fails(obj, path, message=message, expected="an interval above 0", observed=interval, patch=patch)
    message = f"A value rotated in the backend reaches the cluster within {interval}."
    return holds(obj, path, message=message, expected="an interval above 0", observed=interval)


def _renewed(obj: Manifest) -> Evidence:
    path = ("spec", "privateKey", "rotationPolicy")
    if dig(obj, *path) == "Never":
        message = "The certificate is renewed, and its private key is kept for ever."
        return fails(
            obj, path, message=message, expected="Always", observed="Never", patch=remedies.merge(obj, path, "Always")
        )
    return holds(obj, message="cert-manager renews the certificate before it expires.")


def _rotation_job(obj: Manifest) -> Iterator[Evidence]:
    if "rotat" not in obj.key.name:
        return
    suspended = dig(obj, "spec", "suspend") is True
    message = "The job that rotates is suspended." if suspended else "A job rotates on a schedule."
    schedule = str(dig(obj, "spec", "schedule", default=""))
    yield judged(not suspended and bool(schedule), obj, ("spec", "schedule"), message=message, observed=schedule)


def _documented(procedures: tuple[Section, ...] | None) -> Evidence:
    wanted = "a rotation schedule in a document of the overlay"
    subject = file_key("README.md")
    if procedures is None:
        return unknown(subject, message="No overlay folder was given, so no document was looked at.", expected=wanted)
    for section in procedures:
        written = "\n".join(line for line in (section.heading, *section.lines) if not _is_checklist(line))
        said = "rotat" in written.lower() and _SECRET.search(written.lower()) and _SCHEDULE.search(written)
        if said and not section.is_placeholder:
            message = f"The rotation is written down under {section.heading!r}."
            return holds(
                file_key(section.file.path), message=message, expected=wanted, source=section.file.at(section.line)
            )
    # It may be written down elsewhere: that is for an attestation to say.
    message = "No document of the overlay says what is rotated, and how often."
    return unknown(subject, message=message, expected=wanted, observed=f"{len(procedures)} sections looked at")


def _is_checklist(line: str) -> bool:
    return bool(re.match(r"\s*[-*+] \[[ xX]\]", line))


def break_glass_rotation_is_documented(tree: Tree, procedures: tuple[Section, ...]) -> Iterator[Evidence]:
    """The overlay has a procedure, in steps, for rotating a secret in an emergency.

    When a credential has leaked there is no time to find out who revokes what, where, and in which order.

    Remedy: write the steps under a heading such as "Break-glass rotation" in the README or in ``governance/``: who
    decides, how to revoke, how to issue the new value, how to make the workloads read it, how to commit back what
    was done.
    """
    wanted = "a section on break-glass rotation with concrete steps"
    poor: list[Section] = []
    for section in procedures:
        if not _is_emergency_rotation(section):
            continue
        if len(section.steps) >= _STEPS and not section.is_placeholder:
            message = f"The procedure is written down under {section.heading!r}, in {len(section.steps)} steps."
            yield holds(
                file_key(section.file.path), message=message, expected=wanted, source=section.file.at(section.line)
            )
            return
        poor.append(section)
    if poor:
        message = f"The section {poor[0].heading!r} has no steps that somebody could carry out."
        seen, at = f"{len(poor[0].steps)} steps", poor[0].file.at(poor[0].line)
        yield fails(file_key(poor[0].file.path), message=message, expected=wanted, observed=seen, source=at)
    else:
        subject = file_key("README.md" if tree.get("README.md") else tree.source_path or ".")
        # It may be written down elsewhere: that is for an attestation to say.
        message = "No document of the overlay says how to rotate a secret in an emergency."
        yield unknown(subject, message=message, expected=wanted, observed=f"{len(procedures)} sections looked at")


def _is_emergency_rotation(section: Section) -> bool:
    """Whether its headings name an emergency, and they or one of its steps the rotation of a secret."""
    title = " ".join((section.heading, *section.above)).lower()
    told = (title, *(step.lower() for step in section.steps))
    rotates = any(_ROTATES.search(text) and _SECRET.search(text) for text in told)
    return bool(_EMERGENCY.search(title)) and (rotates or bool(_ROTATES.search(title)))


def ciphertext_is_ciphertext(inventory: Inventory, sops_claims: tuple[Claim, ...] | None) -> Iterator[Evidence]:
    """What claims to be ciphertext has the form of ciphertext; without the key no more can be known.

    A file named ``secrets.enc.yaml`` that somebody forgot to encrypt, or one leaf added after the encryption, is plain
    text that everybody takes for safe. The form is that of SOPS (metadata with a mac, a time and a key
    group, every leaf as ENC[AES256_GCM,…]) and of Sealed Secrets (the session key's length, the sealed key, the rest).

    Remedy: run ``sops --encrypt --in-place`` on the file or ``kubeseal`` on the Secret, and revoke what was readable.
    """
    for claim in sops_claims or ():
        subject = file_key(claim.file.path)
        for fault, line in claim.faults:
            message = f"The file claims to be encrypted with SOPS, but {fault}."
            at = claim.file.at(line)
            yield fails(subject, message=message, expected="the form of SOPS", observed=fault, about=fault, source=at)
        if not claim.faults:
            message = f"It has the form of SOPS ({claim.form}); {_NO_KEY}."
            yield holds(
                subject, message=message, observed=f"{claim.encrypted} encrypted values", source=claim.file.at()
            )
    for obj in inventory.of("SealedSecret", "bitnami.com"):
        faults = sealed_faults(obj)
        for path, fault in faults:
            message = f"The SealedSecret's payload is no ciphertext: {fault}."
            yield fails(obj, path, message=message, expected="a sealed value", observed=fault)
        if not faults:
            yield holds(
                obj, ("spec", "encryptedData"), message=f"Its payloads have the form of sealed values; {_NO_KEY}."
            )
