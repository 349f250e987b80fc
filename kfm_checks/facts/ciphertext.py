"""What claims to be ciphertext: files encrypted by SOPS, SealedSecrets. Without the key only the form can be judged."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.objects import dig
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.tree_yaml import Document
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

#: A value that SOPS encrypted (SOPS, "Encryption Protocol").
ENCRYPTED = re.compile(
    r"^ENC\[AES256_GCM,data:[A-Za-z0-9+/]*={0,2},iv:[A-Za-z0-9+/]{8,}={0,2},tag:[A-Za-z0-9+/]{8,}={0,2},type:\w+\]$"
)
_CLAIMS_BY_NAME = re.compile(r"(?:^|[._-])(?:enc|sops|encrypted)\.(?:ya?ml|json|env|ini|txt|toml)$", re.IGNORECASE)
_GROUPS = ("kms", "gcp_kms", "azure_kv", "hc_vault", "age", "pgp", "key_groups", "hckms")
_ASSIGNMENT = re.compile(r"(?m)^[ \t]*([^#;\s=\[][^=\n]*?)[ \t]*=[ \t]*(.*?)[ \t]*$")
#: A sealed value is RSA ciphertext with a length before it: far longer than this, in bytes.
_SEALED_AT_LEAST = 128


class Claim(Value, frozen=True):
    """A file that claims to be encrypted by SOPS: what is missing of the form, each with the line it is about."""

    file: TreeFile
    form: str
    encrypted: int
    faults: tuple[tuple[str, int | None], ...]


def sops_claims(tree: Tree) -> tuple[Claim, ...]:
    """Every file of the overlay that claims, by its content or its name, to be encrypted by SOPS."""
    return tuple(claim for file in tree.files if (claim := sops_claim(file)) is not None)


def sops_claim(file: TreeFile) -> Claim | None:
    """What a file claims; None where it claims nothing. The configuration ``.sops.yaml`` itself is no ciphertext."""
    if file.name in (".sops.yaml", ".sops.yml"):
        return None
    text = file.text
    if "sops" in text and file.is_manifest_file:
        documents = [
            doc for doc in file.documents if isinstance(doc.value, dict) and isinstance(doc.value.get("sops"), dict)
        ]
        if documents:
            return _structured(file, documents)
    if "sops_" in text and re.search(r"(?m)^sops_(?:version|mac|lastmodified)=", text):
        return _flat(file, text, "dotenv", "sops_")
    if re.search(r"(?m)^\[sops\]", text):
        return _flat(file, text, "ini", "")
    if _CLAIMS_BY_NAME.search(file.name):
        return Claim(
            file, "by its name", 0, (("it has no SOPS metadata, though its name says that it is encrypted", None),)
        )
    return None


def _structured(file: TreeFile, documents: list[Document]) -> Claim:
    faults: list[tuple[str, int | None]] = []
    count = 0
    for document in documents:
        sops = document.value["sops"]
        faults += [(fault, document.line_of("sops")) for fault in _metadata(sops)]
        for path, value in _leaves({key: value for key, value in document.value.items() if key != "sops"}, ()):
            if ENCRYPTED.match(str(value)):
                count += 1
            elif _must_be_encrypted(sops, path, value):
                faults.append((f"{'.'.join(map(str, path))} is not encrypted", document.line_of(*path)))
    if not count:
        faults.append(("not one of its values is encrypted", documents[0].line))
    return Claim(file, "yaml or json", count, tuple(faults))


def _metadata(sops: dict[str, Any]) -> list[str]:
    faults = []
    if not ENCRYPTED.match(str(sops.get("mac", ""))):
        faults.append("its SOPS metadata has no encrypted mac")
    if not sops.get("lastmodified"):
        faults.append("its SOPS metadata has no lastmodified")
    if not any(sops.get(group) for group in _GROUPS):
        faults.append("its SOPS metadata names no key that could decrypt it")
    return faults


def _must_be_encrypted(sops: dict[str, Any], path: Path, value: Any) -> bool:
    """SOPS encrypts every leaf, unless its metadata says which (``encrypted_regex`` and its like)."""
    if value in (None, "", [], {}) or (isinstance(value, bool) and sops.get("mac_only_encrypted")):
        return False
    keys = [str(step) for step in path if isinstance(step, str)]
    for field, wanted in (("encrypted_regex", True), ("unencrypted_regex", False)):
        pattern = sops.get(field)
        if isinstance(pattern, str) and pattern:
            try:
                return any(re.search(pattern, key) for key in keys) is wanted
            except re.error:
                return True
    for field, wanted in (("encrypted_suffix", True), ("unencrypted_suffix", False)):
        suffix = sops.get(field)
        if isinstance(suffix, str) and suffix:
            return any(key.endswith(suffix) for key in keys) is wanted
    return not any(key.endswith("_unencrypted") for key in keys)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, (*path, str(key)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, (*path, index))
    else:
        yield path, value


def _flat(file: TreeFile, text: str, form: str, prefix: str) -> Claim:
    """Files of ``name=value`` lines: dotenv with ``sops_`` names, ini with a section [sops]."""
    body, _, section = text.partition("\n[sops]") if form == "ini" else (text, "", text)
    metadata = {match[1].removeprefix(prefix): match[2] for match in _ASSIGNMENT.finditer(section)}
    faults: list[tuple[str, int | None]] = []
    if not ENCRYPTED.match(metadata.get("mac", "")):
        faults.append(("its SOPS metadata has no encrypted mac", None))
    if not metadata.get("lastmodified"):
        faults.append(("its SOPS metadata has no lastmodified", None))
    if not any(name.startswith(_GROUPS) for name in metadata):
        faults.append(("its SOPS metadata names no key that could decrypt it", None))
    count = 0
    for match in _ASSIGNMENT.finditer(body):
        if form == "dotenv" and match[1].startswith("sops_"):
            continue
        if ENCRYPTED.match(match[2]):
            count += 1
        elif match[2] and not match[1].endswith("_unencrypted"):
            faults.append((f"{match[1]} is not encrypted", text.count("\n", 0, match.start()) + 1))
    return Claim(file, form, count, tuple(faults))


def sealed_faults(obj: Any) -> list[tuple[Path, str]]:
    """What is wrong with the form of a SealedSecret's payloads (Sealed Secrets, "Details"); [] where nothing is."""
    data = dig(obj, "spec", "encryptedData")
    if not isinstance(data, dict) or not data:
        return [(("spec", "encryptedData"), "it has no encrypted entry")]
    faults: list[tuple[Path, str]] = []
    for key, value in sorted(data.items(), key=lambda item: str(item[0])):
        if not _is_sealed(value):
            faults.append((("spec", "encryptedData", str(key)), "it is not in the form of a sealed value"))
    return faults


def unsealed(obj: Manifest) -> tuple[Path, ...]:
    """The payloads of a SealedSecret that nobody sealed: each may be the value itself, so none is shown."""
    if (obj.key.group, obj.key.kind) != ("bitnami.com", "SealedSecret"):
        return ()
    return tuple(path for path, _ in sealed_faults(obj) if len(path) > 2)


def _is_sealed(value: Any) -> bool:
    """Two bytes with the length of the session key, the session key sealed by RSA, and the ciphertext."""
    try:
        raw = base64.b64decode("".join(str(value).split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    length = int.from_bytes(raw[:2], "big")
    return length >= _SEALED_AT_LEAST and len(raw) > 2 + length
